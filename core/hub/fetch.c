/* FETCH: where a reader begins, and whether it is answered now or waits. */
#include "hub/internal.h"

#include "base/clock.h"
#include "json/load.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MAX_MS  60000
#define DEFER_MS     2000 /* a FETCH waits at least so long for earlier answers to be read */
#define EVENTS_USUAL 100

/* Notes that a consumer lives, where that keeps retention waiting; not each time it asks. */
static void note_seen(jj_hub *hub, const jj_consumer *consumer)
{
    int64_t lost_after_ms = hub->config->hub.lost_after_ms;
    if (lost_after_ms && !jj_journal_failed(hub->journal) &&
        jj_now_ms() - consumer->seen_ms > lost_after_ms / 16) {
        jj_journal_begin(hub->journal);
        jj_journal_consumer_seen(hub->journal, consumer);
    }
}

void jj_hub_see_plugins(jj_hub *hub)
{
    char name[128];
    jj_consumer consumer;
    for (size_t i = 0; i < hub->plugin_count && hub->config->hub.lost_after_ms; i++) {
        snprintf(name, sizeof name, "%s/main", hub->plugins[i].rights.agency);
        if (jj_journal_consumer(hub->journal, name, &consumer) == 0) {
            note_seen(hub, &consumer);
        }
    }
}

/* Where to begin: `after` if it is given, else where the named consumer stands, else the oldest
 * event that is kept. */
static int start_of(jj_hub *hub, const jj_request *request, uint64_t *after, uint64_t *lost,
                    jj_error *err)
{
    bool given;
    const char *name;
    jj_consumer consumer;
    uint64_t head = jj_journal_head(hub->journal);
    int rc = jj_option_cursor(request->options, "after", &given, after, err);
    rc = rc ? rc : jj_option_name(request->options, false, &name, err);
    if (rc == 0 && name) {
        rc = jj_hub_consumer(hub, request->rights, name, true, &consumer, err);
        if (rc == 0) {
            jj_hub_remember_filter(hub, &consumer, request->options);
            note_seen(hub, &consumer);
            *lost = consumer.untold;
        }
    }
    if (rc) {
        return rc;
    }
    if (!given) {
        *after = name ? consumer.cursor : jj_journal_tail(hub->journal) - 1;
    }
    if (given && name && *after < consumer.cursor) {
        *lost = 0; /* it goes back by itself: what is not there any more is counted from there */
    }
    if (*after > head) {
        return jj_fail(err, JJ_EINVALID,
                       "the cursor %llu is beyond the newest event (%llu): this is not the journal "
                       "that gave it, perhaps one restored from a backup",
                       (unsigned long long)*after, (unsigned long long)head);
    }
    return 0;
}

/* Where to end, at the latest. */
static int end_of(const jj_request *request, uint64_t after, uint64_t *upto, jj_error *err)
{
    bool given;
    int rc = jj_option_cursor(request->options, "upto", &given, upto, err);
    return rc == 0 && given && *upto <= after
               ? jj_fail(err, JJ_EINVALID, "upto: a cursor behind that where it begins is expected")
               : rc;
}

/* What it asks for; also on failure reader->filter is the caller's to clear. */
static int parse(jj_hub *hub, const jj_request *request, jj_waiter *reader, uint64_t *wait_ms,
                 jj_error *err)
{
    uint64_t max_events = 0;
    const char *name = jj_json_string(request->options, "name");
    int rc = jj_option_count(request->options, "max_events", EVENTS_USUAL, JJ_EVENTS_MAX,
                             &max_events, err);
    rc = rc ? rc : jj_option_count(request->options, "wait_ms", 0, WAIT_MAX_MS, wait_ms, err);
    rc = rc ? rc : jj_filter_parse(request->options, &reader->filter, err) ? 0 : JJ_EINVALID;
    rc = rc ? rc : jj_filter_check(hub, &reader->filter, err);
    rc = rc ? rc : start_of(hub, request, &reader->after, &reader->lost, err);
    rc = rc ? rc : end_of(request, reader->after, &reader->upto, err);
    reader->rights = request->rights;
    reader->max_events = max_events ? max_events : 1;
    snprintf(reader->consumer, sizeof reader->consumer, "%s", name ? name : "");
    return rc;
}

void jj_hub_fetch(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    jj_waiter reader = {0};
    uint64_t wait_ms = 0;
    if (parse(hub, request, &reader, &wait_ms, &err)) {
        jj_request_fail(request, &err);
        goto out;
    }
    if (!jj_return_path_copy(&reader.path, request)) {
        goto out; /* no memory even for the answer */
    }
    if (jj_hub_unread(hub, request->rights, request->account) != JJ_UNREAD_FEW) {
        reader.deferred = true;
        jj_hub_wait(hub, request, &reader, wait_ms > DEFER_MS ? wait_ms : DEFER_MS);
        goto out;
    }
    if (reader.consumer[0] && jj_hub_redeliver(hub, request, reader.consumer, reader.after)) {
        goto out;
    }
    switch (jj_hub_answer(hub, &reader, wait_ms == 0, &err)) {
    case JJ_FETCHED_ANSWERED:
        break;
    case JJ_FETCHED_NOTHING:
        jj_hub_wait(hub, request, &reader, wait_ms);
        break;
    default:
        jj_request_fail(request, &err);
    }
out:
    jj_return_path_clear(&reader.path);
    jj_filter_clear(&reader.filter);
}
