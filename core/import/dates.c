#include "import/dates.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define YEAR_MIN 1900
#define YEAR_MAX 2199

static const char not_date[] = "bukan tanggal; tulis seperti 31/12/2019";
static const char short_year[] = "tahun harus ditulis empat angka (31/12/2019)";
static const char no_such_day[] = "tanggal itu tidak ada; urutannya hari/bulan/tahun";
static const char not_whole[] = "tanggal tidak lengkap; tulis hari, bulan dan tahun";
static const char bad_year[] = "tahunnya tidak masuk akal";
static const char serial[] =
    "angka, bukan tanggal; ubah format sel menjadi Tanggal, atau tulis seperti 31/12/2019";
static const char with_zone[] = "tulis tanggal saja, tanpa jam dan zona waktu";

struct token {
    char word[16]; /* lower case; empty for a number */
    int number;
    size_t digits;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t read_token(const char *at, size_t length, struct token *token)
{
    size_t used = 0, put = 0;
    *token = (struct token){0};
    while (used < length && is_digit(at[used])) {
        if (token->digits < 9) {
            token->number = token->number * 10 + (at[used] - '0');
        }
        token->digits++;
        used++;
    }
    while (token->digits == 0 && used < length && is_letter(at[used])) {
        if (put + 1 < sizeof token->word) {
            token->word[put++] = (char)(at[used] | 0x20);
        }
        used++;
    }
    return used;
}

/* Splits into up to 5 tokens between blanks / - . , and commas; 0: something else is in it. */
static size_t split(const char *text, size_t length, struct token tokens[5])
{
    size_t count = 0;
    for (size_t at = 0; at < length;) {
        if (strchr(" /-.,\n", text[at])) {
            at++;
            continue;
        }
        if (count == 5) {
            return 0;
        }
        size_t used = read_token(text + at, length - at, &tokens[count]);
        if (used == 0) {
            return 0;
        }
        count++;
        at += used;
    }
    return count;
}

static int month_of(const char *word)
{
    static const char *const months[12] = {
        "jan januari january",
        "feb peb februari pebruari february febuari",
        "mar mrt maret march",
        "apr april",
        "mei may",
        "jun juni june",
        "jul juli july",
        "agu agt ags agst agus agustus aug august",
        "sep sept september",
        "okt oct oktober october",
        "nov nop nov november nopember",
        "des dec desember december",
    };
    size_t length = strlen(word);
    for (int i = 0; length && i < 12; i++) {
        for (const char *at = months[i]; at; at = strchr(at, ' ')) {
            at += *at == ' ';
            if (strncmp(at, word, length) == 0 && (at[length] == ' ' || at[length] == '\0')) {
                return i + 1;
            }
        }
    }
    return 0;
}

static bool is_weekday(const char *word)
{
    static const char *const days[] = {"senin",     "selasa",   "rabu",   "kamis",    "jumat",
                                       "sabtu",     "minggu",   "ahad",   "monday",   "tuesday",
                                       "wednesday", "thursday", "friday", "saturday", "sunday"};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        if (strcmp(word, days[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The length of text without a time of day behind the date. *zone: it names a time zone, so that
 * the day may be another one here. */
static size_t without_time(const char *text, size_t length, bool *zone)
{
    const char *colon = memchr(text, ':', length);
    *zone = false;
    if (!colon) {
        return length;
    }
    size_t at = (size_t)(colon - text);
    while (at && is_digit(text[at - 1])) {
        at--;
    }
    if (at == 0 || (text[at - 1] != ' ' && text[at - 1] != 'T' && text[at - 1] != 't')) {
        return length;
    }
    for (const char *c = colon; c < text + length; c++) {
        *zone = *zone || *c == 'Z' || *c == 'z' || *c == '+';
    }
    return at - 1;
}

static bool finish(int year, int month, int day, size_t year_digits, char out[JJ_DATE_SIZE],
                   const char **why)
{
    if (year_digits != 4) {
        *why = short_year;
        return false;
    }
    if (year < YEAR_MIN || year > YEAR_MAX) {
        *why = bad_year;
        return false;
    }
    if (!jj_date_valid(year, month, day)) {
        *why = no_such_day;
        return false;
    }
    char text[40];
    snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
    memcpy(out, text, JJ_DATE_SIZE - 1);
    out[JJ_DATE_SIZE - 1] = '\0';
    return true;
}

static bool read_three(const struct token *t, char out[JJ_DATE_SIZE], const char **why)
{
    if (t[0].digits && t[1].digits && t[2].digits) {
        if (t[0].digits == 4) {
            return finish(t[0].number, t[1].number, t[2].number, 4, out, why);
        }
        return finish(t[2].number, t[1].number, t[0].number, t[2].digits, out, why);
    }
    const struct token *year = &t[2], *month = &t[1], *day = &t[0];
    if (*t[0].word) {
        month = &t[0];
        day = &t[1];
    } else if (t[0].digits == 4) {
        year = &t[0];
        day = &t[2];
    }
    int number = month_of(month->word);
    if (!number || !year->digits || !day->digits) {
        *why = not_date;
        return false;
    }
    return finish(year->number, number, day->number, year->digits, out, why);
}

bool jj_date_read(const char *text, size_t length, char out[JJ_DATE_SIZE], const char **why)
{
    struct token tokens[5];
    bool zone;
    length = without_time(text, length, &zone);
    if (zone) {
        *why = with_zone;
        return false;
    }
    size_t count = split(text, length, tokens);
    const struct token *first = tokens;
    if (count && is_weekday(first->word)) {
        first++;
        count--;
    }
    if (count == 3) {
        return read_three(first, out, why);
    }
    *why = not_date;
    if (count == 1 && first->digits) {
        *why = first->digits == 4 ? not_whole : serial;
    } else if (count == 2) {
        *why = not_whole;
    }
    return false;
}
