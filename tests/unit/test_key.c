/*
 * Keys of events and persons, and what makes a NIK impossible.
 */
#include "event/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static int set_up(void **state)
{
    (void)state;
    return jj_id_init() ? 0 : -1;
}

static void key_of(int64_t time_ms, const char *source, const char *id, unsigned char key[16])
{
    jj_event_key(time_ms, source, strlen(source), id, strlen(id), key);
}

static void an_event_key_can_be_computed_by_anybody(void **state)
{
    /* Python: struct.pack(">Q", ms)[2:] + blake2b(len+source+len+id, digest_size=16)[:10] */
    unsigned char key[16];
    char hex[33];
    (void)state;
    key_of(1561939200123, "urn:blk", "g-1", key);
    jj_hex(key, sizeof key, hex);
    assert_string_equal(hex, "016baad4c87bdbbca74e408dc8dda8f2");
}

static void keys_stand_in_the_order_of_time(void **state)
{
    static const int64_t times[] = {0, 1, 255, 256, 1561939200123, 1561939200124, 253402300799999};
    unsigned char before[16] = {0}, key[16];
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char id[8];
        snprintf(id, sizeof id, "%zu", i);
        key_of(times[i], "urn:blk", id, key);
        assert_true(i == 0 || memcmp(before, key, sizeof key) < 0);
        memcpy(before, key, sizeof key);
    }
}

static void a_time_before_1970_counts_as_its_first_instant(void **state)
{
    unsigned char early[16], zero[16];
    (void)state;
    key_of(-86400000, "urn:blk", "g-1", early);
    key_of(0, "urn:blk", "g-1", zero);
    assert_memory_equal(early, zero, 16);
}

static void source_and_id_do_not_run_into_each_other(void **state)
{
    unsigned char a[16], b[16], c[16];
    (void)state;
    key_of(0, "urn:a", "bc", a);
    key_of(0, "urn:ab", "c", b);
    key_of(0, "urn:a", "bd", c);
    assert_memory_not_equal(a, b, 16);
    assert_memory_not_equal(a, c, 16);
}

static void a_person_key_is_the_keyed_hash_of_the_nik(void **state)
{
    /* Python: uuid of blake2b(b"3375015005980001", digest_size=16, key=bytes(range(32))), marked
     * as version 8. */
    unsigned char secret[JJ_KEY_SIZE];
    char key[JJ_UUID_SIZE], other[JJ_UUID_SIZE];
    (void)state;
    for (unsigned i = 0; i < sizeof secret; i++) {
        secret[i] = (unsigned char)i;
    }
    jj_person_key(secret, "3375015005980001", key);
    assert_string_equal(key, "bf1af257-50e8-873f-a2b7-6174c0be81a1");
    secret[0] ^= 1;
    jj_person_key(secret, "3375015005980001", other);
    assert_string_not_equal(key, other);
}

static void assert_verdict(const char *nik, enum jj_nik_verdict expected)
{
    enum jj_nik_verdict verdict = jj_nik_check(nik, strlen(nik));
    if (verdict != expected) {
        fail_msg("\"%s\": expected %d, came %d", nik, expected, verdict);
    }
}

static void a_possible_nik_is_accepted(void **state)
{
    (void)state;
    assert_verdict("3375015005980001", JJ_NIK_OK);
    assert_verdict("3375010112990001", JJ_NIK_OK);
    assert_verdict("3375014112990001", JJ_NIK_OK); /* a woman born on the first */
    assert_verdict("3375017112999999", JJ_NIK_OK);
    assert_verdict("3375012902000001", JJ_NIK_OK); /* 2000 was a leap year, 1900 was not */
    assert_verdict("3375012902040001", JJ_NIK_OK);
    assert_verdict("9999013112990001", JJ_NIK_OK); /* the region is no hard error */
}

static void an_impossible_birth_date_is_refused(void **state)
{
    (void)state;
    assert_verdict("3375010012990001", JJ_NIK_DATE);
    assert_verdict("3375013212990001", JJ_NIK_DATE);
    assert_verdict("3375014012990001", JJ_NIK_DATE);
    assert_verdict("3375017212990001", JJ_NIK_DATE);
    assert_verdict("3375010100990001", JJ_NIK_DATE);
    assert_verdict("3375010113990001", JJ_NIK_DATE);
    assert_verdict("3375013104990001", JJ_NIK_DATE);
    assert_verdict("3375012902990001", JJ_NIK_DATE);
    assert_verdict("3375013002960001", JJ_NIK_DATE);
}

