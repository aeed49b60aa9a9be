/*
 * The syntax of patterns: ECMA-262 in Unicode mode to a tree. Every construct that is not
 * understood is refused; none is guessed at.
 */
#ifndef JJ_SCHEMA_REGEX_PARSE_H
#define JJ_SCHEMA_REGEX_PARSE_H

#include "jejaring/error.h"

#include "schema/regex_set.h"

#include <stddef.h>
#include <stdint.h>

enum jj_pattern_kind {
    JJ_PATTERN_EMPTY,
    JJ_PATTERN_SET,       /* one code point out of sets[set] */
    JJ_PATTERN_BEGIN,     /* ^ */
    JJ_PATTERN_END,       /* $ */
    JJ_PATTERN_WORD_EDGE, /* \b */
    JJ_PATTERN_NO_EDGE,   /* \B */
    JJ_PATTERN_CONCAT,    /* first, then second */
    JJ_PATTERN_EITHER,    /* first or second */
    JJ_PATTERN_REPEAT,    /* first, min to max times */
};

#define JJ_PATTERN_FOREVER UINT32_MAX

typedef struct jj_pattern_part {
    enum jj_pattern_kind kind;
    uint32_t first, second; /* indexes of parts */
    uint32_t set;
    uint32_t min, max; /* max may be JJ_PATTERN_FOREVER */
} jj_pattern_part;

typedef struct jj_pattern {
    jj_pattern_part *parts;
    size_t part_count, part_capacity;
    jj_set *sets;
    size_t set_count, set_capacity;
    uint32_t root;
} jj_pattern;

/* *pattern must be zeroed; clear it whatever this returns. JJ_ECONFIG or JJ_EMEMORY. */
int jj_pattern_parse(jj_pattern *pattern, const char *text, size_t length, jj_error *err);
void jj_pattern_clear(jj_pattern *pattern);

#endif
