/*
 * Dates as offices write them: 2019-04-11, 11/04/2019, 11-04-2019, 11.04.2019, 4 Mei 2018, Jumat,
 * 4 Mei 2018, 04-Agu-2018, May 4, 2018, each with or without a time of day behind it. The day
 * stands before the month. Two-digit years are refused.
 */
#ifndef JJ_IMPORT_DATES_H
#define JJ_IMPORT_DATES_H

#include <stdbool.h>
#include <stddef.h>

#define JJ_DATE_SIZE 11 /* "2019-04-11" and its NUL */

/* Writes the ISO date. On failure *why is an Indonesian reason (static). */
bool jj_date_read(const char *text, size_t length, char out[JJ_DATE_SIZE], const char **why);

#endif
