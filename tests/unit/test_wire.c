/*
 * Messages and sockets: frames arrive as they were sent, limits hold, and a door lets in whom it
 * should.
 */
#include "base/clock.h"
#include "scratch.h"
#include "wire/wire.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE_MS 60000 /* for what is expected to happen */

static const jj_door_options open_door = {.door = JJ_DOOR_OPEN};
static char endpoint[96];
static jj_wire *wire;
static jj_socket *opened[64]; /* closed after each test, however it ends: else the context waits */
static size_t opened_count;

static jj_socket *keep(jj_socket *socket)
{
    assert_true(opened_count < sizeof opened / sizeof *opened);
    return opened[opened_count++] = socket;
}

static int set_up(void **state)
{
    if (scratch_make(state)) {
        return -1;
    }
    snprintf(endpoint, sizeof endpoint, "ipc://%s/door.sock", scratch);
    return jj_wire_open(&wire, NULL);
}

static int tear_down(void **state)
{
    while (opened_count) {
        jj_socket_close(opened[--opened_count]);
    }
    jj_wire_close(wire);
    return scratch_remove(state);
}

static jj_socket *open_router(const jj_door_options *door)
{
    jj_socket *socket = NULL;
    jj_error err = {0};
    if (jj_socket_router(&socket, wire, endpoint, door, &err)) {
        fail_msg("%s", err.text);
    }
    return keep(socket);
}

static jj_socket *open_dealer(const jj_client_options *options)
{
    jj_socket *socket = NULL;
    jj_error err = {0};
    jj_client_options with = *options;
    with.endpoint = endpoint;
    if (jj_socket_dealer(&socket, wire, &with, &err) || jj_socket_connect(socket, endpoint, &err)) {
        fail_msg("%s", err.text);
    }
    return keep(socket);
}

static void wait_readable(jj_socket *socket)
{
    jj_poll item = {.socket = socket, .events = POLLIN};
    int64_t deadline_ms = jj_monotonic_ms() + DEADLINE_MS;
    while (!jj_wire_poll(&item, 1, 100)) {
        assert_true(jj_monotonic_ms() < deadline_ms);
    }
}

/* Sends until the connection is there: a message without one is not kept. */
static void send_when_connected(jj_socket *socket, const char *const *frames)
{
    int64_t deadline_ms = jj_monotonic_ms() + DEADLINE_MS;
    for (;;) {
        jj_message message = {0};
        for (size_t i = 0; frames[i]; i++) {
            assert_int_equal(jj_message_add_z(&message, frames[i]), 0);
        }
        int rc = jj_socket_send(socket, &message);
        assert_int_equal(message.count, 0);
        jj_message_clear(&message);
        if (rc == 0) {
            return;
        }
        assert_int_equal(rc, JJ_ETIMEOUT);
        assert_true(jj_monotonic_ms() < deadline_ms);
        jj_wire_poll(NULL, 0, 1);
    }
}

static void receive(jj_socket *socket, jj_message *message)
{
    int rc;
    while ((rc = jj_socket_receive(socket, message)) == JJ_ETIMEOUT) {
        wait_readable(socket);
    }
    assert_int_equal(rc, 0);
}

static void assert_frame(const jj_message *message, size_t index, const char *expected)
{
    jj_bytes frame = jj_message_frame(message, index);
    assert_int_equal(frame.size_bytes, strlen(expected));
    assert_memory_equal(frame.data, expected, frame.size_bytes);
}

#define FRAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- Messages ----------------------------------------------------------------------------- */

