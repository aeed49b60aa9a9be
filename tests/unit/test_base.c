/*
 * Buffers, texts, clock, throttle and errors: what every other room builds on.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Buffers ------------------------------------------------------------------------------ */

static void a_buffer_grows_and_stays_terminated(void **state)
{
    jj_buf buf = {0};
    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        jj_buf_putc(&buf, (char)('a' + i % 26));
        assert_int_equal(buf.size, i + 1);
        assert_int_equal(buf.data[buf.size], '\0');
    }
    assert_int_equal(buf.data[4999], 'a' + 4999 % 26);
    jj_buf_clear(&buf);
    assert_null(buf.data);
}

static void a_reserved_buffer_is_an_empty_text(void **state)
{
    jj_buf buf = {0};
    (void)state;
    assert_true(jj_buf_reserve(&buf, 100));
    assert_string_equal(buf.data, "");
    jj_buf_clear(&buf);
}

static void nothing_is_written_after_a_failure(void **state)
{
    jj_buf buf = {0};
    (void)state;
    jj_buf_puts(&buf, "before");
    assert_false(jj_buf_reserve(&buf, SIZE_MAX - 3));
    assert_true(buf.failed);
    jj_buf_puts(&buf, "after");
    jj_buf_printf(&buf, "%d", 1);
    assert_string_equal(buf.data, "before");
    assert_null(jj_buf_take(&buf));
    assert_false(buf.failed);
    jj_buf_puts(&buf, "usable again");
    assert_string_equal(buf.data, "usable again");
    jj_buf_clear(&buf);
}

static void an_impossible_format_is_a_failure(void **state)
{
    jj_buf buf = {0};
    /* No locale of a test knows this character, so that printf answers EILSEQ. */
    const wchar_t wide[] = {0x7fffffff, 0};
    (void)state;
    jj_buf_printf(&buf, "%ls", wide);
    assert_true(buf.failed);
    jj_buf_clear(&buf);
}

static void reset_keeps_the_memory_and_forgets_the_failure(void **state)
{
    jj_buf buf = {0};
    (void)state;
    jj_buf_puts(&buf, "text");
    const char *data = buf.data;
    buf.failed = true;
    jj_buf_reset(&buf);
    assert_int_equal(buf.size, 0);
    assert_ptr_equal(buf.data, data);
    assert_string_equal(buf.data, "");
    jj_buf_puts(&buf, "next");
    assert_string_equal(buf.data, "next");
    jj_buf_clear(&buf);
}

static void an_empty_buffer_gives_an_empty_text(void **state)
{
    jj_buf buf = {0};
    (void)state;
    char *text = jj_buf_take(&buf);
    assert_string_equal(text, "");
    free(text);
}

static void json_text_is_escaped_as_rfc_8259_demands(void **state)
{
    jj_buf buf = {0};
    (void)state;
    jj_buf_json(&buf, "a\"b\\c\n\r\t\x01\x1f\x7f\0z", 13);
    jj_buf_json_z(&buf, "Pékalongan");
    assert_string_equal(buf.data, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\\u007f\\u0000z\""
                                  "\"Pékalongan\"");
    jj_buf_clear(&buf);
}

/* ---- Texts -------------------------------------------------------------------------------- */

static void assert_folds(const char *text, const char *expected)
{
    char out[64];
    assert_int_equal(jj_fold(text, strlen(text), out, sizeof out), strlen(expected));
    assert_string_equal(out, expected);
}

static void folding_drops_case_space_and_punctuation(void **state)
{
    (void)state;
    assert_folds("No. KTP ", "noktp");
    assert_folds("", "");
    assert_folds("  --  ", "");
    assert_folds("NIK_Peserta(16)", "nikpeserta16");
    assert_folds("Prénom", "prénom");
}

static void folding_never_writes_beyond_its_room(void **state)
{
    char out[4] = "zzz";
    (void)state;
    assert_int_equal(jj_fold("abcdef", 6, out, 3), 2);
    assert_string_equal(out, "ab");
    assert_int_equal(out[3], '\0');
    assert_int_equal(jj_fold("abc", 3, out, 0), 0);
    assert_string_equal(out, "ab");
}

