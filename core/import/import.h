/*
 * Files of offices as events: a CSV, XLSX or JSON lines file is read, its rows become events of one
 * type, and these go to a sink in batches.
 *
 * Guarantees: a row's event id is made from its natural key (type, NIK or person key, the x-key
 * members, date, correction), so that a file may be imported again at any time: the same row is a
 * duplicate, another content under the same key is refused by the hub. A bad row never blocks its
 * neighbours; each is given back with every reason in Indonesian, in a file that can be corrected
 * and imported as it is. A file that cannot be understood as a whole is refused as a whole. What a
 * cell holds is put nowhere but into events and the reject file: no error, no reason, no count
 * quotes it.
 *
 * Not here: folders (inbox.h) and the hub (the sink is the caller's).
 */
#ifndef JJ_IMPORT_IMPORT_H
#define JJ_IMPORT_IMPORT_H

#include "base/buf.h"
#include "import/reference.h"
#include "jejaring/client.h"
#include "schema/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JJ_IMPORT_BATCH 500 /* events in one call of the sink, at most */
#define JJ_IMPORT_NOTES 20  /* first remarks that a result keeps */

enum jj_import_outcome {
    JJ_IMPORT_ACCEPTED = 0,
    JJ_IMPORT_DUPLICATE,
    JJ_IMPORT_REJECTED,
};

/* What became of one event. The sink's verdicts come zeroed: accepted. */
typedef struct jj_import_verdict {
    enum jj_import_outcome outcome;
    int code;         /* JJ_E* of a rejected one */
    char field[128];  /* JSON pointer into the event, e.g. "/data/score"; may be empty */
    char detail[256]; /* the hub's English line; not shown to the file's author */
} jj_import_verdict;

/* Takes a batch and fills in a verdict for each event, returning 0 once every accepted one is
 * durable. An error (hub away, busy) ends the import: it is done again later, from the beginning.
 * events are borrowed for the call. */
typedef int (*jj_import_publish)(void *arg, const jj_bytes *events, size_t count,
                                 jj_import_verdict *verdicts, jj_error *err);

struct jj_import_result;

/* Called after each batch, with bytes done of total (approximate). */
typedef void (*jj_import_progress)(void *arg, const struct jj_import_result *result, uint64_t done,
                                   uint64_t total);

/* All is borrowed until the import is closed. */
typedef struct jj_import_options {
    const jj_type *type;
    const jj_reference *reference;
    const char *source;        /* of the events */
    const char *region;        /* of rows that name none */
    const unsigned char *key;  /* JJ_KEY_SIZE bytes: keys the ids, which else would leak NIKs */
    const char *sheet;         /* of a workbook; NULL: the first visible one */
    int reject_folder;         /* descriptor of the folder for the reject file; -1: none is made */
    jj_import_publish publish; /* NULL: a dry run, nothing is sent and no reject file is made */
    jj_import_progress progress; /* may be NULL */
    void *arg;
} jj_import_options;

typedef struct jj_import_column {
    char *title;  /* as in the file; may quote personal data if the file has no header */
    char *target; /* "date", "disability.category", "region", "correction", "subject", "number",
                     "reason"; NULL: not used */
    bool spare;   /* would fit target, but a better column has it */
} jj_import_column;

typedef struct jj_import_note {
    uint64_t row;
    bool warning; /* the row was sent nevertheless */
    char *text;   /* Indonesian; no cell's content */
} jj_import_note;

/* Zero-initialise; the caller clears. Counts are those of what was read so far. */
typedef struct jj_import_result {
    uint64_t rows; /* of data: accepted + duplicate + rejected */
    uint64_t accepted, duplicate, rejected;
    uint64_t blank, totals; /* skipped: blank rows; totals, column numbers, repeated headers */
    uint64_t warnings;
    bool refused; /* the file as a whole; reason says why in Indonesian, for its author only */
    jj_buf reason;
    const char *format, *encoding; /* static: "csv" "xlsx" "jsonl", "UTF-8" ... */
    char delimiter;                /* 0 if there is none */
    char *sheet;                   /* name; NULL if there are none */
    unsigned sheets;               /* that the workbook shows; all but one are not read */
    uint64_t header_row;
    jj_import_column *columns; /* empty for JSON lines */
    size_t column_count;
    jj_import_note notes[JJ_IMPORT_NOTES];
    size_t note_count;
    char reject_name[256]; /* of the reject file; empty: none was needed */
} jj_import_result;

void jj_import_result_clear(jj_import_result *result);

typedef struct jj_import jj_import;

/* Reads as far as the header. fd (borrowed, a regular file) is the content; name decides by its
 * ending whether it holds JSON lines (.jsonl .ndjson) and names the reject file. result must
 * outlive the import. A refused file: result->refused, result->reason, and JJ_EINVALID,
 * JJ_EMALFORMED, JJ_ETOO_LARGE or JJ_ENOTFOUND with err for the log. Other errors are not the
 * file's fault. *import is new. */
int jj_import_open(jj_import **import, const jj_import_options *options, int fd, const char *name,
                   jj_import_result *result, jj_error *err);

/* Does the next batch: 1 there is more, 0 all is done and the reject file is durable, or an error
 * as above, or the sink's. After an error only close: nothing of the reject file is left. */
int jj_import_step(jj_import *import, jj_error *err);

void jj_import_close(jj_import *import);

/* Open, all steps, close. */
int jj_import_file(const jj_import_options *options, const char *path, jj_import_result *result,
                   jj_error *err);

#endif
