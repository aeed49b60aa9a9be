/*
 * Delimited text as rows (libcsv). Forgiving about quotes as spreadsheets are: a quotation mark
 * inside an unquoted cell is itself, blanks around an unquoted cell are dropped. One thing is
 * refused: a quoted cell that the end of the file cuts off, because it may have swallowed rows.
 */
#ifndef JJ_TABLE_DELIMITED_H
#define JJ_TABLE_DELIMITED_H

#include "table/table.h"

typedef struct jj_delimited jj_delimited;

/* fd is borrowed. delimiter 0: found from the content. *reader is new. */
int jj_delimited_open(jj_delimited **reader, int fd, char delimiter, jj_refusal *why);
void jj_delimited_close(jj_delimited *reader);

int jj_delimited_next(jj_delimited *reader, jj_row *row, jj_refusal *why);

jj_table_form jj_delimited_form(const jj_delimited *reader);
uint64_t jj_delimited_position(const jj_delimited *reader);

#endif
