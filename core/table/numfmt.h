/*
 * Number formats of a workbook (ECMA-376 part 1, 18.8.30 and 18.8.31): enough of them to give a
 * number as the person at the screen reads it. Dates come in ISO form; other numbers with a decimal
 * comma, without thousands dots, in full where a spreadsheet would shorten them.
 *
 * From 1e15 on a spreadsheet no longer knows every digit of a number (a NIK has 16): these come in
 * scientific notation, so that nobody takes them for what was once typed.
 */
#ifndef JJ_TABLE_NUMFMT_H
#define JJ_TABLE_NUMFMT_H

#include <stdbool.h>
#include <stddef.h>

enum jj_numfmt_kind {
    JJ_NUMFMT_PLAIN,
    JJ_NUMFMT_DATE,
    JJ_NUMFMT_DATETIME,
    JJ_NUMFMT_TIME,
    JJ_NUMFMT_PERCENT,
    JJ_NUMFMT_ZEROS, /* nothing but zeros, e.g. 00000: padded to that width */
};

typedef struct jj_numfmt {
    enum jj_numfmt_kind kind;
    unsigned width; /* of JJ_NUMFMT_ZEROS */
} jj_numfmt;

/* The format of a built-in id (below 164); plain for unknown ones. */
jj_numfmt jj_numfmt_builtin(unsigned id);

/* The format of a code such as "dd/mm/yyyy;@". */
jj_numfmt jj_numfmt_parse(const char *code);

#define JJ_NUMBER_SIZE 64

/* The text of a number as it stands in the file ("43466", "0.1", "3.375E+15"); false if it is not
 * a number. date1904: the workbook counts days from 1904. Returns the length. */
bool jj_numfmt_render(jj_numfmt format, bool date1904, const char *number,
                      char out[JJ_NUMBER_SIZE]);

#endif
