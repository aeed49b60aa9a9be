#include "jejaring/subscribe.h"

#include "client/internal.h"

#include "base/clock.h"
#include "json/load.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS        200   /* how soon a stop is noticed */
#define WAIT_MAX_MS    30000 /* how long the hub may wait for an event before it answers with none */
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   10000
#define EVENTS_USUAL   100
#define SILENCE_MS     3000  /* the bell's heartbeat comes every second */
#define REOPEN_MS      15000 /* until a silent bell is connected to anew */
#define CURSOR_SIZE    24    /* 20 digits and more than a NUL */

typedef struct follower {
    jj_client *client;
    const jj_subscription *what;
    jj_on_batch on_batch;
    void *arg;
    char cursor[CURSOR_SIZE];    /* handled up to here; empty: where the consumer stands */
    char committed[CURSOR_SIZE]; /* asked to commit up to here */
    uint64_t commit;             /* request under way; 0: none */
    int pause_ms;
    bool caught_up;    /* the last answer was to the end of the journal */
    jj_socket *bell;   /* NULL: there is none */
    uint64_t rung;     /* the newest cursor that it told of */
    int64_t heard_ms;  /* monotonic: when it was heard last */
    int64_t reopen_ms; /* monotonic: when to connect to it anew */
} follower;

static bool must_stop(const follower *f)
{
    return f->what->stop && *f->what->stop;
}

/* Waits, longer each time. */
static void pause_longer(follower *f)
{
    for (int left_ms = f->pause_ms; left_ms > 0 && !must_stop(f); left_ms -= LOOK_MS) {
        poll(NULL, 0, left_ms < LOOK_MS ? left_ms : LOOK_MS);
    }
    f->pause_ms = f->pause_ms * 2 < PAUSE_MAX_MS ? f->pause_ms * 2 : PAUSE_MAX_MS;
}

static bool passes_by_itself(int code)
{
    return code == JJ_EBUSY || code == JJ_EUNAVAILABLE || code == JJ_ETIMEOUT;
}

/* Sends a request without events; takes options. */
static int send_json(follower *f, const char *verb, json_t *options, uint64_t *number,
                     jj_error *err)
{
    char *text = options ? jj_json_text(options, JSON_COMPACT) : NULL;
    int rc = text ? jj_client_send(f->client, verb, text, NULL, 0, number, err)
                  : jj_fail(err, JJ_EMEMORY, "out of memory");
    free(text);
    json_decref(options);
    return rc;
}

/* ---- Commit ------------------------------------------------------------------------------- */

static int send_commit(follower *f, jj_error *err)
{
    memcpy(f->committed, f->cursor, sizeof f->committed);
    return send_json(f, "COMMIT",
                     json_pack("{s:s, s:s}", "name", f->what->name, "cursor", f->cursor),
                     &f->commit, err);
}

/* Sees the commit that is under way through, however often it takes. The events were handled: a
 * stop does not wait for it, and they come once more. */
static int finish_commit(follower *f, bool last, jj_error *err)
{
    int waited_ms = 0;
    while (f->commit) {
        jj_reply reply = {0};
        int rc = jj_client_await(f->client, f->commit, LOOK_MS, &reply, err);
        if (rc == JJ_ETIMEOUT) {
            waited_ms += LOOK_MS;
            if ((must_stop(f) || last) && waited_ms >= jj_client_timeout_ms(f->client)) {
                return last ? rc : 0;
            }
            continue;
        }
        rc = rc ? rc : reply.code ? jj_reply_error(&reply, err) : 0;
        jj_reply_clear(&reply);
        f->commit = 0;
        if (rc == 0) {
            f->pause_ms = PAUSE_FIRST_MS;
        } else if (passes_by_itself(rc) && !must_stop(f)) {
            pause_longer(f);
            rc = send_commit(f, err);
        }
        if (rc) {
            return must_stop(f) && passes_by_itself(rc) ? 0 : rc;
        }
    }
    return 0;
}

/* One commit is under way at a time, while the next events are on their way. */
static int commit(follower *f, jj_error *err)
{
    int rc = strcmp(f->cursor, f->committed) == 0 ? 0 : finish_commit(f, false, err);
    return rc || strcmp(f->cursor, f->committed) == 0 ? rc : send_commit(f, err);
}

