/*
 * Spans: members of an object found in place. On any text, JSON or not, nothing beyond it is read:
 * each text stands at the end of memory of exactly its size, where a sanitizer sees the next byte.
 */
#include "json/load.h"
#include "json/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static jj_span span(const char *text)
{
    return (jj_span){text, strlen(text)};
}

static void assert_span(jj_span found, const char *expected)
{
    if (!jj_span_is(found, expected)) {
        fail_msg("expected %s, came %.*s", expected, (int)found.size_bytes, found.at);
    }
}

/* All members as "name=value;". */
static void assert_members(const char *text, const char *expected)
{
    jj_members walk;
    jj_member member;
    jj_buf out = {0};
    jj_buf_puts(&out, "");
    for (jj_members_start(&walk, span(text)); jj_members_next(&walk, &member);) {
        jj_buf_add(&out, member.name.at, member.name.size_bytes);
        jj_buf_putc(&out, '=');
        jj_buf_add(&out, member.value.at, member.value.size_bytes);
        jj_buf_putc(&out, ';');
    }
    assert_string_equal(out.data, expected);
    jj_buf_clear(&out);
}

static void values_are_cut_out_as_they_stand(void **state)
{
    (void)state;
    assert_members("{}", "");
    assert_members(" { } ", "");
    assert_members("{\"a\":0.1,\"b\":1e2}", "a=0.1;b=1e2;");
    assert_members("\t{ \"a\" : true , \"b\"\n:\r null }", "a=true;b=null;");
    assert_members("{\"a\":[1, {\"b\":\"]}\"}],\"c\":{\"d\":[ ]} }",
                   "a=[1, {\"b\":\"]}\"}];c={\"d\":[ ]};");
}

static void quotes_and_brackets_in_strings_are_text(void **state)
{
    (void)state;
    assert_members("{\"a\":\"x\\\",}]\\\\\",\"b\":2}", "a=\"x\\\",}]\\\\\";b=2;");
    assert_members("{\"a,\\\"b\":1}", "a,\\\"b=1;");
    assert_members("{\"a\":[\"[[[\",\"\\\"]\"],\"b\":2}", "a=[\"[[[\",\"\\\"]\"];b=2;");
}

static void what_is_not_an_object_has_no_members(void **state)
{
    (void)state;
    assert_members("", "");
    assert_members("[1]", "");
    assert_members("\"a\"", "");
    assert_members("null", "");
}

static void a_value_that_is_missing_is_no_member(void **state)
{
    (void)state;
    assert_members("{\"a\":", "");
    assert_members("{\"a\":}", "");
    assert_members("{\"a\":,\"b\":1}", "");
    assert_members("{\"a\"", "");
    assert_members("{\"a", "");
}

static void a_member_is_found_by_its_name(void **state)
{
    const char *text = "{\"id\":\"1\",\"data\":{\"id\":2},\"i\":3}";
    jj_span value = {0};
    (void)state;
    assert_true(jj_span_find(span(text), "id", &value));
    assert_span(value, "\"1\"");
    assert_true(jj_span_find(span(text), "i", &value));
    assert_span(value, "3");
    assert_false(jj_span_find(span(text), "d", &value));
    assert_false(jj_span_find(span(text), "", &value));
    assert_span(value, "3");
}

static void names_with_escapes_are_noticed_at_the_top_only(void **state)
{
    (void)state;
    assert_true(jj_span_has_escaped_names(span("{\"a\":1,\"\\u0069d\":2}")));
    assert_true(jj_span_has_escaped_names(span("{\"a\\\"\":1}")));
    assert_false(jj_span_has_escaped_names(span("{\"a\":\"\\u0069\",\"b\":{\"\\u0069\":1}}")));
    assert_false(jj_span_has_escaped_names(span("{}")));
}

static void assert_unescaped(const char *string, const char *expected)
{
    jj_buf out = {0};
    jj_buf_puts(&out, "");
    assert_true(jj_span_unescape(span(string), &out));
    assert_string_equal(out.data, expected);
    jj_buf_clear(&out);
}

static void a_string_is_unescaped_to_utf8(void **state)
{
    (void)state;
    assert_unescaped("\"\"", "");
    assert_unescaped("\"plain\"", "plain");
    assert_unescaped("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    assert_unescaped("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00!\"", "Aé€\xf0\x9f\x98\x80!");
    assert_unescaped("\"Pékalongan\"", "Pékalongan");
}

static void what_is_not_a_string_is_not_unescaped(void **state)
{
    jj_buf out = {0};
    (void)state;
    assert_false(jj_span_unescape(span(""), &out));
    assert_false(jj_span_unescape(span("\""), &out));
    assert_false(jj_span_unescape(span("12"), &out));
    assert_false(jj_span_unescape(span("{}"), &out));
    jj_buf_clear(&out);
}

/* ---- Any bytes ---------------------------------------------------------------------------- */

/* Does everything that the room offers with a text in memory of its own size. Whatever is found
 * must lie within. */
