/*
 * A hub to which others report, whose memory, journal and sockets fail at each call in turn: of
 * what they pass on nothing loses its origin, nothing is taken that contradicts what they said
 * before, and what is said of them is whole.
 */
#include "failing_hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ORIGIN(rest) "{\"origin\":{\"node\":\"below\"," rest "}}"
#define AT(after, upto)                                                                            \
    ORIGIN("\"after\":\"" after "\",\"upto\":\"" upto "\",\"sequences\":[\"" upto "\"]")

static void fail_all(const attempt *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hub_fail_each(&list[i], FAIL_EVERYTHING, false);
    }
}

static unsigned strangers;

/* Each event tells the number of its place in its id. */
static void look_for_origin(jj_bytes event)
{
    char text[1024], origin[96];
    unsigned number = 0;
    snprintf(text, sizeof text, "%.*s", (int)event.size_bytes, event.data);
    const char *id = strstr(text, "\"id\":\"p-");
    if (id && sscanf(id, "\"id\":\"p-%u", &number) == 1) {
        snprintf(origin, sizeof origin, "\"origin\":\"below\",\"originsequence\":\"%u\"", number);
        strangers += strstr(text, origin) == NULL;
    }
}

static void what_a_node_reports_keeps_its_origin(void **state)
{
    const attempt publish = {
        &doors.below,
        "PUBLISH",
        ORIGIN("\"after\":\"0\",\"upto\":\"1000000\",\"sequences\":[\"%u\",\"1%u\"]"),
        {CONSENT_IN("33.76", "p-%u"), CONSENT_IN("33.76", "p-1%u")}};
    (void)state;
    unsigned accepted = hub_fail_each(&publish, FAIL_EVERYTHING, false);
    strangers = 0;
    assert_true(hub_fetch_all(doors.store, &(uint64_t){0}, look_for_origin) >= accepted);
    assert_int_equal(strangers, 0);
}

static void what_comes_from_above_keeps_its_origin(void **state)
{
    const attempt attempts[] = {
        {&doors.above,
         "PUBLISH",
         "{\"origin\":{\"node\":\"below\",\"sequences\":[\"%u\",\"1%u\"]}}",
         {CONSENT("p-%u"), CONSENT("p-1%u")}},
        {&doors.above,
         "PUBLISH",
         "{\"origin\":{\"node\":\"top\",\"sequences\":[\"%u\",\"1\"]}}",
         {EVENT("consent.granted", "far-%u",
                "\"origin\":\"far\",\"originsequence\":\"%u\",\"subject\":\"" PERSON
                "\",\"data\":{\"date\":\"2019-07-31\",\"audiences\":[\"industry\"]}"),
          EVENT("consent.granted", "own-%u",
                "\"origin\":\"here\",\"originsequence\":\"1\",\"subject\":\"" PERSON
                "\",\"data\":{\"date\":\"2019-07-31\",\"audiences\":[\"industry\"]}")}},
        {&doors.admin, "RETRY", "{\"number\":1}", {NULL}},
    };
    (void)state;
    fail_all(attempts, sizeof attempts / sizeof *attempts);
    strangers = 0;
    assert_true(hub_fetch_all(doors.store, &(uint64_t){0}, look_for_origin) > 0);
    assert_int_equal(strangers, 0);
}

/* Of two nodes that report one region the second is refused, whatever fails. */
static void a_region_is_reported_by_one_node(void **state)
{
    const attempt attempts[] = {
        {&doors.below, "PUBLISH", AT("%u0", "%u1"), {CONSENT_IN("33.76", "p-%u1")}},
        {&doors.beside,
         "PUBLISH",
         "{\"origin\":{\"node\":\"beside\",\"after\":\"%u0\",\"upto\":\"%u1\",\"sequences\":[\"%"
         "u1\"]}}",
         {CONSENT_IN("33.76", "q-%u")}},
    };
    reply r = {0};
    (void)state;
    fail_all(attempts, sizeof attempts / sizeof *attempts);
    hub_ask(doors.beside, "FETCH", "{\"types\":[\"consent.granted\"]}", NULL, &r);
    assert_null(strstr(r.text.data, "q-"));
    jj_buf_clear(&r.text);
}

