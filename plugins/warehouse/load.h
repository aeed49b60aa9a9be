/*
 * Loads a batch of events into the database that a connection is in a transaction with: COPY into
 * the session's staging table, then jejaring.ingest(). An event that PostgreSQL refuses is found by
 * bisection and told to the caller; the others go on.
 *
 * The caller opens and ends the transaction; what was loaded counts when it commits.
 */
#ifndef JJ_WAREHOUSE_LOAD_H
#define JJ_WAREHOUSE_LOAD_H

#include "pg.h"

#include <jejaring/plugin.h>

/* Told once for each refused event, in order. reason names no value of the event. */
typedef void (*jj_load_refuse)(void *arg, const jj_event *event, const char *sqlstate,
                               const char *reason);

/* Of so many events each one that is refused is found within seconds, even if it is all of them.
 * The rows of every attempt stay behind until the transaction ends: ten times as many would take a
 * hundred times as long. */
#define JJ_LOAD_SEARCH_MAX 1000

typedef struct jj_load jj_load;

int jj_load_new(jj_load **load, jj_error *err);
void jj_load_free(jj_load *load);

/* Prepares a session: its staging table. Once for each connection. */
int jj_load_prepare(jj_pg *pg, jj_error *err);

/* Loads the events. Errors are those of pg.h; JJ_EINVALID never: refused events are told instead.
 * JJ_ETOO_LARGE: some are refused of more than JJ_LOAD_SEARCH_MAX; give them in smaller batches.
 * After an error the transaction is to be rolled back. */
int jj_load_batch(jj_load *load, jj_pg *pg, const jj_event *events, size_t count,
                  jj_load_refuse refuse, void *arg, jj_error *err);

#endif
