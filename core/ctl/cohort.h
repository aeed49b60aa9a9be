/*
 * Reports on cohorts of graduates: `report absorption`, `funnel`, `time-to-work`, `funding`. What
 * they have in common is the list of dimensions of --by, and queries whose first columns are all of
 * the dimensions (null where one is not asked for) and the names of region and province.
 */
#ifndef JJ_CTL_COHORT_H
#define JJ_CTL_COHORT_H

#include "ctl/tabular.h"

#include "ctl/warehouse.h"

#include <stdbool.h>

/* First columns of every query. */
enum {
    JJ_COL_REGION,
    JJ_COL_PROVINCE,
    JJ_COL_YEAR,
    JJ_COL_VOCATION,
    JJ_COL_BATCH,
    JJ_COL_FUNDING,
    JJ_COL_SEX,
    JJ_COL_DISABILITY,
    JJ_COL_DIGITAL,
    JJ_DIMENSIONS, /* how many there are */
    JJ_COL_REGION_NAME = JJ_DIMENSIONS,
    JJ_COL_PROVINCE_NAME,
    JJ_COL_FIGURES, /* the first of what the report is about */
};

#define JJ_COHORT_COLUMNS (JJ_DIMENSIONS + 2 + 24) /* most that a report shows */

/* What --by said. */
typedef struct jj_cohort {
    bool by[JJ_DIMENSIONS];
    int order[JJ_DIMENSIONS]; /* dimensions in the order they were asked for */
    int count;
    char array[160]; /* the same as an array of PostgreSQL */
} jj_cohort;

/* What --where said. */
typedef struct jj_cohort_cell {
    char *cell;             /* dimensions and their values, JSON; owned */
    bool of[JJ_DIMENSIONS]; /* which of them */
} jj_cohort_cell;

#define JJ_COHORT_WHERE_FLAG                                                                       \
    {                                                                                              \
        "where", "CELL", "of this cell only, e.g. region=33.75,year=2018; may be repeated"         \
    }

/* How a dimension is called and shown. */
const jj_column *jj_cohort_dimension(int dimension);

/* The dimension of that name; JJ_DIMENSIONS if there is none. */
int jj_cohort_find(const char *name, size_t length);

/* Reads a list of dimensions. Returns an exit code: JJ_EXIT_USAGE for an unknown one, and for one
 * of `without` (a list of names, or NULL), which this report does not have. */
int jj_cohort_parse(const jj_ctl *ctl, const char *list, const char *const *without,
                    jj_cohort *cohort);

/* Reads all --where. Returns an exit code; only with JJ_EXIT_OK is there a cell to free. without:
 * as above, what the report compares. Counts of a cell of those with a disability would be exact,
 * so that only a list of persons may be of one. */
int jj_cohort_where(const jj_ctl *ctl, const char *const *without, bool listing,
                    jj_cohort_cell *cell);

/* Reads an option that is a date. NULL if it was not given. Returns an exit code. */
int jj_cohort_date(const jj_ctl *ctl, const char *option, const char **date);

/* A table out of the rows of a query: the dimensions asked for, then the figures, which are the
 * columns of the query from JJ_COL_FIGURES on; `columns` becomes the columns of report, which is
 * the table's. The table borrows everything; free(table->cells) ends it. Returns 0 or JJ_EMEMORY.
 */
int jj_cohort_table(const jj_cohort *cohort, const jj_pg_rows *rows, const jj_column *figures,
                    jj_column columns[JJ_COHORT_COLUMNS], jj_report *report, jj_tabular *table,
                    jj_error *err);

/* Where a report is cut by disability, its counts are rounded (schemas/warehouse/README.md), and
 * the last two columns of its query say whether a row's shares and days tell nothing, and to
 * multiples of what was rounded. */
bool jj_cohort_few(const jj_cohort *cohort, const jj_pg_rows *rows, int row);

/* Hides in such rows of a table the figures that are missing. */
void jj_cohort_hide(const jj_cohort *cohort, const jj_pg_rows *rows, const jj_column *figures,
                    jj_tabular *table);

/* Appends the words below the table that say so, without a line's end; nothing if it is not cut by
 * disability, or empty. */
void jj_cohort_rounded(const jj_cohort *cohort, const jj_pg_rows *rows, jj_buf *out);

/* funnel, time-to-work, funding: returns an exit code. */
int jj_ctl_funnel(jj_ctl *ctl);
int jj_ctl_time_to_work(jj_ctl *ctl);
int jj_ctl_funding(jj_ctl *ctl);

extern const jj_flag jj_funnel_flags[], jj_time_to_work_flags[], jj_funding_flags[];

#endif
