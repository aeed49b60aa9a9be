/* Messages and sockets: frames arrive as they were sent, and limits hold. */
#include "wire_fixtures.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

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
    jj_socket *router = wire_open_router(&wire_open_door),
              *dealer = wire_open_dealer(&(jj_client_options){0});
    jj_message message = {0}, answer = {0};
    (void)state;
    wire_send(dealer, FRAMES("one", "", "three"));
    wire_receive(router, &message);
    assert_int_equal(message.count, 4);
    wire_assert_frame(&message, 1, "one");
    wire_assert_frame(&message, 2, "");
    wire_assert_frame(&message, 3, "three");
    assert_null(jj_message_user(&message));
    jj_bytes routing = jj_message_frame(&message, 0);
    jj_message_add(&answer, routing.data, routing.size_bytes);
    jj_message_add_z(&answer, "answer");
    assert_int_equal(jj_socket_send(router, &answer), 0);
    wire_receive(dealer, &message);
    assert_int_equal(message.count, 1);
    wire_assert_frame(&message, 0, "answer");
    jj_message_clear(&message);
    jj_message_clear(&answer);
}

static void receiving_and_sending_never_wait(void **state)
{
    jj_socket *router = wire_open_router(&wire_open_door);
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
    jj_socket *router = wire_open_router(&wire_open_door),
              *dealer = wire_open_dealer(&(jj_client_options){0});
    jj_message message = {0}, answer = {0};
    (void)state;
    wire_send(dealer, FRAMES("x"));
    wire_receive(router, &message);
    jj_bytes routing = jj_message_frame(&message, 0);
    jj_message_add_z(&answer, "somebody who left");
    jj_message_add_z(&answer, "not");
    jj_message_add_z(&answer, "yours");
    assert_int_equal(jj_socket_send(router, &answer), JJ_ETIMEOUT);
    jj_message_add(&answer, routing.data, routing.size_bytes);
    jj_message_add_z(&answer, "yours");
    assert_int_equal(jj_socket_send(router, &answer), 0);
    wire_receive(dealer, &message);
    assert_int_equal(message.count, 1);
    wire_assert_frame(&message, 0, "yours");
    jj_message_clear(&message);
    jj_message_clear(&answer);
}

/* ---- Limits ------------------------------------------------------------------------------- */

static void frames_beyond_the_limit_are_dropped_and_said(void **state)
{
    jj_socket *router = wire_open_router(&wire_open_door),
              *dealer = wire_open_dealer(&(jj_client_options){0});
    static const size_t counts[] = {JJ_FRAMES_MAX - 1, JJ_FRAMES_MAX, 10000, 3};
    jj_message message = {0};
    (void)state;
    wire_send(dealer, FRAMES("x"));
    wire_receive(router, &message);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        jj_message many = {0};
        for (size_t n = 0; n < counts[i]; n++) {
            assert_int_equal(jj_message_add_z(&many, "frame"), 0);
        }
        assert_int_equal(jj_socket_send(dealer, &many), 0);
        wire_receive(router, &message);
        bool over = counts[i] + 1 > JJ_FRAMES_MAX;
        assert_int_equal(message.count, over ? JJ_FRAMES_MAX : counts[i] + 1);
        assert_int_equal(message.overflow, over);
        wire_assert_frame(&message, message.count - 1, "frame");
        jj_message_clear(&many);
    }
    jj_message_clear(&message);
}

static void bytes_beyond_the_limit_are_dropped_and_said(void **state)
{
    jj_socket *router = wire_open_router(&wire_open_door),
              *dealer = wire_open_dealer(&(jj_client_options){0});
    jj_message message = {0}, many = {0};
    char *frame = calloc(1, JJ_FRAME_MAX);
    (void)state;
    wire_send(dealer, FRAMES("x"));
    wire_receive(router, &message);
    for (size_t i = 0; i < 2 * (JJ_MESSAGE_MAX / JJ_FRAME_MAX); i++) {
        assert_int_equal(jj_message_add(&many, frame, JJ_FRAME_MAX), 0);
    }
    assert_int_equal(jj_socket_send(dealer, &many), 0);
    wire_receive(router, &message);
    assert_true(message.overflow);
    assert_true(message.size_bytes <= JJ_MESSAGE_MAX + JJ_FRAME_MAX);
    assert_int_equal(jj_message_add_z(&many, "small"), 0);
    assert_int_equal(jj_socket_send(dealer, &many), 0);
    wire_receive(router, &message);
    assert_false(message.overflow);
    wire_assert_frame(&message, 1, "small");
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
    jj_socket *router = wire_open_router(&wire_open_door),
              *dealer = wire_open_dealer(&(jj_client_options){0});
    jj_socket *monitor = NULL, *other = wire_open_dealer(&(jj_client_options){0});
    jj_message message = {0};
    (void)state;
    assert_int_equal(jj_socket_monitor(&monitor, wire_context, dealer, NULL), 0);
    wire_keep(monitor);
    wire_send(dealer, FRAMES("x"));
    wire_receive(router, &message);
    send_size(dealer, JJ_FRAME_MAX);
    wire_receive(router, &message);
    assert_int_equal(jj_message_frame(&message, 1).size_bytes, JJ_FRAME_MAX);
    send_size(dealer, JJ_FRAME_MAX + 1);
    wire_receive(router, &message);
    assert_int_equal(jj_message_frame(&message, 1).size_bytes, JJ_FRAME_MAX + 1);
    send_size(dealer, 2 * JJ_FRAME_MAX + 1);
    enum jj_link link = JJ_LINK_NONE;
    while (link != JJ_LINK_DOWN) {
        wire_wait_readable(monitor);
        link = jj_socket_event(monitor);
    }
    wire_send(other, FRAMES("still here"));
    wire_receive(router, &message);
    wire_assert_frame(&message, 1, "still here");
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
    jj_socket *router = wire_open_router(&wire_open_door),
              *dealer = wire_open_dealer(&(jj_client_options){0});
    jj_message message = {0};
    unsigned received = 0;
    (void)state;
    wire_send(dealer, FRAMES("x"));
    wire_receive(router, &message);
    unsigned sent = send_until_full(dealer, 10000);
    /* Its own queue of 4,000, what the kernel holds, and only a few at the door. */
    assert_true(sent > 3000 && sent < 5000);
    while (received < sent) {
        wire_receive(router, &message);
        assert_int_equal(jj_message_frame(&message, 1).size_bytes, 10000);
        received++;
    }
    jj_message_clear(&message);
}

