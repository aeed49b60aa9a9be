/* The absorption report for officials: Indonesian words and figures, aligned, with bars, and the
 * words that explain it. */
#include "ctl/absorption.h"

#include "ctl/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS      24
#define BAR          20 /* characters of a full bar */
#define GAP          2  /* between columns */
#define EXPLAIN_MOST 12 /* cohorts explained one by one */
#define ENOUGH       30 /* graduates of a cohort that makes an example */

typedef struct column {
    const char *heading;
    int figure; /* column of the query */
    bool share; /* a count shown with its share of the graduates */
    bool right;
    int width; /* in characters */
    const jj_cohort *cohort;
} column;

/* ---- Figures ------------------------------------------------------------------------------ */

static double number(const jj_pg_rows *rows, int row, int figure)
{
    const char *value = jj_pg_rows_value(rows, row, figure);

    return value ? strtod(value, NULL) : 0.0;
}

/* 0 of nobody: where counts are rounded there may be cohorts of 0. */
static double rate(const jj_pg_rows *rows, int row, int figure)
{
    double graduates = number(rows, row, JJ_COL_GRADUATES);

    return graduates > 0 ? number(rows, row, figure) / graduates : 0.0;
}

/* Appends a count with its thousands, or "-". */
static void put_count(jj_buf *out, const jj_pg_rows *rows, int row, int figure)
{
    const char *value = jj_pg_rows_value(rows, row, figure);
    char text[JJ_FIGURE_SIZE] = "-";

    if (value) {
        jj_figure_count(value, text);
    }
    jj_buf_puts(out, text);
}

static void put_percent(jj_buf *out, double fraction)
{
    char text[JJ_FIGURE_SIZE];

    jj_figure_percent(fraction, text);
    jj_buf_puts(out, text);
}

/* ---- Cells -------------------------------------------------------------------------------- */

static void put_dimension(const jj_pg_rows *rows, int row, int dimension, jj_buf *out)
{
    const jj_column *about = jj_cohort_dimension(dimension);
    const char *value = jj_pg_rows_value(rows, row, dimension);
    const char *name = NULL;

    if (!value) {
        jj_buf_puts(out, "-");
        return;
    }
    if (about->kind == JJ_COLUMN_FLAG) {
        value = *value == 't' ? "ya" : "tidak";
    }
    if (dimension <= JJ_COL_PROVINCE) {
        name = jj_pg_rows_value(rows, row, JJ_COL_REGION_NAME + dimension);
    }
    jj_figure_line(out, jj_column_word_of(about, value), 60);
    if (name) {
        jj_buf_putc(out, ' ');
        jj_figure_line(out, name, 60);
    }
}

static void put_figure(const jj_pg_rows *rows, int row, const column *c, jj_buf *out)
{
    char share[JJ_FIGURE_SIZE] = "*";
    bool few = jj_cohort_few(c->cohort, rows, row);

    if (!jj_pg_rows_value(rows, row, c->figure)) {
        jj_buf_putc(out, few ? '*' : '-');
    } else if (c->figure >= JJ_COL_RATE && c->figure <= JJ_COL_COVERAGE) {
        put_percent(out, number(rows, row, c->figure));
    } else if (c->figure == JJ_COL_REGENCIES_BEHIND) {
        put_count(out, rows, row, c->figure);
        jj_buf_puts(out, " dari ");
        put_count(out, rows, row, JJ_COL_REGENCIES);
    } else {
        put_count(out, rows, row, c->figure);
        if (c->share) {
            if (!few) {
                jj_figure_percent(rate(rows, row, c->figure), share);
            }
            jj_buf_printf(out, " %*s", 7, share);
        }
    }
}

/* The text is good until the next cell. */
static const char *cell(const jj_pg_rows *rows, int row, const column *c, jj_buf *text)
{
    jj_buf_reset(text);
    if (c->figure < JJ_DIMENSIONS) {
        put_dimension(rows, row, c->figure, text);
    } else {
        put_figure(rows, row, c, text);
    }
    return text->failed || !text->data ? "" : text->data;
}

static void pad(jj_buf *out, int count)
{
    while (count-- > 0) {
        jj_buf_putc(out, ' ');
    }
}

static void put_cell(jj_buf *out, const column *c, const char *text, bool first, bool last)
{
    int space = c->width - jj_figure_width(text);

    pad(out, first ? 0 : GAP);
    pad(out, c->right ? space : 0);
    jj_buf_puts(out, text);
    pad(out, c->right || last ? 0 : space);
}

/* A bar of eighths of a character. */
static void put_bar(jj_buf *out, double fraction)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    long filled = lround(fraction * BAR * 8);

    for (long i = 0; i < filled / 8; i++) {
        jj_buf_puts(out, "█");
    }
    jj_buf_puts(out, eighths[filled % 8]);
}

