/* What lies around a configuration: regions, agencies, keys, the journal. */
#include "daemon/check.h"

#include "base/fs.h"
#include "config/agency.h"
#include "event/secret.h"
#include "import/reference.h"
#include "journal/journal.h"
#include "schema/catalogue.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGENCY_FILE_MAX 65536

/* ---- Region codes ------------------------------------------------------------------------- */

static void check_code(const jj_reference *reference, const char *file, const jj_yaml_node *node,
                       jj_findings *findings)
{
    const char *code;

    if (node->kind != JJ_YAML_SCALAR || strcmp(node->text, "*") == 0 ||
        jj_reference_region(reference, node->text, strlen(node->text), &code, NULL) ==
            JJ_MATCH_ONE) {
        return;
    }
    jj_findings_add(findings, file, node->line, node->column,
                    "\"%.20s\" is no region of the reference list", node->text);
    jj_findings_advise(findings, "look the code up in schemas/reference/regions.csv; it is "
                                 "Kemendagri's, with its dot, not that of BPS");
}

/* A code, or a list of them; the form of both has been judged. */
static void check_codes(const jj_reference *reference, const char *file, const jj_yaml_node *node,
                        jj_findings *findings)
{
    if (node && node->kind == JJ_YAML_SEQUENCE) {
        for (const jj_yaml_node *one = node->first; one; one = one->next) {
            check_code(reference, file, one, findings);
        }
    } else if (node && node->kind == JJ_YAML_SCALAR) {
        check_code(reference, file, node, findings);
    }
}

static void check_regions(const jj_reference *reference, const jj_config *config,
                          jj_findings *findings)
{
    check_codes(reference, config->file, jj_yaml_get(config->root, "region"), findings);
    for (size_t i = 0; i < config->plugins.count; i++) {
        check_codes(reference, config->file, jj_yaml_get(config->plugins.list[i].node, "regions"),
                    findings);
    }
}

/* ---- Agencies ----------------------------------------------------------------------------- */

static void check_types(const jj_catalogue *catalogue, const char *file, const jj_yaml_node *list,
                        jj_findings *findings)
{
    for (const jj_yaml_node *one = list ? list->first : NULL; one; one = one->next) {
        if (one->kind != JJ_YAML_SCALAR ||
            jj_catalogue_find(catalogue, one->text, strlen(one->text))) {
            continue;
        }
        const jj_type *near = jj_catalogue_nearest(catalogue, one->text);
        jj_findings_add(findings, file, one->line, one->column,
                        "no schema describes the event type \"%.60s\"%s%s%s", one->text,
                        near ? ", did you mean \"" : "", near ? near->name : "", near ? "\"?" : "");
    }
}

/* What needs more than the file itself to be judged. */
static void check_agency(const jj_config *config, const jj_reference *reference,
                         const jj_catalogue *catalogue, const jj_agency *agency,
                         jj_findings *findings)
{
    jj_buf text = {0};
    jj_yaml *document = NULL;
    const jj_yaml_node *root;

    if (jj_file_read(agency->file, AGENCY_FILE_MAX, &text, NULL) == 0 && text.data &&
        jj_yaml_parse(&document, &root, agency->file, text.data, text.size, findings) == 0) {
        const jj_yaml_node *id = jj_yaml_get(root, "id");
        if (id && (strcmp(agency->id, "local") == 0 || jj_config_plugin(config, agency->id))) {
            jj_findings_add(findings, agency->file, id->line, id->column,
                            "\"%s\" is the name of the administrator or of a plugin: the hub "
                            "leaves this agency out",
                            agency->id);
            jj_findings_advise(findings, "give the agency another id");
        }
        if (reference) {
            check_codes(reference, agency->file, jj_yaml_get(root, "regions"), findings);
        }
        if (catalogue) {
            check_types(catalogue, agency->file, jj_yaml_get(root, "publishes"), findings);
        }
    }
    jj_yaml_free(document);
    jj_buf_clear(&text);
}

/* A door that is an agency's needs the agency. */
static void check_doors(const jj_config *config, const jj_agencies *agencies, jj_findings *findings)
{
    const jj_yaml_node *list = jj_yaml_get(jj_yaml_get(config->root, "hub"), "listen");
    const jj_yaml_node *entry = list ? list->first : NULL;

    for (size_t i = 0; i < config->hub.listen.count && entry; i++, entry = entry->next) {
        const char *as = config->hub.listen.list[i].as;
        if (!as || strcmp(as, "local") == 0 || jj_config_plugin(config, as) ||
            jj_agencies_find(agencies, as)) {
            continue;
        }
        const jj_yaml_node *named = jj_yaml_get(entry, "as");
        const jj_yaml_node *place = named ? named : entry;
        jj_findings_add(findings, config->file, place->line, place->column,
                        "there is no agency \"%.60s\": nobody would be let in here", as);
        jj_findings_advise(findings, "make it with `jejaringctl agency add %.60s`", as);
    }
}

