/*
 * Intake, views and secrets when memory, files or randomness fail at each call in turn: an event is
 * judged as it always is, or refused for want of memory; a view that is not whole says so; a key
 * file is there whole or not at all.
 */
#include "event/intake.h"
#include "event/view.h"
#include "fail.h"
#include "schema/audience.h"
#include "scratch.h"
#include "small_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NIK         "3375015005980001"
#define OTHER       "0f1af257-50e8-873f-a2b7-6174c0be81a1"
#define RECORDED_MS 1767323045678

static const char *const everywhere[] = {"*", NULL};
static const jj_rights publisher = {
    .agency = "blk-pekalongan", .audiences = JJ_AUDIENCE_BLK, .regions = everywhere};
static const jj_rights passer = {.agency = "node",
                                 .audiences = JJ_AUDIENCE_BLK | JJ_AUDIENCE_COOPERATIVE,
                                 .regions = everywhere,
                                 .node = "regency"};
static unsigned char digest_secret[16] = {7};
static jj_secrets secrets = {.node_key = {9}, .digest_key = {8}};
static jj_intake intake = {.secrets = &secrets, .digest_secret = digest_secret};
static jj_catalogue *catalogue;

static int set_up(void **state)
{
    intake.catalogue = catalogue = small_catalogue();
    return jj_id_init() ? scratch_make(state) : -1;
}

static int tear_down(void **state)
{
    jj_catalogue_close(catalogue);
    return scratch_remove(state);
}

/* ---- Intake ------------------------------------------------------------------------------- */

#define HEAD(type)                                                                                 \
    "{\"specversion\":\"1.0\",\"id\":\"g-1\",\"source\":\"urn:blk\",\"type\":\"" type "\","        \
    "\"time\":\"2019-07-01T07:00:00.123+07:00\",\"region\":\"33.75\""
#define GRADUATED(data) HEAD("alumni.graduated") ",\"data\":{\"vocation\":\"las\"" data "}}"

static const char *const events[] = {
    GRADUATED(",\"nik\":\"" NIK "\",\"name\":\"Siti \\u0041\",\"phone\":\"0812\",\"year\":2019,"
              "\"consent\":[\"industry\",\"blk\"],\"extras\":[\"a\",\"b\"],\"score\":81.5,"
              "\"disability\":{\"category\":\"fisik\",\"needs\":\"lift\"}"),
    HEAD("alumni.graduated") ",\"subject\":\"" OTHER
                             "\",\"recipient\":\"bank\",\"data\":{\"vocation\":\"las\"}}",
    HEAD("consent.granted") ",\"data\":{\"nik\":\"" NIK "\",\"audiences\":[\"industry\"]}}",
    HEAD("consent.withdrawn") ",\"data\":{\"nik\":\"" NIK "\",\"audiences\":[\"industry\"]}}",
    HEAD("order.completed") ",\"subject\":\"" OTHER "\",\"data\":{\"nik\":\"" NIK
                            "\",\"value\":5}}",
    /* What is refused for what it says: */
    HEAD("alumni.graduated") ",\"data\":{\"year\":1,\"nik\":\"1\"}}",
    GRADUATED(",\"nik\":\"" NIK "\",\"extras\":[\"call " NIK "\"]"),
    GRADUATED(",\"nik\":\"" NIK "\",\"telephone\":\"0812\",\"phone\":\"0812\",\"x\":{\"name\":1}"),
    GRADUATED(",\"nik\":\"" NIK "\",\"\\u006eik\":\"2\""),
    HEAD("alumni.gradated") ",\"data\":{}}",
    "{\"specversion\":\"1.0\",\"id\":\"\",\"source\":3,\"type\":\"alumni.graduated\"}",
    "[",
};

static void assert_same_record(const jj_admitted *a, const jj_admitted *b)
{
    const jj_record *x = &a->record, *y = &b->record;
    assert_memory_equal(x->key, y->key, sizeof x->key);
    assert_int_equal(x->digest, y->digest);
    assert_string_equal(x->subject, y->subject);
    assert_string_equal(x->recipient, y->recipient);
    assert_int_equal(x->text.size_bytes, y->text.size_bytes);
    assert_memory_equal(x->text.at, y->text.at, x->text.size_bytes);
    assert_int_equal(x->contact.size_bytes, y->contact.size_bytes);
    assert_int_equal(a->granted, b->granted);
    assert_int_equal(a->withdrawn, b->withdrawn);
}

