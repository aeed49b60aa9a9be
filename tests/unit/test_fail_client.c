/*
 * libjejaring when memory, ZeroMQ or descriptors fail at each call in turn: a request is answered
 * whole or ends with an error, no event is called settled that the hub has not seen, and the next
 * attempt succeeds.
 */
#include "jejaring/pack.h"
#include "jejaring/publish.h"
#include "jejaring/subscribe.h"

#include "client/internal.h"
#include "fail.h"
#include "pretend_hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FRAMES(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define EVERYTHING   (FAIL_MEMORY | FAIL_SOCKET | FAIL_SYSTEM)
#define LONG_MS      60000
#define SOON_MS      100 /* when what was lost on the way is sent again */
#define EVENTS_TOTAL 5

static atomic_uint seen; /* the newest event that the hub was given; they are numbers */

/* A hub that answers what is asked here. */
static void answer(const jj_message *request)
{
    char result[128];
    const char *verb = pretend_frame(request, 2);
    if (strcmp(verb, "PUBLISH") == 0) {
        unsigned count = (unsigned)request->count - 5;
        for (unsigned i = 0; i < count; i++) {
            unsigned number = (unsigned)strtoul(pretend_frame(request, i + 5), NULL, 10);
            seen = number > seen ? number : seen;
        }
        snprintf(result, sizeof result,
                 "{\"accepted\":%u,\"duplicate\":0,\"rejected\":[],\"cursor\":\"9\"}", count);
        pretend_ok(request, result);
    } else if (strcmp(verb, "FETCH") == 0) {
        pretend_answer(request,
                       FRAMES(JJ_PROTOCOL, "EVENTS", pretend_frame(request, 3),
                              "{\"cursor\":\"2\",\"count\":2,\"behind\":0}", "one", "two"));
    } else {
        pretend_ok(request, "{\"cursor\":\"2\"}");
    }
}

static int set_up(void **state)
{
    int rc = pretend_folder(state);
    pretend_start(answer, NULL);
    seen = 0;
    return rc;
}

static jj_client *open_client(void)
{
    const jj_client_options options = {.endpoint = pretend_endpoint, .timeout_ms = SOON_MS};
    jj_client *client = NULL;
    jj_error err = {0};
    if (jj_client_open(&client, &options, &err)) {
        fail_msg("%s", err.text);
    }
    return client;
}

