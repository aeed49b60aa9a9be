/* The absorption report for programs: JSON and CSV under the English names. */
#include "ctl/absorption.h"

#include <string.h>

const char *jj_absorption_name(int column)
{
    static const char *const names[] = {
        "region",        "province",   "year",
        "vocation",      "batch",      "funding",
        "sex",           "disability", "digital_marketing",
        "graduates",     "traced",     "employed",
        "self_employed", "working",    "formal",
        "informal",      "rate",       "low",
        "high",          "coverage",
    };
    return names[column];
}

static bool is_number(int column)
{
    return column == JJ_COL_YEAR || column >= JJ_COL_GRADUATES;
}

/* Fractions come with the many digits of PostgreSQL's numeric: ten tell everything. */
static void add_number(jj_buf *out, const char *text)
{
    const char *point = strchr(text, '.');
    size_t length = strlen(text);

    if (point) {
        size_t most = (size_t)(point - text) + 11;
        length = length < most ? length : most;
        while (text[length - 1] == '0') {
            length--;
        }
        length -= text[length - 1] == '.';
    }
    jj_buf_add(out, text, length);
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void json_member(jj_buf *out, const jj_pg_rows *rows, int row, int column, bool first)
{
    const char *value = jj_pg_rows_value(rows, row, column);

    jj_buf_printf(out, "%s\"%s\": ", first ? "" : ", ", jj_absorption_name(column));
    if (!value) {
        jj_buf_puts(out, "null");
    } else if (column == JJ_COL_DISABILITY || column == JJ_COL_DIGITAL) {
        jj_buf_puts(out, *value == 't' ? "true" : "false");
    } else if (is_number(column)) {
        add_number(out, value);
    } else {
        jj_buf_json_z(out, value);
    }
}

void jj_absorption_json(const jj_absorption *asked, const jj_pg_rows *rows, jj_buf *out)
{
    jj_buf_puts(out, "[");
    for (int row = 0; row < jj_pg_rows_count(rows); row++) {
        jj_buf_puts(out, row ? ",\n  {" : "\n  {");
        for (int i = 0; i < asked->order_count; i++) {
            json_member(out, rows, row, asked->order[i], i == 0);
        }
        for (int column = JJ_COL_GRADUATES; column < JJ_FIGURES_END; column++) {
            json_member(out, rows, row, column,
                        asked->order_count == 0 && column == JJ_COL_GRADUATES);
        }
        jj_buf_puts(out, "}");
    }
    jj_buf_puts(out, jj_pg_rows_count(rows) ? "\n]\n" : "]\n");
}

/* ---- CSV ---------------------------------------------------------------------------------- */

/* A cell that a spreadsheet would take for a formula is marked as text. */
static void csv_text(jj_buf *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n") && !strchr("=+-@\t", *text)) {
        jj_buf_puts(out, text);
        return;
    }
    jj_buf_putc(out, '"');
    if (*text && strchr("=+-@\t", *text)) {
        jj_buf_putc(out, '\'');
    }
    for (; *text; text++) {
        if (*text == '"') {
            jj_buf_putc(out, '"');
        }
        jj_buf_putc(out, *text);
    }
    jj_buf_putc(out, '"');
}

static void csv_cell(jj_buf *out, const jj_pg_rows *rows, int row, int column, bool first)
{
    const char *value = row < 0 ? jj_absorption_name(column) : jj_pg_rows_value(rows, row, column);

    jj_buf_puts(out, first ? "" : ",");
    if (row < 0 || !value || !*value) {
        jj_buf_puts(out, value ? value : "");
    } else if (column == JJ_COL_DISABILITY || column == JJ_COL_DIGITAL) {
        jj_buf_puts(out, *value == 't' ? "true" : "false");
    } else if (is_number(column)) {
        add_number(out, value);
    } else {
        csv_text(out, value);
    }
}

void jj_absorption_csv(const jj_absorption *asked, const jj_pg_rows *rows, jj_buf *out)
{
    for (int row = -1; row < jj_pg_rows_count(rows); row++) {
        for (int i = 0; i < asked->order_count; i++) {
            csv_cell(out, rows, row, asked->order[i], i == 0);
        }
        for (int column = JJ_COL_GRADUATES; column < JJ_FIGURES_END; column++) {
            csv_cell(out, rows, row, column, asked->order_count == 0 && column == JJ_COL_GRADUATES);
        }
        jj_buf_putc(out, '\n');
    }
}
