#include "store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct jj_store {
    jj_store_options options;
    jj_load *load;
    jj_pg *pg; /* NULL: not connected */
};

int jj_store_new(jj_store **out, const jj_store_options *options, jj_error *err)
{
    jj_store *store = calloc(1, sizeof *store);

    if (!store) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    store->options = *options;
    int rc = jj_load_new(&store->load, err);
    if (rc) {
        jj_store_free(store);
        return rc;
    }
    *out = store;
    return 0;
}

static void disconnect(jj_store *store)
{
    jj_pg_close(store->pg);
    store->pg = NULL;
}

void jj_store_free(jj_store *store)
{
    if (store) {
        disconnect(store);
        jj_load_free(store->load);
        free(store);
    }
}

/* A connection whose database has the schema and the consumer's cursor row. */
static int connect_store(jj_store *store, jj_error *err)
{
    const jj_store_options *options = &store->options;
    const char *params[] = {options->node, options->consumer};
    jj_migrated done = {0};

    if (store->pg && jj_pg_alive(store->pg)) {
        return 0;
    }
    disconnect(store);
    int rc = jj_pg_open(&store->pg, &options->pg, err);
    if (rc) {
        return rc;
    }
    /* Room for a whole batch in the staging table; must come before any temporary table. */
    rc = jj_pg_run(store->pg, "SET temp_buffers = '32MB'", err);
    rc = rc ? rc
            : jj_migrate(store->pg, options->schemas, &options->layout, !options->migrate, &done,
                         err);
    if (rc == 0 && options->migrated &&
        (done.applied || done.redefined || done.laid_out || done.regions >= 0)) {
        options->migrated(options->arg, &done);
    }
    rc = rc ? rc : jj_load_prepare(store->pg, err);
    rc = rc ? rc
            : jj_pg_query(store->pg,
                          "INSERT INTO jejaring.consumer_cursor (node, consumer, cursor) VALUES "
                          "($1, $2, 0) ON CONFLICT DO NOTHING",
                          params, 2, NULL, err);
    if (rc) {
        disconnect(store);
    }
    return rc;
}

/* Opens a transaction and locks the cursor row: this waits for a backend that is still busy with a
 * COMMIT of ours whose answer was lost. */
static int begin(jj_store *store, uint64_t *cursor, jj_error *err)
{
    const char *params[] = {store->options.node, store->options.consumer};
    jj_pg_rows *rows = NULL;
    int rc = jj_pg_run(store->pg, "BEGIN", err);

    rc = rc ? rc
            : jj_pg_query(store->pg,
                          "SELECT cursor FROM jejaring.consumer_cursor WHERE node = $1 AND "
                          "consumer = $2 FOR UPDATE",
                          params, 2, &rows, err);
    if (rc == 0 && jj_pg_rows_count(rows) == 0) {
        rc = jj_fail(err, JJ_EUNAVAILABLE, "the cursor is gone from the database");
        disconnect(store); /* connecting makes it anew */
    } else if (rc == 0) {
        *cursor = strtoull(jj_pg_rows_value(rows, 0, 0), NULL, 10);
    }
    jj_pg_rows_free(rows);
    return rc;
}

static int move_cursor(jj_store *store, const char *cursor, jj_error *err)
{
    const char *params[] = {store->options.node, store->options.consumer, cursor};

    return jj_pg_query(store->pg,
                       "UPDATE jejaring.consumer_cursor SET cursor = $3, moved_at = now() WHERE "
                       "node = $1 AND consumer = $2",
                       params, 3, NULL, err);
}

/* ---- Where to go on ----------------------------------------------------------------------- */

int jj_store_cursor(jj_store *store, uint64_t *cursor, jj_error *err)
{
    int rc = connect_store(store, err);

    rc = rc ? rc : begin(store, cursor, err);
    if (store->pg) {
        jj_pg_rollback(store->pg);
    }
    return rc;
}

static int is_untold(jj_store *store, const char *told, bool *untold, jj_error *err)
{
    const char *params[] = {store->options.node, store->options.consumer, told};
    jj_pg_rows *rows = NULL;
    int rc = jj_pg_query(store->pg,
                         "SELECT FROM jejaring.refused_event WHERE node = $1 AND consumer = $2 AND "
                         "cursor > $3 LIMIT 1",
                         params, 3, &rows, err);

    *untold = rc == 0 && jj_pg_rows_count(rows) > 0;
    jj_pg_rows_free(rows);
    return rc;
}

int jj_store_resume(jj_store *store, uint64_t told, uint64_t *cursor, jj_error *err)
{
    char text[24];
    bool untold = false;
    int rc = connect_store(store, err);

    snprintf(text, sizeof text, "%" PRIu64, told);
    rc = rc ? rc : begin(store, cursor, err);
    rc = rc || *cursor <= told ? rc : is_untold(store, text, &untold, err);
    if (rc == 0 && untold) {
        rc = move_cursor(store, text, err);
        rc = rc ? rc : jj_pg_commit(store->pg, err);
        *cursor = told;
    }
    if (store->pg) {
        jj_pg_rollback(store->pg); /* does nothing after a COMMIT */
    }
    return rc;
}

/* ---- Refusals ----------------------------------------------------------------------------- */