static void judge_with_failures(const jj_rights *rights, const char *event)
{
    jj_admitted expected = {0};
    jj_error why = {0};
    size_t size = strlen(event);
    int verdict = jj_intake_admit(&intake, rights, event, size, RECORDED_MS, &expected, &why);
    for (unsigned n = 1; fail_next(FAIL_MEMORY | FAIL_LIBRARY, n); n++) {
        jj_admitted admitted = {0};
        jj_error err = {0};
        int rc = jj_intake_admit(&intake, rights, event, size, RECORDED_MS, &admitted, &err);
        bool hit = fail_end();
        if (!hit || rc != JJ_EMEMORY) {
            assert_int_equal(rc, verdict);
            assert_string_equal(err.field, why.field);
            assert_string_equal(err.text, why.text);
            assert_int_equal(admitted.report.count, expected.report.count);
        }
        if (rc == 0) {
            assert_same_record(&admitted, &expected);
        } else if (rc == JJ_EMEMORY) {
            assert_string_equal(err.text, "out of memory");
        }
        jj_admitted_clear(&admitted);
    }
    jj_admitted_clear(&expected);
}

static void an_event_is_judged_as_ever_or_refused_for_want_of_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        judge_with_failures(&publisher, events[i]);
        judge_with_failures(&passer, events[i]);
    }
}

/* ---- Views -------------------------------------------------------------------------------- */

static const char stored[] =
    "{\"id\":\"g-1\",\"type\":\"alumni.graduated\",\"subject\":\"s\",\"data\":{\"vocation\":"
    "\"las\",\"year\":2019,\"score\":81.5,\"intent\":\"x\",\"extras\":[1],\"disability\":{"
    "\"category\":\"fisik\",\"needs\":\"lift\"}}}";

static void a_view_that_is_not_whole_says_so(void **state)
{
    static const uint32_t readers[] = {JJ_AUDIENCE_BLK, JJ_AUDIENCE_INDUSTRY, JJ_AUDIENCE_PROVINCE,
                                       JJ_AUDIENCE_DISABILITY, JJ_AUDIENCE_PUBLIC};
    const jj_record record = {.type = "alumni.graduated",
                              .region = "33.75",
                              .owner = "blk-pekalongan",
                              .recipient = "",
                              .subject = "s",
                              .text = {stored, sizeof stored - 1}};
    const jj_type *type = jj_catalogue_find(catalogue, record.type, strlen(record.type));
    (void)state;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        const jj_rights rights = {
            .agency = "reader", .audiences = readers[i], .regions = everywhere};
        jj_buf expected = {0};
        jj_view_write(type, &rights, &record, readers[i], &expected);
        for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
            jj_buf out = {0};
            jj_view_write(type, &rights, &record, readers[i], &out);
            bool hit = fail_end();
            assert_int_equal(out.failed, hit);
            if (!hit) {
                assert_string_equal(out.data, expected.data);
            }
            jj_buf_clear(&out);
        }
        jj_buf_clear(&expected);
    }
}

/* ---- Secrets ------------------------------------------------------------------------------ */

static void what_is_sealed_opens_or_is_not_sealed(void **state)
{
    const jj_span text = {"contact", 7};
    jj_buf sealed = {0};
    (void)state;
    for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
        jj_buf_clear(&sealed);
        int rc = jj_seal(&secrets, "vault", "p", text, &sealed);
        assert_int_equal(rc, fail_end() ? JJ_EMEMORY : 0);
    }
    for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
        jj_buf open = {0};
        int rc = jj_unseal(&secrets, "vault", "p", (jj_span){sealed.data, sealed.size}, &open);
        assert_int_equal(rc, fail_end() ? JJ_EMEMORY : 0);
        if (rc == 0) {
            assert_string_equal(open.data, "contact");
        }
        jj_buf_clear(&open);
    }
    jj_buf_clear(&sealed);
}

static void assert_keys_are_whole(const char *name)
{
    unsigned char key[JJ_KEY_SIZE];
    if (access(in_scratch(name), F_OK) == 0) {
        assert_int_equal(jj_key_load(in_scratch(name), key, NULL), 0);
    }
}

/* Whatever was made before the failure is kept: a key that has been used is never made anew. */
static void secrets_are_made_once(void **state)
{
    jj_secrets first = {0};
    bool opened = false;
    (void)state;
    for (unsigned n = 1; fail_next(FAIL_MEMORY | FAIL_FILE | FAIL_SYSTEM, n); n++) {
        jj_secrets made = {0};
        jj_error err = {0};
        bool new = false;
        int rc = jj_secrets_open(&made, NULL, scratch, &new, &err);
        bool hit = fail_end();
        assert_true(rc == 0 || (hit && err.text[0] && err.code == rc));
        if (rc == 0 && opened) {
            assert_memory_equal(&made, &first, sizeof first);
            assert_false(new);
        } else if (rc == 0) {
            first = made;
            opened = true;
        }
        assert_keys_are_whole("person.key");
        assert_keys_are_whole("node.key");
    }
    assert_true(opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_judged_as_ever_or_refused_for_want_of_memory),
        cmocka_unit_test(a_view_that_is_not_whole_says_so),
        cmocka_unit_test(what_is_sealed_opens_or_is_not_sealed),
        cmocka_unit_test(secrets_are_made_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
