/*
 * Intake, the event that is refused: for everything that can be wrong with one, the code, the
 * field and a text that says what to do. No refusal quotes the event.
 */
#include "event/intake.h"
#include "jejaring/client.h"
#include "small_catalogue.h"
#include "json/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NIK    "3375015005980001"
#define PERSON "bf1af257-50e8-873f-a2b7-6174c0be81a1" /* of NIK, with the key 0..31 */
#define OTHER  "0f1af257-50e8-873f-a2b7-6174c0be81a1"

static const char *const regions[] = {"33", NULL};
static const char *const types[] = {"alumni.*", "vacancy.opened", "order.completed", NULL};
static const jj_rights rights = {.agency = "office", .regions = regions, .publishes = types};
static const unsigned char digest_secret[16] = {7};
static jj_secrets secrets;
static jj_intake intake = {.secrets = &secrets, .digest_secret = digest_secret};
static jj_catalogue *catalogue;
static jj_admitted admitted;

static int set_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < JJ_KEY_SIZE; i++) {
        secrets.person_key[i] = (unsigned char)i;
    }
    intake.catalogue = catalogue = small_catalogue();
    return jj_id_init() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    jj_admitted_clear(&admitted);
    jj_catalogue_close(catalogue);
    return 0;
}

/* ---- Making events ------------------------------------------------------------------------ */

static const struct {
    const char *name, *value;
} good[] = {
    {"specversion", "\"1.0\""},           {"id", "\"v-1\""},
    {"source", "\"urn:industry\""},       {"type", "\"vacancy.opened\""},
    {"time", "\"2019-07-01T00:00:00Z\""}, {"region", "\"33.75\""},
    {"subject", "\"" OTHER "\""},         {"data", "{\"title\":\"Montir\"}"},
};

/* The good event with one member set to another JSON text, added, or (NULL) left out. */
static void event_with(jj_buf *out, const char *name, const char *value)
{
    bool replaced = false;
    jj_buf_reset(out);
    jj_buf_puts(out, "{\"first\":0");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        bool same = strcmp(good[i].name, name) == 0;
        replaced = replaced || same;
        if (!same || value) {
            jj_buf_printf(out, ",\"%s\":%s", good[i].name, same ? value : good[i].value);
        }
    }
    if (!replaced && value) {
        jj_buf_printf(out, ",\"%s\":%s", name, value);
    }
    jj_buf_putc(out, '}');
}

static void assert_refused_text(const char *event, size_t size, int code, const char *field,
                                const char *says)
{
    jj_error err = {0};
    int rc = jj_intake_admit(&intake, &rights, event, size, 0, &admitted, &err);
    if (rc != code ||
        (code && (err.code != code || strcmp(err.field, field) != 0 || !strstr(err.text, says)))) {
        fail_msg("%.*s\nexpected %s at \"%s\": ...%s...\n    came %s at \"%s\": %s",
                 size < 400 ? (int)size : 400, event, jj_code_name(code), field, says,
                 jj_code_name(rc), rc ? err.field : "", rc ? err.text : "");
    }
}

static void assert_refused(const char *name, const char *value, int code, const char *field,
                           const char *says)
{
    jj_buf event = {0};
    event_with(&event, name, value);
    assert_refused_text(event.data, event.size, code, field, says);
    jj_buf_clear(&event);
}

static void assert_accepted(const char *name, const char *value)
{
    assert_refused(name, value, 0, "", "");
}

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
    assert_int_equal(jj_intake_admit(&intake, &rights, event, strlen(event), 0, &admitted, &err),
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
    assert_int_equal(jj_intake_admit(&intake, &rights, event.data, event.size, then_ms - 2 * day_ms,
                                     &admitted, &err),
                     0);
    assert_int_equal(jj_intake_admit(&intake, &rights, event.data, event.size,
                                     then_ms - 2 * day_ms - 1, &admitted, &err),
                     JJ_EINVALID);
    assert_string_equal(err.field, "/time");
    intake.ahead_ms = 0;
    assert_int_equal(jj_intake_admit(&intake, &rights, event.data, event.size, 0, &admitted, &err),
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
        int rc = jj_intake_admit(&intake, &rights, event, size, 0, &admitted, &err);
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
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
