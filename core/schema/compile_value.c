/* Keywords that assert something of a value itself: type, const, enum, numbers and strings. */
#include "schema/compile.h"

#include "base/text.h"

#include <string.h>

static const char *const type_names[] = {"null",   "boolean", "object",  "array",
                                         "string", "number",  "integer", NULL};

static unsigned type_bit(const char *name)
{
    for (unsigned t = 0; name && type_names[t]; t++) {
        if (strcmp(type_names[t], name) == 0) {
            return 1U << t;
        }
    }
    return 0;
}

static int compile_type(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                        const json_t *value)
{
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    (void)keyword;
    if (count == 0) {
        return jj_compile_refuse(c, "names no type: nothing would be valid");
    }
    for (size_t i = 0; i < count; i++) {
        const char *name =
            json_string_value(json_is_array(value) ? json_array_get(value, i) : value);
        unsigned bit = type_bit(name);
        if (!bit) {
            const char *nearest = name ? jj_closest(name, type_names) : NULL;
            return nearest ? jj_compile_refuse(c, "no such type; did you mean %s?", nearest)
                           : jj_compile_refuse(c, "a type is null, boolean, object, array, "
                                                  "string, number or integer");
        }
        if (node->types & bit) {
            return jj_compile_refuse(c, "names the same type twice");
        }
        node->types |= bit;
    }
    return 0;
}

static int make_choice(jj_compiler *c, const json_t *values, jj_choice **choice)
{
    size_t count = json_array_size(values);
    jj_choice *made = jj_arena_alloc(&c->library->arena, sizeof *made);
    if (!made || !jj_names_init(&made->texts, &c->library->arena, count)) {
        return jj_compile_memory(c);
    }
    made->values = values;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(values, i);
        if (json_is_string(item)) {
            jj_names_add(&made->texts, json_string_value(item), json_string_length(item), i);
        }
    }
    *choice = made;
    return 0;
}

static int compile_enum(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                        const json_t *value)
{
    (void)keyword;
    return json_is_array(value) ? make_choice(c, value, &node->choice)
                                : jj_compile_refuse(c, "must be an array");
}

/* const is an enum of one. */
static int compile_const(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                         const json_t *value)
{
    (void)keyword;
    json_t *values = json_pack("[O]", value);
    if (!values) {
        return jj_compile_memory(c);
    }
    int rc = jj_compile_keep(c, values);
    return rc ? rc : make_choice(c, values, &node->constant);
}

jj_number_rules *jj_compile_number(jj_compiler *c, jj_node *node)
{
    if (!node->number) {
        node->number = jj_arena_alloc(&c->library->arena, sizeof *node->number);
    }
    return node->number;
}

enum {
    MINIMUM,
    MAXIMUM,
    ABOVE,
    BELOW,
    MULTIPLE
};

static int compile_bound(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                         const json_t *value)
{
    if (!json_is_number(value)) {
        return jj_compile_refuse(c, "must be a number");
    }
    jj_number_rules *rules = jj_compile_number(c, node);
    if (!rules) {
        return jj_compile_memory(c);
    }
    jj_number number = jj_number_of(value);
    switch (keyword->detail) {
    case MINIMUM:
        rules->has_minimum = true;
        rules->minimum = number;
        return 0;
    case MAXIMUM:
        rules->has_maximum = true;
        rules->maximum = number;
        return 0;
    case ABOVE:
        rules->has_above = true;
        rules->above = number;
        return 0;
    case BELOW:
        rules->has_below = true;
        rules->below = number;
        return 0;
    default:
        if (json_number_value(value) <= 0) {
            return jj_compile_refuse(c, "must be greater than 0");
        }
        rules->has_multiple = true;
        rules->multiple = number;
        return 0;
    }
}

jj_string_rules *jj_compile_string(jj_compiler *c, jj_node *node)
{
    if (!node->string) {
        node->string = jj_arena_alloc(&c->library->arena, sizeof *node->string);
        if (node->string) {
            node->string->max = SIZE_MAX;
        }
    }
    return node->string;
}

int jj_compile_size(const jj_compiler *c, const json_t *value, size_t *size)
{
    jj_number number = json_is_number(value) ? jj_number_of(value) : (jj_number){.integer = -1};
    if (!jj_number_is_integer(&number) || (number.real ? number.value < 0 : number.integer < 0)) {
        return jj_compile_refuse(c, "must be a whole number from 0");
    }
    *size = number.real ? SIZE_MAX : (size_t)number.integer;
    return 0;
}

enum {
    MIN_LENGTH,
    MAX_LENGTH
};

static int compile_length(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                          const json_t *value)
{
    jj_string_rules *rules = jj_compile_string(c, node);
    if (!rules) {
        return jj_compile_memory(c);
    }
    return jj_compile_size(c, value, keyword->detail == MIN_LENGTH ? &rules->min : &rules->max);
}

static int compile_pattern(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                           const json_t *value)
{
    (void)keyword;
    if (!json_is_string(value)) {
        return jj_compile_refuse(c, "must be a string");
    }
    jj_string_rules *rules = jj_compile_string(c, node);
    if (!rules) {
        return jj_compile_memory(c);
    }
    rules->pattern_text = json_string_value(value);
    return jj_compile_regex(c, rules->pattern_text, json_string_length(value), &rules->pattern);
}

static int compile_format(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                          const json_t *value)
{
    (void)keyword;
    enum jj_format format =
        json_is_string(value) ? jj_format_parse(json_string_value(value)) : JJ_FORMAT_NONE;
    if (format == JJ_FORMAT_NONE) {
        return jj_compile_refuse(c, "this validator asserts the formats date, date-time, uuid, nik "
                                    "and region, and ignores none");
    }
    jj_string_rules *rules = jj_compile_string(c, node);
    if (!rules) {
        return jj_compile_memory(c);
    }
    rules->format = format;
    return 0;
}

int jj_compile_finish_format(jj_compiler *c, jj_node *node)
{
    bool asserts = node->string && node->string->format != JJ_FORMAT_NONE;
    if (!asserts || (node->types & JJ_TYPE_STRING) || !c->documents[c->document].dialect) {
        return 0;
    }
    /* In the dialect that $schema names, a format by itself asserts nothing. Here it does; where
     * not even the type says that a string is meant, it is better to ask than to guess. */
    size_t mark = jj_compile_enter(c, "format", 6);
    int rc = jj_compile_refuse(c, "by $schema a format alone asserts nothing, here it does: say "
                                  "\"type\": \"string\" beside it");
    jj_compile_leave(c, mark);
    return rc;
}

const jj_keyword jj_value_keywords[] = {
    {"type", compile_type, 0},
    {"enum", compile_enum, 0},
    {"const", compile_const, 0},
    {"minimum", compile_bound, MINIMUM},
    {"maximum", compile_bound, MAXIMUM},
    {"exclusiveMinimum", compile_bound, ABOVE},
    {"exclusiveMaximum", compile_bound, BELOW},
    {"multipleOf", compile_bound, MULTIPLE},
    {"minLength", compile_length, MIN_LENGTH},
    {"maxLength", compile_length, MAX_LENGTH},
    {"pattern", compile_pattern, 0},
    {"format", compile_format, 0},
    {NULL, NULL, 0},
};
