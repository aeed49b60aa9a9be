/*
 * Time: the wall clock in milliseconds since 1970 (what events carry), a monotonic one for
 * intervals, and RFC 3339 text for both directions.
 */
#ifndef JJ_BASE_CLOCK_H
#define JJ_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JJ_TIME_SIZE 25 /* "2026-01-31T23:59:59.999Z" and its NUL */

int64_t jj_now_ms(void);       /* CLOCK_REALTIME */
int64_t jj_monotonic_ms(void); /* CLOCK_MONOTONIC */
int64_t jj_monotonic_us(void);
int64_t jj_thread_us(void); /* CPU time of this thread: work, whatever else the machine does */

/* RFC 3339 date-time ("2018-05-04T07:00:00.5+07:00"; T and Z in either case, seconds 00-59 and 60
 * as a leap second) of exactly length bytes. Digits of the fraction beyond the third are dropped.
 * Years 0001 to 9999. */
bool jj_time_parse(const char *text, size_t length, int64_t *time_ms);

/* "YYYY-MM-DDTHH:MM:SSZ", with ".mmm" where the milliseconds are not zero. */
void jj_time_format(int64_t time_ms, char out[JJ_TIME_SIZE]);

/* Proleptic Gregorian calendar. */
bool jj_date_valid(int year, int month, int day);
int64_t jj_days_from_date(int year, int month, int day); /* since 1970-01-01 */
void jj_date_from_days(int64_t days, int *year, int *month, int *day);

/* "YYYY-MM-DD" of exactly length bytes. */
bool jj_date_parse(const char *text, size_t length, int *year, int *month, int *day);

#endif
