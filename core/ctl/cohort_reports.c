/* The reports on cohorts that are plain tables. What their figures mean is defined in
 * schemas/warehouse/ (define-52 to -54, README.md). */
#include "ctl/cohort.h"

#include <stdlib.h>
#include <string.h>

#define BY_FLAG                                                                                    \
    {                                                                                              \
        "by", "LIST",                                                                              \
            "of region, province, year, vocation, batch, funding, sex, disability (region,year)"   \
    }
#define AS_OF_FLAG                                                                                 \
    {                                                                                              \
        "as-of", "DATE", "the state on that day (today)"                                           \
    }

/* The dimensions and names, as every query begins; %s of the report's own. */
#define DIMENSIONS(funding, digital)                                                               \
    "SELECT f.region, f.province, f.year, f.vocation, f.batch, " funding                           \
    ", f.sex, f.disability, " digital ", r.name, p.name, "
#define NAMES                                                                                      \
    " WITH ORDINALITY AS f "                                                                       \
    "LEFT JOIN jejaring.region r ON r.code = f.region "                                            \
    "LEFT JOIN jejaring.region p ON p.code = f.province ORDER BY f.ordinality"

/* One report. Its query takes $1 the dimensions, $2 as_of, $3 the cell, and with_horizon $4 the
 * horizon. */
typedef struct plan {
    const char *title, *query, *by, *empty, *notes;
    const char *by_disability; /* the query where it is cut by disability */
    const jj_column *figures;
    const char *const *without; /* dimensions that it does not have */
    bool with_horizon;
    /* What people read where a figure is null; NULL: nothing. */
    const char *none;
} plan;

/* ---- Funnel ------------------------------------------------------------------------------- */

const jj_flag jj_funnel_flags[] = {
    BY_FLAG, AS_OF_FLAG, JJ_COHORT_WHERE_FLAG, JJ_TABULAR_FLAGS, {0}};

static const jj_column funnel_figures[] = {
    {"graduates", "Lulusan", JJ_COLUMN_COUNT, NULL, false},
    {"certified", "Kompeten", JJ_COLUMN_COUNT, NULL, false},
    {"certified_share", "% kompeten", JJ_COLUMN_RATE, NULL, false},
    {"proposed", "Diusulkan", JJ_COLUMN_COUNT, NULL, false},
    {"proposed_share", "% diusulkan", JJ_COLUMN_RATE, NULL, false},
    {"started", "Mulai bekerja", JJ_COLUMN_COUNT, NULL, false},
    {"started_share", "% mulai", JJ_COLUMN_RATE, NULL, false},
    {"due", "Lewat 6 bulan", JJ_COLUMN_COUNT, NULL, false},
    {"lasting", "Masih bekerja", JJ_COLUMN_COUNT, NULL, false},
    {"lasting_share", "% bertahan", JJ_COLUMN_RATE, NULL, false},
    {0},
};

/* few: a condition under which shares tell nothing. */
#define SHARE(of, all, few)                                                                        \
    "CASE WHEN NOT " few " THEN f." of "::numeric / nullif(f." all ", 0) END"
#define FUNNEL(few)                                                                                \
    DIMENSIONS("f.funding", "f.digital_marketing")                                                 \
    "f.graduates, f.certified, " SHARE("certified", "graduates", few) ", f.proposed, " SHARE(      \
        "proposed", "graduates",                                                                   \
        few) ", f.started, " SHARE("started", "graduates",                                         \
                                   few) ", f.due, f.lasting, " SHARE("lasting", "due", few)

static const plan funnel = {
    .title = "Corong serapan",
    .query = FUNNEL("false") " FROM jejaring.funnel($1::text[], $2::date, $3::jsonb)" NAMES,
    .by_disability = FUNNEL(
        "f.too_few") ", f.too_few, f.rounded_to "
                     "FROM jejaring.funnel_by_disability($1::text[], $2::date, $3::jsonb)" NAMES,
    .by = "region,year",
    .empty = "Belum ada data lulusan.",
    .notes =
        "Kompeten: lulus uji kompetensi. Mulai bekerja: ditempatkan atau berwirausaha, menurut "
        "bukti mana pun.\nLewat 6 bulan: mulai bekerja sedikitnya 6 bulan yang lalu. Masih "
        "bekerja: dari mereka, yang bekerja\n6 bulan sesudah mulai. Setiap langkah dihitung "
        "dari semua lulusan, bukan dari langkah sebelumnya.",
    .figures = funnel_figures,
};

/* ---- Time to work ------------------------------------------------------------------------- */

const jj_flag jj_time_to_work_flags[] = {
    BY_FLAG, AS_OF_FLAG, JJ_COHORT_WHERE_FLAG, JJ_TABULAR_FLAGS, {0}};

