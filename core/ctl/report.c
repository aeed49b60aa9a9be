#include "ctl/report.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/absorption.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_USUAL 140 /* where nobody says how wide the paper is */

typedef void show(const jj_absorption *asked, const jj_pg_rows *rows, jj_buf *out);

/* ---- Arguments ---------------------------------------------------------------------------- */

static int wrong(const jj_database *database, const char *what, const char *word, const char *near)
{
    fprintf(database->err, "jejaringctl: %s: %s", what, word);
    if (near) {
        fprintf(database->err, " (did you mean %s?)", near);
    }
    fprintf(database->err, "\n  next: see `jejaringctl help report absorption`\n");
    return JJ_EXIT_USAGE;
}

static int parse_by(const jj_database *database, jj_absorption *asked, const char *list)
{
    const char *known[JJ_DIMENSIONS + 1] = {0};
    char word[64];

    for (int i = 0; i < JJ_DIMENSIONS; i++) {
        known[i] = jj_absorption_name(i);
    }
    memset(asked->by, 0, sizeof asked->by);
    asked->order_count = 0;
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, ",");
        int found = JJ_DIMENSIONS;
        snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), at);
        for (int i = 0; i < JJ_DIMENSIONS; i++) {
            found = strcmp(known[i], word) == 0 ? i : found;
        }
        if (found == JJ_DIMENSIONS) {
            return wrong(database, "unknown dimension", word, jj_closest(word, known));
        }
        if (!asked->by[found]) {
            asked->by[found] = true;
            asked->order[asked->order_count++] = found;
        }
        at += length + (at[length] == ',');
    }
    return 0;
}

/* value NULL: the first one. */
static int one_of(const jj_database *database, const char *what, const char *value,
                  const char *const *known, const char **out)
{
    for (const char *const *word = known; *word; word++) {
        if (!value || strcmp(*word, value) == 0) {
            *out = *word;
            return 0;
        }
    }
    return wrong(database, what, value, jj_closest(value, known));
}

static bool is_date(const char *text)
{
    int year, month, day;

    return jj_date_parse(text, strlen(text), &year, &month, &day);
}

static bool is_moment(const char *text)
{
    int64_t time_ms;

    return is_date(text) || jj_time_parse(text, strlen(text), &time_ms);
}

static int parse(const jj_database *database, const jj_report_words *words, jj_absorption *asked,
                 const char **format)
{
    static const char *const horizons[] = {"now", "6m", "12m", NULL};
    static const char *const definitions[] = {"working", "employed", "placed", NULL};
    static const char *const formats[] = {"table", "json", "csv", NULL};
    int code = parse_by(database, asked, words->by ? words->by : "region,year");

    code = code ? code
                : one_of(database, "unknown horizon", words->horizon, horizons, &asked->horizon);
    code = code ? code
                : one_of(database, "unknown definition", words->definition, definitions,
                         &asked->definition);
    code = code ? code : one_of(database, "unknown format", words->format, formats, format);
    asked->as_of = words->as_of;
    asked->known_at = words->known_at;
    asked->explain = words->explain;
    if (code == 0 && words->as_of && !is_date(words->as_of)) {
        code = wrong(database, "not a date (YYYY-MM-DD)", words->as_of, NULL);
    }
    if (code == 0 && words->known_at && !is_moment(words->known_at)) {
        code = wrong(database, "not a date (YYYY-MM-DD) or time", words->known_at, NULL);
    }
    return code;
}

/* ---- Query -------------------------------------------------------------------------------- */

static const char query[] =
    "SELECT a.region, a.province, a.year, a.vocation, a.batch, a.funding, a.sex, a.disability, "
    "a.digital_marketing, a.graduates, a.traced, a.employed, a.self_employed, a.working, a.formal, "
    "a.informal, a.rate, a.low, a.high, a.coverage, a.placed, a.by_employer, a.by_cooperative, "
    "a.by_bank, a.by_opd, a.by_self, r.name, p.name, coalesce($3::date, jejaring.today()) "
    "FROM jejaring.absorption($1::text[], $2, $3::date, $4::timestamptz, $5) "
    "WITH ORDINALITY AS a "
    "LEFT JOIN jejaring.region r ON r.code = a.region "
    "LEFT JOIN jejaring.region p ON p.code = a.province "
    "ORDER BY a.ordinality";

static int ask(jj_pg *pg, const jj_absorption *asked, jj_pg_rows **rows, jj_error *err)
{
    char dimensions[256] = "{", moment[64];
    const char *params[] = {dimensions, asked->horizon, asked->as_of, asked->known_at,
                            asked->definition};

    for (int i = 0; i < asked->order_count; i++) {
        strcat(strcat(dimensions, i ? "," : ""), jj_absorption_name(asked->order[i]));
    }
    strcat(dimensions, "}");
    if (asked->known_at && is_date(asked->known_at)) {
        /* What was known on a day: up to its end, where the reports are made. */
        snprintf(moment, sizeof moment, "%s 23:59:59.999999+07", asked->known_at);
        params[3] = moment;
    }
    return jj_pg_query(pg, query, params, 5, rows, err);
}

static int output_width(FILE *out)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int64_t wanted;

    if (columns && jj_parse_i64(columns, &wanted) && wanted > 0 && wanted < 10000) {
        return (int)wanted;
    }
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return WIDTH_USUAL;
}

static int absorption(const jj_database *database, jj_absorption *asked, show *shown)
{
    jj_pg *pg = NULL;
    jj_pg_rows *rows = NULL;
    jj_error err = {0};
    jj_buf out = {0};
    int rc = jj_database_open(database, &pg);

    if (rc == 0 && ask(pg, asked, &rows, &err)) {
        rc = jj_database_failed(database, pg, &err);
    }
    if (rc == 0) {
        shown(asked, rows, &out);
        if (out.failed || fwrite(out.data, 1, out.size, database->out) != out.size ||
            fflush(database->out)) {
            fprintf(database->err, "jejaringctl: cannot write the report\n");
            rc = JJ_EXIT_FAILED;
        }
    }
    jj_buf_clear(&out);
    jj_pg_rows_free(rows);
    jj_pg_close(pg);
    return rc;
}

int jj_report_absorption(const jj_database *database, const jj_report_words *words)
{
    jj_absorption asked = {0};
    const char *format;
    int code = parse(database, words, &asked, &format);

    if (code) {
        return code;
    }
    int fd = fileno(database->out);
    asked.width = output_width(database->out);
    asked.colour = fd >= 0 && isatty(fd) && !getenv("NO_COLOR");
    return absorption(database, &asked,
                      strcmp(format, "json") == 0  ? jj_absorption_json
                      : strcmp(format, "csv") == 0 ? jj_absorption_csv
                                                   : jj_absorption_table);
}
