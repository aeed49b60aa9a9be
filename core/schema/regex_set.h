/*
 * Code points of UTF-8, and sets of them as sorted, disjoint ranges: what a character class of a
 * pattern matches.
 */
#ifndef JJ_SCHEMA_REGEX_SET_H
#define JJ_SCHEMA_REGEX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JJ_CODE_POINT_MAX 0x10ffffU

typedef struct jj_range {
    uint32_t low, high; /* both included */
} jj_range;

typedef struct jj_set {
    jj_range *ranges; /* owned */
    size_t count, capacity;
    bool failed; /* out of memory; sticky */
} jj_set;

void jj_set_clear(jj_set *set);

/* Ranges may be added in any order and may overlap until jj_set_normalise is called. */
void jj_set_add(jj_set *set, uint32_t low, uint32_t high);
void jj_set_add_set(jj_set *set, const jj_set *other);
void jj_set_normalise(jj_set *set);

/* Turns a normalised set into everything that is not in it. */
void jj_set_invert(jj_set *set);

/* Adds the class of an escape: one of d D w W s S, or '.' (all but line ends). */
void jj_set_add_class(jj_set *set, char name);

/* Of a normalised set. */
bool jj_set_has(const jj_set *set, uint32_t code_point);

/* Decodes one code point and moves *at behind it. Bytes that are not UTF-8 give U+FFFD each. */
uint32_t jj_utf8_next(const unsigned char **at, const unsigned char *end);

#endif
