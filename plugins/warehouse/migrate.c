#include "migrate.h"

#include "files.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Session-level advisory lock; the second number tells it from the writers' lock. */
#define LOCK   "SELECT pg_advisory_lock(7311146, 2)"
#define UNLOCK "SELECT pg_advisory_unlock(7311146, 2)"

typedef struct plan {
    jj_pg *pg;
    const jj_layout *layout; /* may be NULL */
    bool check_only;
    jj_sql_files files;
    char *regions; /* regions.csv */
    size_t regions_size;
    int newest;      /* number of the newest applied migration; 0: none */
    bool has_schema; /* jejaring.migration is there */
    jj_migrated done;
} plan;

/* ---- Records ------------------------------------------------------------------------------ */

/* SHA-256 by the server: the text travels anyway, and no library more is needed. */
static int checksum_of(plan *p, const char *text, char out[65], jj_error *err)
{
    jj_pg_rows *rows = NULL;
    int rc = jj_pg_query(p->pg, "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')", &text, 1,
                         &rows, err);

    if (rc == 0) {
        snprintf(out, 65, "%s", jj_pg_rows_value(rows, 0, 0));
    }
    jj_pg_rows_free(rows);
    return rc;
}

static int record(plan *p, int number, const char *name, const char *checksum, jj_error *err)
{
    char digits[16];
    const char *params[] = {digits, name, checksum};

    snprintf(digits, sizeof digits, "%d", number);
    return jj_pg_query(
        p->pg,
        "INSERT INTO jejaring.migration (number, name, checksum) VALUES ($1, $2, $3) "
        "ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, "
        "applied_at = now()",
        params, 3, NULL, err);
}

/* *found tells if the name is recorded, *same if with this checksum. */
static int look_up(plan *p, const char *name, const char *checksum, bool *found, bool *same,
                   jj_error *err)
{
    const char *params[] = {name};
    jj_pg_rows *rows = NULL;

    *found = *same = false;
    if (!p->has_schema) {
        return 0;
    }
    int rc = jj_pg_query(p->pg, "SELECT checksum FROM jejaring.migration WHERE name = $1", params,
                         1, &rows, err);
    if (rc == 0 && jj_pg_rows_count(rows) > 0) {
        *found = true;
        *same = strcmp(jj_pg_rows_value(rows, 0, 0), checksum) == 0;
    }
    jj_pg_rows_free(rows);
    return rc;
}

static int read_state(plan *p, jj_error *err)
{
    jj_pg_rows *rows = NULL;
    int rc = jj_pg_query(p->pg, "SELECT to_regclass('jejaring.migration') IS NOT NULL", NULL, 0,
                         &rows, err);

    if (rc == 0) {
        p->has_schema = *jj_pg_rows_value(rows, 0, 0) == 't';
    }
    jj_pg_rows_free(rows);
    if (rc || !p->has_schema) {
        return rc;
    }
    rows = NULL;
    rc = jj_pg_query(p->pg,
                     "SELECT number, name FROM jejaring.migration ORDER BY number DESC LIMIT 1",
                     NULL, 0, &rows, err);
    if (rc == 0 && jj_pg_rows_count(rows) > 0) {
        p->newest = atoi(jj_pg_rows_value(rows, 0, 0));
        if (p->newest > (int)p->files.migrations) {
            rc = jj_fail(err, JJ_ECONFIG,
                         "the database has migration %s, but the files of this version end with "
                         "number %zu: it was migrated by a newer Jejaring",
                         jj_pg_rows_value(rows, 0, 1), p->files.migrations);
        }
    }
    jj_pg_rows_free(rows);
    return rc;
}

/* ---- Steps -------------------------------------------------------------------------------- */

static int make_schema(plan *p, jj_error *err)
{
    if (p->has_schema) {
        return 0;
    }
    p->has_schema = true;
    int rc = jj_pg_run(
        p->pg,
        "BEGIN;"
        "CREATE SCHEMA IF NOT EXISTS jejaring;"
        "COMMENT ON SCHEMA jejaring IS 'Jejaring: the warehouse of its events';"
        "CREATE TABLE jejaring.migration (number integer NOT NULL, name text PRIMARY KEY, "
        "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());"
        "COMMENT ON TABLE jejaring.migration IS 'What was applied to this database';"
        "COMMENT ON COLUMN jejaring.migration.number IS 'Number of the migration; 0: definitions "
        "and reference data, which are applied again when they change';"
        "COMMENT ON COLUMN jejaring.migration.name IS 'File';"
        "COMMENT ON COLUMN jejaring.migration.checksum IS 'SHA-256 of the file';"
        "COMMENT ON COLUMN jejaring.migration.applied_at IS 'When';"
        "COMMIT",
        err);
    if (rc) {
        jj_pg_rollback(p->pg);
    }
    return rc;
}

/* Opens the transaction of a step. The server's limit on a statement is for batches, not for the
 * building of an index. */
