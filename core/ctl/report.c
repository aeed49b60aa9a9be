#include "ctl/report.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/absorption.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH_USUAL 140 /* where nobody says how wide the paper is */

const jj_flag jj_absorption_flags[] = {
    {"by", "LIST",
     "of region, province, year, vocation, batch, funding, sex, disability (region,year)"},
    {"definition", "WORD", "what the rate counts: working, employed or placed"},
    {"horizon", "WORD", "now, 6m or 12m after graduation"},
    {"as-of", "DATE", "the state on that day (today)"},
    {"known-at", "DATE", "with what was known then (everything)"},
    {"explain", NULL, "the evidence, and why the definitions differ"},
    {"list", "COUNTER", "the persons whom graduates, working, untraced ... counts"},
    JJ_COHORT_WHERE_FLAG,
    JJ_TABULAR_FLAGS,
    {0},
};

static const jj_column figures[] = {
    {"graduates", "Lulusan", JJ_COLUMN_COUNT, NULL, false},
    {"traced", "Terlacak", JJ_COLUMN_COUNT, NULL, false},
    {"employed", "Bekerja", JJ_COLUMN_COUNT, NULL, false},
    {"self_employed", "Wirausaha", JJ_COLUMN_COUNT, NULL, false},
    {"working", "Terserap", JJ_COLUMN_COUNT, NULL, false},
    {"formal", "Formal", JJ_COLUMN_COUNT, NULL, false},
    {"informal", "Informal", JJ_COLUMN_COUNT, NULL, false},
    {"rate", "Serapan", JJ_COLUMN_RATE, NULL, false},
    {"low", "Terendah", JJ_COLUMN_RATE, NULL, false},
    {"high", "Tertinggi", JJ_COLUMN_RATE, NULL, false},
    {"coverage", "Cakupan", JJ_COLUMN_RATE, NULL, false},
    {"placed", "Ditempatkan", JJ_COLUMN_COUNT, NULL, true},
    {"by_employer", "Bukti pemberi kerja", JJ_COLUMN_COUNT, NULL, true},
    {"by_cooperative", "Bukti koperasi", JJ_COLUMN_COUNT, NULL, true},
    {"by_bank", "Bukti bank", JJ_COLUMN_COUNT, NULL, true},
    {"by_opd", "Bukti OPD", JJ_COLUMN_COUNT, NULL, true},
    {"by_self", "Pengakuan sendiri", JJ_COLUMN_COUNT, NULL, true},
    {"regencies", "Kabupaten/kota", JJ_COLUMN_COUNT, NULL, false},
    {"regencies_behind", "Yang punya data", JJ_COLUMN_COUNT, NULL, false},
    {0},
};

/* A figure of one region is of that one: the last two are for all others. */
#define FIGURES_OF_REGION (sizeof figures / sizeof *figures - 3)

/* What follows the figures of both queries; scope: the node's region. By region it is one of one.
 */
#define NAMES_AND_REGENCIES(scope)                                                                 \
    "LEFT JOIN jejaring.region r ON r.code = a.region "                                            \
    "LEFT JOIN jejaring.region p ON p.code = a.province "                                          \
    "LEFT JOIN jejaring.regions_behind($1::text[], " scope ", $6::jsonb, $3::date, "               \
    "$4::timestamptz) AS b ON NOT $1::text[] @> '{region}' "                                       \
    "AND b.province IS NOT DISTINCT FROM a.province AND b.year IS NOT DISTINCT FROM a.year "       \
    "ORDER BY a.ordinality"

/* What explains the definitions is left out without --explain ($7). */
static const char report_query[] =
    "SELECT a.region, a.province, a.year, a.vocation, a.batch, a.funding, a.sex, a.disability, "
    "a.digital_marketing, r.name, p.name, a.graduates, a.traced, a.employed, a.self_employed, "
    "a.working, a.formal, a.informal, a.rate, a.low, a.high, a.coverage, a.placed, a.by_employer, "
    "a.by_cooperative, a.by_bank, a.by_opd, a.by_self, b.regencies, b.behind, "
    "CASE WHEN $7::boolean THEN a.employed - a.placed_still END, "
    "CASE WHEN $7::boolean THEN a.placed_still END, "
    "CASE WHEN $7::boolean THEN a.placed - a.placed_still END, "
    "CASE WHEN $7::boolean THEN a.placed_working END "
    "FROM jejaring.absorption($1::text[], $2, $3::date, $4::timestamptz, $5, $6::jsonb) "
    "WITH ORDINALITY AS a " NAMES_AND_REGENCIES("$8");