static void distance_counts_a_transposition_once(void **state)
{
    (void)state;
    assert_int_equal(jj_distance("", ""), 0);
    assert_int_equal(jj_distance("endpoint", "endpiont"), 1);
    assert_int_equal(jj_distance("kitten", "sitting"), 3);
    assert_int_equal(jj_distance("", "abc"), 3);
    char longest[80];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_true(jj_distance(longest, longest) >= 63);
    longest[63] = '\0';
    assert_int_equal(jj_distance(longest, longest), 0);
}

static void the_nearest_word_is_named_only_if_it_could_be_meant(void **state)
{
    static const char *const words[] = {"retention", "listen", "bell", NULL};
    static const char *const none[] = {NULL};
    (void)state;
    assert_string_equal(jj_closest("retnetion", words), "retention");
    assert_string_equal(jj_closest("listn", words), "listen");
    assert_null(jj_closest("xyzzy", words));
    assert_null(jj_closest("bell", none));
}

static void numbers_are_whole_and_in_range(void **state)
{
    int64_t i = 7;
    uint64_t u = 7;
    (void)state;
    assert_true(jj_parse_i64("-9223372036854775808", &i));
    assert_true(i == INT64_MIN);
    assert_true(jj_parse_u64("18446744073709551615", &u));
    assert_true(u == UINT64_MAX);
    static const char *const bad[] = {
        "", "-", " 1", "1 ", "+1", "0x10", "1.0", "a", "1a", "99999999999999999999", NULL};
    for (size_t n = 0; bad[n]; n++) {
        assert_false(jj_parse_i64(bad[n], &i));
        assert_false(jj_parse_u64(bad[n], &u));
    }
    assert_false(jj_parse_u64("-1", &u));
    assert_true(i == INT64_MIN && u == UINT64_MAX);
}

static void durations_and_sizes_need_their_units(void **state)
{
    int64_t value = 0;
    (void)state;
    assert_true(jj_parse_duration("365d", &value));
    assert_true(value == 365ll * 86400000);
    assert_true(jj_parse_duration("500ms", &value));
    assert_int_equal(value, 500);
    assert_true(jj_parse_size("4GiB", &value));
    assert_true(value == 4ll << 30);
    assert_true(jj_parse_size("512", &value));
    assert_int_equal(value, 512);
    static const char *const bad[] = {"", "-1s", "5", "5 s", "5sec", "1.5h", "106751991168d", NULL};
    for (size_t n = 0; bad[n]; n++) {
        assert_false(jj_parse_duration(bad[n], &value));
    }
    assert_false(jj_parse_size("10MB", &value));
    assert_false(jj_parse_size("9007199254740992KiB", &value));
    assert_int_equal(value, 512);
}

