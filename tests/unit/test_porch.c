/*
 * The porch of a door: whoever stands there longest makes room, whoever is through stays.
 */
#include "base/clock.h"
#include "wire/porch.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PLACES      4
#define CROWD       12
#define DEADLINE_MS 60000

typedef struct house {
    jj_wire *wire;
    jj_socket *door;
    jj_porch *porch;
    struct sockaddr_in address;
    char endpoint[64];
    int crowd[CROWD];
} house;

static house here;

static int descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir)) {
        count++;
    }
    closedir(dir);
    return count;
}

static int set_up(void **state)
{
    const jj_door_options open = {.door = JJ_DOOR_OPEN};
    socklen_t size = sizeof here.address;
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;
    here = (house){.address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
    if (bind(probe, (struct sockaddr *)&here.address, size) ||
        getsockname(probe, (struct sockaddr *)&here.address, &size) || close(probe)) {
        return -1;
    }
    snprintf(here.endpoint, sizeof here.endpoint, "tcp://127.0.0.1:%u",
             (unsigned)ntohs(here.address.sin_port));
    for (size_t i = 0; i < CROWD; i++) {
        here.crowd[i] = -1;
    }
    return jj_wire_open(&here.wire, NULL) ||
           jj_socket_router(&here.door, here.wire, here.endpoint, &open, NULL) ||
           jj_porch_open(&here.porch, here.wire, here.door, NULL);
}

static void leave(size_t number)
{
    if (here.crowd[number] >= 0) {
        close(here.crowd[number]);
        here.crowd[number] = -1;
    }
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < CROWD; i++) {
        leave(i);
    }
    jj_porch_close(here.porch);
    jj_socket_close(here.door);
    jj_wire_close(here.wire);
    return 0;
}

/* Connects and says nothing. */
static void come(size_t number)
{
    here.crowd[number] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        connect(here.crowd[number], (struct sockaddr *)&here.address, sizeof here.address), 0);
}

static bool is_gone(size_t number)
{
    char bytes[64];
    ssize_t got;
    do {
        got = recv(here.crowd[number], bytes, sizeof bytes, MSG_DONTWAIT);
    } while (got > 0);
    return got == 0 || errno != EAGAIN;
}

static size_t gone_of(size_t from, size_t to)
{
    size_t gone = 0;
    for (size_t i = from; i < to; i++) {
        gone += is_gone(i);
    }
    return gone;
}

/* Serves the porch until so many of those are gone. */
static void serve_until_gone(size_t from, size_t to, size_t expected)
{
    int64_t deadline_ms = jj_monotonic_ms() + DEADLINE_MS;
    while (gone_of(from, to) < expected) {
        jj_poll item = {.socket = jj_porch_socket(here.porch), .events = POLLIN};
        assert_true(jj_monotonic_ms() < deadline_ms);
        jj_wire_poll(&item, 1, 10);
        jj_porch_serve(here.porch, PLACES);
    }
}

static void who_stands_there_longest_makes_room(void **state)
{
    (void)state;
    for (size_t i = 0; i < CROWD; i++) {
        come(i);
    }
    serve_until_gone(0, CROWD, CROWD - PLACES);
    jj_porch_serve(here.porch, PLACES);
    assert_int_equal(gone_of(CROWD - PLACES, CROWD), 0);
}

static void receive(const char *text)
{
    jj_message message = {0};
    jj_poll item = {.socket = here.door, .events = POLLIN};
    assert_int_equal(jj_wire_poll(&item, 1, DEADLINE_MS), 1);
    assert_int_equal(jj_socket_receive(here.door, &message), 0);
    assert_memory_equal(jj_message_frame(&message, 1).data, text, strlen(text));
    jj_message_clear(&message);
}

static void who_is_through_stays_however_long(void **state)
{
    jj_socket *client = NULL, *monitor = NULL;
    jj_message message = {0};
    char long_text[1000];
    (void)state;
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(jj_socket_dealer(&client, here.wire, &(jj_client_options){0}, NULL), 0);
    assert_int_equal(jj_socket_monitor(&monitor, here.wire, client, NULL), 0);
    assert_int_equal(jj_socket_connect(client, here.endpoint, NULL), 0);
    while (jj_socket_event(monitor) != JJ_LINK_UP) {
        jj_wire_poll(NULL, 0, 1);
    }
    jj_message_add_z(&message, long_text);
    assert_int_equal(jj_socket_send(client, &message), 0);
    receive(long_text);
    for (size_t i = 0; i < CROWD; i++) {
        come(i);
    }
    serve_until_gone(0, CROWD, CROWD - PLACES);
    jj_message_add_z(&message, "still here");
    assert_int_equal(jj_socket_send(client, &message), 0);
    receive("still here");
    assert_int_equal(jj_socket_event(monitor), JJ_LINK_NONE);
    jj_message_clear(&message);
    jj_socket_close(monitor);
    jj_socket_close(client);
}

static void who_leaves_leaves_a_place(void **state)
{
    int before = descriptors();
    int64_t deadline_ms = jj_monotonic_ms() + DEADLINE_MS;
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        come(i);
    }
    while (descriptors() < before + 2 * PLACES) {
        assert_true(jj_monotonic_ms() < deadline_ms);
        jj_porch_serve(here.porch, PLACES);
    }
    for (size_t i = 0; i < PLACES; i++) {
        leave(i);
    }
    while (descriptors() > before) {
        assert_true(jj_monotonic_ms() < deadline_ms);
        jj_porch_serve(here.porch, PLACES);
    }
    for (size_t i = 0; i < PLACES; i++) {
        come(i);
    }
    while (descriptors() < before + 2 * PLACES) {
        assert_true(jj_monotonic_ms() < deadline_ms);
        jj_porch_serve(here.porch, PLACES);
    }
    jj_porch_serve(here.porch, PLACES);
    assert_int_equal(gone_of(0, PLACES), 0);
    come(PLACES);
    serve_until_gone(0, 1, 1);
    assert_int_equal(gone_of(1, PLACES + 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_stands_there_longest_makes_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_through_stays_however_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_leaves_leaves_a_place, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
