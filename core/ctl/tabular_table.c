/* A report for people at a terminal: Indonesian figures, columns that fit. */
#include "ctl/figures.h"
#include "ctl/tabular.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX  32
#define GAP          2  /* between columns */
#define NARROWEST    10 /* to which a column of text may shrink */
#define HEADING_MOST 30 /* of a record's headings */

typedef struct shown {
    const jj_column *column;
    int at, name_at; /* columns of the query; name_at -1: none */
    bool right;
    int width;
} shown;

/* ---- Cells -------------------------------------------------------------------------------- */

static void figure(const jj_column *column, const char *value, jj_buf *out)
{
    char text[JJ_FIGURE_SIZE];
    switch (column->kind) {
    case JJ_COLUMN_COUNT:
        jj_figure_count(value, text);
        break;
    case JJ_COLUMN_RUPIAH:
        jj_buf_puts(out, "Rp");
        jj_figure_count(value, text);
        break;
    case JJ_COLUMN_DECIMAL:
        jj_figure_decimal(strtod(value, NULL), text);
        break;
    case JJ_COLUMN_RATE:
        jj_figure_percent(strtod(value, NULL), text);
        break;
    case JJ_COLUMN_DATE:
    default:
        snprintf(text, sizeof text, "%s", value);
    }
    jj_buf_puts(out, text);
}

static void cell(const jj_tabular *table, int row, const shown *s, jj_buf *out)
{
    const char *value = jj_tabular_cell(table, row, s->at);
    const char *name = s->name_at < 0 ? NULL : jj_tabular_cell(table, row, s->name_at);
    jj_buf_reset(out);
    if (jj_tabular_hidden(table, row, s->at)) {
        jj_buf_puts(out, value);
    } else if (!value && !name) {
        jj_buf_putc(out, '-');
    } else if (!value || s->column->kind == JJ_COLUMN_TEXT || s->column->kind == JJ_COLUMN_CODE ||
               s->column->kind == JJ_COLUMN_NAME) {
        jj_buf_puts(out, value ? value : "");
    } else if (s->column->kind == JJ_COLUMN_FLAG) {
        jj_buf_puts(out, *value == 't' ? "ya" : "tidak");
    } else if (s->column->kind == JJ_COLUMN_WORD) {
        jj_buf_puts(out, jj_column_word_of(s->column, value));
    } else {
        figure(s->column, value, out);
    }
    if (name) {
        jj_buf_printf(out, "%s%s", value ? " " : "", name);
    }
}

static const char *text_of(const jj_buf *buf)
{
    return buf->failed || !buf->data ? "" : buf->data;
}

/* ---- Columns ------------------------------------------------------------------------------ */

static bool may_shrink(const shown *s)
{
    return !s->right && s->column->kind != JJ_COLUMN_DATE && s->width > NARROWEST;
}

static int choose(const jj_tabular *table, shown *columns)
{
    const jj_column *all = table->report->columns;
    int count = 0;
    for (int i = 0; i < table->columns && all[i].name && count < COLUMNS_MAX; i++) {
        if (all[i].data_only) {
            continue;
        }
        if (all[i].kind == JJ_COLUMN_NAME && count > 0 && columns[count - 1].at == i - 1) {
            columns[count - 1].name_at = i;
            columns[count - 1].column = &all[i];
            continue;
        }
        columns[count++] = (shown){
            .column = &all[i], .at = i, .name_at = -1, .right = jj_column_is_number(&all[i])};
    }
    return count;
}

/* Widths of the columns; returns that of the table. */
static int measure(const jj_tabular *table, shown *columns, int count)
{
    jj_buf text = {0};
    int total = 0;
    for (int c = 0; c < count; c++) {
        columns[c].width = jj_figure_width(columns[c].column->heading);
        for (int row = 0; row < table->rows; row++) {
            cell(table, row, &columns[c], &text);
            int width = jj_figure_width(text_of(&text));
            columns[c].width = width > columns[c].width ? width : columns[c].width;
        }
        total += columns[c].width + (c ? GAP : 0);
    }
    jj_buf_clear(&text);
    return total;
}

