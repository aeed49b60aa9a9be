/* Requests that a hub refuses: each with its code and the option that is at fault, and nothing of
 * them is done. */
#include "failing_hub.h"
#include "jejaring/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct refusal {
    jj_socket **socket;
    const char *verb, *options, *code, *field; /* NULL: no field is named */
    const char *event;
} refusal;

static void assert_refused(const refusal *list, size_t count)
{
    reply r = {0};
    for (size_t i = 0; i < count; i++) {
        char code[40], field[64] = "";
        const char *const events[] = {list[i].event, NULL};
        hub_ask(*list[i].socket, list[i].verb, list[i].options, events, &r);
        snprintf(code, sizeof code, "\"code\":\"%s\"", list[i].code);
        if (list[i].field) {
            snprintf(field, sizeof field, "\"field\":\"%s\"", list[i].field);
        }
        if (!r.error || !strstr(r.text.data, code) || !strstr(r.text.data, field)) {
            fail_msg("%s %s: %s", list[i].verb, list[i].options, r.text.data);
        }
    }
    assert_int_equal(hub_fetch_all(doors.store, &(uint64_t){0}, NULL), 0);
    hub_assert_adds_up();
    jj_buf_clear(&r.text);
}

#define ASSERT_REFUSED(list) assert_refused(list, sizeof list / sizeof *list)

#define A "0f1af257-50e8-873f-a2b7-6174c0be81a1"

static void a_reader_that_asks_wrongly_is_told_so(void **state)
{
    static const refusal list[] = {
        {&doors.agency, "FETCH", "[]", "malformed", NULL, NULL},
        {&doors.agency, "FETCH", "{", "malformed", NULL, NULL},
        {&doors.agency, "FETSCH", "{}", "malformed", NULL, NULL},
        {&doors.agency, "fetch", "{}", "malformed", NULL, NULL},
        {&doors.agency, "FETCH", "{\"max_events\":-1}", "malformed", "/max_events", NULL},
        {&doors.agency, "FETCH", "{\"max_events\":\"1\"}", "malformed", "/max_events", NULL},
        {&doors.agency, "FETCH", "{\"wait_ms\":1.5}", "malformed", "/wait_ms", NULL},
        {&doors.agency, "FETCH", "{\"after\":1}", "malformed", "/after", NULL},
        {&doors.agency, "FETCH", "{\"after\":\"x\"}", "malformed", "/after", NULL},
        {&doors.agency, "FETCH", "{\"after\":\"9300000000000000000\"}", "malformed", "/after",
         NULL},
        {&doors.agency, "FETCH", "{\"after\":\"7\"}", "invalid", NULL, NULL},
        {&doors.agency, "FETCH", "{\"name\":1}", "malformed", "/name", NULL},
        {&doors.agency, "FETCH", "{\"name\":\"\"}", "malformed", "/name", NULL},
        {&doors.agency, "FETCH", "{\"name\":\"a/b\"}", "malformed", "/name", NULL},
        {&doors.agency, "FETCH", "{\"name\":\"" NIK "\"}", "malformed", "/name", NULL},
        {&doors.agency, "FETCH", "{\"name\":\"" A A "\"}", "malformed", "/name", NULL},
        {&doors.agency, "FETCH", "{\"types\":\"vacancy.opened\"}", "malformed", NULL, NULL},
        {&doors.agency, "FETCH", "{\"types\":[1]}", "malformed", NULL, NULL},
        {&doors.agency, "FETCH", "{\"regions\":[\"" A A A A "\"]}", "malformed", NULL, NULL},
        {&doors.agency, "FETCH", "{\"types\":[\"vacancy.opend\"]}", "unknown_type", NULL, NULL},
        {&doors.agency, "FETCH", "{\"types\":[\"a " NIK "\"]}", "unknown_type", NULL, NULL},
        {&doors.agency, "FETCH", "{\"types\":[\"" NIK "\"]}", "unknown_type", NULL, NULL},
        {&doors.agency, "FETCH", "{\"regions\":[\"3375\"]}", "invalid", NULL, NULL},
        {&doors.agency, "FETCH", "{\"regions\":[\"Kota Pekalongan\"]}", "invalid", NULL, NULL},
        {&doors.agency, "STATE", "{}", "malformed", "/name", NULL},
        {&doors.agency, "STATE", "{\"consumer\":\"store/main\"}", "malformed", "/name", NULL},
        {&doors.admin, "STATE", "{\"consumer\":\"store/main\"}", "invalid", NULL, NULL},
        {&doors.agency, "RECEIPT", "{}", "malformed", NULL, NULL},
        {&doors.agency, "RECEIPT", "{\"keys\":\"x\"}", "malformed", NULL, NULL},
        {&doors.agency, "REVEAL", "{}", "malformed", NULL, NULL},
        {&doors.agency, "REVEAL", "{\"person\":\"x\",\"purpose\":\"a\"}", "malformed", NULL, NULL},
        {&doors.agency, "REVEAL", "{\"person\":\"" A "\"}", "malformed", NULL, NULL},
        {&doors.agency, "REVEAL", "{\"person\":\"" A "\",\"purpose\":\"\"}", "malformed", NULL,
         NULL},
        {&doors.agency, "REVEAL", "{\"person\":\"" A "\",\"purpose\":\"" NIK "\"}", "malformed",
         NULL, NULL},
        {&doors.agency, "REVEAL", "{\"person\":\"" A "\",\"purpose\":\"" A A A A A A "\"}",
         "malformed", NULL, NULL},
        {&doors.agency, "REVEAL", "{\"person\":\"" A "\",\"purpose\":\"a call\"}", "forbidden",
         NULL, NULL},
    };
    (void)state;
    ASSERT_REFUSED(list);
}

