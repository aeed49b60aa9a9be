/*
 * One row of a table as an event, or as the list of what is wrong with it.
 *
 * The event's id is the keyed hash of the row's natural key; its time is midnight UTC of data.date
 * plus the correction's number in milliseconds, so that the later correction wins.
 */
#ifndef JJ_IMPORT_RECORD_H
#define JJ_IMPORT_RECORD_H

#include "import/cells.h"
#include "import/mapping.h"

#include <stdint.h>

/* What all rows of a file share. Borrowed. */
typedef struct jj_recorder {
    const jj_mapping *mapping;
    jj_cells cells;
    const char *region;       /* of rows that name none */
    const unsigned char *key; /* for ids */
} jj_recorder;

struct jj_span_of {
    size_t start, size;
};

/* Made anew by each jj_record_make; zero-initialise, clear at the end. */
typedef struct jj_record {
    jj_buf event;    /* the CloudEvent */
    jj_buf problems; /* Indonesian, "NIK: harus tepat 16 angka; Nilai: ..."; empty: all is well */
    jj_buf warnings; /* the same for what does not stop the row */
    char nik[17];    /* empty if the row has none */
    /* scratch */
    jj_buf data, why;
    struct jj_span_of *values; /* of the leaves, in data */
    bool *bad;                 /* leaves that have a problem already */
    size_t leaf_count;
} jj_record;

/* cells: the row's, cleaned, count of them. The values are checked against the type's schema.
 * JJ_EMEMORY is the only error; a row with problems is none. */
int jj_record_make(jj_record *record, const jj_recorder *recorder, const jj_cell *cells,
                   size_t count, jj_error *err);

void jj_record_clear(jj_record *record);

#endif