/* The same cut by disability: only what may be shown of it. */
static const char disability_query[] =
    "SELECT a.region, a.province, a.year, a.vocation, a.batch, a.funding, a.sex, a.disability, "
    "a.digital_marketing, r.name, p.name, a.graduates, a.traced, a.employed, a.self_employed, "
    "a.working, a.formal, a.informal, a.rate, a.low, a.high, a.coverage, a.placed, a.by_employer, "
    "a.by_cooperative, a.by_bank, a.by_opd, a.by_self, b.regencies, b.behind, a.unplaced, "
    "a.placed_still, "
    "a.placed_before, a.placed_before_working, a.too_few, a.rounded_to "
    "FROM jejaring.absorption_by_disability($1::text[], $2, $3::date, $4::timestamptz, $5, "
    "$6::jsonb) "
    "WITH ORDINALITY AS a " NAMES_AND_REGENCIES("$7");

static const char missing_query[] =
    "SELECT m.region, r.name, m.year "
    "FROM jejaring.regions_missing(coalesce($2::jsonb ->> 'region', $2::jsonb ->> 'province', $1), "
    "$3::text[], $4::integer[]) AS m "
    "JOIN jejaring.region r ON r.code = m.region ORDER BY m.region, m.year";

/* ---- Arguments ---------------------------------------------------------------------------- */

/* NULL: the first one. */
static int one_of(const jj_ctl *ctl, const char *option, const char *const *known, const char **out)
{
    const char *value = jj_ctl_option(ctl, option);
    for (const char *const *word = known; *word; word++) {
        if (!value || strcmp(*word, value) == 0) {
            *out = *word;
            return JJ_EXIT_OK;
        }
    }
    const char *nearest = jj_closest(value, known);
    return nearest
               ? jj_ctl_misused(ctl, "unknown %s: %s (did you mean %s?)", option, value, nearest)
               : jj_ctl_misused(ctl, "unknown %s: %s", option, value);
}

/* What was known on a day: up to its end, where the reports are made. */
static int read_known_at(const jj_ctl *ctl, jj_absorption *asked)
{
    const char *given = jj_ctl_option(ctl, "known-at");
    int year, month, day;
    int64_t time_ms;
    if (given && jj_date_parse(given, strlen(given), &year, &month, &day)) {
        snprintf(asked->known_moment, sizeof asked->known_moment, "%s 23:59:59.999999+07", given);
    } else if (given && jj_time_parse(given, strlen(given), &time_ms)) {
        snprintf(asked->known_moment, sizeof asked->known_moment, "%s", given);
    } else if (given) {
        return jj_ctl_misused(ctl, "--known-at: not a date (YYYY-MM-DD) or time: %s", given);
    }
    asked->known_at = given;
    return JJ_EXIT_OK;
}

static int read_words(const jj_ctl *ctl, jj_absorption *asked)
{
    static const char *const horizons[] = {"now", "6m", "12m", NULL};
    static const char *const definitions[] = {"working", "employed", "placed", NULL};
    const char *by = jj_ctl_option(ctl, "by");
    int code = jj_cohort_parse(ctl, by ? by : "region,year", NULL, &asked->cohort);

    code = code ? code : one_of(ctl, "horizon", horizons, &asked->horizon);
    code = code ? code : one_of(ctl, "definition", definitions, &asked->definition);
    code = code ? code : jj_cohort_date(ctl, "as-of", &asked->as_of);
    code = code ? code : read_known_at(ctl, asked);
    code =
        code ? code : jj_cohort_where(ctl, NULL, jj_ctl_option(ctl, "list") != NULL, &asked->where);
    asked->explain = jj_ctl_option(ctl, "explain") != NULL;
    return code;
}

static const char *known_moment(const jj_absorption *asked)
{
    return asked->known_at ? asked->known_moment : NULL;
}

/* ---- The report --------------------------------------------------------------------------- */

/* A cell of anything else is of few graduates, and that a region has none there is no news. */
static bool tells_missing(const jj_absorption *asked)
{
    bool whole = asked->cohort.by[JJ_COL_REGION];
    for (int i = JJ_COL_VOCATION; i < JJ_DIMENSIONS; i++) {
        whole = whole && !asked->where.of[i];
    }
    return whole;
}

/* A column of codes or numbers as an array of PostgreSQL; new, NULL without memory. */
static char *array_of(const jj_pg_rows *rows, int column)
{
    jj_buf text = {0};
    jj_buf_putc(&text, '{');
    for (int row = 0; row < jj_pg_rows_count(rows); row++) {
        const char *value = jj_pg_rows_value(rows, row, column);
        jj_buf_puts(&text, row ? "," : "");
        if (value) {
            jj_buf_json_z(&text, value); /* quoted as there */
        } else {
            jj_buf_puts(&text, "NULL");
        }
    }
    jj_buf_putc(&text, '}');
    return jj_buf_take(&text);
}

