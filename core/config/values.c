#include "config/config.h"
#include "config/tables.h"

#include "base/log.h"
#include "schema/audience.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
    NAME_MAX_LENGTH = 40
};

static bool is_name(const char *text, const char *letters)
{
    size_t length = strlen(text);
    return length > 0 && length <= NAME_MAX_LENGTH && strspn(text, letters) == length &&
           isalnum((unsigned char)text[0]);
}

static void read_node(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    const char *text = jj_reader_scalar(reader, key, node);

    if (text == NULL) {
        return;
    }
    if (is_name(text, letters)) {
        *(const char **)out = text;
    } else {
        jj_reader_complain(reader, node,
                           "\"%.60s\" is no name for a node: 1 to %d letters, digits, - and _, "
                           "beginning with a letter or digit",
                           text, NAME_MAX_LENGTH);
    }
}

static void read_level(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    static const char *const levels[] = {"error", "warning", "notice", "info", "debug", NULL};
    const char *text = jj_reader_scalar(reader, key, node);
    char hint[JJ_HINT_SIZE];

    if (text == NULL) {
        return;
    }
    int level = jj_log_level_parse(text);
    if (level >= 0) {
        *(int64_t *)out = level;
    } else {
        jj_reader_complain(reader, node,
                           "\"%.60s\" is no log level (error, warning, notice, info, debug)%s",
                           text, jj_did_you_mean(hint, text, levels));
    }
}

static void read_period(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    static const char *const periods[] = {"month", "quarter", "year", NULL};
    static const int64_t months[] = {1, 3, 12};
    const char *text = jj_reader_scalar(reader, key, node);
    char hint[JJ_HINT_SIZE];

    for (size_t i = 0; text != NULL && periods[i] != NULL; i++) {
        if (strcmp(text, periods[i]) == 0) {
            *(int64_t *)out = months[i];
            return;
        }
    }
    if (text != NULL) {
        jj_reader_complain(reader, node, "\"%.60s\" is no period (month, quarter, year)%s", text,
                           jj_did_you_mean(hint, text, periods));
    }
}

static bool all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

static bool is_region(const char *text)
{
    size_t length = strlen(text);
    if (length == 2) {
        return all_digits(text, 2);
    }
    return length == 5 && all_digits(text, 2) && text[2] == '.' && all_digits(text + 3, 2);
}

/* Takes the text of a region code, or says why it is none. */
static bool check_region(jj_reader *reader, const jj_yaml_node *node, const char *text)
{
    if (is_region(text)) {
        return true;
    }
    if (strlen(text) == 4 && all_digits(text, 4)) {
        jj_reader_complain(
            reader, node,
            "\"%s\" is refused because it has no dot: BPS gives the same digits to "
            "other places. Write the Kemendagri code with its dot, as in \"%.2s.%s\" "
            "if that is the place",
            text, text, text + 2);
    } else {
        jj_reader_complain(reader, node,
                           "\"%.60s\" is no region code: \"33.75\" is a regency or city, \"33\" a "
                           "province",
                           text);
    }
    return false;
}

static void read_region(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    const char *text = jj_reader_scalar(reader, key, node);
    if (text != NULL && check_region(reader, node, text)) {
        *(const char **)out = text;
    }
}

/* The entries of a list of words; a single word stands for a list of one. False: not a list. */
static bool list_of(jj_reader *reader, const jj_key *key, const jj_yaml_node *node,
                    const jj_yaml_node **first, size_t *count)
{
    if (node->kind == JJ_YAML_MAPPING) {
        jj_reader_complain(reader, node, "\"%s\" must be a list, e.g. [a, b]", key->name);
        return false;
    }
    bool single = node->kind == JJ_YAML_SCALAR;
    *first = single ? node : node->first;
    *count = single ? 1 : node->count;
    if (*count == 0) {
        jj_reader_complain(reader, node, "\"%s\" must not be empty", key->name);
    }
    return *count > 0;
}

