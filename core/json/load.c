#include "json/load.h"

#include "base/buf.h"
#include "base/fs.h"
#include "json/plain.h"

#include <stdio.h>
#include <string.h>

/* True if a character stands in text at most that often. */
static bool stands_at_most(const char *text, size_t size_bytes, char c, unsigned times)
{
    const char *end = text + size_bytes;
    for (unsigned i = 0; (text = memchr(text, c, (size_t)(end - text))); i++, text++) {
        if (i == times) {
            return false;
        }
    }
    return true;
}

/* Nesting depth of text, strings skipped. Cheap, and it runs before the parser recurses. What has
 * few brackets, as events do, needs no closer look. */
static int check_depth(const char *text, size_t size_bytes, jj_error *err)
{
    unsigned depth = 0;
    bool in_string = false;
    if (stands_at_most(text, size_bytes, '{', JJ_JSON_DEPTH_MAX / 2) &&
        stands_at_most(text, size_bytes, '[', JJ_JSON_DEPTH_MAX / 2)) {
        return 0;
    }
    for (size_t i = 0; i < size_bytes; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JJ_JSON_DEPTH_MAX) {
                return jj_fail(err, JJ_ETOO_LARGE, "nested deeper than %d levels",
                               JJ_JSON_DEPTH_MAX);
            }
        } else if ((c == '}' || c == ']') && depth) {
            depth--;
        }
    }
    return 0;
}

#define NARROW_BYTES (16 * 1024)

bool jj_json_is_wide(const char *text, size_t size_bytes)
{
    return size_bytes > NARROW_BYTES && !stands_at_most(text, size_bytes, ',', JJ_JSON_VALUES_MAX);
}

/* jansson's own text quotes the input, so only its code is used. */
static const char *problem(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_premature_end_of_input:
        return "the text ends too early";
    case json_error_end_of_input_expected:
        return "something follows the value";
    case json_error_invalid_utf8:
        return "not valid UTF-8";
    case json_error_duplicate_key:
        return "the same member twice in one object";
    case json_error_numeric_overflow:
        return "a number is out of range";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL character";
    default:
        return "not valid JSON";
    }
}

int jj_json_load(json_t **value, const char *text, size_t size_bytes, size_t max_bytes,
                 jj_error *err)
{
    if (size_bytes > max_bytes) {
        return jj_fail(err, JJ_ETOO_LARGE, "%zu bytes, at most %zu are allowed", size_bytes,
                       max_bytes);
    }
    json_t *loaded = jj_json_plain(text, size_bytes, JJ_JSON_DEPTH_MAX);
    if (loaded) {
        *value = loaded;
        return 0;
    }
    int rc = check_depth(text, size_bytes, err);
    if (rc) {
        return rc;
    }
    json_error_t error = {0};
    loaded = json_loadb(text, size_bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!loaded) {
        /* Where jansson finds a fault it says which; out of memory it mostly says nothing. */
        bool memory = !error.text[0] || json_error_code(&error) == json_error_out_of_memory;
        rc = memory ? jj_fail(err, JJ_EMEMORY, "out of memory")
                    : jj_fail(err, JJ_EMALFORMED, "%s", problem(&error));
        if (err) {
            err->line = error.line > 0 ? error.line : 0;
            err->column = error.column > 0 ? error.column : 0;
        }
        return rc;
    }
    *value = loaded;
    return 0;
}

int jj_json_load_file(json_t **value, const char *path, size_t max_bytes, jj_error *err)
{
    jj_buf text = {0};
    int rc = jj_file_read(path, max_bytes, &text, err);
    if (rc == 0) {
        rc = jj_json_load(value, text.data, text.size, max_bytes, err);
        if (rc && err) {
            snprintf(err->file, sizeof err->file, "%s", path);
        }
    }
    jj_buf_clear(&text);
    return rc;
}

static int add_part(const char *part, size_t size_bytes, void *arg)
{
    jj_buf *out = arg;
    jj_buf_add(out, part, size_bytes);
    return out->failed ? -1 : 0;
}

char *jj_json_text(const json_t *value, size_t flags)
{
    jj_buf out = {0};
    if (json_dump_callback(value, add_part, &out, flags)) {
        out.failed = true;
    }
    return jj_buf_take(&out);
}

json_t *jj_json_append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value)) {
        json_decref(array);
        return NULL;
    }
    return array;
}

json_t *jj_json_put(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

const char *jj_json_string(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}
