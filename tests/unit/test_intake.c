/*
 * Intake, the good event: what is stored of it, what goes to the vault, what its digest counts.
 * What is refused stands in test_refusal.c.
 */
#include "event/key.h"
#include "intake_office.h"
#include "jejaring/client.h"
#include "schema/audience.h"
#include "json/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const everywhere[] = {"*", NULL};
static const jj_rights blk = {.agency = "blk-pekalongan", .regions = everywhere};

#define HEAD(type)                                                                                 \
    "{\"specversion\":\"1.0\",\"id\":\"g-1\",\"source\":\"urn:blk\",\"type\":\"" type "\","        \
    "\"time\":\"2019-07-01T07:00:00.123+07:00\",\"region\":\"33.75\""
#define GRADUATED(data) HEAD("alumni.graduated") ",\"data\":{\"vocation\":\"las\"" data "}}"
#define MADE(subject)   ",\"subject\":\"" subject "\",\"recordedtime\":\"2026-01-02T03:04:05.678Z\"}"

#define RECORDED_MS 1767323045678 /* 2026-01-02T03:04:05.678Z */

/* Everything below is about events that are accepted. */
static const jj_record *admit(const char *event)
{
    jj_error err = {0};
    int rc = jj_intake_admit(&intake, &blk, event, strlen(event), RECORDED_MS, &admitted, &err);
    if (rc) {
        fail_msg("%s: %s at \"%s\": %s", event, jj_code_name(rc), err.field, err.text);
    }
    return &admitted.record;
}

static void assert_stored(const char *event, const char *expected)
{
    const jj_record *record = admit(event);
    if (!jj_span_is(record->text, expected)) {
        fail_msg("expected %s\n     came %.*s", expected, (int)record->text.size_bytes,
                 record->text.at);
    }
}

static uint64_t digest(const char *event)
{
    return admit(event)->digest;
}

static void assert_sealed(const char *subject, const char *expected)
{
    jj_buf text = {0};
    jj_buf_puts(&text, "");
    if (admitted.record.contact.size_bytes) {
        assert_int_equal(jj_unseal(&secrets, "vault", subject, admitted.record.contact, &text), 0);
    }
    assert_string_equal(text.data, expected);
    jj_buf_clear(&text);
}

/* ---- The record --------------------------------------------------------------------------- */

static void a_record_says_what_the_envelope_says(void **state)
{
    unsigned char key[16];
    (void)state;
    const jj_record *record =
        admit(HEAD("alumni.graduated") ",\"recipient\":\"bank\",\"subject\":\"" OTHER
                                       "\",\"data\":{\"vocation\":\"las\"}}");
    jj_event_key(1561939200123, "urn:blk", 7, "g-1", 3, key);
    assert_memory_equal(record->key, key, 16);
    assert_true(record->time_ms == 1561939200123);
    assert_string_equal(record->type, "alumni.graduated");
    assert_string_equal(record->region, "33.75");
    assert_string_equal(record->owner, "blk-pekalongan");
    assert_string_equal(record->recipient, "bank");
    assert_string_equal(record->subject, OTHER);
    assert_int_equal(record->contact.size_bytes, 0);
    assert_string_equal(admitted.type->name, "alumni.graduated");
}

static void subject_and_time_of_acceptance_are_written_at_the_end(void **state)
{
    (void)state;
    assert_stored(GRADUATED(",\"nik\":\"" NIK "\""),
                  HEAD("alumni.graduated") ",\"data\":{\"vocation\":\"las\"}" MADE(PERSON));
}

static void what_a_sender_says_of_acceptance_is_replaced(void **state)
{
    (void)state;
    assert_stored(HEAD("vacancy.opened") ",\"recordedtime\":\"1999-01-01T00:00:00Z\",\"subject\":"
                                         "\"" OTHER "\",\"data\":{}}",
                  HEAD("vacancy.opened") ",\"data\":{}" MADE(OTHER));
}

static void bytes_that_stay_are_not_written_anew(void **state)
{
    (void)state;
    assert_stored(GRADUATED(",\"nik\":\"" NIK "\",\"score\": 0.1 ,\"x\":[1e2, 1.00,\"\\u0041\\/\"]"
                            ",\"y\":{ \"b\":1, \"a\" :2 }"),
                  HEAD("alumni.graduated") ",\"data\":{\"vocation\":\"las\",\"score\":0.1,"
                                           "\"x\":[1e2, 1.00,\"\\u0041\\/\"],"
                                           "\"y\":{ \"b\":1, \"a\" :2 }}" MADE(PERSON));
}

