/* Keywords that assert nothing: titles and the like, and this project's own x- annotations, whose
 * form is checked here and whose meaning is the catalogue's. */
#include "schema/compile.h"

#include "base/text.h"
#include "schema/audience.h"
#include "schema/catalogue.h"

#include <string.h>

static const char *const classes[] = {"public", "internal", "personal", "specific", NULL};
static const char *const subjects[] = {"person", "vacancy", "batch", "employer", "order", NULL};
static const char *const entities[] = {"vacancy", "batch",    "business", "cooperative",
                                       "order",   "employer", "loan",     NULL};

static int any_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword, const json_t *value)
{
    (void)c;
    (void)node;
    (void)keyword;
    (void)value;
    return 0;
}

static int string_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                        const json_t *value)
{
    (void)node;
    (void)keyword;
    return json_is_string(value) ? 0 : jj_compile_refuse(c, "must be a string");
}

static int boolean_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                         const json_t *value)
{
    (void)node;
    (void)keyword;
    return json_is_boolean(value) ? 0 : jj_compile_refuse(c, "must be true or false");
}

static int array_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                       const json_t *value)
{
    (void)node;
    (void)keyword;
    return json_is_array(value) ? 0 : jj_compile_refuse(c, "must be an array");
}

/* Not run, but it has to be a schema that could be. */
static int schema_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                        const json_t *value)
{
    jj_node *unused;
    (void)node;
    (void)keyword;
    return jj_compile_node(c, value, &unused);
}

static int one_of(const jj_compiler *c, const json_t *value, const char *const *words)
{
    const char *text = json_string_value(value);
    for (size_t i = 0; text && words[i]; i++) {
        if (strcmp(words[i], text) == 0) {
            return 0;
        }
    }
    jj_buf list = {0};
    for (size_t i = 0; words[i]; i++) {
        jj_buf_printf(&list, "%s%s", i ? ", " : "", words[i]);
    }
    int rc =
        list.failed ? jj_compile_memory(c) : jj_compile_refuse(c, "must be one of %s", list.data);
    jj_buf_clear(&list);
    return rc;
}

enum {
    CLASS,
    SUBJECT,
    ENTITY
};

static int word_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword, const json_t *value)
{
    static const char *const *const lists[] = {classes, subjects, entities};
    (void)node;
    return one_of(c, value, lists[keyword->detail]);
}

enum {
    READERS,
    PUBLISHERS
};

/* A set of audiences. "owner" is whoever published, so it reads and does not publish; "node" is
 * given in configs only. */
static int audience_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                          const json_t *value)
{
    uint32_t seen = 0, never = JJ_AUDIENCE_NODE;
    never |= keyword->detail == PUBLISHERS ? JJ_AUDIENCE_OWNER : 0;
    (void)node;
    if (!json_is_array(value)) {
        return jj_compile_refuse(c, "must be an array of audiences");
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *name = json_string_value(json_array_get(value, i));
        uint32_t bit = name ? jj_audience_parse(name) & ~never : 0;
        if (!bit) {
            const char *nearest = name ? jj_closest(name, jj_audience_names()) : NULL;
            return nearest && strcmp(nearest, name) != 0
                       ? jj_compile_refuse(c, "item %zu is no audience; did you mean %s?", i,
                                           nearest)
                       : jj_compile_refuse(c, "item %zu is no audience that can stand here", i);
        }
        if (seen & bit) {
            return jj_compile_refuse(c, "names %s twice", name);
        }
        seen |= bit;
    }
    return 0;
}

/* true: every audience needs the person's consent; a list: just these do. */
static int consent_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                         const json_t *value)
{
    if (json_is_boolean(value)) {
        return 0;
    }
    return json_is_array(value)
               ? audience_value(c, node, keyword, value)
               : jj_compile_refuse(c, "must be true, false or an array of audiences");
}

/* Header names of files: each must leave something to compare once it is folded. */
static int column_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                        const json_t *value)
{
    char folded[2];
    (void)node;
    (void)keyword;
    if (!json_is_array(value)) {
        return jj_compile_refuse(c, "must be an array of column names");
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_string(item) || jj_fold(json_string_value(item), json_string_length(item),
                                             folded, sizeof folded) == 0) {
            return jj_compile_refuse(c, "item %zu is not a column name", i);
        }
    }
    return 0;
}

/* What a cell may hold, to the value it stands for. */
static int values_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                        const json_t *value)
{
    json_t *object = (json_t *)(uintptr_t)value; /* only read */
    char folded[2];
    (void)node;
    (void)keyword;
    if (!json_is_object(value)) {
        return jj_compile_refuse(c, "must be an object from what a cell holds to a value");
    }
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const json_t *meaning = json_object_iter_value(at);
        if (jj_fold(json_object_iter_key(at), json_object_iter_key_len(at), folded,
                    sizeof folded) == 0) {
            return jj_compile_refuse(c, "a name has neither letter nor digit");
        }
        if (json_is_object(meaning) || json_is_array(meaning) || json_is_null(meaning)) {
            return jj_compile_refuse(c, "%s does not stand for a text, number, true or false",
                                     json_object_iter_key(at));
        }
    }
    return 0;
}

static int version_value(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                         const json_t *value)
{
    (void)node;
    (void)keyword;
    return json_is_integer(value) && json_integer_value(value) >= 1 &&
                   json_integer_value(value) <= JJ_TYPE_VERSION_MAX
               ? 0
               : jj_compile_refuse(c, "must be a whole number from 1 to %d", JJ_TYPE_VERSION_MAX);
}

const jj_keyword jj_annotation_keywords[] = {
    {"title", string_value, 0},
    {"description", string_value, 0},
    {"$comment", string_value, 0},
    {"default", any_value, 0},
    {"examples", array_value, 0},
    {"deprecated", boolean_value, 0},
    {"contentEncoding", string_value, 0},
    {"contentMediaType", string_value, 0},
    {"contentSchema", schema_value, 0},
    {"x-class", word_value, CLASS},
    {"x-subject", word_value, SUBJECT},
    {"x-entity", word_value, ENTITY},
    {"x-audience", audience_value, READERS},
    {"x-publisher", audience_value, PUBLISHERS},
    {"x-addressed", audience_value, PUBLISHERS},
    {"x-version", version_value, 0},
    {"x-consent", consent_value, READERS},
    {"x-vault", boolean_value, 0},
    {"x-key", boolean_value, 0},
    {"x-column", column_value, 0},
    {"x-values", values_value, 0},
    {NULL, NULL, 0},
};