static void key_text(const unsigned char key[16], char out[33])
{
    for (int i = 0; i < 16; i++) {
        snprintf(out + 2 * i, 3, "%02x", key[i]);
    }
}

typedef struct refusal {
    const jj_event *event;
    char sqlstate[6];
    char *reason;
} refusal;

/* What was refused while a batch was loaded, until the commit makes it true. */
typedef struct refused {
    jj_store *store;
    const char *cursor; /* of the batch, as text */
    refusal *items;     /* room for the whole batch */
    size_t count;
    int rc;
    jj_error *err;
} refused;

static void note_refusal(void *arg, const jj_event *event, const char *sqlstate, const char *reason)
{
    refused *r = arg;
    refusal *item = &r->items[r->count];
    char key[33];
    const char *params[] = {
        r->store->options.node, r->store->options.consumer, r->cursor, key, sqlstate, reason};

    if (r->rc) {
        return;
    }
    key_text(event->key, key);
    r->rc = jj_pg_query(r->store->pg,
                        "INSERT INTO jejaring.refused_event AS t (node, consumer, cursor, "
                        "event_key, sqlstate, reason) VALUES ($1, $2, $3, $4::uuid, $5, $6) ON "
                        "CONFLICT (node, consumer, event_key) DO UPDATE SET cursor = "
                        "excluded.cursor, sqlstate = excluded.sqlstate, reason = excluded.reason",
                        params, 6, NULL, r->err);
    item->event = event;
    snprintf(item->sqlstate, sizeof item->sqlstate, "%s", sqlstate);
    item->reason = strdup(reason);
    r->count++;
    if (!item->reason && r->rc == 0) {
        r->rc = jj_fail(r->err, JJ_EMEMORY, "out of memory");
    }
}

/* ---- Batches ------------------------------------------------------------------------------ */

/* COMMIT. If nobody answers, the cursor tells whether it was one, unless it lay there before: read
 * again under its lock. */
static int commit(jj_store *store, uint64_t before, uint64_t cursor, jj_error *err)
{
    uint64_t stored = 0;
    jj_error first = {0}, second = {0};
    int rc = jj_pg_commit(store->pg, &first);

    if (rc == JJ_ETIMEOUT) {
        rc = jj_store_cursor(store, &stored, &second);
        if (rc == 0 && stored == cursor && before != cursor) {
            return 0;
        }
        rc = JJ_EUNAVAILABLE;
        first.code = rc;
    }
    if (rc && err) {
        *err = first;
    }
    return rc;
}

int jj_store_rewind(jj_store *store, jj_error *err)
{
    const char *params[] = {store->options.node, store->options.consumer};
    uint64_t stored = 0;
    int rc = connect_store(store, err);

    rc = rc ? rc : begin(store, &stored, err);
    rc = rc ? rc : move_cursor(store, "0", err);
    rc = rc ? rc
            : jj_pg_query(store->pg,
                          "UPDATE jejaring.refused_event SET cursor = 0 WHERE node = $1 AND "
                          "consumer = $2",
                          params, 2, NULL, err);
    rc = rc ? rc : commit(store, stored, 0, err);
    if (rc && store->pg) {
        jj_pg_rollback(store->pg);
    }
    return rc;
}

/* Within the transaction that begin() has opened, with the cursor as it was before. */
static int store_batch(jj_store *store, const jj_event *events, size_t count, uint64_t before,
                       uint64_t cursor, refused *r, jj_error *err)
{
    int rc = jj_load_batch(store->load, store->pg, events, count, note_refusal, r, err);

    rc = rc ? rc : r->rc;
    rc = rc ? rc : move_cursor(store, r->cursor, err);
    return rc ? rc : commit(store, before, cursor, err);
}

int jj_store_put(jj_store *store, const jj_event *events, size_t count, uint64_t after,
                 uint64_t cursor, jj_load_refuse refuse, void *arg, jj_error *err)
{
    char text[24];
    refused r = {.store = store, .cursor = text, .err = err};
    uint64_t stored = 0;
    int rc = connect_store(store, err);

    snprintf(text, sizeof text, "%" PRIu64, cursor);
    r.items = calloc(count + 1, sizeof *r.items);
    if (!r.items && rc == 0) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    rc = rc ? rc : begin(store, &stored, err);
    /* A batch that is there already is stored once more, which changes nothing: what was refused of
     * it is refused again, and the report of that may have been lost. */
    if (rc == 0 && stored != after && stored != cursor) {
        rc = jj_fail(err, JJ_ECONFLICT,
                     "the database has everything up to cursor %" PRIu64 ", but the batch begins "
                     "behind %" PRIu64,
                     stored, after);
    } else if (rc == 0) {
        rc = store_batch(store, events, count, stored, cursor, &r, err);
        for (size_t i = 0; rc == 0 && i < r.count; i++) {
            refuse(arg, r.items[i].event, r.items[i].sqlstate, r.items[i].reason);
        }
    }
    if (store->pg) {
        jj_pg_rollback(store->pg); /* does nothing after a COMMIT */
    }
    for (size_t i = 0; i < r.count; i++) {
        free(r.items[i].reason);
    }
    free(r.items);
    return rc;
}