static int ask_missing(jj_pg *pg, const jj_config *config, const jj_absorption *asked,
                       const jj_pg_rows *rows, jj_pg_rows **missing, jj_error *err)
{
    bool by_year = asked->cohort.by[JJ_COL_YEAR];
    char *regions = array_of(rows, JJ_COL_REGION);
    char *years = by_year ? array_of(rows, JJ_COL_YEAR) : NULL;
    const char *params[] = {config->region, asked->where.cell, regions, years};
    int rc = !regions || (by_year && !years)
                 ? jj_fail(err, JJ_EMEMORY, "out of memory for the report")
                 : jj_pg_query(pg, missing_query, params, 4, missing, err);
    free(regions);
    free(years);
    return rc;
}

static int ask(jj_pg *pg, const jj_config *config, const jj_absorption *asked, jj_pg_rows **rows,
               jj_pg_rows **missing, jj_error *err)
{
    bool cut = asked->cohort.by[JJ_COL_DISABILITY];
    const char *explain = asked->explain ? "t" : "f";
    const char *params[] = {asked->cohort.array,
                            asked->horizon,
                            asked->as_of,
                            known_moment(asked),
                            asked->definition,
                            asked->where.cell,
                            cut ? config->region : explain,
                            config->region};
    int rc = jj_pg_query(pg, cut ? disability_query : report_query, params, cut ? 7 : 8, rows, err);
    return rc || !tells_missing(asked) ? rc : ask_missing(pg, config, asked, *rows, missing, err);
}

/* What is missing follows as rows without figures, so that nobody takes it for zero. */
static int add_missing(const jj_absorption *asked, const jj_pg_rows *missing, jj_tabular *table,
                       jj_error *err)
{
    size_t width = (size_t)table->columns, height = (size_t)table->rows;
    size_t more = missing ? (size_t)jj_pg_rows_count(missing) : 0;
    const char **cells = calloc((height + more) * width + 1, sizeof *cells);
    if (!cells) {
        return jj_fail(err, JJ_EMEMORY, "out of memory for the report");
    }
    memcpy(cells, table->cells, height * width * sizeof *cells);
    for (size_t i = 0; i < more; i++) {
        const char **row = cells + (height + i) * width;
        for (int d = 0, c = 0; d < asked->cohort.count; d++, c++) {
            int dimension = asked->cohort.order[d];
            if (dimension == JJ_COL_REGION) {
                row[c++] = jj_pg_rows_value(missing, (int)i, 0);
                row[c] = jj_pg_rows_value(missing, (int)i, 1);
            } else if (dimension == JJ_COL_PROVINCE) {
                c++;
            } else if (dimension == JJ_COL_YEAR) {
                row[c] = jj_pg_rows_value(missing, (int)i, 2);
            }
        }
    }
    free(table->cells);
    table->cells = cells;
    table->rows += (int)more;
    return 0;
}

static int show_data(const jj_absorption *asked, const jj_pg_rows *rows, const jj_pg_rows *missing,
                     const jj_output *output)
{
    jj_column columns[JJ_COHORT_COLUMNS], told[sizeof figures / sizeof *figures];
    jj_report report = {.title = "Serapan lulusan", .csv_is_plain = true};
    jj_tabular table = {.day = asked->day};
    jj_error err = {0};
    memcpy(told, figures, sizeof told);
    if (asked->cohort.by[JJ_COL_REGION]) {
        told[FIGURES_OF_REGION] = (jj_column){0};
    }
    int code, rc = jj_cohort_table(&asked->cohort, rows, told, columns, &report, &table, &err);
    if (rc == 0) {
        jj_cohort_hide(&asked->cohort, rows, told, &table);
        rc = add_missing(asked, missing, &table, &err);
    }
    if (rc) {
        code = jj_ctl_fail(NULL, &err);
    } else {
        code = jj_tabular_show(&table, output);
    }
    free(table.cells);
    return code;
}

static int show_table(jj_absorption *asked, const jj_pg_rows *rows, const jj_pg_rows *missing,
                      const jj_output *output)
{
    jj_buf out = {0};
    asked->width = output->width ? output->width : WIDTH_USUAL;
    asked->colour = output->colour;
    jj_absorption_table(asked, rows, missing, &out);
    int code = jj_output_write(output, &out);
    jj_buf_clear(&out);
    return code;
}

static int report(jj_ctl *ctl, jj_absorption *asked, const jj_output *output)
{
    const jj_config *config;
    jj_database database;
    jj_pg *pg = NULL;
    jj_pg_rows *rows = NULL, *missing = NULL;
    jj_error err = {0};
    int code = jj_ctl_config(ctl, &config);
    code = code ? code : jj_ctl_database(ctl, &database);
    code = code ? code : jj_database_open(&database, &pg);
    if (code == 0 && ask(pg, config, asked, &rows, &missing, &err)) {
        code = jj_database_failed(&database, pg, &err);
    }
    if (code == 0) {
        code = output->format == JJ_FORMAT_TABLE ? show_table(asked, rows, missing, output)
                                                 : show_data(asked, rows, missing, output);
    }
    jj_pg_rows_free(missing);
    jj_pg_rows_free(rows);
    jj_pg_close(pg);
    return code;
}

