#include "import/choices.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define FOLDED_SIZE 256
#define NUMBER_SIZE 24 /* a whole number of 64 bits */

/* How a choice is written in a cell: a text, or a whole number. NULL: not at all. */
static const char *choice_text(const json_t *choice, char number[NUMBER_SIZE])
{
    if (json_is_integer(choice)) {
        snprintf(number, NUMBER_SIZE, "%lld", (long long)json_integer_value(choice));
        return number;
    }
    return json_string_value(choice);
}

const json_t *jj_choice_find(const jj_property *property, const char *text, size_t length)
{
    char folded[FOLDED_SIZE], other[FOLDED_SIZE], number[NUMBER_SIZE];
    if ((!property->values && !property->choices) ||
        jj_fold(text, length, folded, sizeof folded) == 0) {
        return NULL;
    }
    const json_t *value = json_object_get(property->values, folded);
    for (size_t i = 0; !value && i < json_array_size(property->choices); i++) {
        const json_t *choice = json_array_get(property->choices, i);
        const char *spelling = choice_text(choice, number);
        if (spelling) {
            jj_fold(spelling, strlen(spelling), other, sizeof other);
            value = strcmp(folded, other) == 0 ? choice : NULL;
        }
    }
    return value;
}

void jj_choice_write(const json_t *value, jj_buf *json)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        jj_buf_json(json, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        jj_buf_printf(json, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        jj_buf_printf(json, "%.17g", json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        jj_buf_puts(json, json_is_true(value) ? "true" : "false");
        break;
    default:
        jj_buf_puts(json, "null");
    }
}

/* The first spelling of a choice in x-values: the one that offices use most. */
static const char *spelling_of(const jj_property *property, const json_t *choice,
                               char number[NUMBER_SIZE])
{
    json_t *values = (json_t *)property->spellings;
    for (void *at = json_object_iter(values); at; at = json_object_iter_next(values, at)) {
        if (json_equal(json_object_iter_value(at), choice)) {
            return json_object_iter_key(at);
        }
    }
    const char *spelling = choice_text(choice, number);
    return spelling ? spelling : "?";
}

void jj_choice_tell(const jj_property *property, jj_buf *why)
{
    size_t count = json_array_size(property->choices);
    char number[NUMBER_SIZE];
    jj_buf_puts(why, "harus salah satu dari: ");
    for (size_t i = 0; i < count; i++) {
        jj_buf_puts(why, i ? ", " : "");
        jj_buf_puts(why, spelling_of(property, json_array_get(property->choices, i), number));
    }
}