static const jj_column time_figures[] = {
    {"graduates", "Lulusan", JJ_COLUMN_COUNT, NULL, false},
    {"started", "Mulai bekerja", JJ_COLUMN_COUNT, NULL, false},
    {"waiting", "Masih menunggu", JJ_COLUMN_COUNT, NULL, false},
    {"untraced", "Tak terlacak", JJ_COLUMN_COUNT, NULL, false},
    {"first_quarter_days", "Seperempat (hari)", JJ_COLUMN_COUNT, NULL, false},
    {"median_days", "Median (hari)", JJ_COLUMN_COUNT, NULL, false},
    {"last_quarter_days", "Tiga perempat (hari)", JJ_COLUMN_COUNT, NULL, false},
    {"median_traced_days", "Median terlacak (hari)", JJ_COLUMN_COUNT, NULL, false},
    {0},
};

#define TIME_TO_WORK                                                                               \
    DIMENSIONS("f.funding", "f.digital_marketing")                                                 \
    "f.graduates, f.started, f.waiting, f.untraced, f.first_quarter, f.median, f.last_quarter, "   \
    "f.median_traced"

static const plan time_to_work = {
    .title = "Waktu tunggu kerja",
    .query = TIME_TO_WORK " FROM jejaring.time_to_work($1::text[], $2::date, $3::jsonb)" NAMES,
    .by_disability = TIME_TO_WORK
    ", f.too_few, f.rounded_to "
    "FROM jejaring.time_to_work_by_disability($1::text[], $2::date, $3::jsonb)" NAMES,
    .by = "region,year",
    .empty = "Belum ada data lulusan.",
    .notes = "Hari sejak lulus sampai separuh (seperempat, tiga perempat) lulusan mulai bekerja, "
             "ditaksir menurut Kaplan dan Meier:\nyang masih menunggu ikut dihitung selama mereka "
             "menunggu; yang tak terlacak dianggap menunggu.\nMedian terlacak: tanpa yang tak "
             "terlacak. Belum tercapai: lebih dari bagian itu masih menunggu.",
    .figures = time_figures,
    .none = "belum tercapai",
};

/* ---- Funding ------------------------------------------------------------------------------ */

static const char *const horizons[] = {"now", "6m", "12m", NULL};
static const char *const compared_dimensions[] = {"funding", "digital_marketing", NULL};

const jj_flag jj_funding_flags[] = {
    {"by", "LIST", "of region, province, year, vocation, batch, sex, disability (year)"},
    {"horizon", "WORD", "now, 6m or 12m after graduation"},
    AS_OF_FLAG,
    JJ_COHORT_WHERE_FLAG,
    JJ_TABULAR_FLAGS,
    {0},
};

static const jj_column_word compared_words[] = {
    {"funding", "APBN : APBD"}, {"digital_marketing", "dengan : tanpa digital"}, {0}};

static const jj_column funding_figures[] = {
    {"compared", "Perbandingan", JJ_COLUMN_WORD, compared_words, false},
    {"graduates", "Lulusan (1)", JJ_COLUMN_COUNT, NULL, false},
    {"rate", "Serapan (1)", JJ_COLUMN_RATE, NULL, false},
    {"high", "Tertinggi (1)", JJ_COLUMN_RATE, NULL, true},
    {"coverage", "Cakupan (1)", JJ_COLUMN_RATE, NULL, false},
    {"other_graduates", "Lulusan (2)", JJ_COLUMN_COUNT, NULL, false},
    {"other_rate", "Serapan (2)", JJ_COLUMN_RATE, NULL, false},
    {"other_high", "Tertinggi (2)", JJ_COLUMN_RATE, NULL, true},
    {"other_coverage", "Cakupan (2)", JJ_COLUMN_RATE, NULL, false},
    {"difference", "Selisih", JJ_COLUMN_RATE, NULL, false},
    {"warnings", "Peringatan", JJ_COLUMN_TEXT, NULL, false},
    {0},
};

#define FUNDING                                                                                    \
    DIMENSIONS("NULL::text", "NULL::boolean")                                                      \
    "f.compared, f.graduates, f.rate, f.high, f.coverage, f.other_graduates, f.other_rate, "       \
    "f.other_high, f.other_coverage, f.difference, "                                               \
    "(SELECT string_agg(CASE w WHEN 'missing' THEN 'satu pihak belum ada data' "                   \
    "WHEN 'few' THEN 'angka kecil' WHEN 'untraced' THEN 'tergantung yang tak terlacak' END, '; ' " \
    "ORDER BY o) FROM unnest(f.warnings) WITH ORDINALITY AS u (w, o))"

