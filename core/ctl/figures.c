#include "ctl/figures.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DECIMALS 10

/* ---- Numbers and days --------------------------------------------------------------------- */

void jj_figure_count(const char *digits, char out[JJ_FIGURE_SIZE])
{
    size_t sign = *digits == '-', length = strlen(digits), to = 0;

    if (length > 30 || strspn(digits + sign, "0123456789") != length - sign) {
        snprintf(out, JJ_FIGURE_SIZE, "%s", digits);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (i > sign && (length - i) % 3 == 0) {
            out[to++] = '.';
        }
        out[to++] = digits[i];
    }
    out[to] = '\0';
}

/* In tenths, half of one away from zero; the whole part with its thousands. */
static void tenths(long long number, bool always, char out[JJ_FIGURE_SIZE])
{
    char digits[24];
    long long size = number < 0 ? -number : number;

    snprintf(digits, sizeof digits, "%s%lld", number < 0 ? "-" : "", size / 10);
    jj_figure_count(digits, out);
    if (always || size % 10) {
        size_t length = strlen(out);
        snprintf(out + length, JJ_FIGURE_SIZE - length, ",%lld", size % 10);
    }
}

/* 42.15 is a little less than that in binary: rounded from its decimal digits' side. */
static long long rounded(double number)
{
    return llround(number + (number < 0 ? -1e-9 : 1e-9));
}

void jj_figure_percent(double fraction, char out[JJ_FIGURE_SIZE])
{
    tenths(rounded(fraction * 1000.0), true, out);
    size_t length = strlen(out);
    snprintf(out + length, JJ_FIGURE_SIZE - length, "%%");
}

void jj_figure_decimal(double number, char out[JJ_FIGURE_SIZE])
{
    tenths(rounded(number * 10.0), false, out);
}

void jj_figure_day(const char *iso, char out[JJ_FIGURE_SIZE])
{
    static const char *const months[] = {"Januari",   "Februari", "Maret",    "April",
                                         "Mei",       "Juni",     "Juli",     "Agustus",
                                         "September", "Oktober",  "November", "Desember"};
    int year = 0, month = 0, day = 0;

    if (sscanf(iso, "%d-%d-%d", &year, &month, &day) == 3 && month >= 1 && month <= 12) {
        snprintf(out, JJ_FIGURE_SIZE, "%d %s %d", day, months[month - 1], year);
    } else {
        snprintf(out, JJ_FIGURE_SIZE, "%s", iso);
    }
}

void jj_figure_plain(jj_buf *out, const char *number, char point)
{
    const char *at = strchr(number, '.');
    size_t length = strlen(number);

    if (!at) {
        jj_buf_add(out, number, length);
        return;
    }
    size_t whole = (size_t)(at - number), most = whole + 1 + DECIMALS;
    length = length < most ? length : most;
    while (number[length - 1] == '0') {
        length--;
    }
    jj_buf_add(out, number, whole);
    if (length > whole + 1) {
        jj_buf_putc(out, point);
        jj_buf_add(out, at + 1, length - whole - 1);
    }
}

/* ---- Text --------------------------------------------------------------------------------- */

/* The next character; *size is the bytes that it takes, at least one. */
static uint32_t next_character(const char *text, size_t *size)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : *at >= 0xc0 ? 1 : 0;
    uint32_t c = more ? *at & (0x3fu >> more) : *at;

    *size = 1;
    while (more-- && (at[*size] & 0xc0) == 0x80) {
        c = c << 6 | (at[(*size)++] & 0x3fu);
    }
    return c;
}

typedef struct range {
    uint32_t from, to;
} range;

static bool is_in(uint32_t c, const range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].from && c <= ranges[i].to) {
            return true;
        }
    }
    return false;
}

/* Controls, and marks of direction (Unicode TR 36: they make text read otherwise than it is). */
static bool is_unsafe(uint32_t c)
{
    static const range unsafe[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x200b, 0x200f},
                                   {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
                                   {0xfff0, 0xfffb}};
    return (c < 0x20 || c > 0x7e) && is_in(c, unsafe, sizeof unsafe / sizeof *unsafe);
}

static int columns_of(uint32_t c)
{
    static const range none[] = {
        {0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
    static const range two[] = {{0x1100, 0x115f},  {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
                                {0xf900, 0xfaff},  {0xfe30, 0xfe6f},   {0xff00, 0xff60},
                                {0xffe0, 0xffe6},  {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff},
                                {0x20000, 0x3fffd}};
    return c < 0x300                                    ? 1
           : is_in(c, none, sizeof none / sizeof *none) ? 0
           : is_in(c, two, sizeof two / sizeof *two)    ? 2
                                                        : 1;
}

int jj_figure_width(const char *text)
{
    int width = 0;

    for (size_t size; *text; text += size) {
        uint32_t c = next_character(text, &size);
        width += is_unsafe(c) ? 1 : columns_of(c);
    }
    return width;
}

int jj_figure_line(jj_buf *out, const char *text, int width)
{
    bool cut = width >= 0 && jj_figure_width(text) > width;
    int used = 0, room = cut ? width - 1 : width;

    for (size_t size; *text; text += size) {
        uint32_t c = next_character(text, &size);
        int columns = is_unsafe(c) ? 1 : columns_of(c);
        if (width >= 0 && used + columns > room) {
            break;
        }
        if (is_unsafe(c)) {
            jj_buf_putc(out, ' ');
        } else {
            jj_buf_add(out, text, size);
        }
        used += columns;
    }
    if (cut && width > 0) {
        jj_buf_puts(out, "…");
        used++;
    }
    return used;
}
