/* The absorption report: what was asked for, and the three ways of showing it. Used by report.c. */
#ifndef JJ_CTL_ABSORPTION_H
#define JJ_CTL_ABSORPTION_H

#include "ctl/warehouse.h"

#include "base/buf.h"

#include <stdbool.h>

/* Columns of the query that the report runs: dimensions, names, then the figures. */
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
    JJ_COL_GRADUATES = JJ_DIMENSIONS,
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
    JJ_FIGURES_END, /* behind the columns that every format shows */
    JJ_COL_PLACED = JJ_FIGURES_END,
    JJ_COL_BY_EMPLOYER,
    JJ_COL_BY_COOPERATIVE,
    JJ_COL_BY_BANK,
    JJ_COL_BY_OPD,
    JJ_COL_BY_SELF,
    JJ_COL_REGION_NAME,
    JJ_COL_PROVINCE_NAME,
    JJ_COL_DAY, /* the day that the report is for */
};

typedef struct jj_absorption {
    bool by[JJ_DIMENSIONS];
    int order[JJ_DIMENSIONS]; /* dimensions in the order they were asked for */
    int order_count;
    const char *horizon;    /* now, 6m, 12m */
    const char *definition; /* working, employed, placed */
    const char *as_of;      /* date; NULL: today */
    const char *known_at;   /* as given; NULL: everything */
    bool explain;
    int width;   /* of the table, in characters */
    bool colour; /* ANSI sequences */
} jj_absorption;

/* Name of a dimension or figure as in SQL, JSON and CSV. */
const char *jj_absorption_name(int column);

void jj_absorption_table(const jj_absorption *asked, const jj_pg_rows *rows, jj_buf *out);
void jj_absorption_json(const jj_absorption *asked, const jj_pg_rows *rows, jj_buf *out);
void jj_absorption_csv(const jj_absorption *asked, const jj_pg_rows *rows, jj_buf *out);

#endif
