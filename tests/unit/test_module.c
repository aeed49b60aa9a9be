/*
 * Loading plugins: each sample of tests/plugins with one thing wrong is refused for just that
 * reason, in words that help its author.
 */
#include "worker/module.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *folder; /* of the built samples */

static int open_sample(jj_module **module, const char *name, jj_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s.so", folder, name);
    return jj_module_open(module, path, err);
}

static void assert_refused(const char *name, int code, const char *why)
{
    jj_module *module = NULL;
    jj_error err = {0};
    int rc = open_sample(&module, name, &err);

    assert_null(module);
    if (rc != code || err.code != code || !strstr(err.text, why)) {
        fail_msg("%s: expected %s with \"%s\", came %s with \"%s\"", name, jj_code_name(code), why,
                 jj_code_name(rc), err.text);
    }
    assert_non_null(strstr(err.file, name));
    if (strstr(err.text, err.file)) {
        fail_msg("the path stands twice: %s: %s", err.file, err.text);
    }
}

static void a_good_plugin_is_loaded(void **state)
{
    (void)state;
    jj_module *module = NULL;
    jj_error err = {0};

    assert_int_equal(open_sample(&module, "options", &err), 0);
    const jj_plugin *plugin = jj_module_plugin(module);
    assert_string_equal(plugin->name, "options");
    assert_non_null(plugin->check);
    assert_false(jj_plugin_publishes(plugin, "batch.closed"));
    jj_module_close(module);

    assert_int_equal(open_sample(&module, "undeclared", &err), 0);
    assert_true(jj_plugin_publishes(jj_module_plugin(module), "batch.closed"));
    assert_false(jj_plugin_publishes(jj_module_plugin(module), "batch.close"));
    jj_module_close(module);
    jj_module_close(NULL);
}

static void a_newer_minor_version_is_read_as_far_as_it_is_known(void **state)
{
    (void)state;
    jj_module *module = NULL;
    jj_error err = {0};

    assert_int_equal(open_sample(&module, "newer_minor", &err), 0);
    assert_string_equal(jj_module_plugin(module)->name, "newer-minor");
    assert_true(jj_module_plugin(module)->size_bytes > sizeof(jj_plugin));
    jj_module_close(module);
}

static void another_major_version_is_refused(void **state)
{
    (void)state;
    assert_refused("wrong_major", JJ_EVERSION, "built for plugin ABI 2, this daemon speaks 1");
}

static void a_short_descriptor_is_refused(void **state)
{
    (void)state;
    assert_refused("short_struct", JJ_EVERSION, "has 64 bytes");
}

static void a_library_that_is_no_plugin_is_refused(void **state)
{
    (void)state;
    assert_refused("no_symbol", JJ_ECONFIG, "does not export the symbol jejaring_plugin");
}

static void a_missing_file_is_refused(void **state)
{
    (void)state;
    assert_refused("no_such_file", JJ_ECONFIG, "No such file");
}

static void unresolved_symbols_are_found_at_loading(void **state)
{
    (void)state;
    assert_refused("unresolved", JJ_ECONFIG, "nobody_has_this");
}

static void missing_callbacks_are_named(void **state)
{
    (void)state;
    assert_refused("no_callbacks", JJ_ECONFIG, "on_events");
}

static void bad_names_and_types_are_refused(void **state)
{
    (void)state;
    assert_refused("bad_name", JJ_ECONFIG, "no proper name");
    assert_refused("bad_type", JJ_ECONFIG, "entry 2 of its list `publishes`");
}

static void bad_option_tables_are_refused(void **state)
{
    (void)state;
    assert_refused("bad_options", JJ_ECONFIG, "\"size\" is in the table twice");
    assert_refused("bad_default", JJ_ECONFIG, "must be between 1 and 10, not 11");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_plugin_is_loaded),
        cmocka_unit_test(a_newer_minor_version_is_read_as_far_as_it_is_known),
        cmocka_unit_test(another_major_version_is_refused),
        cmocka_unit_test(a_short_descriptor_is_refused),
        cmocka_unit_test(a_library_that_is_no_plugin_is_refused),
        cmocka_unit_test(a_missing_file_is_refused),
        cmocka_unit_test(unresolved_symbols_are_found_at_loading),
        cmocka_unit_test(missing_callbacks_are_named),
        cmocka_unit_test(bad_names_and_types_are_refused),
        cmocka_unit_test(bad_option_tables_are_refused),
    };
    folder = getenv("JJ_TEST_PLUGINS");
    folder = folder ? folder : "build/tests/plugins";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
