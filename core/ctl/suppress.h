/*
 * Small counts of persons in a table with totals: which cells must not be shown.
 *
 * The table has rows and columns (regions, years) and a total of each row, of each column and of
 * all. Each cell counts persons, and divides them into groups of categories: a group's categories
 * are disjoint, and what they leave of the persons is the group's rest, which anybody can subtract.
 *
 * Guarantees, for what is not hidden:
 *   1. No count of persons, category or rest lies between 1 and floor - 1.
 *   2. A total that is shown minus the shown cells of its row or column is never such a count
 *      either, neither of persons nor of a category or rest.
 *   3. No hidden count follows from the shown ones by any sums and differences of rows, columns and
 *      totals: each hidden cell lies on a cycle of hidden cells, along which one more here and one
 *      less there changes no sum (Gusfield, A Graph Theoretic Approach to Statistical Data
 * Security, SIAM J. Comput. 17, 1988).
 *   4. Where the persons are hidden, so is every group.
 *
 * A cell without persons is shown as 0: nobody is in it. Not here: bounds (of two hidden cells that
 * add up to 7, none is above 7), what a reader knows from elsewhere, and differences with another
 * table: of another day, of another floor, of other rows and columns.
 */
#ifndef JJ_CTL_SUPPRESS_H
#define JJ_CTL_SUPPRESS_H

#include "jejaring/error.h"

#include <stdbool.h>
#include <stdint.h>

#define JJ_CATEGORIES_MAX 8 /* of one group, the rest included */

typedef struct jj_counts {
    int rows, columns; /* with the totals, which are the last row and the last column */
    int measures;      /* in each cell: first the persons, then the categories, group by group */
    int groups;        /* of categories */
    const int *sizes;  /* categories of each group */
    int64_t floor;     /* from 1 */
    const int64_t *of; /* rows * columns * measures */
    bool *hidden;      /* rows * columns * (1 + groups): out; persons first, then each group */
} jj_counts;

/* Fills in hidden. Totals must be the sums of their row or column. JJ_EMEMORY. */
int jj_suppress(const jj_counts *counts, jj_error *err);

#endif
