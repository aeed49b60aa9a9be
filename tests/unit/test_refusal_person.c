/*
 * Intake, the event that is refused for the person it is about: who it is, a NIK or contact where
 * nothing would seal it. No refusal quotes the event.
 */
#include "intake_office.h"
#include "jejaring/client.h"
#include "json/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Persons ------------------------------------------------------------------------------ */

/* An event about a person without a subject, whose data have these members more. */
static void assert_person_refused(const char *members, const char *field, const char *says)
{
    jj_buf event = {0};
    jj_buf_printf(&event,
                  "{\"specversion\":\"1.0\",\"id\":\"g-1\",\"source\":\"urn:blk\","
                  "\"type\":\"alumni.graduated\",\"time\":\"2019-07-01T00:00:00Z\","
                  "\"region\":\"33.75\",\"data\":{\"vocation\":\"las\"%s}}",
                  members);
    assert_refused_text(event.data, event.size, *field ? JJ_EINVALID : 0, field, says);
    jj_buf_clear(&event);
}

static void a_person_needs_a_nik_or_a_key(void **state)
{
    (void)state;
    assert_person_refused("", "/data/nik", "named by data.nik");
    assert_person_refused(",\"nik\":null", "/data/nik", "");
    assert_person_refused(",\"nik\":3375015005980001", "/data/nik", "");
    assert_person_refused(",\"nik\":\"\"", "/data/nik", "");
    assert_person_refused(",\"nik\":\"" NIK "\"", "", "");
}

static void an_impossible_nik_is_refused(void **state)
{
    (void)state;
    assert_person_refused(",\"nik\":\"337501500598000\"", "/data/nik", "");
    assert_person_refused(",\"nik\":\"3.37502E+15\"", "/data/nik", "");
    assert_person_refused(",\"nik\":\"3375013213980001\"", "/data/nik", "");
    assert_person_refused(",\"nik\":\"3375015005980000\"", "/data/nik", "");
}

static void a_subject_is_the_key_of_the_entity(void **state)
{
    (void)state;
    assert_refused("subject", NULL, JJ_EINVALID, "/subject", "required for this type");
    assert_refused("subject", "\"L-001\"", JJ_EINVALID, "/subject", "a UUID");
    assert_refused("subject", "\"0f1af257-50e8-873f-a2b7-6174c0be81a\"", JJ_EINVALID, "/subject",
                   "a UUID");
}

static void a_nik_and_a_key_that_are_two_persons_are_refused(void **state)
{
    jj_buf event = {0};
    (void)state;
    jj_buf_puts(&event, "{\"specversion\":\"1.0\",\"id\":\"g-1\",\"source\":\"urn:blk\","
                        "\"type\":\"alumni.graduated\",\"time\":\"2019-07-01T00:00:00Z\","
                        "\"region\":\"33.75\",\"subject\":\"" OTHER
                        "\",\"data\":{\"vocation\":\"las\",\"nik\":\"" NIK "\"}}");
    assert_refused_text(event.data, event.size, JJ_EINVALID, "/subject", "two persons");
    jj_buf_reset(&event);
    jj_buf_puts(&event, "{\"specversion\":\"1.0\",\"id\":\"o-1\",\"source\":\"urn:c\","
                        "\"type\":\"order.completed\",\"time\":\"2019-07-01T00:00:00Z\","
                        "\"region\":\"33.75\",\"subject\":\"" OTHER
                        "\",\"data\":{\"value\":5,\"person\":\"" OTHER "\",\"nik\":\"" NIK "\"}}");
    assert_refused_text(event.data, event.size, JJ_EINVALID, "/data/person", "two persons");
    jj_buf_clear(&event);
}

/* ---- A NIK where it has no business ------------------------------------------------------- */

#define STRAY "may stand in data.nik only"