static void a_sender_that_goes_away_while_its_messages_wait_does_no_harm(void **state)
{
    jj_socket *router = wire_open_router(&wire_open_door), *dealer = NULL;
    const jj_client_options options = {.endpoint = wire_endpoint};
    jj_message message = {0};
    (void)state;
    assert_int_equal(jj_socket_dealer(&dealer, wire_context, &options, NULL), 0);
    assert_int_equal(jj_socket_connect(dealer, wire_endpoint, NULL), 0);
    wire_send(dealer, FRAMES("x"));
    send_until_full(dealer, 10000);
    jj_socket_close(dealer);
    /* Longer than the usual 5 s between heartbeats: with them libzmq would end the process here. */
    poll(NULL, 0, 6500);
    wire_receive(router, &message);
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
    jj_socket *router = wire_open_router(&wire_open_door),
              *dealer = wire_open_dealer(&(jj_client_options){0});
    struct sigaction action = {.sa_handler = count_signal}, before;
    struct itimerval often = {{0, 100}, {0, 100}}, never = {0};
    jj_message message = {0};
    (void)state;
    wire_send(dealer, FRAMES("x"));
    wire_receive(router, &message);
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
        wire_receive(router, &message);
        assert_int_equal(message.count, count + 1);
        for (unsigned n = 0; n < count; n++) {
            char text[16];
            snprintf(text, sizeof text, "%u-%u", round, n);
            wire_assert_frame(&message, n + 1, text);
        }
        jj_message_clear(&out);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_true(signals > 0);
    jj_message_clear(&message);
}

/* ---- Publishing --------------------------------------------------------------------------- */

static void a_subscription_is_told_and_topics_match_by_their_beginning(void **state)
{
    jj_socket *publisher = NULL, *subscriber = NULL;
    jj_message message = {0};
    jj_error err = {0};
    (void)state;
    assert_int_equal(jj_socket_publisher(&publisher, wire_context, &wire_open_door, &err), 0);
    wire_keep(publisher);
    assert_int_equal(jj_socket_bind(publisher, wire_endpoint, &err), 0);
    const jj_client_options options = {.endpoint = wire_endpoint};
    assert_int_equal(jj_socket_subscriber(&subscriber, wire_context, &options, "vacancy.", &err),
                     0);
    wire_keep(subscriber);
    wire_receive(publisher, &message);
    wire_assert_frame(&message, 0, "\1vacancy.");
    wire_send(publisher, FRAMES("alumni.graduated/33.75/", "no"));
    wire_send(publisher, FRAMES("vacancy.opened/33.75/", "yes"));
    wire_receive(subscriber, &message);
    assert_int_equal(message.count, 2);
    wire_assert_frame(&message, 0, "vacancy.opened/33.75/");
    wire_assert_frame(&message, 1, "yes");
    jj_message_clear(&message);
}

/* ---- Poll --------------------------------------------------------------------------------- */

static void sockets_and_descriptors_are_waited_for_together(void **state)
{
    jj_socket *router = wire_open_router(&wire_open_door),
              *dealer = wire_open_dealer(&(jj_client_options){0});
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
    wire_send(dealer, FRAMES("x"));
    wire_wait_readable(router);
    assert_int_equal(jj_wire_poll(items, 2, DEADLINE_MS), 2);
    assert_int_equal(items[0].revents, POLLIN);
    close(fds[0]);
    close(fds[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_set_up, wire_tear_down)

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
        TEST(a_subscription_is_told_and_topics_match_by_their_beginning),
        TEST(sockets_and_descriptors_are_waited_for_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
