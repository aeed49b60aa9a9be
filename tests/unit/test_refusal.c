/*
 * Intake, the event that is refused for its form: for everything that can be wrong with bytes,
 * envelope, type and data, the code, the field and a text that says what to do. What is refused for
 * the person it is about stands in test_refusal_person.c.
 */
#include "intake_office.h"
#include "jejaring/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A JSON string of that many bytes. */
static const char *long_string(size_t length)
{
    static char text[1000];
    memset(text, 'x', sizeof text);
    text[0] = text[length + 1] = '"';
    text[length + 2] = '\0';
    return text;
}

/* ---- Bytes -------------------------------------------------------------------------------- */

static void what_is_not_json_is_malformed(void **state)
{
    (void)state;
    assert_refused_text("", 0, JJ_EMALFORMED, "", "too early");
    assert_refused_text("{", 1, JJ_EMALFORMED, "", "too early");
    assert_refused_text("{\"id\":1,\"id\":1}", 15, JJ_EMALFORMED, "", "same member twice");
    assert_refused_text("{}\0", 3, JJ_EMALFORMED, "", "follows");
    assert_refused_text("{\"id\":\"\xff\"}", 10, JJ_EMALFORMED, "", "UTF-8");
    assert_refused_text("{\"id\":1e999}", 12, JJ_EMALFORMED, "", "out of range");
}

static void what_is_not_an_object_is_malformed(void **state)
{
    static const char *const bad[] = {"[]", "1", "null", "\"x\"", "[{}]"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused_text(bad[i], strlen(bad[i]), JJ_EMALFORMED, "", "is a JSON object");
    }
}

static void size_and_depth_are_limited_before_parsing(void **state)
{
    char *text = malloc(JJ_FRAME_MAX + 1);
    (void)state;
    memset(text, '\xff', JJ_FRAME_MAX + 1);
    assert_refused_text(text, JJ_FRAME_MAX + 1, JJ_ETOO_LARGE, "", "1048577 bytes");
    memset(text, '[', 65);
    assert_refused_text(text, 65, JJ_ETOO_LARGE, "", "64 levels");
    free(text);
}

/* An event about a person of exactly that many bytes. */
static void event_of_size(jj_buf *event, size_t size)
{
    jj_buf_reset(event);
    jj_buf_puts(event, "{\"specversion\":\"1.0\",\"id\":\"v-1\",\"source\":\"s\",\"type\":"
                       "\"alumni.graduated\",\"time\":\"2019-07-01T00:00:00Z\",\"region\":"
                       "\"33.75\",\"data\":{\"nik\":\"" NIK "\",\"vocation\":\"");
    while (event->size < size - 3) {
        jj_buf_putc(event, 'x');
    }
    jj_buf_puts(event, "\"}}");
}

static void what_the_hub_adds_must_fit_into_the_frame_too(void **state)
{
    jj_buf event = {0};
    (void)state;
    event_of_size(&event, JJ_FRAME_MAX - 100);
    assert_refused_text(event.data, event.size, 0, "", "");
    assert_true(admitted.record.text.size_bytes <= JJ_FRAME_MAX);
    event_of_size(&event, JJ_FRAME_MAX);
    assert_refused_text(event.data, event.size, JJ_ETOO_LARGE, "", "what the hub adds");
    jj_buf_clear(&event);
}

/* ---- Envelope ----------------------------------------------------------------------------- */

static void the_event_that_the_others_are_made_of_is_good(void **state)
{
    (void)state;
    assert_accepted("extra", "0");
}

static void specversion_is_1_0(void **state)
{
    static const char *const bad[] = {NULL, "\"0.3\"", "1.0", "null", "\"1\""};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused("specversion", bad[i], JJ_EINVALID, "/specversion", "\"1.0\" is expected");
    }
}

static void required_attributes_are_texts_of_1_to_255_bytes(void **state)
{
    static const char *const required[] = {"id", "source", "type", "time", "region"};
    (void)state;
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        char field[32];
        snprintf(field, sizeof field, "/%s", required[i]);
        assert_refused(required[i], NULL, JJ_EINVALID, field, "required, but not there");
        assert_refused(required[i], "\"\"", JJ_EINVALID, field, "non-empty string");
        assert_refused(required[i], "null", JJ_EINVALID, field, "non-empty string");
        assert_refused(required[i], "1", JJ_EINVALID, field, "non-empty string");
        assert_refused(required[i], "[\"x\"]", JJ_EINVALID, field, "non-empty string");
        assert_refused(required[i], long_string(256), JJ_EINVALID, field, "255 bytes");
    }
    assert_accepted("id", long_string(255));
    assert_accepted("source", long_string(255));
}

