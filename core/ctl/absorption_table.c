/* The absorption report for officials: Indonesian words and figures, aligned, with bars. */
#include "ctl/absorption.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL    96 /* bytes of a cell's text */
#define COLUMNS 24
#define BAR     20 /* characters of a full bar */
#define GAP     2  /* between columns */

static const char *const months[] = {"Januari",   "Februari", "Maret",    "April",
                                     "Mei",       "Juni",     "Juli",     "Agustus",
                                     "September", "Oktober",  "November", "Desember"};

typedef struct column {
    const char *heading;
    int figure; /* column of the query */
    bool share; /* a count shown with its share of the graduates */
    bool right;
    int width; /* in characters */
} column;

/* Characters of UTF-8 text: what a terminal shows of Latin text. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

/* ---- Figures as Indonesians write them ------------------------------------------------------ */

/* 1234567 -> 1.234.567 */
static void thousands(const char *digits, char out[CELL])
{
    size_t length = strlen(digits), to = 0;

    for (size_t i = 0; i < length && to < CELL - 2; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            out[to++] = '.';
        }
        out[to++] = digits[i];
    }
    out[to] = '\0';
}

/* 0.42105 -> 42,1%; half of the last digit goes up. */
static void percent(double fraction, char out[CELL])
{
    long tenths = lround(fraction * 1000.0 + 1e-9);

    snprintf(out, CELL, "%ld,%ld%%", tenths / 10, tenths % 10);
}

static double number(const jj_pg_rows *rows, int row, int figure)
{
    const char *value = jj_pg_rows_value(rows, row, figure);

    return value ? strtod(value, NULL) : 0.0;
}

/* "2020-07-31" -> "31 Juli 2020" */
static void day_text(const char *iso, char out[CELL])
{
    int year = 0, month = 0, day = 0;

    if (sscanf(iso, "%d-%d-%d", &year, &month, &day) == 3 && month >= 1 && month <= 12) {
        snprintf(out, CELL, "%d %s %d", day, months[month - 1], year);
    } else {
        snprintf(out, CELL, "%s", iso);
    }
}

/* ---- Cells -------------------------------------------------------------------------------- */

static const char *word_for(int figure, const char *value)
{
    static const struct {
        int figure;
        const char *value, *word;
    } words[] = {
        {JJ_COL_SEX, "female", "perempuan"},  {JJ_COL_SEX, "male", "laki-laki"},
        {JJ_COL_FUNDING, "apbn", "APBN"},     {JJ_COL_FUNDING, "apbd", "APBD"},
        {JJ_COL_FUNDING, "other", "lainnya"}, {JJ_COL_DISABILITY, "t", "ya"},
        {JJ_COL_DISABILITY, "f", "tidak"},    {JJ_COL_DIGITAL, "t", "ya"},
        {JJ_COL_DIGITAL, "f", "tidak"},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].figure == figure && strcmp(words[i].value, value) == 0) {
            return words[i].word;
        }
    }
    return value;
}

static void named(const jj_pg_rows *rows, int row, const char *code, int name_column,
                  char out[CELL])
{
    const char *name = jj_pg_rows_value(rows, row, name_column);

    snprintf(out, CELL, "%s%s%.60s", code, name ? " " : "", name ? name : "");
}

static void cell(const jj_pg_rows *rows, int row, const column *c, char out[CELL])
{
    const char *value = jj_pg_rows_value(rows, row, c->figure);
    char count[CELL], share[CELL];

    if (!value) {
        snprintf(out, CELL, "-");
    } else if (c->figure == JJ_COL_REGION || c->figure == JJ_COL_PROVINCE) {
        named(rows, row, value,
              c->figure == JJ_COL_REGION ? JJ_COL_REGION_NAME : JJ_COL_PROVINCE_NAME, out);
    } else if (c->figure < JJ_DIMENSIONS) {
        snprintf(out, CELL, "%.60s", word_for(c->figure, value));
    } else if (c->figure >= JJ_COL_RATE && c->figure <= JJ_COL_COVERAGE) {
        percent(number(rows, row, c->figure), out);
    } else if (c->share) {
        thousands(value, count);
        percent(number(rows, row, c->figure) / number(rows, row, JJ_COL_GRADUATES), share);
        snprintf(out, CELL, "%.40s %*s", count, 7, share);
    } else {
        thousands(value, out);
    }
}

static void pad(jj_buf *out, int count)
{
    while (count-- > 0) {
        jj_buf_putc(out, ' ');
    }
}

