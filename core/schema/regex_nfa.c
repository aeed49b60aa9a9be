#include "schema/regex_nfa.h"

#include "schema/equal.h"

#include <stdlib.h>
#include <string.h>

enum op {
    OP_SET, /* a code point out of sets[x], then the next step */
    OP_SPLIT,
    OP_JUMP,
    OP_BEGIN,
    OP_END,
    OP_WORD_EDGE,
    OP_NO_EDGE,
    OP_MATCH,
};

struct jj_step {
    uint16_t op, x, y; /* where SPLIT and JUMP go; the set of SET */
};

/* Visits to parts while repeats are written out: bounds "((){1000}){1000}", which has no steps. */
#define EMIT_MAX 100000

struct emitter {
    jj_nfa *nfa;
    const jj_pattern *pattern;
    unsigned visits;
    jj_error *err;
};

static int emit_part(struct emitter *e, uint32_t index);

static int emit(struct emitter *e, enum op op, size_t x, size_t y)
{
    if (e->nfa->size >= JJ_REGEX_SIZE_MAX) {
        return jj_fail(e->err, JJ_ECONFIG, "the pattern is too large with its repeats written out");
    }
    e->nfa->steps[e->nfa->size++] = (struct jj_step){(uint16_t)op, (uint16_t)x, (uint16_t)y};
    return 0;
}

static int emit_either(struct emitter *e, const jj_pattern_part *part)
{
    size_t split = e->nfa->size;
    int rc = emit(e, OP_SPLIT, split + 1, 0);
    if (rc == 0) {
        rc = emit_part(e, part->first);
    }
    size_t jump = e->nfa->size;
    if (rc == 0) {
        rc = emit(e, OP_JUMP, 0, 0);
    }
    if (rc) {
        return rc;
    }
    e->nfa->steps[split].y = (uint16_t)e->nfa->size;
    rc = emit_part(e, part->second);
    e->nfa->steps[jump].x = (uint16_t)e->nfa->size;
    return rc;
}

/* x* : split to x or on; x; back to the split. */
static int emit_star(struct emitter *e, uint32_t index)
{
    size_t split = e->nfa->size;
    int rc = emit(e, OP_SPLIT, split + 1, 0);
    if (rc == 0) {
        rc = emit_part(e, index);
    }
    if (rc == 0) {
        rc = emit(e, OP_JUMP, split, 0);
    }
    e->nfa->steps[split].y = (uint16_t)e->nfa->size;
    return rc;
}

static int emit_repeat(struct emitter *e, const jj_pattern_part *part)
{
    int rc = 0;
    for (uint32_t i = 0; i < part->min && rc == 0; i++) {
        rc = emit_part(e, part->first);
    }
    if (rc || part->max == JJ_PATTERN_FOREVER) {
        return rc ? rc : emit_star(e, part->first);
    }
    for (uint32_t i = part->min; i < part->max && rc == 0; i++) {
        size_t split = e->nfa->size;
        rc = emit(e, OP_SPLIT, split + 1, 0);
        if (rc == 0) {
            rc = emit_part(e, part->first);
            e->nfa->steps[split].y = (uint16_t)e->nfa->size;
        }
    }
    return rc;
}

static int emit_part(struct emitter *e, uint32_t index)
{
    const jj_pattern_part *part = &e->pattern->parts[index];
    int rc;
    if (e->visits++ > EMIT_MAX) {
        return jj_fail(e->err, JJ_ECONFIG, "the repeats of the pattern are nested too deeply");
    }
    switch (part->kind) {
    case JJ_PATTERN_SET:
        return emit(e, OP_SET, part->set, 0);
    case JJ_PATTERN_BEGIN:
        return emit(e, OP_BEGIN, 0, 0);
    case JJ_PATTERN_END:
        return emit(e, OP_END, 0, 0);
    case JJ_PATTERN_WORD_EDGE:
    case JJ_PATTERN_NO_EDGE:
        e->nfa->has_edges = true;
        return emit(e, part->kind == JJ_PATTERN_WORD_EDGE ? OP_WORD_EDGE : OP_NO_EDGE, 0, 0);
    case JJ_PATTERN_CONCAT:
        rc = emit_part(e, part->first);
        return rc ? rc : emit_part(e, part->second);
    case JJ_PATTERN_EITHER:
        return emit_either(e, part);
    case JJ_PATTERN_REPEAT:
        return emit_repeat(e, part);
    default:
        return 0;
    }
}

