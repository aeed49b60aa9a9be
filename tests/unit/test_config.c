/*
 * The configuration: tests/data/config/good/NAME.yaml must read as NAME.expected says, and
 * bad/NAME.yaml must be refused with exactly the messages of NAME.expected. A new case is a new
 * pair of files. With JJ_UPDATE=1 the expected files are written instead of compared: read the
 * difference before committing it.
 */
#include "base/fs.h"
#include "config/agency.h"
#include "config/config.h"
#include "config/tables.h"
#include "fail.h"
#include "schema/audience.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char data[PATH_MAX]; /* tests/data/config, absolute */

/* The folder of the case stands as $DIR in expected texts, so that they hold on any machine. */
static void put_path(FILE *out, const jj_config *config, const char *name, const char *path)
{
    size_t length = strlen(config->dir);
    if (path == NULL) {
        fprintf(out, "%s: none\n", name);
    } else if (strncmp(path, config->dir, length) == 0) {
        fprintf(out, "%s: $DIR%s\n", name, path + length);
    } else if (strncmp(path, "ipc://", 6) == 0 && strncmp(path + 6, config->dir, length) == 0) {
        fprintf(out, "%s: ipc://$DIR%s\n", name, path + 6 + length);
    } else {
        fprintf(out, "%s: %s\n", name, path);
    }
}

static void put_words(FILE *out, const char *name, const jj_words *words)
{
    fprintf(out, "%s:", name);
    for (size_t i = 0; i < words->count; i++) {
        fprintf(out, " %s", words->list[i]);
    }
    fputc('\n', out);
}

static void put_hub(FILE *out, const jj_config *config)
{
    const jj_hub_config *hub = &config->hub;
    for (size_t i = 0; i < hub->listen.count; i++) {
        fprintf(out, "listen: %s as %s\n", hub->listen.list[i].endpoint, hub->listen.list[i].as);
    }
    put_words(out, "bell", &hub->bell);
    fprintf(out, "retention: %" PRId64 " ms, %" PRId64 " bytes\n", hub->retention_age_ms,
            hub->retention_bytes);
    fprintf(out, "quarantine: %" PRId64 "\n", hub->quarantine);
    put_path(out, config, "admin_endpoint", hub->admin_endpoint);
    put_path(out, config, "plugin_endpoint", hub->plugin_endpoint);
    put_path(out, config, "bell_endpoint", hub->bell_endpoint);
}

static void put_plugin(FILE *out, const jj_config *config, const jj_plugin_config *plugin)
{
    fprintf(out, "plugin: %s (line %d)\n", plugin->name, plugin->node->line);
    put_path(out, config, "  module", plugin->module);
    fputs("  audiences:", out);
    for (uint32_t bit = 1; bit < 1u << JJ_AUDIENCES; bit <<= 1) {
        if ((plugin->audiences & bit) != 0) {
            fprintf(out, " %s", jj_audience_name(bit));
        }
    }
    fputc('\n', out);
    put_words(out, "  regions", &plugin->regions);
    put_path(out, config, "  inbox", plugin->inbox);
    if (plugin->options != NULL) {
        jj_buf json = {0};
        jj_yaml_to_json(plugin->options, &json);
        fprintf(out, "  options: %s\n", json.data);
        jj_buf_clear(&json);
    }
}

static void put_config(FILE *out, const jj_config *config)
{
    fprintf(out, "node: %s\nregion: %s\n", config->node, config->region);
    put_path(out, config, "state", config->state);
    put_path(out, config, "run", config->run);
    put_path(out, config, "schemas", config->schemas);
    put_path(out, config, "plugin_path", config->plugin_path);
    put_path(out, config, "person_key", config->person_key);
    put_path(out, config, "agencies", config->agencies);
    fprintf(out, "log: %" PRId64 "\nhang_timeout: %" PRId64 " ms\nsteady_after: %" PRId64 " ms\n",
            config->log_level, config->hang_timeout_ms, config->steady_after_ms);
    put_hub(out, config);
    for (size_t i = 0; i < config->plugins.count; i++) {
        put_plugin(out, config, &config->plugins.list[i]);
    }
}