static void utf8_without_surrogates_and_overlong_forms(void **state)
{
    static const char *const good[] = {
        "", "a", "é", "€", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",         "\xc0\x80",         "\xc1\xbf",
                                      "\xe0\x80\x80", "\xed\xa0\x80",     "\xf0\x80\x80\x80",
                                      "\xc3",         "\xe2\x82",         "\xf4\x90\x80\x80",
                                      "\xff",         "\xf5\x80\x80\x80", "\xc3("};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(jj_utf8_valid(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(jj_utf8_valid(bad[i], strlen(bad[i])));
    }
    assert_true(jj_utf8_valid("\0", 1));
}

/* ---- Clock -------------------------------------------------------------------------------- */

static int64_t parsed(const char *text)
{
    int64_t time_ms = -1;
    if (!jj_time_parse(text, strlen(text), &time_ms)) {
        fail_msg("%s was not accepted", text);
    }
    return time_ms;
}

static void a_time_says_the_same_moment_in_any_zone(void **state)
{
    (void)state;
    assert_true(parsed("1970-01-01T00:00:00Z") == 0);
    assert_true(parsed("2019-07-01T07:00:00.123+07:00") == 1561939200123);
    assert_true(parsed("2019-07-01t00:00:00.1239999z") == 1561939200123);
    assert_true(parsed("2019-06-30T19:00:00.123-05:00") == 1561939200123);
    assert_true(parsed("1969-12-31T23:59:59.5Z") == -500);
    assert_true(parsed("2016-12-31T23:59:60Z") == parsed("2017-01-01T00:00:00Z"));
}

static void a_time_that_is_not_rfc_3339_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "2019-07-01",
                                      "2019-07-01T00:00:00",
                                      "2019-07-01 00:00:00Z",
                                      "2019-07-01T24:00:00Z",
                                      "2019-07-01T00:60:00Z",
                                      "2019-07-01T00:00:61Z",
                                      "2019-02-29T00:00:00Z",
                                      "0000-01-01T00:00:00Z",
                                      "2019-07-01T00:00:00.Z",
                                      "2019-07-01T00:00:00+0700",
                                      "2019-07-01T00:00:00+24:00",
                                      "2019-07-01T00:00:00Zx",
                                      "2019-07-01T00:00Z0000",
                                      "2019-7-01T00:00:00.0Z",
                                      "+019-07-01T00:00:00Z"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t time_ms = 42;
        if (jj_time_parse(bad[i], strlen(bad[i]), &time_ms)) {
            fail_msg("%s was accepted", bad[i]);
        }
        assert_int_equal(time_ms, 42);
    }
}

static void a_time_is_parsed_only_as_far_as_it_goes(void **state)
{
    const char *text = "2019-07-01T07:00:00.123+07:00";
    (void)state;
    /* Each prefix in memory of its own size, so that a sanitizer sees a byte read too many. */
    for (size_t length = 0; length < strlen(text); length++) {
        char *exact = malloc(length + 1);
        int64_t time_ms;
        memcpy(exact, text, length);
        exact = realloc(exact, length ? length : 1);
        assert_false(jj_time_parse(exact, length, &time_ms));
        free(exact);
    }
}

static void a_formatted_time_reads_back(void **state)
{
    static const int64_t times[] = {
        0, -1, -86400001, 1561939200123, 253402300799999, -62135596800000};
    char text[JJ_TIME_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        jj_time_format(times[i], text);
        assert_true(parsed(text) == times[i]);
    }
    jj_time_format(1561939200123, text);
    assert_string_equal(text, "2019-07-01T00:00:00.123Z");
    jj_time_format(1561939200000, text);
    assert_string_equal(text, "2019-07-01T00:00:00Z");
}

static void every_day_of_four_centuries_is_counted_once(void **state)
{
    int64_t expected = jj_days_from_date(1800, 1, 1);
    (void)state;
    for (int year = 1800; year < 2200; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; jj_date_valid(year, month, day); day++) {
                int y, m, d;
                assert_true(jj_days_from_date(year, month, day) == expected);
                jj_date_from_days(expected++, &y, &m, &d);
                assert_true(y == year && m == month && d == day);
            }
        }
    }
    assert_true(jj_days_from_date(1970, 1, 1) == 0);
    assert_true(expected - jj_days_from_date(1800, 1, 1) == 146097);
}

/* ---- Throttle, errors --------------------------------------------------------------------- */

static void a_throttle_lets_one_line_pass_and_counts_the_rest(void **state)
{
    jj_throttle throttle = {0};
    unsigned held = 99;
    (void)state;
    assert_true(jj_throttle_pass(&throttle, 3600000, &held));
    assert_int_equal(held, 0);
    assert_false(jj_throttle_pass(&throttle, 3600000, &held));
    assert_false(jj_throttle_pass(&throttle, 3600000, NULL));
    throttle.next_ms = 0; /* the hour has passed */
    assert_true(jj_throttle_pass(&throttle, 3600000, &held));
    assert_int_equal(held, 2);
    throttle.next_ms = 0;
    assert_true(jj_throttle_pass(&throttle, 3600000, &held));
    assert_int_equal(held, 0);
}

