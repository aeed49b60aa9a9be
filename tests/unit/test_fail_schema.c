/*
 * Schemas without memory: every allocation of a compilation, of a check and of a catalogue fails
 * once. What cannot be compiled is refused as such, and leaves nothing behind; a value is never
 * judged otherwise than with memory, but may be refused without a verdict.
 */
#include "fail.h"
#include "schema/catalogue.h"
#include "schema/schema.h"
#include "json/load.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SUITE "tests/data/schema-suite"

static void assert_no_memory(int rc, const jj_error *err)
{
    assert_int_equal(rc, JJ_EMEMORY);
    assert_int_equal(err->code, JJ_EMEMORY);
    assert_string_equal(err->text, "out of memory");
}

/* ---- One schema --------------------------------------------------------------------------- */

static void assert_judges(const jj_schema *schema, const json_t *tests)
{
    size_t i;
    json_t *test;
    json_array_foreach(tests, i, test)
    {
        bool valid = json_is_true(json_object_get(test, "valid"));
        assert_int_equal(jj_schema_check(schema, json_object_get(test, "data"), NULL), valid);
    }
}

/* The schema, or NULL where it is refused for what it says. */
static jj_schema *compile(const json_t *group)
{
    jj_schema *schema = NULL;
    for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
        jj_error err = {0};
        jj_schema_close(schema);
        schema = NULL;
        int rc = jj_schema_compile(&schema, json_object_get(group, "schema"), "s", SUITE, &err);
        bool hit = fail_end();
        if (rc == 0) {
            assert_judges(schema, json_object_get(group, "tests"));
        } else if (!hit || rc != JJ_EMEMORY) {
            assert_int_equal(rc, JJ_ECONFIG);
            assert_string_equal(err.field, json_string_value(json_object_get(group, "refused")));
        } else {
            assert_no_memory(rc, &err);
        }
    }
    return schema;
}

static void check(const jj_schema *schema, const json_t *value)
{
    bool valid = jj_schema_check(schema, value, NULL);
    for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
        jj_report report = {0};
        bool verdict = jj_schema_check(schema, value, &report);
        bool hit = fail_end();
        assert_true(verdict == valid || (hit && !verdict && report.exhausted));
        assert_true(verdict || report.count || report.exhausted);
    }
}

static void check_file(const char *path)
{
    json_t *groups = NULL;
    size_t g, t;
    json_t *group, *test;
    assert_int_equal(jj_json_load_file(&groups, path, SIZE_MAX, NULL), 0);
    json_array_foreach(groups, g, group)
    {
        jj_schema *schema = compile(group);
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            if (schema) {
                check(schema, json_object_get(test, "data"));
            }
        }
        jj_schema_close(schema);
    }
    json_decref(groups);
}

static void every_keyword_lives_without_memory(void **state)
{
    DIR *folder = opendir(SUITE);
    unsigned files = 0;
    (void)state;
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            char path[300];
            snprintf(path, sizeof path, SUITE "/%s", entry->d_name);
            check_file(path);
            files++;
        }
    }
    closedir(folder);
    assert_true(files >= 10);
}

/* ---- Wherever memory ends ------------------------------------------------------------------ */

static const char everything[] =
    "{\"$defs\":{\"a\":{\"$anchor\":\"here\",\"type\":\"integer\"}},\"type\":[\"object\",\"null\"],"
    "\"properties\":{\"n\":{\"minimum\":1,\"maximum\":5,\"exclusiveMinimum\":0,\"multipleOf\":2,"
    "\"x-class\":\"public\",\"x-audience\":[\"blk\"],\"x-consent\":[\"blk\"]},"
    "\"s\":{\"minLength\":1,\"maxLength\":50,\"pattern\":\"^a+(b|c)[d-f]{2,3}$\",\"format\":"
    "\"date\"},"
    "\"l\":{\"prefixItems\":[true],\"items\":{\"type\":\"integer\"},\"contains\":{\"const\":1},"
    "\"minContains\":1,\"maxContains\":3,\"minItems\":1,\"maxItems\":4,\"uniqueItems\":true},"
    "\"e\":{\"enum\":[1,\"a\",null,{\"b\":[1.5]}]},\"c\":{\"const\":{\"x\":1}},"
    "\"r\":{\"$ref\":\"#/$defs/a\"},\"h\":{\"$ref\":\"#here\"}},"
    "\"patternProperties\":{\"^x\":{\"type\":\"string\"}},\"additionalProperties\":false,"
    "\"propertyNames\":{\"minLength\":1},\"required\":[\"n\"],"
    "\"dependentRequired\":{\"s\":[\"n\"]},\"dependentSchemas\":{\"l\":{\"minProperties\":2}},"
    "\"minProperties\":1,\"maxProperties\":9,\"allOf\":[true],\"anyOf\":[true,false],"
    "\"oneOf\":[{\"required\":[\"n\"]}],\"not\":{\"required\":[\"q\"]},"
    "\"if\":{\"required\":[\"e\"]},\"then\":{\"required\":[\"n\"]},\"else\":{\"required\":[\"n\"]}"
    "}";

