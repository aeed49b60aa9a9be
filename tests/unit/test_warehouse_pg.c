/* What an answer of PostgreSQL means, and what is asked of a connection string: without a server.
 */
#include "../../plugins/warehouse/files.h"
#include "../../plugins/warehouse/pg.h"
#include "../../plugins/warehouse/pg_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_states_are_told_apart_by_what_can_be_done(void **state)
{
    static const struct {
        const char *sqlstate;
        int code;
    } known[] = {
        {"22P02", JJ_EINVALID},     {"22999", JJ_EINVALID},     {"23502", JJ_EINVALID},
        {"54000", JJ_EINVALID},     {"08006", JJ_EUNAVAILABLE}, {"25006", JJ_EUNAVAILABLE},
        {"40P01", JJ_EUNAVAILABLE}, {"53100", JJ_EUNAVAILABLE}, {"55P03", JJ_EUNAVAILABLE},
        {"57P01", JJ_EUNAVAILABLE}, {"57014", JJ_EUNAVAILABLE}, {"XX000", JJ_EUNAVAILABLE},
        {"P0001", JJ_EINVALID},     {"P0004", JJ_ESYSTEM},      {"42P01", JJ_ESYSTEM},
        {"42501", JJ_ESYSTEM},      {"25P02", JJ_ESYSTEM},      {"", JJ_ESYSTEM},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (jj_pg_error_code(known[i].sqlstate) != known[i].code) {
            fail_msg("%s: %d, not %d", known[i].sqlstate, jj_pg_error_code(known[i].sqlstate),
                     known[i].code);
        }
    }
}

static void test_a_connection_string_is_judged_without_connecting(void **state)
{
    jj_error err = {0};

    (void)state;
    assert_int_equal(jj_pg_conninfo_check("", &err), 0);
    assert_int_equal(jj_pg_conninfo_check("host=db dbname=jejaring", &err), 0);
    assert_int_equal(jj_pg_conninfo_check("postgresql://u@h:5433/d?sslmode=disable", &err), 0);
    assert_int_equal(jj_pg_conninfo_check("host", &err), JJ_ECONFIG);
    assert_int_equal(jj_pg_conninfo_check("password=geheim hots=db", &err), JJ_ECONFIG);
    assert_null(strstr(err.text, "geheim"));
}

static void test_nobody_there_is_unavailable(void **state)
{
    const jj_pg_options options = {
        .conninfo = "host=/nonexistent/folder", .application = "test", .connect_timeout_ms = 1000};
    jj_error err = {0};
    jj_pg *pg = NULL;

    (void)state;
    assert_int_equal(jj_pg_open(&pg, &options, &err), JJ_EUNAVAILABLE);
    assert_null(pg);
    assert_non_null(strstr(err.text, "/nonexistent/folder"));
    jj_pg_close(NULL);
}

/* ---- SQL files ---------------------------------------------------------------------------- */

static void put_file(const char *dir, const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void remove_files(const char *dir, const char *const *names)
{
    char path[256];

    for (; *names; names++) {
        snprintf(path, sizeof path, "%s/%s", dir, *names);
        unlink(path);
    }
    rmdir(dir);
}

static void test_migrations_come_by_number_then_definitions_by_name(void **state)
{
    static const char *const names[] = {
        "002_b.sql", "001_a.sql", "define-2.sql", "define-10.sql", "notes.md", ".hidden.sql", NULL};
    static const char *const wanted[] = {"001_a.sql", "002_b.sql", "define-10.sql", "define-2.sql"};
    char dir[] = "/tmp/jj-files-XXXXXX";
    jj_sql_files files;
    jj_error err = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    for (const char *const *name = names; *name; name++) {
        put_file(dir, *name, *name);
    }
    assert_int_equal(jj_sql_files_open(&files, dir, &err), 0);
    assert_int_equal(files.count, 4);
    assert_int_equal(files.migrations, 2);
    for (size_t i = 0; i < files.count; i++) {
        assert_string_equal(files.items[i].name, wanted[i]);
        assert_string_equal(files.items[i].text, wanted[i]);
    }
    jj_sql_files_close(&files);
    remove_files(dir, names);
}

static void test_a_gap_in_the_numbers_is_refused(void **state)
{
    static const char *const names[] = {"001_a.sql", "003_c.sql", NULL};
    char dir[] = "/tmp/jj-files-XXXXXX";
    jj_sql_files files;
    jj_error err = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    put_file(dir, names[0], "");
    put_file(dir, names[1], "");
    assert_int_equal(jj_sql_files_open(&files, dir, &err), JJ_ECONFIG);
    assert_non_null(strstr(err.text, "003_c.sql: number 2 was expected"));
    remove_files(dir, names);
    assert_int_equal(jj_sql_files_open(&files, dir, &err), JJ_ECONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states_are_told_apart_by_what_can_be_done),
        cmocka_unit_test(test_a_connection_string_is_judged_without_connecting),
        cmocka_unit_test(test_nobody_there_is_unavailable),
        cmocka_unit_test(test_migrations_come_by_number_then_definitions_by_name),
        cmocka_unit_test(test_a_gap_in_the_numbers_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
