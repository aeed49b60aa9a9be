/*
 * A whole hub whose memory, journal and sockets fail at each call of each request in turn. Whatever
 * fails: it stays up, answers whole or not at all, what it has acknowledged is there, and
 * everybody's balance adds up.
 */
#include "failing_hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- What is asked ------------------------------------------------------------------------ */

static const char siti[] =
    GRADUATED("siti", ",\"nik\":\"" NIK "\",\"name\":\"Siti\",\"consent\":[\"industry\"]");

static void fetchable_events(void)
{
    reply r = {0};
    hub_ask(doors.agency, "PUBLISH", "{}",
            (const char *const[]){siti, CONSENT("first"), CONSENT("second"), "{\"broken\":", NULL},
            &r);
    assert_int_equal(r.accepted, 3);
    jj_buf_clear(&r.text);
}

static void what_is_acknowledged_is_there_once(void **state)
{
    const attempt publish = {&doors.agency,
                             "PUBLISH",
                             "{}",
                             {GRADUATED("a-%u", ",\"nik\":\"" NIK "\",\"name\":\"Siti\""),
                              CONSENT("b-%u"), EVENT("alumni.graduated", "c-%u", "\"data\":{}")}};
    (void)state;
    unsigned accepted = hub_fail_each(&publish, FAIL_EVERYTHING, false);
    size_t there = hub_fetch_all(doors.agency, &(uint64_t){0}, NULL);
    assert_true(there >= accepted && there <= 2 * hub_last_number);
}

static void everybody_is_greeted_whole(void **state)
{
    const attempt hello = {&doors.agency, "HELLO", "{\"client\":\"test/1\"}", {NULL}};
    (void)state;
    hub_fail_each(&hello, FAIL_EVERYTHING, false);
}

static void fail_all(const attempt *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hub_fail_each(&list[i], FAIL_EVERYTHING, false);
    }
}

static void a_page_is_whole(void **state)
{
    const attempt attempts[] = {
        {&doors.agency, "FETCH", "{\"name\":\"reader\",\"max_events\":3}", {NULL}},
        {&doors.agency, "FETCH", "{\"types\":[\"consent.granted\"],\"cursors\":true}", {NULL}},
        {&doors.agency,
         "FETCH",
         "{\"name\":\"narrow\",\"regions\":[\"33\"],\"types\":[\"consent.*\"]}",
         {NULL}},
        {&doors.store, "FETCH", "{\"name\":\"main\",\"publishers\":true,\"others\":true}", {NULL}},
    };
    (void)state;
    fetchable_events();
    fail_all(attempts, sizeof attempts / sizeof *attempts);
}

static void a_commit_is_done_whole_or_not(void **state)
{
    const attempt attempts[] = {
        {&doors.agency,
         "COMMIT",
         "{\"name\":\"reader\",\"cursor\":\"2\",\"state\":{\"key\":\"%u\",\"gone\":null}}",
         {CONSENT("d-%u")}},
        {&doors.agency, "STATE", "{\"name\":\"reader\"}", {NULL}},
        {&doors.admin, "STATE", "{\"consumer\":\"bank/reader\",\"prefix\":\"k\"}", {NULL}},
    };
    reply r = {0};
    (void)state;
    fetchable_events();
    hub_ask(doors.agency, "FETCH", "{\"name\":\"reader\"}", NULL, &r);
    jj_buf_clear(&r.text);
    fail_all(attempts, sizeof attempts / sizeof *attempts);
    const attempt status = {&doors.admin, "STATUS", "{}", {NULL}};
    hub_fail_each(&status, FAIL_MEMORY | FAIL_SQL | FAIL_SOCKET, false);
}

static void a_contact_is_revealed_whole_or_not(void **state)
{
    char person[JJ_UUID_SIZE], options[128];
    reply r = {0};
    (void)state;
    fetchable_events();
    hub_ask(doors.admin, "ERASE", "{\"nik\":\"3375015005980002\"}", NULL, &r);
    hub_person(NIK, person);
    snprintf(options, sizeof options, "{\"person\":\"%s\",\"purpose\":\"a call\"}", person);
    const attempt reveal = {&doors.agency, "REVEAL", options, {NULL}};
    jj_buf_clear(&r.text);
    hub_fail_each(&reveal, FAIL_EVERYTHING, false);
}

