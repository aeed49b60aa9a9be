#include "import/clean.h"

#include <string.h>

#define LONG_NUMBER 12 /* digits, from which a spreadsheet shows a number as 3,38E+11 */

/* Length of a blank character at text, 0 if it is none. */
static size_t blank_at(const char *text, size_t length)
{
    static const char *const wide[] = {"\xc2\xa0", "\xe2\x80\x8b", "\xe2\x80\x8e", "\xe2\x80\x8f",
                                       "\xef\xbb\xbf"};
    if (length && (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\f' ||
                   *text == '\v' || *text == '\r')) {
        return 1;
    }
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        size_t size = strlen(wide[i]);
        if (length >= size && memcmp(text, wide[i], size) == 0) {
            return size;
        }
    }
    return 0;
}

static size_t blank_before(const char *text, size_t length)
{
    for (size_t size = 1; size <= 3 && size <= length; size++) {
        if (blank_at(text + length - size, size) == size) {
            return size;
        }
    }
    return 0;
}

static bool starts_formula(char c)
{
    return c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r';
}

static bool escaped_by(char c)
{
    return starts_formula(c) || c == '\'' || (c >= '0' && c <= '9');
}

static bool is_dash(const char *text, size_t length)
{
    return (length == 1 && *text == '-') || (length == 3 && (memcmp(text, "\xe2\x80\x93", 3) == 0 ||
                                                             memcmp(text, "\xe2\x80\x94", 3) == 0));
}

size_t jj_clean(const char *text, size_t length, jj_buf *out)
{
    size_t before = out->size, skip;
    while ((skip = blank_at(text, length)) > 0) {
        text += skip;
        length -= skip;
    }
    while ((skip = blank_before(text, length)) > 0) {
        length -= skip;
    }
    if (length >= 2 && *text == '\'' && escaped_by(text[1])) {
        text++;
        length--;
    }
    /* ="3375014505990001": how those who know Excel keep it from making a number of it in a CSV. */
    if (length >= 3 && memcmp(text, "=\"", 2) == 0 && text[length - 1] == '"' &&
        !memchr(text + 2, '"', length - 3)) {
        text += 2;
        length -= 3;
    }
    if (is_dash(text, length)) {
        length = 0;
    }
    while (length) {
        const char *space = memmem(text, length, "\xc2\xa0", 2);
        size_t size = space ? (size_t)(space - text) : length;
        jj_buf_add(out, text, size);
        if (space) {
            jj_buf_putc(out, ' ');
            size += 2;
        }
        text += size;
        length -= size;
    }
    size_t written = out->size - before;
    jj_buf_putc(out, '\0');
    return written;
}

static bool is_region_code(const char *text, size_t length)
{
    return length == 5 && text[2] == '.' && strspn(text, "0123456789.") >= 5;
}

bool jj_needs_escape(const char *text, size_t length)
{
    if (length == 0 || is_dash(text, length)) {
        return false;
    }
    if (starts_formula(*text)) {
        return true;
    }
    size_t digits = strspn(text, "0123456789");
    if (digits != length) {
        return is_region_code(text, length);
    }
    return digits >= LONG_NUMBER || (digits > 1 && *text == '0');
}

void jj_csv_cell(jj_buf *out, const char *text, size_t length, char separator)
{
    bool escape = jj_needs_escape(text, length);
    bool quote = escape || memchr(text, separator, length) || memchr(text, '"', length) ||
                 memchr(text, '\n', length) || memchr(text, '\r', length);
    if (quote) {
        jj_buf_putc(out, '"');
    }
    if (escape) {
        jj_buf_putc(out, '\'');
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"') {
            jj_buf_putc(out, '"');
        }
        jj_buf_putc(out, text[i]);
    }
    if (quote) {
        jj_buf_putc(out, '"');
    }
}
