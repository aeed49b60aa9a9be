/*
 * Verdicts: every file of tests/data/schema-suite is a test, in the layout of the official
 * JSON-Schema-Test-Suite (groups of a schema and values that are valid or not). A group with
 * "refused" instead of "tests" names the JSON pointer at which the schema must be refused and
 * words that the reason must hold. A new case needs no code.
 *
 * Where Debian's copies of the official suite are installed (libtest-json-schema-acceptance-perl
 * for 2020-12, json-schema-test-suite for draft 7), or JJ_SCHEMA_SUITE names a folder of one, no
 * schema of theirs that is accepted may get a wrong verdict.
 */
#include "schema/schema.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OWN      "tests/data/schema-suite"
#define OFFICIAL "/usr/share/perl5/auto/share/dist/Test-JSON-Schema-Acceptance/tests/draft2020-12"
#define DRAFT_7  "/usr/share/json-schema-test-suite/tests/draft7"

#define FILES_MAX 128

struct tally {
    const char *file;
    unsigned accepted, refused, wrong;
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* The report of an invalid value tells at least one problem, and nothing of the value's texts. */
static void check_report(struct tally *tally, const json_t *value, const jj_report *report)
{
    bool ok = report->count > 0 && !report->exhausted;
    const char *text = json_string_value(value);
    for (size_t i = 0; i < report->count && i < JJ_PROBLEMS_MAX; i++) {
        const jj_problem *problem = &report->list[i];
        ok = ok && problem->keyword && problem->expected[0];
        ok = ok && (!text || strlen(text) < 12 || !strstr(problem->expected, text));
    }
    tally->wrong += !ok;
}

static void check_value(struct tally *tally, const jj_schema *schema, const char *group,
                        const json_t *test)
{
    const json_t *value = json_object_get(test, "data");
    bool expected = json_is_true(json_object_get(test, "valid"));
    jj_report report = {0};
    bool verdict = jj_schema_check(schema, value, &report);
    tally->accepted++;
    if (verdict != expected || jj_schema_check(schema, value, NULL) != expected) {
        print_error("%s: %s: %s: found %s\n", tally->file, group, text_of(test, "description"),
                    verdict ? "valid" : "invalid");
        tally->wrong++;
    } else if (!verdict) {
        check_report(tally, value, &report);
    }
}

static void check_refusal(struct tally *tally, const json_t *group, const jj_error *err)
{
    const char *pointer = text_of(group, "refused"), *reason = text_of(group, "because");
    tally->accepted++;
    if (err->code != JJ_ECONFIG || strcmp(err->field, pointer) != 0 || !*reason ||
        !strstr(err->text, reason)) {
        print_error("%s: %s: refused at '%s' (%s), not at '%s' (%s)\n", tally->file,
                    text_of(group, "description"), err->field, err->text, pointer, reason);
        tally->wrong++;
    }
}

static void check_group(struct tally *tally, const json_t *group)
{
    const json_t *tests = json_object_get(group, "tests");
    bool refusal = json_object_get(group, "refused") != NULL;
    jj_schema *schema = NULL;
    jj_error err = {0};
    int rc = jj_schema_compile(&schema, json_object_get(group, "schema"), "schema", OWN, &err);
    if (refusal && rc) {
        check_refusal(tally, group, &err);
    } else if (refusal) {
        print_error("%s: %s: not refused\n", tally->file, text_of(group, "description"));
        tally->wrong++;
    } else if (rc) {
        tally->refused += (unsigned)json_array_size(tests);
    }
    for (size_t i = 0; !rc && i < json_array_size(tests); i++) {
        check_value(tally, schema, text_of(group, "description"), json_array_get(tests, i));
    }
    jj_schema_close(schema);
}

static void check_file(struct tally *tally, const char *path)
{
    json_error_t error;
    json_t *groups = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    tally->file = path;
    if (!groups) {
        fail_msg("%s:%d: %s", path, error.line, error.text);
    }
    for (size_t i = 0; i < json_array_size(groups); i++) {
        check_group(tally, json_array_get(groups, i));
    }
    json_decref(groups);
}

static int is_json(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".json") == 0;
}

static size_t list_files(const char *folder, char **paths)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_json, alphasort);
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        if (used < FILES_MAX && asprintf(&paths[used], "%s/%s", folder, entries[i]->d_name) > 0) {
            used++;
        }
        free(entries[i]);
    }
    free(entries);
    return used;
}

static void own_file(void **state)
{
    struct tally tally = {0};
    check_file(&tally, *state);
    assert_int_equal(tally.wrong, 0);
    assert_int_equal(tally.refused, 0);
    assert_true(tally.accepted > 0);
}

static struct tally check_folder(const char *folder)
{
    char *paths[FILES_MAX];
    size_t count = folder ? list_files(folder, paths) : 0;
    struct tally tally = {0};
    for (size_t i = 0; i < count; i++) {
        check_file(&tally, paths[i]);
        free(paths[i]);
    }
    if (count == 0) {
        skip();
    }
    print_message("%s: %u accepted, %u refused, %u wrong\n", folder, tally.accepted, tally.refused,
                  tally.wrong);
    return tally;
}

/* 780 of 1,299 tests is what this validator promises. */
static void official_2020_12(void **state)
{
    struct tally tally = check_folder(*state);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.accepted * 1299 >= (tally.accepted + tally.refused) * 780);
}

/* Drafts differ, but no schema of draft 7 may be accepted and then understood in another way. */
static void official_draft_7(void **state)
{
    struct tally tally = check_folder(*state);
    assert_int_equal(tally.wrong, 0);
}

int main(void)
{
    char *paths[FILES_MAX];
    size_t count = list_files(OWN, paths);
    struct CMUnitTest tests[FILES_MAX + 3];
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){strrchr(paths[i], '/') + 1, own_file, NULL, NULL, paths[i]};
    }
    tests[count] = (struct CMUnitTest){"suite named by JJ_SCHEMA_SUITE", official_2020_12, NULL,
                                       NULL, getenv("JJ_SCHEMA_SUITE")};
    tests[count + 1] = (struct CMUnitTest){"official suite, draft 2020-12", official_2020_12, NULL,
                                           NULL, (char[]){OFFICIAL}};
    tests[count + 2] = (struct CMUnitTest){"official suite, draft 7", official_draft_7, NULL, NULL,
                                           (char[]){DRAFT_7}};
    if (count == 0) {
        fprintf(stderr, "no cases in %s: run the tests from the project's folder\n", OWN);
        return 1;
    }
    int failed = _cmocka_run_group_tests("schema suite", tests, count + 3, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        free(paths[i]);
    }
    return failed;
}