static void a_nik_in_the_envelope_is_refused(void **state)
{
    (void)state;
    assert_refused("id", "\"nik-" NIK "\"", JJ_EINVALID, "/id", STRAY);
    assert_refused("source", "\"urn:" NIK ":x\"", JJ_EINVALID, "/source", STRAY);
    assert_refused("recipient", "\"" NIK "\"", JJ_EINVALID, "/recipient", STRAY);
    assert_refused("extra", "\"\\u0033375015005980001\"", JJ_EINVALID, "/extra", STRAY);
    assert_refused("extra", NIK, JJ_EINVALID, "/extra", STRAY);
    assert_refused("nik" NIK, "1", JJ_EINVALID, "", STRAY);
}

static void a_nik_elsewhere_in_data_is_refused(void **state)
{
    (void)state;
    assert_refused("data", "{\"title\":\"hubungi " NIK "\"}", JJ_EINVALID, "/data/title", STRAY);
    assert_refused("data", "{\"other\":\"" NIK "\"}", JJ_EINVALID, "/data", STRAY);
    assert_refused("data", "{\"nik\":\"" NIK "\"}", JJ_EINVALID, "/data", STRAY);
    assert_refused("data", "{\"nik\":" NIK "}", JJ_EINVALID, "/data", STRAY);
    assert_refused("data", "{\"n\":3.375015005980001e15}", JJ_EINVALID, "/data", STRAY);
    assert_refused("data", "{\"" NIK "\":1}", JJ_EINVALID, "/data", STRAY);
    assert_refused("data", "{\"a\":[1,{\"b\":[\"x" NIK "x\"]}]}", JJ_EINVALID, "/data", STRAY);
    assert_refused("data", "{\"a\":{\"" NIK "\":1}}", JJ_EINVALID, "/data", STRAY);
    assert_refused("data", "{\"wage\":{\"a\":\"\\u0033375015005980001\"}}", JJ_EINVALID,
                   "/data/wage", STRAY);
}

static void the_persons_own_nik_is_found_in_longer_numbers_too(void **state)
{
    (void)state;
    assert_person_refused(",\"nik\":\"" NIK "\",\"note\":\"0" NIK "0\"", "/data/note", STRAY);
    assert_person_refused(",\"nik\":\"" NIK "\",\"extras\":[\"x\",\"" NIK "\"]", "/data/extras",
                          STRAY);
    assert_person_refused(",\"nik\":\"" NIK "\",\"name\":\"" NIK "\"", "", "");
    jj_buf event = {0};
    jj_buf_puts(&event, "{\"specversion\":\"1.0\",\"id\":\"g-1\",\"source\":\"urn:blk\","
                        "\"type\":\"alumni.graduated\",\"time\":\"2019-07-01T00:00:00Z\","
                        "\"region\":\"33.75\",\"sequence\":\"1" NIK "\",\"data\":{\"vocation\":"
                        "\"las\",\"nik\":\"" NIK "\"}}");
    assert_refused_text(event.data, event.size, JJ_EINVALID, "/sequence", STRAY);
    jj_buf_clear(&event);
}

static void other_long_numbers_are_no_nik(void **state)
{
    (void)state;
    assert_accepted("id", "\"3375015013980001\"");  /* no such month */
    assert_accepted("id", "\"33750150059800011\""); /* 17 digits */
    assert_accepted("data", "{\"title\":\"3375 0150 0598 000\",\"n\":1000000000000000}");
}

/* ---- Contact where nothing would seal it -------------------------------------------------- */

static void contact_in_a_type_that_has_none_is_refused(void **state)
{
    static const char *const members[] = {"\"name\":\"x\"", "\"Phone\":\"x\"", "\"p_hone\":1",
                                          "\"other\":{\"a\":[{\"name\":\"x\"}]}"};
    const char *says = "could not be sealed";
    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        jj_buf event = {0};
        jj_buf_printf(&event,
                      "{\"specversion\":\"1.0\",\"id\":\"c-1\",\"source\":\"urn:office\","
                      "\"type\":\"order.completed\",\"time\":\"2019-07-01T00:00:00Z\","
                      "\"region\":\"33.75\",\"subject\":\"" OTHER "\","
                      "\"data\":{\"value\":1,%s}}",
                      members[i]);
        assert_refused_text(event.data, event.size, JJ_EINVALID, "/data", says);
        jj_buf_clear(&event);
    }
    assert_person_refused(",\"nik\":\"" NIK "\",\"disability\":{\"name\":\"x\"}",
                          "/data/disability", says);
    /* Where nobody is meant, a name is no contact. */
    assert_accepted("data", "{\"title\":\"Montir\",\"name\":\"Bengkel Maju\"}");
    assert_accepted("phone", "\"1\"");
}

