/* What a relay may ask of its worker: the functions of jj_relay. */
#include "worker/internal.h"

#include "json/load.h"

#include <inttypes.h>

#define RELAY_DEPTH 2 /* pages: a relay that waits for its link keeps little in memory */

static jj_worker *worker_of(const jj_host *host)
{
    return host->ctx;
}

static uint64_t position(const jj_host *host)
{
    return worker_of(host)->committed;
}

static uint64_t cursor_of(const jj_host *host, const jj_event *event)
{
    const jj_delivery *batch = &worker_of(host)->batch;
    bool here = batch->cursors && event >= batch->events && event < batch->events + batch->count;
    return here ? batch->cursors[event - batch->events] : 0;
}

static uint64_t end_of(const jj_host *host)
{
    return worker_of(host)->batch.cursor;
}

static uint64_t first_of(const jj_host *host)
{
    return worker_of(host)->batch.first;
}

static uint64_t head_of(const jj_host *host)
{
    return worker_of(host)->head;
}

static const char *person_key_of(const jj_host *host)
{
    return worker_of(host)->person_key;
}

static void acknowledge(const jj_host *host, uint64_t cursor)
{
    jj_worker *worker = worker_of(host);

    worker->acknowledged = cursor > worker->acknowledged ? cursor : worker->acknowledged;
    /* With all that was taken is acknowledged what was passed by since. */
    if (worker->acknowledged >= worker->taken && worker->passed > worker->acknowledged) {
        worker->acknowledged = worker->passed;
    }
    if (worker->acknowledged > worker->committed) {
        jj_worker_commit_cursor(worker, worker->acknowledged);
    }
}

void jj_worker_pass_by(jj_worker *worker, uint64_t cursor)
{
    worker->passed = cursor;
    if (!worker->relay || worker->acknowledged >= worker->taken) {
        worker->acknowledged = cursor;
        jj_worker_commit_cursor(worker, cursor);
    }
}

static void hold(const jj_host *host, bool on)
{
    worker_of(host)->on_hold = on;
}

static void restart(const jj_host *host, uint64_t cursor)
{
    jj_worker *worker = worker_of(host);

    worker->taken = worker->passed = worker->acknowledged = cursor;
    jj_reader_seek(&worker->reader, cursor, worker->reader.max_events);
}

static bool write_options(const char *node, const uint64_t *sequences, size_t count, jj_buf *out)
{
    jj_buf_puts(out, "{\"origin\":{\"node\":");
    jj_buf_json_z(out, node);
    jj_buf_puts(out, ",\"sequences\":[");
    for (size_t i = 0; i < count; i++) {
        jj_buf_printf(out, "%s\"%" PRIu64 "\"", i ? "," : "", sequences[i]);
    }
    jj_buf_puts(out, "]}}");
    return !out->failed;
}

static int pass(const jj_host *host, const char *node, const jj_bytes *events,
                const uint64_t *sequences, size_t count, jj_passed_on *result, jj_error *err)
{
    jj_worker *worker = worker_of(host);
    jj_buf options = {0};
    jj_reply reply = {0};
    json_t *answer = NULL;

    if (worker->phase != JJ_PHASE_FREE) {
        return jj_fail(err, JJ_EFORBIDDEN, "nothing can be passed on within a batch");
    }
    int rc =
        write_options(node, sequences, count, &options)
            ? jj_link_request(&worker->link, "PUBLISH", options.data, events, count, &reply, err)
            : jj_fail(err, JJ_EMEMORY, "out of memory");
    rc = rc ? rc
            : jj_json_load(&answer, reply.result.data, reply.result.size_bytes, 4 * JJ_FRAME_MAX,
                           err);
    if (rc == 0) {
        *result = (jj_passed_on){
            .accepted = (size_t)json_integer_value(json_object_get(answer, "accepted")),
            .duplicate = (size_t)json_integer_value(json_object_get(answer, "duplicate")),
            .rejected = json_array_size(json_object_get(answer, "rejected"))};
    }
    json_decref(answer);
    jj_reply_clear(&reply);
    jj_buf_clear(&options);
    return rc;
}

const jj_relay *jj_worker_relay(jj_worker *worker)
{
    static const jj_relay relay = {
        .size_bytes = sizeof(jj_relay),
        .position = position,
        .cursor = cursor_of,
        .end = end_of,
        .first = first_of,
        .acknowledge = acknowledge,
        .hold = hold,
        .restart = restart,
        .pass = pass,
        .head = head_of,
        .person_key = person_key_of,
    };

    worker->relay = worker->reader.relay = true;
    worker->reader.depth = RELAY_DEPTH;
    worker->taken = worker->passed = worker->acknowledged = worker->committed;
    return &relay;
}
