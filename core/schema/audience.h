/*
 * The audiences: the closed list of kinds of reader that a schema may name. A set of them is a
 * bit mask.
 */
#ifndef JJ_SCHEMA_AUDIENCE_H
#define JJ_SCHEMA_AUDIENCE_H

#include <stddef.h>
#include <stdint.h>

enum jj_audience {
    JJ_AUDIENCE_BLK = 1 << 0,
    JJ_AUDIENCE_INDUSTRY = 1 << 1,
    JJ_AUDIENCE_COOPERATIVE = 1 << 2,
    JJ_AUDIENCE_CAPITAL = 1 << 3,
    JJ_AUDIENCE_DISABILITY = 1 << 4,
    JJ_AUDIENCE_OPD = 1 << 5,
    JJ_AUDIENCE_PROVINCE = 1 << 6,
    JJ_AUDIENCE_PUBLIC = 1 << 7,
    JJ_AUDIENCE_OWNER = 1 << 8, /* in schemas only: whoever published the event */
    JJ_AUDIENCE_NODE = 1 << 9,  /* in a local plugin's config only: the stored text, whole */
};
#define JJ_AUDIENCES 10

/* The bit of a name, 0 if there is none of that name. */
uint32_t jj_audience_parse(const char *name);

/* The name of one bit; NULL if it is none. */
const char *jj_audience_name(uint32_t bit);

/* The names in order of their bits, ended by NULL (for "did you mean"). */
const char *const *jj_audience_names(void);

#endif