/* ---- The table ---------------------------------------------------------------------------- */

static int choose_columns(const jj_absorption *asked, column *columns)
{
    static const column figures[] = {
        {"Lulusan", JJ_COL_GRADUATES, false, true, 0, NULL},
        {"Terlacak", JJ_COL_TRACED, false, true, 0, NULL},
        {"Bekerja", JJ_COL_EMPLOYED, true, true, 0, NULL},
        {"Wirausaha", JJ_COL_SELF_EMPLOYED, true, true, 0, NULL},
        {"Terserap", JJ_COL_WORKING, true, true, 0, NULL},
        {"Formal", JJ_COL_FORMAL, false, true, 0, NULL},
        {"Informal", JJ_COL_INFORMAL, false, true, 0, NULL},
        {"Serapan", JJ_COL_RATE, false, true, 0, NULL},
        {"Terendah", JJ_COL_LOW, false, true, 0, NULL},
        {"Tertinggi", JJ_COL_HIGH, false, true, 0, NULL},
        {"Cakupan", JJ_COL_COVERAGE, false, true, 0, NULL},
    };
    int count = 0;

    for (int i = 0; i < asked->cohort.count; i++) {
        int d = asked->cohort.order[i];
        const char *heading = d <= JJ_COL_PROVINCE
                                  ? jj_cohort_dimension(JJ_COL_REGION_NAME + d)->heading
                                  : jj_cohort_dimension(d)->heading;
        columns[count++] = (column){.heading = heading, .figure = d, .right = d == JJ_COL_YEAR};
    }
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        columns[count++] = figures[i];
    }
    if (!asked->cohort.by[JJ_COL_REGION]) {
        columns[count++] = (column){"Kab/kota", JJ_COL_REGENCIES_BEHIND, false, true, 0, NULL};
    }
    if (asked->explain) {
        columns[count++] = (column){"Ditempatkan", JJ_COL_PLACED, true, true, 0, NULL};
    }
    for (int i = 0; i < count; i++) {
        columns[i].cohort = &asked->cohort;
    }
    return count;
}

/* Widths of the columns; returns that of the whole table. */
static int measure(const jj_pg_rows *rows, column *columns, int count)
{
    jj_buf text = {0};
    int total = 0;

    for (int c = 0; c < count; c++) {
        columns[c].width = jj_figure_width(columns[c].heading);
        for (int row = 0; row < jj_pg_rows_count(rows); row++) {
            int width = jj_figure_width(cell(rows, row, &columns[c], &text));
            columns[c].width = width > columns[c].width ? width : columns[c].width;
        }
        total += columns[c].width + (c ? GAP : 0);
    }
    jj_buf_clear(&text);
    return total;
}

static void put_rows(const jj_pg_rows *rows, const column *columns, int count, bool bars,
                     jj_buf *out)
{
    jj_buf text = {0};

    for (int row = 0; row < jj_pg_rows_count(rows); row++) {
        for (int c = 0; c < count; c++) {
            put_cell(out, &columns[c], cell(rows, row, &columns[c], &text), c == 0,
                     c == count - 1 && !bars);
        }
        if (bars) {
            pad(out, GAP);
            put_bar(out, number(rows, row, JJ_COL_RATE));
        }
        jj_buf_putc(out, '\n');
    }
    jj_buf_clear(&text);
}

/* ---- Words below -------------------------------------------------------------------------- */

static void footer(const jj_absorption *asked, jj_buf *out)
{
    char day[JJ_FIGURE_SIZE];
    const char *what = strcmp(asked->definition, "employed") == 0 ? "bekerja"
                       : strcmp(asked->definition, "placed") == 0 ? "ditempatkan"
                                                                  : "(bekerja + wirausaha)";
    const char *when = strcmp(asked->horizon, "6m") == 0    ? "6 bulan sesudah lulus"
                       : strcmp(asked->horizon, "12m") == 0 ? "12 bulan sesudah lulus"
                                                            : "bukti terakhir";

    jj_figure_day(asked->day, day);
    jj_buf_printf(out, "\nSerapan = %s / lulusan; %s, per %s", what, when, day);
    if (asked->known_at) {
        jj_buf_printf(out, ", menurut data yang diketahui sampai %s", asked->known_at);
    }
    jj_buf_puts(out, ".\nTerendah: yang tidak terlacak dianggap tidak bekerja. Tertinggi: dianggap "
                     "bekerja. Cakupan = terlacak / lulusan.\n");
    if (!asked->cohort.by[JJ_COL_REGION]) {
        jj_buf_puts(out, "Kab/kota: dari berapa yang seharusnya melapor ada data lulusan di balik "
                         "angka itu.\n");
    }
}