static void optional_attributes_are_texts_if_they_are_there(void **state)
{
    static const char *const optional[] = {"recipient", "subject", "cause"};
    (void)state;
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
        char field[32];
        snprintf(field, sizeof field, "/%s", optional[i]);
        assert_refused(optional[i], "\"\"", JJ_EINVALID, field, "non-empty string");
        assert_refused(optional[i], "null", JJ_EINVALID, field, "non-empty string");
        assert_refused(optional[i], "{}", JJ_EINVALID, field, "non-empty string");
        assert_refused(optional[i], long_string(256), JJ_EINVALID, field, "255 bytes");
    }
}

static void a_region_code_without_its_dot_is_explained(void **state)
{
    (void)state;
    assert_refused("region", "\"3375\"", JJ_EINVALID, "/region", "BPS number");
    assert_refused("region", "\"33.7\"", JJ_EINVALID, "/region", "Kemendagri code");
    assert_refused("region", "\"Pekalongan\"", JJ_EINVALID, "/region", "Kemendagri code");
    assert_refused("region", "\"33.75.01\"", JJ_EINVALID, "/region", "Kemendagri code");
}

static void time_is_a_moment_with_its_zone(void **state)
{
    (void)state;
    assert_refused("time", "\"2019-07-01\"", JJ_EINVALID, "/time", "RFC 3339");
    assert_refused("time", "\"2019-07-01T00:00:00\"", JJ_EINVALID, "/time", "RFC 3339");
    assert_refused("time", "\"01/07/2019\"", JJ_EINVALID, "/time", "RFC 3339");
}

static void data_is_an_object(void **state)
{
    (void)state;
    assert_refused("data", NULL, JJ_EINVALID, "/data", "an object is expected");
    assert_refused("data", "null", JJ_EINVALID, "/data", "an object is expected");
    assert_refused("data", "[]", JJ_EINVALID, "/data", "an object is expected");
    assert_refused("data", "\"{}\"", JJ_EINVALID, "/data", "an object is expected");
    assert_refused("data_base64", "\"e30=\"", JJ_EINVALID, "/data_base64", "not base64");
    assert_refused("datacontenttype", "\"text/xml\"", JJ_EINVALID, "/datacontenttype",
                   "application/json");
}

static void sequence_is_1_to_20_digits_and_not_16(void **state)
{
    (void)state;
    assert_accepted("sequence", "\"123456789012345\"");
    assert_accepted("sequence", "\"12345678901234567\"");
    assert_refused("sequence", "\"" NIK "\"", JJ_EINVALID, "/sequence", "could be a NIK");
    assert_refused("sequence", "\"9999999999999999\"", JJ_EINVALID, "/sequence", "a NIK");
    assert_accepted("sequence", "\"00000000000000000042\"");
    assert_refused("sequence", "\"000000000000000000042\"", JJ_EINVALID, "/sequence", "digits");
    assert_refused("sequence", "\"\"", JJ_EINVALID, "/sequence", "digits");
    assert_refused("sequence", "42", JJ_EINVALID, "/sequence", "digits");
    assert_refused("sequence", "\"-1\"", JJ_EINVALID, "/sequence", "digits");
}

static void attributes_are_plain_values_with_plain_names(void **state)
{
    (void)state;
    assert_accepted("traceparent01", "\"x\"");
    assert_accepted("flag", "true");
    assert_refused("extra", "{}", JJ_EINVALID, "", "plain value");
    assert_refused("extra", "[]", JJ_EINVALID, "", "plain value");
    assert_refused("Extra", "1", JJ_EINVALID, "", "lower-case letters and digits");
    assert_refused("my_extra", "1", JJ_EINVALID, "", "lower-case letters and digits");
    assert_refused("", "1", JJ_EINVALID, "", "lower-case letters and digits");
    assert_refused("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "1",
                   JJ_EINVALID, "", "lower-case letters and digits");
}

/* ---- Type, rights, schema ----------------------------------------------------------------- */

static void an_unknown_type_is_named_with_its_neighbour(void **state)
{
    (void)state;
    assert_refused("type", "\"vacancy.openned\"", JJ_EUNKNOWN_TYPE, "/type",
                   "did you mean vacancy.opened?");
    assert_refused("type", "\"something.else.entirely\"", JJ_EUNKNOWN_TYPE, "/type",
                   "there is no such event type");
}

static void assert_problems(const char *event, const char *expected)
{
    jj_buf fields = {0};
    jj_error err = {0};
    assert_int_equal(jj_intake_admit(&intake, &office, event, strlen(event), 0, &admitted, &err),
                     JJ_EINVALID);
    for (size_t i = 0; i < admitted.report.count; i++) {
        jj_buf_printf(&fields, "%s ", admitted.report.list[i].field);
    }
    assert_string_equal(fields.size ? fields.data : "", expected);
    assert_string_equal(err.field, admitted.report.list[0].field);
    jj_buf_clear(&fields);
}

