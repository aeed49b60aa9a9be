#include "table/numfmt.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DAY_SECONDS  86400
#define EXACT_BELOW  1e15
#define HELD_BELOW   9007199254740992.0 /* 2^53: every whole number below is a double */
#define SERIAL_BELOW 2958466.0          /* 10000-01-01 */

jj_numfmt jj_numfmt_builtin(unsigned id)
{
    enum jj_numfmt_kind kind = JJ_NUMFMT_PLAIN;
    if (id == 9 || id == 10) {
        kind = JJ_NUMFMT_PERCENT;
    } else if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || (id >= 50 && id <= 54) ||
               id == 36 || id == 57 || id == 58) {
        kind = JJ_NUMFMT_DATE;
    } else if (id == 22) {
        kind = JJ_NUMFMT_DATETIME;
    } else if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47)) {
        kind = JJ_NUMFMT_TIME;
    }
    return (jj_numfmt){kind, 0};
}

typedef struct letters {
    bool date, month, time, percent;
    unsigned zeros, others;
} letters;

/* What stands in brackets: [h], [mm], [ss] are time; [Red], [>=100], [$-421] are nothing. */
static const char *skip_bracket(const char *at, letters *seen)
{
    const char *end = strchr(at, ']');
    if (!end) {
        return at + strlen(at);
    }
    size_t length = (size_t)(end - at) - 1;
    if (length && strspn(at + 1, "hHmMsS") == length) {
        seen->time = true;
    }
    return end + 1;
}

static const char *skip_quoted(const char *at)
{
    const char *end = strchr(at + 1, '"');
    return end ? end + 1 : at + strlen(at);
}

static void see(char c, letters *seen)
{
    switch (c) {
    case 'd':
    case 'D':
    case 'y':
    case 'Y':
        seen->date = true;
        break;
    case 'm':
    case 'M':
        seen->month = true;
        break;
    case 'h':
    case 'H':
    case 's':
    case 'S':
        seen->time = true;
        break;
    case '%':
        seen->percent = true;
        break;
    case '0':
        seen->zeros++;
        break;
    default:
        seen->others++;
    }
}

/* The letters of the first section: the one for positive numbers. */
static letters scan(const char *at)
{
    letters seen = {0};
    while (*at && *at != ';') {
        if (*at == '[') {
            at = skip_bracket(at, &seen);
        } else if (*at == '"') {
            at = skip_quoted(at);
        } else if (strncasecmp(at, "general", 7) == 0) {
            seen.others++;
            at += 7;
        } else if (*at == '\\' || *at == '_' || *at == '*') {
            at += at[1] ? 2 : 1;
        } else if (strncasecmp(at, "am/pm", 5) == 0) {
            seen.time = true;
            at += 5;
        } else {
            see(*at++, &seen);
        }
    }
    return seen;
}

jj_numfmt jj_numfmt_parse(const char *code)
{
    letters seen = scan(code);
    bool date = seen.date || (seen.month && !seen.time);
    if (date) {
        return (jj_numfmt){seen.time ? JJ_NUMFMT_DATETIME : JJ_NUMFMT_DATE, 0};
    }
    if (seen.time) {
        return (jj_numfmt){JJ_NUMFMT_TIME, 0};
    }
    if (seen.percent) {
        return (jj_numfmt){JJ_NUMFMT_PERCENT, 0};
    }
    if (seen.zeros > 1 && !seen.others && strchr(code, '0') && seen.zeros < 32) {
        return (jj_numfmt){JJ_NUMFMT_ZEROS, seen.zeros};
    }
    return (jj_numfmt){JJ_NUMFMT_PLAIN, 0};
}

/* A whole number of 16 digits, a NIK say, is what was typed if a double holds it and its last digit
 * is not 0: a spreadsheet that keeps 15 digits only would have made that a 0. */
static bool is_as_typed(const char *number, double value)
{
    size_t length = strlen(number);
    return length == 16 && strspn(number, "0123456789") == length && number[15] != '0' &&
           value < HELD_BELOW;
}

