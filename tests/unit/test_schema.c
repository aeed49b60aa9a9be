/*
 * What the suite of verdicts does not reach: files, reports, budgets, formats by name.
 */
#include "schema/schema.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILES "tests/data/schema-files"

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    if (!value) {
        fail_msg("%s: %s", text, error.text);
    }
    return value;
}

static jj_schema *compile(const char *text)
{
    jj_error err;
    jj_schema *schema = NULL;
    json_t *document = parse(text);
    if (jj_schema_compile(&schema, document, "test", NULL, &err)) {
        fail_msg("%s: %s", err.field, err.text);
    }
    json_decref(document); /* the schema must not need it any more */
    return schema;
}

static bool check(const jj_schema *schema, const char *text, jj_report *report)
{
    json_t *value = parse(text);
    bool valid = jj_schema_check(schema, value, report);
    json_decref(value);
    return valid;
}

/* "keyword field: expected" of each problem, a line each. */
static void assert_report(const char *schema_text, const char *value, const char *expected)
{
    jj_schema *schema = compile(schema_text);
    jj_report report;
    jj_buf lines = {0};
    assert_false(check(schema, value, &report));
    for (size_t i = 0; i < report.count && i < JJ_PROBLEMS_MAX; i++) {
        jj_buf_printf(&lines, "%s %s: %s\n", report.list[i].keyword, report.list[i].field,
                      report.list[i].expected);
    }
    assert_false(report.exhausted);
    assert_string_equal(lines.data, expected);
    jj_buf_clear(&lines);
    jj_schema_close(schema);
}

static void files_refer_to_one_another(void **state)
{
    jj_error err;
    jj_schema *schema = NULL;
    (void)state;
    assert_int_equal(jj_schema_open(&schema, FILES "/main.json", &err), 0);
    assert_true(check(schema, "{\"code\": \"AB\", \"anchored\": \"C\", \"back\": 3}", NULL));
    assert_true(check(schema, "{\"tree\": {\"next\": {\"next\": {\"leaf\": \"green\"}}}}", NULL));
    assert_false(check(schema, "{\"code\": \"ab\"}", NULL));
    assert_false(check(schema, "{\"anchored\": \"ab\"}", NULL));
    assert_false(check(schema, "{\"back\": \"3\"}", NULL));
    assert_false(check(schema, "{\"tree\": {\"next\": {\"next\": {\"leaf\": \"red\"}}}}", NULL));
    jj_schema_close(schema);
}

static void assert_refused(const char *path, const char *file, const char *field, const char *text)
{
    jj_error err = {0};
    jj_schema *schema = NULL;
    assert_int_equal(jj_schema_open(&schema, path, &err), JJ_ECONFIG);
    assert_int_equal(err.code, JJ_ECONFIG);
    assert_null(schema);
    assert_string_equal(err.file, file);
    assert_string_equal(err.field, field);
    if (!strstr(err.text, text)) {
        fail_msg("%s does not hold %s", err.text, text);
    }
}

static void a_refusal_names_the_file_it_is_about(void **state)
{
    (void)state;
    assert_refused(FILES "/broken_below.json", FILES "/_broken.json", "/$defs/a/minimun",
                   "did you mean minimum?");
    assert_refused(FILES "/no_file.json", FILES "/no_file.json", "/properties/a/$ref",
                   "missing.json");
    assert_refused(FILES "/missing.json", FILES "/missing.json", "", "");
}

static void a_refusal_of_text_that_is_not_json_has_a_line(void **state)
{
    jj_error err = {0};
    jj_schema *schema = NULL;
    (void)state;
    assert_int_equal(jj_schema_open(&schema, FILES "/not_json.json", &err), JJ_ECONFIG);
    assert_string_equal(err.file, FILES "/not_json.json");
    assert_int_equal(err.line, 3);
}

