#include "hub/internal.h"

#include "jejaring/pack.h"

#include "base/text.h"
#include "event/key.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64

static bool bytes_are(jj_bytes bytes, const char *text)
{
    return strlen(text) == bytes.size_bytes && memcmp(bytes.data, text, bytes.size_bytes) == 0;
}

/* Frames before "JJ1": the routing id, and the empty delimiter that a REQ sends. */
static size_t find_head(const jj_message *message)
{
    return message->count > 1 && jj_message_frame(message, 1).size_bytes == 0 ? 2 : 1;
}

bool jj_request_head(jj_request *request, jj_error *err)
{
    request->head = find_head(request->message);
    request->id = jj_message_frame(request->message, request->head + 2);
    if (request->id.size_bytes > NAME_MAX_BYTES) {
        request->id = (jj_bytes){"", 0};
        jj_fail(err, JJ_EMALFORMED, "the request id is longer than %d bytes", NAME_MAX_BYTES);
        return false;
    }
    return true;
}

/* Of agencies they are bounded, since parsing them keeps everybody waiting. */
static int parse_options(jj_request *request, jj_bytes options, bool local, jj_error *err)
{
    if (!local && jj_json_is_wide(options.data, options.size_bytes)) {
        return jj_fail(err, JJ_ETOO_LARGE, "the options have more than %d values",
                       JJ_JSON_VALUES_MAX);
    }
    int rc = jj_json_load(&request->options, options.data, options.size_bytes,
                          local ? JJ_FRAME_MAX : JJ_OPTIONS_MAX, err);
    if (rc) {
        char why[sizeof err->text];
        memcpy(why, err->text, sizeof why);
        jj_fail(err, err->code, "the options are not a JSON object: %.400s", why);
    }
    return rc;
}

bool jj_request_parse(jj_request *request, bool local, jj_error *err)
{
    const jj_message *message = request->message;
    if (!jj_request_head(request, err)) {
        return false;
    }
    size_t head = request->head;
    if (message->overflow) {
        jj_fail(err, JJ_ETOO_LARGE, "more than %d events, or %d bytes, in one message",
                JJ_EVENTS_MAX, JJ_MESSAGE_MAX);
        return false;
    }
    if (message->count < head + 4) {
        jj_fail(err, JJ_EMALFORMED,
                "a request has the frames \"%s\", verb, request id, options, events", JJ_PROTOCOL);
        return false;
    }
    if (!bytes_are(jj_message_frame(message, head), JJ_PROTOCOL)) {
        jj_fail(err, JJ_EMALFORMED, "the first frame is not \"%s\", the only version spoken here",
                JJ_PROTOCOL);
        return false;
    }
    request->verb = jj_message_frame(message, head + 1);
    request->first_event = head + 4;
    request->event_count = message->count - head - 4;
    if (request->event_count > JJ_EVENTS_MAX) {
        jj_fail(err, JJ_ETOO_LARGE, "more than %d events in one message", JJ_EVENTS_MAX);
        return false;
    }
    if (parse_options(request, jj_message_frame(message, head + 3), local, err)) {
        return false;
    }
    if (!json_is_object(request->options)) {
        jj_fail(err, JJ_EMALFORMED, "the options are not a JSON object");
        return false;
    }
    return true;
}

void jj_request_clear(jj_request *request)
{
    json_decref(request->options);
    free(request->unpacked);
    free(request->unpacked_text);
    request->options = NULL;
    request->unpacked = NULL;
    request->unpacked_text = NULL;
}

jj_bytes jj_request_event(const jj_request *request, size_t index)
{
    return request->unpacked ? request->unpacked[index]
                             : jj_message_frame(request->message, request->first_event + index);
}

int jj_request_unpack(jj_request *request, jj_error *err)
{
    const json_t *option = json_object_get(request->options, "packed");
    const char *how = jj_json_string(option, "how");
    const json_t *events = json_object_get(option, "events");
    if (!option) {
        return 0;
    }
    if (!how || strcmp(how, JJ_PACKED) != 0 || !json_is_integer(events) ||
        json_integer_value(events) < 0 || request->event_count != 1) {
        jj_fail(err, JJ_EMALFORMED,
                "{\"how\": \"" JJ_PACKED "\", \"events\": NUMBER} and one frame are expected");
        snprintf(err->field, sizeof err->field, "/packed");
        return JJ_EMALFORMED;
    }
    size_t count = (size_t)json_integer_value(events);
    jj_bytes *list = calloc(count <= JJ_EVENTS_MAX ? count + 1 : 1, sizeof *list);
    int rc =
        list ? jj_unpack(jj_request_event(request, 0), list, count, &request->unpacked_text, err)
             : jj_fail(err, JJ_EMEMORY, "out of memory");
    if (rc) {
        free(list);
        return rc;
    }
    request->unpacked = list;
    request->event_count = count;
    return 0;
}

/* ---- Answers ------------------------------------------------------------------------------ */

