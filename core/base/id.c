#include "base/id.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

bool jj_id_init(void)
{
    return sodium_init() >= 0;
}

void jj_hash(const unsigned char *key, const jj_part *parts, size_t count, unsigned char *out,
             size_t out_size)
{
    unsigned char full[crypto_generichash_BYTES_MAX];
    size_t size = out_size < crypto_generichash_BYTES_MIN ? crypto_generichash_BYTES_MIN : out_size;
    assert(out_size && out_size <= sizeof full);
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, key ? JJ_KEY_SIZE : 0, size);
    for (size_t i = 0; i < count; i++) {
        unsigned char length[8];
        for (unsigned b = 0; b < 8; b++) {
            length[b] = (unsigned char)(parts[i].size_bytes >> (8 * b));
        }
        crypto_generichash_update(&state, length, sizeof length);
        crypto_generichash_update(&state, parts[i].data, parts[i].size_bytes);
    }
    crypto_generichash_final(&state, full, size);
    memcpy(out, full, out_size);
}

void jj_hash_text(const unsigned char *key, const void *data, size_t size_bytes, unsigned char *out,
                  size_t out_size)
{
    crypto_generichash(out, out_size, data, size_bytes, key, key ? JJ_KEY_SIZE : 0);
}

uint64_t jj_siphash(const unsigned char *key, const void *data, size_t size_bytes)
{
    unsigned char hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, data, size_bytes, key);
    uint64_t value;
    memcpy(&value, hash, sizeof value);
    return value;
}

void jj_hex(const void *data, size_t size_bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size_bytes; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool jj_unhex(const char *text, size_t length, unsigned char *out, size_t size_bytes)
{
    if (length != size_bytes * 2) {
        return false;
    }
    for (size_t i = 0; i < size_bytes; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool is_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

void jj_uuid_format(const unsigned char uuid[16], char out[JJ_UUID_SIZE])
{
    char hex[33];
    jj_hex(uuid, 16, hex);
    const char *from = hex;
    for (size_t i = 0; i < JJ_UUID_SIZE - 1; i++) {
        out[i] = is_dash(i) ? '-' : *from++;
    }
    out[JJ_UUID_SIZE - 1] = '\0';
}

/* What a character is in a UUID: the value of a hexadecimal digit, or a dash. Nothing: 0. */
#define DASH  0x20
#define DIGIT 0x10
static const unsigned char uuid_characters[256] = {
    ['-'] = DASH,       ['0'] = DIGIT,      ['1'] = DIGIT | 1,  ['2'] = DIGIT | 2,
    ['3'] = DIGIT | 3,  ['4'] = DIGIT | 4,  ['5'] = DIGIT | 5,  ['6'] = DIGIT | 6,
    ['7'] = DIGIT | 7,  ['8'] = DIGIT | 8,  ['9'] = DIGIT | 9,  ['a'] = DIGIT | 10,
    ['b'] = DIGIT | 11, ['c'] = DIGIT | 12, ['d'] = DIGIT | 13, ['e'] = DIGIT | 14,
    ['f'] = DIGIT | 15, ['A'] = DIGIT | 10, ['B'] = DIGIT | 11, ['C'] = DIGIT | 12,
    ['D'] = DIGIT | 13, ['E'] = DIGIT | 14, ['F'] = DIGIT | 15,
};

static unsigned character_of(const char *at)
{
    return uuid_characters[(unsigned char)*at];
}

bool jj_uuid_parse(const char *text, size_t length, unsigned char uuid[16])
{
    static const unsigned char places[16] = {0,  2,  4,  6,  9,  11, 14, 16,
                                             19, 21, 24, 26, 28, 30, 32, 34};
    unsigned char found[16];
    unsigned all = DIGIT;
    if (length != JJ_UUID_SIZE - 1 || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
        text[23] != '-') {
        return false;
    }
    for (unsigned i = 0; i < 16; i++) {
        unsigned high = character_of(text + places[i]), low = character_of(text + places[i] + 1);
        all &= high & low;
        found[i] = (unsigned char)(high << 4 | (low & 15));
    }
    if (!(all & DIGIT)) {
        return false;
    }
    memcpy(uuid, found, sizeof found);
    return true;
}

/* Every accepted event is searched. The last character of the window that is in no UUID tells how
 * far the next one is at least: most of a text is never looked at. */
bool jj_uuid_find(const char *text, size_t size_bytes, size_t *at, unsigned char uuid[16])
{
    const size_t length = JJ_UUID_SIZE - 1;
    size_t start = *at, seen = start; /* from start to here all may be in one */
    while (start + length <= size_bytes) {
        size_t end = start + length;
        while (end > seen && character_of(text + end - 1)) {
            end--;
        }
        if (end > seen) {
            start = seen = end;
            continue;
        }
        seen = start + length;
        if (jj_uuid_parse(text + start++, length, uuid)) {
            *at = start;
            return true;
        }
    }
    *at = start;
    return false;
}

bool jj_uuid_next(const char *text, size_t size_bytes, size_t *at, char out[JJ_UUID_SIZE])
{
    unsigned char uuid[16];
    bool found = jj_uuid_find(text, size_bytes, at, uuid);
    if (found) {
        jj_uuid_format(uuid, out);
    }
    return found;
}

void jj_uuid_from_hash(unsigned char hash[16], char out[JJ_UUID_SIZE])
{
    hash[6] = (unsigned char)((hash[6] & 0x0f) | 0x80); /* version 8 */
    hash[8] = (unsigned char)((hash[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
    jj_uuid_format(hash, out);
}

void jj_entity_key(const char *kind, const char *source, const char *code, char out[JJ_UUID_SIZE])
{
    const jj_part parts[] = {{kind, strlen(kind)}, {source, strlen(source)}, {code, strlen(code)}};
    unsigned char hash[16];
    jj_hash(NULL, parts, 3, hash, sizeof hash);
    jj_uuid_from_hash(hash, out);
}

void jj_random(void *out, size_t size_bytes)
{
    randombytes_buf(out, size_bytes);
}
