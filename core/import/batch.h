/*
 * Rows under way: what was read of them, and the events that were made of the good ones, until the
 * sink has judged these and the failed rows are in the reject file, in the order of the file.
 */
#ifndef JJ_IMPORT_BATCH_H
#define JJ_IMPORT_BATCH_H

#include "import/import.h"
#include "import/mapping.h"
#include "import/reject.h"

#define JJ_BATCH_ROWS  1000              /* in one batch, failed ones included */
#define JJ_BATCH_BYTES ((size_t)2 << 20) /* of events; one more event may exceed it */

typedef struct jj_pending {
    uint64_t number; /* of the row or line */
    size_t text_at, text_size, cell_count;
    size_t event_at, event_size; /* size 0: the row failed */
    size_t problem_at;           /* of a failed row; or its warning, if it has one */
    bool warned;
} jj_pending;

/* Zero-initialise; clear at the end. */
typedef struct jj_batch {
    jj_pending rows[JJ_BATCH_ROWS];
    size_t count, event_count;
    jj_buf text;     /* cells, each with a NUL behind it; or the line */
    jj_buf events;   /* one behind the other */
    jj_buf problems; /* each with a NUL behind it */
    jj_bytes sent[JJ_IMPORT_BATCH];
    jj_import_verdict verdicts[JJ_IMPORT_BATCH];
    jj_cell cells[JJ_COLUMNS_MAX];
} jj_batch;

void jj_batch_clear(jj_batch *batch);

bool jj_batch_is_full(const jj_batch *batch);

/* Adds a row as it was read. */
void jj_batch_add_row(jj_batch *batch, const jj_row *row);
void jj_batch_add_line(jj_batch *batch, uint64_t number, const char *text, size_t length);

/* Says what became of the row added last: an event (its bytes) or the problems. */
void jj_batch_event(jj_batch *batch, const char *event, size_t size_bytes);
void jj_batch_problem(jj_batch *batch, const char *problem);
void jj_batch_warning(jj_batch *batch, const char *warning); /* beside the event */

/* Publishes, counts, writes the failed rows to reject, and empties the batch. mapping NULL: the
 * rows are lines. */
int jj_batch_flush(jj_batch *batch, const jj_import_options *options, const jj_mapping *mapping,
                   jj_reject *reject, jj_import_result *result, jj_error *err);

/* Keeps a remark on a row, if there is still room for one. */
void jj_result_note(jj_import_result *result, uint64_t row, bool warning, const char *text);

#endif
