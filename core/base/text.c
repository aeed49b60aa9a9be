#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t jj_fold(const char *text, size_t length, char *out, size_t size_bytes)
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < size_bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 'A' && c <= 'Z') {
            c = (unsigned char)(c + ('a' - 'A'));
        }
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c > 0x7f) {
            out[used++] = (char)c;
        }
    }
    if (size_bytes) {
        out[used] = '\0';
    }
    return used;
}

#define WORD_MAX 64

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned jj_distance(const char *a, const char *b)
{
    size_t length_a = strlen(a), length_b = strlen(b);
    if (length_a >= WORD_MAX || length_b >= WORD_MAX) {
        return WORD_MAX;
    }
    unsigned rows[3][WORD_MAX];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    for (unsigned j = 0; j <= length_b; j++) {
        last[j] = j;
    }
    for (unsigned i = 1; i <= length_a; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= length_b; j++) {
            unsigned cost = a[i - 1] != b[j - 1];
            row[j] = smaller(smaller(last[j] + 1, row[j - 1] + 1), last[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = smaller(row[j], before[j - 2] + 1);
            }
        }
        unsigned *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[length_b];
}

const char *jj_closest(const char *word, const char *const *words)
{
    const char *best = NULL;
    unsigned best_distance = (unsigned)(strlen(word) + 2) / 3 + 1;
    for (; *words; words++) {
        unsigned distance = jj_distance(word, *words);
        if (distance < best_distance) {
            best_distance = distance;
            best = *words;
        }
    }
    return best;
}

bool jj_parse_i64(const char *text, int64_t *value)
{
    char *end;
    if ((*text < '0' || *text > '9') && *text != '-') {
        return false;
    }
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end) {
        return false;
    }
    *value = number;
    return true;
}

bool jj_parse_u64(const char *text, uint64_t *value)
{
    char *end;
    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || *end) {
        return false;
    }
    *value = number;
    return true;
}

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

static bool parse_with_unit(const char *text, const unit *units, int64_t *value)
{
    char *end;
    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno) {
        return false;
    }
    for (; units->name; units++) {
        if (strcmp(end, units->name) == 0) {
            int64_t product;
            if (__builtin_mul_overflow(number, units->factor, &product)) {
                return false;
            }
            *value = product;
            return true;
        }
    }
    return false;
}

bool jj_parse_duration(const char *text, int64_t *value_ms)
{
    static const unit units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                 {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    return parse_with_unit(text, units, value_ms);
}

bool jj_parse_size(const char *text, int64_t *value_bytes)
{
    static const unit units[] = {{"", 1},          {"B", 1},         {"KiB", 1 << 10},
                                 {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0}};
    return parse_with_unit(text, units, value_bytes);
}

bool jj_utf8_valid(const char *text, size_t size_bytes)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size_bytes;
    while (at < end) {
        unsigned char lead = *at++;
        if (lead < 0x80) {
            continue;
        }
        size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < more) {
            return false;
        }
        unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (at[0] < low || at[0] > high) {
            return false;
        }
        for (size_t i = 1; i < more; i++) {
            if ((at[i] & 0xc0) != 0x80) {
                return false;
            }
        }
        at += more;
    }
    return true;
}
