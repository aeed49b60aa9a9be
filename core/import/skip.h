/*
 * Rows of a table that are no data: what offices put between and below it.
 */
#ifndef JJ_IMPORT_SKIP_H
#define JJ_IMPORT_SKIP_H

#include "import/mapping.h"

#include <stdbool.h>

/* All cells are empty (cleaned). */
bool jj_row_is_blank(const jj_cell *cells, size_t count);

/* A sum ("Jumlah", "Total" in its first cell, and a required cell is empty), the numbers of the
 * columns below the header ("1 2 3", "(1) (2) (3)"), or the header once more. */
bool jj_row_is_furniture(const jj_mapping *mapping, uint64_t number, const jj_cell *cells,
                         size_t count);

#endif
