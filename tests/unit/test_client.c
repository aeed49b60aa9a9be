/*
 * libjejaring against a hub that answers, keeps silent, lies, vanishes and comes back.
 */
#include "jejaring/client.h"

#include "base/buf.h"
#include "base/clock.h"
#include "pretend_hub.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FRAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define LONG_MS     60000 /* for what is expected to happen */

static jj_client *client;

static void open_client(int timeout_ms)
{
    const jj_client_options options = {.endpoint = pretend_endpoint, .timeout_ms = timeout_ms};
    jj_error err = {0};
    if (jj_client_open(&client, &options, &err)) {
        fail_msg("%s", err.text);
    }
}

static int tear_down(void **state)
{
    jj_client_close(client);
    client = NULL;
    return pretend_folder_remove(state);
}

static uint64_t send_verb(const char *verb)
{
    uint64_t number = 0;
    assert_int_equal(jj_client_send(client, verb, NULL, NULL, 0, &number, NULL), 0);
    return number;
}

static void assert_next(uint64_t number, const char *result)
{
    jj_reply reply = {0};
    jj_error err = {0};
    if (jj_client_receive(client, &reply, LONG_MS, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(reply.request, number);
    assert_int_equal(reply.result.size_bytes, strlen(result));
    assert_memory_equal(reply.result.data, result, strlen(result));
    jj_reply_clear(&reply);
}

static void wait_for_requests(unsigned count)
{
    int64_t deadline_ms = jj_monotonic_ms() + LONG_MS;
    jj_reply reply = {0};
    while (pretend_count() < count) {
        assert_int_equal(jj_client_receive(client, &reply, 1, NULL), JJ_ETIMEOUT);
        assert_true(jj_monotonic_ms() < deadline_ms);
    }
}

/* ---- Handlers ----------------------------------------------------------------------------- */

static void echo_verb(const jj_message *request)
{
    pretend_ok(request, pretend_frame(request, 2));
}

static void keep_silent(const jj_message *request)
{
    (void)request;
}

/* ---- One request -------------------------------------------------------------------------- */

static jj_buf seen;

static void note_request(const jj_message *request)
{
    for (size_t i = 1; i < request->count; i++) {
        jj_buf_printf(&seen, "[%s]", pretend_frame(request, i));
    }
    pretend_ok(request, "{}");
}

static void a_request_has_the_frames_of_the_protocol(void **state)
{
    const jj_bytes events[] = {{"{\"n\":1}", 7}, {NULL, 0}, {"{\"n\":3}", 7}};
    jj_reply reply = {0};
    (void)state;
    pretend_start(note_request, NULL);
    open_client(LONG_MS);
    jj_buf_reset(&seen);
    assert_int_equal(jj_client_request(client, "HELLO", NULL, NULL, 0, &reply, NULL), 0);
    jj_reply_clear(&reply);
    assert_int_equal(jj_client_request(client, "PUBLISH", "{\"a\":1}", events, 3, &reply, NULL), 0);
    jj_reply_clear(&reply);
    assert_string_equal(seen.data, "[JJ1][HELLO][1][{}]"
                                   "[JJ1][PUBLISH][2][{\"a\":1}][{\"n\":1}][][{\"n\":3}]");
    jj_buf_clear(&seen);
}

static void answer_with_events(const jj_message *request)
{
    pretend_answer(request, FRAMES(JJ_PROTOCOL, "EVENTS", pretend_frame(request, 3),
                                   "{\"count\":2}", "one", ""));
}

static void an_answer_brings_its_events(void **state)
{
    jj_reply reply = {0};
    (void)state;
    pretend_start(answer_with_events, NULL);
    open_client(LONG_MS);
    assert_int_equal(jj_client_request(client, "FETCH", NULL, NULL, 0, &reply, NULL), 0);
    assert_int_equal(reply.code, 0);
    assert_int_equal(reply.event_count, 2);
    assert_int_equal(reply.events[0].size_bytes, 3);
    assert_memory_equal(reply.events[0].data, "one", 3);
    assert_int_equal(reply.events[1].size_bytes, 0);
    jj_reply_clear(&reply);
    assert_int_equal(reply.event_count, 0);
    jj_reply_clear(&reply);
}

static void what_no_message_may_hold_is_not_sent(void **state)
{
    static char large[JJ_FRAME_MAX + 2];
    static jj_bytes events[JJ_EVENTS_MAX + 1];
    uint64_t number = 0;
    jj_error err = {0};
    (void)state;
    open_client(LONG_MS);
    memset(large, ' ', sizeof large - 1);
    for (size_t i = 0; i <= JJ_EVENTS_MAX; i++) {
        events[i] = (jj_bytes){"{}", 2};
    }
    assert_int_equal(
        jj_client_send(client, "PUBLISH", NULL, events, JJ_EVENTS_MAX + 1, &number, &err),
        JJ_ETOO_LARGE);
    assert_non_null(strstr(err.text, "1001 events"));
    events[2] = (jj_bytes){large, JJ_FRAME_MAX + 1};
    assert_int_equal(jj_client_send(client, "PUBLISH", NULL, events, 5, &number, &err),
                     JJ_ETOO_LARGE);
    assert_non_null(strstr(err.text, "event 2 has 1048577 bytes"));
    assert_int_equal(jj_client_send(client, "PUBLISH", large, NULL, 0, &number, &err),
                     JJ_ETOO_LARGE);
    assert_int_equal(jj_client_send(client, "A_VERB_WITHOUT_END", NULL, NULL, 0, &number, &err),
                     JJ_ETOO_LARGE);
    assert_int_equal(jj_client_pending(client), 0);
    assert_int_equal(number, 0);
}

static void the_largest_message_arrives_whole(void **state)
{
    static jj_bytes events[JJ_EVENTS_MAX];
    jj_reply reply = {0};
    (void)state;
    char *large = malloc(JJ_FRAME_MAX);
    memset(large, 'x', JJ_FRAME_MAX);
    for (size_t i = 0; i < JJ_EVENTS_MAX; i++) {
        events[i] = (jj_bytes){large, i == 999 ? JJ_FRAME_MAX : i};
    }
    pretend_start(echo_verb, NULL);
    open_client(LONG_MS);
    assert_int_equal(
        jj_client_request(client, "PUBLISH", NULL, events, JJ_EVENTS_MAX, &reply, NULL), 0);
    assert_int_equal(pretend_count(), 1);
    jj_reply_clear(&reply);
    free(large);
}

/* ---- Many in flight ----------------------------------------------------------------------- */

/* Answers three at a time, the last one first. */
static void answer_backwards(const jj_message *request)
{
    static jj_message kept[3];
    static unsigned count;
    for (size_t i = 0; i < request->count; i++) {
        jj_bytes frame = jj_message_frame(request, i);
        jj_message_add(&kept[count], frame.data, frame.size_bytes);
    }
    if (++count == 3) {
        for (; count; count--) {
            jj_message *last = &kept[count - 1];
            pretend_ok(last, pretend_frame(last, 2));
            jj_message_clear(last);
        }
    }
}

static void answers_are_told_apart_by_their_number(void **state)
{
    (void)state;
    pretend_start(answer_backwards, NULL);
    open_client(LONG_MS);
    uint64_t first = send_verb("A"), second = send_verb("B"), third = send_verb("C");
    assert_int_equal(jj_client_pending(client), 3);
    assert_next(third, "C");
    assert_next(second, "B");
    assert_next(first, "A");
    assert_int_equal(jj_client_pending(client), 0);
}

static void answers_for_others_are_kept_meanwhile(void **state)
{
    jj_reply reply = {0};
    (void)state;
    pretend_start(echo_verb, NULL);
    open_client(LONG_MS);
    uint64_t first = send_verb("A"), second = send_verb("B");
    assert_int_equal(jj_client_request(client, "C", NULL, NULL, 0, &reply, NULL), 0);
    assert_memory_equal(reply.result.data, "C", 1);
    jj_reply_clear(&reply);
    assert_int_equal(jj_client_pending(client), 2);
    assert_next(first, "A");
    assert_next(second, "B");
    assert_int_equal(jj_client_pending(client), 0);
}

static void a_forgotten_request_gets_no_answer(void **state)
{
    jj_reply reply = {0};
    (void)state;
    pretend_start(echo_verb, NULL);
    open_client(LONG_MS);
    uint64_t before = send_verb("A"), early = send_verb("B"), wanted = send_verb("C");
    jj_client_forget(client, before);
    jj_client_forget(client, 4711);
    /* Its answer and that of C are there when D's is. */
    assert_int_equal(jj_client_request(client, "D", NULL, NULL, 0, &reply, NULL), 0);
    jj_reply_clear(&reply);
    jj_client_forget(client, early);
    assert_int_equal(jj_client_pending(client), 1);
    assert_next(wanted, "C");
    assert_int_equal(jj_client_receive(client, &reply, 0, NULL), JJ_ETIMEOUT);
}

static void a_thousand_requests_are_answered_in_order(void **state)
{
    char verb[16];
    uint64_t first = 0;
    (void)state;
    pretend_start(echo_verb, NULL);
    open_client(LONG_MS);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(verb, sizeof verb, "V%u", i);
        uint64_t number = send_verb(verb);
        first = i ? first : number;
    }
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(verb, sizeof verb, "V%u", i);
        assert_next(first + i, verb);
    }
}

