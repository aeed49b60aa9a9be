/*
 * The publisher against a hub that answers, waits, refuses, is busy, vanishes and comes back.
 */
#include "jejaring/publish.h"

#include "base/buf.h"
#include "base/clock.h"
#include "pretend_hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONG_MS 60000 /* for what is expected to happen */
#define EVENT   "{\"n\":1}"

static jj_client *client;
static jj_publisher *publisher;
static jj_buf refused, seen;
static atomic_bool silent;
static atomic_uint turns; /* requests to treat otherwise */

static void note_refusal(void *arg, const jj_refusal *r)
{
    assert_ptr_equal(arg, &refused);
    jj_buf_printf(&refused, "[%llu %s %s %s %.*s]", (unsigned long long)r->sequence,
                  jj_code_name(r->code), r->field, r->detail, (int)r->event.size_bytes,
                  r->event.data);
}

static void open_publisher(jj_publishing how)
{
    const jj_client_options options = {.endpoint = pretend_endpoint, .timeout_ms = LONG_MS};
    jj_error err = {0};
    how.on_refused = note_refusal;
    how.arg = &refused;
    if (jj_client_open(&client, &options, &err) ||
        jj_publisher_open(&publisher, client, &how, &err)) {
        fail_msg("%s", err.text);
    }
}

static int set_up(void **state)
{
    jj_buf_reset(&refused);
    jj_buf_reset(&seen);
    silent = false;
    turns = 0;
    return pretend_folder(state);
}

static int tear_down(void **state)
{
    jj_publisher_close(publisher);
    jj_client_close(client);
    publisher = NULL;
    client = NULL;
    int rc = pretend_folder_remove(state);
    jj_buf_clear(&refused);
    jj_buf_clear(&seen);
    return rc;
}

static int add_text(uint64_t sequence, const char *event, int wait_ms)
{
    return jj_publisher_add(publisher, sequence, event, strlen(event), wait_ms, NULL);
}

static void add(uint64_t sequence)
{
    assert_int_equal(add_text(sequence, EVENT, LONG_MS), 0);
}

static void flush_all(void)
{
    jj_error err = {0};
    if (jj_publisher_flush(publisher, LONG_MS, &err)) {
        fail_msg("%s", err.text);
    }
}

static void assert_counts(uint64_t accepted, uint64_t refused_count, uint64_t waiting)
{
    jj_published counts = jj_publisher_counts(publisher);
    assert_int_equal(counts.accepted, accepted);
    assert_int_equal(counts.refused, refused_count);
    assert_int_equal(counts.waiting, waiting);
}

/* ---- Handlers ----------------------------------------------------------------------------- */

static size_t events_of(const jj_message *request)
{
    return request->count - 5;
}

static void accept_all(const jj_message *request)
{
    char result[96];
    if (silent) {
        return;
    }
    for (size_t i = 0; i < events_of(request); i++) {
        jj_buf_puts(&seen, pretend_frame(request, i + 5));
    }
    snprintf(result, sizeof result,
             "{\"accepted\":%zu,\"duplicate\":0,\"rejected\":[],\"cursor\":\"1\"}",
             events_of(request));
    pretend_ok(request, result);
}

static void refuse_second(const jj_message *request)
{
    pretend_ok(request, "{\"accepted\":2,\"duplicate\":0,\"rejected\":[{\"index\":1,"
                        "\"code\":\"invalid\",\"field\":\"/region\",\"detail\":\"no dot\"}]}");
}

static void error(const jj_message *request, const char *result)
{
    pretend_answer(request, (const char *const[]){JJ_PROTOCOL, "ERROR", pretend_frame(request, 3),
                                                  result, NULL});
}

static void busy_at_first(const jj_message *request)
{
    if (turns < 2) {
        turns++;
        error(request, turns == 1 ? "{\"code\":\"busy\",\"detail\":\"later\"}"
                                  : "{\"code\":\"unavailable\",\"detail\":\"disk full\"}");
    } else {
        accept_all(request);
    }
}

static void always_unavailable(const jj_message *request)
{
    error(request, "{\"code\":\"unavailable\",\"detail\":\"disk full\"}");
}

static void forbid(const jj_message *request)
{
    error(request, "{\"code\":\"forbidden\",\"detail\":\"not yours\",\"field\":\"/type\"}");
}

static void unauthorised(const jj_message *request)
{
    error(request, "{\"code\":\"unauthorised\",\"detail\":\"revoked\"}");
}

/* ---- What is sent ------------------------------------------------------------------------- */

