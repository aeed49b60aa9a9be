#include "schema/regex_parse.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_DEPTH_MAX 100
#define PARTS_MAX       9000
#define REPEAT_MAX      4000

struct parser {
    jj_pattern *pattern;
    const unsigned char *start, *at, *end;
    unsigned depth;
    jj_error *err;
};

static int parse_choice(struct parser *p, uint32_t *part);

static int refuse(const struct parser *p, const char *format, ...) JJ_PRINTF(2, 3);

static int refuse(const struct parser *p, const char *format, ...)
{
    char why[160];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return jj_fail(p->err, JJ_ECONFIG, "%s (byte %zu of the pattern)", why,
                   (size_t)(p->at - p->start) + 1);
}

static int no_memory(const struct parser *p)
{
    return jj_fail(p->err, JJ_EMEMORY, "out of memory");
}

static bool more(const struct parser *p)
{
    return p->at < p->end;
}

static bool next_is(const struct parser *p, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(p->end - p->at) >= length && memcmp(p->at, text, length) == 0;
}

static int add_part(struct parser *p, jj_pattern_part part, uint32_t *index)
{
    jj_pattern *pattern = p->pattern;
    if (pattern->part_count >= PARTS_MAX) {
        return refuse(p, "the pattern is too long");
    }
    if (pattern->part_count == pattern->part_capacity) {
        size_t capacity = pattern->part_capacity ? pattern->part_capacity * 2 : 32;
        jj_pattern_part *parts = realloc(pattern->parts, capacity * sizeof *parts);
        if (!parts) {
            return no_memory(p);
        }
        pattern->parts = parts;
        pattern->part_capacity = capacity;
    }
    *index = (uint32_t)pattern->part_count;
    pattern->parts[pattern->part_count++] = part;
    return 0;
}

/* Takes the set in any case. */
static int add_set(struct parser *p, jj_set *set, uint32_t *part)
{
    jj_pattern *pattern = p->pattern;
    if (set->failed) {
        jj_set_clear(set);
        return no_memory(p);
    }
    if (pattern->set_count == pattern->set_capacity) {
        size_t capacity = pattern->set_capacity ? pattern->set_capacity * 2 : 16;
        jj_set *sets = realloc(pattern->sets, capacity * sizeof *sets);
        if (!sets) {
            jj_set_clear(set);
            return no_memory(p);
        }
        pattern->sets = sets;
        pattern->set_capacity = capacity;
    }
    jj_set_normalise(set);
    pattern->sets[pattern->set_count] = *set;
    *set = (jj_set){0};
    jj_pattern_part leaf = {.kind = JJ_PATTERN_SET, .set = (uint32_t)pattern->set_count++};
    return add_part(p, leaf, part);
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly count hexadecimal digits. */
static bool read_hex(struct parser *p, unsigned count, uint32_t *value)
{
    uint32_t result = 0;
    if ((size_t)(p->end - p->at) < count) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        int digit = hex_value(p->at[i]);
        if (digit < 0) {
            return false;
        }
        result = result * 16 + (uint32_t)digit;
    }
    p->at += count;
    *value = result;
    return true;
}

/* Behind "\u": XXXX, a pair of surrogates, or {X...}. */
static int parse_unicode(struct parser *p, uint32_t *code_point)
{
    if (next_is(p, "{")) {
        uint32_t value = 0;
        for (p->at++; more(p) && *p->at != '}'; p->at++) {
            int digit = hex_value(*p->at);
            value = value * 16 + (uint32_t)digit;
            if (digit < 0 || value > JJ_CODE_POINT_MAX) {
                return refuse(p, "\\u{...} does not hold a code point");
            }
        }
        if (!more(p) || p->at[-1] == '{') {
            return refuse(p, "\\u{...} does not hold a code point");
        }
        p->at++;
        *code_point = value;
    } else if (!read_hex(p, 4, code_point)) {
        return refuse(p, "\\u needs four hexadecimal digits");
    } else if (*code_point >= 0xd800 && *code_point <= 0xdbff && next_is(p, "\\u")) {
        const unsigned char *first = p->at;
        uint32_t low;
        p->at += 2;
        if (read_hex(p, 4, &low) && low >= 0xdc00 && low <= 0xdfff) {
            *code_point = 0x10000 + ((*code_point - 0xd800) << 10) + (low - 0xdc00);
        } else {
            p->at = first;
        }
    }
    if (*code_point >= 0xd800 && *code_point <= 0xdfff) {
        return refuse(p, "half of a surrogate pair cannot occur in a text");
    }
    return 0;
}

