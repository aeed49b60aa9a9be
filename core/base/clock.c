#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t jj_now_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t jj_monotonic_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t jj_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t jj_thread_us(void)
{
    return read_us(CLOCK_THREAD_CPUTIME_ID);
}

/* Days from civil and back: the usual arithmetic on years that begin in March. */
int64_t jj_days_from_date(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void jj_date_from_days(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_shifted = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * month_shifted + 2) / 5 + 1);
    *month = (int)(month_shifted < 10 ? month_shifted + 3 : month_shifted - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

bool jj_date_valid(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) {
        return false;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= lengths[month - 1] + (leap && month == 2);
}

/* Exactly count digits at text; -1 if there is anything else. */
static int digits(const char *text, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool jj_date_parse(const char *text, size_t length, int *year, int *month, int *day)
{
    if (length != 10 || text[4] != '-' || text[7] != '-') {
        return false;
    }
    int y = digits(text, 4), m = digits(text + 5, 2), d = digits(text + 8, 2);
    if (!jj_date_valid(y, m, d)) {
        return false;
    }
    *year = y;
    *month = m;
    *day = d;
    return true;
}

/* The zone at text, exactly length bytes, in minutes. */
static bool parse_zone(const char *text, size_t length, int *minutes)
{
    if (length == 1 && (text[0] == 'Z' || text[0] == 'z')) {
        *minutes = 0;
        return true;
    }
    if (length != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
        return false;
    }
    int hour = digits(text + 1, 2), minute = digits(text + 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return false;
    }
    *minutes = (hour * 60 + minute) * (text[0] == '-' ? -1 : 1);
    return true;
}

bool jj_time_parse(const char *text, size_t length, int64_t *time_ms)
{
    int year, month, day, zone;
    if (length < 20 || !jj_date_parse(text, 10, &year, &month, &day) ||
        (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
        return false;
    }
    int hour = digits(text + 11, 2), minute = digits(text + 14, 2), second = digits(text + 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
        return false;
    }
    size_t at = 19;
    int milliseconds = 0;
    if (text[at] == '.') {
        size_t from = ++at;
        for (int weight = 100; at < length && text[at] >= '0' && text[at] <= '9'; at++) {
            milliseconds += (text[at] - '0') * weight;
            weight /= 10;
        }
        if (at == from) {
            return false;
        }
    }
    if (!parse_zone(text + at, length - at, &zone)) {
        return false;
    }
    int64_t minutes = (jj_days_from_date(year, month, day) * 24 + hour) * 60 + minute - zone;
    *time_ms = (minutes * 60 + second) * 1000 + milliseconds;
    return true;
}

void jj_time_format(int64_t time_ms, char out[JJ_TIME_SIZE])
{
    int64_t days = time_ms / 86400000, rest = time_ms % 86400000;
    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    int year, month, day;
    jj_date_from_days(days, &year, &month, &day);
    int ms = (int)(rest % 1000), seconds = (int)(rest / 1000);
    /* The masks change nothing for valid times; they tell the compiler that the text fits. */
    unsigned y = (unsigned)year % 10000, mo = (unsigned)month % 100, d = (unsigned)day % 100;
    unsigned h = (unsigned)(seconds / 3600) % 100, mi = (unsigned)(seconds / 60 % 60),
             s = (unsigned)(seconds % 60);
    if (ms) {
        snprintf(out, JJ_TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", y, mo, d, h, mi, s,
                 (unsigned)ms % 1000);
    } else {
        snprintf(out, JJ_TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", y, mo, d, h, mi, s);
    }
}