bool jj_return_path_copy(jj_return_path *path, const jj_request *request)
{
    jj_bytes routing = jj_message_frame(request->message, 0);
    *path = (jj_return_path){
        .door = request->door, .account = request->account, .delimiter = request->head == 2};
    jj_buf_add(&path->routing, routing.data, routing.size_bytes);
    jj_buf_add(&path->id, request->id.data, request->id.size_bytes);
    return !path->routing.failed && !path->id.failed;
}

bool jj_return_path_of(jj_return_path *path, const jj_return_path *from)
{
    *path = (jj_return_path){
        .door = from->door, .account = from->account, .delimiter = from->delimiter};
    jj_buf_add(&path->routing, from->routing.data, from->routing.size);
    jj_buf_add(&path->id, from->id.data, from->id.size);
    return !path->routing.failed && !path->id.failed;
}

void jj_return_path_clear(jj_return_path *path)
{
    jj_buf_clear(&path->routing);
    jj_buf_clear(&path->id);
}

void jj_return_path_start(const jj_return_path *path, jj_message *answer, const char *kind,
                          const char *result, size_t result_size)
{
    jj_message_add(answer, path->routing.data, path->routing.size);
    if (path->delimiter) {
        jj_message_add(answer, "", 0);
    }
    jj_message_add_z(answer, JJ_PROTOCOL);
    jj_message_add_z(answer, kind);
    jj_message_add(answer, path->id.data, path->id.size);
    jj_message_add(answer, result, result_size);
}

void jj_return_path_send(const jj_return_path *path, jj_message *answer)
{
    if (path->account && answer->count) {
        jj_message_track(answer, &path->account->tally);
    }
    jj_socket_send(path->door->socket, answer);
}

void jj_request_reply(const jj_request *request, const char *kind, const char *result,
                      size_t result_size)
{
    jj_return_path path;
    jj_message answer = {0};
    if (jj_return_path_copy(&path, request)) {
        jj_return_path_start(&path, &answer, kind, result, result_size);
        jj_return_path_send(&path, &answer);
    }
    jj_message_clear(&answer);
    jj_return_path_clear(&path);
}

void jj_error_result(const jj_error *err, jj_buf *out)
{
    /* That this hub lacks memory is no fault of the request: it may be sent again. */
    int code = err->code == JJ_EMEMORY ? JJ_EUNAVAILABLE : err->code;
    jj_buf_puts(out, "{\"code\":");
    jj_buf_json_z(out, jj_code_name(code));
    jj_buf_puts(out, ",\"detail\":");
    jj_buf_json_z(out, err->text);
    if (err->field[0]) {
        jj_buf_puts(out, ",\"field\":");
        jj_buf_json_z(out, err->field);
    }
    jj_buf_putc(out, '}');
}

void jj_request_fail(const jj_request *request, const jj_error *err)
{
    jj_buf result = {0};
    jj_error_result(err, &result);
    if (!result.failed) {
        jj_request_reply(request, "ERROR", result.data, result.size);
    }
    jj_buf_clear(&result);
}

/* ---- Options ------------------------------------------------------------------------------ */

static int bad_option(jj_error *err, const char *name, const char *expected)
{
    jj_fail(err, JJ_EMALFORMED, "%s", expected);
    snprintf(err->field, sizeof err->field, "/%s", name);
    return JJ_EMALFORMED;
}

int jj_option_count(const json_t *options, const char *name, uint64_t initial, uint64_t max,
                    uint64_t *value, jj_error *err)
{
    const json_t *given = json_object_get(options, name);
    if (!given) {
        *value = initial;
        return 0;
    }
    if (!json_is_integer(given) || json_integer_value(given) < 0) {
        return bad_option(err, name, "a whole number is expected");
    }
    uint64_t number = (uint64_t)json_integer_value(given);
    *value = number > max ? max : number;
    return 0;
}

int jj_option_cursor(const json_t *options, const char *name, bool *given, uint64_t *cursor,
                     jj_error *err)
{
    const json_t *value = json_object_get(options, name);
    const char *text = json_string_value(value);
    *given = value != NULL;
    if (!value) {
        return 0;
    }
    if (!text || !jj_parse_u64(text, cursor) || *cursor > INT64_MAX) {
        return bad_option(err, name, "a cursor is expected: a string of decimal digits");
    }
    return 0;
}

int jj_option_name(const json_t *options, bool required, const char **name, jj_error *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const json_t *value = json_object_get(options, "name");
    const char *text = json_string_value(value);
    *name = NULL;
    if (!value && !required) {
        return 0;
    }
    if (!text || !*text || strlen(text) > NAME_MAX_BYTES || strspn(text, allowed) != strlen(text) ||
        jj_holds_nik(text)) {
        return bad_option(err, "name",
                          "the consumer's name is expected: 1 to 64 letters, digits, . _ - (and "
                          "nobody's NIK)");
    }
    *name = text;
    return 0;
}