static void the_descriptor_tells_of_an_answer(void **state)
{
    jj_reply reply = {0};
    int rc;
    (void)state;
    pretend_start(echo_verb, NULL);
    open_client(LONG_MS);
    uint64_t number = send_verb("A");
    do {
        struct pollfd item = {.fd = jj_client_descriptor(client), .events = POLLIN};
        assert_int_equal(poll(&item, 1, LONG_MS), 1);
        rc = jj_client_receive(client, &reply, 0, NULL);
    } while (rc == JJ_ETIMEOUT);
    assert_int_equal(rc, 0);
    assert_int_equal(reply.request, number);
    jj_reply_clear(&reply);
}

/* ---- Errors ------------------------------------------------------------------------------- */

static const char *error_result;

static void answer_error(const jj_message *request)
{
    pretend_answer(request, FRAMES(JJ_PROTOCOL, "ERROR", pretend_frame(request, 3), error_result));
}

static void assert_error(const char *result, int code, const char *text, const char *field)
{
    jj_reply reply = {0};
    jj_error err = {0};
    error_result = result;
    int rc = jj_client_request(client, "X", NULL, NULL, 0, &reply, &err);
    if (rc != code || err.code != code || strcmp(err.text, text) != 0 ||
        strcmp(err.field, field) != 0) {
        fail_msg("%s: came %s \"%s\" at \"%s\"", result, jj_code_name(rc), err.text, err.field);
    }
    uint64_t number = send_verb("X");
    assert_int_equal(jj_client_receive(client, &reply, LONG_MS, &err), 0);
    assert_int_equal(reply.request, number);
    assert_int_equal(reply.code, code);
    jj_reply_clear(&reply);
}

