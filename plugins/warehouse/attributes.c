#include "attributes.h"

#include <string.h>

typedef struct scan {
    const char *at, *end;
} scan;

static void skip_space(scan *s)
{
    while (s->at < s->end &&
           (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) {
        s->at++;
    }
}

static bool take(scan *s, char c)
{
    skip_space(s);
    if (s->at < s->end && *s->at == c) {
        s->at++;
        return true;
    }
    return false;
}

/* Past a string that begins here. */
static bool skip_string(scan *s)
{
    if (!take(s, '"')) {
        return false;
    }
    for (; s->at < s->end && *s->at != '"'; s->at++) {
        if (*s->at == '\\' && ++s->at == s->end) {
            return false;
        }
    }
    return s->at < s->end && *s->at++ == '"';
}

/* Past a value of any kind. */
static bool skip_value(scan *s)
{
    int depth = 0;

    skip_space(s);
    if (s->at < s->end && *s->at == '"') {
        return skip_string(s);
    }
    const char *start = s->at;
    while (s->at < s->end) {
        char c = *s->at;
        if (c == '"') {
            if (!skip_string(s)) {
                return false;
            }
            continue;
        }
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) {
                break; /* of the object around us */
            }
            depth--;
        } else if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\t' || c == '\r')) {
            break;
        }
        s->at++;
    }
    return depth == 0 && s->at > start;
}

static bool is(const char *name, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(name, word, length) == 0;
}

/* Attributes that have a column, or say nothing. */
static bool is_known(const char *name, size_t length)
{
    static const char *const known[] = {"id",          "type",           "time",      "source",
                                        "region",      "subject",        "recipient", "cause",
                                        "specversion", "datacontenttype"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (is(name, length, known[i])) {
            return true;
        }
    }
    return false;
}

bool jj_attributes_read(const char *text, size_t size_bytes, jj_attributes *rest, char *extra,
                        size_t *extra_size)
{
    scan s = {text, text + size_bytes};
    size_t used = 0;

    *rest = (jj_attributes){0};
    if (!take(&s, '{')) {
        return false;
    }
    do {
        skip_space(&s);
        const char *member = s.at;
        if (!skip_string(&s)) {
            return false;
        }
        const char *name = member + 1;
        size_t length = (size_t)(s.at - name) - 1;
        if (memchr(name, '\\', length) || !take(&s, ':')) {
            return false;
        }
        skip_space(&s);
        const char *value = s.at;
        if (!skip_value(&s)) {
            return false;
        }
        size_t value_size = (size_t)(s.at - value);
        if (is(name, length, "data")) {
            rest->data = value;
            rest->data_size = value_size;
        } else if (is(name, length, "recordedtime")) {
            rest->has_recorded =
                value_size > 2 && jj_time_us(value + 1, value_size - 2, &rest->recorded_us);
        } else if (!is_known(name, length)) {
            if (used) {
                extra[used++] = ',';
            }
            memcpy(extra + used, member, (size_t)(s.at - member));
            used += (size_t)(s.at - member);
        }
    } while (take(&s, ','));
    *extra_size = used;
    return take(&s, '}') && rest->data;
}

/* ---- Time --------------------------------------------------------------------------------- */

/* count digits at text[at]; -1: not digits. */
static int digits(const char *text, size_t at, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        char c = text[at + (size_t)i];
        if (c < '0' || c > '9') {
            return -1;
        }
        value = value * 10 + (c - '0');
    }
    return value;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar (years counted from March). */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool read_offset(const char *text, size_t length, size_t at, int *minutes)
{
    if (length == at + 1 && (text[at] == 'Z' || text[at] == 'z')) {
        *minutes = 0;
        return true;
    }
    if (length != at + 6 || (text[at] != '+' && text[at] != '-') || text[at + 3] != ':') {
        return false;
    }
    int hours = digits(text, at + 1, 2), rest = digits(text, at + 4, 2);
    *minutes = (hours * 60 + rest) * (text[at] == '-' ? -1 : 1);
    return hours >= 0 && hours < 24 && rest >= 0 && rest < 60;
}

bool jj_time_us(const char *text, size_t length, int64_t *time_us)
{
    int64_t fraction_us = 0, unit = 100000;
    size_t at = 19;
    int offset;

    if (length < 20 || text[4] != '-' || text[7] != '-' || (text[10] | 32) != 't' ||
        text[13] != ':' || text[16] != ':') {
        return false;
    }
    int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 60) {
        return false;
    }
    if (text[at] == '.') {
        for (at++; at < length && text[at] >= '0' && text[at] <= '9'; at++) {
            fraction_us += (text[at] - '0') * unit;
            unit /= 10;
        }
    }
    if (at >= length || !read_offset(text, length, at, &offset)) {
        return false;
    }
    int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *time_us = (seconds - (int64_t)offset * 60) * 1000000 + fraction_us;
    return true;
}
