/* What is staged becomes durable: COMMIT, with everything that can come in between. */
#include "worker/internal.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 30000

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

int jj_worker_commit(jj_worker *worker, const uint64_t *cursor, jj_error *err)
{
    jj_buf options = {0};
    jj_reply reply = {0};
    int64_t pause_ms = PAUSE_MIN_MS;
    int rc = jj_staged_options(&worker->staged, worker->state, JJ_CONSUMER, cursor, &options, err);

    while (rc == 0) {
        rc = jj_link_request(&worker->link, "COMMIT", options.data, worker->staged.events,
                             worker->staged.count, &reply, err);
        if (rc == 0) {
            keep(worker, cursor);
            break;
        }
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
    jj_buf_clear(&options);
    return rc;
}

void jj_worker_settle(jj_worker *worker)
{
    jj_error err = {0};

    if (!jj_staged_any(&worker->staged, worker->state)) {
        return;
    }
    int rc = jj_worker_commit(worker, NULL, &err);
    if (rc == 0) {
        return;
    }
    jj_worker_undo(worker);
    if (rc == JJ_EUNAUTHORISED) {
        worker->failed = true;
    }
    if (!worker->link.stopping) {
        jj_log(JJ_ERROR, "what the plugin wanted to commit was refused and is dropped: %s: %s",
               jj_code_name(rc), err.text);
    }
}

void jj_worker_commit_cursor(jj_worker *worker, uint64_t cursor)
{
    char options[96];

    worker->commit_cursor = cursor;
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
    } else if (worker->commit_cursor > worker->committed) {
        jj_worker_commit_cursor(worker, worker->commit_cursor);
    }
    return true;
}
