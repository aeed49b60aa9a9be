#include "schema/regex_set.h"

#include <stdlib.h>

void jj_set_clear(jj_set *set)
{
    free(set->ranges);
    *set = (jj_set){0};
}

void jj_set_add(jj_set *set, uint32_t low, uint32_t high)
{
    if (set->count == set->capacity) {
        size_t capacity = set->capacity ? set->capacity * 2 : 8;
        jj_range *ranges = realloc(set->ranges, capacity * sizeof *ranges);
        if (!ranges) {
            set->failed = true;
            return;
        }
        set->ranges = ranges;
        set->capacity = capacity;
    }
    set->ranges[set->count++] = (jj_range){low, high};
}

void jj_set_add_set(jj_set *set, const jj_set *other)
{
    for (size_t i = 0; i < other->count; i++) {
        jj_set_add(set, other->ranges[i].low, other->ranges[i].high);
    }
    set->failed = set->failed || other->failed;
}

static int by_low(const void *a, const void *b)
{
    const jj_range *x = a, *y = b;
    return (x->low > y->low) - (x->low < y->low);
}

void jj_set_normalise(jj_set *set)
{
    if (set->count < 2) {
        return;
    }
    qsort(set->ranges, set->count, sizeof *set->ranges, by_low);
    size_t last = 0;
    for (size_t i = 1; i < set->count; i++) {
        jj_range range = set->ranges[i];
        if (range.low <= set->ranges[last].high + 1) {
            if (range.high > set->ranges[last].high) {
                set->ranges[last].high = range.high;
            }
        } else {
            set->ranges[++last] = range;
        }
    }
    set->count = last + 1;
}

void jj_set_invert(jj_set *set)
{
    jj_set inverted = {.failed = set->failed};
    uint32_t next = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (set->ranges[i].low > next) {
            jj_set_add(&inverted, next, set->ranges[i].low - 1);
        }
        next = set->ranges[i].high + 1;
    }
    if (next <= JJ_CODE_POINT_MAX) {
        jj_set_add(&inverted, next, JJ_CODE_POINT_MAX);
    }
    jj_set_clear(set);
    *set = inverted;
}

/* ECMA-262: \d and \w are ASCII; \s is WhiteSpace and LineTerminator. */
static const jj_range digits[] = {{'0', '9'}};
static const jj_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
static const jj_range spaces[] = {
    {0x9, 0xd},       {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
    {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff},
};
static const jj_range line_ends[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

static const struct {
    char name;
    bool inverted;
    const jj_range *ranges;
    size_t count;
} classes[] = {
    {'d', false, digits, 1},   {'D', true, digits, 1},   {'w', false, words, 4},
    {'W', true, words, 4},     {'s', false, spaces, 10}, {'S', true, spaces, 10},
    {'.', true, line_ends, 3},
};

void jj_set_add_class(jj_set *set, char name)
{
    jj_set class = {0};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (classes[i].name != name) {
            continue;
        }
        for (size_t r = 0; r < classes[i].count; r++) {
            jj_set_add(&class, classes[i].ranges[r].low, classes[i].ranges[r].high);
        }
        if (classes[i].inverted) {
            jj_set_invert(&class);
        }
    }
    jj_set_add_set(set, &class);
    jj_set_clear(&class);
}

bool jj_set_has(const jj_set *set, uint32_t code_point)
{
    size_t from = 0, to = set->count;
    while (from < to) {
        size_t middle = (from + to) / 2;
        if (code_point > set->ranges[middle].high) {
            from = middle + 1;
        } else if (code_point < set->ranges[middle].low) {
            to = middle;
        } else {
            return true;
        }
    }
    return false;
}

uint32_t jj_utf8_next(const unsigned char **at, const unsigned char *end)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *in = *at;
    unsigned size = *in < 0x80 ? 1 : *in < 0xc0 ? 0 : *in < 0xe0 ? 2 : *in < 0xf0 ? 3 : 4;
    *at = in + 1;
    if (size == 1) {
        return *in;
    }
    if (size == 0 || *in > 0xf4 || (size_t)(end - in) < size) {
        return 0xfffd;
    }
    uint32_t code_point = *in & (0x7fU >> size);
    for (unsigned i = 1; i < size; i++) {
        if ((in[i] & 0xc0) != 0x80) {
            return 0xfffd;
        }
        code_point = code_point << 6 | (in[i] & 0x3fU);
    }
    if (code_point < smallest[size] || code_point > JJ_CODE_POINT_MAX ||
        (code_point >= 0xd800 && code_point <= 0xdfff)) {
        return 0xfffd;
    }
    *at = in + size;
    return code_point;
}
