/*
 * A cell's text as the JSON value that its property wants: by kind, format, x-values and choices.
 *
 * Guarantees: a text that can be read in two ways is refused, never guessed. A reason is one
 * Indonesian phrase that goes behind the column's title ("harus berupa angka"); it never holds the
 * cell's text.
 */
#ifndef JJ_IMPORT_CELLS_H
#define JJ_IMPORT_CELLS_H

#include "base/buf.h"
#include "import/reference.h"
#include "schema/catalogue.h"

#include <stdbool.h>

typedef struct jj_cells {
    const jj_reference *reference; /* borrowed */
    const char *source;            /* of whom entity codes are */
} jj_cells;

/* Appends the JSON value of a cleaned, non-empty cell to json. False: why says what is wrong with
 * it, and nothing was appended. */
bool jj_cell_value(const jj_cells *cells, const jj_property *property, const char *text,
                   size_t length, jj_buf *json, jj_buf *why);

/* A cell of the region column: *code is the reference's. */
bool jj_cell_region(const jj_cells *cells, const char *text, size_t length, const char **code,
                    jj_buf *why);

/* The 16 digits of a NIK: an apostrophe before them, blanks, dots and dashes between are dropped.
 */
bool jj_cell_nik(const char *text, size_t length, char nik[17], jj_buf *why);

#endif