/* Behind the backslash: an escape that stands for one code point. */
static int parse_character_escape(struct parser *p, bool in_class, uint32_t *code_point)
{
    static const char letters[] = "tnvfr", controls[] = "\t\n\v\f\r";
    unsigned char c = *p->at;
    const char *letter = c ? strchr(letters, c) : NULL;
    if (letter) {
        *code_point = (unsigned char)controls[letter - letters];
    } else if (in_class && c == 'b') {
        *code_point = '\b';
    } else if ((c && strchr("^$\\.*+?()[]{}|/", c)) || (in_class && c == '-')) {
        *code_point = c;
    } else if (c == '0' && !(p->end - p->at > 1 && p->at[1] >= '0' && p->at[1] <= '9')) {
        *code_point = 0;
    } else if (c == 'x') {
        p->at++;
        return read_hex(p, 2, code_point) ? 0 : refuse(p, "\\x needs two hexadecimal digits");
    } else if (c == 'u') {
        p->at++;
        return parse_unicode(p, code_point);
    } else if (c == 'c') {
        unsigned char control = p->end - p->at > 1 ? p->at[1] | 0x20 : 0;
        if (control < 'a' || control > 'z') {
            return refuse(p, "\\c needs a letter");
        }
        p->at++;
        *code_point = control & 0x1fU;
    } else if ((c >= '0' && c <= '9') || c == 'k') {
        return refuse(p, "back-references are not supported: no search in linear time knows them");
    } else if (c == 'p' || c == 'P') {
        return refuse(p, "Unicode properties (\\p) are not supported");
    } else {
        return refuse(p, "no such escape in Unicode mode");
    }
    p->at++;
    return 0;
}

static bool is_class_escape(const struct parser *p)
{
    return p->end - p->at > 1 && *p->at == '\\' && p->at[1] && strchr("dDwWsS", p->at[1]);
}

/* One end of a range in brackets. A class escape adds itself to the set and sets *is_class. */
static int parse_class_atom(struct parser *p, jj_set *set, uint32_t *code_point, bool *is_class)
{
    *is_class = is_class_escape(p);
    if (*is_class) {
        jj_set_add_class(set, (char)p->at[1]);
        p->at += 2;
        return 0;
    }
    if (*p->at != '\\') {
        *code_point = jj_utf8_next(&p->at, p->end);
        return 0;
    }
    p->at++;
    return more(p) ? parse_character_escape(p, true, code_point)
                   : refuse(p, "the pattern ends within an escape");
}

static int parse_class_items(struct parser *p, jj_set *set)
{
    while (more(p) && *p->at != ']') {
        uint32_t low, high;
        bool is_class, ends_in_class = false;
        int rc = parse_class_atom(p, set, &low, &is_class);
        if (rc) {
            return rc;
        }
        if (!next_is(p, "-") || p->end - p->at < 2 || p->at[1] == ']') {
            if (!is_class) {
                jj_set_add(set, low, low);
            }
            continue;
        }
        p->at++;
        rc = parse_class_atom(p, set, &high, &ends_in_class);
        if (rc) {
            return rc;
        }
        if (is_class || ends_in_class) {
            return refuse(p, "a range in [...] cannot end in a class such as \\d");
        }
        if (low > high) {
            return refuse(p, "a range in [...] is the wrong way round");
        }
        jj_set_add(set, low, high);
    }
    return more(p) ? 0 : refuse(p, "[ without ]");
}