static const plan funding = {
    .title = "APBN dan APBD",
    .query = FUNDING " FROM jejaring.funding($1::text[], $4, $2::date, cell => $3::jsonb)" NAMES,
    .by_disability =
        FUNDING ", f.rate IS NULL OR f.other_rate IS NULL, (SELECT floor FROM jejaring.disclosure) "
                "FROM jejaring.funding($1::text[], $4, $2::date, cell => $3::jsonb)" NAMES,
    .by = "year",
    .empty = "Belum ada data lulusan.",
    .notes =
        "(1) yang disebut pertama, (2) yang kedua. Serapan = (bekerja + wirausaha) / lulusan; "
        "tertinggi: yang tak terlacak dianggap bekerja.\nAngka kecil: kurang dari 30 lulusan di "
        "satu pihak. Tak terlacak: mereka saja dapat membalik selisih.\n"
        "Selisih bukan bukti sebab: kejuruan dan wilayah kedua pihak dapat berbeda; bandingkan "
        "dengan --by.",
    .figures = funding_figures,
    .without = compared_dimensions,
    .with_horizon = true,
};

/* ---- Running one -------------------------------------------------------------------------- */

static int read_horizon(const jj_ctl *ctl, const char **horizon)
{
    const char *given = jj_ctl_option(ctl, "horizon");
    for (const char *const *word = horizons; *word; word++) {
        if (!given || strcmp(*word, given) == 0) {
            *horizon = *word;
            return JJ_EXIT_OK;
        }
    }
    return jj_ctl_misused(ctl, "unknown horizon: %s", given);
}

/* A workbook keeps its columns of figures clean. */
static void fill_none(jj_tabular *table, const char *none)
{
    for (int i = 0; i < table->rows * table->columns; i++) {
        int column = i % table->columns;
        if (!table->cells[i] && table->report->columns[column].kind == JJ_COLUMN_COUNT) {
            table->cells[i] = none;
        }
    }
}

static int ask(const jj_database *database, const plan *asked, const jj_cohort *cohort,
               const char *const *params, jj_pg_rows **rows)
{
    jj_pg *pg = NULL;
    jj_error err = {0};
    const char *query = cohort->by[JJ_COL_DISABILITY] ? asked->by_disability : asked->query;
    int code = jj_database_open(database, &pg);
    if (code == 0 && jj_pg_query(pg, query, params, asked->with_horizon ? 4 : 3, rows, &err)) {
        code = jj_database_failed(database, pg, &err);
    }
    jj_pg_close(pg);
    return code;
}

static int show(const plan *asked, const jj_cohort *cohort, const jj_pg_rows *rows,
                const jj_output *output, const char *day)
{
    jj_column columns[JJ_COHORT_COLUMNS];
    jj_buf notes = {0};
    jj_report report = {.title = asked->title, .empty = asked->empty};
    jj_tabular table = {.day = day};
    jj_error err = {0};
    int code;
    jj_buf_puts(&notes, asked->notes);
    jj_buf_puts(&notes, cohort->by[JJ_COL_DISABILITY] && jj_pg_rows_count(rows) > 0 ? "\n" : "");
    jj_cohort_rounded(cohort, rows, &notes);
    report.notes = notes.failed ? asked->notes : notes.data;
    if (jj_cohort_table(cohort, rows, asked->figures, columns, &report, &table, &err)) {
        code = jj_ctl_fail(NULL, &err);
    } else {
        jj_cohort_hide(cohort, rows, asked->figures, &table);
        if (asked->none && output->format == JJ_FORMAT_TABLE) {
            fill_none(&table, asked->none);
        }
        code = jj_tabular_show(&table, output);
    }
    free(table.cells);
    jj_buf_clear(&notes);
    return code;
}

static int run(jj_ctl *ctl, const plan *asked)
{
    jj_cohort cohort;
    char day[JJ_TABULAR_DAY_SIZE];
    jj_output output;
    jj_database database;
    jj_pg_rows *rows = NULL;
    const char *by = jj_ctl_option(ctl, "by");
    const char *params[4] = {0};
    jj_cohort_cell where = {0};
    int code = jj_cohort_parse(ctl, by ? by : asked->by, asked->without, &cohort);
    params[0] = cohort.array;
    code = code ? code : jj_cohort_date(ctl, "as-of", &params[1]);
    code = code ? code : read_horizon(ctl, &params[3]);
    code = code ? code : jj_cohort_where(ctl, asked->without, false, &where);
    params[2] = where.cell;
    code = code ? code : jj_output_of(ctl, &output);
    code = code ? code : jj_ctl_database(ctl, &database);
    code = code ? code : ask(&database, asked, &cohort, params, &rows);
    if (code == 0) {
        jj_tabular_day(ctl, day);
        code = show(asked, &cohort, rows, &output, day);
    }
    free(where.cell);
    jj_pg_rows_free(rows);
    return code;
}

int jj_ctl_funnel(jj_ctl *ctl)
{
    return run(ctl, &funnel);
}

int jj_ctl_time_to_work(jj_ctl *ctl)
{
    return run(ctl, &time_to_work);
}

int jj_ctl_funding(jj_ctl *ctl)
{
    return run(ctl, &funding);
}
