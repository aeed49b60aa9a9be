/* What the files of the worker share; nobody else includes it. */
#ifndef JJ_WORKER_INTERNAL_H
#define JJ_WORKER_INTERNAL_H

#include "base/log.h"
#include "worker/worker.h"

#include "jejaring/relay.h"

#include "worker/delivery.h"
#include "worker/draft.h"
#include "worker/link.h"
#include "worker/module.h"
#include "worker/office.h"
#include "worker/options.h"
#include "worker/reader.h"
#include "worker/staged.h"
#include "worker/state.h"

#define JJ_CONSUMER    "main" /* an instance reads under this name */
#define JJ_TIMERS_MAX  16
#define JJ_WATCHES_MAX 16

typedef struct jj_timer {
    int64_t due_ms;   /* monotonic; 0: not set */
    int64_t every_ms; /* 0: once */
} jj_timer;

typedef struct jj_watch {
    int fd; /* -1: free */
    short events;
} jj_watch;

/* What the worker is doing for the plugin, which decides what the host may be asked for. */
enum jj_phase {
    JJ_PHASE_CREATE, /* no publishing, no commit */
    JJ_PHASE_BATCH,  /* committed with its cursor: no commit of its own */
    JJ_PHASE_FREE,   /* everything */
};

typedef struct jj_worker {
    const jj_config *config;
    const jj_plugin_config *instance;
    jj_module *module;
    const jj_plugin *plugin; /* descriptor */
    jj_options options;
    const jj_config *reloaded; /* owned: what the options come from after a reload; else NULL */
    void *self;                /* the plugin's own */

    jj_link link;
    jj_state *state;
    jj_reader reader;
    jj_office *office; /* NULL: no inbox */

    jj_host host;
    jj_origin origin;
    enum jj_phase phase;
    jj_staged staged;
    jj_buf scratch;
    jj_timer timers[JJ_TIMERS_MAX];
    jj_watch watches[JJ_WATCHES_MAX];

    uint64_t head;         /* the hub's journal reaches at least to here */
    char person_key[33];   /* the mark of the hub's person key */
    bool relay;            /* it has asked for that interface */
    bool on_hold;          /* no batch for the plugin */
    uint64_t taken;        /* the end of the batch that it took last */
    uint64_t passed;       /* the end of what was not for it */
    uint64_t acknowledged; /* the other side has everything up to here */
    jj_delivery batch;
    uint64_t committed;      /* cursor in the hub */
    uint64_t commit_request; /* a COMMIT of just a cursor that is under way; 0: none */
    uint64_t commit_cursor;  /* its cursor, or that of the next one */
    bool commit_waits;       /* it is for what came after the one under way */
    int64_t deliver_at_ms;   /* monotonic: not before, after JJ_LATER */
    int64_t later_ms;        /* the pause that was made last; 0: none */
    size_t pages;            /* of a batch, at most; 0: one, where a batch is one COMMIT */
    bool tried_again;        /* the one event of which the hub refused what came of it */
    jj_throttle complaint;   /* about what the plugin says by itself */
    uint64_t delivered;      /* events, since the start */

    uint64_t worked; /* delivered at the last look */
    bool rested;     /* nothing since, and memory was given back */

    bool failed; /* cannot go on: exit and be started again */
} jj_worker;

/* ---- host.c ---- */
void jj_host_open(jj_worker *worker);
/* Calls due timers; milliseconds until the next one, -1 if there is none. */
int64_t jj_host_run_timers(jj_worker *worker);

/* ---- relay.c ---- */
const jj_relay *jj_worker_relay(jj_worker *worker); /* makes the instance a relay */
/* A relay's batch without events has been passed: no further than what is acknowledged. */
void jj_worker_pass_by(jj_worker *worker, uint64_t cursor);

/* ---- commit.c ---- */
/* Commits what is staged, waiting for a hub that is away. cursor may be NULL. On an error
 * everything is still staged. */
int jj_worker_commit(jj_worker *worker, const uint64_t *cursor, jj_error *err);
/* True if the hub will not take it later either. */
bool jj_worker_is_refusal(int code);
/* After a callback other than on_events: commits what it staged. Events that the hub refuses go to
 * its quarantine alone; what cannot be committed even so is dropped with a complaint. */
void jj_worker_settle(jj_worker *worker);
/* Moves the cursor alone, without waiting. */
void jj_worker_commit_cursor(jj_worker *worker, uint64_t cursor);
/* Takes the answer to that. True: it was one. */
bool jj_worker_cursor_answer(jj_worker *worker, const jj_reply *reply);
void jj_worker_undo(jj_worker *worker); /* forgets what is staged */

/* ---- reload.c ---- */
/* Takes a configuration that has come from the supervisor, in which only this instance's options
 * differ. A plugin that does not accept them is started again with them. */
void jj_worker_reload(jj_worker *worker);

/* ---- deliver.c ---- */
/* Asks the plugin, or the hub, where to begin, and begins there. */
int jj_worker_resume(jj_worker *worker, jj_error *err);
/* Delivers the next batch if there is one. */
bool jj_worker_deliver(jj_worker *worker);

#endif
