/*
 * JSON lines: a file in which each line is a whole event. The events are passed on as the bytes
 * that they are; only the reason that a reject file of ours carries is taken out again.
 */
#ifndef JJ_IMPORT_LINES_H
#define JJ_IMPORT_LINES_H

#include "base/buf.h"
#include "schema/catalogue.h"
#include "table/fault.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct jj_lines jj_lines;

/* True for names that end in .jsonl or .ndjson. */
bool jj_is_lines(const char *name);

/* fd is borrowed until the close. *lines is new. Errors as those of jj_table_open. */
int jj_lines_open(jj_lines **lines, int fd, jj_refusal *why);
void jj_lines_close(jj_lines *lines);

/* 1 and the next line, 0 at the end, or an error. The text is borrowed until the next call. Of a
 * line that is longer than an event may be, *cut is true and only its beginning is given. */
int jj_lines_next(jj_lines *lines, const char **text, size_t *length, uint64_t *number, bool *cut,
                  jj_refusal *why);

const char *jj_lines_encoding(const jj_lines *lines);
uint64_t jj_lines_position(const jj_lines *lines, uint64_t *total);

/* Appends the line as it was before a reject file of ours put its reason into it. */
void jj_line_restore(const char *text, size_t length, jj_buf *out);

/* Whether a restored line is an event of this type; else false with an Indonesian reason. */
bool jj_line_check(const jj_type *type, const char *text, size_t length, jj_buf *problems);

#endif