/* What the reader says about a file: the config, or its findings. Caller frees. */
static char *outcome(const char *file, bool *accepted)
{
    char *text = NULL;
    size_t size_bytes;
    jj_findings findings = {0};
    const jj_config *config = NULL;
    FILE *out = open_memstream(&text, &size_bytes);

    assert_non_null(out);
    *accepted = jj_config_load(&config, file, &findings) == 0;
    if (*accepted) {
        assert_int_equal(jj_findings_total(&findings), 0);
        put_config(out, config);
    } else {
        assert_true(jj_findings_total(&findings) > 0);
        jj_findings_print(&findings, out);
    }
    fclose(out);
    jj_config_free(config);
    jj_findings_clear(&findings);
    return text;
}

static bool run_case(const char *file, bool good)
{
    jj_buf wanted = {0};
    jj_error err;
    char expected[NAME_MAX + 16];
    bool accepted, right = true;
    char *text = outcome(file, &accepted);

    snprintf(expected, sizeof expected, "%.*s.expected", (int)(strlen(file) - strlen(".yaml")),
             file);
    if (getenv("JJ_UPDATE") != NULL) {
        assert_int_equal(jj_file_write(expected, text, strlen(text), 0644, &err), 0);
    } else if (jj_file_read(expected, 1 << 20, &wanted, &err) != 0) {
        print_error("%s\n", err.text);
        right = false;
    } else if (accepted != good || strcmp(text, wanted.data != NULL ? wanted.data : "") != 0) {
        print_error("%s: expected:\n%s\ncame:\n%s\n", file, wanted.data, text);
        right = false;
    }
    jj_buf_clear(&wanted);
    free(text);
    return right;
}

static void run_folder(const char *name, bool good)
{
    char path[PATH_MAX + 16];
    size_t cases = 0, wrong = 0;

    snprintf(path, sizeof path, "%s/%s", data, name);
    assert_int_equal(chdir(path), 0);
    DIR *dir = opendir(".");
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0) {
            cases++;
            wrong += !run_case(entry->d_name, good);
        }
    }
    closedir(dir);
    assert_true(cases > 0);
    assert_int_equal(wrong, 0);
}

static void good_files_read_as_expected(void **state)
{
    (void)state;
    run_folder("good", true);
}

static void bad_files_are_refused_with_all_their_problems(void **state)
{
    (void)state;
    run_folder("bad", false);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    jj_findings findings = {0};
    const jj_config *config = NULL;
    jj_error err;

    assert_int_not_equal(jj_config_load(&config, "/nowhere/at/all.yaml", &findings), 0);
    assert_null(config);
    jj_findings_first(&findings, &err);
    jj_findings_clear(&findings);
    assert_string_equal(err.file, "/nowhere/at/all.yaml");
    assert_non_null(strstr(err.text, "No such file"));
}

static void findings_beyond_the_limit_are_counted(void **state)
{
    (void)state;
    jj_findings findings = {0};
    char *text = NULL;
    size_t size_bytes;

    for (int i = 0; i < JJ_FINDINGS_MAX + 7; i++) {
        jj_findings_add(&findings, "f", JJ_FINDINGS_MAX - i, 1, "problem %d", i);
    }
    assert_int_equal(findings.count, JJ_FINDINGS_MAX);
    assert_int_equal(jj_findings_total(&findings), JJ_FINDINGS_MAX + 7);
    jj_findings_sort(&findings);
    assert_int_equal(findings.list[0].line, 1);

    FILE *out = open_memstream(&text, &size_bytes);
    jj_findings_print(&findings, out);
    fclose(out);
    assert_non_null(strstr(text, "f:1:1: error: problem 99\n"));
    assert_non_null(strstr(text, "and 7 more"));
    free(text);
    jj_findings_clear(&findings);
}

static void trees_are_compared_without_their_places(void **state)
{
    (void)state;
    const char *texts[] = {"{a: [1, x], b: {c: \"1\"}}", "a: [1, x]\nb:\n  c: '1'\n",
                           "a: [1, x]\nb: {c: 1}\n", "a: [1, x, y]\nb: {c: '1'}\n"};
    const bool same[] = {true, true, false, false};
    jj_yaml *documents[4];
    const jj_yaml_node *roots[4];
    jj_findings findings = {0};

    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            jj_yaml_parse(&documents[i], &roots[i], "t", texts[i], strlen(texts[i]), &findings), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(jj_yaml_equal(roots[0], roots[i]), same[i]);
        assert_false(jj_yaml_equal(roots[i], NULL));
    }
    assert_true(jj_yaml_equal(NULL, NULL));
    for (size_t i = 0; i < 4; i++) {
        jj_yaml_free(documents[i]);
    }
}

