/*
 * JSON under limits: what is refused, and that a refusal never quotes what it refused.
 */
#include "base/fs.h"
#include "json/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX 1048576

/* From memory of exactly that size, so that a sanitizer sees a byte read too many. */
static int load(json_t **value, const char *text, size_t size, jj_error *err)
{
    char *exact = malloc(size + !size);
    memcpy(exact, text, size);
    int rc = jj_json_load(value, exact, size, MAX, err);
    free(exact);
    return rc;
}

static void assert_refused_bytes(const char *text, size_t size, int code, const char *why)
{
    json_t *value = NULL;
    jj_error err = {0};
    int rc = load(&value, text, size, &err);
    if (rc != code || err.code != code || value) {
        fail_msg("%.60s: expected %s, came %s (%s)", text, jj_code_name(code), jj_code_name(rc),
                 err.text);
    }
    if (!strstr(err.text, why)) {
        fail_msg("%.60s: \"%s\" does not say \"%s\"", text, err.text, why);
    }
}

static void assert_refused(const char *text, const char *why)
{
    assert_refused_bytes(text, strlen(text), JJ_EMALFORMED, why);
}

static void assert_accepted(const char *text)
{
    json_t *value = NULL;
    jj_error err = {0};
    if (load(&value, text, strlen(text), &err)) {
        fail_msg("%.60s: %s", text, err.text);
    }
    json_decref(value);
}

static void values_of_every_kind_are_accepted(void **state)
{
    static const char *const good[] = {"null",
                                       "true",
                                       "\"\"",
                                       "0",
                                       "-0",
                                       "1e2",
                                       "0.1",
                                       "{}",
                                       "[]",
                                       " {\"a\" : [1, {\"b\":null}]} ",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "1e308",
                                       "\"\\ud83d\\ude00\"",
                                       "\"\xf0\x9f\x98\x80\"",
                                       "\"\\/\\b\\f\\n\\r\\t\\\\\\\"\"",
                                       "{\"\":1}"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_accepted(good[i]);
    }
}

static void what_is_not_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "nul",       "'a'",      "{a:1}",     "{\"a\" 1}", "[1,]",   "{\"a\":1,}", "01",
        "+1",        "1.",       ".5",        "0x10",      "NaN",    "Infinity",   "\"\\x41\"",
        "\"\\u12\"", "\"a\nb\"", "[1 2]",     "{1:2}",     "}",      "]",          "{\"a\":}",
        "//c\n1",    "\"\\",     "[\"a\":1]", "tru",       "\"\t\"", "\"\x01\""};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(bad[i], "");
    }
}

static void an_empty_text_and_a_broken_off_one_end_too_early(void **state)
{
    (void)state;
    assert_refused("", "too early");
    assert_refused("  \n", "too early");
    assert_refused("{\"a\":[1", "too early");
    assert_refused("\"abc", "too early");
}

static void something_behind_the_value_is_refused(void **state)
{
    (void)state;
    assert_refused("{} {}", "follows");
    assert_refused("1,", "follows");
    assert_refused_bytes("{}\0", 3, JJ_EMALFORMED, "follows");
}

static void a_member_twice_in_one_object_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"a\":1,\"a\":1}", "same member twice");
    assert_refused("{\"o\":{\"nik\":1,\"b\":2,\"n\\u0069k\":3}}", "same member twice");
    assert_accepted("{\"a\":{\"a\":1},\"b\":{\"a\":1}}");
}

static void a_nul_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    assert_refused("\"a\\u0000b\"", "NUL");
    assert_refused("{\"a\\u0000\":1}", "NUL");
    assert_refused_bytes("\"a\0b\"", 5, JJ_EMALFORMED, "");
    assert_refused_bytes("\0", 1, JJ_EMALFORMED, "");
    assert_refused_bytes("{\"a\0\":1}", 9, JJ_EMALFORMED, "");
}

static void a_lone_surrogate_is_refused(void **state)
{
    (void)state;
    assert_refused("\"\\ud83d\"", "");
    assert_refused("\"\\ude00\"", "");
    assert_refused("\"\\ud83d\\u0041\"", "");
    assert_refused("\"\\ud83dx\"", "");
    assert_refused("\"\\ude00\\ud83d\"", "");
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
    (void)state;
    assert_refused("\"\xff\"", "UTF-8");
    assert_refused("\"\xc0\xaf\"", "UTF-8");
    assert_refused("\"\xed\xa0\x80\"", "UTF-8");
    assert_refused("\"\xe2\x82\"", "UTF-8");
    assert_refused("\"\xf4\x90\x80\x80\"", "UTF-8");
    assert_refused("{\"\xc3\x28\":1}", "UTF-8");
    assert_refused("\xef\xbb\xbf{}", "");
}

static void a_number_out_of_range_is_refused(void **state)
{
    char digits[402];
    (void)state;
    memset(digits, '9', sizeof digits - 1);
    digits[sizeof digits - 1] = '\0';
    assert_refused(digits, "out of range");
    assert_refused("9223372036854775808", "out of range");
    assert_refused("-9223372036854775809", "out of range");
    assert_refused("1e309", "out of range");
    assert_refused("-1e99999999999999999999", "out of range");
}

/* depth brackets, and the same number of closing ones */
static char *nested(size_t depth, char open, char close)
{
    char *text = calloc(1, 2 * depth + 1);
    memset(text, open, depth);
    memset(text + depth, close, depth);
    return text;
}