/* ---- Bell --------------------------------------------------------------------------------- */

#define HEARTBEAT_TOPIC "bell/"

/* The heartbeat, and what is asked for: topics are compared by their beginning. */
static void listen_for(follower *f, const char *type)
{
    char topic[256];
    size_t length = strlen(type);
    if (length > 0 && type[length - 1] == '*') {
        snprintf(topic, sizeof topic, "%.*s", (int)length - 1, type);
    } else {
        snprintf(topic, sizeof topic, "%s/", type);
    }
    jj_socket_subscribe(f->bell, topic);
}

static int open_bell(follower *f, jj_error *err)
{
    const char *const *types = f->what->types;
    if (!f->what->bell) {
        return 0;
    }
    f->reopen_ms = jj_monotonic_ms() + REOPEN_MS;
    f->heard_ms = INT64_MIN / 2;
    int rc =
        jj_client_listen(f->client, f->what->bell, types ? HEARTBEAT_TOPIC : "", &f->bell, err);
    for (size_t i = 0; rc == 0 && types && types[i]; i++) {
        listen_for(f, types[i]);
    }
    return rc;
}

static bool hears_bell(const follower *f)
{
    return f->bell && jj_monotonic_ms() - f->heard_ms < SILENCE_MS;
}

/* Takes what it has said so far: the last word is about the newest event. */
static void take_rings(follower *f)
{
    jj_message message = {0}, newest = {0};
    json_t *told = NULL;
    while (jj_socket_receive(f->bell, &message) == 0) {
        jj_message swap = newest;
        newest = message;
        message = swap;
    }
    jj_bytes text = jj_message_frame(&newest, 1);
    if (newest.count > 1 &&
        jj_json_load(&told, text.data, text.size_bytes, JJ_FRAME_MAX, NULL) == 0) {
        const char *cursor = jj_json_string(told, "cursor");
        f->rung = cursor ? strtoull(cursor, NULL, 10) : f->rung;
        f->heard_ms = jj_monotonic_ms();
        f->reopen_ms = f->heard_ms + REOPEN_MS;
    }
    json_decref(told);
    jj_message_clear(&message);
    jj_message_clear(&newest);
}

/* Libzmq never connects again to one that has refused us: its key list may know us by now. */
static void reopen_if_silent(follower *f)
{
    if (jj_monotonic_ms() >= f->reopen_ms) {
        f->reopen_ms = jj_monotonic_ms() + REOPEN_MS;
        jj_socket_reconnect(f->bell, f->what->bell, NULL);
    }
}

/* Having caught up: until the bell tells of something new, or falls silent. */
static int wait_for_ring(follower *f, jj_error *err)
{
    take_rings(f);
    reopen_if_silent(f);
    if (!f->caught_up || !hears_bell(f)) {
        return 0;
    }
    int rc = finish_commit(f, false, err); /* nobody looks after it while we wait here */
    while (rc == 0 && !must_stop(f) && hears_bell(f) && f->rung <= strtoull(f->cursor, NULL, 10)) {
        jj_poll item = {.socket = f->bell, .events = POLLIN};
        jj_wire_poll(&item, 1, LOOK_MS);
        take_rings(f);
    }
    return rc;
}

/* ---- Fetch -------------------------------------------------------------------------------- */

static json_t *list_of(const char *const *words)
{
    json_t *list = words ? json_array() : NULL;
    for (size_t i = 0; words && words[i]; i++) {
        json_array_append_new(list, json_string(words[i]));
    }
    return list;
}

static json_t *fetch_options(const follower *f)
{
    const jj_subscription *what = f->what;
    /* Shorter than the time after which the request would be sent again. */
    int wait_ms = jj_client_timeout_ms(f->client) / 2;
    wait_ms = hears_bell(f) ? 0 : wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
    return json_pack("{s:s, s:s*, s:o*, s:o*, s:I, s:i}", "name", what->name, "after",
                     f->cursor[0] ? f->cursor : NULL, "types", list_of(what->types), "regions",
                     list_of(what->regions), "max_events",
                     (json_int_t)(what->max_events ? what->max_events : EVENTS_USUAL), "wait_ms",
                     wait_ms);
}