static void look_for_keys(const char *text, const jj_key *table)
{
    for (; table->name != NULL; table++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%s:", table->name);
        if (strstr(text, wanted) == NULL) {
            fail_msg("config/jejaringd.yaml does not mention %s", table->name);
        }
        assert_non_null(table->doc);
        if (table->members != NULL) {
            look_for_keys(text, table->members);
        }
    }
}

static void the_default_file_is_right_and_shows_every_key(void **state)
{
    (void)state;
    char path[PATH_MAX + 32];
    jj_findings findings = {0};
    const jj_config *config = NULL;
    jj_buf text = {0};
    jj_error err;

    snprintf(path, sizeof path, "%s/../../../config/jejaringd.yaml", data);
    if (jj_config_load(&config, path, &findings) != 0) {
        jj_findings_print(&findings, stderr);
    }
    assert_non_null(config);
    assert_string_equal(config->node, "pekalongan");
    assert_int_equal(jj_file_read(path, JJ_CONFIG_SIZE_MAX, &text, &err), 0);
    look_for_keys(text.data, jj_config_keys);
    jj_buf_clear(&text);
    jj_config_free(config);
}

/* ---- Without memory ------------------------------------------------------------------------ */

#define NOTHING_LEFT (FAIL_MEMORY | FAIL_FILE | FAIL_LIBRARY)

/* A file is read as it is, or refused with a reason: never by half. */
static void fail_at_each_call(const char *file, const char *expected, bool good)
{
    for (unsigned n = 1; fail_next(NOTHING_LEFT, n); n++) {
        jj_findings findings = {0};
        const jj_config *config = NULL;
        int rc = jj_config_load(&config, file, &findings);
        bool hit = fail_end();
        assert_true(good || rc != 0);
        assert_true((rc == 0) == (config != NULL) && (rc == 0) == !jj_findings_total(&findings));
        if (config != NULL) {
            char *text = NULL;
            size_t size_bytes;
            FILE *out = open_memstream(&text, &size_bytes);
            put_config(out, config);
            fclose(out);
            assert_string_equal(text, expected);
            free(text);
        } else {
            assert_true(hit || !good);
        }
        jj_config_free(config);
        jj_findings_clear(&findings);
    }
}

static void fail_in_folder(const char *name, bool good)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/%s", data, name);
    assert_int_equal(chdir(path), 0);
    DIR *dir = opendir(".");
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0) {
            bool accepted;
            char *expected = outcome(entry->d_name, &accepted);
            fail_at_each_call(entry->d_name, expected, good);
            free(expected);
        }
    }
    closedir(dir);
}

static void no_file_is_read_by_half(void **state)
{
    (void)state;
    fail_in_folder("good", true);
    fail_in_folder("bad", false);
}

static void no_agency_is_lost_without_a_word(void **state)
{
    char path[PATH_MAX + 48];
    (void)state;
    snprintf(path, sizeof path, "%s/../../../config/demo/agencies.d", data);
    for (unsigned n = 1; fail_next(NOTHING_LEFT, n); n++) {
        jj_findings findings = {0};
        const jj_agencies *agencies = NULL;
        int rc = jj_agencies_load(&agencies, path, &findings);
        bool hit = fail_end();
        assert_true((rc == 0) == !jj_findings_total(&findings));
        assert_true(rc == 0 || hit);
        assert_true(rc != 0 || agencies->count == 2);
        jj_agencies_free(agencies);
        jj_findings_clear(&findings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_read_as_expected),
        cmocka_unit_test(bad_files_are_refused_with_all_their_problems),
        cmocka_unit_test(the_default_file_is_right_and_shows_every_key),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(findings_beyond_the_limit_are_counted),
        cmocka_unit_test(trees_are_compared_without_their_places),
        cmocka_unit_test(no_file_is_read_by_half),
        cmocka_unit_test(no_agency_is_lost_without_a_word),
    };
    if (realpath("tests/data/config", data) == NULL) {
        fputs("run from the top of the source tree\n", stderr);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