static void an_event_gets_what_it_lacks_and_keeps_what_it_has(void **state)
{
    (void)state;
    pretend_start(accept_all, NULL);
    open_publisher((jj_publishing){.source = "/a\"b"});
    assert_int_equal(add_text(7, " {\"n\":1}", LONG_MS), 0);
    assert_int_equal(
        add_text(8, "{\"id\":\"own\",\"source\":\"/s\",\"sequence\":\"3\",\"n\":2}", LONG_MS), 0);
    assert_int_equal(add_text(12000000009, "{}", LONG_MS), 0);
    flush_all();
    assert_string_equal(
        seen.data, "{\"source\":\"/a\\\"b\",\"sequence\":\"7\",\"id\":\"0-000000007\",\"n\":1}"
                   "{\"id\":\"own\",\"source\":\"/s\",\"sequence\":\"3\",\"n\":2}"
                   "{\"source\":\"/a\\\"b\",\"sequence\":\"12000000009\",\"id\":\"12-000000009\"}");
}

static void without_a_source_an_event_is_sent_as_it_is(void **state)
{
    (void)state;
    pretend_start(accept_all, NULL);
    open_publisher((jj_publishing){0});
    assert_int_equal(add_text(1, "not JSON", LONG_MS), 0);
    assert_int_equal(add_text(2, "", LONG_MS), 0);
    flush_all();
    assert_string_equal(seen.data, "not JSON");
    assert_counts(2, 0, 0);
}

static void a_sequence_that_does_not_rise_is_a_mistake(void **state)
{
    (void)state;
    pretend_start(accept_all, NULL);
    open_publisher((jj_publishing){0});
    add(5);
    assert_int_equal(add_text(5, EVENT, LONG_MS), JJ_EINVALID);
    assert_int_equal(add_text(4, EVENT, LONG_MS), JJ_EINVALID);
    add(6);
    flush_all();
    assert_counts(2, 0, 0);
    assert_int_equal(jj_publisher_settled(publisher), 6);
}

/* ---- The window --------------------------------------------------------------------------- */

static void a_silent_hub_bounds_what_is_held(void **state)
{
    uint64_t taken = 0;
    (void)state;
    silent = true;
    pretend_start(accept_all, NULL);
    open_publisher((jj_publishing){.window = 4, .max_events = 10});
    while (add_text(taken + 1, EVENT, 0) == 0) {
        taken++;
        assert_true(taken <= 50);
    }
    assert_int_equal(add_text(taken + 1, EVENT, 20), JJ_ETIMEOUT);
    assert_counts(0, 0, taken);
    assert_int_equal(jj_publisher_settled(publisher), 0);
    int64_t end_ms = jj_monotonic_ms() + LONG_MS;
    while (pretend_count() < 4) {
        assert_int_equal(jj_publisher_serve(publisher, 5, NULL), 0);
        assert_true(jj_monotonic_ms() < end_ms);
    }
    assert_int_equal(jj_publisher_flush(publisher, 20, NULL), JJ_ETIMEOUT);
    assert_int_equal(pretend_count(), 4);
}

static void what_a_restarted_hub_did_not_answer_is_sent_again_in_order(void **state)
{
    jj_buf expected = {0};
    char event[32];
    (void)state;
    silent = true;
    pretend_start(accept_all, NULL);
    open_publisher((jj_publishing){.window = 4, .max_events = 10});
    for (uint64_t i = 1; i <= 40; i++) {
        snprintf(event, sizeof event, "{\"n\":%d}", (int)i);
        jj_buf_puts(&expected, event);
        assert_int_equal(add_text(i, event, 0), 0);
    }
    while (pretend_count() < 3) {
        assert_int_equal(jj_publisher_serve(publisher, 5, NULL), 0);
    }
    pretend_stop();
    silent = false;
    pretend_start(accept_all, NULL);
    flush_all();
    assert_string_equal(seen.data, expected.data);
    assert_counts(40, 0, 0);
    assert_int_equal(jj_publisher_settled(publisher), 40);
    jj_buf_clear(&expected);
}

static void events_go_together_while_others_are_under_way(void **state)
{
    (void)state;
    pretend_start(accept_all, NULL);
    open_publisher((jj_publishing){.max_events = 1000});
    for (uint64_t i = 1; i <= 10000; i++) {
        add(i);
    }
    flush_all();
    assert_counts(10000, 0, 0);
    assert_true(pretend_count() >= 10 && pretend_count() <= 200); /* 50 in one, or more */
}

/* ---- Refusals ----------------------------------------------------------------------------- */