static void put_cell(jj_buf *out, const column *c, const char *text, bool first, bool last)
{
    int space = c->width - width_of(text);

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
    static const char *const dimension[] = {"Wilayah",       "Provinsi",    "Tahun",
                                            "Kejuruan",      "Angkatan",    "Dana",
                                            "Jenis kelamin", "Disabilitas", "Pemasaran digital"};
    static const column figures[] = {
        {"Lulusan", JJ_COL_GRADUATES, false, true, 0},
        {"Terlacak", JJ_COL_TRACED, false, true, 0},
        {"Bekerja", JJ_COL_EMPLOYED, true, true, 0},
        {"Wirausaha", JJ_COL_SELF_EMPLOYED, true, true, 0},
        {"Terserap", JJ_COL_WORKING, true, true, 0},
        {"Formal", JJ_COL_FORMAL, false, true, 0},
        {"Informal", JJ_COL_INFORMAL, false, true, 0},
        {"Serapan", JJ_COL_RATE, false, true, 0},
        {"Terendah", JJ_COL_LOW, false, true, 0},
        {"Tertinggi", JJ_COL_HIGH, false, true, 0},
        {"Cakupan", JJ_COL_COVERAGE, false, true, 0},
    };
    int count = 0;

    for (int i = 0; i < asked->order_count; i++) {
        int d = asked->order[i];
        columns[count++] = (column){dimension[d], d, false, d == JJ_COL_YEAR, 0};
    }
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        columns[count++] = figures[i];
    }
    if (asked->explain) {
        columns[count++] = (column){"Ditempatkan", JJ_COL_PLACED, true, true, 0};
    }
    return count;
}

/* Widths of the columns; returns that of the whole table. */
static int measure(const jj_pg_rows *rows, column *columns, int count)
{
    char text[CELL];
    int total = 0;

    for (int c = 0; c < count; c++) {
        columns[c].width = width_of(columns[c].heading);
        for (int row = 0; row < jj_pg_rows_count(rows); row++) {
            cell(rows, row, &columns[c], text);
            int width = width_of(text);
            columns[c].width = width > columns[c].width ? width : columns[c].width;
        }
        total += columns[c].width + (c ? GAP : 0);
    }
    return total;
}

static void explain(const jj_pg_rows *rows, jj_buf *out)
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
    char text[CELL], digits[32];

    jj_buf_puts(out, "\nBukti dari yang terserap:");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double sum = 0;
        for (int row = 0; row < jj_pg_rows_count(rows); row++) {
            sum += number(rows, row, parts[i].figure);
        }
        snprintf(digits, sizeof digits, "%.0f", sum);
        thousands(digits, text);
        jj_buf_printf(out, "%s %s %s", i ? "," : "", parts[i].words, text);
    }
    jj_buf_puts(
        out,
        ".\n"
        "Tiga angka dari data yang sama, dan mengapa berbeda:\n"
        "  Terserap     bekerja atau berwirausaha pada tanggal itu, menurut bukti terakhir dari "
        "siapa pun\n"
        "  Bekerja      hanya yang bekerja pada pihak lain; wirausaha tidak dihitung\n"
        "  Ditempatkan  pernah mulai bekerja menurut pemberi kerja sendiri, juga bila sudah "
        "berhenti;\n"
        "               yang mendapat pekerjaan sendiri tidak dihitung\n");
}

static void footer(const jj_absorption *asked, const jj_pg_rows *rows, jj_buf *out)
{
    char day[CELL];
    const char *what = strcmp(asked->definition, "employed") == 0 ? "bekerja"
                       : strcmp(asked->definition, "placed") == 0 ? "ditempatkan"
                                                                  : "(bekerja + wirausaha)";
    const char *when = strcmp(asked->horizon, "6m") == 0    ? "6 bulan sesudah lulus"
                       : strcmp(asked->horizon, "12m") == 0 ? "12 bulan sesudah lulus"
                                                            : "bukti terakhir";

    day_text(jj_pg_rows_value(rows, 0, JJ_COL_DAY), day);
    jj_buf_printf(out, "\nSerapan = %s / lulusan; %s, per %s", what, when, day);
    if (asked->known_at) {
        jj_buf_printf(out, ", menurut data yang diketahui sampai %s", asked->known_at);
    }
    jj_buf_puts(out, ".\nTerendah: yang tidak terlacak dianggap tidak bekerja. Tertinggi: dianggap "
                     "bekerja. Cakupan = terlacak / lulusan.\n");
}

void jj_absorption_table(const jj_absorption *asked, const jj_pg_rows *rows, jj_buf *out)
{
    column columns[COLUMNS];
    char text[CELL];
    int count = choose_columns(asked, columns);

    if (jj_pg_rows_count(rows) == 0) {
        jj_buf_puts(out, "Belum ada data lulusan.\n");
        return;
    }
    bool bars = measure(rows, columns, count) + GAP + BAR <= asked->width;
    jj_buf_puts(out, asked->colour ? "\033[1m" : "");
    for (int c = 0; c < count; c++) {
        put_cell(out, &columns[c], columns[c].heading, c == 0, c == count - 1);
    }
    jj_buf_puts(out, asked->colour ? "\033[0m\n" : "\n");
    for (int row = 0; row < jj_pg_rows_count(rows); row++) {
        for (int c = 0; c < count; c++) {
            cell(rows, row, &columns[c], text);
            put_cell(out, &columns[c], text, c == 0, c == count - 1 && !bars);
        }
        if (bars) {
            pad(out, GAP);
            put_bar(out, number(rows, row, JJ_COL_RATE));
        }
        jj_buf_putc(out, '\n');
    }
    footer(asked, rows, out);
    if (asked->explain) {
        explain(rows, out);
    }
}