#define BLOCK_BYTES 8192 /* memory is asked for in blocks of so much, see arena.c */
#define STEP_BYTES  32

/* The same schema with another property, whose name is so long, in front. */
static json_t *with_long_name(size_t length)
{
    char name[BLOCK_BYTES + 1];
    json_t *schema = json_loads(everything, JSON_REJECT_DUPLICATES, NULL), *whole = json_object();
    json_t *properties = json_object();
    assert_non_null(schema);
    memset(name, 'a', length);
    name[length] = '\0';
    json_object_set_new(properties, name, json_true());
    json_object_update(properties, json_object_get(schema, "properties"));
    json_object_set_new(whole, "properties", properties);
    json_object_update_missing(whole, schema);
    json_decref(schema);
    return whole;
}

/* So that each piece of memory of a schema is once the first of a block that is not to be had. */
static void a_schema_is_whole_wherever_memory_ends(void **state)
{
    json_t *wrong = json_loads("{\"n\":2,\"l\":[1,1]}", 0, NULL);
    json_t *right = json_loads("{\"n\":2,\"l\":[1,2],\"e\":{\"b\":[1.5]}}", 0, NULL);
    (void)state;
    for (size_t length = 1; length < BLOCK_BYTES; length += STEP_BYTES) {
        json_t *json = with_long_name(length);
        for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
            jj_schema *schema = NULL;
            jj_error err = {0};
            int rc = jj_schema_compile(&schema, json, "s", SUITE, &err);
            bool hit = fail_end();
            if (rc) {
                assert_true(hit);
                assert_no_memory(rc, &err);
            } else {
                assert_true(jj_schema_check(schema, right, NULL));
                assert_false(jj_schema_check(schema, wrong, NULL));
            }
            jj_schema_close(schema);
        }
        json_decref(json);
    }
    json_decref(wrong);
    json_decref(right);
}

/* ---- From files --------------------------------------------------------------------------- */

/* One that is lost may be made up for, then all is as it should be. */
static void assert_failed_or_done(int rc, const jj_error *err, bool hit, const void *made)
{
    if (rc || !hit) {
        assert_int_equal(rc != 0, hit);
        assert_true(!hit || (made == NULL && err->code == rc && err->text[0]));
    }
}

static void a_file_that_cannot_be_read_is_a_refusal(void **state)
{
    jj_schema *schema = NULL;
    unsigned n = 1;
    (void)state;
    for (; fail_next(FAIL_MEMORY | FAIL_FILE, n); n++) {
        jj_error err = {0};
        jj_schema_close(schema);
        schema = NULL;
        int rc = jj_schema_open(&schema, "tests/data/schema-files/main.json", &err);
        assert_failed_or_done(rc, &err, fail_end(), schema);
    }
    assert_true(n > 20);
    jj_schema_close(schema);
}

static void a_catalogue_is_whole_or_not_there(void **state)
{
    jj_catalogue *catalogue = NULL;
    unsigned n = 1;
    (void)state;
    for (; fail_next(FAIL_MEMORY | FAIL_FILE, n); n++) {
        jj_error err = {0};
        jj_catalogue_close(catalogue);
        catalogue = NULL;
        int rc = jj_catalogue_open(&catalogue, "tests/data/catalogue", &err);
        assert_failed_or_done(rc, &err, fail_end(), catalogue);
        if (catalogue) {
            assert_int_equal(jj_catalogue_count(catalogue), 2);
        }
    }
    assert_true(n > 100);
    jj_catalogue_close(catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_keyword_lives_without_memory),
        cmocka_unit_test(a_schema_is_whole_wherever_memory_ends),
        cmocka_unit_test(a_file_that_cannot_be_read_is_a_refusal),
        cmocka_unit_test(a_catalogue_is_whole_or_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