static void administrators_are_told_the_whole(void **state)
{
    const attempt attempts[] = {
        {&doors.admin, "QUARANTINE", "{}", {NULL}},
        {&doors.admin, "QUARANTINE", "{\"number\":2}", {NULL}},
        {&doors.admin, "TRACE", "{\"nik\":\"" NIK "\"}", {NULL}},
        {&doors.admin, "AUDIT", "{}", {NULL}},
        {&doors.admin, "RETRY", "{\"number\":1}", {NULL}},
        {&doors.admin, "FORGET", "{\"name\":\"nobody\"}", {NULL}},
    };
    reply r = {0};
    (void)state;
    fetchable_events();
    hub_ask(doors.agency, "PUBLISH", "{}",
            (const char *const[]){GRADUATED("bad", ",\"year\":1,\"x\":{}"), NULL}, &r);
    hub_ask(doors.agency, "FETCH", "{\"name\":\"reader\"}", NULL, &r);
    jj_buf_clear(&r.text);
    fail_all(attempts, sizeof attempts / sizeof *attempts);
}

/* ---- Erasure ------------------------------------------------------------------------------ */

static char erased_person[JJ_UUID_SIZE];
static unsigned named, announced;

static void look_for_person(jj_bytes event)
{
    bool names = memmem(event.data, event.size_bytes, erased_person, JJ_UUID_SIZE - 1) != NULL;
    bool says = memmem(event.data, event.size_bytes, "person.erased", 13) != NULL;
    announced += names && says;
    named += names && !says;
}

/* As long as the hub says that somebody is erased, nothing of theirs is left, and it was announced.
 */
static void an_erasure_is_whole(void **state)
{
    reply r = {0};
    unsigned hits = 1;
    bool done = true;
    char good[512], left_over[512], options[64], nik[24];
    (void)state;
    for (unsigned n = 1; hits; n++) {
        uint64_t after = 0;
        if (done) { /* as the first time, there is somebody to be erased */
            snprintf(nik, sizeof nik, "337501500598%04u", n);
            snprintf(good, sizeof good, GRADUATED("s-%u", ",\"nik\":\"%s\""), n, nik);
            snprintf(
                left_over, sizeof left_over,
                EVENT("alumni.graduated", "e-%u", "\"data\":{\"nik\":\"%s\",\"name\":\"Siti\"}"), n,
                nik);
            snprintf(options, sizeof options, "{\"nik\":\"%s\"}", nik);
            hub_person(nik, erased_person);
            hub_ask(doors.agency, "PUBLISH", "{}", (const char *const[]){good, left_over, NULL},
                    &r);
            assert_int_equal(r.accepted, 1);
        }
        const attempt erase = {&doors.admin, "ERASE", options, {NULL}};
        done = hub_try(&erase, FAIL_EVERYTHING, n, false, &r) && !r.error;
        hits = fail_hits();
        assert_true(hits || done);
        if (done) {
            hub_ask(doors.admin, "QUARANTINE", "{}", NULL, &r);
            assert_non_null(strstr(r.text.data, "\"entries\":[]"));
            named = announced = 0;
            hub_fetch_all(doors.store, &after, look_for_person);
            assert_int_equal(named, 0);
            assert_true(announced > 0);
        }
    }
    jj_buf_clear(&r.text);
}

/* ---- What is given again ------------------------------------------------------------------ */

#define AGAIN_MS 61000 /* what was given again, and is not committed, is given once more */

/* Options of a COMMIT by which the agency's reader puts an event aside. */
static void put_aside_options(char *out, size_t size)
{
    char hex[33];
    hub_event_key("first", hex);
    snprintf(out, size,
             "{\"name\":\"reader\",\"cursor\":\"3\",\"rejected\":[{\"key\":\"%s\","
             "\"reason\":\"not yet\"}]}",
             hex);
}

