#include "config/keys.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    WORDS_MAX = 64
};

void jj_reader_complain(jj_reader *reader, const jj_yaml_node *node, const char *format, ...)
{
    char text[sizeof((jj_error *)0)->text];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    jj_findings_add(reader->findings, reader->file, node->line, node->column, "%s", text);
}

const char *jj_did_you_mean(char hint[JJ_HINT_SIZE], const char *word, const char *const *words)
{
    const char *near = jj_closest(word, words);

    hint[0] = '\0';
    if (near != NULL) {
        snprintf(hint, JJ_HINT_SIZE, ", did you mean \"%.64s\"?", near);
    }
    return hint;
}

static const jj_key *find_key(const jj_key *table, const char *name)
{
    for (; table->name != NULL; table++) {
        if (strcmp(table->name, name) == 0) {
            return table;
        }
    }
    return NULL;
}

static void refuse_unknown(jj_reader *reader, const jj_key *table, const jj_yaml_node *mapping)
{
    const char *names[WORDS_MAX] = {0};
    for (size_t i = 0; i < WORDS_MAX - 1 && table[i].name != NULL; i++) {
        names[i] = table[i].name;
    }

    for (const jj_yaml_node *entry = mapping->first; entry != NULL; entry = entry->next) {
        const char *name = entry->key->text;
        char hint[JJ_HINT_SIZE];
        if (find_key(table, name) == NULL) {
            jj_reader_complain(reader, entry->key, "unknown key \"%.60s\"%s", name,
                               jj_did_you_mean(hint, name, names));
        }
    }
}

/* A default is read as if it stood in the file, at the mapping that lacks it. */
static void read_default(jj_reader *reader, const jj_key *key, const jj_yaml_node *mapping,
                         void *out)
{
    const jj_yaml_node node = {.kind = JJ_YAML_SCALAR,
                               .line = mapping->line,
                               .column = mapping->column,
                               .text = key->initial};
    key->type->read(reader, key, &node, out);
}

void jj_keys_read(jj_reader *reader, const jj_key *table, const jj_yaml_node *mapping, void *out)
{
    if (mapping->kind != JJ_YAML_MAPPING) {
        jj_reader_complain(reader, mapping, "expected a mapping here, lines of \"key: value\"");
        return;
    }
    refuse_unknown(reader, table, mapping);
    for (const jj_key *key = table; key->name != NULL; key++) {
        const jj_yaml_node *node = jj_yaml_get(mapping, key->name);
        void *at = (char *)out + key->offset;

        if (node != NULL && !jj_yaml_is_null(node)) {
            key->type->read(reader, key, node, at);
        } else if (key->required) {
            jj_reader_complain(reader, node != NULL ? node : mapping, "\"%s\" is missing: %s",
                               key->name, key->doc);
        } else if (key->initial != NULL) {
            read_default(reader, key, mapping, at);
        } else if (key->type == &jj_key_mapping) {
            jj_keys_read(reader, key->members,
                         &(jj_yaml_node){.kind = JJ_YAML_MAPPING,
                                         .line = mapping->line,
                                         .column = mapping->column},
                         at);
        }
    }
}

const char *jj_reader_scalar(jj_reader *reader, const jj_key *key, const jj_yaml_node *node)
{
    if (node->kind == JJ_YAML_SCALAR) {
        return node->text;
    }
    jj_reader_complain(reader, node, "\"%s\" takes one value, not a %s", key->name,
                       node->kind == JJ_YAML_SEQUENCE ? "list" : "mapping");
    return NULL;
}

const char *jj_reader_path(jj_reader *reader, const char *path)
{
    bool absolute = path[0] == '/';
    size_t dir_length = absolute ? 0 : strlen(reader->dir);
    char *whole = jj_pool_alloc(reader->pool, dir_length + strlen(path) + 2);
    if (whole == NULL) {
        return NULL;
    }
    sprintf(whole, "%s%s%s", absolute ? "" : reader->dir, absolute ? "" : "/", path);

    /* Written onto itself: what is dropped only makes it shorter. */
    char *to = whole;
    for (const char *from = whole; *from != '\0';) {
        while (*from == '/') {
            from++;
        }
        size_t length = strcspn(from, "/");
        if (length == 0 || (length == 1 && *from == '.')) {
            from += length;
            continue;
        }
        *to++ = '/';
        memmove(to, from, length);
        to += length;
        from += length;
    }
    if (to == whole) {
        *to++ = '/';
    }
    *to = '\0';
    return whole;
}

static void out_of_memory(jj_reader *reader, const jj_yaml_node *node)
{
    jj_reader_complain(reader, node, "out of memory");
}

