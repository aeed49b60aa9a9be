/*
 * `jejaringctl report ...`: figures for officials, out of the warehouse. What they mean is defined
 * in schemas/warehouse/ (SQL, and its README.md); here they are only asked for and shown.
 */
#ifndef JJ_CTL_REPORT_H
#define JJ_CTL_REPORT_H

#include "ctl/warehouse.h"

/* What was asked for, as it was written; NULL: the first of the choices. */
typedef struct jj_report_words {
    const char *by;         /* list of region, province, year, vocation, batch, funding, sex,
                             * disability, digital_marketing; NULL: region,year */
    const char *horizon;    /* now, 6m or 12m after graduation */
    const char *definition; /* working, employed or placed: what the rate counts */
    const char *as_of;      /* YYYY-MM-DD: the state on that day; NULL: today */
    const char *known_at;   /* YYYY-MM-DD or RFC 3339: with what was known then; NULL: everything */
    const char *format;     /* table, json or csv */
    bool explain;           /* the evidence, and why three definitions differ (table only) */
} jj_report_words;

/* The absorption rate with its parts. Returns an exit code; JJ_EXIT_USAGE for a wrong word. */
int jj_report_absorption(const jj_database *database, const jj_report_words *words);

#endif
