#include "event/key.h"

#include "base/clock.h"

#include <string.h>

#define HASH_DIGITS 32 /* 128 bits in hexadecimal */

void jj_event_key(int64_t time_ms, const char *source, size_t source_length, const char *id,
                  size_t id_length, unsigned char key[16])
{
    const jj_part parts[] = {{source, source_length}, {id, id_length}};
    uint64_t time = time_ms < 0 ? 0 : (uint64_t)time_ms;
    for (int i = 0; i < 6; i++) {
        key[i] = (unsigned char)(time >> (40 - 8 * i));
    }
    jj_hash(NULL, parts, 2, key + 6, 10);
}

void jj_person_key(const unsigned char person_key[JJ_KEY_SIZE], const char nik[16],
                   char out[JJ_UUID_SIZE])
{
    unsigned char hash[16];
    jj_hash_text(person_key, nik, 16, hash, sizeof hash);
    jj_uuid_from_hash(hash, out);
}

/* What a spreadsheet shows of a number that was too long for it: 3.37502E+15, 3,37502e+15. */
static bool is_scientific(const char *text, size_t length)
{
    bool mantissa = false, exponent = false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == 'e' || c == 'E') {
            if (exponent || !mantissa) {
                return false;
            }
            exponent = true;
        } else if (c >= '0' && c <= '9') {
            mantissa = true;
        } else if (c != '.' && c != ',' && c != '+') {
            return false;
        }
    }
    return exponent;
}

static int two(const char *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

enum jj_nik_verdict jj_nik_check(const char *text, size_t length)
{
    if (is_scientific(text, length)) {
        return JJ_NIK_SCIENTIFIC;
    }
    if (length != 16) {
        return JJ_NIK_LENGTH;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return JJ_NIK_LENGTH;
        }
    }
    int day = two(text + 6), month = two(text + 8), year = two(text + 10);
    day = day > 40 ? day - 40 : day;
    /* The century is not in the number: 29 February is possible if either one has it. */
    if (!jj_date_valid(2000 + year, month, day) && !jj_date_valid(1900 + year, month, day)) {
        return JJ_NIK_DATE;
    }
    return memcmp(text + 12, "0000", 4) == 0 ? JJ_NIK_SERIAL : JJ_NIK_OK;
}

const char *jj_nik_problem(enum jj_nik_verdict verdict)
{
    switch (verdict) {
    case JJ_NIK_OK:
        return "a possible NIK";
    case JJ_NIK_SCIENTIFIC:
        return "a spreadsheet turned the NIK into a number like 3.37E+15 and its last digits are "
               "lost; format the column as text and enter it again";
    case JJ_NIK_DATE:
        return "digits 7 to 12 of the NIK are not a birth date";
    case JJ_NIK_SERIAL:
        return "the serial number of the NIK is 0000";
    default:
        return "a NIK has exactly 16 digits";
    }
}

const char *jj_nik_problem_id(enum jj_nik_verdict verdict)
{
    switch (verdict) {
    case JJ_NIK_OK:
        return "NIK dapat diterima";
    case JJ_NIK_SCIENTIFIC:
        return "NIK rusak oleh Excel (menjadi 3,37E+15) dan angka belakangnya hilang; ubah format "
               "kolom menjadi Teks lalu isi kembali";
    case JJ_NIK_DATE:
        return "angka ke-7 sampai ke-12 NIK bukan tanggal lahir yang sah";
    case JJ_NIK_SERIAL:
        return "nomor urut NIK 0000 tidak sah";
    default:
        return "NIK harus tepat 16 angka";
    }
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Of the hashes that people take for ids, one in several thousand has 16 digits in a row that look
 * like a NIK. */
static bool is_in_hash(const char *text, const char *first, const char *end)
{
    while (first > text && is_hex(first[-1]) && end - first < HASH_DIGITS) {
        first--;
    }
    while (is_hex(*end) && end - first < HASH_DIGITS) {
        end++;
    }
    return end - first >= HASH_DIGITS;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Sixteen digits in a row cover one place in sixteen: only these are looked at. */
bool jj_holds_nik(const char *text)
{
    size_t length = strlen(text);
    for (size_t place = 15; place < length; place += 16) {
        const char *first = text + place, *end = first;
        if (!is_digit(*first)) {
            continue;
        }
        while (first > text && is_digit(first[-1]) && end - first <= 16) {
            first--;
        }
        while (is_digit(*end) && end - first <= 16) {
            end++;
        }
        if (end - first == 16 && jj_nik_check(first, 16) == JJ_NIK_OK &&
            !is_in_hash(text, first, end)) {
            return true;
        }
    }
    return false;
}