static void a_refused_event_is_told_with_its_number(void **state)
{
    (void)state;
    silent = false;
    pretend_start(refuse_second, NULL);
    open_publisher((jj_publishing){.window = 1});
    add(10); /* goes alone; its answer names an event that it does not have */
    assert_int_equal(jj_publisher_flush(publisher, LONG_MS, NULL), 0);
    assert_counts(2, 0, 0);
    pretend_stop();
    add(20);
    add(30);
    add(40);
    pretend_start(refuse_second, NULL);
    flush_all();
    assert_int_equal(jj_publisher_settled(publisher), 40);
    assert_non_null(strstr(refused.data, " invalid /region no dot " EVENT "]"));
}

static void a_refused_message_is_a_refusal_of_each_event(void **state)
{
    (void)state;
    pretend_start(forbid, NULL);
    open_publisher((jj_publishing){0});
    add(1);
    flush_all();
    add(2);
    flush_all();
    assert_string_equal(refused.data, "[1 forbidden /type not yours " EVENT "]"
                                      "[2 forbidden /type not yours " EVENT "]");
    assert_counts(0, 2, 0);
    assert_int_equal(jj_publisher_settled(publisher), 2);
}

static void an_event_that_no_frame_holds_is_refused_here(void **state)
{
    char *huge = malloc(JJ_FRAME_MAX + 2);
    (void)state;
    memset(huge, 'x', JJ_FRAME_MAX + 1);
    huge[JJ_FRAME_MAX + 1] = '\0';
    pretend_start(accept_all, NULL);
    open_publisher((jj_publishing){0});
    add(1);
    assert_int_equal(add_text(2, huge, LONG_MS), 0);
    add(3);
    flush_all();
    assert_counts(2, 1, 0);
    assert_int_equal(jj_publisher_settled(publisher), 3);
    assert_memory_equal(refused.data, "[2 too_large ", 13);
    free(huge);
}

/* ---- What passes, and what does not ------------------------------------------------------- */

static void a_busy_hub_is_asked_again(void **state)
{
    (void)state;
    pretend_start(busy_at_first, NULL);
    open_publisher((jj_publishing){0});
    add(1);
    flush_all();
    assert_counts(1, 0, 0);
    assert_string_equal(seen.data, EVENT);
    assert_int_equal(pretend_count(), 3);
}

static void what_the_hub_says_is_said_when_the_time_is_up(void **state)
{
    jj_error err = {0};
    (void)state;
    pretend_start(always_unavailable, NULL);
    open_publisher((jj_publishing){0});
    add(1);
    int64_t end_ms = jj_monotonic_ms() + LONG_MS;
    while (jj_publisher_flush(publisher, 50, &err) != JJ_EUNAVAILABLE) {
        assert_true(jj_monotonic_ms() < end_ms);
    }
    assert_string_equal(err.text, "disk full");
    assert_counts(0, 0, 1);
}

static void who_is_not_known_any_more_is_told_for_good(void **state)
{
    jj_error err = {0};
    (void)state;
    pretend_start(unauthorised, NULL);
    open_publisher((jj_publishing){0});
    add(1);
    assert_int_equal(jj_publisher_flush(publisher, LONG_MS, &err), JJ_EUNAUTHORISED);
    assert_string_equal(err.text, "revoked");
    assert_int_equal(add_text(2, EVENT, LONG_MS), JJ_EUNAUTHORISED);
    assert_int_equal(jj_publisher_serve(publisher, 0, &err), JJ_EUNAUTHORISED);
    assert_int_equal(jj_publisher_settled(publisher), 0);
    assert_counts(0, 0, 1);
}

static void other_requests_of_the_client_get_their_answers(void **state)
{
    jj_reply reply = {0};
    (void)state;
    pretend_start(accept_all, NULL);
    open_publisher((jj_publishing){0});
    add(1);
    assert_int_equal(jj_client_request(client, "HELLO", NULL, NULL, 0, &reply, NULL), 0);
    jj_reply_clear(&reply);
    flush_all();
    assert_counts(1, 0, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_event_gets_what_it_lacks_and_keeps_what_it_has),
        TEST(without_a_source_an_event_is_sent_as_it_is),
        TEST(a_sequence_that_does_not_rise_is_a_mistake),
        TEST(a_silent_hub_bounds_what_is_held),
        TEST(what_a_restarted_hub_did_not_answer_is_sent_again_in_order),
        TEST(events_go_together_while_others_are_under_way),
        TEST(a_refused_event_is_told_with_its_number),
        TEST(a_refused_message_is_a_refusal_of_each_event),
        TEST(an_event_that_no_frame_holds_is_refused_here),
        TEST(a_busy_hub_is_asked_again),
        TEST(what_the_hub_says_is_said_when_the_time_is_up),
        TEST(who_is_not_known_any_more_is_told_for_good),
        TEST(other_requests_of_the_client_get_their_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
