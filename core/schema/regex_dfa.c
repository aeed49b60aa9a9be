#include "schema/regex_dfa.h"

#include <stdlib.h>
#include <string.h>

#define STATES_MAX  512
#define CLASSES_MAX 128
#define WORK_MAX    2000000 /* visits to states of the simulation while the table is made */

/* The first two states; no other has transitions to work out. */
enum {
    DEAD,
    MATCHED,
    FIRST
};

struct set_of_states {
    uint16_t *list; /* ascending; owned */
    size_t count;
    bool at_start, word_before;
};

struct builder {
    jj_dfa *dfa;
    const jj_nfa *nfa;
    struct set_of_states known[STATES_MAX];
    uint64_t work;
    jj_states states, reached[2], after; /* scratch */
};

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Code points that no set of the pattern tells apart share a class. False: too many, or no
 * memory (then cuts is NULL). */
static bool make_classes(jj_dfa *dfa, const jj_nfa *nfa)
{
    static const jj_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    size_t ranges = 4, count = 1;
    for (size_t i = 0; i < nfa->set_count; i++) {
        ranges += nfa->sets[i].count;
    }
    uint32_t *cuts = calloc(ranges * 2 + 1, sizeof *cuts);
    if (!cuts) {
        return false;
    }
    dfa->cuts = cuts;
    for (size_t i = 0; i < nfa->set_count; i++) {
        for (size_t r = 0; r < nfa->sets[i].count; r++) {
            cuts[count++] = nfa->sets[i].ranges[r].low;
            cuts[count++] = nfa->sets[i].ranges[r].high + 1;
        }
    }
    for (size_t r = 0; r < 4 && nfa->has_edges; r++) {
        cuts[count++] = words[r].low;
        cuts[count++] = words[r].high + 1;
    }
    qsort(cuts, count, sizeof *cuts, by_value);
    size_t last = 0;
    for (size_t i = 1; i < count; i++) {
        if (cuts[i] != cuts[last] && cuts[i] <= JJ_CODE_POINT_MAX) {
            cuts[++last] = cuts[i];
        }
    }
    dfa->class_count = last + 1;
    if (dfa->class_count > CLASSES_MAX) {
        return false;
    }
    size_t class = 0;
    for (uint32_t c = 0; c < 128; c++) {
        class += class + 1 < dfa->class_count && cuts[class + 1] == c;
        dfa->ascii[c] = (uint8_t) class;
    }
    return true;
}

static int by_state(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* The number of a set of states, new or known. 0: no more room; JJ_EMEMORY. */
static int number_of(struct builder *b, jj_states *states, bool at_start, bool word_before)
{
    qsort(states->list, states->count, sizeof *states->list, by_state);
    size_t bytes = states->count * sizeof *states->list;
    for (size_t i = FIRST; i < b->dfa->state_count; i++) {
        const struct set_of_states *known = &b->known[i];
        if (known->count == states->count && known->at_start == at_start &&
            known->word_before == word_before && memcmp(known->list, states->list, bytes) == 0) {
            return (int)i;
        }
    }
    b->work += b->dfa->state_count;
    if (b->dfa->state_count == STATES_MAX) {
        return 0;
    }
    uint16_t *list = malloc(bytes);
    if (!list) {
        return JJ_EMEMORY;
    }
    memcpy(list, states->list, bytes);
    b->known[b->dfa->state_count] =
        (struct set_of_states){list, states->count, at_start, word_before};
    return (int)b->dfa->state_count++;
}

/* All transitions of one state. 1, or as number_of. */
static int work_out(struct builder *b, size_t state)
{
    const struct set_of_states *set = &b->known[state];
    jj_dfa *dfa = b->dfa;
    bool matched[2];
    memcpy(b->states.list, set->list, set->count * sizeof *set->list);
    b->states.count = set->count;
    jj_place place = {set->at_start, true, set->word_before, false};
    dfa->accepts_at_end[state] = jj_nfa_follow(b->nfa, &b->states, place, &b->reached[0], &b->work);
    place.at_end = false;
    for (int word = 0; word < 2; word++) { /* what may follow: no word character, one */
        place.word_after = word;
        matched[word] = jj_nfa_follow(b->nfa, &b->states, place, &b->reached[word], &b->work);
    }
    for (size_t class = 0; class < dfa->class_count; class ++) {
        uint32_t sample = dfa->cuts[class];
        bool word = b->nfa->has_edges && jj_is_word(sample);
        int next = MATCHED;
        if (!matched[word]) {
            jj_nfa_advance(b->nfa, &b->reached[word], sample, &b->after);
            b->work += b->reached[word].count;
            next = number_of(b, &b->after, false, word);
        }
        if (next <= 0) {
            return next;
        }
        dfa->next[state * dfa->class_count + class] = (uint16_t)next;
    }
    return b->work < WORK_MAX;
}

/* States from which nothing can match any more become DEAD, so that a search can end early. */
static void find_dead(jj_dfa *dfa)
{
    bool alive[STATES_MAX] = {[MATCHED] = true};
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t state = dfa->state_count; state-- > FIRST;) {
            bool live = dfa->accepts_at_end[state];
            for (size_t c = 0; c < dfa->class_count && !live; c++) {
                live = alive[dfa->next[state * dfa->class_count + c]];
            }
            changed = changed || (live && !alive[state]);
            alive[state] = alive[state] || live;
        }
    }
    for (size_t i = FIRST * dfa->class_count; i < dfa->state_count * dfa->class_count; i++) {
        dfa->next[i] = alive[dfa->next[i]] ? dfa->next[i] : DEAD;
    }
}

