#include "schema/regex.h"

#include "schema/equal.h"
#include "schema/regex_dfa.h"

#include <stdlib.h>

struct jj_regex {
    jj_nfa nfa;
    jj_dfa dfa; /* empty if it would be too large */
};

int jj_regex_new(jj_regex **regex, const char *pattern, size_t length, jj_error *err)
{
    jj_pattern parsed = {0};
    jj_regex *made = calloc(1, sizeof *made);
    int rc = made ? jj_pattern_parse(&parsed, pattern, length, err)
                  : jj_fail(err, JJ_EMEMORY, "out of memory");
    if (rc == 0) {
        rc = jj_nfa_build(&made->nfa, &parsed, err);
    }
    if (rc == 0 && jj_dfa_build(&made->dfa, &made->nfa) < 0) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    jj_pattern_clear(&parsed);
    if (rc) {
        jj_regex_free(made);
        return rc;
    }
    *regex = made;
    return 0;
}

void jj_regex_free(jj_regex *regex)
{
    if (regex) {
        jj_nfa_clear(&regex->nfa);
        jj_dfa_clear(&regex->dfa);
        free(regex);
    }
}

bool jj_regex_search(const jj_regex *regex, const char *text, size_t length, uint64_t *budget)
{
    if (regex->dfa.next) {
        return jj_budget_spend(budget, length / 16 + 1) && jj_dfa_search(&regex->dfa, text, length);
    }
    return jj_nfa_search(&regex->nfa, text, length, budget);
}
