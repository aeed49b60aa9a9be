#include "config/agency.h"

#include "base/fs.h"
#include "config/tables.h"
#include "schema/audience.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX 65536
#define Z85_LENGTH    40

typedef struct whole {
    jj_agencies agencies; /* first: the handle is its address */
    jj_pool pool;
    jj_yaml **documents;
    size_t document_count;
} whole;

const jj_key jj_agency_keys[] = {
    {.name = "id",
     .type = &jj_key_instance,
     .offset = offsetof(jj_agency, id),
     .required = true,
     .doc = "what the agency is called in rights and logs, e.g. bank-pekalongan"},
    {.name = "name",
     .type = &jj_key_text,
     .offset = offsetof(jj_agency, name),
     .required = true,
     .doc = "its name for people"},
    {.name = "audiences",
     .type = &jj_key_audiences,
     .offset = offsetof(jj_agency, audiences),
     .required = true,
     .doc = "as whom it reads, e.g. [capital]"},
    {.name = "regions",
     .type = &jj_key_regions,
     .offset = offsetof(jj_agency, regions),
     .required = true,
     .doc = "regions whose events it may read and publish, e.g. [\"33.75\"]"},
    {.name = "publishes",
     .type = &jj_key_types,
     .offset = offsetof(jj_agency, publishes),
     .doc = "event types that it may publish, e.g. [loan.applied]; default: none"},
    {.name = "sees",
     .type = &jj_key_regions,
     .offset = offsetof(jj_agency, sees),
     .doc = "regions whose events it may read, where it may read of more than it publishes for, "
            "e.g. [\"33\"]; default: `regions`"},
    {.name = "node",
     .type = &jj_key_node,
     .offset = offsetof(jj_agency, node),
     .doc = "the node that reports to this one by this key, as `node` of its configuration has it"},
    {.name = "public_key",
     .type = &jj_key_z85,
     .offset = offsetof(jj_agency, public_key),
     .doc = "its CURVE public key: 40 characters"},
    {.name = "revoked",
     .type = &jj_key_boolean,
     .offset = offsetof(jj_agency, revoked),
     .doc = "true: it is let in nowhere any more"},
    {0},
};

static void read_types(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    jj_words words = {0};
    if (node->kind != JJ_YAML_SEQUENCE) {
        jj_reader_complain(reader, node, "\"%s\" must be a list of event types", key->name);
        return;
    }
    words.list = jj_pool_alloc(reader->pool, (node->count + 1) * sizeof *words.list);
    if (words.list == NULL) {
        jj_reader_complain(reader, node, "out of memory");
        return;
    }
    for (const jj_yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        const char *text = jj_reader_scalar(reader, key, entry);
        if (text != NULL) {
            words.list[words.count++] = text;
        }
    }
    *(jj_words *)out = words;
}

static void read_z85(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  ".-:+=^!/*?&<>()[]{}@%$#";
    const char *text = jj_reader_scalar(reader, key, node);
    if (text == NULL) {
        return;
    }
    if (strlen(text) == Z85_LENGTH && strspn(text, letters) == Z85_LENGTH) {
        *(const char **)out = text;
    } else {
        jj_reader_complain(
            reader, node, "\"%s\" is not a CURVE key: 40 characters of Z85 are expected, in quotes",
            key->name);
    }
}

const jj_key_type jj_key_types = {"list of event types", read_types};
const jj_key_type jj_key_z85 = {"CURVE key", read_z85};

/* What concerns more than one key, or more than one file. */
static void check(jj_reader *reader, const jj_yaml_node *root, const whole *all,
                  const jj_agency *agency)
{
    if (agency->audiences & JJ_AUDIENCE_NODE) {
        jj_reader_complain(reader, jj_yaml_get(root, "audiences"),
                           "\"node\" is for plugins of this node only");
    }
    for (size_t i = 0; i < all->agencies.count && agency->id; i++) {
        const jj_agency *other = &all->agencies.list[i];
        if (strcmp(other->id, agency->id) == 0) {
            jj_reader_complain(reader, jj_yaml_get(root, "id"),
                               "the agency \"%s\" stands in %s already", agency->id, other->file);
        }
        if (agency->public_key && other->public_key &&
            strcmp(other->public_key, agency->public_key) == 0) {
            jj_reader_complain(reader, jj_yaml_get(root, "public_key"),
                               "this key is that of \"%s\" already; every agency has its own",
                               other->id);
        }
    }
}

