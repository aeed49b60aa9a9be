/*
 * Option tables applied to YAML: values, defaults, ranges, and every problem at its place.
 */
#include "worker/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    TEXT,
    COUNT,
    EAGER,
    PAUSE,
    MEMORY,
    FOLDER,
    TABLE,
    NEEDED
};

static const jj_option table[] = {
    [TEXT] = {.name = "text", .type = JJ_OPTION_STRING, .initial = "none", .doc = "text"},
    [COUNT] = {.name = "count",
               .type = JJ_OPTION_INTEGER,
               .initial = "3",
               .min = 1,
               .max = 10,
               .doc = "number"},
    [EAGER] = {.name = "eager", .type = JJ_OPTION_BOOLEAN, .doc = "yes or no"},
    [PAUSE] = {.name = "pause",
               .type = JJ_OPTION_DURATION,
               .initial = "5s",
               .min = 1000,
               .max = 60000,
               .doc = "duration"},
    [MEMORY] = {.name = "memory", .type = JJ_OPTION_SIZE, .doc = "size"},
    [FOLDER] = {.name = "folder", .type = JJ_OPTION_PATH, .doc = "path"},
    [TABLE] = {.name = "table", .type = JJ_OPTION_JSON, .initial = "[{a: 1, b: x}]", .doc = "tree"},
    [NEEDED] = {.name = "needed", .type = JJ_OPTION_STRING, .required = true, .doc = "required"},
    {0},
};

static int check(const jj_value *values, jj_error *err)
{
    if (values[COUNT].number == 9) {
        jj_fail(err, JJ_ECONFIG, "nine is one too many");
        strcpy(err->field, "count");
        return JJ_ECONFIG;
    }
    return values[COUNT].number == 8 ? JJ_ECONFIG : 0;
}

static const jj_plugin sample = {.options = table, .check = check};

typedef struct reading {
    jj_options options;
    jj_findings findings;
    jj_yaml *document;
    const jj_value *values;
} reading;

/* Reads the options of an instance that stands in line 7 of a config. */
static void read_text(reading *r, const jj_plugin *plugin, const char *yaml)
{
    static const jj_yaml_node name = {.line = 7, .column = 3, .text = "x"};
    static const jj_yaml_node place = {.line = 7, .column = 6, .key = &name};
    const jj_config config = {.file = "f.yaml", .dir = "/etc/jejaring"};
    jj_plugin_config instance = {.name = "x", .node = &place};

    *r = (reading){0};
    if (yaml) {
        assert_int_equal(jj_yaml_parse(&r->document, &instance.options, "f.yaml", yaml,
                                       strlen(yaml), &r->findings),
                         0);
    }
    jj_options_read(&r->options, plugin->options, &config, &instance, &r->findings);
    if (jj_findings_total(&r->findings) == 0) {
        jj_options_judge(&r->options, plugin, &config, &instance, &r->findings);
    }
    r->values = r->options.values;
}

static void done(reading *r)
{
    jj_options_clear(&r->options);
    jj_findings_clear(&r->findings);
    jj_yaml_free(r->document);
}