static void an_error_of_the_envelope_hides_none_of_the_data(void **state)
{
    (void)state;
    assert_problems("{\"specversion\":\"2.0\",\"source\":\"urn:industry\",\"type\":"
                    "\"vacancy.opened\",\"time\":\"yesterday\",\"region\":\"3375\",\"sequence\":"
                    "7,\"data\":{\"title\":7,\"wage\":{\"min\":\"x\"}}}",
                    "/specversion /id /region /sequence /time /data/title /data/wage/min ");
    /* Where the type is not one's own, or there is none, its schema says nothing. */
    assert_problems("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"urn:x\",\"type\":"
                    "\"consent.granted\",\"time\":\"x\",\"region\":\"33\",\"data\":{}}",
                    "/time ");
    assert_problems("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"urn:x\",\"type\":"
                    "\"no.such\",\"time\":\"x\",\"region\":\"33\",\"data\":[]}",
                    "/time /data ");
}

static void a_time_far_ahead_is_refused(void **state)
{
    const int64_t day_ms = 24 * 3600 * 1000;
    jj_buf event = {0};
    jj_error err = {0};
    (void)state;
    intake.ahead_ms = 2 * day_ms;
    event_with(&event, "time", "\"2026-05-04T00:00:00Z\"");
    const int64_t then_ms = 1777852800000;
    assert_int_equal(jj_intake_admit(&intake, &office, event.data, event.size, then_ms - 2 * day_ms,
                                     &admitted, &err),
                     0);
    assert_int_equal(jj_intake_admit(&intake, &office, event.data, event.size,
                                     then_ms - 2 * day_ms - 1, &admitted, &err),
                     JJ_EINVALID);
    assert_string_equal(err.field, "/time");
    intake.ahead_ms = 0;
    assert_int_equal(jj_intake_admit(&intake, &office, event.data, event.size, 0, &admitted, &err),
                     0);
    jj_buf_clear(&event);
}

static void who_may_not_say_it_is_forbidden(void **state)
{
    (void)state;
    assert_refused("type", "\"consent.granted\"", JJ_EFORBIDDEN, "/type", "this type");
    assert_refused("region", "\"34.04\"", JJ_EFORBIDDEN, "/region", "this region");
    assert_accepted("region", "\"33\"");
}

static void what_breaks_the_schema_is_reported_whole(void **state)
{
    (void)state;
    assert_refused("data", "{\"title\":7}", JJ_EINVALID, "/data/title", "");
    assert_int_equal(admitted.report.count, 1);
    jj_buf event = {0};
    event_with(&event, "type", "\"alumni.graduated\"");
    assert_refused_text(event.data, event.size, JJ_EINVALID, "/data/vocation", "missing");
    const char *data = "{\"title\":7,\"wage\":{\"min\":\"x\"}}";
    assert_refused("data", data, JJ_EINVALID, "/data/title", "");
    assert_int_equal(admitted.report.count, 2);
    assert_string_equal(admitted.report.list[1].field, "/data/wage/min");
    assert_accepted("extra", "1");
    assert_int_equal(admitted.report.count, 0);
    jj_buf_clear(&event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_json_is_malformed),
        cmocka_unit_test(what_is_not_an_object_is_malformed),
        cmocka_unit_test(size_and_depth_are_limited_before_parsing),
        cmocka_unit_test(what_the_hub_adds_must_fit_into_the_frame_too),
        cmocka_unit_test(the_event_that_the_others_are_made_of_is_good),
        cmocka_unit_test(specversion_is_1_0),
        cmocka_unit_test(required_attributes_are_texts_of_1_to_255_bytes),
        cmocka_unit_test(optional_attributes_are_texts_if_they_are_there),
        cmocka_unit_test(a_region_code_without_its_dot_is_explained),
        cmocka_unit_test(time_is_a_moment_with_its_zone),
        cmocka_unit_test(data_is_an_object),
        cmocka_unit_test(sequence_is_1_to_20_digits_and_not_16),
        cmocka_unit_test(attributes_are_plain_values_with_plain_names),
        cmocka_unit_test(an_unknown_type_is_named_with_its_neighbour),
        cmocka_unit_test(an_error_of_the_envelope_hides_none_of_the_data),
        cmocka_unit_test(a_time_far_ahead_is_refused),
        cmocka_unit_test(who_may_not_say_it_is_forbidden),
        cmocka_unit_test(what_breaks_the_schema_is_reported_whole),
    };
    return cmocka_run_group_tests(tests, intake_set_up, intake_tear_down);
}
