#include "schema/format.h"

#include "base/clock.h"
#include "base/id.h"
#include "schema/schema.h"

#include <string.h>

static const char *const names[] = {"date", "date-time", "uuid", "nik", "region", NULL};

static bool is_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return true;
}

static int two(const char *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

/* A leap second is the last one of a day in UTC (RFC 3339, 5.7). The text is a date-time that
 * jj_time_parse has accepted. */
static bool leap_second_possible(const char *text, size_t length)
{
    if (memcmp(text + 17, "60", 2) != 0) {
        return true;
    }
    int minutes = two(text + 11) * 60 + two(text + 14);
    const char *zone = text + length - 6;
    if (*zone == '+' || *zone == '-') {
        int offset = two(zone + 1) * 60 + two(zone + 4);
        minutes += *zone == '+' ? -offset : offset;
    }
    return (minutes + 2 * 1440) % 1440 == 1439;
}

static bool is_date_time(const char *text, size_t length)
{
    int64_t time_ms;
    return jj_time_parse(text, length, &time_ms) && leap_second_possible(text, length);
}

static bool is_nik(const char *text, size_t length)
{
    if (length != 16 || !is_digits(text, length) || memcmp(text + 12, "0000", 4) == 0) {
        return false;
    }
    int day = two(text + 6), month = two(text + 8), year = two(text + 10);
    day = day > 40 ? day - 40 : day;
    /* The century is not in the number: 29 February is possible if either one has it. */
    return jj_date_valid(2000 + year, month, day) || jj_date_valid(1900 + year, month, day);
}

/* Province codes begin at 11 and those of regencies at 01 (Kemendagri). */
static bool is_region(const char *text, size_t length)
{
    if ((length != 2 && length != 5) || !is_digits(text, 2) || two(text) < 11) {
        return false;
    }
    return length == 2 || (text[2] == '.' && is_digits(text + 3, 2) && two(text + 3) > 0);
}

bool jj_format_holds(enum jj_format format, const char *text, size_t length)
{
    int year, month, day;
    unsigned char uuid[16];
    switch (format) {
    case JJ_FORMAT_DATE:
        return jj_date_parse(text, length, &year, &month, &day);
    case JJ_FORMAT_DATE_TIME:
        return is_date_time(text, length);
    case JJ_FORMAT_UUID:
        return jj_uuid_parse(text, length, uuid);
    case JJ_FORMAT_NIK:
        return is_nik(text, length);
    case JJ_FORMAT_REGION:
        return is_region(text, length);
    default:
        return true;
    }
}

const char *jj_format_expected(enum jj_format format)
{
    switch (format) {
    case JJ_FORMAT_DATE:
        return "a date that exists, as 2019-07-31";
    case JJ_FORMAT_DATE_TIME:
        return "a time as 2019-07-31T08:00:00+07:00";
    case JJ_FORMAT_UUID:
        return "a UUID";
    case JJ_FORMAT_NIK:
        return "a NIK: 16 digits with a possible birth date and a serial number";
    case JJ_FORMAT_REGION:
        return "a region code of Kemendagri with its dot, as 33.75, or 33 for a province";
    default:
        return "anything";
    }
}

enum jj_format jj_format_parse(const char *name)
{
    for (unsigned i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            return (enum jj_format)(i + 1);
        }
    }
    return JJ_FORMAT_NONE;
}

const char *const *jj_format_names(void)
{
    return names;
}

bool jj_format_known(const char *format)
{
    return jj_format_parse(format) != JJ_FORMAT_NONE;
}

bool jj_format_check(const char *format, const char *text, size_t length)
{
    enum jj_format parsed = jj_format_parse(format);
    return parsed != JJ_FORMAT_NONE && jj_format_holds(parsed, text, length);
}