/* A wrong file keeps its agency out, and only that: the daemon runs without it, but a person who
 * asks is told. */
static void check_agencies(const jj_config *config, const jj_reference *reference,
                           const jj_catalogue *catalogue, jj_findings *findings)
{
    const jj_agencies *agencies = NULL;

    jj_agencies_load(&agencies, config->agencies, findings);
    for (size_t i = 0; agencies && i < agencies->count; i++) {
        check_agency(config, reference, catalogue, &agencies->list[i], findings);
    }
    if (agencies) {
        check_doors(config, agencies, findings);
    }
    jj_agencies_free(agencies);
}

/* ---- Secrets and the journal ------------------------------------------------------------------
 */

/* A key that the daemon makes at its first start must be one that it can read, once it is there. */
static void check_own_key(const jj_config *config, const char *name, jj_findings *findings)
{
    unsigned char key[JJ_KEY_SIZE];
    jj_error err = {0};
    char *path = jj_path_join(config->state, name);

    if (path && access(path, F_OK) == 0 && jj_key_load(path, key, &err)) {
        jj_check_blame_error(config, "state", findings, &err);
        jj_findings_advise(findings,
                           "chown it to the daemon's user and chmod 600 it, or put it back "
                           "from a backup");
    }
    explicit_bzero(key, sizeof key);
    free(path);
}

static void check_keys(const jj_config *config, jj_findings *findings)
{
    char secret_key[JJ_Z85_SIZE], public_key[JJ_Z85_SIZE];
    jj_error err = {0};

    if (!config->person_key) {
        check_own_key(config, "person.key", findings);
    }
    check_own_key(config, "node.key", findings);
    if (config->server_key && jj_curve_load(config->server_key, secret_key, public_key, &err)) {
        jj_check_blame_error(config, "server_key", findings, &err);
        jj_findings_advise(findings,
                           "make it with `jejaringctl keys curve FILE` and give it to the "
                           "daemon's user: mode 0600");
    }
    explicit_bzero(secret_key, sizeof secret_key);
}

/* The hub refuses a person key with which everybody would be counted a second time. */
static void check_same_key(const jj_config *config, const char *journal, jj_findings *findings)
{
    unsigned char key[JJ_KEY_SIZE];
    char noted[JJ_KEY_MARK_SIZE], mark[JJ_KEY_MARK_SIZE] = "";
    char *own = jj_person_key_default(config->state);
    const char *path = config->person_key ? config->person_key : own;

    jj_journal_peek(journal, JJ_JOURNAL_PERSON_KEY, noted, sizeof noted);
    if (path && jj_key_load(path, key, NULL) == 0) {
        jj_person_key_mark(key, mark);
    }
    if (noted[0] && strcmp(noted, mark) != 0) {
        jj_check_blame(config, config->person_key ? "person_key" : "state", findings,
                       "the person key %s is not that of the persons in %s", path ? path : "",
                       journal);
        jj_findings_advise(
            findings, "put the one back that they were named with, from a backup or another "
                      "node of the province: with another one everybody would be counted twice");
    }
    explicit_bzero(key, sizeof key);
    free(own);
}

static void check_journal(const jj_config *config, jj_findings *findings)
{
    jj_error err = {0};
    char *path = jj_path_join(config->state, "journal.db");

    if (path && jj_journal_judge(path, &err)) {
        jj_check_blame_error(config, "state", findings, &err);
        jj_findings_advise(findings, "%s",
                           err.code == JJ_ESYSTEM
                               ? "check as root, or chown it to the daemon's user"
                               : "use the version of Jejaring that wrote this journal, put it back "
                                 "from a backup, or name another folder");
    } else if (path) {
        check_same_key(config, path, findings);
    }
    free(path);
}

void jj_check_node(const jj_config *config, jj_findings *findings)
{
    jj_error err = {0};
    jj_reference *reference = NULL;
    jj_catalogue *catalogue = NULL;
    char *lists = jj_path_join(config->schemas, "reference");
    char *events = jj_path_join(config->schemas, "events");

    if (lists && jj_reference_open(&reference, lists, &err) == 0) {
        check_regions(reference, config, findings);
    } else {
        jj_check_blame_error(config, "schemas", findings, &err);
        jj_findings_advise(findings, "name the folder of the schemas that came with this version");
    }
    /* That it cannot be read has been said by jj_check_files. */
    if (events) {
        jj_catalogue_open(&catalogue, events, &err);
    }
    check_agencies(config, reference, catalogue, findings);
    check_keys(config, findings);
    check_journal(config, findings);
    jj_catalogue_close(catalogue);
    jj_reference_close(reference);
    free(lists);
    free(events);
}