static void relative_references_need_a_folder(void **state)
{
    jj_error err = {0};
    jj_schema *schema = NULL;
    json_t *document = parse("{\"$ref\": \"_parts.json#code\"}");
    (void)state;
    assert_int_equal(jj_schema_compile(&schema, document, "x", NULL, &err), JJ_ECONFIG);
    assert_non_null(strstr(err.text, "no folder"));
    assert_string_equal(err.file, "x");
    assert_int_equal(jj_schema_compile(&schema, document, "x", FILES, &err), 0);
    assert_true(check(schema, "\"AB\"", NULL));
    assert_false(check(schema, "\"ab\"", NULL));
    jj_schema_close(schema);
    json_decref(document);
}

static void all_problems_are_reported(void **state)
{
    (void)state;
    assert_report("{\"type\": \"object\", \"required\": [\"date\", \"year\"], \"properties\": {"
                  "\"year\": {\"type\": \"integer\", \"minimum\": 1970},"
                  "\"kind\": {\"enum\": [\"a\", \"b\"]},"
                  "\"name\": {\"type\": \"string\", \"maxLength\": 3, \"pattern\": \"^[a-z]*$\"},"
                  "\"list\": {\"items\": {\"type\": [\"string\", \"null\"]}, \"maxItems\": 1}},"
                  "\"additionalProperties\": false}",
                  "{\"year\": 12, \"kind\": \"c\", \"name\": \"Sutrisno\", \"list\": [1, true], "
                  "\"yaer\": 1}",
                  "minimum /year: at least 1970\n"
                  "enum /kind: one of \"a\", \"b\"\n"
                  "maxLength /name: at most 3 characters\n"
                  "pattern /name: a text that matches ^[a-z]*$\n"
                  "maxItems /list: at most 1 item\n"
                  "type /list/0: null or string\n"
                  "type /list/1: null or string\n"
                  "additionalProperties /yaer: no member of this name; did you mean year?\n"
                  "required /date: this member, which is missing\n");
}