static void unknown_attributes_and_members_are_kept(void **state)
{
    (void)state;
    assert_stored(
        HEAD("alumni.graduated") ",\"subject\":\"" PERSON "\",\"traceparent\":\"00-ab\","
                                 "\"flag\":true,\"n\":7,\"dataschema\":\"urn:x\","
                                 "\"datacontenttype\":\"application/json\","
                                 "\"sequence\":\"000012\",\"cause\":\"g-0\","
                                 "\"data\":{\"vocation\":\"las\",\"later\":[1]}}",
        HEAD("alumni.graduated") ",\"traceparent\":\"00-ab\",\"flag\":true,\"n\":7,"
                                 "\"dataschema\":\"urn:x\","
                                 "\"datacontenttype\":\"application/json\","
                                 "\"sequence\":\"000012\",\"cause\":\"g-0\","
                                 "\"data\":{\"vocation\":\"las\",\"later\":[1]}" MADE(PERSON));
}

/* ---- Persons ------------------------------------------------------------------------------ */

static void a_nik_becomes_the_subject(void **state)
{
    (void)state;
    assert_string_equal(admit(GRADUATED(",\"nik\":\"" NIK "\""))->subject, PERSON);
    assert_null(memmem(admitted.record.text.at, admitted.record.text.size_bytes, NIK, 16));
}

static void a_subject_is_one_text_in_either_case(void **state)
{
    (void)state;
    assert_stored(HEAD("alumni.graduated") ",\"subject\":\"BF1AF257-50E8-873F-A2B7-6174C0BE81A1\","
                                           "\"data\":{\"vocation\":\"las\",\"nik\":\"" NIK "\"}}",
                  HEAD("alumni.graduated") ",\"data\":{\"vocation\":\"las\"}" MADE(PERSON));
    assert_stored(HEAD("vacancy.opened") ",\"subject\":\"BF1AF257-50E8-873F-A2B7-6174C0BE81A1\","
                                         "\"data\":{}}",
                  HEAD("vacancy.opened") ",\"data\":{}" MADE(PERSON));
}

static void where_the_subject_is_no_person_a_nik_becomes_data_person(void **state)
{
    (void)state;
    assert_stored(HEAD("order.completed") ",\"subject\":\"" OTHER "\",\"data\":{\"nik\":\"" NIK
                                          "\",\"value\":5}}",
                  HEAD("order.completed") ",\"data\":{\"value\":5,\"person\":\"" PERSON
                                          "\"}" MADE(OTHER));
    /* Nothing under the order's key: erasing the person would not find it there. */
    assert_sealed(OTHER, "");
    assert_stored(HEAD("order.completed") ",\"subject\":\"" OTHER "\",\"data\":{\"value\":5,"
                                          "\"person\":\"BF1AF257-50E8-873F-A2B7-6174C0BE81A1\","
                                          "\"nik\":\"" NIK "\"}}",
                  HEAD("order.completed") ",\"data\":{\"value\":5,\"person\":\"" PERSON
                                          "\"}" MADE(OTHER));
}

/* ---- Contact ------------------------------------------------------------------------------ */

static void contact_is_cut_out_and_sealed_for_the_person(void **state)
{
    (void)state;
    assert_stored(
        GRADUATED(",\"nik\":\"" NIK "\",\"year\":2019,\"name\":\"Siti \\\"A\\\"\","
                  "\"phone\":\"0812\""),
        HEAD("alumni.graduated") ",\"data\":{\"vocation\":\"las\",\"year\":2019}" MADE(PERSON));
    assert_sealed(PERSON, "{\"nik\":\"" NIK "\",\"name\":\"Siti \\\"A\\\"\",\"phone\":\"0812\"}");
}

static void data_of_contact_alone_become_an_empty_object(void **state)
{
    (void)state;
    admit(HEAD("consent.granted") ",\"data\":{\"nik\":\"" NIK "\",\"audiences\":[]}}");
    assert_stored(HEAD("vacancy.opened") ",\"subject\":\"" OTHER "\",\"data\":{ }}",
                  HEAD("vacancy.opened") ",\"data\":{}" MADE(OTHER));
    assert_sealed(OTHER, "");
}

static void a_nik_in_contact_is_where_it_belongs(void **state)
{
    (void)state;
    admit(GRADUATED(",\"nik\":\"" NIK "\",\"name\":\"KTP " NIK "\""));
    assert_sealed(PERSON, "{\"nik\":\"" NIK "\",\"name\":\"KTP " NIK "\"}");
}

