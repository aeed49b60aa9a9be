/*
 * Reading tables: each file of tests/data/tables/read, with what must come of it beside it. The
 * expectation's "sheet" is asked for; rows beyond those that it lists are not looked at if it says
 * "more".
 */
#include "table/table.h"
#include "table_fixtures.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const faults[] = {
    "none",      "empty",   "not_table", "old_excel", "web_page",     "encoding", "open_quote",
    "cell_size", "columns", "size",      "workbook",  "not_workbook", "sheet"};

static json_t *failure(int code, enum jj_fault fault, const jj_error *err)
{
    assert_int_equal(code, err->code);
    assert_true(*err->text);
    return json_pack("{s:s, s:s, s:i, s:i}", "code", jj_code_name(code), "fault", faults[fault],
                     "row", err->line, "column", err->column);
}

static json_t *row_of(const jj_row *row)
{
    json_t *cells = json_array();
    json_array_append_new(cells, json_integer((json_int_t)row->number));
    for (size_t i = 0; i < row->count; i++) {
        assert_int_equal(strlen(row->cells[i].text), row->cells[i].length);
        json_array_append_new(cells, json_string(row->cells[i].text));
    }
    return cells;
}

static void read_rows(jj_table *table, const json_t *expected, json_t *come)
{
    json_t *rows = json_array();
    bool more = json_is_true(json_object_get(expected, "more"));
    size_t wanted = json_array_size(json_object_get(expected, "rows"));
    jj_row row;
    enum jj_fault fault = JJ_FAULT_NONE;
    jj_error err = {0};
    int rc;
    while ((rc = jj_table_next(table, &row, &fault, &err)) == 1) {
        if (!more || json_array_size(rows) < wanted) {
            json_array_append_new(rows, row_of(&row));
        }
    }
    json_object_set_new(come, "rows", rows);
    if (more) {
        json_object_set_new(come, "more", json_true());
    }
    if (rc < 0) {
        json_object_set_new(come, "error", failure(rc, fault, &err));
    } else {
        assert_int_equal(jj_table_next(table, &row, &fault, &err), 0);
    }
}

static void read_one(const char *path, const json_t *expected, json_t **come)
{
    const char *sheet = json_string_value(json_object_get(expected, "sheet"));
    jj_table_options options = {.sheet = sheet};
    jj_table *table;
    enum jj_fault fault = JJ_FAULT_NONE;
    jj_error err = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    *come = json_object();
    int rc = jj_table_open(&table, fd, &options, &fault, &err);
    if (rc) {
        json_object_set_new(*come, "error", failure(rc, fault, &err));
    } else {
        jj_table_form form = jj_table_form_of(table);
        char delimiter[2] = {form.delimiter, '\0'};
        json_object_set_new(
            *come, "form",
            json_pack("[s, s, s, s?]", form.format, form.encoding, delimiter, form.sheet));
        read_rows(table, expected, *come);
        jj_table_close(table);
    }
    if (sheet) {
        json_object_set_new(*come, "sheet", json_string(sheet));
    }
    close(fd);
}

int main(void)
{
    return run_fixtures("table_read", "tests/data/tables/read", read_one);
}
