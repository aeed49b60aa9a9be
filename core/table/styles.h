/* The styles part of a workbook: how each cell style shows a number. */
#ifndef JJ_TABLE_STYLES_H
#define JJ_TABLE_STYLES_H

#include "table/workbook.h"

/* Fills book->styles. A part that is not there is no error: all is plain then. */
int jj_styles_read(jj_workbook *book, jj_package *package, const char *part, jj_refusal *why);

#endif