static void names_written_with_escapes_hide_nothing(void **state)
{
    static const char *const same[] = {
        HEAD("alumni.graduated") ",\"d\\u0061ta\":{\"vocation\":\"las\",\"nik\":\"" NIK
                                 "\",\"name\":\"Siti\"}}",
        GRADUATED(",\"\\u006eik\":\"" NIK "\",\"n\\u0061me\":\"Siti\""),
        HEAD("alumni.graduated") ",\"\\u0073ubject\":\"" PERSON "\",\"data\":{\"vocation\":\"las\","
                                 "\"\\u006e\\u0069\\u006b\":\"" NIK "\",\"name\":\"Siti\"}}"};
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        json_t *stored = NULL, *expected = NULL;
        const jj_record *record = admit(same[i]);
        assert_int_equal(
            jj_json_load(&stored, record->text.at, record->text.size_bytes, 9999, NULL), 0);
        const char *text = HEAD("alumni.graduated") ",\"data\":{\"vocation\":\"las\"}" MADE(PERSON);
        assert_int_equal(jj_json_load(&expected, text, strlen(text), 9999, NULL), 0);
        assert_true(json_equal(stored, expected));
        assert_sealed(PERSON, "{\"nik\":\"" NIK "\",\"name\":\"Siti\"}");
        json_decref(stored);
        json_decref(expected);
    }
}

/* ---- Digest ------------------------------------------------------------------------------- */

static void the_digest_ignores_order_white_space_and_acceptance(void **state)
{
    (void)state;
    uint64_t expected = digest(GRADUATED(",\"nik\":\"" NIK "\",\"extras\":[\"a b\",\"c\"]"));
    assert_true(expected ==
                digest("\n{ \"data\" : {\"extras\":[ \"a b\" , \"c\"]\t,\"nik\":\"" NIK "\","
                       "\"vocation\":\"las\"},\"region\":\"33.75\",\"id\":\"g-1\","
                       "\"time\":\"2019-07-01T07:00:00.123+07:00\",\"recordedtime\":\"x\","
                       "\"type\":\"alumni.graduated\",\"source\":\"urn:blk\","
                       "\"specversion\":\"1.0\"} "));
    const char *event = GRADUATED(",\"nik\":\"" NIK "\",\"extras\":[\"a b\",\"c\"]");
    assert_int_equal(jj_intake_admit(&intake, &blk, event, strlen(event), 1, &admitted, NULL), 0);
    assert_true(admitted.record.digest == expected);
}

static void the_digest_tells_other_content_apart(void **state)
{
    static const char *const different[] = {
        GRADUATED(",\"nik\":\"" NIK "\""),
        GRADUATED(",\"nik\":\"3375015005980002\""),
        GRADUATED(",\"nik\":\"" NIK "\",\"name\":\"Siti\""),
        GRADUATED(",\"nik\":\"" NIK "\",\"name\":\"Siti \""),
        GRADUATED(",\"nik\":\"" NIK "\",\"phone\":\"Siti\""),
        GRADUATED(",\"nik\":\"" NIK "\",\"n\":1"),
        GRADUATED(",\"nik\":\"" NIK "\",\"n\":1.0"),
        GRADUATED(",\"nik\":\"" NIK "\",\"extras\":[\"a\",\"b\"]"),
        GRADUATED(",\"nik\":\"" NIK "\",\"extras\":[\"b\",\"a\"]"),
        GRADUATED(",\"nik\":\"" NIK "\",\"extras\":[\"ab\"]"),
        HEAD("alumni.graduated") ",\"n\":1,\"data\":{\"vocation\":\"las\",\"nik\":\"" NIK "\"}}",
        HEAD("alumni.graduated") ",\"recipient\":\"b\",\"data\":{\"vocation\":\"las\","
                                 "\"nik\":\"" NIK "\"}}"};
    enum {
        COUNT = sizeof different / sizeof *different
    };
    uint64_t digests[COUNT];
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        digests[i] = digest(different[i]);
        for (size_t j = 0; j < i; j++) {
            if (digests[i] == digests[j]) {
                fail_msg("%s\n%s", different[i], different[j]);
            }
        }
    }
}

static void a_person_named_by_nik_or_by_key_is_the_same_content(void **state)
{
    (void)state;
    assert_true(digest(GRADUATED(",\"nik\":\"" NIK "\"")) ==
                digest(HEAD("alumni.graduated") ",\"subject\":\"" PERSON
                                                "\",\"data\":{\"vocation\":\"las\"}}"));
    assert_true(digest(HEAD("order.completed") ",\"subject\":\"" OTHER
                                               "\",\"data\":{\"value\":5,\"nik\":\"" NIK "\"}}") ==
                digest(HEAD("order.completed") ",\"subject\":\"" OTHER
                                               "\",\"data\":{\"value\":5,\"person\":\"" PERSON
                                               "\"}}"));
}

