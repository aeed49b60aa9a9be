/*
 * The rows of one sheet of an XLSX workbook, read as a stream. Formulas count by their stored
 * results; hidden rows and columns count like others.
 */
#ifndef JJ_TABLE_SHEET_H
#define JJ_TABLE_SHEET_H

#include "table/table.h"

typedef struct jj_sheet jj_sheet;

/* fd is borrowed during the call only. sheet NULL: the first visible one. *reader is new. */
int jj_sheet_open(jj_sheet **reader, int fd, const char *sheet, jj_refusal *why);
void jj_sheet_close(jj_sheet *reader);

int jj_sheet_next(jj_sheet *reader, jj_row *row, jj_refusal *why);

jj_table_form jj_sheet_form(const jj_sheet *reader);
uint64_t jj_sheet_position(const jj_sheet *reader, uint64_t *total);

#endif
