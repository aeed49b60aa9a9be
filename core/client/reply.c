/* A hub's answer: from a message to a jj_reply, which keeps its memory. */
#include "client/internal.h"

#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a reply's memory hangs on. */
typedef struct reply_memory {
    jj_message message;
    jj_bytes events[];
} reply_memory;

static bool bytes_are(jj_bytes bytes, const char *text)
{
    return strlen(text) == bytes.size_bytes && memcmp(bytes.data, text, bytes.size_bytes) == 0;
}

/* The code of an ERROR's result. Whatever it says, an ERROR is never a success. */
static int error_code(jj_bytes result)
{
    json_t *object = NULL;
    int code = JJ_EUNAVAILABLE;
    if (jj_json_load(&object, result.data, result.size_bytes, JJ_FRAME_MAX, NULL) == 0) {
        const char *name = jj_json_string(object, "code");
        code = name ? jj_code_parse(name) : code;
    }
    json_decref(object);
    return code < 0 ? code : JJ_EUNAVAILABLE;
}

static int code_of(jj_bytes kind, jj_bytes result)
{
    if (bytes_are(kind, "OK") || bytes_are(kind, "EVENTS")) {
        return 0;
    }
    return bytes_are(kind, "ERROR") ? error_code(result) : JJ_EVERSION;
}

bool jj_reply_number(const jj_message *message, uint64_t *number)
{
    jj_bytes version = jj_message_frame(message, 0), given = jj_message_frame(message, 2);
    char digits[24] = "";
    if (message->count < 4 || !bytes_are(version, JJ_PROTOCOL) || given.size_bytes > 20) {
        return false;
    }
    memcpy(digits, given.data, given.size_bytes);
    *number = strtoull(digits, NULL, 10);
    return true;
}

bool jj_reply_take(jj_message *message, uint64_t number, jj_reply *reply)
{
    size_t count = message->count - 4;
    reply_memory *memory = malloc(sizeof *memory + count * sizeof *memory->events);
    if (!memory) {
        return false;
    }
    memory->message = *message;
    *message = (jj_message){0};
    for (size_t i = 0; i < count; i++) {
        memory->events[i] = jj_message_frame(&memory->message, i + 4);
    }
    jj_bytes kind = jj_message_frame(&memory->message, 1);
    jj_bytes result = jj_message_frame(&memory->message, 3);
    *reply = (jj_reply){.code = code_of(kind, result),
                        .request = number,
                        .result = result,
                        .events = memory->events,
                        .event_count = count,
                        .owner = memory};
    return true;
}

void jj_reply_clear(jj_reply *reply)
{
    reply_memory *memory = reply->owner;
    if (memory) {
        jj_message_clear(&memory->message);
        free(memory);
    }
    *reply = (jj_reply){0};
}

int jj_reply_error(const jj_reply *reply, jj_error *err)
{
    json_t *object = NULL;
    jj_fail(err, reply->code, "%s", jj_code_name(reply->code));
    if (err && jj_json_load(&object, reply->result.data, reply->result.size_bytes, JJ_FRAME_MAX,
                            NULL) == 0) {
        const char *detail = jj_json_string(object, "detail");
        const char *field = jj_json_string(object, "field");
        if (detail) {
            snprintf(err->text, sizeof err->text, "%s", detail);
        }
        snprintf(err->field, sizeof err->field, "%s", field ? field : "");
    }
    json_decref(object);
    return reply->code;
}