static void nobody_computes_a_digest_without_both_secrets(void **state)
{
    const char *event = GRADUATED(",\"nik\":\"" NIK "\"");
    (void)state;
    uint64_t before = digest(event);
    digest_secret[15] ^= 1;
    assert_true(digest(event) != before);
    digest_secret[15] ^= 1;
    secrets.digest_key[3] ^= 1;
    assert_true(digest(event) != before);
    secrets.digest_key[3] ^= 1;
    assert_true(digest(event) == before);
}

/* ---- Consent ------------------------------------------------------------------------------ */

static void consent_is_read_from_its_events_and_from_a_consent_member(void **state)
{
    (void)state;
    admit(GRADUATED(",\"nik\":\"" NIK "\",\"consent\":[\"industry\",\"capital\",\"nobody\"]"));
    assert_int_equal(admitted.granted, JJ_AUDIENCE_INDUSTRY | JJ_AUDIENCE_CAPITAL);
    assert_int_equal(admitted.withdrawn, 0);
    admit(HEAD("consent.granted") ",\"subject\":\"" PERSON
                                  "\",\"data\":{\"audiences\":[\"opd\"]}}");
    assert_int_equal(admitted.granted, JJ_AUDIENCE_OPD);
    assert_int_equal(admitted.withdrawn, 0);
    admit(HEAD("consent.withdrawn") ",\"subject\":\"" PERSON
                                    "\",\"data\":{\"audiences\":[\"opd\",\"blk\"]}}");
    assert_int_equal(admitted.granted, 0);
    assert_int_equal(admitted.withdrawn, JJ_AUDIENCE_OPD | JJ_AUDIENCE_BLK);
    admit(GRADUATED(",\"nik\":\"" NIK "\""));
    assert_int_equal(admitted.granted | admitted.withdrawn, 0);
}

static void consent_in_a_type_that_knows_none_is_nobodys_word(void **state)
{
    (void)state;
    admit(HEAD("vacancy.opened") ",\"subject\":\"" PERSON "\",\"data\":{\"consent\":[\"industry\"],"
                                 "\"audiences\":[\"industry\"]}}");
    assert_int_equal(admitted.granted | admitted.withdrawn, 0);
    admit(HEAD("consent.withdrawn") ",\"subject\":\"" PERSON "\",\"data\":{\"audiences\":[],"
                                    "\"consent\":[\"industry\"]}}");
    assert_int_equal(admitted.granted | admitted.withdrawn, 0);
}

static void nobody_consents_to_audiences_that_are_no_readers(void **state)
{
    (void)state;
    admit(GRADUATED(",\"nik\":\"" NIK "\",\"consent\":[\"node\",\"owner\"]"));
    assert_int_equal(admitted.granted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_says_what_the_envelope_says),
        cmocka_unit_test(subject_and_time_of_acceptance_are_written_at_the_end),
        cmocka_unit_test(what_a_sender_says_of_acceptance_is_replaced),
        cmocka_unit_test(bytes_that_stay_are_not_written_anew),
        cmocka_unit_test(unknown_attributes_and_members_are_kept),
        cmocka_unit_test(a_nik_becomes_the_subject),
        cmocka_unit_test(a_subject_is_one_text_in_either_case),
        cmocka_unit_test(where_the_subject_is_no_person_a_nik_becomes_data_person),
        cmocka_unit_test(contact_is_cut_out_and_sealed_for_the_person),
        cmocka_unit_test(data_of_contact_alone_become_an_empty_object),
        cmocka_unit_test(a_nik_in_contact_is_where_it_belongs),
        cmocka_unit_test(names_written_with_escapes_hide_nothing),
        cmocka_unit_test(the_digest_ignores_order_white_space_and_acceptance),
        cmocka_unit_test(the_digest_tells_other_content_apart),
        cmocka_unit_test(a_person_named_by_nik_or_by_key_is_the_same_content),
        cmocka_unit_test(nobody_computes_a_digest_without_both_secrets),
        cmocka_unit_test(consent_is_read_from_its_events_and_from_a_consent_member),
        cmocka_unit_test(consent_in_a_type_that_knows_none_is_nobodys_word),
        cmocka_unit_test(nobody_consents_to_audiences_that_are_no_readers),
    };
    return cmocka_run_group_tests(tests, intake_set_up, intake_tear_down);
}