/* Regions without any data, in one line; those that lack a year, one line each. */
static void put_missing(const jj_pg_rows *missing, jj_buf *out)
{
    int none = 0;
    const char *region = "";

    for (int row = 0; missing && row < jj_pg_rows_count(missing); row++) {
        if (!jj_pg_rows_value(missing, row, 2)) {
            jj_buf_printf(out, "%s%s %s", none++ ? ", " : "Belum ada data (bukan nol): ",
                          jj_pg_rows_value(missing, row, 0), jj_pg_rows_value(missing, row, 1));
        }
    }
    jj_buf_puts(out, none ? ".\n" : "");
    for (int row = 0, open = 0; missing && row < jj_pg_rows_count(missing); row++) {
        const char *year = jj_pg_rows_value(missing, row, 2);
        const char *code = jj_pg_rows_value(missing, row, 0);
        bool last = row + 1 == jj_pg_rows_count(missing) ||
                    strcmp(jj_pg_rows_value(missing, row + 1, 0), code) != 0;
        if (year && strcmp(code, region) != 0) {
            jj_buf_printf(out, "Belum ada data %s %s: %s", code, jj_pg_rows_value(missing, row, 1),
                          year);
            open = 1;
        } else if (year) {
            jj_buf_printf(out, ", %s", year);
        }
        jj_buf_puts(out, open && last ? ".\n" : "");
        open = open && !last;
        region = code;
    }
}

/* ---- Why the definitions differ ----------------------------------------------------------- */

static void put_cohort(const jj_absorption *asked, const jj_pg_rows *rows, int row, jj_buf *out)
{
    for (int i = 0; i < asked->cohort.count; i++) {
        jj_buf_puts(out, i ? ", " : "");
        put_dimension(rows, row, asked->cohort.order[i], out);
    }
    jj_buf_puts(out, asked->cohort.count ? "" : "Semua");
}

static void put_line(const jj_absorption *asked, const jj_pg_rows *rows, int row, const char *word,
                     int figure, jj_buf *out)
{
    char count[JJ_FIGURE_SIZE], share[JJ_FIGURE_SIZE] = "*";

    jj_figure_count(jj_pg_rows_value(rows, row, figure), count);
    if (!jj_cohort_few(&asked->cohort, rows, row)) {
        jj_figure_percent(rate(rows, row, figure), share);
    }
    jj_buf_printf(out, "    %-11s %8s %7s  ", word, count, share);
}

static void explain_cohort(const jj_absorption *asked, const jj_pg_rows *rows, int row, jj_buf *out)
{
    jj_buf_puts(out, "  ");
    put_cohort(asked, rows, row, out);
    jj_buf_puts(out, ", ");
    put_count(out, rows, row, JJ_COL_GRADUATES);
    jj_buf_puts(out, " lulusan:\n");
    put_line(asked, rows, row, "Terserap", JJ_COL_WORKING, out);
    put_count(out, rows, row, JJ_COL_EMPLOYED);
    jj_buf_puts(out, " bekerja pada pihak lain dan ");
    put_count(out, rows, row, JJ_COL_SELF_EMPLOYED);
    jj_buf_puts(out, " wirausaha\n");
    put_line(asked, rows, row, "Bekerja", JJ_COL_EMPLOYED, out);
    jj_buf_puts(out, "tanpa ");
    put_count(out, rows, row, JJ_COL_SELF_EMPLOYED);
    jj_buf_puts(out, " wirausaha\n");
    put_line(asked, rows, row, "Ditempatkan", JJ_COL_PLACED, out);
    put_count(out, rows, row, JJ_COL_PLACED_STILL);
    jj_buf_puts(out, " bekerja dan pernah dilaporkan pemberi kerja, dan ");
    put_count(out, rows, row, JJ_COL_PLACED_BEFORE);
    jj_buf_puts(out, " kini tidak lagi;\n                                  tanpa ");
    put_count(out, rows, row, JJ_COL_UNPLACED);
    jj_buf_puts(out, " yang bekerja tanpa laporan pemberi kerja\n");
}

/* The cohort of enough graduates with the highest rate of a figure, but not this one; -1: none. */
static int highest(const jj_pg_rows *rows, int figure, int but)
{
    int best = -1;

    for (int row = 0; row < jj_pg_rows_count(rows); row++) {
        if (row != but && number(rows, row, JJ_COL_GRADUATES) >= ENOUGH &&
            (best < 0 || rate(rows, row, figure) > rate(rows, best, figure))) {
            best = row;
        }
    }
    return best;
}

