#include "import/numbers.h"

#include <string.h>
#include <strings.h>

#define TEXT_MAX     64
#define WHOLE_MAX    18 /* digits before the decimal mark */
#define FRACTION_MAX 15

static const char not_number[] = "harus berupa angka";
static const char not_whole[] = "harus bilangan bulat";
static const char too_long[] = "angkanya terlalu panjang";
static const char damaged[] = "angka rusak oleh Excel (menjadi bentuk 1,5E+10); ubah format sel "
                              "menjadi Angka lalu isi kembali";
static const char ambiguous[] = "angka dengan satu titik atau koma dan tiga angka di belakangnya "
                                "dapat dibaca dua cara; tulis tanpa pemisah ribuan";

bool jj_number_is_scientific(const char *text, size_t length)
{
    size_t at = 0, digits = 0;
    at += length && (*text == '-' || *text == '+');
    for (; at < length && (strchr("0123456789.,", text[at]) != NULL); at++) {
        digits += text[at] >= '0' && text[at] <= '9';
    }
    if (!digits || at == length || (text[at] != 'e' && text[at] != 'E')) {
        return false;
    }
    at++;
    at += at < length && (text[at] == '+' || text[at] == '-');
    if (at == length) {
        return false;
    }
    for (; at < length; at++) {
        if (text[at] < '0' || text[at] > '9') {
            return false;
        }
    }
    return true;
}

/* What stands around a number: currency, percent sign, the dash for "no cents". Spaces go too. */
static bool strip(const char *text, size_t length, char body[TEXT_MAX])
{
    size_t put = 0;
    if (length >= 2 && strncasecmp(text, "rp", 2) == 0) {
        text += 2;
        length -= 2;
        if (length && *text == '.') {
            text++;
            length--;
        }
    } else if (length >= 3 && strncasecmp(text, "idr", 3) == 0) {
        text += 3;
        length -= 3;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == ' ') {
            continue;
        }
        if (put + 1 == TEXT_MAX) {
            return false;
        }
        body[put++] = text[i];
    }
    if (put > 2 && body[put - 1] == '-' && (body[put - 2] == ',' || body[put - 2] == '.')) {
        put -= 2;
    } else if (put > 1 && body[put - 1] == '%') {
        put--;
    }
    body[put] = '\0';
    return true;
}

/* 1 to 3 digits, then groups of exactly three, each behind the mark. */
static bool is_grouped(const char *at, const char *end, char mark)
{
    size_t run = 0, groups = 0;
    for (; at < end; at++) {
        if (*at == mark) {
            if (groups ? run != 3 : run < 1 || run > 3) {
                return false;
            }
            groups++;
            run = 0;
        } else {
            run++;
        }
    }
    return groups && run == 3;
}

static size_t count(const char *text, char c)
{
    size_t found = 0;
    for (; *text; text++) {
        found += *text == c;
    }
    return found;
}

static bool all_zeros(const char *text)
{
    return text[strspn(text, "0")] == '\0';
}

/* Where the decimal mark is, or the end of the text. NULL: it cannot be told; see *why. */
static const char *decimal_mark(const char *body, bool integer, const char **why)
{
    const char *end = body + strlen(body), *dot = strrchr(body, '.'), *comma = strrchr(body, ',');
    size_t dots = count(body, '.'), commas = count(body, ',');
    *why = not_number;
    if (dots + commas == 0) {
        return end;
    }
    if (dots && commas) {
        const char *mark = dot > comma ? dot : comma;
        bool single = (mark == dot ? dots : commas) == 1;
        return single && is_grouped(body, mark, mark == dot ? ',' : '.') ? mark : NULL;
    }
    const char *mark = dots ? dot : comma;
    if (dots + commas > 1) {
        return is_grouped(body, end, *mark) ? end : NULL;
    }
    bool three = is_grouped(body, end, *mark) && *body != '0';
    if (three && integer && dots) {
        return end;
    }
    if (three && (integer || dots)) {
        *why = ambiguous;
        return NULL;
    }
    return mark;
}

/* Joins the digits before and behind the mark as JSON wants them. */
static bool join(const char *body, const char *mark, bool negative, char out[JJ_NUMBER_TEXT],
                 const char **why)
{
    char whole[WHOLE_MAX + 2];
    size_t length = 0;
    for (const char *at = body; at < mark; at++) {
        if (*at < '0' || *at > '9' || (length == 0 && *at == '0')) {
            continue;
        }
        if (length == WHOLE_MAX) {
            *why = too_long;
            return false;
        }
        whole[length++] = *at;
    }
    if (length == 0) {
        whole[length++] = '0';
    }
    const char *fraction = *mark ? mark + 1 : mark;
    size_t decimals = strlen(fraction);
    while (decimals && fraction[decimals - 1] == '0') {
        decimals--;
    }
    if (decimals > FRACTION_MAX) {
        *why = too_long;
        return false;
    }
    negative = negative && (decimals || *whole != '0');
    size_t put = 0;
    if (negative) {
        out[put++] = '-';
    }
    memcpy(out + put, whole, length);
    put += length;
    if (decimals) {
        out[put++] = '.';
        memcpy(out + put, fraction, decimals);
        put += decimals;
    }
    out[put] = '\0';
    return true;
}

bool jj_number_read(const char *text, size_t length, bool integer, char out[JJ_NUMBER_TEXT],
                    const char **why)
{
    char stripped[TEXT_MAX];
    if (jj_number_is_scientific(text, length)) {
        *why = damaged;
        return false;
    }
    if (!strip(text, length, stripped)) {
        *why = too_long;
        return false;
    }
    bool negative = *stripped == '-';
    const char *body = stripped + (negative || *stripped == '+');
    if (body[strspn(body, "0123456789.,")] || !strpbrk(body, "0123456789")) {
        *why = not_number;
        return false;
    }
    const char *mark = decimal_mark(body, integer, why);
    if (!mark) {
        return false;
    }
    if (integer && *mark && !all_zeros(mark + 1)) {
        *why = not_whole;
        return false;
    }
    return join(body, mark, negative, out, why);
}