static int build(struct builder *b)
{
    jj_dfa *dfa = b->dfa;
    if (!make_classes(dfa, b->nfa)) {
        return dfa->cuts ? 0 : JJ_EMEMORY;
    }
    dfa->next = calloc(STATES_MAX * dfa->class_count, sizeof *dfa->next);
    dfa->accepts_at_end = calloc(STATES_MAX, sizeof *dfa->accepts_at_end);
    if (!dfa->next || !dfa->accepts_at_end) {
        return JJ_EMEMORY;
    }
    dfa->state_count = FIRST;
    jj_nfa_begin(&b->states);
    int rc = number_of(b, &b->states, true, false);
    for (size_t state = FIRST; rc > 0 && state < dfa->state_count; state++) {
        rc = work_out(b, state);
    }
    if (rc <= 0) {
        return rc;
    }
    find_dead(dfa);
    uint16_t *next = realloc(dfa->next, dfa->state_count * dfa->class_count * sizeof *dfa->next);
    dfa->next = next ? next : dfa->next;
    return 1;
}

int jj_dfa_build(jj_dfa *dfa, const jj_nfa *nfa)
{
    struct builder *b = calloc(1, sizeof *b);
    if (!b) {
        return JJ_EMEMORY;
    }
    b->dfa = dfa;
    b->nfa = nfa;
    int rc = build(b);
    for (size_t i = 0; i < STATES_MAX; i++) {
        free(b->known[i].list);
    }
    free(b);
    if (rc <= 0) {
        jj_dfa_clear(dfa);
    }
    return rc;
}

void jj_dfa_clear(jj_dfa *dfa)
{
    free(dfa->next);
    free(dfa->accepts_at_end);
    free(dfa->cuts);
    *dfa = (jj_dfa){0};
}

static size_t class_of(const jj_dfa *dfa, uint32_t code_point)
{
    size_t from = 0, to = dfa->class_count;
    while (to - from > 1) {
        size_t middle = (from + to) / 2;
        if (code_point >= dfa->cuts[middle]) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return from;
}

bool jj_dfa_search(const jj_dfa *dfa, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    size_t state = FIRST;
    while (at < end) {
        size_t class = *at < 128 ? dfa->ascii[*at++] : class_of(dfa, jj_utf8_next(&at, end));
        state = dfa->next[state * dfa->class_count + class];
        if (state < FIRST) {
            return state == MATCHED;
        }
    }
    return dfa->accepts_at_end[state];
}
