/*
 * The absorption report: what was asked for, and its table for people. Used by report.c; all other
 * formats are those of every table (tabular.h).
 */
#ifndef JJ_CTL_ABSORPTION_H
#define JJ_CTL_ABSORPTION_H

#include "ctl/cohort.h"

#include "base/buf.h"

#include <stdbool.h>

/* Columns of the query behind the dimensions and names. */
enum {
    JJ_COL_GRADUATES = JJ_COL_FIGURES,
    JJ_COL_TRACED,
    JJ_COL_EMPLOYED,
    JJ_COL_SELF_EMPLOYED,
    JJ_COL_WORKING,
    JJ_COL_FORMAL,
    JJ_COL_INFORMAL,
    JJ_COL_RATE,
    JJ_COL_LOW,
    JJ_COL_HIGH,
    JJ_COL_COVERAGE,
    JJ_COL_PLACED,
    JJ_COL_BY_EMPLOYER,
    JJ_COL_BY_COOPERATIVE,
    JJ_COL_BY_BANK,
    JJ_COL_BY_OPD,
    JJ_COL_BY_SELF,
    /* Of how many regencies the figure should be, and is; null by region. */
    JJ_COL_REGENCIES,
    JJ_COL_REGENCIES_BEHIND,
    /* What the definitions disagree about; null without --explain. */
    JJ_COL_UNPLACED,
    JJ_COL_PLACED_STILL,
    JJ_COL_PLACED_BEFORE,
    JJ_COL_PLACED_BEFORE_WORKING,
};

typedef struct jj_absorption {
    jj_cohort cohort;
    jj_cohort_cell where;
    const char *horizon;    /* now, 6m, 12m */
    const char *definition; /* working, employed, placed */
    const char *as_of;      /* date; NULL: today */
    const char *known_at;   /* as given; NULL: everything */
    char known_moment[64];  /* the same as a moment */
    const char *day;        /* that the report is for */
    bool explain;
    int width;   /* of the table, in characters */
    bool colour; /* ANSI sequences */
} jj_absorption;

/* missing: rows of region, name and year (null: nothing at all), which follow the report's own. */
void jj_absorption_table(const jj_absorption *asked, const jj_pg_rows *rows,
                         const jj_pg_rows *missing, jj_buf *out);

#endif
