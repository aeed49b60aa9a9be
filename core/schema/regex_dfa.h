/*
 * The automaton with its sets of states worked out beforehand: one table look-up a character.
 * Most patterns of schemas fit; one whose table would be large is left to the simulation.
 */
#ifndef JJ_SCHEMA_REGEX_DFA_H
#define JJ_SCHEMA_REGEX_DFA_H

#include "schema/regex_nfa.h"

typedef struct jj_dfa {
    uint16_t *next;       /* [state * class_count + class] */
    bool *accepts_at_end; /* [state] */
    uint32_t *cuts;       /* where classes of code points begin, ascending; the first is 0 */
    size_t class_count, state_count;
    uint8_t ascii[128]; /* the classes of ASCII */
} jj_dfa;

/* 1: built; 0: too large, *dfa stays empty; JJ_EMEMORY. *dfa must be zeroed. */
int jj_dfa_build(jj_dfa *dfa, const jj_nfa *nfa);
void jj_dfa_clear(jj_dfa *dfa);

bool jj_dfa_search(const jj_dfa *dfa, const char *text, size_t length);

#endif