/* ---- Any bytes ---------------------------------------------------------------------------- */

static uint32_t random_state = 20200501;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    return random_state ^= random_state << 5;
}

static void assert_says_nothing(const char *what, const char *text, size_t size, const char *event)
{
    if (memmem(text, size, NIK, 16) || memmem(text, size, "Siti", 4)) {
        fail_msg("seed 20200501: %s holds personal data after %s", what, event);
    }
}

static void an_altered_event_never_leaks_and_what_is_stored_is_json(void **state)
{
    static const char original[] =
        "{\"specversion\":\"1.0\",\"id\":\"g-1\",\"source\":\"urn:blk\",\"type\":\"alumni."
        "graduated\",\"time\":\"2019-07-01T00:00:00Z\",\"region\":\"33.75\",\"data\":{"
        "\"vocation\":\"las\",\"nik\":\"" NIK "\",\"name\":\"Siti\",\"score\":7.5,"
        "\"disability\":{\"category\":\"hearing\"}}}";
    unsigned accepted = 0;
    (void)state;
    for (unsigned round = 0; round < 30000; round++) {
        static const char likely[] = "{}[]\":, \\u0069/nik\t";
        char event[sizeof original];
        jj_error err = {0};
        size_t size = sizeof original - 1;
        memcpy(event, original, sizeof original);
        for (unsigned changes = 1 + next_random() % 2; changes; changes--) {
            size_t at = next_random() % size;
            /* The NIK and the name themselves stay: they are what must not come out. */
            if (strchr("0123456789Siti", event[at])) {
                continue;
            }
            event[at] = next_random() % 4 ? likely[next_random() % (sizeof likely - 1)]
                                          : (char)next_random();
        }
        int rc = jj_intake_admit(&intake, &office, event, size, 0, &admitted, &err);
        assert_says_nothing("the error's text", err.text, strlen(err.text), event);
        assert_says_nothing("the error's field", err.field, strlen(err.field), event);
        if (rc == 0) {
            json_t *stored = NULL;
            jj_span text = admitted.record.text, contact = admitted.record.contact;
            assert_false(memmem(text.at, text.size_bytes, NIK, 16));
            assert_says_nothing("the seal", contact.at ? contact.at : "", contact.size_bytes,
                                event);
            assert_int_equal(jj_json_load(&stored, text.at, text.size_bytes, JJ_FRAME_MAX, &err),
                             0);
            json_decref(stored);
            accepted++;
        }
    }
    assert_true(accepted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_needs_a_nik_or_a_key),
        cmocka_unit_test(an_impossible_nik_is_refused),
        cmocka_unit_test(a_subject_is_the_key_of_the_entity),
        cmocka_unit_test(a_nik_and_a_key_that_are_two_persons_are_refused),
        cmocka_unit_test(a_nik_in_the_envelope_is_refused),
        cmocka_unit_test(a_nik_elsewhere_in_data_is_refused),
        cmocka_unit_test(the_persons_own_nik_is_found_in_longer_numbers_too),
        cmocka_unit_test(other_long_numbers_are_no_nik),
        cmocka_unit_test(contact_in_a_type_that_has_none_is_refused),
        cmocka_unit_test(an_altered_event_never_leaks_and_what_is_stored_is_json),
    };
    return cmocka_run_group_tests(tests, intake_set_up, intake_tear_down);
}
