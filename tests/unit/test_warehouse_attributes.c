/* What the raw log stores of an event beyond the ABI's attributes: spans cut out of its text. */
#include "../../plugins/warehouse/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_US INT64_C(1000000)

static bool read_text(const char *text, jj_attributes *rest, char *extra)
{
    size_t extra_size = 0;
    bool good = jj_attributes_read(text, strlen(text), rest, extra, &extra_size);

    extra[good ? extra_size : 0] = '\0';
    return good;
}

static void assert_read(const char *text, const char *data, const char *more)
{
    jj_attributes rest;
    char extra[512];

    assert_true(read_text(text, &rest, extra));
    assert_int_equal(rest.data_size, strlen(data));
    assert_memory_equal(rest.data, data, rest.data_size);
    assert_string_equal(extra, more);
}

static void test_data_is_cut_out_as_it_is_written(void **state)
{
    (void)state;
    assert_read("{\"id\":\"1\",\"data\":{\"a\":0.10,\"b\":[{\"data\":1},\"}]\"]}}",
                "{\"a\":0.10,\"b\":[{\"data\":1},\"}]\"]}", "");
    assert_read(" { \"data\" : { \"q\" : \"\\\"\\\\\" } , \"id\" : \"1\" } ",
                "{ \"q\" : \"\\\"\\\\\" }", "");
}

static void test_attributes_without_a_column_are_kept(void **state)
{
    (void)state;
    assert_read(
        "{\"specversion\":\"1.0\",\"sequence\":\"7\",\"data\":{},\"x\":[1, 2],\"time\":\"t\"}",
        "{}", "\"sequence\":\"7\",\"x\":[1, 2]");
    assert_read("{\"data\":1,\"n\":null,\"t\":true}", "1", "\"n\":null,\"t\":true");
}

static void test_what_is_no_event_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"id\":\"1\"}",
        "{\"data\":}",
        "{\"data\":{}",
        "{\"data\":{\"a\":\"b}}",
        "{\"data\" {}}",
        "{\"d\\u0061ta\":{}}",
        "{\"data\":{},}",
        "{data:{}}",
        "{\"data\":\"\\",
    };
    jj_attributes rest;
    char extra[64];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (read_text(bad[i], &rest, extra)) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}

/* No byte behind the text is looked at, wherever it is cut off. */
static void test_a_text_cut_off_anywhere_is_refused(void **state)
{
    static const char whole[] = "{\"a\":\"\\\"\",\"data\":{\"b\":[1,{}]},\"c\":12}";
    jj_attributes rest;
    char extra[128];
    size_t extra_size;

    (void)state;
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        char *copy = test_malloc(size ? size : 1);
        memcpy(copy, whole, size);
        assert_false(jj_attributes_read(copy, size, &rest, extra, &extra_size));
        test_free(copy);
    }
}

static void test_recordedtime_is_read_with_its_offset(void **state)
{
    static const struct {
        const char *text;
        int64_t time_us;
    } times[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2000-02-29T12:00:00.5Z", 951825600 * SECOND_US + 500000},
        {"2019-07-01T07:30:00+07:00", 1561941000 * SECOND_US},
        {"2019-06-30t20:30:00.123456789-04:00", 1561941000 * SECOND_US + 123456},
        {"1969-12-31T23:59:59Z", -1 * SECOND_US},
    };
    int64_t time_us;

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assert_true(jj_time_us(times[i].text, strlen(times[i].text), &time_us));
        assert_true(time_us == times[i].time_us);
    }
}

static void test_what_is_no_time_is_none(void **state)
{
    static const char *const bad[] = {
        "",
        "2019-07-01",
        "2019-07-01T07:30:00",
        "2019-13-01T07:30:00Z",
        "2019-07-01T24:30:00Z",
        "2019-07-01T07:30:00+7:00",
        "2019-07-01T07:30:00.Zx",
        "2019-07-01 07:30:00Z",
        "x019-07-01T07:30:00Z",
    };
    int64_t time_us;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (jj_time_us(bad[i], strlen(bad[i]), &time_us)) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_is_cut_out_as_it_is_written),
        cmocka_unit_test(test_attributes_without_a_column_are_kept),
        cmocka_unit_test(test_what_is_no_event_is_refused),
        cmocka_unit_test(test_a_text_cut_off_anywhere_is_refused),
        cmocka_unit_test(test_recordedtime_is_read_with_its_offset),
        cmocka_unit_test(test_what_is_no_time_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