static void frames_keep_their_bytes_while_the_message_grows(void **state)
{
    jj_message message = {0};
    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        char text[100];
        memset(text, 'a' + (int)i % 26, sizeof text);
        assert_int_equal(jj_message_add(&message, text, i % 100), 0);
    }
    for (unsigned i = 0; i < 500; i++) {
        jj_bytes frame = jj_message_frame(&message, i);
        assert_int_equal(frame.size_bytes, i % 100);
        for (size_t b = 0; b < frame.size_bytes; b++) {
            assert_int_equal(frame.data[b], 'a' + (int)i % 26);
        }
    }
    assert_int_equal(jj_message_frame(&message, 500).size_bytes, 0);
    jj_message_empty(&message);
    assert_int_equal(message.count, 0);
    assert_int_equal(jj_message_add(&message, NULL, 0), 0);
    assert_int_equal(jj_message_frame(&message, 0).size_bytes, 0);
    jj_message_clear(&message);
    jj_message_clear(&message);
}

static void a_request_and_its_answer_find_each_other(void **state)
{
    jj_socket *router = open_router(&open_door), *dealer = open_dealer(&(jj_client_options){0});
    jj_message message = {0}, answer = {0};
    (void)state;
    send_when_connected(dealer, FRAMES("one", "", "three"));
    receive(router, &message);
    assert_int_equal(message.count, 4);
    assert_frame(&message, 1, "one");
    assert_frame(&message, 2, "");
    assert_frame(&message, 3, "three");
    assert_null(jj_message_user(&message));
    jj_bytes routing = jj_message_frame(&message, 0);
    jj_message_add(&answer, routing.data, routing.size_bytes);
    jj_message_add_z(&answer, "answer");
    assert_int_equal(jj_socket_send(router, &answer), 0);
    receive(dealer, &message);
    assert_int_equal(message.count, 1);
    assert_frame(&message, 0, "answer");
    jj_message_clear(&message);
    jj_message_clear(&answer);
}

static void receiving_and_sending_never_wait(void **state)
{
    jj_socket *router = open_router(&open_door);
    jj_message message = {0};
    (void)state;
    assert_int_equal(jj_socket_receive(router, &message), JJ_ETIMEOUT);
    jj_message_add_z(&message, "nobody");
    jj_message_add_z(&message, "hello");
    assert_int_equal(jj_socket_send(router, &message), JJ_ETIMEOUT);
    jj_message_clear(&message);
}

static void an_answer_to_nobody_does_not_end_up_with_somebody(void **state)
{
    jj_socket *router = open_router(&open_door), *dealer = open_dealer(&(jj_client_options){0});
    jj_message message = {0}, answer = {0};
    (void)state;
    send_when_connected(dealer, FRAMES("x"));
    receive(router, &message);
    jj_bytes routing = jj_message_frame(&message, 0);
    jj_message_add_z(&answer, "somebody who left");
    jj_message_add_z(&answer, "not");
    jj_message_add_z(&answer, "yours");
    assert_int_equal(jj_socket_send(router, &answer), JJ_ETIMEOUT);
    jj_message_add(&answer, routing.data, routing.size_bytes);
    jj_message_add_z(&answer, "yours");
    assert_int_equal(jj_socket_send(router, &answer), 0);
    receive(dealer, &message);
    assert_int_equal(message.count, 1);
    assert_frame(&message, 0, "yours");
    jj_message_clear(&message);
    jj_message_clear(&answer);
}

/* ---- Limits ------------------------------------------------------------------------------- */

static void frames_beyond_the_limit_are_dropped_and_said(void **state)
{
    jj_socket *router = open_router(&open_door), *dealer = open_dealer(&(jj_client_options){0});
    static const size_t counts[] = {JJ_FRAMES_MAX - 1, JJ_FRAMES_MAX, 10000, 3};
    jj_message message = {0};
    (void)state;
    send_when_connected(dealer, FRAMES("x"));
    receive(router, &message);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        jj_message many = {0};
        for (size_t n = 0; n < counts[i]; n++) {
            assert_int_equal(jj_message_add_z(&many, "frame"), 0);
        }
        assert_int_equal(jj_socket_send(dealer, &many), 0);
        receive(router, &message);
        bool over = counts[i] + 1 > JJ_FRAMES_MAX;
        assert_int_equal(message.count, over ? JJ_FRAMES_MAX : counts[i] + 1);
        assert_int_equal(message.overflow, over);
        assert_frame(&message, message.count - 1, "frame");
        jj_message_clear(&many);
    }
    jj_message_clear(&message);
}

