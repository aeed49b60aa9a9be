#include "json/plain.h"

#include "base/buf.h"
#include "base/text.h"
#include "json/span.h"

#include <string.h>

#define SAFE_DIGITS 18 /* so many always fit into 64 bits */

typedef struct reader {
    const char *at, *end;
    unsigned depth_left;
    jj_buf scratch;
} reader;

static json_t *read_value(reader *r);

static void skip_space(reader *r)
{
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')) {
        r->at++;
    }
}

/* Passes one character; false if another one stands there. */
static bool pass(reader *r, char c)
{
    if (r->at == r->end || *r->at != c) {
        return false;
    }
    r->at++;
    return true;
}

static bool is_simple_escape(char c)
{
    return c && strchr("\"\\/bfnrt", c);
}

/* Passes a string. *inside is what stands between its quotes. */
static bool read_span(reader *r, jj_span *inside, bool *escaped)
{
    unsigned char seen = 0;
    if (!pass(r, '"')) {
        return false;
    }
    *escaped = false;
    for (const char *at = r->at; at < r->end; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"') {
            *inside = (jj_span){r->at, (size_t)(at - r->at)};
            r->at = at + 1;
            return seen < 0x80 || jj_utf8_valid(inside->at, inside->size_bytes);
        }
        if (c < 0x20) {
            return false;
        }
        if (c == '\\') {
            *escaped = true;
            if (++at == r->end || !is_simple_escape(*at)) {
                return false;
            }
        }
        seen |= c;
    }
    return false;
}

static json_t *read_string(reader *r)
{
    jj_span inside;
    bool escaped;
    if (!read_span(r, &inside, &escaped)) {
        return NULL;
    }
    if (escaped) {
        const jj_span quoted = {inside.at - 1, inside.size_bytes + 2};
        jj_buf_reset(&r->scratch);
        if (!jj_span_unescape(quoted, &r->scratch) || r->scratch.failed) {
            return NULL;
        }
        inside = (jj_span){r->scratch.data, r->scratch.size};
    }
    return json_stringn_nocheck(inside.at, inside.size_bytes);
}

/* Whole numbers are read here, all others by jansson. */
static json_t *read_number(reader *r)
{
    const char *from = r->at;
    bool negative = pass(r, '-');
    const char *digits = r->at;
    json_int_t value = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - digits < SAFE_DIGITS) {
        value = value * 10 + (*r->at++ - '0');
    }
    if (r->at > digits && (r->at == r->end || !strchr("0123456789.eE", *r->at))) {
        bool zeros = *digits == '0' && r->at - digits > 1;
        return zeros ? NULL : json_integer(negative ? -value : value);
    }
    while (r->at < r->end && *r->at && strchr("0123456789.eE+-", *r->at)) {
        r->at++;
    }
    return json_loadb(from, (size_t)(r->at - from), JSON_DECODE_ANY, NULL);
}

static json_t *read_word(reader *r, const char *word, json_t *value)
{
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0) {
        return NULL;
    }
    r->at += length;
    return value; /* true, false and null are never freed */
}

/* Reads a name, its value, and puts them into object. */
static bool read_member(reader *r, json_t *object)
{
    jj_span name;
    bool escaped;
    size_t before = json_object_size(object);
    skip_space(r);
    if (!read_span(r, &name, &escaped) || escaped) {
        return false;
    }
    skip_space(r);
    if (!pass(r, ':')) {
        return false;
    }
    json_t *value = read_value(r);
    return value && json_object_setn_new_nocheck(object, name.at, name.size_bytes, value) == 0 &&
           json_object_size(object) > before; /* or the name was there already */
}

static bool read_element(reader *r, json_t *array)
{
    json_t *value = read_value(r);
    return value && json_array_append_new(array, value) == 0;
}

/* What stands between the brackets of an object or array. Takes container. */
static json_t *read_inside(reader *r, json_t *container, char close,
                           bool (*read_item)(reader *r, json_t *container))
{
    bool good = container && r->depth_left > 0;
    r->at++;
    skip_space(r);
    if (good && !pass(r, close)) {
        r->depth_left--;
        do {
            good = read_item(r, container);
            skip_space(r);
        } while (good && pass(r, ','));
        good = good && pass(r, close);
        r->depth_left++;
    }
    if (!good) {
        json_decref(container);
        return NULL;
    }
    return container;
}

static json_t *read_value(reader *r)
{
    skip_space(r);
    switch (r->at < r->end ? *r->at : '\0') {
    case '"':
        return read_string(r);
    case '{':
        return read_inside(r, json_object(), '}', read_member);
    case '[':
        return read_inside(r, json_array(), ']', read_element);
    case 't':
        return read_word(r, "true", json_true());
    case 'f':
        return read_word(r, "false", json_false());
    case 'n':
        return read_word(r, "null", json_null());
    default:
        return read_number(r);
    }
}

json_t *jj_json_plain(const char *text, size_t size_bytes, unsigned depth_max)
{
    reader r = {.at = text, .end = text + size_bytes, .depth_left = depth_max};
    json_t *value = read_value(&r);
    skip_space(&r);
    if (r.at != r.end) {
        json_decref(value);
        value = NULL;
    }
    jj_buf_clear(&r.scratch);
    return value;
}