/* Reads one file's text; one with a problem adds no agency. */
static void read_text(whole *all, const char *path, const jj_buf *text, jj_findings *findings)
{
    const jj_yaml_node *root;
    size_t before = jj_findings_total(findings);
    jj_agency *agency = &all->agencies.list[all->agencies.count];
    const char *file = jj_pool_copy(&all->pool, path, strlen(path));

    *agency = (jj_agency){.file = file};
    if (file == NULL) {
        jj_findings_add(findings, path, 0, 0, "out of memory");
    } else if (jj_yaml_parse(&all->documents[all->document_count], &root, path,
                             text->data ? text->data : "", text->size, findings) == 0) {
        jj_reader reader = {file, "/", &all->pool, findings};
        all->document_count++;
        jj_keys_read(&reader, jj_agency_keys, root, agency);
        check(&reader, root, all, agency);
    }
    if (jj_findings_total(findings) == before) {
        all->agencies.count++;
    }
}

static void read_file(whole *all, const char *path, jj_findings *findings)
{
    jj_buf text = {0};
    jj_error err = {0};

    if (jj_file_read(path, FILE_SIZE_MAX, &text, &err) != 0) {
        jj_findings_add_error(findings, &err);
    } else {
        read_text(all, path, &text, findings);
    }
    jj_buf_clear(&text);
}

static int is_agency_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

static void read_folder(whole *all, const char *dir, struct dirent **names, size_t count,
                        jj_findings *findings)
{
    for (size_t i = 0; i < count; i++) {
        char *path = jj_path_join(dir, names[i]->d_name);
        if (path == NULL) {
            jj_findings_add(findings, dir, 0, 0, "out of memory");
        } else {
            read_file(all, path, findings);
        }
        free(path);
    }
}

/* Room for so many agencies, or NULL. */
static whole *new_whole(size_t size)
{
    whole *all = calloc(1, sizeof *all);

    if (all != NULL) {
        all->agencies.list = calloc(size + 1, sizeof *all->agencies.list);
        all->documents = calloc(size + 1, sizeof *all->documents);
        if (all->agencies.list == NULL || all->documents == NULL) {
            jj_agencies_free(&all->agencies);
            all = NULL;
        }
    }
    return all;
}

int jj_agency_judge(const char *file, const jj_buf *text, jj_findings *findings)
{
    size_t before = jj_findings_total(findings);
    whole *all = new_whole(1);

    if (all == NULL) {
        jj_findings_add(findings, file, 0, 0, "out of memory");
        return JJ_EMEMORY;
    }
    read_text(all, file, text, findings);
    jj_agencies_free(&all->agencies);
    return jj_findings_total(findings) > before ? JJ_ECONFIG : 0;
}

int jj_agencies_load(const jj_agencies **agencies, const char *dir, jj_findings *findings)
{
    struct dirent **names = NULL;
    size_t before = jj_findings_total(findings);
    int count = scandir(dir, &names, is_agency_file, alphasort);
    if (count < 0 && errno != ENOENT) {
        jj_findings_add(findings, dir, 0, 0, "cannot read the folder: %s", strerror(errno));
    }
    size_t size = count > 0 ? (size_t)count : 0;
    if (size > JJ_AGENCIES_MAX) {
        jj_findings_add(findings, dir, 0, 0, "more than %d agencies", JJ_AGENCIES_MAX);
    }
    whole *all = new_whole(size);
    if (all != NULL && size <= JJ_AGENCIES_MAX) {
        read_folder(all, dir, names, size, findings);
    }
    for (size_t i = 0; i < size; i++) {
        free(names[i]);
    }
    free(names);
    if (all == NULL) {
        jj_findings_add(findings, dir, 0, 0, "out of memory");
        return JJ_EMEMORY;
    }
    jj_findings_sort(findings);
    *agencies = &all->agencies;
    return jj_findings_total(findings) > before ? JJ_ECONFIG : 0;
}

void jj_agencies_free(const jj_agencies *agencies)
{
    if (agencies == NULL) {
        return;
    }
    whole *old = (whole *)(uintptr_t)agencies;
    for (size_t i = 0; i < old->document_count; i++) {
        jj_yaml_free(old->documents[i]);
    }
    free(old->documents);
    free(old->agencies.list);
    jj_pool_clear(&old->pool);
    free(old);
}

const jj_agency *jj_agencies_find(const jj_agencies *agencies, const char *id)
{
    for (size_t i = 0; i < agencies->count; i++) {
        if (strcmp(agencies->list[i].id, id) == 0) {
            return &agencies->list[i];
        }
    }
    return NULL;
}

const jj_agency *jj_agencies_by_key(const jj_agencies *agencies, const char *public_key)
{
    for (size_t i = 0; i < agencies->count; i++) {
        const jj_agency *agency = &agencies->list[i];
        if (agency->public_key && strcmp(agency->public_key, public_key) == 0) {
            return agency;
        }
    }
    return NULL;
}

const jj_agency *jj_agencies_by_node(const jj_agencies *agencies, const char *node)
{
    for (size_t i = 0; i < agencies->count; i++) {
        const jj_agency *agency = &agencies->list[i];
        if (agency->node && !agency->revoked && strcmp(agency->node, node) == 0) {
            return agency;
        }
    }
    return NULL;
}
