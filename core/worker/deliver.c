/* Batches: from the reader to the plugin, and with what came of them to the hub. */
#include "worker/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

#define LATER_MIN_MS 100
#define LATER_MAX_MS 30000
/* Batches for a plugin with a cursor of its own begin with so many pages. One that takes longer
 * than this has the next ones halved, one that takes less than half of it has them doubled. */
#define PAGES_FIRST  10
#define BATCH_MAX_MS 3000

static void allow(jj_worker *worker, size_t pages)
{
    pages = pages > 0 ? pages : 1;
    worker->pages = pages < JJ_DELIVERY_PAGES_MAX ? pages : JJ_DELIVERY_PAGES_MAX;
    worker->reader.depth = worker->pages;
}

/* The more events come at once, the less each of them costs: a page of a large table is visited
 * once for several of them. But nothing must take so long that it looks stuck. */
static void mind_time(jj_worker *worker, int64_t took_ms)
{
    bool full = worker->batch.page_count == worker->pages;

    if (took_ms > BATCH_MAX_MS) {
        allow(worker, worker->pages / 2);
    } else if (full && took_ms < BATCH_MAX_MS / 2) {
        allow(worker, 2 * worker->pages);
    }
}

int jj_worker_resume(jj_worker *worker, jj_error *err)
{
    uint64_t cursor = worker->committed;

    if (worker->plugin->resume) {
        int rc = worker->plugin->resume(worker->self, &cursor, err);
        if (rc) {
            return rc;
        }
        allow(worker, worker->pages ? worker->pages : PAGES_FIRST);
    }
    jj_reader_seek(&worker->reader, cursor, worker->reader.max_events);
    return 0;
}

/* Delivers again after a while: twice as long each time. */
static void later(jj_worker *worker)
{
    jj_error err = {0};

    worker->later_ms = worker->later_ms ? 2 * worker->later_ms : LATER_MIN_MS;
    worker->later_ms = worker->later_ms < LATER_MAX_MS ? worker->later_ms : LATER_MAX_MS;
    worker->deliver_at_ms = jj_monotonic_ms() + worker->later_ms;
    if (worker->pages) {
        allow(worker, 1); /* what is wrong may be one event: it is found sooner among few */
    }
    jj_log(JJ_DEBUG, "the plugin asks for a pause; delivering again in %" PRId64 " ms",
           worker->later_ms);
    /* Where a plugin keeps its own cursor only it knows whether its last step was taken. */
    if (jj_worker_resume(worker, &err)) {
        jj_reader_seek(&worker->reader, worker->batch.after, worker->reader.max_events);
        jj_log(JJ_DEBUG, "the plugin cannot say where to resume: %s", err.text);
    }
}

/* One event of which the plugin makes something that the hub will never take: it goes to
 * quarantine, and the rest goes on. */
static int put_aside(jj_worker *worker, const jj_error *why, jj_error *err)
{
    char reason[sizeof why->text];

    snprintf(reason, sizeof reason, "what %s made of it was refused: %.400s",
             worker->instance->name, why->text);
    const jj_event *event = &worker->batch.events[0];
    const jj_log_fields fields = {
        .id = JJ_LOG_REJECTED, .type = event->type, .region = event->region};
    jj_log_with(JJ_WARNING, &fields, "an event of type %s goes to quarantine: %s", event->type,
                reason);
    jj_staged_reject(&worker->staged, worker->batch.events[0].key, reason);
    return jj_worker_commit(worker, &worker->batch.cursor, err);
}

/* The hub refuses what came of a batch: it is divided until the event is found that is to blame. */
static int refused(jj_worker *worker, const jj_error *why, jj_error *err)
{
    size_t count = worker->batch.count;

    jj_worker_undo(worker);
    if (worker->plugin->resume) {
        /* Its own cursor has moved already: the batch cannot be had again. */
        jj_log(JJ_ERROR, "what the plugin published was refused and is dropped: %s", why->text);
        jj_worker_commit_cursor(worker, worker->batch.cursor);
        return 0;
    }
    if (count == 1 && worker->tried_again) {
        worker->tried_again = false;
        return put_aside(worker, why, err);
    }
    if (count == 1) {
        /* It may be something left from before that is said now: timers come first. */
        worker->tried_again = true;
        worker->deliver_at_ms = jj_monotonic_ms() + LATER_MIN_MS;
        jj_reader_seek(&worker->reader, worker->committed, 1);
        return 0;
    }
    jj_log(JJ_NOTICE, "what came of %zu events cannot be committed (%s); trying with half of them",
           count, why->text);
    jj_reader_seek(&worker->reader, worker->committed, count / 2);
    return 0;
}