/* With 15 significant digits, as many as a spreadsheet has, and no exponent below 1e15. */
static void render_plain(double value, const char *suffix, char out[JJ_NUMBER_SIZE])
{
    char text[48];
    if (fabs(value) >= EXACT_BELOW) {
        snprintf(text, sizeof text, "%.5E", value);
    } else {
        int decimals = 15;
        for (double size = fabs(value); size >= 1 && decimals > 0; size /= 10) {
            decimals--;
        }
        snprintf(text, sizeof text, "%.*f", decimals, value);
        if (strchr(text, '.')) {
            size_t end = strlen(text);
            while (text[end - 1] == '0') {
                end--;
            }
            end -= text[end - 1] == '.';
            text[end] = '\0';
        }
    }
    char *point = strchr(text, '.');
    if (point) {
        *point = ',';
    }
    snprintf(out, JJ_NUMBER_SIZE, "%s%s", strcmp(text, "-0") == 0 ? "0" : text, suffix);
}

/* In the system of 1900 day 60 is a 29 February that never was (Lotus 1-2-3's mistake, kept). */
static void render_day(int64_t serial, bool date1904, char out[JJ_NUMBER_SIZE])
{
    int64_t days = date1904 ? serial + jj_days_from_date(1904, 1, 1)
                            : serial + jj_days_from_date(1899, 12, serial < 60 ? 31 : 30);
    int year, month, day;
    jj_date_from_days(days, &year, &month, &day);
    snprintf(out, JJ_NUMBER_SIZE, "%04d-%02d-%02d", year, month, day);
}

static void render_time(int64_t seconds, const char *before, char out[JJ_NUMBER_SIZE])
{
    snprintf(out, JJ_NUMBER_SIZE, "%s%02d:%02d:%02d", before, (int)(seconds / 3600),
             (int)(seconds / 60 % 60), (int)(seconds % 60));
}

static void render_moment(enum jj_numfmt_kind kind, bool date1904, double value,
                          char out[JJ_NUMBER_SIZE])
{
    int64_t day = (int64_t)floor(value);
    int64_t seconds = llround((value - floor(value)) * DAY_SECONDS);
    if (seconds == DAY_SECONDS) {
        seconds = 0;
        day++;
    }
    if (kind == JJ_NUMFMT_TIME && day == 0) {
        render_time(seconds, "", out);
        return;
    }
    render_day(day, date1904, out);
    if (kind != JJ_NUMFMT_DATE && seconds) {
        char before[16];
        snprintf(before, sizeof before, "%.10s ", out);
        render_time(seconds, before, out);
    }
}

bool jj_numfmt_render(jj_numfmt format, bool date1904, const char *number, char out[JJ_NUMBER_SIZE])
{
    static const char allowed[] = "0123456789+-.eE";
    char *end;
    if (strspn(number, allowed) != strlen(number)) {
        return false;
    }
    double value = strtod(number, &end);
    if (end == number || *end || !isfinite(value)) {
        return false;
    }
    switch (format.kind) {
    case JJ_NUMFMT_DATE:
    case JJ_NUMFMT_DATETIME:
    case JJ_NUMFMT_TIME:
        if (value < 0 || value >= SERIAL_BELOW) {
            render_plain(value, "", out);
        } else {
            render_moment(format.kind, date1904, value, out);
        }
        break;
    case JJ_NUMFMT_PERCENT:
        render_plain(value * 100, "%", out);
        break;
    case JJ_NUMFMT_ZEROS:
    case JJ_NUMFMT_PLAIN:
    default:
        if (is_as_typed(number, value)) {
            snprintf(out, JJ_NUMBER_SIZE, "%s", number);
        } else if (format.kind == JJ_NUMFMT_ZEROS && value >= 0 && value < EXACT_BELOW &&
                   value == floor(value)) {
            snprintf(out, JJ_NUMBER_SIZE, "%0*.0f", (int)format.width, value);
        } else {
            render_plain(value, "", out);
        }
    }
    return true;
}
