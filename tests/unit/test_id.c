/*
 * Hashes, UUIDs and random bytes. Expected values come from other implementations: BLAKE2b from
 * RFC 7693 and Python's hashlib, SipHash from its authors' vectors.
 */
#include "base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void make_key(unsigned char key[JJ_KEY_SIZE])
{
    for (unsigned i = 0; i < JJ_KEY_SIZE; i++) {
        key[i] = (unsigned char)i;
    }
}

static void assert_bytes(const void *bytes, size_t size, const char *expected)
{
    char hex[129];
    jj_hex(bytes, size, hex);
    assert_string_equal(hex, expected);
}

static int set_up(void **state)
{
    (void)state;
    return jj_id_init() ? 0 : -1;
}

static void a_text_is_hashed_as_any_blake2b_does(void **state)
{
    unsigned char hash[64], key[JJ_KEY_SIZE];
    (void)state;
    make_key(key);
    jj_hash_text(NULL, "abc", 3, hash, 64);
    assert_bytes(hash, 64,
                 "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                 "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    jj_hash_text(key, "abc", 3, hash, 32);
    assert_bytes(hash, 32, "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
}

static void parts_are_kept_apart(void **state)
{
    const jj_part first[] = {{"ab", 2}, {"c", 1}}, second[] = {{"a", 1}, {"bc", 2}};
    unsigned char hash[16];
    (void)state;
    jj_hash(NULL, first, 2, hash, sizeof hash);
    assert_bytes(hash, 16, "4826ed043ab3cdec576d8541fa5d5a80");
    jj_hash(NULL, second, 2, hash, sizeof hash);
    assert_bytes(hash, 16, "f14abc19c330e936bb9c8506d69bac9b");
}

static void a_short_hash_is_the_head_of_a_hash_of_16_bytes(void **state)
{
    const jj_part parts[] = {{"ab", 2}, {"c", 1}};
    unsigned char hash[10];
    (void)state;
    jj_hash(NULL, parts, 2, hash, sizeof hash);
    assert_bytes(hash, 10, "4826ed043ab3cdec576d");
}

static void siphash_gives_the_value_of_its_authors(void **state)
{
    unsigned char key[16], text[15];
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        key[i] = (unsigned char)i;
        text[i % 15] = (unsigned char)(i % 15);
    }
    assert_true(jj_siphash(key, text, sizeof text) == 0xa129ca6149be45e5u);
}

static void an_entity_key_can_be_computed_by_anybody(void **state)
{
    char uuid[JJ_UUID_SIZE], other[JJ_UUID_SIZE];
    (void)state;
    jj_entity_key("vacancy", "urn:jejaring:industry", "L-001", uuid);
    assert_string_equal(uuid, "679bbe71-af81-8192-a1dc-110a1b6c7b73");
    jj_entity_key("vacanc", "yurn:jejaring:industry", "L-001", other);
    assert_string_not_equal(uuid, other);
}

static void a_uuid_made_from_a_hash_says_so(void **state)
{
    unsigned char hash[16];
    char uuid[JJ_UUID_SIZE];
    (void)state;
    memset(hash, 0xff, sizeof hash);
    jj_uuid_from_hash(hash, uuid);
    assert_string_equal(uuid, "ffffffff-ffff-8fff-bfff-ffffffffffff");
    memset(hash, 0, sizeof hash);
    jj_uuid_from_hash(hash, uuid);
    assert_string_equal(uuid, "00000000-0000-8000-8000-000000000000");
}

static void a_uuid_reads_back_in_either_case(void **state)
{
    unsigned char uuid[16], again[16];
    char text[JJ_UUID_SIZE];
    (void)state;
    assert_true(jj_uuid_parse("679BBE71-af81-8192-A1DC-110a1b6c7b73", 36, uuid));
    jj_uuid_format(uuid, text);
    assert_string_equal(text, "679bbe71-af81-8192-a1dc-110a1b6c7b73");
    assert_true(jj_uuid_parse(text, 36, again));
    assert_memory_equal(uuid, again, 16);
}

static void what_is_not_a_uuid_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "679bbe71-af81-8192-a1dc-110a1b6c7b7",
                                      "679bbe71-af81-8192-a1dc-110a1b6c7b733",
                                      "679bbe71af81-8192-a1dc-110a1b6c7b73-",
                                      "679bbe71-af81-8192-a1dc-110a1b6c7b7g",
                                      "{679bbe71-af81-8192-a1dc-110a1b6c7b7",
                                      "679bbe71-af81-8192-a1dc-110a1b6c7b7-",
                                      "------------------------------------"};
    unsigned char uuid[16];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(jj_uuid_parse(bad[i], strlen(bad[i]), uuid));
    }
}

static void hexadecimal_has_exactly_the_asked_length(void **state)
{
    unsigned char bytes[2] = {1, 2};
    (void)state;
    assert_true(jj_unhex("fF0a", 4, bytes, 2));
    assert_bytes(bytes, 2, "ff0a");
    assert_false(jj_unhex("ff0", 3, bytes, 2));
    assert_false(jj_unhex("ff0a0", 5, bytes, 2));
    assert_false(jj_unhex("fg0a", 4, bytes, 2));
    assert_false(jj_unhex("", 0, bytes, 2));
    assert_true(jj_unhex("", 0, bytes, 0));
}

static void random_bytes_differ(void **state)
{
    unsigned char a[32] = {0}, b[32] = {0};
    (void)state;
    jj_random(a, sizeof a);
    jj_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void every_uuid_of_a_text_is_found(void **state)
{
    static const char text[] = "x--0F1AF257-50e8-873f-a2b7-6174c0be81a1\"-00000000-0000-8000-8000-"
                               "000000000001,0f1af257-50e8-873f-a2b7-6174c0be81a";
    char uuid[JJ_UUID_SIZE];
    size_t at = 0;
    (void)state;
    assert_true(jj_uuid_next(text, strlen(text), &at, uuid));
    assert_string_equal(uuid, "0f1af257-50e8-873f-a2b7-6174c0be81a1");
    assert_true(jj_uuid_next(text, strlen(text), &at, uuid));
    assert_string_equal(uuid, "00000000-0000-8000-8000-000000000001");
    assert_false(jj_uuid_next(text, strlen(text), &at, uuid));
    at = 0;
    assert_false(jj_uuid_next(text, 38, &at, uuid));
    assert_false(jj_uuid_next("", 0, &at, uuid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_hashed_as_any_blake2b_does),
        cmocka_unit_test(parts_are_kept_apart),
        cmocka_unit_test(a_short_hash_is_the_head_of_a_hash_of_16_bytes),
        cmocka_unit_test(siphash_gives_the_value_of_its_authors),
        cmocka_unit_test(an_entity_key_can_be_computed_by_anybody),
        cmocka_unit_test(a_uuid_made_from_a_hash_says_so),
        cmocka_unit_test(a_uuid_reads_back_in_either_case),
        cmocka_unit_test(what_is_not_a_uuid_is_refused),
        cmocka_unit_test(hexadecimal_has_exactly_the_asked_length),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(every_uuid_of_a_text_is_found),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