static void bytes_beyond_the_limit_are_dropped_and_said(void **state)
{
    jj_socket *router = open_router(&open_door), *dealer = open_dealer(&(jj_client_options){0});
    jj_message message = {0}, many = {0};
    char *frame = calloc(1, JJ_FRAME_MAX);
    (void)state;
    send_when_connected(dealer, FRAMES("x"));
    receive(router, &message);
    for (size_t i = 0; i < 2 * (JJ_MESSAGE_MAX / JJ_FRAME_MAX); i++) {
        assert_int_equal(jj_message_add(&many, frame, JJ_FRAME_MAX), 0);
    }
    assert_int_equal(jj_socket_send(dealer, &many), 0);
    receive(router, &message);
    assert_true(message.overflow);
    assert_true(message.size_bytes <= JJ_MESSAGE_MAX + JJ_FRAME_MAX);
    assert_int_equal(jj_message_add_z(&many, "small"), 0);
    assert_int_equal(jj_socket_send(dealer, &many), 0);
    receive(router, &message);
    assert_false(message.overflow);
    assert_frame(&message, 1, "small");
    free(frame);
    jj_message_clear(&many);
    jj_message_clear(&message);
}

static void send_size(jj_socket *socket, size_t size)
{
    jj_message message = {0};
    char *bytes = calloc(1, size + 1);
    assert_int_equal(jj_message_add(&message, bytes, size), 0);
    assert_int_equal(jj_socket_send(socket, &message), 0);
    jj_message_clear(&message);
    free(bytes);
}

static void
a_frame_somewhat_too_large_still_arrives_and_a_huge_one_ends_the_connection(void **state)
{
    jj_socket *router = open_router(&open_door), *dealer = open_dealer(&(jj_client_options){0});
    jj_socket *monitor = NULL, *other = open_dealer(&(jj_client_options){0});
    jj_message message = {0};
    (void)state;
    assert_int_equal(jj_socket_monitor(&monitor, wire, dealer, NULL), 0);
    keep(monitor);
    send_when_connected(dealer, FRAMES("x"));
    receive(router, &message);
    send_size(dealer, JJ_FRAME_MAX);
    receive(router, &message);
    assert_int_equal(jj_message_frame(&message, 1).size_bytes, JJ_FRAME_MAX);
    send_size(dealer, JJ_FRAME_MAX + 1);
    receive(router, &message);
    assert_int_equal(jj_message_frame(&message, 1).size_bytes, JJ_FRAME_MAX + 1);
    send_size(dealer, 2 * JJ_FRAME_MAX + 1);
    enum jj_link link = JJ_LINK_NONE;
    while (link != JJ_LINK_DOWN) {
        wait_readable(monitor);
        link = jj_socket_event(monitor);
    }
    send_when_connected(other, FRAMES("still here"));
    receive(router, &message);
    assert_frame(&message, 1, "still here");
    jj_message_clear(&message);
}

/* Sends until nothing more is taken; returns how many messages were. */
static unsigned send_until_full(jj_socket *socket, size_t size)
{
    char *bytes = calloc(1, size);
    unsigned sent = 0;
    int rc;
    do {
        jj_message message = {0};
        assert_int_equal(jj_message_add(&message, bytes, size), 0);
        rc = jj_socket_send(socket, &message);
        sent += rc == 0;
        jj_message_clear(&message);
    } while (rc == 0 && sent < 10000);
    free(bytes);
    return sent;
}

