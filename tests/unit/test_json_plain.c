/*
 * The quick reader of JSON is held against jansson: what it accepts, jansson accepts, with an equal
 * value; and it does not give up on what agencies send every day.
 */
#include "json/plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEPTH     64
#define MUTATIONS 200000

static const char event[] =
    "{\"specversion\":\"1.0\",\"id\":\"2019-II-1\",\"source\":\"\\/blk\",\"sequence\":\"42\", "
    "\"time\":\"2019-07-31T00:00:00Z\",\"region\":\"33.75\",\"data\":{\"date\":\"2019-07-31\",\n"
    "\"program\":\"Las \\\"SMAW\\\" 3G \xc3\xa9\",\"year\":2019,\"score\":87.5,\"low\":-12,"
    "\"extras\":[\"english\",[],{}],\"friendly\":true,\"closed\":false,\"none\":null}}";

static json_t *by_jansson(const char *text, size_t size)
{
    return json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

/* From memory of exactly that size, so that a sanitizer sees a byte read too many. */
static json_t *plainly(const char *text, size_t size)
{
    char *exact = malloc(size + !size);
    memcpy(exact, text, size);
    json_t *value = jj_json_plain(exact, size, DEPTH);
    free(exact);
    return value;
}

/* Returns whether it was accepted. */
static bool compare(const char *text, size_t size)
{
    json_t *ours = plainly(text, size), *theirs = ours ? by_jansson(text, size) : NULL;
    bool accepted = ours != NULL;
    if (accepted && !theirs) {
        fail_msg("accepted, but jansson refuses it: %.*s", (int)size, text);
    }
    if (accepted && !json_equal(ours, theirs)) {
        fail_msg("another value than jansson's: %.*s", (int)size, text);
    }
    json_decref(ours);
    json_decref(theirs);
    return accepted;
}

static void an_event_is_read_as_jansson_reads_it(void **state)
{
    (void)state;
    assert_true(compare(event, strlen(event)));
}

static void what_is_written_plainly_is_read(void **state)
{
    static const char *const texts[] = {"null",
                                        " true ",
                                        "false",
                                        "0",
                                        "-0",
                                        "7",
                                        "-7",
                                        "123456789012345678",
                                        "-123456789012345678",
                                        "1234567890123456789",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "0.5",
                                        "-1.25e+3",
                                        "1E5",
                                        "\"\"",
                                        "\"a\"",
                                        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                                        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
                                        "[]",
                                        "[ ]",
                                        "[1,[2,[3]]]",
                                        "{}",
                                        "{ }",
                                        "{\"a\":{\"a\":{}}}",
                                        "\t{\r\n\"a\" : 1 ,\t\"b\":[ 1 , 2 ] }\n",
                                        "{\"\":0}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!compare(texts[i], strlen(texts[i]))) {
            fail_msg("given up: %s", texts[i]);
        }
    }
}

static void nothing_wrong_is_accepted(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "nul",
                                        "nulll",
                                        "truefalse",
                                        "True",
                                        "01",
                                        "-01",
                                        "00",
                                        "-",
                                        "+1",
                                        "1.",
                                        ".5",
                                        "1e",
                                        "1e+",
                                        "1.e5",
                                        "0x10",
                                        "1a",
                                        "--1",
                                        "1-",
                                        "1+1",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "1e999",
                                        "\"",
                                        "\"a",
                                        "\"\\\"",
                                        "\"\\x\"",
                                        "\"\\",
                                        "\"\n\"",
                                        "\"\\u0000\"",
                                        "\"\\ud800\"",
                                        "\"\\udc00\"",
                                        "\"\xff\"",
                                        "\"\xc0\x80\"",
                                        "\"\xed\xa0\x80\"",
                                        "\"\xf4\x90\x80\x80\"",
                                        "\"\xc3\"",
                                        "[",
                                        "]",
                                        "[1",
                                        "[1,",
                                        "[1,]",
                                        "[,1]",
                                        "[1 2]",
                                        "[1}",
                                        "{",
                                        "}",
                                        "{\"a\"",
                                        "{\"a\":",
                                        "{\"a\":1",
                                        "{\"a\":1,",
                                        "{\"a\":1,}",
                                        "{\"a\" 1}",
                                        "{a:1}",
                                        "{1:1}",
                                        "{,}",
                                        "{\"a\":1 \"b\":2}",
                                        "{\"a\":1]",
                                        "1 2",
                                        "{} {}",
                                        "[] ,",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"a\":1,\"\\u0061\":2}",
                                        "{\"a\":{\"b\":1,\"b\":1}}",
                                        "\xef\xbb\xbf{}",
                                        "/* */ 1",
                                        "NaN",
                                        "Infinity",
                                        "'a'"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (compare(texts[i], strlen(texts[i]))) {
            fail_msg("accepted: %s", texts[i]);
        }
    }
    assert_false(compare("1\0", 2));
    assert_false(compare("\"a\0b\"", 5));
    assert_false(compare("{\"a\":1}\0", 8));
}

static void depth_is_limited(void **state)
{
    char text[4 * DEPTH + 8];
    (void)state;
    for (unsigned depth = DEPTH - 1; depth <= DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        json_t *value = plainly(text, 2 * depth);
        assert_int_equal(value != NULL, depth <= DEPTH);
        json_decref(value);
    }
}

/* Changes a few bytes to others that mean something in JSON. */
static void mutate(char *text, size_t size, unsigned *random)
{
    static const char meaning[] = "\"\\{}[]:, 019-+.eEtfnu/x\n\x01\x80\xc3\xed\xf4";
    unsigned changes = 1 + (unsigned)rand_r(random) % 3;
    for (unsigned i = 0; i < changes; i++) {
        text[(size_t)rand_r(random) % size] =
            meaning[(size_t)rand_r(random) % (sizeof meaning - 1)];
    }
}

static void damaged_events_are_never_read_otherwise(void **state)
{
    static const char small[] = "{\"a\":[1,-2.5,\"x\\n\",{\"b\":null,\"c\":\"\xc3\xa9\"}]}";
    const char *seeds[] = {event, small};
    unsigned random = 20190731;
    unsigned accepted = 0;
    (void)state;
    for (unsigned i = 0; i < MUTATIONS; i++) {
        char text[sizeof event];
        size_t size = strlen(seeds[i % 2]);
        memcpy(text, seeds[i % 2], size);
        mutate(text, size, &random);
        accepted += compare(text, size - (size_t)(i % 7 == 0));
    }
    assert_in_range(accepted, MUTATIONS / 100, MUTATIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_read_as_jansson_reads_it),
        cmocka_unit_test(what_is_written_plainly_is_read),
        cmocka_unit_test(nothing_wrong_is_accepted),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(damaged_events_are_never_read_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