static void read_text(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    const char *text = jj_reader_scalar(reader, key, node);
    if (text == NULL) {
        return;
    }
    if (*text == '\0') {
        jj_reader_complain(reader, node, "\"%s\" must not be empty", key->name);
    } else {
        *(const char **)out = text;
    }
}

static void read_path(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    const char *text = NULL;
    read_text(reader, key, node, &text);
    if (text == NULL) {
        return;
    }
    const char *path = jj_reader_path(reader, text);
    if (path == NULL) {
        out_of_memory(reader, node);
    } else {
        *(const char **)out = path;
    }
}

static bool in_range(const jj_key *key, int64_t value)
{
    return (key->min == 0 && key->max == 0) || (value >= key->min && value <= key->max);
}

static void read_integer(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    const char *text = jj_reader_scalar(reader, key, node);
    int64_t value;

    if (text == NULL) {
        return;
    }
    if (!jj_parse_i64(text, &value)) {
        jj_reader_complain(reader, node, "\"%s\" must be a whole number, e.g. %s", key->name,
                           key->initial != NULL ? key->initial : "10");
    } else if (!in_range(key, value)) {
        jj_reader_complain(reader, node,
                           "\"%s\" must be between %" PRId64 " and %" PRId64 ", not %" PRId64,
                           key->name, key->min, key->max, value);
    } else {
        *(int64_t *)out = value;
    }
}

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

static const unit duration_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const unit size_units[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}};

/* As a person would write it: in the largest unit that leaves no remainder. */
static const char *write_quantity(char out[32], int64_t value, const unit *units, size_t count)
{
    size_t i = 0;
    while (i + 1 < count && (value == 0 || value % units[i].factor != 0)) {
        i++;
    }
    snprintf(out, 32, "%" PRId64 "%s", value / units[i].factor, units[i].name);
    return out;
}

static void read_duration(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    const char *text = jj_reader_scalar(reader, key, node);
    const size_t units = sizeof duration_units / sizeof *duration_units;
    char min[32], max[32];
    int64_t value;

    if (text == NULL) {
        return;
    }
    if (!jj_parse_duration(text, &value)) {
        jj_reader_complain(reader, node,
                           "\"%s\" must be a duration with its unit: 500ms, 30s, 5m, 2h or 7d",
                           key->name);
    } else if (!in_range(key, value)) {
        jj_reader_complain(reader, node, "\"%s\" must be between %s and %s", key->name,
                           write_quantity(min, key->min, duration_units, units),
                           write_quantity(max, key->max, duration_units, units));
    } else {
        *(int64_t *)out = value;
    }
}

static void read_size(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    const char *text = jj_reader_scalar(reader, key, node);
    const size_t units = sizeof size_units / sizeof *size_units;
    char min[32], max[32];
    int64_t value;

    if (text == NULL) {
        return;
    }
    if (!jj_parse_size(text, &value)) {
        jj_reader_complain(reader, node,
                           "\"%s\" must be a size with its unit: 64KiB, 10MiB or 2GiB", key->name);
    } else if (!in_range(key, value)) {
        jj_reader_complain(reader, node, "\"%s\" must be between %s and %s", key->name,
                           write_quantity(min, key->min, size_units, units),
                           write_quantity(max, key->max, size_units, units));
    } else {
        *(int64_t *)out = value;
    }
}

static void read_boolean(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    const char *text = jj_reader_scalar(reader, key, node);
    if (text == NULL) {
        return;
    }
    if (strcmp(text, "true") == 0 || strcmp(text, "ya") == 0) {
        *(int64_t *)out = 1;
    } else if (strcmp(text, "false") == 0 || strcmp(text, "tidak") == 0) {
        *(int64_t *)out = 0;
    } else {
        jj_reader_complain(reader, node, "\"%s\" must be true or false", key->name);
    }
}

static void read_mapping(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    jj_keys_read(reader, key->members, node, out);
}

static void read_tree(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    if (node->kind != JJ_YAML_MAPPING) {
        jj_reader_complain(reader, node, "\"%s\" must be a mapping, lines of \"key: value\"",
                           key->name);
    } else {
        *(const jj_yaml_node **)out = node;
    }
}

const jj_key_type jj_key_text = {"text", read_text};
const jj_key_type jj_key_path = {"path", read_path};
const jj_key_type jj_key_integer = {"number", read_integer};
const jj_key_type jj_key_duration = {"duration", read_duration};
const jj_key_type jj_key_size = {"size", read_size};
const jj_key_type jj_key_boolean = {"true or false", read_boolean};
const jj_key_type jj_key_mapping = {"mapping", read_mapping};
const jj_key_type jj_key_tree = {"mapping", read_tree};
