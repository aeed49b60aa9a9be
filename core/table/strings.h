/* The shared strings of a workbook, and the escapes that texts of a workbook have. */
#ifndef JJ_TABLE_STRINGS_H
#define JJ_TABLE_STRINGS_H

#include "table/workbook.h"

/* Fills book->strings, at most JJ_STRINGS_MAX bytes. A part that is not there is no error. */
int jj_strings_read(jj_workbook *book, jj_package *package, const char *part, jj_refusal *why);

#endif
