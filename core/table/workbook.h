/*
 * What a workbook says about its sheets before any row is read: which part holds the sheet that is
 * wanted, the shared strings, how each cell style shows numbers, and from which year days count.
 */
#ifndef JJ_TABLE_WORKBOOK_H
#define JJ_TABLE_WORKBOOK_H

#include "base/buf.h"
#include "table/numfmt.h"
#include "table/package.h"

#include <stdint.h>

#define JJ_PART_NAME_SIZE 256

typedef struct jj_workbook {
    char part[JJ_PART_NAME_SIZE]; /* of the chosen sheet */
    char *sheet;                  /* its name; owned */
    unsigned visible;             /* sheets that are not hidden */
    bool date1904;
    jj_buf strings; /* the shared strings, each with a NUL behind it */
    size_t *string_at;
    size_t string_count, string_room;
    jj_numfmt *styles; /* by the index that cells use */
    size_t style_count;
} jj_workbook;

/* Fills a zeroed *book. sheet: NULL for the first visible one. In any case clear it. */
int jj_workbook_read(jj_workbook *book, jj_package *package, const char *sheet, jj_refusal *why);
void jj_workbook_clear(jj_workbook *book);

/* A shared string; NULL if there is none of that index. */
const char *jj_workbook_string(const jj_workbook *book, size_t index, size_t *length);

/* Appends text as it stands in a workbook's XML: _x000D_ and the like become characters, line
 * ends LF; what is no character is dropped. */
void jj_workbook_unescape(jj_buf *out, const char *text, size_t length);

#endif
