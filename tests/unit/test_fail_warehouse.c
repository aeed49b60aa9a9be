/*
 * The warehouse while memory fails and the connection to a real PostgreSQL breaks at each call in
 * turn. A batch is in the database whole or not at all, the cursor says which, and whoever goes by
 * it stores nothing twice, loses nothing and tells of every refusal.
 *
 * Starts a server of its own, with tests/system/pg.py, unless PGHOST names one.
 */
#include "../../plugins/warehouse/files.h"
#include "../../plugins/warehouse/store.h"
#include "fail.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ALL_KINDS (FAIL_MEMORY | FAIL_LIBRARY)
#define EVENTS    4
#define REFUSED   2 /* of these */
#define SUBJECT   "0f1af257-50e8-873f-a2b7-6174c0be81a1"

static jj_pg *reader; /* a connection that nothing breaks */

static const jj_store_options options = {
    .pg = {.application = "test", .connect_timeout_ms = 30000, .statement_timeout_ms = 60000},
    .schemas = "schemas",
    .migrate = true,
    .node = "here",
    .consumer = "warehouse"};

static void assert_says(int rc, const jj_error *err, bool hit)
{
    if (rc && (!hit || err->code != rc || !err->text[0])) {
        fail_msg("%d: %d \"%s\", %u failures", rc, err->code, err->text, (unsigned)hit);
    }
}

static void open_reader(void)
{
    jj_error err = {0};
    if (jj_pg_open(&reader, &options.pg, &err)) {
        fail_msg("%s", err.text);
    }
}

static unsigned count_of(const char *sql)
{
    jj_pg_rows *rows = NULL;
    jj_error err = {0};
    if (jj_pg_query(reader, sql, NULL, 0, &rows, &err)) {
        fail_msg("%s: %s", sql, err.text);
    }
    unsigned count = (unsigned)strtoul(jj_pg_rows_value(rows, 0, 0), NULL, 10);
    jj_pg_rows_free(rows);
    return count;
}

/* ---- The schema --------------------------------------------------------------------------- */

/* Each attempt goes on where the one before was cut off. */
static void a_migration_that_is_cut_off_goes_on(void **state)
{
    jj_migrated done = {0};
    unsigned applied = 0;
    jj_pg *pg = NULL;
    (void)state;
    open_reader();
    for (unsigned n = 1; fail_next(FAIL_LIBRARY, n); n++) {
        jj_error err = {0};
        int rc = pg ? 0 : jj_pg_open(&pg, &options.pg, &err);
        done = (jj_migrated){0};
        rc = rc ? rc : jj_migrate(pg, "schemas", NULL, false, &done, &err);
        bool hit = fail_end();
        assert_says(rc, &err, hit);
        assert_true(rc == 0 || rc == JJ_EUNAVAILABLE || rc == JJ_EMEMORY);
        applied += rc == 0 ? (unsigned)done.applied : 0;
        if (!jj_pg_alive(pg)) {
            jj_pg_close(pg);
            pg = NULL;
        }
    }
    assert_int_equal(done.applied, 0);
    assert_int_equal(jj_migrate(pg, "schemas", NULL, true, &done, NULL), 0);
    assert_int_equal(count_of("SELECT count(*) FROM jejaring.migration WHERE number > 0"),
                     done.number);
    assert_true(count_of("SELECT count(*) FROM jejaring.region") > 500);
    assert_true(applied <= (unsigned)done.number);
    jj_pg_close(pg);
}

static void files_of_sql_are_read_whole_or_not(void **state)
{
    jj_sql_files wanted;
    (void)state;
    assert_int_equal(jj_sql_files_open(&wanted, "schemas/warehouse", NULL), 0);
    for (unsigned n = 1; fail_next(FAIL_MEMORY | FAIL_FILE, n); n++) {
        jj_sql_files files = {0};
        jj_error err = {0};
        int rc = jj_sql_files_open(&files, "schemas/warehouse", &err);
        bool hit = fail_end();
        assert_says(rc, &err, hit);
        assert_true(rc == 0 || rc == JJ_EMEMORY || rc == JJ_ECONFIG);
        assert_true(rc != JJ_EMEMORY || strstr(err.text, "out of memory"));
        assert_int_equal(files.count, rc ? 0 : wanted.count);
        for (size_t i = 0; i < files.count; i++) {
            assert_string_equal(files.items[i].text, wanted.items[i].text);
        }
        jj_sql_files_close(&files);
    }
    jj_sql_files_close(&wanted);
}

/* ---- Batches ------------------------------------------------------------------------------ */

#define DATA                                                                                       \
    "{\"date\":\"2019-07-31\",\"program\":\"Las\",\"vocation\":\"las-smaw-3g\",\"batch\":\"II\","  \
    "\"year\":2019,\"funding\":\"apbd\""

