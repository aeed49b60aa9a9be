/*
 * Importing files: each file of tests/data/tables/import/<type> with what must come of it beside
 * it. Beyond that every case keeps two laws: imported again, all its events are duplicates; and
 * its reject file, imported as it is, is rejected for the same reasons, whole and nothing else. And
 * nothing that is said about a file holds a long number: a NIK stays where it is.
 */
#include "import/letter.h"
#include "import_hub.h"
#include "table_fixtures.h"

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

static json_t *counts_of(const jj_import_result *result)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"rows", result->rows},           {"accepted", result->accepted},
                  {"duplicate", result->duplicate}, {"rejected", result->rejected},
                  {"blank", result->blank},         {"totals", result->totals},
                  {"warnings", result->warnings}};
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i].value) {
            json_object_set_new(object, counts[i].name, json_integer((json_int_t)counts[i].value));
        }
    }
    return object;
}

static json_t *notes_of(const jj_import_result *result, bool with_row)
{
    json_t *list = json_array();
    for (size_t i = 0; i < result->note_count; i++) {
        const jj_import_note *note = &result->notes[i];
        json_t *entry = json_array();
        if (with_row) {
            json_array_append_new(entry, json_integer((json_int_t)note->row));
            json_array_append_new(entry, json_string(note->warning ? "warning" : "rejected"));
        }
        if (with_row || !note->warning) {
            json_array_append_new(entry, json_string(note->text));
            json_array_append(list, entry);
        }
        json_decref(entry);
    }
    return list;
}

static json_t *unused_of(const jj_import_result *result)
{
    json_t *list = json_array();
    for (size_t i = 0; i < result->column_count; i++) {
        const jj_import_column *column = &result->columns[i];
        if (!column->target || column->spare) {
            json_array_append_new(list, json_string(column->title));
        }
    }
    return list;
}

static void set_unless_empty(json_t *object, const char *name, json_t *value)
{
    size_t size = json_is_array(value) ? json_array_size(value) : json_object_size(value);
    if (size) {
        json_object_set(object, name, value);
    }
    json_decref(value);
}

static json_t *lines_of(const char *text)
{
    json_t *list = json_array();
    while (text && *text) {
        size_t size = strcspn(text, "\n");
        size_t shown = size && text[size - 1] == '\r' ? size - 1 : size;
        json_array_append_new(list, json_stringn(text, shown));
        text += size + (text[size] == '\n');
    }
    return list;
}

static const char *type_of(const char *path, char out[64])
{
    const char *slash = strrchr(path, '/'), *before = slash;
    while (before > path && before[-1] != '/') {
        before--;
    }
    snprintf(out, 64, "%.*s", (int)(slash - before), before);
    return out;
}

static void holds_no_long_number(const char *text)
{
    for (; text && *text; text += strspn(text, "0123456789"), text += *text != '\0') {
        if (strspn(text, "0123456789") > 9) {
            print_error("a long number stands in: %s\n", text);
            fail();
        }
    }
}

static void keeps_numbers_to_itself(const jj_import_result *result, const jj_error *err)
{
    holds_no_long_number(err->text);
    holds_no_long_number(result->reason.data);
    for (size_t i = 0; i < result->note_count; i++) {
        holds_no_long_number(result->notes[i].text);
    }
}

static void describe(const struct hub *hub, int rc, const jj_import_result *result,
                     const jj_error *err, json_t *come)
{
    set_unless_empty(come, "counts", counts_of(result));
    set_unless_empty(come, "unused", unused_of(result));
    set_unless_empty(come, "notes", notes_of(result, true));
    if (rc) {
        assert_true(result->refused);
        json_object_set_new(come, "error",
                            json_pack("[s, i, s]", jj_code_name(rc), err->line, err->text));
        json_object_set_new(come, "reason", lines_of(result->reason.data));
    }
    jj_buf remarks = {0};
    jj_letter_remarks(&remarks, "x", result);
    set_unless_empty(come, "remarks", lines_of(remarks.data));
    jj_buf_clear(&remarks);
    if (*result->reject_name) {
        char *text = hub_read(hub, result->reject_name);
        json_object_set_new(come, "reject_name", json_string(result->reject_name));
        json_object_set_new(come, "reject", lines_of(text));
        free(text);
    }
    json_t *events = json_array();
    for (size_t i = 0; i < json_array_size(hub->log); i++) {
        json_array_append_new(events,
                              json_loads(json_string_value(json_array_get(hub->log, i)), 0, NULL));
    }
    set_unless_empty(come, "events", events);
}

static void again_all_are_duplicates(const jj_import_options *options, const char *path,
                                     const jj_import_result *first)
{
    jj_import_result result = {0};
    assert_int_equal(jj_import_file(options, path, &result, NULL), 0);
    assert_int_equal(result.accepted, 0);
    assert_int_equal(result.duplicate, first->accepted + first->duplicate);
    assert_int_equal(result.rejected, first->rejected);
    assert_string_equal(result.reject_name, first->reject_name); /* the same content: no second */
    jj_import_result_clear(&result);
}

static void rejects_are_rejected_alike(struct hub *hub, const jj_import_options *options,
                                       const jj_import_result *first)
{
    jj_import_result result = {0};
    size_t before = json_array_size(hub->log);
    char path[400];
    snprintf(path, sizeof path, "%s/%s", hub->folder, first->reject_name);
    assert_int_equal(jj_import_file(options, path, &result, NULL), 0);
    assert_int_equal(json_array_size(hub->log), before);
    assert_int_equal(result.rejected, first->rejected);
    json_t *notes = notes_of(&result, false), *expected = notes_of(first, false);
    assert_true(json_equal(notes, expected));
    json_decref(notes);
    json_decref(expected);
    jj_import_result_clear(&result);
}

static void import_one(const char *path, const json_t *expected, json_t **come)
{
    struct hub hub;
    char type[64];
    jj_error err = {0};
    jj_import_result result = {0};
    (void)expected;
    hub_open(&hub);
    jj_import_options options = hub_options(&hub, type_of(path, type));
    options.reject_folder = open(hub.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *come = json_object();
    int rc = jj_import_file(&options, path, &result, &err);
    describe(&hub, rc, &result, &err, *come);
    keeps_numbers_to_itself(&result, &err);
    if (rc == 0) {
        again_all_are_duplicates(&options, path, &result);
    }
    if (rc == 0 && *result.reject_name) {
        rejects_are_rejected_alike(&hub, &options, &result);
    }
    jj_import_result_clear(&result);
    close(options.reject_folder);
    hub_close(&hub);
}

int main(void)
{
    int failed =
        run_fixtures("import person", "tests/data/tables/import/person.tested", import_one);
    return failed +
           run_fixtures("import entity", "tests/data/tables/import/vacancy.tested", import_one);
}