static void what_is_said_of_nodes_is_whole(void **state)
{
    const attempt attempts[] = {
        {&doors.below, "PUBLISH", AT("%u0", "%u1"), {CONSENT_IN("33.76", "p-%u1")}},
        {&doors.beside, "HELLO", ORIGIN("\"head\":\"1\""), {NULL}},
        {&doors.admin, "STATUS", "{}", {NULL}},
    };
    reply r = {0};
    (void)state;
    for (size_t i = 0; i < 4; i++) { /* a gap, and a problem */
        assert_true(hub_try(&attempts[i % 2], 0, 1, false, &r));
    }
    jj_buf_clear(&r.text);
    hub_fail_each(&attempts[2], FAIL_MEMORY | FAIL_SQL | FAIL_SOCKET, false);
}

static void a_node_is_greeted_whole(void **state)
{
    const attempt attempts[] = {
        {&doors.below, "HELLO", ORIGIN("\"head\":\"%u\""), {NULL}},
        {&doors.beside, "HELLO", ORIGIN("\"head\":\"%u\""), {NULL}}, /* says it is another */
        {&doors.agency, "HELLO", ORIGIN("\"head\":\"%u\""), {NULL}}, /* is no node */
    };
    (void)state;
    fail_all(attempts, sizeof attempts / sizeof *attempts);
}

/* What cannot be read of what stood at a place is not taken for nothing. */
static void a_contradiction_is_found_whatever_fails(void **state)
{
    const attempt first = {&doors.below, "PUBLISH", AT("0", "1"), {CONSENT_IN("33.76", "p-1")}};
    const attempt other = {&doors.below, "PUBLISH", AT("0", "1"), {CONSENT_IN("33.76", "x-%u")}};
    const attempt after = {&doors.below, "PUBLISH", AT("1", "2"), {CONSENT_IN("33.76", "p-2")}};
    reply r = {0};
    (void)state;
    hub_fail_each(&first, FAIL_EVERYTHING, false);
    for (unsigned n = 1, hits = 1; hits; n++) {
        bool answered = hub_try(&other, FAIL_EVERYTHING, n, false, &r);
        hits = fail_hits();
        assert_true(hits || answered);
        assert_true(!answered || r.error);
        /* It is settled, and said again: each time as the first. */
        hub_ask(doors.admin, "FORGET", "{\"node\":\"below\"}", NULL, &r);
        assert_true(hub_try(&first, 0, 1, false, &r) && !r.error);
    }
    assert_int_equal(hub_fetch_all(doors.store, &(uint64_t){0}, NULL), 1);
    assert_true(hub_try(&other, 0, 1, false, &r) && strstr(r.text.data, "\"conflict\""));
    assert_true(hub_try(&after, 0, 1, false, &r) && strstr(r.text.data, "\"conflict\""));
    jj_buf_clear(&r.text);
}

static void a_publisher_learns_what_became_of_its_events(void **state)
{
    char hex[33], options[192];
    reply r = {0};
    (void)state;
    hub_ask(doors.agency, "PUBLISH", "{}", (const char *const[]){CONSENT("mine"), NULL}, &r);
    hub_ask(doors.store, "FETCH", "{\"name\":\"main\"}", NULL, &r);
    hub_event_key("mine", hex);
    snprintf(options, sizeof options,
             "{\"keys\":[\"%s\",\"00000000000000000000000000000000\",\"no key\",7]}", hex);
    const attempt receipt = {&doors.agency, "RECEIPT", options, {NULL}};
    hub_fail_each(&receipt, FAIL_EVERYTHING, false);
    hub_ask(doors.agency, "RECEIPT", options, NULL, &r);
    assert_non_null(strstr(r.text.data, "\"pending\":[\"store/main\"]"));
    jj_buf_clear(&r.text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, failing_hub_start, failing_hub_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_node_reports_keeps_its_origin),
        TEST(what_comes_from_above_keeps_its_origin),
        TEST(a_region_is_reported_by_one_node),
        TEST(what_is_said_of_nodes_is_whole),
        TEST(a_node_is_greeted_whole),
        TEST(a_contradiction_is_found_whatever_fails),
        TEST(a_publisher_learns_what_became_of_its_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