static bool has_word(const jj_words *words, const char *text)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->list[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static void read_regions(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    const jj_yaml_node *entry;
    size_t count;
    jj_words words = {0};

    if (!list_of(reader, key, node, &entry, &count)) {
        return;
    }
    words.list = jj_pool_alloc(reader->pool, (count + 1) * sizeof *words.list);
    if (words.list == NULL) {
        jj_reader_complain(reader, node, "out of memory");
        return;
    }
    for (; count > 0; count--, entry = entry->next) {
        const char *text = jj_reader_scalar(reader, key, entry);
        if (text == NULL || (strcmp(text, "*") != 0 && !check_region(reader, entry, text))) {
            continue;
        }
        if (has_word(&words, text)) {
            jj_reader_complain(reader, entry, "\"%s\" is in this list twice", text);
        } else {
            words.list[words.count++] = text;
        }
    }
    *(jj_words *)out = words;
}

static void refuse_audience(jj_reader *reader, const jj_yaml_node *node)
{
    char hint[JJ_HINT_SIZE], all[160] = "";

    for (const char *const *name = jj_audience_names(); *name != NULL; name++) {
        if (jj_audience_parse(*name) != JJ_AUDIENCE_OWNER) {
            size_t used = strlen(all);
            snprintf(all + used, sizeof all - used, "%s%s", used > 0 ? ", " : "", *name);
        }
    }
    jj_reader_complain(reader, node, "\"%.60s\" is no audience (%s)%s", node->text, all,
                       jj_did_you_mean(hint, node->text, jj_audience_names()));
}

static void read_audiences(jj_reader *reader, const jj_key *key, const jj_yaml_node *node,
                           void *out)
{
    const jj_yaml_node *entry;
    size_t count;
    uint32_t bits = 0;

    if (!list_of(reader, key, node, &entry, &count)) {
        return;
    }
    for (; count > 0; count--, entry = entry->next) {
        const char *text = jj_reader_scalar(reader, key, entry);
        if (text == NULL) {
            continue;
        }
        uint32_t bit = jj_audience_parse(text);
        if (bit == 0) {
            refuse_audience(reader, entry);
        } else if (bit == JJ_AUDIENCE_OWNER) {
            jj_reader_complain(reader, entry,
                               "\"owner\" is not given: it is whoever published an event");
        } else if ((bits & bit) != 0) {
            jj_reader_complain(reader, entry, "\"%s\" is in this list twice", text);
        }
        bits |= bit;
    }
    *(uint32_t *)out = bits;
}

/* Names that the log and the rights use for parts of the daemon itself. */
static bool is_reserved(const char *name)
{
    return strcmp(name, "local") == 0 || strcmp(name, "hub") == 0 ||
           strcmp(name, "supervisor") == 0;
}

static void check_instance_name(jj_reader *reader, const jj_yaml_node *key)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

    if (!is_name(key->text, letters)) {
        jj_reader_complain(
            reader, key,
            "\"%.60s\" is no name for a plugin or an agency: 1 to %d lower-case letters, "
            "digits, - and _",
            key->text, NAME_MAX_LENGTH);
    } else if (is_reserved(key->text)) {
        jj_reader_complain(reader, key, "\"%s\" is a name of the daemon's own: choose another",
                           key->text);
    }
}

static void read_instance(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    if (jj_reader_scalar(reader, key, node) != NULL) {
        check_instance_name(reader, node);
        *(const char **)out = node->text;
    }
}

static void read_plugins(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    jj_plugins_config plugins = {0};

    if (node->kind != JJ_YAML_MAPPING) {
        jj_reader_complain(reader, node, "\"plugins\" must be a mapping: a name and what it is");
        return;
    }
    if (node->count > JJ_PLUGINS_MAX) {
        jj_reader_complain(reader, node, "more than %d plugin instances", JJ_PLUGINS_MAX);
        return;
    }
    plugins.list = jj_pool_alloc(reader->pool, (node->count + 1) * sizeof *plugins.list);
    if (plugins.list == NULL) {
        jj_reader_complain(reader, node, "out of memory");
        return;
    }
    for (const jj_yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        jj_plugin_config *plugin = &plugins.list[plugins.count++];
        plugin->name = entry->key->text;
        plugin->node = entry;
        check_instance_name(reader, entry->key);
        jj_keys_read(reader, key->members, entry, plugin);
    }
    *(jj_plugins_config *)out = plugins;
}

const jj_key_type jj_key_node = {"name", read_node};
const jj_key_type jj_key_level = {"log level", read_level};
const jj_key_type jj_key_period = {"month, quarter or year", read_period};
const jj_key_type jj_key_region = {"region code", read_region};
const jj_key_type jj_key_regions = {"list of region codes", read_regions};
const jj_key_type jj_key_audiences = {"list of audiences", read_audiences};
const jj_key_type jj_key_instance = {"name", read_instance};
const jj_key_type jj_key_plugins = {"mapping", read_plugins};
