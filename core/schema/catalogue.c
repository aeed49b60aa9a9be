#include "schema/catalogue.h"

#include "base/fs.h"
#include "base/text.h"
#include "schema/property.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX         ".json"
#define NAME_MAX_BYTES 128 /* of a member, folded; what is longer is none of ours */

struct entry {
    jj_type type; /* first: jj_type_property finds the rest from it */
    jj_names properties;
    jj_schema *schema; /* owned */
};

struct jj_catalogue {
    jj_arena arena;
    json_t *kept; /* array: JSON that properties point to */
    struct entry *entries;
    size_t count;
    jj_names names;
    const char **words; /* the names, ended by NULL */
    jj_names contact;   /* folded names and columns of what goes to the vault */
};

static int no_memory(jj_error *err)
{
    return jj_fail(err, JJ_EMEMORY, "out of memory");
}

static int is_type_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name), suffix = strlen(SUFFIX);
    return entry->d_name[0] != '_' && entry->d_name[0] != '.' && length > suffix &&
           strcmp(entry->d_name + length - suffix, SUFFIX) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int index_properties(jj_catalogue *catalogue, struct entry *entry, jj_error *err)
{
    jj_type *type = &entry->type;
    if (!jj_names_init(&entry->properties, &catalogue->arena, type->property_count)) {
        return no_memory(err);
    }
    for (size_t i = 0; i < type->property_count; i++) {
        const char *name = type->properties[i].name;
        jj_names_add(&entry->properties, name, strlen(name), i);
    }
    return 0;
}

/* What the root of a type's schema says of the type. */
static int describe_type(const jj_property_maker *maker, const jj_node *root, jj_type *type)
{
    type->title = json_string_value(jj_property_annotation(root, "title"));
    type->subject = json_string_value(jj_property_annotation(root, "x-subject"));
    type->publishers = jj_property_audiences(root, "x-publisher");
    type->addressed = jj_property_audiences(root, "x-addressed");
    const json_t *version = jj_property_annotation(root, "x-version");
    type->version = version ? (int)json_integer_value(version) : 1;
    type->has_vault = maker->has_vault;
    if (root->types != JJ_TYPE_OBJECT) {
        return jj_property_refuse(maker, root,
                                  "the schema of an event type must say "
                                  "\"type\": \"object\"");
    }
    if (!type->subject || !type->publishers) {
        return jj_property_refuse(maker, root, "the schema of an event type must say %s",
                                  type->subject ? "x-publisher" : "x-subject");
    }
    return 0;
}

static int describe(jj_catalogue *catalogue, struct entry *entry, jj_error *err)
{
    jj_property_maker maker = {.schema = entry->schema,
                               .arena = &catalogue->arena,
                               .kept = catalogue->kept,
                               .columns = json_object(),
                               .err = err};
    jj_node *root = jj_schema_root(entry->schema);
    jj_property *properties = NULL;
    int rc = maker.columns ? 0 : no_memory(err);
    if (rc == 0) {
        rc = jj_property_list(&maker, root, &properties, &entry->type.property_count);
    }
    if (rc == 0) {
        rc = jj_property_check_reached(&maker, root);
    }
    entry->type.properties = properties;
    if (rc == 0) {
        rc = describe_type(&maker, root, &entry->type);
    }
    json_decref(maker.columns);
    return rc ? rc : index_properties(catalogue, entry, err);
}

/* Takes schema in any case. */
static int add_type(jj_catalogue *catalogue, jj_schema *schema, const char *file, jj_error *err)
{
    struct entry *entry = &catalogue->entries[catalogue->count];
    entry->schema = schema;
    entry->type.index = catalogue->count++;
    entry->type.schema = schema;
    size_t length = strlen(file) - strlen(SUFFIX);
    entry->type.name = jj_arena_copy(&catalogue->arena, file, length);
    if (!entry->type.name) {
        return no_memory(err);
    }
    catalogue->words[entry->type.index] = entry->type.name;
    jj_names_add(&catalogue->names, entry->type.name, length, entry->type.index);
    return describe(catalogue, entry, err);
}

/* All in one go: what they have in common is then in memory once. */
static int open_schemas(jj_schema **schemas, const char *dir, struct dirent **files, size_t count,
                        jj_error *err)
{
    char **paths = calloc(count, sizeof *paths);
    bool complete = paths != NULL;
    for (size_t i = 0; i < count && complete; i++) {
        paths[i] = jj_path_join(dir, files[i]->d_name);
        complete = paths[i] != NULL;
    }
    int rc = complete ? jj_schema_open_all(schemas, (const char *const *)paths, count, err)
                      : no_memory(err);
    for (size_t i = 0; i < count && paths; i++) {
        free(paths[i]);
    }
    free(paths);
    return rc;
}

static int load_types(jj_catalogue *catalogue, const char *dir, struct dirent **files, size_t count,
                      jj_error *err)
{
    jj_schema **schemas = calloc(count, sizeof *schemas);
    int rc = schemas ? open_schemas(schemas, dir, files, count, err) : no_memory(err);
    size_t added = 0;
    if (rc) {
        free(schemas);
        return rc;
    }
    while (added < count && rc == 0) {
        rc = add_type(catalogue, schemas[added], files[added]->d_name, err);
        added++;
    }
    while (added < count) {
        jj_schema_close(schemas[added++]);
    }
    free(schemas);
    return rc;
}

