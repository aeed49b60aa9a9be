/*
 * For a plugin that passes events on between this hub and another: the host's interface
 * "jejaring.relay/1". To look it up (in `create`) makes the instance a relay: it is not given what
 * it has published itself, so that nothing goes back where it came from, and it may answer
 * JJ_TAKEN.
 *
 * A batch that was taken is the plugin's: its cursor is committed once the plugin says that the
 * other side has it (`acknowledge`), and the next batch may come before that. What was taken and
 * not acknowledged is given again after a restart of either side.
 *
 * Not here: how the other side is reached (<jejaring/client.h> is one way), and what it thinks of
 * an event.
 */
#ifndef JEJARING_RELAY_H
#define JEJARING_RELAY_H

#include <jejaring/client.h>
#include <jejaring/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JJ_RELAY "jejaring.relay/1"

/* What became of events that were passed on to this hub. */
typedef struct jj_passed_on {
    size_t accepted, duplicate, rejected; /* what was rejected is in quarantine */
} jj_passed_on;

/* Every function may be called from start, on_events, on_timer, on_descriptor and stop. */
typedef struct jj_relay {
    size_t size_bytes; /* of this struct: fields beyond it are not there */

    /* The cursor that the hub holds for this instance: what was acknowledged last. */
    uint64_t (*position)(const jj_host *host);

    /* Of the current batch, from on_events only: the cursor of one of its events; the cursor at
     * which it ends; the oldest cursor that the journal held when it was read. What was not for
     * this instance lies between. */
    uint64_t (*cursor)(const jj_host *host, const jj_event *event);
    uint64_t (*end)(const jj_host *host);
    uint64_t (*first)(const jj_host *host);

    /* The other side has everything up to cursor. Durable a little later. */
    void (*acknowledge)(const jj_host *host, uint64_t cursor);

    /* While it is on hold the instance is given no batch. */
    void (*hold)(const jj_host *host, bool on);

    /* Reads again from behind cursor; not from on_events. Nothing counts as taken any more. */
    void (*restart)(const jj_host *host, uint64_t cursor);

    /* Publishes events of another hub as they are: source, id, time and the time of their first
     * acceptance stay, and node (with each event's sequence there) becomes their origin if they
     * have none. At most JJ_EVENTS_MAX. They are durable when it returns, and independent of what
     * else the plugin stages; waits for a hub that is away. An event that the hub rejects does not
     * block its neighbours. Errors: the hub's answer; JJ_ETIMEOUT: the worker is stopping. */
    int (*pass)(const jj_host *host, const char *node, const jj_bytes *events,
                const uint64_t *sequences, size_t count, jj_passed_on *result, jj_error *err);

    /* The journal of this hub reaches at least to here. */
    uint64_t (*head)(const jj_host *host);

    /* What HELLO's option `origin` takes as `person_key`: tells two person keys apart, and gives
     * nothing of them away. Borrowed, for as long as the instance lives. */
    const char *(*person_key)(const jj_host *host);
} jj_relay;

#ifdef __cplusplus
}
#endif
#endif
