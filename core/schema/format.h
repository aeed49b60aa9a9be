/*
 * The formats that schemas may assert, as numbers for a compiled schema. The public face by name
 * is in schema.h.
 */
#ifndef JJ_SCHEMA_FORMAT_H
#define JJ_SCHEMA_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

enum jj_format {
    JJ_FORMAT_NONE = 0,
    JJ_FORMAT_DATE,      /* RFC 3339 full-date */
    JJ_FORMAT_DATE_TIME, /* RFC 3339 date-time; second 60 only where a leap second can be */
    JJ_FORMAT_UUID,      /* RFC 9562 text, either case */
    JJ_FORMAT_NIK,       /* 16 digits, a possible birth date (day + 40 for women), serial > 0 */
    JJ_FORMAT_REGION,    /* Kemendagri code: 33 or 33.75, never without its dot */
};

/* JJ_FORMAT_NONE for an unknown name. */
enum jj_format jj_format_parse(const char *name);

bool jj_format_holds(enum jj_format format, const char *text, size_t length);

/* What the format asks for, one line. Static. */
const char *jj_format_expected(enum jj_format format);

/* The names, ended by NULL. */
const char *const *jj_format_names(void);

#endif