static void a_publisher_that_says_wrongly_is_told_so(void **state)
{
    static const char event[] = CONSENT("one"), below[] = CONSENT_IN("33.76", "two");
    static const refusal list[] = {
        {&doors.agency, "PUBLISH", "{\"packed\":1}", "malformed", "/packed", event},
        {&doors.agency, "PUBLISH", "{\"packed\":{\"how\":\"lzma\"}}", "malformed", "/packed",
         event},
        {&doors.agency, "PUBLISH", "{\"packed\":{\"how\":\"deflate-1\",\"events\":-1}}",
         "malformed", "/packed", event},
        {&doors.agency, "PUBLISH", "{\"packed\":{\"how\":\"" JJ_PACKED "\",\"events\":1}}",
         "malformed", NULL, event},
        {&doors.agency, "PUBLISH", "{\"packed\":{\"how\":\"" JJ_PACKED "\",\"events\":-1}}",
         "malformed", "/packed", event},
        {&doors.agency, "PUBLISH", "{\"packed\":{\"how\":\"" JJ_PACKED "\",\"events\":\"1\"}}",
         "malformed", "/packed", event},
        {&doors.agency, "PUBLISH", "{\"packed\":{\"how\":\"" JJ_PACKED "\",\"events\":1}}",
         "malformed", "/packed", NULL},
        {&doors.agency, "PUBLISH", "{\"packed\":{\"how\":\"" JJ_PACKED "\",\"events\":1001}}",
         "too_large", NULL, event},
        {&doors.agency, "COMMIT", "{}", "malformed", "/name", NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"cursor\":1}", "malformed", "/cursor", NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"cursor\":\"9\"}", "invalid", NULL, NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"state\":1}", "malformed", NULL, NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"state\":{\"a\":1}}", "malformed", NULL, NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"state\":{\"\":\"1\"}}", "malformed", NULL,
         NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"state\":{\"\\u0001filter\":\"1\"}}",
         "malformed", NULL, NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"state\":{\"" NIK "\":\"1\"}}", "invalid", NULL,
         NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"state\":{\"k\":\"a " NIK "\"}}", "invalid",
         NULL, NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"rejected\":{}}", "malformed", NULL, NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"rejected\":[\"x\"]}", "malformed", NULL, NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\",\"rejected\":[{\"key\":\"0f\"}]}", "malformed",
         NULL, NULL},
        {&doors.agency, "COMMIT",
         "{\"name\":\"a\",\"rejected\":[{\"key\":\"0123456789abcdef0123456789abcdef\",\"reason\":1}"
         "]}",
         "malformed", NULL, NULL},
        {&doors.agency, "COMMIT", "{\"name\":\"a\"}", "invalid", NULL, "{}"},
        {&doors.agency, "PUBLISH", "{\"origin\":{}}", "forbidden", "/origin", event},
        {&doors.above, "PUBLISH", "{\"origin\":{}}", "malformed", "/origin", event},
        {&doors.above, "PUBLISH", "{\"origin\":{\"node\":\"a b\",\"sequences\":[\"1\"]}}",
         "malformed", "/origin", event},
        {&doors.above, "PUBLISH", "{\"origin\":{\"node\":\"a\",\"sequences\":[]}}", "malformed",
         "/origin", event},
        {&doors.above, "PUBLISH", "{\"origin\":{\"node\":\"a\",\"sequences\":[1]}}", "malformed",
         "/origin", event},
        {&doors.above, "PUBLISH", "{\"origin\":{\"node\":\"a\",\"sequences\":[\"x\"]}}",
         "malformed", "/origin", event},
        {&doors.above, "PUBLISH",
         "{\"origin\":{\"node\":\"a\",\"sequences\":[\"9300000000000000000\"]}}", "malformed",
         "/origin", event},
        {&doors.below, "PUBLISH", "{}", "malformed", "/origin", below},
        {&doors.below, "PUBLISH", "{\"origin\":{\"node\":\"below\",\"sequences\":[\"1\"]}}",
         "malformed", "/origin", below},
        {&doors.below, "PUBLISH",
         "{\"origin\":{\"node\":\"below\",\"after\":1,\"sequences\":[\"1\"]}}", "malformed",
         "/origin", below},
        {&doors.below, "PUBLISH",
         "{\"origin\":{\"node\":\"below\",\"after\":\"2\",\"upto\":\"1\",\"sequences\":[\"1\"]}}",
         "malformed", "/origin", below},
        {&doors.below, "PUBLISH",
         "{\"origin\":{\"node\":\"below\",\"after\":\"1\",\"upto\":\"2\",\"sequences\":[\"1\"]}}",
         "malformed", "/origin", below},
        {&doors.below, "PUBLISH",
         "{\"origin\":{\"node\":\"below\",\"after\":\"1\",\"upto\":\"2\",\"sequences\":[\"3\"]}}",
         "malformed", "/origin", below},
        {&doors.below, "PUBLISH",
         "{\"origin\":{\"node\":\"beside\",\"after\":\"1\",\"upto\":\"2\",\"sequences\":[\"2\"]}}",
         "forbidden", "/origin", below},
        {&doors.below, "HELLO", "{\"origin\":{\"node\":\"below\",\"head\":1}}", "malformed",
         "/origin", NULL},
    };
    (void)state;
    ASSERT_REFUSED(list);
}