/* ---- The persons behind a figure ---------------------------------------------------------- */

static const jj_column_word status_words[] = {{"employed", "bekerja"},
                                              {"self_employed", "wirausaha"},
                                              {"unemployed", "tidak bekerja"},
                                              {"studying", "bersekolah atau magang"},
                                              {"not_seeking", "tidak mencari kerja"},
                                              {0}};
static const jj_column_word witness_words[] = {
    {"employer", "pemberi kerja"}, {"cooperative", "dinas koperasi"}, {"bank", "bank"},
    {"opd", "OPD pemesan"},        {"self", "pengakuan sendiri"},     {0}};

static const jj_column person_columns[] = {
    {"person", "Kunci orang", JJ_COLUMN_CODE, NULL, false},
    {"region", "Kode wilayah", JJ_COLUMN_CODE, NULL, false},
    {"region_name", "Wilayah", JJ_COLUMN_NAME, NULL, false},
    {"year", "Tahun", JJ_COLUMN_NUMBER, NULL, false},
    {"vocation", "Kejuruan", JJ_COLUMN_TEXT, NULL, false},
    {"batch", "Angkatan", JJ_COLUMN_TEXT, NULL, false},
    {"graduated_on", "Tanggal lulus", JJ_COLUMN_DATE, NULL, false},
    {"status", "Status", JJ_COLUMN_WORD, status_words, false},
    {"formal", "Formal", JJ_COLUMN_FLAG, NULL, false},
    {"witness", "Bukti", JJ_COLUMN_WORD, witness_words, false},
    {"placed", "Ditempatkan", JJ_COLUMN_FLAG, NULL, false},
    {0},
};

static const char list_query[] =
    "SELECT l.person, l.region, r.name, l.year, l.vocation, l.batch, l.graduated_on, l.status, "
    "l.formal, l.witness, l.placed "
    "FROM jejaring.absorption_list($1, $2::jsonb, $3, $4::date, $5::timestamptz) AS l "
    "LEFT JOIN jejaring.region r ON r.code = l.region ORDER BY l.person";

static int list(jj_ctl *ctl, const jj_absorption *asked, const jj_output *output)
{
    static const char *const counters[] = {
        "graduates",      "traced",  "untraced", "employed", "self_employed",
        "working",        "formal",  "informal", "placed",   "by_employer",
        "by_cooperative", "by_bank", "by_opd",   "by_self",  NULL};
    const jj_report about = {.title = "Daftar orang",
                             .columns = person_columns,
                             .empty =
                                 "Tidak ada orang di sel ini, atau tidak ada yang boleh dilihat.",
                             .notes = ""};
    jj_tabular table = {.report = &about, .day = asked->day};
    jj_database database;
    jj_pg *pg = NULL;
    jj_pg_rows *rows = NULL;
    jj_error err = {0};
    const char *counter;
    int code = one_of(ctl, "list", counters, &counter);
    code = code ? code : jj_ctl_database(ctl, &database);
    code = code ? code : jj_database_open(&database, &pg);
    const char *params[] = {counter, asked->where.cell, asked->horizon, asked->as_of,
                            known_moment(asked)};
    if (code == 0 && jj_pg_query(pg, list_query, params, 5, &rows, &err)) {
        code = jj_database_failed(&database, pg, &err);
    }
    if (code == 0) {
        code = jj_tabular_fill(&table, rows, &err) ? jj_ctl_fail(NULL, &err)
                                                   : jj_tabular_show(&table, output);
    }
    free(table.cells);
    jj_pg_rows_free(rows);
    jj_pg_close(pg);
    return code;
}

int jj_ctl_absorption(jj_ctl *ctl)
{
    char day[JJ_TABULAR_DAY_SIZE];
    jj_absorption asked = {.day = day};
    jj_output output;
    bool listing = jj_ctl_option(ctl, "list") != NULL;
    int code = read_words(ctl, &asked);
    code = code ? code : jj_output_of(ctl, &output);
    if (code == 0 && listing && jj_ctl_option(ctl, "by")) {
        code = jj_ctl_misused(ctl, "--list shows the persons of one cell: name it with --where");
    }
    if (code == 0) {
        jj_tabular_day(ctl, day);
        code = listing ? list(ctl, &asked, &output) : report(ctl, &asked, &output);
    }
    free(asked.where.cell);
    return code;
}