static int begin_step(plan *p, jj_error *err)
{
    return jj_pg_run(p->pg,
                     "BEGIN; SET LOCAL statement_timeout = 0; "
                     "SET LOCAL search_path = jejaring, pg_catalog",
                     err);
}

static int end_step(plan *p, int rc, const char *name, jj_error *err)
{
    char text[sizeof err->text];

    rc = rc ? rc : jj_pg_commit(p->pg, err);
    rc = rc == JJ_ETIMEOUT ? JJ_EUNAVAILABLE : rc; /* the next time it is seen whether it was */
    if (rc) {
        jj_pg_rollback(p->pg);
        if (err) {
            err->code = rc;
            snprintf(text, sizeof text, "%s: %.440s", name, err->text);
            snprintf(err->text, sizeof err->text, "%s", text);
        }
    }
    return rc;
}

static int due(plan *p, const char *what, jj_error *err)
{
    p->done.due = true;
    return p->check_only ? jj_fail(err, JJ_ECONFIG,
                                   "%s is to be applied to the database: run `jejaringctl "
                                   "warehouse migrate`",
                                   what)
                         : 0;
}

static int migrate_one(plan *p, const jj_sql_file *file, jj_error *err)
{
    char checksum[65];
    bool found, same;
    int rc = checksum_of(p, file->text, checksum, err);

    rc = rc ? rc : look_up(p, file->name, checksum, &found, &same, err);
    if (rc || same) {
        return rc;
    }
    if (found || file->number <= p->newest) {
        return jj_fail(err, JJ_ECONFIG,
                       found ? "migration %s was changed after it had been applied: restore the "
                               "file, and put the change into a new migration"
                             : "migration %s was not applied, but later ones were",
                       file->name);
    }
    rc = due(p, file->name, err);
    rc = rc ? rc : make_schema(p, err);
    rc = rc ? rc : begin_step(p, err);
    if (rc) {
        return rc;
    }
    rc = jj_pg_run(p->pg, file->text, err);
    rc = rc ? rc : record(p, file->number, file->name, checksum, err);
    rc = end_step(p, rc, file->name, err);
    p->done.applied += rc == 0;
    return rc;
}

static int has_events(plan *p, bool *events, jj_error *err)
{
    jj_pg_rows *rows = NULL;
    int rc = jj_pg_query(p->pg, "SELECT EXISTS (SELECT FROM jejaring.event)", NULL, 0, &rows, err);

    *events = rc == 0 && *jj_pg_rows_value(rows, 0, 0) == 't';
    jj_pg_rows_free(rows);
    return rc;
}

/* All definitions are one: a view dropped with its function in one file loses rights that another
 * file grants. */
static int define_all(plan *p, jj_error *err)
{
    size_t size = 1;
    char checksum[65], *all;
    bool found, same;

    for (size_t i = p->files.migrations; i < p->files.count; i++) {
        size += p->files.items[i].size_bytes + 1;
    }
    all = malloc(size);
    if (!all) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    char *end = all;
    for (size_t i = p->files.migrations; i < p->files.count; i++) {
        end = stpcpy(stpcpy(end, p->files.items[i].text), "\n");
    }
    *end = '\0';
    int rc = checksum_of(p, all, checksum, err);
    free(all);
    rc = rc ? rc : look_up(p, "definitions", checksum, &found, &same, err);
    if (rc || same) {
        return rc;
    }
    rc = due(p, "a new version of the functions and views", err);
    rc = rc ? rc : begin_step(p, err);
    const char *name = "definitions";
    for (size_t i = p->files.migrations; rc == 0 && i < p->files.count; i++) {
        name = p->files.items[i].name;
        rc = jj_pg_run(p->pg, p->files.items[i].text, err);
    }
    rc = rc ? rc : record(p, 0, "definitions", checksum, err);
    rc = end_step(p, rc, name, err);
    p->done.redefined = rc == 0;
    if (rc == 0 && found) {
        rc = has_events(p, &p->done.rebuild, err);
    }
    return rc;
}

static int load_regions(plan *p, jj_error *err)
{
    char checksum[65];
    bool found, same;
    jj_pg_rows *rows = NULL;
    int rc = checksum_of(p, p->regions, checksum, err);

    rc = rc ? rc : look_up(p, "regions.csv", checksum, &found, &same, err);
    if (rc || same) {
        return rc;
    }
    rc = due(p, "regions.csv", err);
    rc = rc ? rc : begin_step(p, err);
    rc = rc ? rc
            : jj_pg_run(p->pg,
                        "CREATE TEMPORARY TABLE region_file (LIKE jejaring.region) ON COMMIT DROP",
                        err);
    rc = rc ? rc
            : jj_pg_copy_begin(p->pg,
                               "COPY region_file (code, name, level, province_code) FROM STDIN "
                               "(FORMAT csv, DELIMITER ';', HEADER true)",
                               err);
    rc = rc ? rc : jj_pg_copy_data(p->pg, p->regions, p->regions_size, err);
    rc = rc ? rc : jj_pg_copy_end(p->pg, err);
    rc = rc ? rc
            : jj_pg_run(p->pg,
                        "DELETE FROM jejaring.region WHERE code NOT IN (SELECT code FROM "
                        "region_file);"
                        "INSERT INTO jejaring.region SELECT * FROM region_file ON CONFLICT (code) "
                        "DO UPDATE SET name = excluded.name, level = excluded.level, "
                        "province_code = excluded.province_code",
                        err);
    rc = rc ? rc : record(p, 0, "regions.csv", checksum, err);
    rc = rc ? rc : jj_pg_query(p->pg, "SELECT count(*) FROM jejaring.region", NULL, 0, &rows, err);
    if (rc == 0) {
        p->done.regions = atoi(jj_pg_rows_value(rows, 0, 0));
    }
    jj_pg_rows_free(rows);
    return end_step(p, rc, "regions.csv", err);
}

