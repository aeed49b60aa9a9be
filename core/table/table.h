/*
 * Tables that people made: rows of UTF-8 cells out of delimited text (CSV and its relatives) and
 * out of XLSX workbooks.
 *
 * Guarantees: which of the two it is, the encoding (UTF-8 with and without BOM, UTF-16, else
 * Windows-1252), the delimiter and the line ends are found from the content. Every cell is valid
 * UTF-8 without NUL characters. Text is read as a stream (a row is all that is held); a workbook
 * holds its shared strings, within limits. No input makes memory or time grow beyond the limits
 * below. Rows are counted as a spreadsheet shows them: from 1, the header and blank rows included,
 * a record with line breaks in a cell as one row, a `sep=` line not at all.
 *
 * Not here: what the cells mean. Numbers of a workbook come as they are shown where Indonesian is
 * spoken (decimal comma, no thousands dots), dates in ISO form.
 */
#ifndef JJ_TABLE_TABLE_H
#define JJ_TABLE_TABLE_H

#include "jejaring/error.h"

#include "table/fault.h"

#include <stddef.h>
#include <stdint.h>

#define JJ_CELL_MAX     65536               /* bytes in one cell */
#define JJ_COLUMNS_MAX  1000                /* columns in one row */
#define JJ_TABLE_MAX    ((int64_t)2 << 30)  /* bytes of a text file */
#define JJ_WORKBOOK_MAX ((int64_t)64 << 20) /* bytes of a workbook, packed */
#define JJ_UNPACKED_MAX ((int64_t)1 << 30)  /* bytes that are unpacked from one workbook */
#define JJ_STRINGS_MAX  ((size_t)64 << 20)  /* bytes of shared strings in memory */
#define JJ_RATIO_MAX    200                 /* unpacked to packed, of parts over 8 MiB */

typedef struct jj_table jj_table;

typedef struct jj_cell {
    const char *text; /* NUL-terminated; never NULL */
    size_t length;
} jj_cell;

/* One row. Borrowed: valid until the next call of jj_table_next or jj_table_close. Empty cells at
 * the end are not counted: a blank row has none. */
typedef struct jj_row {
    uint64_t number; /* as a spreadsheet shows it, from 1 */
    size_t count;
    const jj_cell *cells;
} jj_row;

typedef struct jj_table_options {
    const char *sheet; /* of a workbook; NULL: the first visible one */
    char delimiter;    /* of text; 0: found from the content */
} jj_table_options;

/* What was found out about the file. Static or the table's own. */
typedef struct jj_table_form {
    const char *format;   /* "csv" or "xlsx" */
    const char *encoding; /* "UTF-8", "UTF-16LE", "UTF-16BE", "Windows-1252" */
    char delimiter;       /* of text; 0 for a workbook */
    const char *sheet;    /* name of the sheet; NULL for text */
    unsigned sheets;      /* that a person sees in the workbook; 0 for text */
} jj_table_form;

/* Reads from fd, a regular file, which is borrowed until jj_table_close (its offset is moved).
 * options may be NULL. *table is new. Errors: JJ_EMALFORMED, JJ_ETOO_LARGE, JJ_ENOTFOUND (the
 * sheet) with *fault; JJ_EMEMORY and JJ_ESYSTEM with JJ_FAULT_NONE. err has line (row) and column
 * where they are known. */
int jj_table_open(jj_table **table, int fd, const jj_table_options *options, enum jj_fault *fault,
                  jj_error *err);
void jj_table_close(jj_table *table);

/* 1 and the next row, 0 at the end, or an error as above; after an error only close. */
int jj_table_next(jj_table *table, jj_row *row, enum jj_fault *fault, jj_error *err);

jj_table_form jj_table_form_of(const jj_table *table);

/* How far reading has come, for a progress bar: bytes done of *total (both approximate). */
uint64_t jj_table_position(const jj_table *table, uint64_t *total);

/* The letters under which a spreadsheet shows a column counted from 0: A, B ... Z, AA ... */
#define JJ_COLUMN_NAME_SIZE 8
void jj_column_name(size_t column, char out[JJ_COLUMN_NAME_SIZE]);

#endif
