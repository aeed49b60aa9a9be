/*
 * A rehearsal: a host in memory, in which a plugin is tried out without a node.
 *
 *   jj_rehearsal r;
 *   jj_rehearsal_open(&r, &jejaring_plugin, NULL, &err);
 *   jj_rehearsal_say(&r, "alumni.graduated", "1b4e28ba-2fa1-81d2-883f-0016d3cca427", "2024-01-15",
 *                    json_pack("{s:s}", "vocation", "las"));
 *   jj_rehearsal_deliver(&r);
 *   assert(jj_rehearsal_count(&r, "voucher.granted") == 1);
 *   jj_rehearsal_close(&r);
 *
 * It keeps the promises of the real host that a plugin can see: a batch is committed whole or
 * forgotten, the state is sorted, what is published has to be declared. A promise that the plugin
 * breaks is noted in `fault`, the first one only.
 *
 * Not here: the rights of the reader (what is said is what is delivered), schemas, options other
 * than those given (jj_rehearsal_defaults reads the defaults of a table), descriptors. Timers fire
 * when they are told to. Memory is taken to be there: this is for tests.
 */
#ifndef JEJARING_REHEARSAL_H
#define JEJARING_REHEARSAL_H

#include <jejaring/plugin.h>
#include <jejaring/relay.h>

#define JJ_REHEARSAL_EVENTS 1000 /* in one batch */
#define JJ_REHEARSAL_TIMERS 16
#define JJ_REHEARSAL_DRAFTS 500 /* as many as one callback should publish */

/* One thing that the plugin published, as a JSON object in `drafts`: type, subject, region,
 * recipient, cause (an id), key, time_ms, data; what is absent is null. */

typedef struct jj_rehearsal {
    jj_host host;
    const jj_plugin *plugin;
    const jj_value *values; /* borrowed */
    void *self;             /* the plugin's own */

    json_t *state;  /* what a get sees: an object of texts */
    json_t *drafts; /* published and committed: an array */
    json_t *staged; /* published by the callback under way */
    json_t *before; /* the state to go back to */
    size_t rejected;

    jj_event *events; /* of the next batch */
    json_t **bodies;  /* the event of the same index, whole */
    size_t count;

    int64_t now_ms;                                 /* the clock; set it */
    int64_t timers_ms[JJ_REHEARSAL_TIMERS];         /* delay; -1: not set */
    uint64_t cursor;                                /* of a plugin that keeps its own */
    const char *callback;                           /* the one under way, for messages */
    void (*enter)(void *arg, const char *callback); /* told of each callback; may be NULL */
    void *arg;
    bool held;    /* a relay wants no batch */
    bool verbose; /* logs go to stderr */
    char fault[256];
} jj_rehearsal;

/* ---- Life --------------------------------------------------------------------------------- */

/* Reads the defaults of a table; values has room for its rows. A test then sets what it wants. */
JJ_API void jj_rehearsal_defaults(const jj_option *options, jj_value *values);

/* Makes the host, but no instance. values has one entry for each option; NULL: there are none. */
JJ_API void jj_rehearsal_init(jj_rehearsal *r, const jj_plugin *plugin, const jj_value *values);

/* Makes and starts an instance. Returns 0, or what the plugin said. */
JJ_API int jj_rehearsal_begin(jj_rehearsal *r, jj_error *err);

/* Both. After a failure there is an instance or there is not; close either way. */
JJ_API int jj_rehearsal_open(jj_rehearsal *r, const jj_plugin *plugin, const jj_value *values,
                             jj_error *err);

/* Stops and frees the instance, as the daemon does; the state stays, so that another one may be
 * begun. */
JJ_API void jj_rehearsal_end(jj_rehearsal *r);

/* Ends the instance, if there is one, and frees all of it. */
JJ_API void jj_rehearsal_close(jj_rehearsal *r);

/* ---- Events ------------------------------------------------------------------------------- */

/* Adds an event to the next batch: on a day, "2024-01-15". Takes data (an object), and adds the
 * date to it. subject may be NULL. The same type, subject and day are the same event. */
JJ_API void jj_rehearsal_say(jj_rehearsal *r, const char *type, const char *subject,
                             const char *day, json_t *data);

/* Delivers the batch; once it is done, forgets it. Returns what on_events says. */
JJ_API int jj_rehearsal_deliver(jj_rehearsal *r);

/* Delivers it without forgetting it. JJ_DONE is committed. */
JJ_API int jj_rehearsal_deliver_again(jj_rehearsal *r);

/* Forgets the batch, delivered or not. */
JJ_API void jj_rehearsal_forget_batch(jj_rehearsal *r);

/* Fires a timer that is set; false: it is not. */
JJ_API bool jj_rehearsal_fire(jj_rehearsal *r, int id);

/* How many events of a type were published and committed. */
JJ_API size_t jj_rehearsal_count(const jj_rehearsal *r, const char *type);

#endif