static void exercise(const char *text, size_t size)
{
    char *exact = malloc(size + !size);
    memcpy(exact, text, size);
    jj_span whole = {exact, size}, value;
    jj_members walk;
    jj_member member;
    jj_buf out = {0};
    size_t steps = 0;
    for (jj_members_start(&walk, whole); jj_members_next(&walk, &member);) {
        const char *end = exact + size;
        assert_true(++steps <= size);
        assert_true(member.name.at >= exact && member.name.at + member.name.size_bytes <= end);
        assert_true(member.value.at >= exact && member.value.size_bytes > 0);
        assert_true(member.value.at + member.value.size_bytes <= end);
        jj_span_unescape(member.value, &out);
    }
    jj_span_find(whole, "data", &value);
    jj_span_has_escaped_names(whole);
    jj_span_unescape(whole, &out);
    jj_buf_clear(&out);
    free(exact);
}

static const char *const samples[] = {
    "{\"id\":\"a\\\"\\\\b\",\"n\":-1.5e+10,\"o\":{\"x\":[1,\"]\",{}]},\"l\":[[],[\"\\u0041\"]]}",
    " {\t\"specversion\" : \"1.0\" , \"data\" : { \"needs\" : [ \"\\ud83d\\ude00\" ] } } ",
    "[{\"a\":1},true,false,null]",
    "\"\\u0041\\ud83d\\ude00\\n\"",
    "{\"\":{\"\":{\"\":\"\"}}}",
};
#define SAMPLES (sizeof samples / sizeof *samples)

static void a_text_cut_anywhere_is_read_no_further(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t size = strlen(samples[i]);
        for (size_t from = 0; from <= size; from++) {
            for (size_t length = 0; from + length <= size; length++) {
                exercise(samples[i] + from, length);
            }
        }
    }
}

/* xorshift: the same bytes everywhere for one seed. */
static uint32_t random_state;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    return random_state ^= random_state << 5;
}

static void random_bytes_are_read_no_further(void **state)
{
    static const char likely[] = "{}[]\":,\\ \t\nu0dD8abtrufalsn1-.e\xff\x80";
    (void)state;
    random_state = 20190731;
    for (unsigned round = 0; round < 20000; round++) {
        char text[96];
        size_t size = next_random() % sizeof text;
        for (size_t i = 0; i < size; i++) {
            text[i] = next_random() % 8 ? likely[next_random() % (sizeof likely - 1)]
                                        : (char)next_random();
        }
        if (size && next_random() % 2) {
            text[0] = '{';
        }
        exercise(text, size);
    }
}

/* The walk and the parser see the same members with the same values. */
static void assert_agrees_with_the_parser(const char *text, size_t size, const json_t *object)
{
    jj_members walk;
    jj_member member;
    size_t count = 0;
    for (jj_members_start(&walk, (jj_span){text, size}); jj_members_next(&walk, &member);) {
        jj_buf name = {0};
        json_t *value = NULL;
        jj_span quoted = {member.name.at - 1, member.name.size_bytes + 2};
        jj_buf_puts(&name, "");
        assert_true(jj_span_unescape(quoted, &name));
        if (jj_json_load(&value, member.value.at, member.value.size_bytes, size, NULL) ||
            !json_equal(value, json_object_get(object, name.data))) {
            fail_msg("seed 42: member %s of %.*s differs", name.data, (int)size, text);
        }
        if (json_is_string(value)) {
            jj_buf_reset(&name);
            assert_true(jj_span_unescape(member.value, &name));
            assert_string_equal(name.data, json_string_value(value));
        }
        json_decref(value);
        jj_buf_clear(&name);
        count++;
    }
    if (count != json_object_size(object)) {
        fail_msg("seed 42: %zu members instead of %zu in %.*s", count, json_object_size(object),
                 (int)size, text);
    }
}

static void the_walk_agrees_with_the_parser_on_every_text_it_accepts(void **state)
{
    unsigned compared = 0;
    (void)state;
    random_state = 42;
    for (unsigned round = 0; round < 60000; round++) {
        char text[128];
        const char *sample = samples[next_random() % SAMPLES];
        size_t size = strlen(sample);
        memcpy(text, sample, size + 1);
        for (unsigned changes = next_random() % 3; changes; changes--) {
            static const char likely[] = "{}[]\":, \\nu0a1\t";
            size_t at = next_random() % size;
            if (next_random() % 3) {
                text[at] = likely[next_random() % (sizeof likely - 1)];
            } else {
                memmove(text + at, text + at + 1, size - at);
                size--;
            }
        }
        json_t *object = NULL;
        if (jj_json_load(&object, text, size, size, NULL) == 0 && json_is_object(object)) {
            assert_agrees_with_the_parser(text, size, object);
            compared++;
        }
        json_decref(object);
    }
    assert_true(compared > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_cut_out_as_they_stand),
        cmocka_unit_test(quotes_and_brackets_in_strings_are_text),
        cmocka_unit_test(what_is_not_an_object_has_no_members),
        cmocka_unit_test(a_value_that_is_missing_is_no_member),
        cmocka_unit_test(a_member_is_found_by_its_name),
        cmocka_unit_test(names_with_escapes_are_noticed_at_the_top_only),
        cmocka_unit_test(a_string_is_unescaped_to_utf8),
        cmocka_unit_test(what_is_not_a_string_is_not_unescaped),
        cmocka_unit_test(a_text_cut_anywhere_is_read_no_further),
        cmocka_unit_test(random_bytes_are_read_no_further),
        cmocka_unit_test(the_walk_agrees_with_the_parser_on_every_text_it_accepts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
