#include "ctl/cohort.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const jj_column_word funding_words[] = {
    {"apbn", "APBN"}, {"apbd", "APBD"}, {"other", "lainnya"}, {0}};
static const jj_column_word sex_words[] = {{"female", "perempuan"}, {"male", "laki-laki"}, {0}};

static const jj_column dimensions[] = {
    [JJ_COL_REGION] = {"region", "Kode wilayah", JJ_COLUMN_CODE, NULL, false},
    [JJ_COL_PROVINCE] = {"province", "Kode provinsi", JJ_COLUMN_CODE, NULL, false},
    [JJ_COL_YEAR] = {"year", "Tahun", JJ_COLUMN_NUMBER, NULL, false},
    [JJ_COL_VOCATION] = {"vocation", "Kejuruan", JJ_COLUMN_TEXT, NULL, false},
    [JJ_COL_BATCH] = {"batch", "Angkatan", JJ_COLUMN_TEXT, NULL, false},
    [JJ_COL_FUNDING] = {"funding", "Dana", JJ_COLUMN_WORD, funding_words, false},
    [JJ_COL_SEX] = {"sex", "Jenis kelamin", JJ_COLUMN_WORD, sex_words, false},
    [JJ_COL_DISABILITY] = {"disability", "Disabilitas", JJ_COLUMN_FLAG, NULL, false},
    [JJ_COL_DIGITAL] = {"digital_marketing", "Pemasaran digital", JJ_COLUMN_FLAG, NULL, false},
    [JJ_COL_REGION_NAME] = {"region_name", "Wilayah", JJ_COLUMN_NAME, NULL, false},
    [JJ_COL_PROVINCE_NAME] = {"province_name", "Provinsi", JJ_COLUMN_NAME, NULL, false},
};

const jj_column *jj_cohort_dimension(int dimension)
{
    return &dimensions[dimension];
}

int jj_cohort_find(const char *name, size_t length)
{
    int found = JJ_DIMENSIONS;
    for (int i = 0; i < JJ_DIMENSIONS; i++) {
        bool same =
            strlen(dimensions[i].name) == length && memcmp(dimensions[i].name, name, length) == 0;
        found = same ? i : found;
    }
    return found;
}

static bool is_among(const char *name, const char *const *list)
{
    while (list && *list && strcmp(*list, name) != 0) {
        list++;
    }
    return list && *list;
}

static int unknown(const jj_ctl *ctl, const char *word, const char *const *without)
{
    const char *known[JJ_DIMENSIONS + 1] = {0};
    for (int i = 0, count = 0; i < JJ_DIMENSIONS; i++) {
        if (!is_among(dimensions[i].name, without)) {
            known[count++] = dimensions[i].name;
        }
    }
    const char *nearest = jj_closest(word, known);
    return nearest ? jj_ctl_misused(ctl, "unknown dimension: %s (did you mean %s?)", word, nearest)
                   : jj_ctl_misused(ctl, "unknown dimension: %s", word);
}

int jj_cohort_parse(const jj_ctl *ctl, const char *list, const char *const *without,
                    jj_cohort *cohort)
{
    jj_cohort found = {0};
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, ",");
        int dimension = jj_cohort_find(at, length);
        if (dimension == JJ_DIMENSIONS || is_among(dimensions[dimension].name, without)) {
            char word[64];
            snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), at);
            return unknown(ctl, word, without);
        }
        if (!found.by[dimension]) {
            found.by[dimension] = true;
            found.order[found.count++] = dimension;
        }
        at += length + (at[length] == ',');
    }
    for (int i = 0; i < found.count; i++) {
        strcat(strcat(found.array, i ? "," : "{"), dimensions[found.order[i]].name);
    }
    strcat(found.array, found.count ? "}" : "{}");
    *cohort = found;
    return JJ_EXIT_OK;
}

int jj_cohort_date(const jj_ctl *ctl, const char *option, const char **date)
{
    const char *given = jj_ctl_option(ctl, option);
    int year, month, day;
    if (given && !jj_date_parse(given, strlen(given), &year, &month, &day)) {
        return jj_ctl_misused(ctl, "--%s: not a date (YYYY-MM-DD): %s", option, given);
    }
    *date = given;
    return JJ_EXIT_OK;
}

