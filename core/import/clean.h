/*
 * Cells as they are worked with: without what people and spreadsheets put around the content, and
 * the marks that keep a spreadsheet from spoiling or executing a cell, in both directions.
 */
#ifndef JJ_IMPORT_CLEAN_H
#define JJ_IMPORT_CLEAN_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends a cell's content and a NUL to out: no blanks at either end (the no-break space, the
 * zero-width ones and the byte order mark are blanks), no-break spaces as spaces, no escaping
 * apostrophe; a lone dash is no content. Returns the length without the NUL. */
size_t jj_clean(const char *text, size_t length, jj_buf *out);

/* True for a cell that needs an apostrophe before it in a file that we write: it begins like a
 * formula (= + - @ tab), or a spreadsheet would take it for a number and spoil it (a NIK, a
 * telephone number, a code with leading zeros, a region code). jj_clean takes the apostrophe off
 * again, so that a cell means the same when the file is read; one that has its apostrophe already
 * keeps it. */
bool jj_needs_escape(const char *text, size_t length);

/* Appends a cell of a CSV file with this delimiter, escaped and quoted where needed. */
void jj_csv_cell(jj_buf *out, const char *text, size_t length, char separator);

#endif
