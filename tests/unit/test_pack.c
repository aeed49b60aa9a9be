/* Packed events: what goes in comes out, and nothing else is believed. */
#include "jejaring/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static jj_bytes bytes(const char *text)
{
    return (jj_bytes){text, strlen(text)};
}

static void events_come_out_as_they_went_in(void **state)
{
    (void)state;
    const jj_bytes in[] = {bytes("{\"a\":1}"), bytes(""), bytes("{\"b\":[1,2]}")};
    jj_bytes frame, out[3];
    char *text;
    jj_error err;
    assert_int_equal(jj_pack(in, 3, &frame, &err), 0);
    assert_int_equal(jj_unpack(frame, out, 3, &text, &err), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(out[i].size_bytes, in[i].size_bytes);
        assert_memory_equal(out[i].data, in[i].data, in[i].size_bytes);
    }
    free(text);
    free((char *)(uintptr_t)frame.data);
}

static void no_events_are_a_frame_too(void **state)
{
    (void)state;
    jj_bytes frame;
    char *text;
    jj_error err;
    assert_int_equal(jj_pack(NULL, 0, &frame, &err), 0);
    assert_int_equal(jj_unpack(frame, NULL, 0, &text, &err), 0);
    free(text);
    free((char *)(uintptr_t)frame.data);
}

static void another_number_of_events_is_refused(void **state)
{
    (void)state;
    const jj_bytes in[] = {bytes("one"), bytes("two")};
    jj_bytes frame, out[3];
    char *text = NULL;
    jj_error err;
    assert_int_equal(jj_pack(in, 2, &frame, &err), 0);
    assert_int_equal(jj_unpack(frame, out, 1, &text, &err), JJ_EMALFORMED);
    assert_int_equal(jj_unpack(frame, out, 3, &text, &err), JJ_EMALFORMED);
    assert_int_equal(jj_unpack(frame, out, JJ_EVENTS_MAX + 1, &text, &err), JJ_ETOO_LARGE);
    assert_null(text);
    free((char *)(uintptr_t)frame.data);
}

static void every_damaged_byte_is_refused_or_harmless(void **state)
{
    (void)state;
    const jj_bytes in[] = {bytes("{\"type\":\"vacancy.opened\"}"), bytes("{\"id\":\"x\"}")};
    jj_bytes frame, out[2];
    jj_error err;
    assert_int_equal(jj_pack(in, 2, &frame, &err), 0);
    for (size_t at = 0; at < frame.size_bytes; at++) {
        char *copy = malloc(frame.size_bytes), *text = NULL;
        memcpy(copy, frame.data, frame.size_bytes);
        copy[at] = (char)(copy[at] ^ 0x55);
        if (jj_unpack((jj_bytes){copy, frame.size_bytes}, out, 2, &text, &err) == 0) {
            free(text);
        } else {
            assert_null(text);
        }
        assert_int_not_equal(jj_unpack((jj_bytes){copy, at}, out, 2, &text, &err), 0);
        free(copy);
    }
    free((char *)(uintptr_t)frame.data);
}

/* Zeros shrink a thousandfold: what comes out is bounded, not what goes in. */
static void a_bomb_is_not_unpacked(void **state)
{
    (void)state;
    size_t size_bytes = JJ_UNPACKED_MAX - 64;
    char *zeros = calloc(1, size_bytes), *text = NULL;
    jj_bytes frame, out[1];
    jj_error err;
    assert_non_null(zeros);
    const jj_bytes one = {zeros, size_bytes};
    assert_int_equal(jj_pack(&one, 1, &frame, &err), 0);
    assert_int_equal(jj_unpack(frame, out, 1, &text, &err), JJ_EMALFORMED);
    free((char *)(uintptr_t)frame.data);
    const jj_bytes two[] = {one, {zeros, 128}};
    assert_int_equal(jj_pack(two, 2, &frame, &err), JJ_ETOO_LARGE);
    free(zeros);
    assert_null(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_out_as_they_went_in),
        cmocka_unit_test(no_events_are_a_frame_too),
        cmocka_unit_test(another_number_of_events_is_refused),
        cmocka_unit_test(every_damaged_byte_is_refused_or_harmless),
        cmocka_unit_test(a_bomb_is_not_unpacked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