static int parse_class(struct parser *p, uint32_t *part)
{
    jj_set set = {0};
    bool inverted = next_is(p, "[^");
    p->at += inverted ? 2 : 1;
    int rc = parse_class_items(p, &set);
    if (rc) {
        jj_set_clear(&set);
        return rc;
    }
    p->at++;
    if (inverted) {
        jj_set_normalise(&set);
        jj_set_invert(&set);
    }
    return add_set(p, &set, part);
}

static int parse_group(struct parser *p, uint32_t *part)
{
    if (next_is(p, "(?=") || next_is(p, "(?!") || next_is(p, "(?<=") || next_is(p, "(?<!")) {
        return refuse(p, "look-around is not supported: no search in linear time knows it");
    }
    if (next_is(p, "(?<")) {
        return refuse(p, "named groups are not supported: write (...) or (?:...)");
    }
    if (next_is(p, "(?") && !next_is(p, "(?:")) {
        return refuse(p, "no such kind of group");
    }
    if (p->depth++ >= GROUP_DEPTH_MAX) {
        return refuse(p, "groups are nested too deeply");
    }
    p->at += next_is(p, "(?:") ? 3 : 1;
    int rc = parse_choice(p, part);
    if (rc) {
        return rc;
    }
    if (!more(p)) {
        return refuse(p, "( without )");
    }
    p->at++;
    p->depth--;
    return 0;
}

static int parse_escape(struct parser *p, uint32_t *part)
{
    jj_set set = {0};
    uint32_t code_point = 0;
    if (is_class_escape(p)) {
        jj_set_add_class(&set, (char)p->at[1]);
        p->at += 2;
        return add_set(p, &set, part);
    }
    p->at++;
    if (!more(p)) {
        return refuse(p, "the pattern ends within an escape");
    }
    int rc = parse_character_escape(p, false, &code_point);
    if (rc) {
        return rc;
    }
    jj_set_add(&set, code_point, code_point);
    return add_set(p, &set, part);
}

/* *quantifiable is false for what asserts a place and takes no text. */
static int parse_atom(struct parser *p, uint32_t *part, bool *quantifiable)
{
    jj_set set = {0};
    *quantifiable = true;
    switch (*p->at) {
    case '(':
        return parse_group(p, part);
    case '[':
        return parse_class(p, part);
    case '.':
        p->at++;
        jj_set_add_class(&set, '.');
        return add_set(p, &set, part);
    case '^':
    case '$':
        *quantifiable = false;
        jj_pattern_part edge = {.kind = *p->at++ == '^' ? JJ_PATTERN_BEGIN : JJ_PATTERN_END};
        return add_part(p, edge, part);
    case '\\':
        if (next_is(p, "\\b") || next_is(p, "\\B")) {
            *quantifiable = false;
            jj_pattern_part word = {.kind = p->at[1] == 'b' ? JJ_PATTERN_WORD_EDGE
                                                            : JJ_PATTERN_NO_EDGE};
            p->at += 2;
            return add_part(p, word, part);
        }
        return parse_escape(p, part);
    case '*':
    case '+':
    case '?':
        return refuse(p, "nothing stands before the repetition");
    case '{':
    case '}':
    case ']':
        return refuse(p, "%c must be escaped", *p->at);
    default: {
        uint32_t code_point = jj_utf8_next(&p->at, p->end);
        jj_set_add(&set, code_point, code_point);
        return add_set(p, &set, part);
    }
    }
}

static bool read_count(struct parser *p, uint32_t *count)
{
    uint32_t value = 0;
    const unsigned char *from = p->at;
    for (; more(p) && *p->at >= '0' && *p->at <= '9'; p->at++) {
        value = value > REPEAT_MAX ? value : value * 10 + (uint32_t)(*p->at - '0');
    }
    *count = value;
    return p->at > from;
}

