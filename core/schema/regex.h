/*
 * Regular expressions of ECMA-262 in Unicode mode, searched for (not anchored) in UTF-8 text in
 * time linear in the text: an automaton, never backtracking.
 *
 * Refused at compilation, with the reason: what no automaton can do (back-references,
 * look-around) and what would need tables of Unicode properties (\p). Named groups are refused as
 * well. A bounded repeat counts as many times as it may repeat against the size of the pattern.
 *
 * A compiled pattern is immutable: any thread may search with it.
 */
#ifndef JJ_SCHEMA_REGEX_H
#define JJ_SCHEMA_REGEX_H

#include "jejaring/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct jj_regex jj_regex;

/* Steps of the automaton after all repeats are written out. */
#define JJ_REGEX_SIZE_MAX 4000

/* *regex is new. JJ_ECONFIG with the reason and the position in the pattern; JJ_EMEMORY. */
int jj_regex_new(jj_regex **regex, const char *pattern, size_t length, jj_error *err);
void jj_regex_free(jj_regex *regex);

/* True if the pattern matches somewhere in the text. Takes the work done from *budget; false once
 * that is used up. Allocates nothing. */
bool jj_regex_search(const jj_regex *regex, const char *text, size_t length, uint64_t *budget);

#endif