static void a_serial_starts_at_one(void **state)
{
    (void)state;
    assert_verdict("3375015005980000", JJ_NIK_SERIAL);
}

static void anything_but_16_digits_is_refused(void **state)
{
    (void)state;
    assert_verdict("", JJ_NIK_LENGTH);
    assert_verdict("337501500598000", JJ_NIK_LENGTH);
    assert_verdict("33750150059800011", JJ_NIK_LENGTH);
    assert_verdict("337501500598000x", JJ_NIK_LENGTH);
    assert_verdict(" 375015005980001", JJ_NIK_LENGTH);
    assert_verdict("3375-0150-0598-0", JJ_NIK_LENGTH);
}

static void what_a_spreadsheet_did_to_it_is_named(void **state)
{
    (void)state;
    assert_verdict("3.37502E+15", JJ_NIK_SCIENTIFIC);
    assert_verdict("3,37502E+15", JJ_NIK_SCIENTIFIC);
    assert_verdict("3.3750150059800E15", JJ_NIK_SCIENTIFIC);
    assert_verdict("3e15", JJ_NIK_SCIENTIFIC);
    assert_verdict("E15", JJ_NIK_LENGTH);
    assert_verdict("3e1e5", JJ_NIK_LENGTH);
}

static void every_verdict_has_a_line_in_both_languages(void **state)
{
    (void)state;
    for (int v = JJ_NIK_OK; v <= JJ_NIK_SERIAL; v++) {
        const char *english = jj_nik_problem((enum jj_nik_verdict)v);
        const char *indonesian = jj_nik_problem_id((enum jj_nik_verdict)v);
        assert_true(strlen(english) > 10 && strlen(indonesian) > 10);
        assert_null(strchr(english, '\n'));
        assert_string_not_equal(english, indonesian);
    }
}

static void a_nik_within_a_text_is_found_but_not_in_a_hash(void **state)
{
    static const char *const held[] = {"3375020101900001", "nik 3375020101900001.",
                                       "abc3375020101900001", "nik-3375020101900001-nik"};
    static const char *const not_held[] = {
        "33750201019000012",                /* 17 digits */
        "3375023213900001",                 /* no such day */
        "33750201-01900001",                /* not in a row */
        "c3375020101900001abcdefabcdefabc", /* 32 hexadecimal digits */
        "C0FFEEC0FFEEC0FFEEC0FFEEC0FFEEC0FFEEC0FFEEC0FFEEF3375020101900001"};
    (void)state;
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        if (!jj_holds_nik(held[i])) {
            fail_msg("\"%s\": not found", held[i]);
        }
    }
    for (size_t i = 0; i < sizeof not_held / sizeof *not_held; i++) {
        if (jj_holds_nik(not_held[i])) {
            fail_msg("\"%s\": taken for a NIK", not_held[i]);
        }
    }
}

/* An event of a whole frame must not stop the hub: each place is looked at a few times at most. */
static void a_long_text_is_searched_in_linear_time(void **state)
{
    static const char part[] = "3375020101900001a"; /* all of it is one long hash */
    static char text[1 << 20];
    (void)state;
    for (size_t at = 0; at + sizeof part < sizeof text; at += sizeof part - 1) {
        memcpy(text + at, part, sizeof part);
    }
    clock_t start = clock();
    assert_false(jj_holds_nik(text));
    assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_key_can_be_computed_by_anybody),
        cmocka_unit_test(keys_stand_in_the_order_of_time),
        cmocka_unit_test(a_time_before_1970_counts_as_its_first_instant),
        cmocka_unit_test(source_and_id_do_not_run_into_each_other),
        cmocka_unit_test(a_person_key_is_the_keyed_hash_of_the_nik),
        cmocka_unit_test(a_possible_nik_is_accepted),
        cmocka_unit_test(a_nik_within_a_text_is_found_but_not_in_a_hash),
        cmocka_unit_test(a_long_text_is_searched_in_linear_time),
        cmocka_unit_test(an_impossible_birth_date_is_refused),
        cmocka_unit_test(a_serial_starts_at_one),
        cmocka_unit_test(anything_but_16_digits_is_refused),
        cmocka_unit_test(what_a_spreadsheet_did_to_it_is_named),
        cmocka_unit_test(every_verdict_has_a_line_in_both_languages),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
