#include "ctl/warehouse.h"

#include "base/buf.h"

#include <string.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 10000

static void on_notice(void *arg, const char *text)
{
    const jj_database *database = arg;

    /* DROP ... IF EXISTS tells of each thing that was not there. */
    if (!strstr(text, "does not exist, skipping")) {
        fprintf(database->err, "jejaringctl: %s\n", text);
    }
}

int jj_database_failed(const jj_database *database, const jj_pg *pg, const jj_error *err)
{
    static const char *const absent[] = {"42P01", "42883", "3F000"}; /* table, function, schema */
    const char *sqlstate = pg ? jj_pg_sqlstate(pg) : "";

    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        if (strcmp(sqlstate, absent[i]) == 0) {
            fprintf(database->err, "jejaringctl: this database has no warehouse, or an older one: "
                                   "run `jejaringctl warehouse migrate`\n");
            return JJ_EXIT_FAILED;
        }
    }
    fprintf(database->err, "jejaringctl: %s\n", err->text);
    return JJ_EXIT_FAILED;
}

int jj_database_connect(const jj_database *database, const jj_pg_options *options, jj_pg **pg,
                        jj_error *err)
{
    bool lower =
        geteuid() == 0 && database->daemon_user != 0 && !jj_pg_names_role(options->conninfo);

    lower = lower && seteuid(database->daemon_user) == 0;
    int rc = jj_pg_open(pg, options, err);
    if (lower && seteuid(0) && rc == 0) {
        jj_pg_close(*pg);
        rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot be root again");
    }
    return rc;
}

int jj_database_open(const jj_database *database, jj_pg **pg)
{
    jj_error err = {0};
    jj_database *arg = (jj_database *)(uintptr_t)database;
    const jj_pg_options options = {.conninfo = database->conninfo,
                                   .application = "jejaringctl",
                                   .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                   .notice = on_notice,
                                   .arg = arg};

    return jj_database_connect(database, &options, pg, &err)
               ? jj_database_failed(database, NULL, &err)
               : 0;
}

/* Readers must not choose the floor, so it stands in the database. */
static int set_floor(const jj_database *database, jj_pg *pg)
{
    char floor[24];
    const char *params[] = {floor};
    jj_error err = {0};
    jj_pg_rows *rows = NULL;
    snprintf(floor, sizeof floor, "%lld", (long long)database->floor);
    if (jj_pg_query(pg,
                    "UPDATE jejaring.disclosure SET floor = $1::integer WHERE floor <> $1::integer "
                    "RETURNING floor",
                    params, 1, &rows, &err)) {
        return jj_database_failed(database, pg, &err);
    }
    if (jj_pg_rows_count(rows) > 0) {
        fprintf(database->err, "persons with a disability are counted in steps of %s now\n", floor);
    }
    jj_pg_rows_free(rows);
    return JJ_EXIT_OK;
}

static int migrate(const jj_database *database, jj_pg *pg)
{
    jj_error err = {0};
    jj_migrated done;
    jj_layout layout = database->layout;

    layout.with_events = true;
    if (jj_migrate(pg, database->schemas, &layout, false, &done, &err)) {
        fprintf(database->err, "jejaringctl: %s\n", err.text);
        return JJ_EXIT_FAILED;
    }
    fprintf(database->err, "%d migrations applied; the database is at number %d\n", done.applied,
            done.number);
    if (done.redefined) {
        fprintf(database->err, "functions, views and roles are new\n");
    }
    if (done.laid_out) {
        fprintf(database->err, "the tables are laid out anew\n");
    }
    if (done.regions >= 0) {
        fprintf(database->err, "%d regions loaded\n", done.regions);
    }
    if (done.rebuild) {
        fprintf(database->err, "the projection may have changed: run `jejaringctl warehouse "
                               "verify`, and `jejaringctl warehouse rebuild` if rows differ\n");
    }
    return set_floor(database, pg);
}