/* Takes from the widest columns of text until the table fits; false if it cannot. */
static bool shrink(shown *columns, int count, int total, int width)
{
    while (total > width) {
        shown *widest = NULL;
        for (int c = 0; c < count; c++) {
            if (may_shrink(&columns[c]) && (!widest || columns[c].width > widest->width)) {
                widest = &columns[c];
            }
        }
        if (!widest) {
            return false;
        }
        widest->width--;
        total--;
    }
    return true;
}

/* ---- Lines -------------------------------------------------------------------------------- */

static void pad(jj_buf *out, int count)
{
    while (count-- > 0) {
        jj_buf_putc(out, ' ');
    }
}

static void put_cell(jj_buf *out, const shown *s, const char *text, bool first, bool last)
{
    int width = jj_figure_width(text), space = width < s->width ? s->width - width : 0;
    pad(out, (first ? 0 : GAP) + (s->right ? space : 0));
    int used = jj_figure_line(out, text, s->width);
    pad(out, s->right || last ? 0 : s->width - used);
}

static void put_table(const jj_tabular *table, const shown *columns, int count, bool colour,
                      jj_buf *out)
{
    jj_buf text = {0};
    jj_buf_puts(out, colour ? "\033[1m" : "");
    for (int c = 0; c < count; c++) {
        put_cell(out, &columns[c], columns[c].column->heading, c == 0, c == count - 1);
    }
    jj_buf_puts(out, colour ? "\033[0m\n" : "\n");
    for (int row = 0; row < table->rows; row++) {
        for (int c = 0; c < count; c++) {
            cell(table, row, &columns[c], &text);
            put_cell(out, &columns[c], text_of(&text), c == 0, c == count - 1);
        }
        jj_buf_putc(out, '\n');
    }
    jj_buf_clear(&text);
}

/* Where the paper is too narrow for a table: a block of lines for each row. */
static void put_records(const jj_tabular *table, const shown *columns, int count, bool colour,
                        jj_buf *out)
{
    jj_buf text = {0};
    int width = 0;
    for (int c = 0; c < count; c++) {
        int own = jj_figure_width(columns[c].column->heading);
        width = own > width ? own : width;
    }
    width = width < HEADING_MOST ? width : HEADING_MOST;
    for (int row = 0; row < table->rows; row++) {
        jj_buf_puts(out, row ? "\n" : "");
        for (int c = 0; c < count; c++) {
            cell(table, row, &columns[c], &text);
            jj_buf_puts(out, colour ? "\033[1m" : "");
            pad(out, width - jj_figure_line(out, columns[c].column->heading, width));
            jj_buf_puts(out, colour ? "\033[0m  " : "  ");
            jj_figure_line(out, text_of(&text), -1);
            jj_buf_putc(out, '\n');
        }
    }
    jj_buf_clear(&text);
}

void jj_tabular_table(const jj_tabular *table, const jj_paper *paper, jj_buf *out)
{
    shown columns[COLUMNS_MAX];
    char rows[16], count_text[JJ_FIGURE_SIZE], day[JJ_FIGURE_SIZE];
    int count = choose(table, columns);
    if (table->rows == 0) {
        jj_buf_printf(out, "%s\n", table->report->empty);
        return;
    }
    int total = measure(table, columns, count);
    if (paper->width == 0 || shrink(columns, count, total, paper->width)) {
        put_table(table, columns, count, paper->colour, out);
    } else {
        put_records(table, columns, count, paper->colour, out);
    }
    snprintf(rows, sizeof rows, "%d", table->rows);
    jj_figure_count(rows, count_text);
    jj_figure_day(table->day, day);
    jj_buf_printf(out, "\n%s baris, per %s.\n", count_text, day);
    if (table->report->notes) {
        jj_buf_printf(out, "%s\n", table->report->notes);
    }
}
