/*
 * A workbook (XLSX, ECMA-376) of one sheet, written: a heading row, bold and frozen, with a filter,
 * and rows of typed cells below it.
 *
 * Guarantees: text is text, whatever it looks like: a code keeps its zeros and dots, and nothing is
 * ever a formula. Numbers are numbers with a format, dates are dates. The same content gives the
 * same bytes. Characters that XML cannot hold are left out, a text longer than Excel allows (32,767
 * characters) is cut. The whole is in memory.
 *
 * Not here: formulas, several sheets, merged cells.
 */
#ifndef JJ_TABLE_XLSX_H
#define JJ_TABLE_XLSX_H

#include "jejaring/error.h"

#include "base/buf.h"

#include <stddef.h>

#define JJ_XLSX_ROWS_MAX 1048576 /* of one sheet, the heading included */

enum jj_xlsx_format {
    JJ_XLSX_GENERAL, /* as it is: a year, a rank */
    JJ_XLSX_COUNT,   /* with thousands */
    JJ_XLSX_DECIMAL, /* with thousands and one decimal */
    JJ_XLSX_RUPIAH,
    JJ_XLSX_PERCENT, /* a fraction, shown as 42,1% */
};

typedef struct jj_xlsx jj_xlsx;

/* sheet: its name, cut and mended where Excel would refuse it. *xlsx is new. JJ_EMEMORY. */
int jj_xlsx_new(jj_xlsx **xlsx, const char *sheet, jj_error *err);
void jj_xlsx_free(jj_xlsx *xlsx);

/* The next column, with its heading; width in characters. All of them before the first cell. */
void jj_xlsx_column(jj_xlsx *xlsx, const char *heading, int width);

/* Cells, row by row from left to right; jj_xlsx_row ends a row. number is decimal text as C writes
 * it ("-12", "0.421"), iso a date as "2026-01-31"; what is neither is written as text. */
void jj_xlsx_text(jj_xlsx *xlsx, const char *text);
void jj_xlsx_number(jj_xlsx *xlsx, enum jj_xlsx_format format, const char *number);
void jj_xlsx_date(jj_xlsx *xlsx, const char *iso);
void jj_xlsx_empty(jj_xlsx *xlsx);
void jj_xlsx_row(jj_xlsx *xlsx);

/* Appends the packed workbook to out. JJ_ETOO_LARGE: more rows than a sheet has. JJ_ESYSTEM: libzip
 * is not installed. JJ_EMEMORY. */
int jj_xlsx_finish(jj_xlsx *xlsx, jj_buf *out, jj_error *err);

#endif
