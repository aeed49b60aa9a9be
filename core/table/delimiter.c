#include "table/delimiter.h"

#include <string.h>
#include <strings.h>

#define ROWS_MAX  50 /* looked at */
#define COUNT_CAP 4  /* more delimiters in a row than this are no better evidence */

/* `sep=;` or `"sep=;"` alone on the first line, as Excel knows it. */
static bool read_sep(const char *text, size_t size, char *delimiter, size_t *skip)
{
    size_t quote = size && text[0] == '"';
    if (size < quote + 5 || strncasecmp(text + quote, "sep=", 4) != 0) {
        return false;
    }
    char c = text[quote + 4];
    size_t end = quote + 5 + quote;
    if (c == '\n' || c == '"' || (unsigned char)c >= 0x80 || size < end ||
        (quote && text[end - 1] != '"') || (size > end && text[end] != '\n')) {
        return false;
    }
    *delimiter = c;
    *skip = size > end ? end + 1 : end;
    return true;
}

/* Counts a delimiter in each of the first rows that are not blank. Returns how many rows. */
static size_t count_rows(const char *text, size_t size, bool whole, char delimiter,
                         size_t counts[ROWS_MAX])
{
    size_t rows = 0, count = 0, length = 0;
    bool quoted = false, at_start = true;
    for (size_t i = 0; i < size && rows < ROWS_MAX; i++) {
        char c = text[i];
        if (quoted) {
            quoted = c != '"';
        } else if (c == '"' && (at_start || (i && text[i - 1] == '"'))) {
            quoted = true;
        } else if (c == '\n') {
            if (length) {
                counts[rows++] = count;
            }
            count = length = 0;
            at_start = true;
            continue;
        } else if (c == delimiter) {
            count++;
            at_start = true;
            length++;
            continue;
        }
        at_start = at_start && c == ' ';
        length++;
    }
    if (length && rows < ROWS_MAX && (whole || rows == 0)) {
        counts[rows++] = count;
    }
    return rows;
}

/* The share of rows that have the most frequent count, weighted by that count. */
static double score(const size_t *counts, size_t rows)
{
    double best = 0;
    for (size_t i = 0; i < rows; i++) {
        size_t same = 0;
        for (size_t j = 0; j < rows; j++) {
            same += counts[j] == counts[i];
        }
        size_t weight = counts[i] < COUNT_CAP ? counts[i] : COUNT_CAP;
        double value = (double)(same * weight) / (double)rows;
        best = value > best ? value : best;
    }
    return best;
}

char jj_delimiter_detect(const char *text, size_t size_bytes, bool whole, size_t *skip)
{
    char delimiter = ';';
    *skip = 0;
    if (read_sep(text, size_bytes, &delimiter, skip)) {
        return delimiter;
    }
    double best = 0;
    for (const char *candidate = ";\t,|"; *candidate; candidate++) {
        size_t counts[ROWS_MAX];
        size_t rows = count_rows(text, size_bytes, whole, *candidate, counts);
        double value = score(counts, rows);
        if (value > best) {
            best = value;
            delimiter = *candidate;
        }
    }
    return delimiter;
}