static void nesting_ends_at_64_levels(void **state)
{
    char *good = nested(64, '[', ']'), *bad = nested(65, '[', ']');
    (void)state;
    assert_accepted(good);
    assert_refused_bytes(bad, strlen(bad), JJ_ETOO_LARGE, "64 levels");
    free(good);
    free(bad);
}

static void objects_and_arrays_count_alike(void **state)
{
    char text[1000] = "";
    (void)state;
    for (int i = 0; i < 32; i++) {
        strcat(text, "{\"a\":[");
    }
    for (int i = 0; i < 32; i++) {
        strcat(text, "]}");
    }
    assert_accepted(text);
    memmove(text + 1, text, strlen(text) + 1);
    text[0] = '[';
    strcat(text, "]");
    assert_refused_bytes(text, strlen(text), JJ_ETOO_LARGE, "64 levels");
}

static void brackets_in_strings_and_beside_each_other_are_not_nesting(void **state)
{
    char text[1000] = "[\"\\\"";
    (void)state;
    for (int i = 0; i < 100; i++) {
        strcat(text, "[{");
    }
    strcat(text, "\\\\\"");
    for (int i = 0; i < 100; i++) {
        strcat(text, ",[]");
    }
    strcat(text, "]");
    assert_accepted(text);
}

static void a_million_brackets_cost_neither_stack_nor_time(void **state)
{
    char *text = nested(MAX / 2, '[', ']');
    char *open = nested(MAX / 2, '{', '{');
    (void)state;
    assert_refused_bytes(text, MAX, JJ_ETOO_LARGE, "64 levels");
    assert_refused_bytes(open, MAX, JJ_ETOO_LARGE, "64 levels");
    free(text);
    free(open);
}

static void one_byte_beyond_the_size_is_refused_before_parsing(void **state)
{
    char *text = malloc(MAX + 1);
    json_t *value = NULL;
    (void)state;
    memset(text, ' ', MAX + 1);
    memcpy(text, "{}", 2);
    assert_int_equal(jj_json_load(&value, text, MAX, MAX, NULL), 0);
    json_decref(value);
    memset(text, '\xff', 2);
    assert_refused_bytes(text, MAX + 1, JJ_ETOO_LARGE, "1048577 bytes");
    free(text);
}

static void an_error_has_a_place_and_never_quotes_the_text(void **state)
{
    static const char *const bad[] = {"{\"nik\":\n  3375015005980001x}",
                                      "{\"3375015005980001\":1,\"3375015005980001\":2}",
                                      "{\"nik\":\"3375015005980001\xff\"}",
                                      "{\"nik\":\"3375015005980001",
                                      "3375015005980001 x",
                                      "\"3375015005980001\\u0000\"",
                                      "{\"nik\":33750150059800013375015005980001}",
                                      "{\"a\":3375015005980001y\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *value = NULL;
        jj_error err = {0};
        assert_int_equal(load(&value, bad[i], strlen(bad[i]), &err), JJ_EMALFORMED);
        assert_null(strstr(err.text, "3375"));
        assert_null(strstr(err.text, "nik"));
        assert_true(err.line >= 1);
        assert_null(strchr(err.text, '\n'));
    }
    json_t *value = NULL;
    jj_error err;
    assert_int_equal(load(&value, bad[0], strlen(bad[0]), &err), JJ_EMALFORMED);
    assert_int_equal(err.line, 2);
    assert_true(err.column > 0);
}

static void a_file_is_named_in_the_error(void **state)
{
    char path[] = "/tmp/jejaring-json-XXXXXX";
    json_t *value = NULL;
    jj_error err;
    (void)state;
    close(mkstemp(path));
    assert_int_equal(jj_file_write(path, "{\n\"a\":}", 7, 0600, NULL), 0);
    assert_int_equal(jj_json_load_file(&value, path, 100, &err), JJ_EMALFORMED);
    assert_string_equal(err.file, path);
    assert_int_equal(err.line, 2);
    assert_int_equal(jj_json_load_file(&value, path, 6, &err), JJ_ETOO_LARGE);
    assert_string_equal(err.file, path);
    assert_int_equal(jj_file_write(path, "{\"a\":\"b\"}", 9, 0600, NULL), 0);
    assert_int_equal(jj_json_load_file(&value, path, 100, &err), 0);
    assert_string_equal(jj_json_string(value, "a"), "b");
    assert_null(jj_json_string(value, "none"));
    assert_null(jj_json_string(NULL, "a"));
    json_decref(value);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind_are_accepted),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(an_empty_text_and_a_broken_off_one_end_too_early),
        cmocka_unit_test(something_behind_the_value_is_refused),
        cmocka_unit_test(a_member_twice_in_one_object_is_refused),
        cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
        cmocka_unit_test(a_lone_surrogate_is_refused),
        cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
        cmocka_unit_test(a_number_out_of_range_is_refused),
        cmocka_unit_test(nesting_ends_at_64_levels),
        cmocka_unit_test(objects_and_arrays_count_alike),
        cmocka_unit_test(brackets_in_strings_and_beside_each_other_are_not_nesting),
        cmocka_unit_test(a_million_brackets_cost_neither_stack_nor_time),
        cmocka_unit_test(one_byte_beyond_the_size_is_refused_before_parsing),
        cmocka_unit_test(an_error_has_a_place_and_never_quotes_the_text),
        cmocka_unit_test(a_file_is_named_in_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
