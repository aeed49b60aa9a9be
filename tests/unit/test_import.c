/*
 * The import's engine: batches, what the hub answers, dry runs, interruptions; and the promise
 * that every header the schemas name finds its property.
 */
#include "base/buf.h"
#include "import/mapping.h"
#include "import_hub.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define HEADER "NIK;Kejuruan;Tanggal;Nilai\n"

struct import_test {
    struct hub hub;
    jj_import_options options;
    jj_import_result result;
    jj_error err;
};

static int set_up(void **state)
{
    struct import_test *test = calloc(1, sizeof *test);
    hub_open(&test->hub);
    test->options = hub_options(&test->hub, "person.tested");
    test->options.reject_folder = open(test->hub.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = test;
    return 0;
}

static int tear_down(void **state)
{
    struct import_test *test = *state;
    jj_import_result_clear(&test->result);
    close(test->options.reject_folder);
    hub_close(&test->hub);
    free(test);
    return 0;
}

/* Imports a text under a name, forgetting the result of the import before. */
static int import_text(struct import_test *test, const char *name, const char *text)
{
    char *path;
    jj_import_result_clear(&test->result);
    hub_write(&test->hub, name, text, &path);
    int rc = jj_import_file(&test->options, path, &test->result, &test->err);
    free(path);
    return rc;
}

/* A NIK for each number, none of them ending in 0 throughout. */
static void add_person(jj_buf *text, unsigned number, const char *rest)
{
    jj_buf_printf(text, "337501%02u%02u90%04u;%s\n", number / 12 % 28 + 1, number % 12 + 1,
                  number % 9999 + 1, rest);
}

static void a_changed_row_is_refused_with_the_way_to_correct_it(void **state)
{
    struct import_test *test = *state;
    assert_int_equal(import_text(test, "a.csv", HEADER "3375010101900001;Las;2019-04-11;80\n"), 0);
    assert_int_equal(import_text(test, "b.csv", HEADER "3375010101900001;Las;2019-04-11;81\n"), 0);
    assert_int_equal(test->result.rejected, 1);
    assert_non_null(strstr(test->result.notes[0].text, "sudah pernah dikirim dengan isi lain"));
    assert_non_null(strstr(test->result.notes[0].text, "tambahkan kolom \"koreksi\""));
    assert_int_equal(import_text(test, "c.csv",
                                 "NIK;Kejuruan;Tanggal;Nilai;Koreksi\n"
                                 "3375010101900001;Las;2019-04-11;81;1\n"),
                     0);
    assert_int_equal(test->result.accepted, 1);
}

static void what_the_hub_refuses_is_told_by_the_column(void **state)
{
    struct import_test *test = *state;
    test->hub.refuse_mark = "\"score\":81";
    test->hub.refuse = (jj_import_verdict){.outcome = JJ_IMPORT_REJECTED,
                                           .code = JJ_EINVALID,
                                           .field = "/data/score",
                                           .detail = "at most 80"};
    assert_int_equal(import_text(test, "a.csv",
                                 "NIK;Kejuruan;Tanggal;Skor\n3375010101900001;Las;2019-04-11;80\n"
                                 "3375010101900002;Las;2019-04-11;81\n"),
                     0);
    assert_int_equal(test->result.accepted, 1);
    assert_int_equal(test->result.rejected, 1);
    assert_int_equal(test->result.notes[0].row, 3);
    assert_string_equal(test->result.notes[0].text, "Skor: tidak sesuai aturan");
    test->hub.refuse = (jj_import_verdict){.outcome = JJ_IMPORT_REJECTED, .code = JJ_EFORBIDDEN};
    assert_int_equal(import_text(test, "b.csv", HEADER "3375010101900002;Las;2019-04-11;81\n"), 0);
    assert_non_null(strstr(test->result.notes[0].text, "tidak berhak"));
}

static void rows_keep_their_order_in_the_reject_file(void **state)
{
    struct import_test *test = *state;
    jj_buf text = {0};
    jj_buf_puts(&text, HEADER);
    for (unsigned i = 0; i < 2500; i++) {
        add_person(&text, i, i % 7 == 0 ? ";2019-04-11;80" : "Las;2019-04-11;80");
    }
    assert_int_equal(import_text(test, "many.csv", text.data), 0);
    jj_buf_clear(&text);
    assert_int_equal(test->result.rows, 2500);
    assert_int_equal(test->result.rejected, 358);
    assert_int_equal(test->hub.biggest, JJ_IMPORT_BATCH);
    char *rejects = hub_read(&test->hub, "many.ditolak.csv"), *at = rejects;
    unsigned last = 0, rows = 0, row;
    while ((at = strstr(at, "Baris ")) && sscanf(at, "Baris %u", &row) == 1) {
        assert_true(row > last);
        last = row;
        rows++;
        at++;
    }
    assert_int_equal(rows, 358);
    free(rejects);
}

static void a_hub_that_goes_away_leaves_nothing_behind(void **state)
{
    struct import_test *test = *state;
    jj_buf text = {0};
    jj_buf_puts(&text, HEADER ";Las;;\n");
    for (unsigned i = 0; i < 800; i++) {
        add_person(&text, i, "Las;2019-04-11;80");
    }
    jj_import *import;
    char *path;
    hub_write(&test->hub, "a.csv", text.data, &path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(jj_import_open(&import, &test->options, fd, path, &test->result, &test->err),
                     0);
    assert_int_equal(jj_import_step(import, &test->err), 1);
    test->hub.away = 1;
    assert_int_equal(jj_import_step(import, &test->err), JJ_EUNAVAILABLE);
    assert_false(test->result.refused);
    jj_import_close(import);
    close(fd);
    assert_null(hub_read(&test->hub, "a.ditolak.csv"));
    assert_int_equal(import_text(test, "a.csv", text.data), 0);
    assert_int_equal(test->result.duplicate, 500);
    assert_int_equal(test->result.accepted, 300);
    assert_string_equal(test->result.reject_name, "a.ditolak.csv");
    jj_buf_clear(&text);
    free(path);
}

static void a_dry_run_sends_nothing_and_tells_all(void **state)
{
    struct import_test *test = *state;
    test->options.publish = NULL;
    assert_int_equal(import_text(test, "a.csv",
                                 "NIK;Kejuruan;Tanggal;Nilai;Ragam Disabilitas;Hobi\n"
                                 "3375010101900001;Las;2019-04-11;80;fisik;x\n"
                                 "3375010101900002;Las;2019-04-11;800;;\n"),
                     0);
    assert_int_equal(json_array_size(test->hub.log), 0);
    assert_int_equal(test->result.accepted, 1);
    assert_int_equal(test->result.rejected, 1);
    assert_string_equal(test->result.reject_name, "");
    assert_null(hub_read(&test->hub, "a.ditolak.csv"));
    assert_int_equal(test->result.column_count, 6);
    assert_string_equal(test->result.columns[0].target, "nik");
    assert_string_equal(test->result.columns[4].target, "disability.category");
    assert_null(test->result.columns[5].target);
    assert_string_equal(test->result.columns[5].title, "Hobi");
    assert_int_equal(test->result.notes[0].row, 3);
}

static void ids_depend_on_the_key_and_hide_the_nik(void **state)
{
    struct import_test *test = *state;
    static const unsigned char other[32] = "another key";
    const char *text = HEADER "3375010101900001;Las;2019-04-11;80\n";
    assert_int_equal(import_text(test, "a.csv", text), 0);
    test->options.key = other;
    assert_int_equal(import_text(test, "a.csv", text), 0);
    assert_int_equal(test->result.accepted, 1);
    const char *key;
    json_t *value;
    json_object_foreach(test->hub.events, key, value)
    {
        assert_int_equal(strlen(key), 32);
        assert_null(strstr(key, "1900001"));
    }
}

static void a_long_line_of_json_costs_itself_only(void **state)
{
    struct import_test *test = *state;
    static const char good[] = "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"blk\","
                               "\"type\":\"person.tested\",\"data\":{}}\n";
    jj_buf text = {0};
    jj_buf_printf(&text, good, "a");
    jj_buf_puts(&text, "{\"x\":\"");
    for (int i = 0; i < 70000; i++) {
        jj_buf_puts(&text, "panjang sekali....");
    }
    jj_buf_puts(&text, "\"}\n");
    jj_buf_printf(&text, good, "b");
    assert_int_equal(import_text(test, "a.jsonl", text.data), 0);
    jj_buf_clear(&text);
    assert_int_equal(test->result.accepted, 2);
    assert_int_equal(test->result.rejected, 1);
}

static void count_progress(void *arg, const jj_import_result *result, uint64_t done, uint64_t total)
{
    struct hub *hub = arg;
    (void)result;
    assert_true(done <= total);
    hub->batches++;
}

static void progress_is_told_after_each_batch(void **state)
{
    struct import_test *test = *state;
    jj_buf text = {0};
    jj_buf_puts(&text, HEADER);
    for (unsigned i = 0; i < 1200; i++) {
        add_person(&text, i, "Las;2019-04-11;80");
    }
    test->options.publish = NULL;
    test->options.progress = count_progress;
    assert_int_equal(import_text(test, "a.csv", text.data), 0);
    assert_int_equal(test->hub.batches, 3);
    jj_buf_clear(&text);
}

static int take_all(void *arg, const jj_bytes *events, size_t count, jj_import_verdict *verdicts,
                    jj_error *err)
{
    (void)arg, (void)events, (void)count, (void)verdicts, (void)err;
    return 0;
}

static double cpu_seconds(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

/* The bound is on processor time, which a busy machine does not stretch. A sanitizer needs many
 * times as much, and keeps freed memory. */
static void a_hundred_thousand_rows_take_seconds_and_no_memory(void **state)
{
    struct import_test *test = *state;
    jj_buf text = {0};
    jj_buf_puts(&text, "NIK;Kejuruan;Tanggal;Nilai;Nama;L/P;Persetujuan;Aktif\n");
    for (unsigned i = 0; i < 100000; i++) {
        add_person(&text, i,
                   "Las SMAW 3G;11/04/2019;85,5;Siti Nurjanah Wulandari;P;industri, bank;ya");
    }
    test->options.publish = take_all;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    assert_int_equal(import_text(test, "a.csv", text.data), 0);
    getrusage(RUSAGE_SELF, &after);
    jj_buf_clear(&text);
    assert_int_equal(test->result.accepted, 100000);
    double took = cpu_seconds(&after) - cpu_seconds(&before);
    print_message("100,000 rows: %.2f s of processor time, %ld KiB more\n", took,
                  after.ru_maxrss - before.ru_maxrss);
#ifdef __SANITIZE_ADDRESS__
    assert_true(took < 60);
#else
    assert_true(took < 5);
    assert_true(after.ru_maxrss - before.ru_maxrss < 16 * 1024);
#endif
}

/* Each header that a schema names leads to the property that names it, in all event types. */
static void every_column_name_of_the_schemas_finds_its_property(void **state)
{
    (void)state;
    jj_catalogue *catalogue;
    jj_error err = {0};
    unsigned lost = 0;
    assert_int_equal(jj_catalogue_open(&catalogue, "schemas/events", &err), 0);
    for (size_t t = 0; t < jj_catalogue_count(catalogue); t++) {
        const jj_type *type = jj_catalogue_at(catalogue, t);
        jj_mapping mapping = {0};
        assert_int_equal(jj_mapping_init(&mapping, type, &err), 0);
        for (size_t i = 0; i < mapping.leaf_count; i++) {
            const char *const *names = mapping.leaves[i].property->column_names;
            for (size_t n = 0; names[n]; n++) {
                jj_cell cell = {names[n], strlen(names[n])};
                jj_row row = {.number = 1, .count = 1, .cells = &cell};
                assert_int_equal(jj_mapping_read(&mapping, &row, &err), 0);
                if (mapping.leaves[i].column != 0) {
                    print_error("%s: \"%s\" does not find %s\n", type->name, names[n],
                                mapping.leaves[i].pointer);
                    lost++;
                }
            }
        }
        jj_mapping_clear(&mapping);
    }
    jj_catalogue_close(catalogue);
    assert_int_equal(lost, 0);
}

/* A file with the first header of each property is complete, for every type that files can hold. */
static void a_file_with_all_first_headers_is_complete(void **state)
{
    (void)state;
    jj_catalogue *catalogue;
    jj_error err = {0};
    assert_int_equal(jj_catalogue_open(&catalogue, "schemas/events", &err), 0);
    for (size_t t = 0; t < jj_catalogue_count(catalogue); t++) {
        const jj_type *type = jj_catalogue_at(catalogue, t);
        jj_mapping mapping = {0};
        jj_cell cells[64];
        jj_buf reason = {0};
        assert_int_equal(jj_mapping_init(&mapping, type, &err), 0);
        assert_true(mapping.leaf_count < 64);
        for (size_t i = 0; i < mapping.leaf_count; i++) {
            const char *name = mapping.leaves[i].property->column_names[0];
            name = name ? name : mapping.leaves[i].property->title;
            cells[i] = (jj_cell){name, strlen(name)};
        }
        jj_row row = {.number = 1, .count = mapping.leaf_count, .cells = cells};
        assert_int_equal(jj_mapping_read(&mapping, &row, &err), 0);
        if (jj_mapping_check(&mapping, &reason, &err)) {
            print_error("%s: %s\n%s\n", type->name, err.text, reason.data);
            fail();
        }
        jj_buf_clear(&reason);
        jj_mapping_clear(&mapping);
    }
    jj_catalogue_close(catalogue);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_row_is_refused_with_the_way_to_correct_it),
        TEST(what_the_hub_refuses_is_told_by_the_column),
        TEST(rows_keep_their_order_in_the_reject_file),
        TEST(a_hub_that_goes_away_leaves_nothing_behind),
        TEST(a_dry_run_sends_nothing_and_tells_all),
        TEST(ids_depend_on_the_key_and_hide_the_nik),
        TEST(a_long_line_of_json_costs_itself_only),
        TEST(progress_is_told_after_each_batch),
        TEST(a_hundred_thousand_rows_take_seconds_and_no_memory),
        cmocka_unit_test(every_column_name_of_the_schemas_finds_its_property),
        cmocka_unit_test(a_file_with_all_first_headers_is_complete),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
