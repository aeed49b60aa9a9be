/*
 * Tables without memory, and from files that cannot be read: every call that a reader makes fails
 * once, for each file of tests/data/tables/read. The rows are those that the file has, or there is
 * an error, and then the file is never said to be at fault for it; nothing stays open.
 */
#include "fail.h"
#include "table/table.h"
#include "table/xlsx.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER    "tests/data/tables/read"
#define ALL_KINDS (FAIL_MEMORY | FAIL_FILE | FAIL_LIBRARY)
#define ROWS_MAX  200 /* that are looked at */

/* What came of a file. Written where no memory is needed. */
typedef struct outcome {
    int rc;
    enum jj_fault fault;
    jj_error err;
    size_t size;
    char text[1 << 18];
} outcome;

static void note(outcome *out, const char *text, size_t length)
{
    size_t room = sizeof out->text - 1 - out->size;
    length = length < room ? length : room;
    memcpy(out->text + out->size, text, length);
    out->size += length;
    out->text[out->size] = '\0';
}

static void note_row(outcome *out, const jj_row *row)
{
    char number[32];
    int length = snprintf(number, sizeof number, "%llu:", (unsigned long long)row->number);
    note(out, number, (size_t)length);
    for (size_t i = 0; i < row->count; i++) {
        note(out, row->cells[i].text, row->cells[i].length);
        note(out, "|", 1);
    }
    note(out, "\n", 1);
}

static void read_table(outcome *out, int fd)
{
    jj_table *table = NULL;
    jj_row row;
    unsigned rows = 0;
    out->size = 0;
    out->text[0] = '\0';
    out->fault = JJ_FAULT_NONE;
    out->err = (jj_error){0};
    out->rc = jj_table_open(&table, fd, NULL, &out->fault, &out->err);
    while (table && rows++ < ROWS_MAX &&
           (out->rc = jj_table_next(table, &row, &out->fault, &out->err)) == 1) {
        note_row(out, &row);
    }
    jj_table_close(table);
}

static size_t open_files(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

static void assert_whole_or_failed(const outcome *came, const outcome *wanted, bool hit,
                                   const char *name)
{
    if (came->rc == wanted->rc && came->fault == wanted->fault) {
        assert_string_equal(came->text, wanted->text);
        return;
    }
    if (!hit || came->fault != JJ_FAULT_NONE ||
        (came->rc != JJ_EMEMORY && came->rc != JJ_ESYSTEM) || came->err.code != came->rc ||
        !came->err.text[0]) {
        fail_msg("%s: %d, fault %d, \"%s\", after %u failures", name, came->rc, (int)came->fault,
                 came->err.text, (unsigned)hit);
    }
    assert_memory_equal(came->text, wanted->text, came->size); /* the rows before it */
}

static void fail_each_call(const char *name, outcome *came, outcome *wanted)
{
    char path[512];
    snprintf(path, sizeof path, FOLDER "/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    read_table(wanted, fd);
    size_t files = open_files();
    for (unsigned n = 1; fail_next(ALL_KINDS, n); n++) {
        read_table(came, fd);
        bool hit = fail_end();
        assert_whole_or_failed(came, wanted, hit, name);
    }
    assert_int_equal(open_files(), files);
    close(fd);
}

static void a_table_is_read_as_it_is_or_not(void **state)
{
    outcome *came = calloc(2, sizeof *came);
    DIR *folder = opendir(FOLDER);
    (void)state;
    assert_non_null(came);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] != '.' && strcmp(entry->d_name + length - 5, ".json") != 0) {
            fail_each_call(entry->d_name, &came[0], &came[1]);
        }
    }
    closedir(folder);
    free(came);
}

/* ---- Writing ------------------------------------------------------------------------------ */

static int write_workbook(jj_buf *out, jj_error *err)
{
    jj_xlsx *xlsx = NULL;
    int rc = jj_xlsx_new(&xlsx, "Uji", err);
    if (rc) {
        return rc;
    }
    jj_xlsx_column(xlsx, "Kode", 10);
    jj_xlsx_column(xlsx, "Nilai", 10);
    for (int i = 0; i < 20; i++) {
        jj_xlsx_text(xlsx, "33.75");
        jj_xlsx_number(xlsx, JJ_XLSX_RUPIAH, "1250000");
        jj_xlsx_row(xlsx);
    }
    rc = jj_xlsx_finish(xlsx, out, err);
    jj_xlsx_free(xlsx);
    return rc;
}

static void a_workbook_is_written_whole_or_not(void **state)
{
    jj_buf wanted = {0};
    (void)state;
    assert_int_equal(write_workbook(&wanted, NULL), 0);
    for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
        jj_buf came = {0};
        jj_error err = {0};
        int rc = write_workbook(&came, &err);
        bool hit = fail_end();
        assert_int_equal(rc, hit ? JJ_EMEMORY : 0);
        assert_string_equal(err.text, hit ? "out of memory while writing a workbook" : "");
        assert_true(hit ||
                    (came.size == wanted.size && memcmp(came.data, wanted.data, wanted.size) == 0));
        jj_buf_clear(&came);
    }
    jj_buf_clear(&wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_read_as_it_is_or_not),
        cmocka_unit_test(a_workbook_is_written_whole_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