static void assert_problems(const jj_plugin *plugin, const char *yaml, const char *expected)
{
    reading r;
    char *text = NULL;
    size_t size_bytes;
    read_text(&r, plugin, yaml);
    FILE *out = open_memstream(&text, &size_bytes);
    jj_findings_sort(&r.findings);
    jj_findings_print(&r.findings, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    done(&r);
}

static void given_values_are_read(void **state)
{
    (void)state;
    reading r;
    read_text(&r, &sample,
              "text: ''\ncount: 10\neager: ya\npause: 1m\nmemory: 2KiB\nfolder: out/./x\n"
              "table: {a: [1, \"2\", null]}\nneeded: n\n");
    assert_int_equal(jj_findings_total(&r.findings), 0);
    assert_string_equal(r.values[TEXT].string, "");
    assert_int_equal(r.values[COUNT].number, 10);
    assert_int_equal(r.values[EAGER].number, 1);
    assert_int_equal(r.values[PAUSE].number, 60000);
    assert_int_equal(r.values[MEMORY].number, 2048);
    assert_string_equal(r.values[FOLDER].string, "/etc/jejaring/out/x");
    assert_string_equal(r.values[TABLE].string, "{\"a\":[1,\"2\",null]}");
    for (int i = TEXT; i <= NEEDED; i++) {
        assert_true(r.values[i].given);
    }
    done(&r);
}

static void absent_values_have_their_defaults(void **state)
{
    (void)state;
    reading r;
    read_text(&r, &sample, "needed: n\nmemory:\n");
    assert_int_equal(jj_findings_total(&r.findings), 0);
    assert_string_equal(r.values[TEXT].string, "none");
    assert_int_equal(r.values[COUNT].number, 3);
    assert_int_equal(r.values[PAUSE].number, 5000);
    assert_string_equal(r.values[TABLE].string, "[{\"a\":1,\"b\":\"x\"}]");
    assert_true(r.values[TABLE].given);
    assert_false(r.values[EAGER].given);
    assert_false(r.values[MEMORY].given);
    assert_null(r.values[FOLDER].string);
    done(&r);
}

static void every_problem_is_reported_at_its_place(void **state)
{
    (void)state;
    assert_problems(&sample,
                    "counts: 3\ncount: 11\neager: maybe\npause: 10ms\nmemory: big\n"
                    "folder: [a]\ntext: {a: b}\n",
                    "f.yaml:1:1: error: unknown key \"counts\", did you mean \"count\"?\n"
                    "f.yaml:1:1: error: \"needed\" is missing: required\n"
                    "f.yaml:2:8: error: \"count\" must be between 1 and 10, not 11\n"
                    "f.yaml:3:8: error: \"eager\" must be true or false\n"
                    "f.yaml:4:8: error: \"pause\" must be between 1s and 1m\n"
                    "f.yaml:5:9: error: \"memory\" must be a size with its unit: 64KiB, 10MiB or "
                    "2GiB\n"
                    "f.yaml:6:9: error: \"folder\" takes one value, not a list\n"
                    "f.yaml:7:7: error: \"text\" takes one value, not a mapping\n");
}

static void without_options_the_instance_is_the_place(void **state)
{
    (void)state;
    assert_problems(&sample, NULL, "f.yaml:7:3: error: \"needed\" is missing: required\n");
}

static void what_the_plugin_refuses_is_shown_at_the_option_it_names(void **state)
{
    (void)state;
    assert_problems(&sample, "needed: n\ncount: 9\n",
                    "f.yaml:2:8: error: count: nine is one too many\n");
    assert_problems(&sample, "needed: n\ncount: 8\n",
                    "f.yaml:1:1: error: x: the plugin refuses these options\n");
}

static void without_a_table_no_option_is_known(void **state)
{
    (void)state;
    const jj_plugin bare = {0};
    assert_problems(&bare, "a: 1\n", "f.yaml:1:1: error: unknown key \"a\"\n");
    assert_problems(&bare, NULL, "");
}

static void assert_bad_table(const jj_option *rows, const char *why)
{
    jj_error err = {0};
    assert_int_equal(jj_options_check_table(rows, &err), JJ_ECONFIG);
    if (!strstr(err.text, why)) {
        fail_msg("expected \"%s\", came \"%s\"", why, err.text);
    }
}

static void tables_that_cannot_work_are_refused(void **state)
{
    (void)state;
    const jj_option bad_name[] = {{.name = "No", .doc = "d"}, {0}};
    const jj_option bad_type[] = {{.name = "a", .type = 99, .doc = "d"}, {0}};
    const jj_option no_doc[] = {{.name = "a"}, {0}};
    const jj_option range[] = {
        {.name = "a", .type = JJ_OPTION_INTEGER, .min = 2, .max = 1, .doc = "d"}, {0}};
    const jj_option both[] = {{.name = "a", .initial = "x", .required = true, .doc = "d"}, {0}};
    const jj_option yaml[] = {{.name = "a", .type = JJ_OPTION_JSON, .initial = "[", .doc = "d"},
                              {0}};
    static jj_option endless[JJ_OPTIONS_MAX + 2];

    for (size_t i = 0; i < JJ_OPTIONS_MAX + 2; i++) {
        endless[i] = (jj_option){.name = "a", .doc = "d"};
    }
    assert_bad_table(bad_name, "bad name");
    assert_bad_table(bad_type, "unknown type 99");
    assert_bad_table(no_doc, "no documentation");
    assert_bad_table(range, "minimum is above");
    assert_bad_table(both, "required and has a default");
    assert_bad_table(yaml, "default of an option is wrong");
    assert_bad_table(endless, "does not end");
    assert_int_equal(jj_options_check_table(table, NULL), 0);
    assert_int_equal(jj_options_check_table(NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_values_are_read),
        cmocka_unit_test(absent_values_have_their_defaults),
        cmocka_unit_test(every_problem_is_reported_at_its_place),
        cmocka_unit_test(without_options_the_instance_is_the_place),
        cmocka_unit_test(what_the_plugin_refuses_is_shown_at_the_option_it_names),
        cmocka_unit_test(without_a_table_no_option_is_known),
        cmocka_unit_test(tables_that_cannot_work_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