static void an_error_is_decoded(void **state)
{
    static const int codes[] = {JJ_EMALFORMED,    JJ_EUNAUTHORISED, JJ_EFORBIDDEN,
                                JJ_EUNKNOWN_TYPE, JJ_EINVALID,      JJ_ECONFLICT,
                                JJ_ETOO_LARGE,    JJ_EBUSY,         JJ_EUNAVAILABLE};
    char result[128];
    (void)state;
    pretend_start(answer_error, NULL);
    open_client(LONG_MS);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        snprintf(result, sizeof result, "{\"code\":\"%s\",\"detail\":\"why\",\"field\":\"/x\"}",
                 jj_code_name(codes[i]));
        assert_error(result, codes[i], "why", "/x");
    }
    assert_error("{\"code\":\"forbidden\"}", JJ_EFORBIDDEN, "forbidden", "");
}

static void an_error_is_never_a_success(void **state)
{
    static const char *const odd[] = {
        "{\"code\":\"ok\"}", "{\"code\":\"later\"}", "{\"code\":7}", "{}", "[]", "", "not json"};
    (void)state;
    pretend_start(answer_error, NULL);
    open_client(LONG_MS);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_error(odd[i], JJ_EUNAVAILABLE, "unavailable", "");
    }
}

static void answer_oddly(const jj_message *request)
{
    pretend_answer(request, FRAMES(JJ_PROTOCOL, "SURPRISE", pretend_frame(request, 3), "{}"));
}

