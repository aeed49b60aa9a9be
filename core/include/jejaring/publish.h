/*
 * A publisher: hands events to a hub many at a time, without waiting for each answer, and goes on
 * by itself after the connection or the hub was gone, or could not store for a while.
 *
 * Guarantees: every event that was taken is sent until the hub has answered for it: it is durable
 * there (accepted now, or known already), or it was refused and told to on_refused. What is sent
 * twice is counted once, because a hub knows an event by its `source`, `id` and `time`. Memory is
 * bounded: at most `window` + 1 messages of `max_events` events and about 1 MiB each are held.
 * Events arrive in the order in which they were taken; only where the hub answered one message
 * with `busy` or `unavailable` may a later one be ahead of it.
 *
 * What the caller must keep, so that nothing is lost or doubled even when its process is killed and
 * begins again: the events, until they are settled, each with the same number (a line of a file, a
 * row of a table) and the same text, above all the same `time`. Given again with those, an event is
 * the same event. jj_publisher_settled tells how far they are not needed any more; to remember that
 * number only saves time. An event whose `time` is made anew at each attempt is a new event, and
 * nothing here can know that it is not.
 *
 * Not here: a store of events on disk, threads (one publisher belongs to one thread), and the
 * meaning of events.
 */
#ifndef JEJARING_PUBLISH_H
#define JEJARING_PUBLISH_H

#include <jejaring/client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct jj_publisher jj_publisher;

/* An event that will never be accepted as it is. Borrowed for the length of the callback. */
typedef struct jj_refusal {
    uint64_t sequence;  /* that it was given with */
    int code;           /* JJ_EINVALID, JJ_EFORBIDDEN, JJ_ECONFLICT ... */
    const char *field;  /* JSON pointer to what is wrong; may be empty */
    const char *detail; /* in words, without personal data */
    jj_bytes event;     /* as it was sent */
} jj_refusal;

/* Called from within the functions below; must not call them. */
typedef void (*jj_on_refused)(void *arg, const jj_refusal *refusal);

typedef struct jj_publishing {
    /* Not NULL: events get what they lack of `source` (this), `sequence` (the number they are given
     * with) and `id` (made of that number). NULL: they are sent as they are. Borrowed while the
     * publisher is open. */
    const char *source;
    size_t window;            /* messages under way at a time; 0: 8, at most 64 */
    size_t max_events;        /* in one message; 0: 500, at most JJ_EVENTS_MAX */
    jj_on_refused on_refused; /* NULL: refused events are only counted */
    void *arg;
} jj_publishing;

/* *publisher is new. The client is borrowed while the publisher is open, and may be used for other
 * requests. Errors: JJ_EMEMORY. */
JJ_API int jj_publisher_open(jj_publisher **publisher, jj_client *client, const jj_publishing *how,
                             jj_error *err);

/* Forgets what was not answered, without waiting: flush first. */
JJ_API void jj_publisher_close(jj_publisher *publisher);

/* Takes a copy of one event, a CloudEvent in JSON. sequence must be larger than that of the event
 * before. It is sent at once if nothing is under way, else together with what follows: at the
 * latest by the next add, flush or serve. If the window is full, waits up to wait_ms for an answer
 * (-1: without end).
 * 0: taken. JJ_ETIMEOUT, JJ_EBUSY, JJ_EUNAVAILABLE: not taken, the window is still full; give it
 * again. JJ_EINVALID: the sequence does not rise. JJ_EUNAUTHORISED (the key is not known or no
 * longer), JJ_EVERSION, JJ_EMEMORY: not taken, and nothing more will be. */
JJ_API int jj_publisher_add(jj_publisher *publisher, uint64_t sequence, const char *event,
                            size_t size_bytes, int wait_ms, jj_error *err);

/* Takes the answers that are there, waiting up to wait_ms for the first, and sends what waits: for
 * a caller who has nothing to add for a while. Errors: as of flush, but not JJ_ETIMEOUT. */
JJ_API int jj_publisher_serve(jj_publisher *publisher, int wait_ms, jj_error *err);

/* Sends everything and waits until the hub has answered for all of it. JJ_ETIMEOUT, or JJ_EBUSY and
 * JJ_EUNAVAILABLE if that is what the hub says: not all within wait_ms (-1: without end); the rest
 * stays under way, and flush may be called again. JJ_EUNAUTHORISED, JJ_EVERSION, JJ_EMEMORY: the
 * rest will not be sent. */
JJ_API int jj_publisher_flush(jj_publisher *publisher, int wait_ms, jj_error *err);

/* Of the events up to this sequence each one is durable at the hub, or was refused. 0: of none. */
JJ_API uint64_t jj_publisher_settled(const jj_publisher *publisher);

typedef struct jj_published {
    uint64_t accepted, duplicate, refused; /* answered */
    uint64_t waiting;                      /* taken, without an answer yet */
} jj_published;

JJ_API jj_published jj_publisher_counts(const jj_publisher *publisher);

#ifdef __cplusplus
}
#endif
#endif