/* ---- A table ------------------------------------------------------------------------------ */

/* Columns of the table, and of the query those they show. Returns how many. */
static int choose(const jj_cohort *cohort, const jj_column *figures, int width,
                  jj_column columns[JJ_COHORT_COLUMNS], int from[JJ_COHORT_COLUMNS])
{
    int count = 0;
    for (int i = 0; i < cohort->count; i++) {
        int dimension = cohort->order[i];
        from[count] = dimension;
        columns[count++] = dimensions[dimension];
        if (dimension <= JJ_COL_PROVINCE) {
            from[count] = JJ_COL_REGION_NAME + dimension;
            columns[count++] = dimensions[JJ_COL_REGION_NAME + dimension];
        }
    }
    for (int i = 0; figures[i].name && JJ_COL_FIGURES + i < width && count < JJ_COHORT_COLUMNS - 1;
         i++) {
        from[count] = JJ_COL_FIGURES + i;
        columns[count++] = figures[i];
    }
    columns[count] = (jj_column){0};
    return count;
}

int jj_cohort_table(const jj_cohort *cohort, const jj_pg_rows *rows, const jj_column *figures,
                    jj_column columns[JJ_COHORT_COLUMNS], jj_report *report, jj_tabular *table,
                    jj_error *err)
{
    int from[JJ_COHORT_COLUMNS];
    int width = choose(cohort, figures, jj_pg_rows_width(rows), columns, from);
    int height = jj_pg_rows_count(rows);
    const char **cells = calloc((size_t)height * (size_t)width + 1, sizeof *cells);
    if (!cells) {
        return jj_fail(err, JJ_EMEMORY, "out of memory for the report");
    }
    for (int row = 0; row < height; row++) {
        for (int c = 0; c < width; c++) {
            cells[(size_t)row * (size_t)width + (size_t)c] = jj_pg_rows_value(rows, row, from[c]);
        }
    }
    report->columns = columns;
    table->report = report;
    table->rows = height;
    table->columns = width;
    table->cells = cells;
    return 0;
}

/* ---- Cut by disability -------------------------------------------------------------------- */

bool jj_cohort_few(const jj_cohort *cohort, const jj_pg_rows *rows, int row)
{
    const char *few = cohort->by[JJ_COL_DISABILITY]
                          ? jj_pg_rows_value(rows, row, jj_pg_rows_width(rows) - 2)
                          : NULL;
    return few && *few == 't';
}

void jj_cohort_hide(const jj_cohort *cohort, const jj_pg_rows *rows, const jj_column *figures,
                    jj_tabular *table)
{
    int first = 0;
    while (table->report->columns[first].name != figures->name) {
        first++;
    }
    for (int row = 0; row < jj_pg_rows_count(rows); row++) {
        bool few = jj_cohort_few(cohort, rows, row);
        for (int c = first; few && table->report->columns[c].name; c++) {
            if (!jj_tabular_cell(table, row, c) &&
                jj_column_is_number(&table->report->columns[c])) {
                jj_tabular_hide(table, row, c);
            }
        }
    }
}

void jj_cohort_rounded(const jj_cohort *cohort, const jj_pg_rows *rows, jj_buf *out)
{
    if (!cohort->by[JJ_COL_DISABILITY] || jj_pg_rows_count(rows) == 0) {
        return;
    }
    long step = strtol(jj_pg_rows_value(rows, 0, jj_pg_rows_width(rows) - 1), NULL, 10);
    jj_buf_printf(out,
                  "Menurut disabilitas: setiap jumlah dari yang menyandang disabilitas dibulatkan "
                  "ke kelipatan %ld,\nsupaya tidak seorang pun dapat dikenali, juga tidak lewat "
                  "selisih; \"tidak\" = semua dikurangi \"ya\". 0 berarti\npaling banyak %ld "
                  "orang. *: di bawah %ld orang persentase dan hari tidak berarti.",
                  step, (step - 1) / 2, 5 * step);
}