static void what_is_not_received_waits_at_its_sender(void **state)
{
    jj_socket *router = open_router(&open_door), *dealer = open_dealer(&(jj_client_options){0});
    jj_message message = {0};
    unsigned received = 0;
    (void)state;
    send_when_connected(dealer, FRAMES("x"));
    receive(router, &message);
    unsigned sent = send_until_full(dealer, 10000);
    /* Its own queue of 4,000, what the kernel holds, and only a few at the door. */
    assert_true(sent > 3000 && sent < 5000);
    while (received < sent) {
        receive(router, &message);
        assert_int_equal(jj_message_frame(&message, 1).size_bytes, 10000);
        received++;
    }
    jj_message_clear(&message);
}

static void a_sender_that_goes_away_while_its_messages_wait_does_no_harm(void **state)
{
    jj_socket *router = open_router(&open_door), *dealer = NULL;
    const jj_client_options options = {.endpoint = endpoint};
    jj_message message = {0};
    (void)state;
    assert_int_equal(jj_socket_dealer(&dealer, wire, &options, NULL), 0);
    assert_int_equal(jj_socket_connect(dealer, endpoint, NULL), 0);
    send_when_connected(dealer, FRAMES("x"));
    send_until_full(dealer, 10000);
    jj_socket_close(dealer);
    /* Longer than the usual 5 s between heartbeats: with them libzmq would end the process here. */
    poll(NULL, 0, 6500);
    receive(router, &message);
    jj_message_clear(&message);
}