/* The next answer; JJ_ETIMEOUT: stopped before there was one. */
static int fetch(follower *f, jj_reply *reply, jj_error *err)
{
    for (;;) {
        uint64_t number;
        int rc = send_json(f, "FETCH", fetch_options(f), &number, err);
        if (rc) {
            return rc;
        }
        do {
            rc = jj_client_await(f->client, number, LOOK_MS, reply, err);
        } while (rc == JJ_ETIMEOUT && !must_stop(f));
        if (rc) {
            jj_client_forget(f->client, number);
            return rc;
        }
        if (reply->code == 0) {
            f->pause_ms = PAUSE_FIRST_MS;
            return 0;
        }
        rc = jj_reply_error(reply, err);
        jj_reply_clear(reply);
        if (!passes_by_itself(rc)) {
            return rc;
        }
        pause_longer(f);
        if (must_stop(f)) {
            return jj_fail(err, JJ_ETIMEOUT, "stopped");
        }
    }
}

/* Hands a batch over until it is handled. Returns what the handler said in the end. */
static int hand_over(follower *f, const jj_batch *batch)
{
    int said = batch->count || batch->lost ? f->on_batch(f->arg, batch) : JJ_NEXT;
    while (said == JJ_AGAIN && !must_stop(f)) {
        pause_longer(f);
        if (!must_stop(f)) {
            said = f->on_batch(f->arg, batch);
        }
    }
    return said;
}

/* One answer: hand over, then ask to commit. *last: that was the end. */
static int take(follower *f, const jj_reply *reply, bool *last, jj_error *err)
{
    json_t *result = NULL;
    int rc = jj_json_load(&result, reply->result.data, reply->result.size_bytes, JJ_FRAME_MAX, err);
    const char *cursor = rc ? NULL : jj_json_string(result, "cursor");
    if (rc == 0 && (!cursor || strlen(cursor) >= sizeof f->cursor)) {
        rc = jj_fail(err, JJ_EVERSION, "the hub answers without a cursor");
    }
    if (rc == 0) {
        const jj_batch batch = {reply->events, reply->event_count, cursor,
                                (uint64_t)json_integer_value(json_object_get(result, "behind")),
                                (uint64_t)json_integer_value(json_object_get(result, "lost"))};
        int said = hand_over(f, &batch);
        *last = said == JJ_LAST || said == JJ_AGAIN;
        if (said == JJ_NEXT || said == JJ_LAST) {
            memcpy(f->cursor, cursor, strlen(cursor) + 1);
            f->caught_up = batch.behind == 0;
            if (json_is_true(json_object_get(result, "again"))) {
                f->committed[0] = '\0'; /* what is given again is done with a COMMIT, too */
            }
            rc = commit(f, err);
        } else if (said < 0) {
            rc = jj_fail(err, said, "the events' handler ended the subscription");
        }
    }
    json_decref(result);
    return rc;
}

int jj_subscribe(jj_client *client, const jj_subscription *what, jj_on_batch on_batch, void *arg,
                 jj_error *err)
{
    follower f = {.client = client,
                  .what = what,
                  .on_batch = on_batch,
                  .arg = arg,
                  .pause_ms = PAUSE_FIRST_MS};
    bool last = false;
    int rc = what->name ? 0 : jj_fail(err, JJ_ECONFIG, "a subscription needs a name");
    rc = rc ? rc : open_bell(&f, err);
    while (rc == 0 && !last && !must_stop(&f)) {
        jj_reply reply = {0};
        rc = f.bell ? wait_for_ring(&f, err) : 0;
        if (rc == 0 && must_stop(&f)) {
            break;
        }
        rc = rc ? rc : fetch(&f, &reply, err);
        if (rc == JJ_ETIMEOUT) { /* stopped */
            rc = 0;
            break;
        }
        rc = rc ? rc : take(&f, &reply, &last, err);
        jj_reply_clear(&reply);
    }
    if (rc == 0) {
        rc = finish_commit(&f, last && !must_stop(&f), err);
    }
    if (f.commit) {
        jj_client_forget(client, f.commit);
    }
    jj_socket_close(f.bell);
    return rc;
}