int jj_nfa_build(jj_nfa *nfa, jj_pattern *pattern, jj_error *err)
{
    nfa->steps = calloc(JJ_REGEX_SIZE_MAX, sizeof *nfa->steps);
    if (!nfa->steps) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    struct emitter e = {nfa, pattern, 0, err};
    int rc = emit_part(&e, pattern->root);
    if (rc == 0) {
        rc = emit(&e, OP_MATCH, 0, 0);
    }
    if (rc) {
        return rc;
    }
    struct jj_step *steps = realloc(nfa->steps, nfa->size * sizeof *steps);
    if (steps) {
        nfa->steps = steps;
    }
    nfa->sets = pattern->sets;
    nfa->set_count = pattern->set_count;
    pattern->sets = NULL;
    pattern->set_count = pattern->set_capacity = 0;
    return 0;
}

void jj_nfa_clear(jj_nfa *nfa)
{
    for (size_t i = 0; i < nfa->set_count; i++) {
        jj_set_clear(&nfa->sets[i]);
    }
    free(nfa->sets);
    free(nfa->steps);
    *nfa = (jj_nfa){0};
}

bool jj_is_word(uint32_t code_point)
{
    return (code_point >= 'a' && code_point <= 'z') || (code_point >= 'A' && code_point <= 'Z') ||
           (code_point >= '0' && code_point <= '9') || code_point == '_';
}

struct pending {
    uint16_t stack[JJ_REGEX_SIZE_MAX];
    size_t count;
    uint8_t seen[JJ_REGEX_SIZE_MAX / 8 + 1];
};

static void visit(struct pending *p, size_t step)
{
    uint8_t bit = (uint8_t)(1U << (step & 7));
    if (!(p->seen[step >> 3] & bit)) {
        p->seen[step >> 3] |= bit;
        p->stack[p->count++] = (uint16_t)step;
    }
}

static bool holds(const jj_place *place, uint16_t op)
{
    switch (op) {
    case OP_BEGIN:
        return place->at_start;
    case OP_END:
        return place->at_end;
    case OP_WORD_EDGE:
        return place->word_before != place->word_after;
    default:
        return place->word_before == place->word_after;
    }
}

bool jj_nfa_follow(const jj_nfa *nfa, const jj_states *from, jj_place place, jj_states *reached,
                   uint64_t *work)
{
    struct pending p;
    p.count = 0;
    memset(p.seen, 0, nfa->size / 8 + 1);
    reached->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        visit(&p, from->list[i]);
    }
    while (p.count) {
        size_t at = p.stack[--p.count];
        const struct jj_step *step = &nfa->steps[at];
        ++*work;
        switch (step->op) {
        case OP_MATCH:
            return true;
        case OP_SET:
            reached->list[reached->count++] = (uint16_t)at;
            break;
        case OP_SPLIT:
            visit(&p, step->y);
            visit(&p, step->x);
            break;
        case OP_JUMP:
            visit(&p, step->x);
            break;
        default:
            if (holds(&place, step->op)) {
                visit(&p, at + 1);
            }
        }
    }
    return false;
}

void jj_nfa_advance(const jj_nfa *nfa, const jj_states *reached, uint32_t code_point,
                    jj_states *next)
{
    jj_nfa_begin(next);
    for (size_t i = 0; i < reached->count; i++) {
        size_t at = reached->list[i];
        if (jj_set_has(&nfa->sets[nfa->steps[at].x], code_point)) {
            next->list[next->count++] = (uint16_t)(at + 1);
        }
    }
}

void jj_nfa_begin(jj_states *states)
{
    states->list[0] = 0;
    states->count = 1;
}

bool jj_nfa_search(const jj_nfa *nfa, const char *text, size_t length, uint64_t *budget)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    jj_states states, reached;
    jj_place place = {.at_start = true};
    jj_nfa_begin(&states);
    for (;;) {
        uint64_t work = 1;
        uint32_t code_point = 0;
        place.at_end = at == end;
        if (!place.at_end) {
            code_point = jj_utf8_next(&at, end);
        }
        place.word_after = !place.at_end && jj_is_word(code_point);
        if (jj_nfa_follow(nfa, &states, place, &reached, &work)) {
            return true;
        }
        if (place.at_end || !jj_budget_spend(budget, work)) {
            return false;
        }
        jj_nfa_advance(nfa, &reached, code_point, &states);
        place.at_start = false;
        place.word_before = place.word_after;
    }
}