/* ---- Signals ------------------------------------------------------------------------------ */

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static void signals_tear_no_message_apart(void **state)
{
    jj_socket *router = open_router(&open_door), *dealer = open_dealer(&(jj_client_options){0});
    struct sigaction action = {.sa_handler = count_signal}, before;
    struct itimerval often = {{0, 100}, {0, 100}}, never = {0};
    jj_message message = {0};
    (void)state;
    send_when_connected(dealer, FRAMES("x"));
    receive(router, &message);
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    for (unsigned round = 0; round < 300; round++) {
        jj_message out = {0};
        unsigned count = 1 + round % 200;
        for (unsigned n = 0; n < count; n++) {
            char text[16];
            snprintf(text, sizeof text, "%u-%u", round, n);
            assert_int_equal(jj_message_add_z(&out, text), 0);
        }
        assert_int_equal(jj_socket_send(dealer, &out), 0);
        receive(router, &message);
        assert_int_equal(message.count, count + 1);
        for (unsigned n = 0; n < count; n++) {
            char text[16];
            snprintf(text, sizeof text, "%u-%u", round, n);
            assert_frame(&message, n + 1, text);
        }
        jj_message_clear(&out);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_true(signals > 0);
    jj_message_clear(&message);
}

/* ---- Doors -------------------------------------------------------------------------------- */

static void an_ipc_door_is_private_from_its_birth(void **state)
{
    struct stat st;
    (void)state;
    umask(0);
    open_router(&open_door);
    assert_int_equal(stat(endpoint + 6, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_bad_endpoint_is_named(void **state)
{
    static const char *const bad[] = {"", "nonsense", "tcp://127.0.0.1", "tcp://999.1.1.1:1",
                                      "ipc:///no/such/folder/x.sock"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        jj_socket *socket = NULL;
        jj_error err = {0};
        assert_int_equal(jj_socket_router(&socket, wire, bad[i], &open_door, &err), JJ_ESYSTEM);
        assert_non_null(strstr(err.text, bad[i]));
        assert_null(socket);
    }
}

static const jj_door_options plain_door = {.door = JJ_DOOR_PLAIN, .domain = "test"};

/* Answers the questions of libzmq, and lets in who says "secret". */
static void serve_zap(jj_socket *zap)
{
    jj_message question = {0}, answer = {0};
    while (jj_socket_receive(zap, &question) == 0) {
        jj_bytes id = jj_message_frame(&question, 1), user = jj_message_frame(&question, 6);
        jj_bytes password = jj_message_frame(&question, 7);
        bool good = password.size_bytes == 6 && memcmp(password.data, "secret", 6) == 0;
        jj_message_add_z(&answer, "1.0");
        jj_message_add(&answer, id.data, id.size_bytes);
        jj_message_add_z(&answer, good ? "200" : "400");
        jj_message_add_z(&answer, "");
        jj_message_add(&answer, user.data, good ? user.size_bytes : 0);
        jj_message_add_z(&answer, "");
        assert_int_equal(jj_socket_send(zap, &answer), 0);
    }
    jj_message_clear(&question);
    jj_message_clear(&answer);
}

/* What becomes of somebody who knocks with this password. */
static enum jj_link knock(jj_socket *zap, const char *password, jj_socket **dealer)
{
    const jj_client_options options = {.plain_user = "blk", .plain_password = password};
    jj_socket *monitor = NULL;
    jj_error err;
    int64_t deadline_ms = jj_monotonic_ms() + DEADLINE_MS;
    enum jj_link link = JJ_LINK_NONE;
    assert_int_equal(jj_socket_dealer(dealer, wire, &options, &err), 0);
    keep(*dealer);
    assert_int_equal(jj_socket_monitor(&monitor, wire, *dealer, &err), 0);
    keep(monitor);
    assert_int_equal(jj_socket_connect(*dealer, endpoint, &err), 0);
    while (link == JJ_LINK_NONE && jj_monotonic_ms() < deadline_ms) {
        if (zap) {
            serve_zap(zap);
        }
        link = jj_socket_event(monitor);
        jj_wire_poll(NULL, 0, 1);
    }
    return link;
}

static void who_knows_the_password_comes_in_under_its_name(void **state)
{
    jj_socket *zap = NULL, *dealer = NULL;
    jj_message message = {0};
    (void)state;
    assert_int_equal(jj_socket_zap(&zap, wire, NULL), 0);
    keep(zap);
    jj_socket *router = open_router(&plain_door);
    assert_int_equal(knock(zap, "secret", &dealer), JJ_LINK_UP);
    send_when_connected(dealer, FRAMES("hello", "warehouse"));
    receive(router, &message);
    assert_string_equal(jj_message_user(&message), "blk");
    jj_message_clear(&message);
}

static void who_does_not_is_refused(void **state)
{
    static const char *const wrong[] = {"x", "Secret", "secret "};
    jj_socket *zap = NULL;
    (void)state;
    assert_int_equal(jj_socket_zap(&zap, wire, NULL), 0);
    keep(zap);
    jj_socket *router = open_router(&plain_door);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        jj_socket *dealer = NULL;
        assert_int_equal(knock(zap, wrong[i], &dealer), JJ_LINK_REFUSED);
    }
    jj_message message = {0};
    assert_int_equal(jj_socket_receive(router, &message), JJ_ETIMEOUT);
    jj_message_clear(&message);
}

static void a_door_without_its_handler_lets_nobody_in(void **state)
{
    jj_socket *dealer = NULL;
    (void)state;
    open_router(&plain_door);
    assert_int_not_equal(knock(NULL, "secret", &dealer), JJ_LINK_UP);
}

static void keys_and_passwords_that_cannot_be_are_refused(void **state)
{
    char public_key[JJ_Z85_SIZE], secret_key[JJ_Z85_SIZE];
    jj_socket *socket = NULL;
    jj_error err = {0};
    (void)state;
    assert_int_equal(jj_curve_pair(public_key, secret_key, &err), 0);
    assert_int_equal(strlen(public_key), 40);
    assert_string_not_equal(public_key, secret_key);
    char *half = strdup("rq:rM>}U?@Lns47E1%kR.o@n"); /* in memory that ends with it */
    const jj_client_options bad[] = {
        {.server_key = public_key},
        {.server_key = half, .public_key = public_key, .secret_key = secret_key},
        {.server_key = public_key, .public_key = half, .secret_key = secret_key},
        {.server_key = public_key, .public_key = public_key, .secret_key = half},
        {.plain_user = "blk"},
        {.plain_user = "", .plain_password = "x"},
        {.plain_user = "blk", .plain_password = ""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(jj_socket_dealer(&socket, wire, &bad[i], &err), JJ_ECONFIG);
        assert_null(socket);
    }
    const jj_door_options doors[] = {{JJ_DOOR_CURVE, "d", half}, {JJ_DOOR_CURVE, "d", NULL}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(jj_socket_router(&socket, wire, endpoint, &doors[i], &err), JJ_ECONFIG);
        assert_null(socket);
    }
    free(half);
}

/* ---- Publishing --------------------------------------------------------------------------- */

static void a_subscription_is_told_and_topics_match_by_their_beginning(void **state)
{
    jj_socket *publisher = NULL, *subscriber = NULL;
    jj_message message = {0};
    jj_error err = {0};
    (void)state;
    assert_int_equal(jj_socket_publisher(&publisher, wire, &open_door, &err), 0);
    keep(publisher);
    assert_int_equal(jj_socket_bind(publisher, endpoint, &err), 0);
    const jj_client_options options = {.endpoint = endpoint};
    assert_int_equal(jj_socket_subscriber(&subscriber, wire, &options, "vacancy.", &err), 0);
    keep(subscriber);
    receive(publisher, &message);
    assert_frame(&message, 0, "\1vacancy.");
    send_when_connected(publisher, FRAMES("alumni.graduated/33.75/", "no"));
    send_when_connected(publisher, FRAMES("vacancy.opened/33.75/", "yes"));
    receive(subscriber, &message);
    assert_int_equal(message.count, 2);
    assert_frame(&message, 0, "vacancy.opened/33.75/");
    assert_frame(&message, 1, "yes");
    jj_message_clear(&message);
}

/* ---- Poll --------------------------------------------------------------------------------- */

static void sockets_and_descriptors_are_waited_for_together(void **state)
{
    jj_socket *router = open_router(&open_door), *dealer = open_dealer(&(jj_client_options){0});
    int fds[2];
    (void)state;
    assert_int_equal(pipe(fds), 0);
    jj_poll items[] = {{.socket = router, .events = POLLIN}, {.fd = fds[0], .events = POLLIN}};
    assert_int_equal(jj_wire_poll(items, 2, 0), 0);
    assert_int_equal(items[0].revents | items[1].revents, 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(jj_wire_poll(items, 2, DEADLINE_MS), 1);
    assert_int_equal(items[0].revents, 0);
    assert_int_equal(items[1].revents, POLLIN);
    send_when_connected(dealer, FRAMES("x"));
    wait_readable(router);
    assert_int_equal(jj_wire_poll(items, 2, DEADLINE_MS), 2);
    assert_int_equal(items[0].revents, POLLIN);
    close(fds[0]);
    close(fds[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frames_keep_their_bytes_while_the_message_grows),
        TEST(a_request_and_its_answer_find_each_other),
        TEST(receiving_and_sending_never_wait),
        TEST(an_answer_to_nobody_does_not_end_up_with_somebody),
        TEST(frames_beyond_the_limit_are_dropped_and_said),
        TEST(bytes_beyond_the_limit_are_dropped_and_said),
        TEST(a_frame_somewhat_too_large_still_arrives_and_a_huge_one_ends_the_connection),
        TEST(what_is_not_received_waits_at_its_sender),
        TEST(a_sender_that_goes_away_while_its_messages_wait_does_no_harm),
        TEST(signals_tear_no_message_apart),
        TEST(an_ipc_door_is_private_from_its_birth),
        TEST(a_bad_endpoint_is_named),
        TEST(who_knows_the_password_comes_in_under_its_name),
        TEST(who_does_not_is_refused),
        TEST(a_door_without_its_handler_lets_nobody_in),
        TEST(keys_and_passwords_that_cannot_be_are_refused),
        TEST(a_subscription_is_told_and_topics_match_by_their_beginning),
        TEST(sockets_and_descriptors_are_waited_for_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
