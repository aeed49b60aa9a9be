/*
 * The warehouse as one consumer uses it: stores batches exactly once, in the database given.
 *
 * The consumer's cursor lies in the database and moves in the transaction that stores the batch.
 * A batch is taken only if the stored cursor, locked, is the one behind which the batch begins, or
 * at which it ends (then nothing is new in it); so none is skipped after the database was replaced
 * by an older copy of itself.
 *
 * Connects by itself when a call needs it and no connection is there. Not here: waiting for a
 * database that is away (the caller tries again), the log.
 */
#ifndef JJ_WAREHOUSE_STORE_H
#define JJ_WAREHOUSE_STORE_H

#include "load.h"
#include "migrate.h"

typedef struct jj_store jj_store;

typedef struct jj_store_options {
    jj_pg_options pg;
    const char *schemas;         /* folder with warehouse/ and reference/ */
    jj_layout layout;            /* how the tables are to lie */
    bool migrate;                /* migrate when connecting; else only check */
    const char *node, *consumer; /* whose cursor it is */
    /* Told after each migration that changed something. May be NULL. */
    void (*migrated)(void *arg, const jj_migrated *done);
    void *arg;
} jj_store_options;

/* options and what they point to outlive the store. Does not connect. */
int jj_store_new(jj_store **store, const jj_store_options *options, jj_error *err);
void jj_store_free(jj_store *store);

/* The stored cursor; 0 for a consumer that is new. Errors as in pg.h and migrate.h. */
int jj_store_cursor(jj_store *store, uint64_t *cursor, jj_error *err);

/* Where reading goes on, for a consumer of which the hub knows that it has come to `told`: the
 * stored cursor, set back to `told` if events behind that were refused: whoever was to report them
 * may have died first. They are refused again then, and the others are not stored twice. */
int jj_store_resume(jj_store *store, uint64_t told, uint64_t *cursor, jj_error *err);

/* Sets the stored cursor back to 0: every event of the journal comes again, and those that are
 * stored already change nothing. */
int jj_store_rewind(jj_store *store, jj_error *err);

/* Stores the events, which are all between the two cursors, and moves the cursor from `after` to
 * `cursor`. refuse is told of each event that PostgreSQL refuses, once all is committed, and again
 * if the batch is given again.
 *
 * Errors beside those of load.h: JJ_ECONFLICT, the stored cursor is neither `after` nor `cursor`:
 * ask for it and go on from there. After any error nothing of the batch is stored, or all of it. */
int jj_store_put(jj_store *store, const jj_event *events, size_t count, uint64_t after,
                 uint64_t cursor, jj_load_refuse refuse, void *arg, jj_error *err);

#endif
