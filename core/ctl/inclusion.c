#include "ctl/inclusion.h"

#include "base/text.h"
#include "ctl/suppress.h"

#include <stdlib.h>
#include <string.h>

/* Columns of the query. */
enum {
    REGION,
    REGION_NAME,
    YEAR,
    GRADUATES,
    EMPLOYED,
    SELF_EMPLOYED,
    NOT_WORKING,
    UNTRACED,
    RATE,
    REFERRED,
    ACCOMMODATED,
    WAITING,
    EMPLOYERS,
    EMPLOYERS_SHORT,
    SHORTFALL,
    ASKED,
};

const jj_column jj_inclusion_columns[] = {
    [REGION] = {"region", "Kode wilayah", JJ_COLUMN_CODE, NULL, false},
    [REGION_NAME] = {"region_name", "Wilayah", JJ_COLUMN_NAME, NULL, false},
    [YEAR] = {"year", "Tahun", JJ_COLUMN_NUMBER, NULL, false},
    [GRADUATES] = {"graduates", "Lulusan", JJ_COLUMN_COUNT, NULL, false},
    [EMPLOYED] = {"employed", "Bekerja", JJ_COLUMN_COUNT, NULL, false},
    [SELF_EMPLOYED] = {"self_employed", "Wirausaha", JJ_COLUMN_COUNT, NULL, false},
    [NOT_WORKING] = {"not_working", "Tidak bekerja", JJ_COLUMN_COUNT, NULL, false},
    [UNTRACED] = {"untraced", "Belum terlacak", JJ_COLUMN_COUNT, NULL, false},
    [RATE] = {"rate", "Serapan", JJ_COLUMN_RATE, NULL, false},
    [REFERRED] = {"referred", "Dirujuk ke ULD", JJ_COLUMN_COUNT, NULL, false},
    [ACCOMMODATED] = {"accommodated", "Diakomodasi", JJ_COLUMN_COUNT, NULL, false},
    [WAITING] = {"waiting", "Menunggu akomodasi", JJ_COLUMN_COUNT, NULL, false},
    [EMPLOYERS] = {"employers", "Pemberi kerja", JJ_COLUMN_COUNT, NULL, false},
    [EMPLOYERS_SHORT] = {"employers_short", "Di bawah kuota", JJ_COLUMN_COUNT, NULL, false},
    [SHORTFALL] = {"shortfall", "Kurang (orang)", JJ_COLUMN_COUNT, NULL, false},
    [ASKED] = {0},
};

/* The measures of a cell, in the order of suppress.h. UNTRACED is the rest of the first group. */
static const int measures[] = {GRADUATES, EMPLOYED,     SELF_EMPLOYED, NOT_WORKING,
                               REFERRED,  ACCOMMODATED, WAITING};
static const int sizes[] = {3, 1, 2};

/* Which columns are hidden with the persons, and with each group; ended by 0. */
static const int hidden_with[][8] = {{GRADUATES},
                                     {EMPLOYED, SELF_EMPLOYED, NOT_WORKING, UNTRACED, RATE},
                                     {REFERRED},
                                     {ACCOMMODATED, WAITING}};

#define MEASURES (sizeof measures / sizeof *measures)
#define GROUPS   (sizeof sizes / sizeof *sizes)

typedef struct grid {
    const char **regions, **years; /* borrowed from the cells; a total has none */
    int region_count, year_count;
    int64_t *of;
    bool *hidden;
} grid;

/* Number of a name in a list that grows by it; of no name: that of the total. */
static int number_of(const char **names, int *count, const char *name, bool grows)
{
    for (int i = 0; name && i < *count; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    if (name && grows) {
        names[*count] = name;
        return (*count)++;
    }
    return *count;
}

static size_t cell_number(grid *g, const jj_tabular *table, int row)
{
    int region =
        number_of(g->regions, &g->region_count, jj_tabular_cell(table, row, REGION), false);
    int year = number_of(g->years, &g->year_count, jj_tabular_cell(table, row, YEAR), false);
    return (size_t)region * (size_t)(g->year_count + 1) + (size_t)year;
}

static bool make_grid(grid *g, const jj_tabular *table)
{
    g->regions = calloc((size_t)table->rows + 1, sizeof *g->regions);
    g->years = calloc((size_t)table->rows + 1, sizeof *g->years);
    if (!g->regions || !g->years) {
        return false;
    }
    for (int row = 0; row < table->rows; row++) {
        number_of(g->regions, &g->region_count, jj_tabular_cell(table, row, REGION), true);
        number_of(g->years, &g->year_count, jj_tabular_cell(table, row, YEAR), true);
    }
    size_t cells = (size_t)(g->region_count + 1) * (size_t)(g->year_count + 1);
    g->of = calloc(cells * MEASURES, sizeof *g->of);
    g->hidden = calloc(cells * (GROUPS + 1), sizeof *g->hidden);
    return g->of && g->hidden;
}

static void fill_grid(grid *g, const jj_tabular *table)
{
    for (int row = 0; row < table->rows; row++) {
        size_t cell = cell_number(g, table, row);
        for (size_t m = 0; m < MEASURES; m++) {
            jj_parse_i64(jj_tabular_cell(table, row, measures[m]), &g->of[cell * MEASURES + m]);
        }
    }
}

static void hide(grid *g, jj_tabular *table)
{
    for (int row = 0; row < table->rows; row++) {
        const bool *hidden = g->hidden + cell_number(g, table, row) * (GROUPS + 1);
        for (size_t group = 0; group <= GROUPS; group++) {
            for (const int *column = hidden_with[group]; hidden[group] && *column; column++) {
                jj_tabular_hide(table, row, *column);
            }
        }
    }
}

static void leave_out(jj_tabular *table)
{
    int kept = 0;
    size_t width = (size_t)table->columns;
    for (int row = 0; row < table->rows; row++) {
        if (*jj_tabular_cell(table, row, ASKED) == 't') {
            memmove(table->cells + (size_t)kept++ * width, table->cells + (size_t)row * width,
                    width * sizeof *table->cells);
        }
    }
    table->rows = kept;
}

int jj_inclusion_rework(jj_tabular *table, const jj_config *config, jj_error *err)
{
    grid g = {0};
    int rc = make_grid(&g, table) ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory for the report");
    if (rc == 0) {
        fill_grid(&g, table);
        jj_counts counts = {.rows = g.region_count + 1,
                            .columns = g.year_count + 1,
                            .measures = (int)MEASURES,
                            .groups = (int)GROUPS,
                            .sizes = sizes,
                            .floor = config->reports.floor,
                            .of = g.of,
                            .hidden = g.hidden};
        rc = jj_suppress(&counts, err);
    }
    if (rc == 0) {
        hide(&g, table);
        leave_out(table);
    }
    free(g.regions);
    free(g.years);
    free(g.of);
    free(g.hidden);
    return rc;
}