static size_t count_columns(const jj_property *property)
{
    size_t count = 0;
    while (property->columns[count]) {
        count++;
    }
    return count;
}

/* Calls add for the folded name and every column of what goes to the vault. False: no memory. */
static bool each_contact(jj_catalogue *catalogue, bool (*add)(jj_catalogue *, const char *, void *),
                         void *arg)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        const jj_type *type = &catalogue->entries[i].type;
        for (size_t p = 0; p < type->property_count; p++) {
            const jj_property *property = &type->properties[p];
            size_t columns = property->vault ? count_columns(property) : 0;
            if (property->vault && !add(catalogue, property->name, arg)) {
                return false;
            }
            for (size_t c = 0; c < columns; c++) {
                if (!add(catalogue, property->columns[c], arg)) {
                    return false;
                }
            }
        }
    }
    return true;
}

static bool count_contact(jj_catalogue *catalogue, const char *name, void *count)
{
    (void)catalogue;
    (void)name;
    ++*(size_t *)count;
    return true;
}

static bool add_contact(jj_catalogue *catalogue, const char *name, void *arg)
{
    char folded[NAME_MAX_BYTES];
    size_t length = jj_fold(name, strlen(name), folded, sizeof folded);
    char *copy = jj_arena_copy(&catalogue->arena, folded, length);
    (void)arg;
    if (copy) {
        jj_names_add(&catalogue->contact, copy, length, 0);
    }
    return copy != NULL;
}

static int index_contact(jj_catalogue *catalogue, jj_error *err)
{
    size_t count = 0;
    each_contact(catalogue, count_contact, &count);
    bool indexed = jj_names_init(&catalogue->contact, &catalogue->arena, count) &&
                   each_contact(catalogue, add_contact, NULL);
    return indexed ? 0 : no_memory(err);
}

static int load(jj_catalogue *catalogue, const char *dir, struct dirent **files, size_t count,
                jj_error *err)
{
    jj_arena *arena = &catalogue->arena;
    catalogue->kept = json_array();
    catalogue->entries = jj_arena_array(arena, count, sizeof *catalogue->entries);
    catalogue->words = jj_arena_array(arena, count + 1, sizeof *catalogue->words);
    if (!catalogue->kept || !catalogue->entries || !catalogue->words ||
        !jj_names_init(&catalogue->names, arena, count)) {
        return no_memory(err);
    }
    int rc = load_types(catalogue, dir, files, count, err);
    return rc ? rc : index_contact(catalogue, err);
}

static int no_types(const char *dir, jj_error *err)
{
    int rc = jj_fail(err, JJ_ECONFIG, "no schemas of event types are in this folder");
    if (err) {
        snprintf(err->file, sizeof err->file, "%s", dir);
    }
    return rc;
}

int jj_catalogue_open(jj_catalogue **catalogue, const char *dir, jj_error *err)
{
    struct dirent **files = NULL;
    int count = scandir(dir, &files, is_type_file, by_name);
    if (count < 0) {
        return jj_fail_errno(err, JJ_ECONFIG, "cannot read the folder of schemas %s", dir);
    }
    jj_catalogue *made = calloc(1, sizeof *made);
    int rc = made ? 0 : no_memory(err);
    if (rc == 0) {
        rc = count ? load(made, dir, files, (size_t)count, err) : no_types(dir, err);
    }
    for (int i = 0; i < count; i++) {
        free(files[i]);
    }
    free(files);
    if (rc) {
        jj_catalogue_close(made);
        return rc;
    }
    *catalogue = made;
    return 0;
}

void jj_catalogue_close(jj_catalogue *catalogue)
{
    if (!catalogue) {
        return;
    }
    for (size_t i = 0; i < catalogue->count; i++) {
        jj_schema_close(catalogue->entries[i].schema);
    }
    json_decref(catalogue->kept);
    jj_arena_clear(&catalogue->arena);
    free(catalogue);
}

size_t jj_catalogue_count(const jj_catalogue *catalogue)
{
    return catalogue->count;
}

const jj_type *jj_catalogue_at(const jj_catalogue *catalogue, size_t index)
{
    return index < catalogue->count ? &catalogue->entries[index].type : NULL;
}

const jj_type *jj_catalogue_find(const jj_catalogue *catalogue, const char *name, size_t length)
{
    size_t index;
    return jj_names_find(&catalogue->names, name, length, &index) ? &catalogue->entries[index].type
                                                                  : NULL;
}

const jj_type *jj_catalogue_nearest(const jj_catalogue *catalogue, const char *name)
{
    const char *word = jj_closest(name, catalogue->words);
    return word ? jj_catalogue_find(catalogue, word, strlen(word)) : NULL;
}

const jj_property *jj_type_property(const jj_type *type, const char *name)
{
    const struct entry *entry = (const struct entry *)type;
    size_t index;
    return jj_names_find(&entry->properties, name, strlen(name), &index) ? &type->properties[index]
                                                                         : NULL;
}

bool jj_catalogue_is_contact(const jj_catalogue *catalogue, const char *name)
{
    char folded[NAME_MAX_BYTES];
    size_t length = jj_fold(name, strlen(name), folded, sizeof folded), unused;
    return length < sizeof folded - 1 &&
           jj_names_find(&catalogue->contact, folded, length, &unused);
}