static int rebuild(const jj_database *database, jj_pg *pg)
{
    jj_error err = {0};
    jj_pg_rows *rows = NULL;
    int rc = jj_pg_run(pg, "BEGIN", &err);

    rc = rc ? rc : jj_pg_query(pg, "SELECT jejaring.rebuild()", NULL, 0, &rows, &err);
    rc = rc ? rc : jj_pg_commit(pg, &err);
    if (rc) {
        jj_pg_rows_free(rows);
        return jj_database_failed(database, pg, &err);
    }
    fprintf(database->err, "%s events projected anew\n", jj_pg_rows_value(rows, 0, 0));
    jj_pg_rows_free(rows);
    return JJ_EXIT_OK;
}

static bool differs(const jj_pg_rows *rows, int row)
{
    return strcmp(jj_pg_rows_value(rows, row, 2), "0") != 0 ||
           strcmp(jj_pg_rows_value(rows, row, 3), "0") != 0;
}

static int show_differences(const jj_database *database, const jj_pg_rows *rows, bool json)
{
    int different = 0, count = jj_pg_rows_count(rows);

    fputs(json ? "[" : "", database->out);
    for (int row = 0; row < count; row++) {
        const char *name = jj_pg_rows_value(rows, row, 0), *stored = jj_pg_rows_value(rows, row, 1);
        const char *missing = jj_pg_rows_value(rows, row, 2);
        const char *surplus = jj_pg_rows_value(rows, row, 3);
        different += differs(rows, row);
        if (json) {
            fprintf(database->out,
                    "%s\n  {\"table\": \"%s\", \"rows\": %s, \"missing\": %s, \"surplus\": %s}",
                    row ? "," : "", name, stored, missing, surplus);
        } else {
            fprintf(database->out, "%-18s %10s rows  %s", name, stored,
                    differs(rows, row) ? "DIFFERS" : "ok");
            if (differs(rows, row)) {
                fprintf(database->out, ": %s missing, %s too many", missing, surplus);
            }
            fputc('\n', database->out);
        }
    }
    fputs(json ? "\n]\n" : "", database->out);
    if (different) {
        fprintf(database->err,
                "%d of %d tables differ from the log: `jejaringctl warehouse rebuild` makes them "
                "anew\n",
                different, count);
    }
    return different ? JJ_EXIT_FAILED : JJ_EXIT_OK;
}

static int verify(const jj_database *database, jj_pg *pg, bool json)
{
    jj_error err = {0};
    jj_pg_rows *rows = NULL;
    int rc = jj_pg_run(pg,
                       "SET work_mem = '64MB'; SET temp_buffers = '64MB';"
                       "BEGIN ISOLATION LEVEL REPEATABLE READ",
                       &err);

    rc = rc ? rc : jj_pg_query(pg, "SELECT * FROM jejaring.verify()", NULL, 0, &rows, &err);
    jj_pg_rollback(pg);
    rc = rc ? jj_database_failed(database, pg, &err) : show_differences(database, rows, json);
    jj_pg_rows_free(rows);
    return rc;
}

typedef int work(const jj_database *database, jj_pg *pg);

static int with_connection(const jj_database *database, work *todo)
{
    jj_pg *pg = NULL;
    int code = jj_database_open(database, &pg);

    code = code ? code : todo(database, pg);
    jj_pg_close(pg);
    return code;
}

int jj_warehouse_migrate(const jj_database *database)
{
    return with_connection(database, migrate);
}

int jj_warehouse_rebuild(const jj_database *database)
{
    return with_connection(database, rebuild);
}

static int verify_words(const jj_database *database, jj_pg *pg)
{
    return verify(database, pg, false);
}

static int verify_json(const jj_database *database, jj_pg *pg)
{
    return verify(database, pg, true);
}

int jj_warehouse_verify(const jj_database *database, bool json)
{
    return with_connection(database, json ? verify_json : verify_words);
}
