/* What is staged becomes durable: COMMIT, with everything that can come in between. */
#include "worker/internal.h"

#include "base/log.h"
#include "json/load.h"

#include <inttypes.h>
#include <stdio.h>

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 30000
#define COMPLAINT_MS 10000 /* between two of the same sort */

void jj_worker_undo(jj_worker *worker)
{
    jj_staged_reset(&worker->staged);
    jj_state_undo(worker->state);
}

static void keep(jj_worker *worker, const uint64_t *cursor)
{
    jj_staged_reset(&worker->staged);
    jj_state_keep(worker->state);
    if (cursor) {
        worker->committed = *cursor;
    }
}

/* The hub could not do it now, which says nothing about the commit itself. */
static bool is_temporary(int code)
{
    return code == JJ_EBUSY || code == JJ_EUNAVAILABLE;
}

/* Sends it until the hub can. */
static int send_commit(jj_worker *worker, const jj_buf *options, size_t count, jj_error *err)
{
    jj_reply reply = {0};
    int64_t pause_ms = PAUSE_MIN_MS;
    int rc = options->failed ? jj_fail(err, JJ_EMEMORY, "out of memory") : 0;

    while (rc == 0) {
        rc = jj_link_request(&worker->link, "COMMIT", options->data, worker->staged.events, count,
                             &reply, err);
        if (!is_temporary(rc)) {
            break;
        }
        if (pause_ms == PAUSE_MIN_MS) {
            jj_log(JJ_WARNING, "the hub cannot commit (%s: %s); trying until it can",
                   jj_code_name(rc), err->text);
        }
        if (!jj_link_pause(&worker->link, pause_ms)) {
            break;
        }
        pause_ms = 2 * pause_ms < PAUSE_MAX_MS ? 2 * pause_ms : PAUSE_MAX_MS;
        rc = 0;
    }
    jj_reply_clear(&reply);
    return rc;
}

/* More rejections than one COMMIT can carry go ahead of it: told again after a crash in between,
 * when the batch comes again. */
static int report_ahead(jj_worker *worker, jj_buf *options, jj_error *err)
{
    int rc = 0;

    while (rc == 0 && jj_staged_report(&worker->staged, JJ_CONSUMER, options)) {
        rc = send_commit(worker, options, 0, err);
    }
    return rc;
}

int jj_worker_commit(jj_worker *worker, const uint64_t *cursor, jj_error *err)
{
    jj_buf options = {0};
    int rc = report_ahead(worker, &options, err);

    rc = rc ? rc
            : jj_staged_options(&worker->staged, worker->state, JJ_CONSUMER, cursor, &options, err);
    rc = rc ? rc : send_commit(worker, &options, worker->staged.count, err);
    if (rc == 0) {
        keep(worker, cursor);
    }
    jj_buf_clear(&options);
    return rc;
}

bool jj_worker_is_refusal(int code)
{
    return code != JJ_EUNAUTHORISED && code != JJ_ETIMEOUT && code != JJ_EMEMORY &&
           !is_temporary(code);
}

static void tell_refused(jj_worker *worker, const jj_reply *reply)
{
    json_t *result = NULL;
    unsigned more = 0;
    jj_json_load(&result, reply->result.data, reply->result.size_bytes, JJ_FRAME_MAX, NULL);
    const json_t *rejected = json_object_get(result, "rejected");
    const json_t *first = json_array_get(rejected, 0);
    if (first && jj_throttle_pass(&worker->complaint, COMPLAINT_MS, &more)) {
        const jj_log_fields fields = {.id = JJ_LOG_REJECTED};
        jj_log_with(JJ_ERROR, &fields,
                    "%zu of %zu events that the plugin said by itself were refused and are in "
                    "quarantine, the first with %s at %s: %s (%u more such messages were not "
                    "logged)",
                    json_array_size(rejected), worker->staged.count,
                    json_string_value(json_object_get(first, "code")),
                    json_string_value(json_object_get(first, "field")),
                    json_string_value(json_object_get(first, "detail")), more);
    }
    json_decref(result);
}

/* What a plugin says by itself comes of no event that could be put aside: each draft stands for
 * itself. The hub takes those that it can and keeps the others in quarantine with its reason; the
 * state is committed as if all had been taken, so that none is tried for ever. Ids and times come
 * from what caused them: what is said again after a crash in between is a duplicate. */
static int settle_apart(jj_worker *worker, jj_error *err)
{
    jj_reply reply = {0};
    int rc = jj_link_request(&worker->link, "PUBLISH", "{}", worker->staged.events,
                             worker->staged.count, &reply, err);
    if (rc == 0) {
        tell_refused(worker, &reply);
        jj_staged_reset(&worker->staged);
        rc = jj_state_is_staged(worker->state) ? jj_worker_commit(worker, NULL, err) : 0;
    }
    jj_reply_clear(&reply);
    return rc;
}

void jj_worker_settle(jj_worker *worker)
{
    jj_error err = {0};

    if (!jj_staged_any(&worker->staged, worker->state)) {
        return;
    }
    int rc = jj_worker_commit(worker, NULL, &err);
    if (worker->staged.count > 0 && jj_worker_is_refusal(rc)) {
        rc = settle_apart(worker, &err);
    }
    if (rc == 0) {
        return;
    }
    jj_worker_undo(worker);
    if (rc == JJ_EUNAUTHORISED || rc == JJ_EMEMORY) {
        worker->failed = true; /* as after a crash: begun anew, it is done again */
    }
    if (!worker->link.stopping && jj_throttle_pass(&worker->complaint, COMPLAINT_MS, NULL)) {
        jj_log(JJ_ERROR, "what the plugin wanted to commit was refused and is dropped: %s: %s",
               jj_code_name(rc), err.text);
    }
}

void jj_worker_commit_cursor(jj_worker *worker, uint64_t cursor)
{
    char options[96];

    worker->commit_cursor = cursor;
    worker->commit_waits = true;
    if (worker->commit_request) {
        return; /* it will be sent when this one is answered */
    }
    snprintf(options, sizeof options, "{\"name\":\"%s\",\"cursor\":\"%" PRIu64 "\"}", JJ_CONSUMER,
             cursor);
    if (jj_client_send(worker->link.client, "COMMIT", options, NULL, 0, &worker->commit_request,
                       NULL)) {
        worker->commit_request = 0; /* the next batch tries again */
        return;
    }
    worker->commit_waits = false;
    worker->committed = cursor;
}

bool jj_worker_cursor_answer(jj_worker *worker, const jj_reply *reply)
{
    jj_error err;

    if (reply->request != worker->commit_request || !worker->commit_request) {
        return false;
    }
    worker->commit_request = 0;
    if (reply->code) {
        jj_reply_error(reply, &err);
        jj_log(JJ_WARNING, "the hub did not take the cursor (%s: %s); the next one will do",
               jj_code_name(reply->code), err.text);
    } else if (worker->commit_waits) {
        jj_worker_commit_cursor(worker, worker->commit_cursor);
    }
    return true;
}