/* A rule that holds says nothing beside one that was broken before it. */
static void only_what_is_broken_is_reported(void **state)
{
    static const char *const broken[][3] = {
        {"{\"minItems\": 3, \"items\": {\"type\": \"integer\"}}", "[1]", "minItems"},
        {"{\"maxItems\": 1, \"contains\": {\"const\": 1}}", "[1, 2]", "maxItems"},
        {"{\"minItems\": 3, \"uniqueItems\": true}", "[1, 2]", "minItems"},
        {"{\"properties\": {\"a\": {\"type\": \"string\"}}, \"patternProperties\": {\"^a\": "
         "{\"maximum\": 5}}}",
         "{\"a\": 1}", "type"},
        {"{\"properties\": {\"a\": {\"type\": \"string\"}}, \"propertyNames\": {\"maxLength\": 3}}",
         "{\"a\": 1}", "type"},
        {"{\"additionalProperties\": {\"type\": \"string\"}, \"propertyNames\": {\"maxLength\": "
         "3}}",
         "{\"a\": 1}", "type"},
        {"{\"minProperties\": 2, \"dependentSchemas\": {\"a\": {\"required\": [\"a\"]}}}",
         "{\"a\": 1}", "minProperties"},
        {"{\"required\": [\"b\"], \"dependentRequired\": {\"a\": [\"a\"]}}", "{\"a\": 1}",
         "required"},
        {"{\"minLength\": 3, \"pattern\": \"a\"}", "\"a\"", "minLength"},
        {"{\"minLength\": 11, \"format\": \"date\"}", "\"2020-01-01\"", "minLength"},
        {"{\"not\": {\"type\": \"integer\"}, \"if\": {\"const\": 1}, \"then\": {\"minimum\": 1}}",
         "1", "not"},
        {"{\"not\": {\"type\": \"integer\"}, \"allOf\": [true, {\"minimum\": 1}]}", "1", "not"},
        {"{\"type\": \"string\", \"enum\": [1]}", "1", "type"},
        {"{\"minimum\": 2, \"multipleOf\": 1}", "1", "minimum"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        jj_schema *schema = compile(broken[i][0]);
        jj_report report;
        assert_false(check(schema, broken[i][1], &report));
        if (report.count != 1 || strcmp(report.list[0].keyword, broken[i][2]) != 0) {
            fail_msg("%s: %zu problems, the first of %s", broken[i][0], report.count,
                     report.list[0].keyword);
        }
        jj_schema_close(schema);
    }
}

static void each_keyword_says_what_it_expected(void **state)
{
    (void)state;
    assert_report("{\"const\": 1.5}", "2", "const : 1.5\n");
    assert_report("{\"enum\": []}", "2", "enum : nothing: no value is allowed\n");
    assert_report("{\"exclusiveMaximum\": 0.1, \"multipleOf\": 2}", "3",
                  "exclusiveMaximum : less than 0.1\nmultipleOf : a multiple of 2\n");
    assert_report("{\"exclusiveMinimum\": 1e21}", "3", "exclusiveMinimum : more than 1e+21\n");
    assert_report("{\"maximum\": -1}", "3", "maximum : at most -1\n");
    assert_report("{\"minLength\": 2}", "\"a\"", "minLength : at least 2 characters\n");
    assert_report("{\"format\": \"nik\"}", "\"a\"",
                  "format : a NIK: 16 digits with a possible birth date and a serial number\n");
    assert_report("{\"uniqueItems\": true}", "[1, 2, 1]",
                  "uniqueItems : items that all differ: 0 and 2 are equal\n");
    assert_report("{\"contains\": {\"const\": 1}}", "[2]",
                  "contains : at least 1 item of the kind asked for\n");
    assert_report("{\"contains\": {\"const\": 1}, \"minContains\": 2}", "[1]",
                  "minContains : at least 2 items of the kind asked for\n");
    assert_report("{\"contains\": {\"const\": 1}, \"maxContains\": 1}", "[1, 1]",
                  "maxContains : at most 1 item of the kind counted\n");
    assert_report("{\"minItems\": 1}", "[]", "minItems : at least 1 item\n");
    assert_report("{\"minProperties\": 1}", "{}", "minProperties : at least 1 member\n");
    assert_report("{\"maxProperties\": 0}", "{\"a\": 1}", "maxProperties : at most 0 members\n");
    assert_report("{\"propertyNames\": {\"maxLength\": 2}}", "{\"abc\": 1}",
                  "maxLength /abc: at most 2 characters\n");
    assert_report("{\"dependentRequired\": {\"a\": [\"b\"]}}", "{\"a\": 1}",
                  "dependentRequired /b: this member, because there is a\n");
    assert_report("{\"items\": false}", "[1]", "false /0: nothing: no value is allowed here\n");
    assert_report("{\"anyOf\": [{\"const\": 1}, {\"const\": 2}]}", "3",
                  "anyOf : what at least one of 2 alternatives asks for\n");
    assert_report("{\"oneOf\": [{\"const\": 1}, {\"const\": 2}]}", "3",
                  "oneOf : what exactly one of 2 alternatives asks for, not none\n");
    assert_report("{\"oneOf\": [true, true]}", "3",
                  "oneOf : what exactly one of 2 alternatives asks for, not several\n");
    assert_report("{\"not\": true}", "3", "not : anything but what the schema excludes here\n");
    assert_report("{\"if\": true, \"then\": {\"const\": 1}}", "3", "const : 1\n");
}

static void pointers_are_escaped(void **state)
{
    (void)state;
    assert_report("{\"properties\": {\"a/b\": {\"items\": {\"properties\": {\"c~d\": "
                  "{\"type\": \"null\"}}}}}}",
                  "{\"a/b\": [{}, {\"c~d\": 1}]}", "type /a~1b/1/c~0d: null\n");
}

static void undeclared_names_that_could_be_personal_are_left_out(void **state)
{
    static const char *const names[] = {"3375011204950001", "siti@example.org", "Siti Aminah",
                                        "0811-2345-67", "line\\nend"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        jj_buf value = {0};
        jj_buf_printf(&value, "{\"data\": {\"%s\": {\"x\": 1}}}", names[i]);
        assert_report("{\"properties\": {\"data\": {\"additionalProperties\": false}}}", value.data,
                      "additionalProperties /data: no member of this name\n");
        assert_report("{\"properties\": {\"data\": {\"additionalProperties\": "
                      "{\"properties\": {\"x\": false}}}}}",
                      value.data, "false /data: nothing: no value is allowed here\n");
        jj_buf_clear(&value);
    }
}

static void a_long_pointer_ends_in_dots(void **state)
{
    jj_buf schema_text = {0}, value_text = {0};
    jj_report report;
    (void)state;
    jj_buf_puts(&schema_text, "{\"properties\": {\"");
    jj_buf_puts(&value_text, "{\"");
    for (int i = 0; i < 200; i++) {
        jj_buf_puts(&schema_text, "\u00e9");
        jj_buf_puts(&value_text, "\u00e9");
    }
    jj_buf_puts(&schema_text, "\": false}}");
    jj_buf_puts(&value_text, "\": 1}");
    jj_schema *schema = compile(schema_text.data);
    assert_false(check(schema, value_text.data, &report));
    size_t length = strlen(report.list[0].field);
    assert_true(length < sizeof report.list[0].field && length > 240);
    assert_string_equal(report.list[0].field + length - 3, "...");
    assert_int_equal((unsigned char)report.list[0].field[length - 4], 0xa9); /* a whole letter */
    jj_schema_close(schema);
    jj_buf_clear(&schema_text);
    jj_buf_clear(&value_text);
}

static void a_report_never_quotes_the_value(void **state)
{
    jj_schema *schema = compile(
        "{\"properties\": {\"nik\": {\"type\": \"string\", \"format\": \"nik\", \"minLength\": 99,"
        "\"maxLength\": 3, \"pattern\": \"^x\", \"enum\": [\"a\"], \"const\": \"b\","
        "\"not\": {}, \"anyOf\": [false], \"oneOf\": [false]}}}");
    jj_report report;
    (void)state;
    assert_false(check(schema, "{\"nik\": \"3375019999950001\"}", &report));
    assert_int_equal(report.count, 9);
    for (size_t i = 0; i < report.count; i++) {
        assert_null(strstr(report.list[i].expected, "337501"));
        assert_null(strstr(report.list[i].field, "337501"));
    }
    jj_schema_close(schema);
}

static void more_problems_than_fit_are_counted(void **state)
{
    jj_schema *schema = compile("{\"items\": {\"type\": \"string\"}}");
    json_t *value = json_array();
    jj_report report;
    (void)state;
    for (int i = 0; i < 100; i++) {
        json_array_append_new(value, json_integer(i));
    }
    assert_false(jj_schema_check(schema, value, &report));
    assert_int_equal(report.count, 100);
    assert_string_equal(report.list[JJ_PROBLEMS_MAX - 1].field, "/31");
    json_decref(value);
    jj_schema_close(schema);
}

static void a_valid_value_leaves_the_report_alone(void **state)
{
    jj_schema *schema = compile("{\"type\": \"integer\"}");
    jj_report report;
    (void)state;
    memset(&report, 0x55, sizeof report);
    assert_true(check(schema, "7", &report));
    assert_int_equal(report.list[0].field[0], 0x55);
    jj_schema_close(schema);
}

static void assert_exhausted(const jj_schema *schema, const json_t *value)
{
    jj_report report;
    assert_false(jj_schema_check(schema, value, &report));
    assert_true(report.exhausted);
    assert_int_equal(report.count, 1);
    assert_string_equal(report.list[0].keyword, "budget");
    assert_false(jj_schema_check(schema, value, NULL));
}

static json_t *nested_arrays(unsigned depth)
{
    json_t *value = json_array();
    while (depth--) {
        json_t *outer = json_array();
        json_array_append_new(outer, value);
        value = outer;
    }
    return value;
}

/* Each level of the value is looked at twice by the schema, which makes 2^60. */
#define TWICE_A_LEVEL                                                                              \
    "\"$defs\": {\"a\": {\"oneOf\": [{\"items\": {\"$ref\": \"#/$defs/a\"}}, "                     \
    "{\"items\": {\"$ref\": \"#/$defs/a\"}, \"not\": true}]}}"

static void the_budget_ends_what_would_take_for_ever(void **state)
{
    jj_schema *schema = compile("{\"$ref\": \"#/$defs/a\", " TWICE_A_LEVEL "}");
    json_t *shallow = nested_arrays(3), *deep = nested_arrays(60);
    (void)state;
    assert_true(jj_schema_check(schema, shallow, NULL));
    assert_exhausted(schema, deep);
    json_decref(shallow);
    json_decref(deep);
    jj_schema_close(schema);
}

static void exhaustion_is_never_turned_into_validity(void **state)
{
    jj_schema *schema = compile("{\"not\": {\"$ref\": \"#/$defs/a\"}, " TWICE_A_LEVEL "}");
    json_t *value = nested_arrays(60);
    (void)state;
    assert_exhausted(schema, value);
    json_decref(value);
    jj_schema_close(schema);
}

static void depth_is_bounded(void **state)
{
    jj_schema *schema = compile("{\"items\": {\"$ref\": \"#\"}}");
    json_t *fits = nested_arrays(300), *too_deep = nested_arrays(1500);
    (void)state;
    assert_true(jj_schema_check(schema, fits, NULL));
    assert_exhausted(schema, too_deep);
    json_decref(fits);
    json_decref(too_deep);
    jj_schema_close(schema);
}

static void schemas_that_stand_on_one_another_are_bounded(void **state)
{
    jj_error err;
    jj_schema *schema = NULL;
    json_t *document = parse("{}");
    (void)state;
    for (int i = 0; i < 80; i++) {
        document = json_pack("{s:[o]}", "allOf", document);
    }
    assert_int_equal(jj_schema_compile(&schema, document, "x", NULL, &err), JJ_ECONFIG);
    assert_non_null(strstr(err.text, "stand on one another"));
    for (int i = 0; i < 300; i++) {
        document = json_pack("{s:o}", "items", document);
    }
    assert_int_equal(jj_schema_compile(&schema, document, "x", NULL, &err), JJ_ECONFIG);
    assert_non_null(strstr(err.text, "in one another"));
    json_decref(document);
}

static void many_items_are_compared_in_linear_time(void **state)
{
    jj_schema *schema = compile("{\"uniqueItems\": true}");
    json_t *value = json_array();
    jj_report report;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        json_array_append_new(value, json_pack("[i, {s:i}]", i / 2, "a", i));
    }
    assert_true(jj_schema_check(schema, value, NULL));
    json_array_append_new(value, json_pack("[f, {s:f}]", 50000.0, "a", 100001.0));
    assert_false(jj_schema_check(schema, value, &report));
    assert_int_equal(report.count, 1);
    assert_false(report.exhausted);
    assert_string_equal(report.list[0].expected,
                        "items that all differ: 100001 and 200000 are equal");
    json_decref(value);
    jj_schema_close(schema);
}

