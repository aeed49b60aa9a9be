/*
 * Figures and words as Indonesians write and a terminal shows them: 1.234.567, 42,1%, 31 Juli 2020.
 * No locale of the system is involved.
 */
#ifndef JJ_CTL_FIGURES_H
#define JJ_CTL_FIGURES_H

#include "base/buf.h"

#include <stddef.h>

#define JJ_FIGURE_SIZE 48

/* Whole number in decimal text: "-1234567" -> "-1.234.567". What is none is given as it is. */
void jj_figure_count(const char *digits, char out[JJ_FIGURE_SIZE]);

/* A fraction to percent with one decimal, half of it up: 0.42105 -> "42,1%". */
void jj_figure_percent(double fraction, char out[JJ_FIGURE_SIZE]);

/* With at most one decimal: 1234.56 -> "1.234,6", 12 -> "12". */
void jj_figure_decimal(double number, char out[JJ_FIGURE_SIZE]);

/* "2020-07-31" -> "31 Juli 2020"; what is no date is given as it is. */
void jj_figure_day(const char *iso, char out[JJ_FIGURE_SIZE]);

/* Appends decimal text with at most ten digits behind the point and no zeros at its end: what JSON
 * and CSV hold of PostgreSQL's many digits. point is '.' or ','. */
void jj_figure_plain(jj_buf *out, const char *number, char point);

/* Columns that a terminal needs for text in UTF-8: 2 for wide characters, 0 for combining ones. */
int jj_figure_width(const char *text);

/* Appends text for one line of a terminal, cut to width with an ellipsis: control characters, line
 * breaks and marks that turn the direction of writing, which could change what a reader sees, come
 * as spaces. width < 0: whole. Returns the columns it takes. */
int jj_figure_line(jj_buf *out, const char *text, int width);

#endif