static void an_answer_of_an_unknown_kind_is_no_success(void **state)
{
    jj_reply reply = {0};
    (void)state;
    pretend_start(answer_oddly, NULL);
    open_client(LONG_MS);
    assert_int_equal(jj_client_request(client, "X", NULL, NULL, 0, &reply, NULL), JJ_EVERSION);
}

static void answer_garbage_first(const jj_message *request)
{
    const char *number = pretend_frame(request, 3);
    pretend_answer(request, FRAMES(""));
    pretend_answer(request, FRAMES(JJ_PROTOCOL));
    pretend_answer(request, FRAMES(JJ_PROTOCOL, "OK", number));
    pretend_answer(request, FRAMES("JJ2", "OK", number, "wrong"));
    pretend_answer(request, FRAMES("", JJ_PROTOCOL, "OK", number, "wrong"));
    pretend_answer(request, FRAMES(JJ_PROTOCOL, "OK", "4711", "wrong"));
    pretend_answer(request, FRAMES(JJ_PROTOCOL, "OK", "", "wrong"));
    pretend_answer(request,
                   FRAMES(JJ_PROTOCOL, "OK", "000000000000000000000000000000000000001", "wrong"));
    pretend_ok(request, "right");
    pretend_ok(request, "too late");
}

static void what_is_no_answer_is_passed_over(void **state)
{
    (void)state;
    pretend_start(answer_garbage_first, NULL);
    open_client(LONG_MS);
    for (unsigned i = 0; i < 20; i++) {
        assert_next(send_verb("X"), "right");
    }
}

/* ---- Silence ------------------------------------------------------------------------------ */

static void without_a_hub_a_request_ends_in_time(void **state)
{
    jj_reply reply = {0};
    jj_error err = {0};
    (void)state;
    open_client(50);
    assert_int_equal(jj_client_request(client, "X", NULL, NULL, 0, &reply, &err), JJ_ETIMEOUT);
    assert_string_equal(err.text, "no connection to the hub");
    assert_int_equal(jj_client_pending(client), 0);
}

static void a_hub_that_keeps_silent_is_not_waited_for(void **state)
{
    jj_reply reply = {0};
    jj_error err = {0};
    (void)state;
    pretend_start(keep_silent, NULL);
    open_client(200);
    send_verb("A");
    wait_for_requests(1);
    assert_int_equal(jj_client_request(client, "X", NULL, NULL, 0, &reply, &err), JJ_ETIMEOUT);
    assert_string_equal(err.text, "no answer in time");
    /* The one that nobody gave up is still waited for. */
    assert_int_equal(jj_client_pending(client), 1);
}

static atomic_uint ignored;

static void ignore_some(const jj_message *request)
{
    if (ignored) {
        ignored--;
        return;
    }
    echo_verb(request);
}

static void a_request_without_an_answer_is_sent_again(void **state)
{
    (void)state;
    ignored = 3;
    pretend_start(ignore_some, NULL);
    open_client(30);
    assert_next(send_verb("A"), "A");
    assert_int_equal(pretend_count(), 4);
}

/* ---- The hub vanishes --------------------------------------------------------------------- */

static void requests_wait_for_the_hub_in_order(void **state)
{
    (void)state;
    open_client(LONG_MS);
    uint64_t first = send_verb("A");
    send_verb("B");
    send_verb("C");
    pretend_start(echo_verb, NULL);
    assert_next(first, "A");
    assert_next(first + 1, "B");
    assert_next(first + 2, "C");
    assert_int_equal(pretend_count(), 3);
}