static void formats_are_known_by_name(void **state)
{
    (void)state;
    assert_true(jj_format_known("date"));
    assert_true(jj_format_known("nik"));
    assert_false(jj_format_known("email"));
    assert_true(jj_format_check("region", "33.75", 5));
    assert_false(jj_format_check("region", "33.75", 4));
    assert_false(jj_format_check("email", "a@b.c", 5));
    assert_true(jj_format_check("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", 36));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_refer_to_one_another),
        cmocka_unit_test(a_refusal_names_the_file_it_is_about),
        cmocka_unit_test(a_refusal_of_text_that_is_not_json_has_a_line),
        cmocka_unit_test(relative_references_need_a_folder),
        cmocka_unit_test(all_problems_are_reported),
        cmocka_unit_test(only_what_is_broken_is_reported),
        cmocka_unit_test(each_keyword_says_what_it_expected),
        cmocka_unit_test(pointers_are_escaped),
        cmocka_unit_test(undeclared_names_that_could_be_personal_are_left_out),
        cmocka_unit_test(a_long_pointer_ends_in_dots),
        cmocka_unit_test(a_report_never_quotes_the_value),
        cmocka_unit_test(more_problems_than_fit_are_counted),
        cmocka_unit_test(a_valid_value_leaves_the_report_alone),
        cmocka_unit_test(the_budget_ends_what_would_take_for_ever),
        cmocka_unit_test(exhaustion_is_never_turned_into_validity),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(schemas_that_stand_on_one_another_are_bounded),
        cmocka_unit_test(many_items_are_compared_in_linear_time),
        cmocka_unit_test(formats_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
