/*
 * Where a report goes: to stdout, or into a file that is there whole or not at all; and on what
 * paper it is shown.
 */
#ifndef JJ_CTL_OUTPUT_H
#define JJ_CTL_OUTPUT_H

#include "ctl/ctl.h"

#include "base/buf.h"

#include <stdbool.h>

enum jj_format {
    JJ_FORMAT_TABLE,
    JJ_FORMAT_JSON,
    JJ_FORMAT_CSV,
    JJ_FORMAT_XLSX,
};

typedef struct jj_output {
    enum jj_format format;
    const char *file; /* NULL: stdout */
    int width;        /* of a line, in columns: of the terminal, or $COLUMNS; 0: nobody says */
    bool colour;
} jj_output;

/* Reads the options --format, --output and --json of a command. Without a format the ending of the
 * file says it. Returns an exit code: JJ_EXIT_USAGE for an unknown format, and for a workbook that
 * would be written to a terminal. */
int jj_output_of(const jj_ctl *ctl, jj_output *output);

/* Writes all of it. A file that is there is replaced at once, when everything is written; it can be
 * read by its owner only, as reports name persons by their keys. Returns an exit code. */
int jj_output_write(const jj_output *output, const jj_buf *data);

#endif