/* Two figures that look like a rise or fall, and are of two definitions. */
static void put_example(const jj_absorption *asked, const jj_pg_rows *rows, jj_buf *out)
{
    int one = highest(rows, JJ_COL_WORKING, -1), other = highest(rows, JJ_COL_EMPLOYED, one);

    if (one < 0 || other < 0) {
        return;
    }
    jj_buf_puts(out, "Angka dari definisi yang berbeda tidak dapat dibandingkan. Terserap ");
    put_percent(out, rate(rows, one, JJ_COL_WORKING));
    jj_buf_puts(out, " (");
    put_cohort(asked, rows, one, out);
    jj_buf_puts(out, ")\ndan bekerja ");
    put_percent(out, rate(rows, other, JJ_COL_EMPLOYED));
    jj_buf_puts(out, " (");
    put_cohort(asked, rows, other, out);
    jj_buf_puts(out, ") adalah, dengan definisi yang sama: terserap ");
    put_percent(out, rate(rows, one, JJ_COL_WORKING));
    jj_buf_puts(out, " dan ");
    put_percent(out, rate(rows, other, JJ_COL_WORKING));
    jj_buf_puts(out, ",\nbekerja ");
    put_percent(out, rate(rows, one, JJ_COL_EMPLOYED));
    jj_buf_puts(out, " dan ");
    put_percent(out, rate(rows, other, JJ_COL_EMPLOYED));
    jj_buf_puts(out, ", ditempatkan ");
    put_percent(out, rate(rows, one, JJ_COL_PLACED));
    jj_buf_puts(out, " dan ");
    put_percent(out, rate(rows, other, JJ_COL_PLACED));
    jj_buf_puts(out, ".\n");
}

static void put_evidence(const jj_pg_rows *rows, jj_buf *out)
{
    static const struct {
        int figure;
        const char *words;
    } parts[] = {
        {JJ_COL_BY_EMPLOYER, "pemberi kerja"},
        {JJ_COL_BY_COOPERATIVE, "dinas koperasi"},
        {JJ_COL_BY_BANK, "bank"},
        {JJ_COL_BY_OPD, "OPD pemesan"},
        {JJ_COL_BY_SELF, "pengakuan sendiri"},
    };
    char text[JJ_FIGURE_SIZE], digits[32];

    jj_buf_puts(out, "\nBukti dari yang terserap:");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double sum = 0;
        for (int row = 0; row < jj_pg_rows_count(rows); row++) {
            sum += number(rows, row, parts[i].figure);
        }
        snprintf(digits, sizeof digits, "%.0f", sum);
        jj_figure_count(digits, text);
        jj_buf_printf(out, "%s %s %s", i ? "," : "", parts[i].words, text);
    }
    jj_buf_puts(out, ".\n");
}

static void explain(const jj_absorption *asked, const jj_pg_rows *rows, jj_buf *out)
{
    int count = jj_pg_rows_count(rows);

    put_evidence(rows, out);
    jj_buf_puts(
        out, "\nTiga angka dari data yang sama, dan mengapa berbeda:\n"
             "  Terserap     bekerja atau berwirausaha pada tanggal itu, menurut bukti terakhir "
             "dari siapa pun\n"
             "  Bekerja      hanya yang bekerja pada pihak lain; wirausaha tidak dihitung\n"
             "  Ditempatkan  pernah mulai bekerja menurut pemberi kerja sendiri, juga bila sudah "
             "berhenti;\n"
             "               yang mendapat pekerjaan sendiri tidak dihitung\n\n");
    for (int row = 0; row < count && row < EXPLAIN_MOST; row++) {
        explain_cohort(asked, rows, row, out);
    }
    if (count > EXPLAIN_MOST) {
        jj_buf_printf(out,
                      "  dan %d baris lain; dengan --by yang lebih pendek ada lebih sedikit.\n",
                      count - EXPLAIN_MOST);
    }
    put_example(asked, rows, out);
}

void jj_absorption_table(const jj_absorption *asked, const jj_pg_rows *rows,
                         const jj_pg_rows *missing, jj_buf *out)
{
    column columns[COLUMNS];
    int count = choose_columns(asked, columns);

    if (jj_pg_rows_count(rows) == 0) {
        jj_buf_puts(out, "Belum ada data lulusan.\n");
        put_missing(missing, out);
        return;
    }
    bool bars = measure(rows, columns, count) + GAP + BAR <= asked->width;
    jj_buf_puts(out, asked->colour ? "\033[1m" : "");
    for (int c = 0; c < count; c++) {
        put_cell(out, &columns[c], columns[c].heading, c == 0, c == count - 1);
    }
    jj_buf_puts(out, asked->colour ? "\033[0m\n" : "\n");
    put_rows(rows, columns, count, bars, out);
    footer(asked, out);
    jj_cohort_rounded(&asked->cohort, rows, out);
    jj_buf_puts(out, asked->cohort.by[JJ_COL_DISABILITY] ? "\n" : "");
    put_missing(missing, out);
    if (asked->explain) {
        explain(asked, rows, out);
    }
}