static void what_is_put_aside_is_kept(void **state)
{
    char options[160];
    reply r = {0};
    unsigned hits = 1;
    (void)state;
    fetchable_events();
    hub_ask(doors.agency, "FETCH", "{\"name\":\"reader\"}", NULL, &r);
    put_aside_options(options, sizeof options);
    const attempt commit = {&doors.agency, "COMMIT", options, {NULL}};
    for (unsigned n = 1, number = 2; hits; n++) {
        char drop[32];
        bool done = hub_try(&commit, FAIL_EVERYTHING, n, false, &r) && !r.error;
        hits = fail_hits();
        assert_true(hits || done);
        if (done) { /* it is there, and the next one gets the next number */
            snprintf(drop, sizeof drop, "{\"number\":%u}", number++);
            hub_ask(doors.admin, "DROP", drop, NULL, &r);
            assert_false(r.error);
        }
    }
    jj_buf_clear(&r.text);
}

/* The agency's reader has put its first event aside. */
static void put_aside(void)
{
    char options[160];
    reply r = {0};
    fetchable_events();
    hub_ask(doors.agency, "FETCH", "{\"name\":\"reader\"}", NULL, &r);
    assert_int_equal(r.events, 3);
    put_aside_options(options, sizeof options);
    hub_ask(doors.agency, "COMMIT", options, NULL, &r);
    assert_false(r.error);
    jj_buf_clear(&r.text);
}

static bool is_in_quarantine(const char *reason)
{
    reply r = {0};
    hub_ask(doors.admin, "QUARANTINE", "{}", NULL, &r);
    bool there = strstr(r.text.data, reason) != NULL;
    jj_buf_clear(&r.text);
    return there;
}

static void what_is_to_be_given_again_is_given(void **state)
{
    const attempt fetch = {&doors.agency, "FETCH", "{\"name\":\"reader\"}", {NULL}};
    const attempt retry = {&doors.admin, "RETRY", "{\"number\":2}", {NULL}};
    reply r = {0};
    unsigned hits = 1;
    (void)state;
    put_aside();
    hub_fail_each(&retry, FAIL_EVERYTHING, false);
    for (unsigned n = 1; hits; n++) {
        fail_skip_ms(AGAIN_MS);
        bool answered = hub_try(&fetch, FAIL_EVERYTHING, n, false, &r);
        hits = fail_hits();
        assert_true(hits || (answered && strstr(r.text.data, "\"again\":true")));
        assert_int_equal(r.events, r.count);
        assert_true(is_in_quarantine("not yet"));
    }
    jj_buf_clear(&r.text);
}

static void what_is_given_again_is_not_done_with_another_answer(void **state)
{
    reply r = {0};
    (void)state;
    put_aside();
    hub_ask(doors.admin, "RETRY", "{\"number\":2}", NULL, &r);
    hub_ask(doors.agency, "FETCH", "{\"name\":\"reader\"}", NULL, &r); /* and it is lost */
    assert_non_null(strstr(r.text.data, "\"again\":true"));
    hub_ask(doors.agency, "PUBLISH", "{}", (const char *const[]){CONSENT("third"), NULL}, &r);
    hub_ask(doors.agency, "FETCH", "{\"name\":\"reader\"}", NULL, &r);
    assert_null(strstr(r.text.data, "\"again\":true"));
    assert_int_equal(r.events, 1);
    hub_ask(doors.agency, "COMMIT", "{\"name\":\"reader\",\"cursor\":\"4\"}", NULL, &r);
    assert_true(is_in_quarantine("not yet"));

    fail_skip_ms(AGAIN_MS);
    hub_ask(doors.agency, "FETCH", "{\"name\":\"reader\"}", NULL, &r);
    assert_non_null(strstr(r.text.data, "\"again\":true"));
    hub_ask(doors.agency, "COMMIT", "{\"name\":\"reader\",\"cursor\":\"4\"}", NULL, &r);
    assert_false(is_in_quarantine("not yet"));
    jj_buf_clear(&r.text);
}

/* ---- For longer --------------------------------------------------------------------------- */

