/*
 * The reject file: the rows of a file that failed, with the reason before each, ready to be
 * corrected and imported again. A CSV (UTF-8 with BOM, delimiter ';') whatever the original was,
 * because every spreadsheet opens it; JSON lines for JSON lines.
 *
 * It is made with the first row and gets its name when it is complete (see paper.h).
 */
#ifndef JJ_IMPORT_REJECT_H
#define JJ_IMPORT_REJECT_H

#include "import/mapping.h"
#include "import/paper.h"

typedef struct jj_reject {
    int dir; /* borrowed; -1: nothing is written */
    bool begun;
    jj_paper paper;
    jj_buf text; /* not yet written */
} jj_reject;

void jj_reject_init(jj_reject *reject, int dir);

/* Adds a row of a table: its cells as they were read. */
int jj_reject_row(jj_reject *reject, const jj_mapping *mapping, const jj_cell *cells, size_t count,
                  const char *reason, jj_error *err);

/* Adds a line of JSON; one that is no object is wrapped into one. */
int jj_reject_line(jj_reject *reject, const char *line, size_t length, const char *reason,
                   jj_error *err);

/* Keeps the file, if one was begun, as <stem of name>.ditolak<ending>. kept receives its name. */
int jj_reject_keep(jj_reject *reject, const char *name, const char *ending, char kept[JJ_NAME_SIZE],
                   jj_error *err);

/* Ends it in any case; what was not kept is forgotten. */
void jj_reject_clear(jj_reject *reject);

/* Member of a JSON line that carries the reason, and of the wrapper around a line that is none. */
#define JJ_REASON_MEMBER "ditolak"
#define JJ_LINE_MEMBER   "baris_asli"

#endif
