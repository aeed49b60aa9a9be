/*
 * The automaton of a pattern, simulated with sets of states (Thompson): each code point of the
 * text costs at most one visit to each state, whatever the pattern.
 */
#ifndef JJ_SCHEMA_REGEX_NFA_H
#define JJ_SCHEMA_REGEX_NFA_H

#include "schema/regex.h"
#include "schema/regex_parse.h"

struct jj_step;

typedef struct jj_nfa {
    struct jj_step *steps;
    size_t size;  /* at most JJ_REGEX_SIZE_MAX */
    jj_set *sets; /* taken over from the pattern */
    size_t set_count;
    bool has_edges; /* \b or \B: what stands around a place matters */
} jj_nfa;

/* Where in the text a set of states is looked at. */
typedef struct jj_place {
    bool at_start, at_end, word_before, word_after;
} jj_place;

typedef struct jj_states {
    uint16_t list[JJ_REGEX_SIZE_MAX];
    size_t count;
} jj_states;

/* Takes the sets out of the pattern. *nfa must be zeroed; clear it whatever this returns. */
int jj_nfa_build(jj_nfa *nfa, jj_pattern *pattern, jj_error *err);
void jj_nfa_clear(jj_nfa *nfa);

/* Follows everything from the states in `from` that takes no text: *reached are the states that
 * then wait for a code point. True if the pattern has matched. Adds the visits to *work. */
bool jj_nfa_follow(const jj_nfa *nfa, const jj_states *from, jj_place place, jj_states *reached,
                   uint64_t *work);

/* The states after one code point, with the beginning of the pattern among them, because a match
 * may begin anywhere. */
void jj_nfa_advance(const jj_nfa *nfa, const jj_states *reached, uint32_t code_point,
                    jj_states *next);

/* The states before any text. */
void jj_nfa_begin(jj_states *states);

bool jj_nfa_search(const jj_nfa *nfa, const char *text, size_t length, uint64_t *budget);

/* \w: what \b stands between. */
bool jj_is_word(uint32_t code_point);

#endif