static void requests_survive_a_hub_that_vanished_and_came_back(void **state)
{
    uint64_t first = 0;
    char verb[16];
    (void)state;
    pretend_start(keep_silent, NULL);
    open_client(LONG_MS);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(verb, sizeof verb, "V%u", i);
        uint64_t number = send_verb(verb);
        first = i ? first : number;
    }
    wait_for_requests(100);
    pretend_stop();
    pretend_start(echo_verb, NULL);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(verb, sizeof verb, "V%u", i);
        assert_next(first + i, verb);
    }
    assert_int_equal(pretend_count(), 200);
}

static void a_hub_may_vanish_again_and_again(void **state)
{
    (void)state;
    open_client(LONG_MS);
    for (unsigned round = 0; round < 8; round++) {
        uint64_t lost = send_verb("LOST");
        pretend_start(keep_silent, NULL);
        wait_for_requests(pretend_count() + 1);
        pretend_stop();
        pretend_start(echo_verb, NULL);
        assert_next(lost, "LOST");
        pretend_stop();
    }
}

static void who_is_refused_is_told_so(void **state)
{
    const jj_client_options options = {.endpoint = pretend_endpoint,
                                       .plain_user = "blk",
                                       .plain_password = "wrong",
                                       .timeout_ms = 3000};
    jj_reply reply = {0};
    jj_error err = {0};
    (void)state;
    pretend_start(echo_verb, "right");
    assert_int_equal(jj_client_open(&client, &options, &err), 0);
    assert_int_equal(jj_client_request(client, "X", NULL, NULL, 0, &reply, &err), JJ_EUNAUTHORISED);
    assert_int_equal(pretend_count(), 0);
}

static void who_is_let_in_later_goes_on(void **state)
{
    const jj_client_options options = {.endpoint = pretend_endpoint,
                                       .plain_user = "blk",
                                       .plain_password = "right",
                                       .timeout_ms = LONG_MS};
    jj_reply reply = {0};
    jj_error err = {0};
    (void)state;
    pretend_start(echo_verb, "other");
    assert_int_equal(jj_client_open(&client, &options, &err), 0);
    uint64_t number = send_verb("A");
    while (jj_client_receive(client, &reply, 10, &err) != JJ_EUNAUTHORISED) {
        assert_int_equal(err.code, JJ_ETIMEOUT);
    }
    pretend_stop();
    pretend_start(echo_verb, "right");
    assert_next(number, "A");
}

static void bad_options_are_refused_at_once(void **state)
{
    const jj_client_options none = {0}, nonsense = {.endpoint = "nonsense"};
    const jj_client_options half = {.endpoint = pretend_endpoint, .server_key = "short"};
    jj_error err = {0};
    (void)state;
    assert_int_equal(jj_client_open(&client, &none, &err), JJ_ECONFIG);
    assert_int_equal(jj_client_open(&client, &nonsense, &err), JJ_ESYSTEM);
    assert_non_null(strstr(err.text, "nonsense"));
    assert_int_equal(jj_client_open(&client, &half, &err), JJ_ECONFIG);
    assert_null(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pretend_folder, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_has_the_frames_of_the_protocol),
        TEST(an_answer_brings_its_events),
        TEST(what_no_message_may_hold_is_not_sent),
        TEST(the_largest_message_arrives_whole),
        TEST(answers_are_told_apart_by_their_number),
        TEST(answers_for_others_are_kept_meanwhile),
        TEST(a_forgotten_request_gets_no_answer),
        TEST(a_thousand_requests_are_answered_in_order),
        TEST(the_descriptor_tells_of_an_answer),
        TEST(an_error_is_decoded),
        TEST(an_error_is_never_a_success),
        TEST(an_answer_of_an_unknown_kind_is_no_success),
        TEST(what_is_no_answer_is_passed_over),
        TEST(without_a_hub_a_request_ends_in_time),
        TEST(a_hub_that_keeps_silent_is_not_waited_for),
        TEST(a_request_without_an_answer_is_sent_again),
        TEST(requests_wait_for_the_hub_in_order),
        TEST(requests_survive_a_hub_that_vanished_and_came_back),
        TEST(a_hub_may_vanish_again_and_again),
        TEST(who_is_refused_is_told_so),
        TEST(who_is_let_in_later_goes_on),
        TEST(bad_options_are_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
