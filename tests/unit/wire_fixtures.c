#include "wire_fixtures.h"

#include "base/clock.h"
#include "scratch.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

const jj_door_options wire_open_door = {.door = JJ_DOOR_OPEN};
char wire_endpoint[96];
jj_wire *wire_context;
static jj_socket *opened[64];
static size_t opened_count;

jj_socket *wire_keep(jj_socket *socket)
{
    assert_true(opened_count < sizeof opened / sizeof *opened);
    return opened[opened_count++] = socket;
}

int wire_set_up(void **state)
{
    if (scratch_make(state)) {
        return -1;
    }
    snprintf(wire_endpoint, sizeof wire_endpoint, "ipc://%s/door.sock", scratch);
    return jj_wire_open(&wire_context, NULL);
}

int wire_tear_down(void **state)
{
    while (opened_count) {
        jj_socket_close(opened[--opened_count]);
    }
    jj_wire_close(wire_context);
    return scratch_remove(state);
}

jj_socket *wire_open_router(const jj_door_options *door)
{
    jj_socket *socket = NULL;
    jj_error err = {0};
    if (jj_socket_router(&socket, wire_context, wire_endpoint, door, &err)) {
        fail_msg("%s", err.text);
    }
    return wire_keep(socket);
}

jj_socket *wire_open_dealer(const jj_client_options *options)
{
    jj_socket *socket = NULL;
    jj_error err = {0};
    jj_client_options with = *options;
    with.endpoint = wire_endpoint;
    if (jj_socket_dealer(&socket, wire_context, &with, &err) ||
        jj_socket_connect(socket, wire_endpoint, &err)) {
        fail_msg("%s", err.text);
    }
    return wire_keep(socket);
}

void wire_wait_readable(jj_socket *socket)
{
    jj_poll item = {.socket = socket, .events = POLLIN};
    int64_t deadline_ms = jj_monotonic_ms() + DEADLINE_MS;
    while (!jj_wire_poll(&item, 1, 100)) {
        assert_true(jj_monotonic_ms() < deadline_ms);
    }
}

void wire_send(jj_socket *socket, const char *const *frames)
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

void wire_receive(jj_socket *socket, jj_message *message)
{
    int rc;
    while ((rc = jj_socket_receive(socket, message)) == JJ_ETIMEOUT) {
        wire_wait_readable(socket);
    }
    assert_int_equal(rc, 0);
}

void wire_assert_frame(const jj_message *message, size_t index, const char *expected)
{
    jj_bytes frame = jj_message_frame(message, index);
    assert_int_equal(frame.size_bytes, strlen(expected));
    assert_memory_equal(frame.data, expected, frame.size_bytes);
}