static void a_client_is_opened_or_not_there(void **state)
{
    const char key[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    const jj_client_options curve = {
        .endpoint = pretend_endpoint, .server_key = key, .public_key = key, .secret_key = key};
    (void)state;
    for (unsigned n = 1; fail_next(EVERYTHING, n); n++) {
        jj_client *client = NULL;
        jj_socket *bell = NULL;
        jj_error err = {0};
        int rc = jj_client_open(&client, &curve, &err);
        rc = rc ? rc : jj_client_listen(client, pretend_endpoint, "", &bell, &err);
        assert_int_equal(rc != 0, fail_end() > 0);
        assert_true(rc == 0 || (err.code == rc && err.text[0]));
        jj_socket_close(bell);
        jj_client_close(client);
    }
}

/* ---- Requests ----------------------------------------------------------------------------- */

static void assert_whole(const jj_reply *reply)
{
    assert_int_equal(reply->event_count, 2);
    assert_int_equal(reply->events[1].size_bytes, 3);
    assert_memory_equal(reply->events[1].data, "two", 3);
}

static void a_request_is_answered_whole_or_not(void **state)
{
    jj_client *client = open_client();
    const jj_bytes event = {"1", 1};
    (void)state;
    for (unsigned n = 1; fail_next(EVERYTHING, n); n++) {
        jj_reply reply = {0};
        jj_error err = {0};
        int rc = jj_client_request(client, "FETCH", NULL, &event, 1, &reply, &err);
        bool hit = fail_end();
        assert_true(rc == 0 || (hit && err.text[0]));
        if (rc == 0) {
            assert_whole(&reply);
        }
        jj_reply_clear(&reply);
        while (rc && jj_client_request(client, "FETCH", NULL, &event, 1, &reply, &err)) {
            assert_int_equal(err.code, JJ_ETIMEOUT);
        }
        jj_reply_clear(&reply);
    }
    jj_client_close(client);
}

/* ---- Publishing --------------------------------------------------------------------------- */

/* Events first, first + 1 ... */
static int publish(jj_client *client, unsigned first, jj_publisher **publisher, jj_error *err)
{
    const jj_publishing how = {.max_events = 2};
    int rc = jj_publisher_open(publisher, client, &how, err);
    for (unsigned i = first; rc == 0 && i < first + EVENTS_TOTAL; i++) {
        char event[16];
        int length = snprintf(event, sizeof event, "%u", i);
        rc = jj_publisher_add(*publisher, i, event, (size_t)length, LONG_MS, err);
        assert_true(rc || jj_publisher_settled(*publisher) <= seen);
    }
    return rc ? rc : jj_publisher_flush(*publisher, LONG_MS, err);
}

static void nothing_is_settled_that_the_hub_has_not_seen(void **state)
{
    jj_client *client = open_client();
    (void)state;
    for (unsigned n = 1; fail_next(EVERYTHING, n); n++) {
        jj_publisher *publisher = NULL;
        jj_error err = {0};
        unsigned first = n * EVENTS_TOTAL;
        int rc = publish(client, first, &publisher, &err);
        bool hit = fail_end();
        assert_true(rc == 0 || (hit && err.text[0]));
        uint64_t settled = publisher ? jj_publisher_settled(publisher) : 0;
        assert_true(settled <= seen);
        assert_true(rc || settled == first + EVENTS_TOTAL - 1);
        jj_publisher_close(publisher);
    }
    jj_client_close(client);
}

/* ---- Subscribing -------------------------------------------------------------------------- */

static int handle(void *arg, const jj_batch *batch)
{
    unsigned *batches = arg;
    assert_int_equal(batch->count, 2);
    assert_string_equal(batch->cursor, "2");
    ++*batches;
    return JJ_LAST;
}

static void a_batch_is_handled_whole(void **state)
{
    static const char *const types[] = {"a.b", NULL}, *const regions[] = {"33", NULL};
    const jj_subscription what = {.name = "reader", .types = types, .regions = regions};
    jj_client *client = open_client();
    (void)state;
    for (unsigned n = 1; fail_next(EVERYTHING, n); n++) {
        jj_error err = {0};
        unsigned batches = 0;
        int rc = jj_subscribe(client, &what, handle, &batches, &err);
        bool hit = fail_end();
        assert_true(rc == 0 ? batches >= 1 : hit && err.text[0]);
    }
    jj_client_close(client);
}

/* ---- Packing ------------------------------------------------------------------------------ */

static void packed_events_come_out_as_they_were(void **state)
{
    const jj_bytes events[] = {{"one", 3}, {"two", 3}};
    jj_bytes frame = {0};
    (void)state;
    for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
        int rc = jj_pack(events, 2, &frame, NULL);
        assert_int_equal(rc, fail_end() ? JJ_EMEMORY : 0);
    }
    for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
        jj_bytes out[2] = {0};
        char *text = NULL;
        int rc = jj_unpack(frame, out, 2, &text, NULL);
        assert_int_equal(rc, fail_end() ? JJ_EMEMORY : 0);
        assert_true(rc || memcmp(out[1].data, "two", 3) == 0);
        free(text);
    }
    free((void *)(uintptr_t)frame.data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, pretend_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_is_opened_or_not_there),
        TEST(a_request_is_answered_whole_or_not),
        TEST(nothing_is_settled_that_the_hub_has_not_seen),
        TEST(a_batch_is_handled_whole),
        cmocka_unit_test(packed_events_come_out_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