static void succeeded(jj_worker *worker)
{
    jj_reader *reader = &worker->reader;

    worker->later_ms = 0;
    worker->tried_again = false;
    worker->delivered += worker->batch.count;
    if (reader->max_events < JJ_EVENTS_MAX) {
        reader->max_events =
            2 * reader->max_events < JJ_EVENTS_MAX ? 2 * reader->max_events : JJ_EVENTS_MAX;
    }
}

static void commit_batch(jj_worker *worker)
{
    jj_error why = {0}, err = {0};

    if (worker->plugin->resume && !jj_staged_any(&worker->staged, worker->state)) {
        jj_worker_commit_cursor(worker, worker->batch.cursor);
        succeeded(worker);
        return;
    }
    int rc = jj_worker_commit(worker, &worker->batch.cursor, &why);
    if (rc == 0) {
        succeeded(worker);
        return;
    }
    if (jj_worker_is_refusal(rc)) {
        rc = refused(worker, &why, &err);
    } else {
        jj_worker_undo(worker);
        err = why;
    }
    if (rc && !worker->link.stopping) {
        jj_log_error(JJ_ERROR, "cannot commit", &err);
        worker->failed = true;
    }
}

/* Hands the batch to the plugin and does what it answers. */
static void process(jj_worker *worker)
{
    jj_delivery *batch = &worker->batch;
    jj_error err = {0};

    if ((worker->relay && jj_delivery_places(batch, &err)) ||
        (worker->reader.publishers && jj_delivery_publishers(batch, &err)) ||
        jj_delivery_parse(batch, &err)) {
        jj_log_error(JJ_ERROR, "cannot read a batch", &err);
        worker->failed = true;
        return;
    }
    if (batch->unreadable) {
        jj_log(JJ_ERROR, "the hub sent %zu events that cannot be read; they are left out",
               batch->unreadable);
    }
    if (batch->count == 0) {
        jj_worker_pass_by(worker, batch->cursor);
        return;
    }
    jj_reader_fill(&worker->reader); /* the next pages come while the plugin is at work */
    if (worker->plugin->batch) {
        worker->plugin->batch(worker->self, batch->after, batch->cursor);
    }
    worker->phase = JJ_PHASE_BATCH;
    int64_t start_us = jj_monotonic_us();
    int verdict = worker->plugin->on_events(worker->self, batch->events, batch->count);
    worker->phase = JJ_PHASE_FREE;
    jj_log(JJ_DEBUG, "%zu events took %" PRId64 " us: %s", batch->count,
           jj_monotonic_us() - start_us,
           verdict == JJ_DONE    ? "done"
           : verdict == JJ_TAKEN ? "taken"
                                 : "later");
    if (worker->pages && verdict == JJ_DONE) {
        mind_time(worker, (jj_monotonic_us() - start_us) / 1000);
    }
    if (verdict == JJ_DONE) {
        commit_batch(worker);
    } else if (verdict == JJ_TAKEN && worker->relay) {
        worker->taken = batch->cursor;
        succeeded(worker);
        jj_worker_settle(worker); /* state, without the cursor */
    } else {
        jj_worker_undo(worker);
        later(worker);
    }
}

bool jj_worker_deliver(jj_worker *worker)
{
    size_t pages = worker->pages && worker->reader.max_events == JJ_EVENTS_MAX ? worker->pages : 1;

    if (worker->failed || worker->link.stopping || worker->on_hold ||
        jj_monotonic_ms() < worker->deliver_at_ms ||
        !jj_reader_take(&worker->reader, pages, &worker->batch)) {
        return false;
    }
    worker->head = worker->batch.cursor > worker->head ? worker->batch.cursor : worker->head;
    if (worker->batch.count > 0) {
        process(worker);
    } else if (worker->batch.cursor > worker->committed) {
        jj_worker_pass_by(worker, worker->batch.cursor);
    }
    jj_delivery_clear(&worker->batch);
    return true;
}