/* As long as the journal cannot be opened again the hub says so to everybody, and takes nothing. */
static void a_hub_without_its_journal_says_so_and_comes_back(void **state)
{
    static const char event[] = CONSENT("late");
    const struct {
        jj_socket **socket;
        const char *verb, *options, *events[2];
    } asked[] = {
        {&doors.agency, "PUBLISH", "{}", {event}},
        {&doors.agency, "FETCH", "{}", {NULL}},
        {&doors.agency, "FETCH", "{\"name\":\"reader\"}", {NULL}},
        {&doors.agency, "COMMIT", "{\"name\":\"reader\",\"cursor\":\"1\"}", {NULL}},
        {&doors.agency, "STATE", "{\"name\":\"reader\"}", {NULL}},
        {&doors.agency, "REVEAL", "{\"person\":\"" PERSON "\",\"purpose\":\"a call\"}", {NULL}},
        {&doors.store, "FETCH", "{\"after\":\"1\"}", {NULL}},
        {&doors.below, "HELLO", "{\"origin\":{\"node\":\"below\"}}", {NULL}},
        {&doors.admin, "STATUS", "{}", {NULL}},
        {&doors.admin, "QUARANTINE", "{}", {NULL}},
        {&doors.admin, "RETRY", "{\"number\":1}", {NULL}},
        {&doors.admin, "DROP", "{\"number\":1}", {NULL}},
        {&doors.admin, "TRACE", "{\"nik\":\"" NIK "\"}", {NULL}},
        {&doors.admin, "ERASE", "{\"nik\":\"" NIK "\"}", {NULL}},
        {&doors.admin, "AUDIT", "{}", {NULL}},
        {&doors.admin, "FORGET", "{\"name\":\"bank/reader\"}", {NULL}},
        {&doors.admin, "FORGET", "{\"node\":\"below\"}", {NULL}},
    };
    reply r = {0};
    (void)state;
    fetchable_events();
    hub_ask(doors.agency, "FETCH", "{\"name\":\"reader\"}", NULL, &r);
    fail_at_in(failing_hub, FAIL_SQL, 1, true);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        fail_skip_ms(3000);
        hub_ask(*asked[i].socket, asked[i].verb, asked[i].options, asked[i].events, &r);
        if (!strstr(r.text.data, "\"code\":\"unavailable\"")) {
            fail_msg("%s %s: %s", asked[i].verb, asked[i].options, r.text.data);
        }
    }
    fail_end();
    hub_settle(doors.agency, NULL, NULL);
    assert_int_equal(hub_fetch_all(doors.agency, &(uint64_t){0}, NULL), 3);
    hub_assert_adds_up();
    jj_buf_clear(&r.text);
}

/* With no memory at all, from some call on: it lives, and what it acknowledged is there. */
static void a_hub_without_memory_lives(void **state)
{
    const attempt attempts[] = {
        {&doors.agency, "PUBLISH", "{}", {CONSENT("m-%u"), "{\"broken\":"}},
        {&doors.agency, "FETCH", "{\"name\":\"reader\"}", {NULL}},
        {&doors.agency, "COMMIT", "{\"name\":\"reader\",\"cursor\":\"1\"}", {CONSENT("n-%u")}},
        {&doors.admin, "STATUS", "{}", {NULL}},
    };
    (void)state;
    unsigned accepted = 0;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        accepted += hub_fail_each(&attempts[i], FAIL_MEMORY, true);
    }
    assert_true(hub_fetch_all(doors.agency, &(uint64_t){0}, NULL) >= accepted);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, failing_hub_start, failing_hub_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_acknowledged_is_there_once),
        TEST(everybody_is_greeted_whole),
        TEST(a_page_is_whole),
        TEST(a_commit_is_done_whole_or_not),
        TEST(a_contact_is_revealed_whole_or_not),
        TEST(administrators_are_told_the_whole),
        TEST(an_erasure_is_whole),
        TEST(what_is_put_aside_is_kept),
        TEST(what_is_to_be_given_again_is_given),
        TEST(what_is_given_again_is_not_done_with_another_answer),
        TEST(a_hub_without_its_journal_says_so_and_comes_back),
        TEST(a_hub_without_memory_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