/* "{2}", "{2,}", "{2,5}"; at the brace. */
static int parse_counts(struct parser *p, uint32_t *min, uint32_t *max)
{
    p->at++;
    bool ok = read_count(p, min);
    *max = *min;
    if (ok && next_is(p, ",")) {
        p->at++;
        if (next_is(p, "}")) {
            *max = JJ_PATTERN_FOREVER;
        } else {
            ok = read_count(p, max);
        }
    }
    if (!ok || !next_is(p, "}")) {
        return refuse(p, "{ does not begin a repetition such as {2,5}");
    }
    if (*min > REPEAT_MAX || (*max > REPEAT_MAX && *max != JJ_PATTERN_FOREVER)) {
        return refuse(p, "more than %d repetitions", REPEAT_MAX);
    }
    if (*min > *max) {
        return refuse(p, "a repetition is the wrong way round");
    }
    p->at++;
    return 0;
}

static int parse_quantifier(struct parser *p, bool quantifiable, uint32_t *part)
{
    uint32_t min = 0, max = JJ_PATTERN_FOREVER;
    int rc = 0;
    if (!more(p) || !strchr("*+?{", *p->at) || !*p->at) {
        return 0;
    }
    if (!quantifiable) {
        return refuse(p, "what asserts a place cannot be repeated");
    }
    if (*p->at == '{') {
        rc = parse_counts(p, &min, &max);
    } else {
        min = *p->at == '+';
        max = *p->at == '?' ? 1 : JJ_PATTERN_FOREVER;
        p->at++;
    }
    if (rc) {
        return rc;
    }
    if (next_is(p, "?")) {
        p->at++; /* lazy or greedy: the same texts match */
    }
    jj_pattern_part repeat = {.kind = JJ_PATTERN_REPEAT, .first = *part, .min = min, .max = max};
    return add_part(p, repeat, part);
}

static int parse_sequence(struct parser *p, uint32_t *part)
{
    bool first = true;
    while (more(p) && *p->at != '|' && *p->at != ')') {
        uint32_t next;
        bool quantifiable;
        int rc = parse_atom(p, &next, &quantifiable);
        if (rc == 0) {
            rc = parse_quantifier(p, quantifiable, &next);
        }
        if (rc == 0 && !first) {
            jj_pattern_part both = {.kind = JJ_PATTERN_CONCAT, .first = *part, .second = next};
            rc = add_part(p, both, &next);
        }
        if (rc) {
            return rc;
        }
        *part = next;
        first = false;
    }
    return first ? add_part(p, (jj_pattern_part){.kind = JJ_PATTERN_EMPTY}, part) : 0;
}

static int parse_choice(struct parser *p, uint32_t *part)
{
    int rc = parse_sequence(p, part);
    while (rc == 0 && more(p) && *p->at == '|') {
        uint32_t other;
        p->at++;
        rc = parse_sequence(p, &other);
        if (rc == 0) {
            jj_pattern_part either = {.kind = JJ_PATTERN_EITHER, .first = *part, .second = other};
            rc = add_part(p, either, part);
        }
    }
    return rc;
}

int jj_pattern_parse(jj_pattern *pattern, const char *text, size_t length, jj_error *err)
{
    const unsigned char *start = (const unsigned char *)text;
    struct parser p = {pattern, start, start, start + length, 0, err};
    int rc = parse_choice(&p, &pattern->root);
    if (rc == 0 && more(&p)) {
        rc = refuse(&p, ") without (");
    }
    return rc;
}

void jj_pattern_clear(jj_pattern *pattern)
{
    for (size_t i = 0; i < pattern->set_count; i++) {
        jj_set_clear(&pattern->sets[i]);
    }
    free(pattern->sets);
    free(pattern->parts);
    *pattern = (jj_pattern){0};
}