static void administrators_are_asked_for_what_is_there(void **state)
{
    static const refusal list[] = {
        {&doors.agency, "STATUS", "{}", "forbidden", NULL, NULL},
        {&doors.agency, "QUARANTINE", "{}", "forbidden", NULL, NULL},
        {&doors.agency, "RETRY", "{\"number\":1}", "forbidden", NULL, NULL},
        {&doors.agency, "DROP", "{\"number\":1}", "forbidden", NULL, NULL},
        {&doors.agency, "TRACE", "{\"nik\":\"" NIK "\"}", "forbidden", NULL, NULL},
        {&doors.agency, "ERASE", "{\"nik\":\"" NIK "\"}", "forbidden", NULL, NULL},
        {&doors.agency, "AUDIT", "{}", "forbidden", NULL, NULL},
        {&doors.agency, "FORGET", "{\"name\":\"bank/a\"}", "forbidden", NULL, NULL},
        {&doors.store, "STATUS", "{}", "forbidden", NULL, NULL},
        {&doors.admin, "QUARANTINE", "{\"after\":\"1\"}", "malformed", "/after", NULL},
        {&doors.admin, "QUARANTINE", "{\"number\":[]}", "malformed", "/number", NULL},
        {&doors.admin, "RETRY", "{\"number\":1}", "invalid", NULL, NULL},
        {&doors.admin, "RETRY", "{\"number\":-1}", "malformed", "/number", NULL},
        {&doors.admin, "DROP", "{\"number\":1}", "invalid", NULL, NULL},
        {&doors.admin, "TRACE", "{}", "malformed", NULL, NULL},
        {&doors.admin, "TRACE", "{\"nik\":\"1\"}", "malformed", NULL, NULL},
        {&doors.admin, "ERASE", "{\"person\":\"x\"}", "malformed", NULL, NULL},
        {&doors.admin, "FORGET", "{}", "invalid", NULL, NULL},
        {&doors.admin, "FORGET", "{\"name\":\"bank/a\"}", "invalid", NULL, NULL},
        {&doors.admin, "FORGET", "{\"node\":\"below\"}", "invalid", NULL, NULL},
    };
    (void)state;
    ASSERT_REFUSED(list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, failing_hub_start, failing_hub_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reader_that_asks_wrongly_is_told_so),
        TEST(a_publisher_that_says_wrongly_is_told_so),
        TEST(administrators_are_asked_for_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
