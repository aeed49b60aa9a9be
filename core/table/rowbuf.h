/*
 * One row under construction: the cells' texts in one buffer, addressed once the row is complete.
 */
#ifndef JJ_TABLE_ROWBUF_H
#define JJ_TABLE_ROWBUF_H

#include "base/buf.h"
#include "table/table.h"

typedef struct jj_rowbuf {
    jj_buf text; /* the cells, each with a NUL behind it */
    size_t count;
    size_t starts[JJ_COLUMNS_MAX];
    jj_cell cells[JJ_COLUMNS_MAX];
} jj_rowbuf;

void jj_rowbuf_reset(jj_rowbuf *row);
void jj_rowbuf_clear(jj_rowbuf *row);

/* Adds the next cell. Cells beyond JJ_COLUMNS_MAX are dropped if they are empty; false: one was
 * not, or there is no memory (text.failed). */
bool jj_rowbuf_add(jj_rowbuf *row, const char *text, size_t length);

/* The finished row: empty cells at the end are left out. */
void jj_rowbuf_row(jj_rowbuf *buf, uint64_t number, jj_row *row);

#endif