/* ---- Layout ------------------------------------------------------------------------------- */

/* Whether a query says true. */
static int holds(plan *p, const char *query, bool *answer, jj_error *err)
{
    jj_pg_rows *rows = NULL;
    int rc = jj_pg_query(p->pg, query, NULL, 0, &rows, err);

    *answer = rc == 0 && *jj_pg_rows_value(rows, 0, 0) == 't';
    jj_pg_rows_free(rows);
    return rc;
}

/* Unless it is done already: says what is asked for, and whether it may be done here and now. */
static int lay_out_one(plan *p, const char *name, const char *is_done, const char *work,
                       jj_error *err)
{
    bool done, events = false;
    int rc = holds(p, is_done, &done, err);

    if (rc || done) {
        return rc;
    }
    rc = p->layout->with_events ? 0 : has_events(p, &events, err);
    if (rc == 0 && events) {
        rc = jj_fail(err, JJ_ECONFIG,
                     "%s is asked for, and there are events already: `jejaringctl warehouse "
                     "migrate` moves them",
                     name);
    }
    rc = rc ? rc : due(p, name, err);
    rc = rc ? rc : begin_step(p, err);
    if (rc) {
        return rc;
    }
    rc = end_step(p, jj_pg_run(p->pg, work, err), name, err);
    p->done.laid_out |= rc == 0;
    return rc;
}

static int lay_out(plan *p, jj_error *err)
{
    bool citus = false;
    int rc = 0;

    if (!p->layout || !p->has_schema) {
        return 0;
    }
    if (p->layout->by_month) {
        rc = lay_out_one(p, "partitioned: month", "SELECT jejaring.log_is_partitioned()",
                         "SELECT jejaring.partition_log()", err);
    }
    if (rc || !p->layout->on_citus) {
        return rc;
    }
    rc = holds(p, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')", &citus, err);
    if (rc == 0 && !citus) {
        rc = jj_fail(err, JJ_ECONFIG,
                     "distributed: citus is asked for, but this database has no Citus: an "
                     "administrator gives it CREATE EXTENSION citus and the workers");
    }
    return rc ? rc
              : lay_out_one(p, "distributed: citus",
                            "SELECT jejaring.spread_tables() @> ARRAY(SELECT name FROM "
                            "jejaring.distribution())",
                            "SELECT jejaring.distribute()", err);
}

/* ---- The whole ---------------------------------------------------------------------------- */

static int run(plan *p, jj_error *err)
{
    int rc = read_state(p, err);

    for (size_t i = 0; rc == 0 && i < p->files.migrations; i++) {
        rc = migrate_one(p, &p->files.items[i], err);
    }
    rc = rc ? rc : define_all(p, err);
    rc = rc ? rc : lay_out(p, err);
    rc = rc || !p->done.laid_out ? rc : define_all(p, err); /* rights of tables made anew */
    rc = rc ? rc : load_regions(p, err);
    p->done.number = (int)p->files.migrations;
    return rc;
}

int jj_migrate(jj_pg *pg, const char *schemas_dir, const jj_layout *layout, bool check_only,
               jj_migrated *done, jj_error *err)
{
    plan p = {.pg = pg, .layout = layout, .check_only = check_only, .done = {.regions = -1}};
    char path[PATH_MAX];
    jj_error ignored;

    snprintf(path, sizeof path, "%s/warehouse", schemas_dir);
    int rc = jj_sql_files_open(&p.files, path, err);
    snprintf(path, sizeof path, "%s/reference/regions.csv", schemas_dir);
    rc = rc ? rc : jj_text_read(path, &p.regions, &p.regions_size, err);
    rc = rc ? rc : jj_pg_query(pg, LOCK, NULL, 0, NULL, err);
    if (rc == 0) {
        rc = run(&p, err);
        jj_pg_query(pg, UNLOCK, NULL, 0, NULL, jj_pg_alive(pg) ? &ignored : NULL);
    }
    jj_sql_files_close(&p.files);
    free(p.regions);
    if ((rc == 0 || (check_only && p.done.due)) && done) {
        *done = p.done;
    }
    return rc;
}
