#include "worker/options.h"

#include "config/keys.h"

#include <stddef.h>
#include <string.h>

/* Any text, an empty one too: whether that is sensible is the plugin's to say. */
static void read_string(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    const char *text = jj_reader_scalar(reader, key, node);
    if (text) {
        *(const char **)out = text;
    }
}

static void put_json(jj_reader *reader, const jj_yaml_node *node, const char **out)
{
    jj_buf json = {0};
    jj_yaml_to_json(node, &json);
    const char *copy = json.failed ? NULL : jj_pool_copy(reader->pool, json.data, json.size);
    if (copy) {
        *out = copy;
    } else {
        jj_reader_complain(reader, node, "out of memory");
    }
    jj_buf_clear(&json);
}

static void read_json(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    if (node->text == NULL || node->text != key->initial) {
        put_json(reader, node, out);
        return;
    }
    /* A default is written as it would stand in the file: it is YAML of its own. */
    jj_yaml *document = NULL;
    const jj_yaml_node *root;
    if (jj_yaml_parse(&document, &root, reader->file, key->initial, strlen(key->initial),
                      reader->findings) == 0) {
        put_json(reader, root, out);
    }
    jj_yaml_free(document);
}

static const jj_key_type string_type = {"text", read_string};
static const jj_key_type tree_type = {"any YAML", read_json};

#define STRING offsetof(jj_value, string)
#define NUMBER offsetof(jj_value, number)

/* By jj_option_type: what reads it, and into which member of a jj_value. */
static const struct {
    const jj_key_type *type;
    size_t offset;
} types[] = {
    [JJ_OPTION_STRING] = {&string_type, STRING},
    [JJ_OPTION_INTEGER] = {&jj_key_integer, NUMBER},
    [JJ_OPTION_BOOLEAN] = {&jj_key_boolean, NUMBER},
    [JJ_OPTION_DURATION] = {&jj_key_duration, NUMBER},
    [JJ_OPTION_SIZE] = {&jj_key_size, NUMBER},
    [JJ_OPTION_PATH] = {&jj_key_path, STRING},
    [JJ_OPTION_JSON] = {&tree_type, STRING},
};

static bool is_type(int type)
{
    return type >= 0 && (size_t)type < sizeof types / sizeof *types;
}

const char *jj_option_type_name(int type)
{
    return is_type(type) ? types[type].type->name : "unknown";
}

static size_t count_rows(const jj_option *table)
{
    size_t count = 0;
    while (table && count <= JJ_OPTIONS_MAX && table[count].name) {
        count++;
    }
    return count;
}

/* The option table as a table of keys that reads into an array of jj_value. */
static jj_key *make_keys(jj_pool *pool, const jj_option *table, size_t count)
{
    jj_key *keys = jj_pool_alloc(pool, (count + 1) * sizeof *keys);
    for (size_t i = 0; keys && i < count; i++) {
        keys[i] = (jj_key){
            .name = table[i].name,
            .type = types[table[i].type].type,
            .offset = i * sizeof(jj_value) + types[table[i].type].offset,
            .initial = table[i].initial,
            .min = table[i].min,
            .max = table[i].max,
            .required = table[i].required,
            .doc = table[i].doc,
        };
    }
    return keys;
}

/* Where a problem with the options as a whole is shown: the options, else the instance. */
static const jj_yaml_node *place_of(const jj_plugin_config *instance)
{
    return instance->options ? instance->options : instance->node->key;
}

void jj_options_read(jj_options *options, const jj_option *table, const jj_config *config,
                     const jj_plugin_config *instance, jj_findings *findings)
{
    const jj_yaml_node *place = place_of(instance);
    const jj_yaml_node nothing = {
        .kind = JJ_YAML_MAPPING, .line = place->line, .column = place->column};
    const jj_yaml_node *node = instance->options ? instance->options : &nothing;
    jj_reader reader = {config->file, config->dir, &options->pool, findings};
    size_t count = count_rows(table);
    jj_key *keys = make_keys(&options->pool, table, count);
    jj_value *values = jj_pool_alloc(&options->pool, (count + 1) * sizeof *values);

    if (!keys || !values) {
        jj_reader_complain(&reader, node, "out of memory");
        return;
    }
    jj_keys_read(&reader, keys, node, values);
    for (size_t i = 0; i < count; i++) {
        const jj_yaml_node *entry = jj_yaml_get(node, table[i].name);
        values[i].given = table[i].initial || (entry && !jj_yaml_is_null(entry));
    }
    options->values = values;
}

void jj_options_judge(const jj_options *options, const jj_plugin *plugin, const jj_config *config,
                      const jj_plugin_config *instance, jj_findings *findings)
{
    jj_error err = {0};

    if (!plugin->check || plugin->check(options->values, &err) == 0) {
        return;
    }
    const jj_yaml_node *named = jj_yaml_get(instance->options, err.field);
    const jj_yaml_node *place = named ? named : place_of(instance);
    jj_findings_add(findings, config->file, place->line, place->column, "%s: %s",
                    err.field[0] ? err.field : instance->name,
                    err.text[0] ? err.text : "the plugin refuses these options");
}

void jj_options_clear(jj_options *options)
{
    jj_pool_clear(&options->pool);
    options->values = NULL;
}

static bool is_option_name(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= 64 && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static int check_row(const jj_option *table, size_t at, jj_error *err)
{
    const jj_option *row = &table[at];
    const char *name = row->name;

    if (!is_option_name(name)) {
        return jj_fail(err, JJ_ECONFIG,
                       "option %zu has a bad name: lower-case letters, digits and _", at + 1);
    }
    if (!is_type(row->type)) {
        return jj_fail(err, JJ_ECONFIG, "option \"%s\" has an unknown type %d", name, row->type);
    }
    if (!row->doc || !*row->doc) {
        return jj_fail(err, JJ_ECONFIG, "option \"%s\" has no documentation", name);
    }
    if (row->min > row->max) {
        return jj_fail(err, JJ_ECONFIG, "option \"%s\": its minimum is above its maximum", name);
    }
    if (row->required && row->initial) {
        return jj_fail(err, JJ_ECONFIG, "option \"%s\" is required and has a default", name);
    }
    for (size_t i = 0; i < at; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return jj_fail(err, JJ_ECONFIG, "option \"%s\" is in the table twice", name);
        }
    }
    return 0;
}

/* A default must be acceptable where it stands for a value of the file. */
static int check_defaults(const jj_option *table, size_t count, jj_error *err)
{
    jj_pool pool = {0};
    jj_findings findings = {0};
    const jj_yaml_node nothing = {.kind = JJ_YAML_MAPPING};
    jj_reader reader = {"default", "/", &pool, &findings};
    int rc = 0;

    jj_key *keys = make_keys(&pool, table, count);
    jj_value *values = jj_pool_alloc(&pool, (count + 1) * sizeof *values);
    if (!keys || !values) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        keys[i].required = false;
    }
    jj_keys_read(&reader, keys, &nothing, values);
    if (findings.count > 0) {
        rc = jj_fail(err, JJ_ECONFIG, "the default of an option is wrong: %s",
                     findings.list[0].text);
    }
out:
    jj_findings_clear(&findings);
    jj_pool_clear(&pool);
    return rc;
}

int jj_options_check_table(const jj_option *table, jj_error *err)
{
    size_t count = count_rows(table);

    if (count > JJ_OPTIONS_MAX) {
        return jj_fail(err, JJ_ECONFIG, "the option table does not end within %d rows",
                       JJ_OPTIONS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        int rc = check_row(table, i, err);
        if (rc) {
            return rc;
        }
    }
    return check_defaults(table, count, err);
}
