#include "worker/draft.h"

#include "base/clock.h"
#include "base/id.h"
#include "jejaring/client.h"

#include <stdio.h>
#include <string.h>

static jj_part part(const char *text)
{
    return (jj_part){text, strlen(text)};
}

static void make_id(const jj_draft *draft, const char *source, char id[JJ_UUID_SIZE])
{
    const jj_event *cause = draft->cause;
    const jj_part parts[] = {
        part(cause ? "reaction" : "own"),   part(cause ? cause->source : source),
        part(cause ? cause->id : ""),       part(draft->type),
        part(draft->key ? draft->key : ""),
    };
    unsigned char hash[16];

    jj_hash(NULL, parts, sizeof parts / sizeof *parts, hash, sizeof hash);
    jj_uuid_from_hash(hash, id);
}

static void add(jj_buf *out, const char *name, const char *value)
{
    if (value && *value) {
        jj_buf_printf(out, ",\"%s\":", name);
        jj_buf_json_z(out, value);
    }
}

/* Fifteen digits give back any decimal number of up to fifteen digits as it was written. */
#define DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

static int append(const char *text, size_t size_bytes, void *out)
{
    jj_buf_add(out, text, size_bytes);
    return ((jj_buf *)out)->failed ? -1 : 0;
}

static int check(const jj_draft *draft, jj_error *err)
{
    if (!draft->type || !json_is_object(draft->data)) {
        return jj_fail(err, JJ_EINVALID, "a draft needs a type, and an object as its data");
    }
    if (draft->cause && (!draft->cause->id || !draft->cause->source)) {
        return jj_fail(err, JJ_EINVALID, "the cause of a draft has no id or no source");
    }
    if (!draft->cause && !(draft->key && *draft->key)) {
        return jj_fail(err, JJ_EINVALID,
                       "a draft without a cause needs a key: its id is made from it");
    }
    return 0;
}

int jj_draft_write(const jj_draft *draft, const jj_origin *origin, int64_t now_ms, jj_buf *out,
                   jj_error *err)
{
    char id[JJ_UUID_SIZE], time[JJ_TIME_SIZE], source[256];
    const jj_event *cause = draft->cause;
    int64_t time_ms = draft->time_ms ? draft->time_ms : cause ? cause->time_ms : now_ms;
    int rc = check(draft, err);

    if (rc) {
        return rc;
    }
    snprintf(source, sizeof source, "/%s/%s", origin->node, origin->instance);
    make_id(draft, source, id);
    jj_time_format(time_ms, time);

    jj_buf_reset(out);
    jj_buf_puts(out, "{\"specversion\":\"1.0\"");
    add(out, "id", id);
    add(out, "source", source);
    add(out, "type", draft->type);
    add(out, "time", time);
    add(out, "region",
        draft->region            ? draft->region
        : cause && cause->region ? cause->region
                                 : origin->region);
    add(out, "subject", draft->subject);
    add(out, "recipient", draft->recipient);
    add(out, "cause", cause ? cause->id : NULL);
    jj_buf_puts(out, ",\"data\":");
    json_dump_callback(draft->data, append, out, DUMP_FLAGS);
    jj_buf_putc(out, '}');
    if (out->failed) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (out->size > JJ_FRAME_MAX) {
        return jj_fail(err, JJ_ETOO_LARGE, "the event has %zu bytes, at most %d are allowed",
                       out->size, JJ_FRAME_MAX);
    }
    return 0;
}