static char texts[EVENTS][512], ids[EVENTS][32];

/* Two good ones, one that this side refuses and one that the server does. */
static void make_batch(jj_event *events, unsigned batch)
{
    static const char *const data[EVENTS] = {DATA "}", DATA "}", DATA "}",
                                             DATA ",\"funder\":\"\\u0000\"}"};
    for (unsigned i = 0; i < EVENTS; i++) {
        snprintf(ids[i], sizeof ids[i], "%u-%u", batch, i);
        snprintf(texts[i], sizeof texts[i],
                 "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"/x\",\"type\":"
                 "\"alumni.graduated\",\"time\":\"2019-07-31T00:00:00Z\",\"region\":\"33.75\","
                 "\"subject\":\"%s\",\"origin\":\"below\",\"data\":%s}",
                 ids[i], i == 2 ? "x" : SUBJECT, data[i]);
        events[i] = (jj_event){.text = texts[i],
                               .size_bytes = strlen(texts[i]),
                               .time_ms = INT64_C(1564531200000),
                               .id = ids[i],
                               .source = "/x",
                               .type = "alumni.graduated",
                               .region = "33.75",
                               .subject = i == 2 ? "x" : SUBJECT};
        memcpy(events[i].key, &(uint32_t[4]){1, 2, batch, i}, 16);
    }
}

static void on_refused(void *arg, const jj_event *event, const char *sqlstate, const char *reason)
{
    unsigned *told = arg;
    unsigned number = (unsigned)strtoul(strchr(event->id, '-') + 1, NULL, 10);
    if (number < 2) {
        fail_msg("%s is refused: %s", event->id, reason);
    }
    assert_true(*reason);
    assert_string_equal(sqlstate, number == 2 ? "" : "22P05");
    told[number]++;
}

/* As a host does it: where reading goes on is what the database says. */
static void settle(jj_store *store, const jj_event *events, uint64_t after, unsigned *told)
{
    uint64_t stored = 0;
    jj_error err = {0};
    if (jj_store_cursor(store, &stored, &err)) {
        fail_msg("%s", err.text);
    }
    assert_true(stored == after || stored == after + EVENTS);
    if (jj_store_put(store, events, EVENTS, after, after + EVENTS, on_refused, told, &err)) {
        fail_msg("%s", err.text);
    }
}

static void a_batch_is_stored_once_whatever_breaks(void **state)
{
    jj_store *store = NULL;
    uint64_t after = 0;
    unsigned batches = 0;
    (void)state;
    assert_int_equal(jj_store_new(&store, &options, NULL), 0);
    for (unsigned n = 1; fail_next(ALL_KINDS, n); n++) {
        jj_event events[EVENTS];
        unsigned told[EVENTS] = {0};
        uint64_t stored = 0;
        jj_error err = {0};
        make_batch(events, ++batches);
        int rc = jj_store_put(store, events, EVENTS, after, after + EVENTS, on_refused, told, &err);
        bool hit = fail_end();
        assert_says(rc, &err, hit);
        if (rc) {
            settle(store, events, after, told);
        }
        after += EVENTS;
        assert_int_equal(jj_store_cursor(store, &stored, NULL), 0);
        assert_int_equal(stored, after);
        assert_true(told[2] >= 1 && told[3] >= 1);
    }
    assert_int_equal(count_of("SELECT count(*) FROM jejaring.event"), batches * (EVENTS - REFUSED));
    assert_int_equal(count_of("SELECT count(*) FROM jejaring.refused_event"), batches * REFUSED);
    jj_store_free(store);
}

/* From nothing: a store, a connection, where reading begins, and back to the beginning. */
static void a_cursor_is_read_and_set_back_or_not(void **state)
{
    (void)state;
    for (unsigned n = 1; fail_next(FAIL_LIBRARY, n); n++) {
        jj_store *store = NULL;
        uint64_t stored = 1;
        jj_error err = {0};
        int rc = jj_store_new(&store, &options, &err);
        rc = rc ? rc : jj_store_rewind(store, &err);
        rc = rc ? rc : jj_store_cursor(store, &stored, &err);
        bool hit = fail_end();
        assert_says(rc, &err, hit);
        assert_true(rc || stored == 0);
        jj_store_free(store);
    }
}

static int close_reader(void **state)
{
    (void)state;
    jj_pg_close(reader);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_migration_that_is_cut_off_goes_on),
        cmocka_unit_test(files_of_sql_are_read_whole_or_not),
        cmocka_unit_test(a_batch_is_stored_once_whatever_breaks),
        cmocka_unit_test(a_cursor_is_read_and_set_back_or_not),
    };
    if (!getenv("PGHOST") && argc == 1) {
        execl("/usr/bin/python3", "python3", "tests/system/pg.py", "run", "--", argv[0], "own",
              (char *)NULL);
        perror("python3");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, close_reader);
}
