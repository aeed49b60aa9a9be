/* A report for programs and spreadsheets: JSON, CSV as an Indonesian Excel reads it, XLSX. */
#include "ctl/figures.h"
#include "ctl/tabular.h"
#include "import/clean.h"
#include "table/xlsx.h"

#include <string.h>

static int width_of(const jj_tabular *table)
{
    int count = 0;
    while (count < table->columns && table->report->columns[count].name) {
        count++;
    }
    return count;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void json_value(const jj_column *column, const char *value, bool is_hidden, jj_buf *out)
{
    if (!value || is_hidden) {
        jj_buf_puts(out, "null");
    } else if (column->kind == JJ_COLUMN_FLAG) {
        jj_buf_puts(out, *value == 't' ? "true" : "false");
    } else if (jj_column_is_number(column)) {
        jj_figure_plain(out, value, '.');
    } else {
        jj_buf_json_z(out, value);
    }
}

static void json_row(const jj_tabular *table, int row, int width, jj_buf *out)
{
    const jj_column *columns = table->report->columns;
    int hidden = 0;
    for (int c = 0; c < width; c++) {
        bool is_hidden = jj_tabular_hidden(table, row, c);
        jj_buf_printf(out, "%s\"%s\": ", c ? ", " : "", columns[c].name);
        json_value(&columns[c], jj_tabular_cell(table, row, c), is_hidden, out);
        hidden += is_hidden;
    }
    for (int c = 0, told = 0; hidden && c < width; c++) {
        if (jj_tabular_hidden(table, row, c)) {
            jj_buf_printf(out, "%s\"%s\"", told++ ? ", " : ", \"hidden\": [", columns[c].name);
        }
    }
    jj_buf_puts(out, hidden ? "]" : "");
}

void jj_tabular_json(const jj_tabular *table, jj_buf *out)
{
    int width = width_of(table);
    jj_buf_putc(out, '[');
    for (int row = 0; row < table->rows; row++) {
        jj_buf_puts(out, row ? ",\n  {" : "\n  {");
        json_row(table, row, width, out);
        jj_buf_putc(out, '}');
    }
    jj_buf_puts(out, table->rows ? "\n]\n" : "]\n");
}

/* ---- CSV ---------------------------------------------------------------------------------- */

static void csv_value(const jj_tabular *table, int row, int c, jj_buf *out)
{
    const jj_column *column = &table->report->columns[c];
    const char *value = jj_tabular_cell(table, row, c);
    bool plain = table->report->csv_is_plain;
    if (!value || jj_tabular_hidden(table, row, c)) {
        jj_buf_puts(out, value ? value : "");
    } else if (column->kind == JJ_COLUMN_FLAG) {
        bool yes = *value == 't';
        jj_buf_puts(out, plain ? (yes ? "true" : "false") : (yes ? "ya" : "tidak"));
    } else if (jj_column_is_number(column)) {
        jj_figure_plain(out, value, plain ? '.' : ',');
    } else if (column->kind == JJ_COLUMN_DATE) {
        jj_buf_puts(out, value);
    } else {
        const char *text = plain ? value : jj_column_word_of(column, value);
        jj_csv_cell(out, text, strlen(text), plain ? ',' : ';');
    }
}

/* One line: the values of a row, or the headings (row < 0). */
static void csv_line(const jj_tabular *table, int row, int width, jj_buf *out)
{
    bool plain = table->report->csv_is_plain, first = true;
    for (int c = 0; c < width; c++) {
        const jj_column *column = &table->report->columns[c];
        if (plain && (column->kind == JJ_COLUMN_NAME || column->data_only)) {
            continue;
        }
        jj_buf_puts(out, first ? "" : plain ? "," : ";");
        first = false;
        if (row < 0) {
            const char *heading = plain ? column->name : column->heading;
            jj_csv_cell(out, heading, strlen(heading), plain ? ',' : ';');
        } else {
            csv_value(table, row, c, out);
        }
    }
    jj_buf_puts(out, plain ? "\n" : "\r\n");
}

/* Excel in Indonesia separates by semicolons, since the comma is its decimal mark; without the
 * first bytes it would take UTF-8 for Windows-1252. */
void jj_tabular_csv(const jj_tabular *table, jj_buf *out)
{
    int width = width_of(table);
    jj_buf_puts(out, table->report->csv_is_plain ? "" : "\xef\xbb\xbf");
    for (int row = -1; row < table->rows; row++) {
        csv_line(table, row, width, out);
    }
}

/* ---- XLSX --------------------------------------------------------------------------------- */

static void xlsx_value(jj_xlsx *xlsx, const jj_column *column, const char *value, bool is_hidden)
{
    static const enum jj_xlsx_format formats[] = {
        [JJ_COLUMN_NUMBER] = JJ_XLSX_GENERAL,  [JJ_COLUMN_COUNT] = JJ_XLSX_COUNT,
        [JJ_COLUMN_DECIMAL] = JJ_XLSX_DECIMAL, [JJ_COLUMN_RUPIAH] = JJ_XLSX_RUPIAH,
        [JJ_COLUMN_RATE] = JJ_XLSX_PERCENT,
    };
    if (!value) {
        jj_xlsx_empty(xlsx);
    } else if (is_hidden) {
        jj_xlsx_text(xlsx, value);
    } else if (column->kind == JJ_COLUMN_FLAG) {
        jj_xlsx_text(xlsx, *value == 't' ? "ya" : "tidak");
    } else if (jj_column_is_number(column)) {
        jj_xlsx_number(xlsx, formats[column->kind], value);
    } else if (column->kind == JJ_COLUMN_DATE) {
        jj_xlsx_date(xlsx, value);
    } else {
        jj_xlsx_text(xlsx, jj_column_word_of(column, value));
    }
}

/* Wide enough for what stands in a column, as far as a spreadsheet is still comfortable. */
static int characters(const jj_tabular *table, int column)
{
    int width = jj_figure_width(table->report->columns[column].heading) + 2;
    bool money = table->report->columns[column].kind == JJ_COLUMN_RUPIAH;
    for (int row = 0; row < table->rows; row++) {
        const char *value = jj_tabular_cell(table, row, column);
        int own = value ? jj_figure_width(value) + (money ? 8 : 0) : 0;
        width = own > width ? own : width;
    }
    return width;
}

int jj_tabular_xlsx(const jj_tabular *table, jj_buf *out, jj_error *err)
{
    int width = width_of(table);
    const jj_column *columns = table->report->columns;
    jj_xlsx *xlsx = NULL;
    int rc = jj_xlsx_new(&xlsx, table->report->title, err);
    if (rc) {
        return rc;
    }
    for (int c = 0; c < width; c++) {
        jj_xlsx_column(xlsx, columns[c].heading, characters(table, c));
    }
    for (int row = 0; row < table->rows; row++) {
        for (int c = 0; c < width; c++) {
            xlsx_value(xlsx, &columns[c], jj_tabular_cell(table, row, c),
                       jj_tabular_hidden(table, row, c));
        }
        jj_xlsx_row(xlsx);
    }
    rc = jj_xlsx_finish(xlsx, out, err);
    jj_xlsx_free(xlsx);
    return rc;
}
