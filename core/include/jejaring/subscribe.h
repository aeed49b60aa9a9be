/*
 * A durable subscription: every event that this agency may see, in the order of the hub's journal,
 * each at least once. It catches up from where the consumer committed last, then follows what
 * comes (by the bell or by waiting at the hub), and goes on by itself after the hub or the
 * connection was gone, however long.
 *
 * Guarantees: a batch is committed only after it was handled; batches come in order, and the next
 * only after the one before was handled. After a crash the last batches may come once more: handle
 * an event by its `source` and `id`.
 *
 * Not here: threads (it runs in the caller's), and what an event means.
 */
#ifndef JEJARING_SUBSCRIBE_H
#define JEJARING_SUBSCRIBE_H

#include <jejaring/client.h>

#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed for the length of the callback. There is at least one event, unless events are lost. */
typedef struct jj_batch {
    const jj_bytes *events; /* CloudEvents in JSON, as the hub shows them to this agency */
    size_t count;
    const char *cursor; /* of what the batch ends with */
    uint64_t behind;    /* events of the journal that follow; 0: caught up */
    uint64_t lost; /* so many that came before these had left the hub's journal before this reader
                    * came for them (see hub.retention in its configuration); 0, as a rule */
} jj_batch;

/* What a batch's handler says. A negative JJ_E* ends the subscription without a commit, and is what
 * jj_subscribe returns. */
enum jj_handled {
    JJ_NEXT = 0,  /* handled: commit, and go on */
    JJ_LAST = 1,  /* handled: commit, and return */
    JJ_AGAIN = 2, /* could not be handled now: the same batch again, after a pause that grows */
};

/* May use the client for other requests; must not close it. */
typedef int (*jj_on_batch)(void *arg, const jj_batch *batch);

/* All borrowed for the length of jj_subscribe. */
typedef struct jj_subscription {
    const char *name;                  /* of the consumer: 1-64 letters, digits, . _ -; required */
    const char *const *types;          /* ended by NULL; an entry may end in ".*"; NULL: all */
    const char *const *regions;        /* ended by NULL; "33" is all of a province; NULL: all */
    size_t max_events;                 /* in one batch; 0: 100, at most JJ_EVENTS_MAX */
    const volatile sig_atomic_t *stop; /* looked at five times a second; NULL: never stops */
    /* Endpoint of the hub's bell; the client's keys are used there, too. NULL: what comes next is
     * waited for at the hub. With it the bell says when to fetch (for an event with a `recipient`,
     * which does not ring: within a second), and the hub is asked only then. Where the bell is
     * silent, it is waited at the hub until it can be heard (again). */
    const char *bell;
} jj_subscription;

/* Runs until *stop is not 0 or the handler says JJ_LAST, and returns 0 then; a connection that is
 * not there, `busy` and `unavailable` are waited for. Everything else is returned: the hub's ERROR
 * (JJ_EUNAUTHORISED: the key is not known or no longer), or JJ_EMEMORY. */
JJ_API int jj_subscribe(jj_client *client, const jj_subscription *what, jj_on_batch on_batch,
                        void *arg, jj_error *err);

#ifdef __cplusplus
}
#endif
#endif
