/*
 * What a reader of configuration found wrong: every problem, not only the first, each with its
 * position, so that a person mends a file in one go.
 *
 * Beyond JJ_FINDINGS_MAX they are counted and no longer kept: a file with that many errors is
 * not a config.
 */
#ifndef JJ_CONFIG_FINDINGS_H
#define JJ_CONFIG_FINDINGS_H

#include "jejaring/error.h"

#include <stddef.h>
#include <stdio.h>

#define JJ_FINDINGS_MAX 100
#define JJ_REMEDY_SIZE  256

/* Zero-initialise; clear when done. */
typedef struct jj_findings {
    jj_error *list;                   /* owned; in the order in which they were found */
    char (*remedies)[JJ_REMEDY_SIZE]; /* owned; what to do about each; may be empty */
    size_t count;                     /* kept in list */
    size_t more;                      /* found beyond those */
} jj_findings;

void jj_findings_clear(jj_findings *findings);

/* Adds a problem at a place (line and column 1-based, 0: not known). file may be NULL. */
void jj_findings_add(jj_findings *findings, const char *file, int line, int column,
                     const char *format, ...) JJ_PRINTF(5, 6);

/* Adds an error that somebody else has filled in, as it is. */
void jj_findings_add_error(jj_findings *findings, const jj_error *err);

/* Says what to do about the problem that was added last, where its text does not say it itself. */
void jj_findings_advise(jj_findings *findings, const char *format, ...) JJ_PRINTF(2, 3);

/* Number of problems; 0: all is well. */
size_t jj_findings_total(const jj_findings *findings);

/* Orders by file, line and column: a reader goes through the file once, from top to bottom. */
void jj_findings_sort(jj_findings *findings);

/* Writes a line each, "file:line:column: error: text", and below it what to do, "  next: remedy",
 * where that is known. */
void jj_findings_print(const jj_findings *findings, FILE *out);

/* The first problem as an error, for a caller that returns one: JJ_ECONFIG (or JJ_EMEMORY). Only
 * when there is one. */
int jj_findings_first(const jj_findings *findings, jj_error *err);

#endif