static void an_error_is_filled_in_one_line_and_forgets_its_old_place(void **state)
{
    jj_error err = {.line = 3, .column = 4, .file = "old", .field = "/old"};
    (void)state;
    assert_int_equal(jj_fail(&err, JJ_EINVALID, "%d of %d", 1, 2), JJ_EINVALID);
    assert_int_equal(err.code, JJ_EINVALID);
    assert_string_equal(err.text, "1 of 2");
    assert_string_equal(err.file, "");
    assert_string_equal(err.field, "");
    assert_int_equal(err.line + err.column, 0);
    assert_int_equal(jj_fail(NULL, JJ_EBUSY, "nobody listens"), JJ_EBUSY);
}

static void a_long_error_text_is_cut(void **state)
{
    char text[2000];
    jj_error err;
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    jj_fail_errno(&err, JJ_ESYSTEM, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void codes_keep_their_names_on_the_wire(void **state)
{
    static const struct {
        int code;
        const char *name;
    } codes[] = {{JJ_EMALFORMED, "malformed"},    {JJ_EUNAUTHORISED, "unauthorised"},
                 {JJ_EFORBIDDEN, "forbidden"},    {JJ_EUNKNOWN_TYPE, "unknown_type"},
                 {JJ_EINVALID, "invalid"},        {JJ_ECONFLICT, "conflict"},
                 {JJ_ETOO_LARGE, "too_large"},    {JJ_EBUSY, "busy"},
                 {JJ_EUNAVAILABLE, "unavailable"}};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_string_equal(jj_code_name(codes[i].code), codes[i].name);
        assert_int_equal(jj_code_parse(codes[i].name), codes[i].code);
    }
    assert_string_equal(jj_code_name(-12345), "unknown");
    assert_int_equal(jj_code_parse("of a later version"), JJ_EUNAVAILABLE);
}

static void log_levels_have_words(void **state)
{
    (void)state;
    assert_int_equal(jj_log_level_parse("error"), JJ_ERROR);
    assert_int_equal(jj_log_level_parse("debug"), JJ_DEBUG);
    assert_int_equal(jj_log_level_parse("emergency"), -1);
    assert_int_equal(jj_log_level_parse("loud"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_grows_and_stays_terminated),
        cmocka_unit_test(a_reserved_buffer_is_an_empty_text),
        cmocka_unit_test(nothing_is_written_after_a_failure),
        cmocka_unit_test(an_impossible_format_is_a_failure),
        cmocka_unit_test(reset_keeps_the_memory_and_forgets_the_failure),
        cmocka_unit_test(an_empty_buffer_gives_an_empty_text),
        cmocka_unit_test(json_text_is_escaped_as_rfc_8259_demands),
        cmocka_unit_test(folding_drops_case_space_and_punctuation),
        cmocka_unit_test(folding_never_writes_beyond_its_room),
        cmocka_unit_test(distance_counts_a_transposition_once),
        cmocka_unit_test(the_nearest_word_is_named_only_if_it_could_be_meant),
        cmocka_unit_test(numbers_are_whole_and_in_range),
        cmocka_unit_test(durations_and_sizes_need_their_units),
        cmocka_unit_test(utf8_without_surrogates_and_overlong_forms),
        cmocka_unit_test(a_time_says_the_same_moment_in_any_zone),
        cmocka_unit_test(a_time_that_is_not_rfc_3339_is_refused),
        cmocka_unit_test(a_time_is_parsed_only_as_far_as_it_goes),
        cmocka_unit_test(a_formatted_time_reads_back),
        cmocka_unit_test(every_day_of_four_centuries_is_counted_once),
        cmocka_unit_test(a_throttle_lets_one_line_pass_and_counts_the_rest),
        cmocka_unit_test(an_error_is_filled_in_one_line_and_forgets_its_old_place),
        cmocka_unit_test(a_long_error_text_is_cut),
        cmocka_unit_test(codes_keep_their_names_on_the_wire),
        cmocka_unit_test(log_levels_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
