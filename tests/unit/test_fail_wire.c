/*
 * Sockets, messages and keys when libzmq, memory or files fail at each call in turn: what cannot be
 * made is not there and says why, and a message arrives whole or is said to be missing.
 */
#include "base/fs.h"
#include "fail.h"
#include "jejaring/pack.h"
#include "wire/wire.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KINDS (FAIL_SOCKET | FAIL_MEMORY)

static char folder[64], endpoint[96], secret[JJ_Z85_SIZE], public[JJ_Z85_SIZE];
static jj_wire *wire;

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/jejaring-fail-wire-XXXXXX");
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(endpoint, sizeof endpoint, "ipc://%s/door.sock", folder);
    return jj_curve_pair(public, secret, NULL) || jj_wire_open(&wire, NULL);
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    jj_wire_close(wire);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* ---- Sockets ------------------------------------------------------------------------------ */

static int make_door(jj_socket **socket, jj_error *err)
{
    const jj_door_options door = {.door = JJ_DOOR_CURVE, .domain = "d", .secret_key = secret};
    return jj_socket_router(socket, wire, endpoint, &door, err);
}

static int make_publisher(jj_socket **socket, jj_error *err)
{
    const jj_door_options door = {.door = JJ_DOOR_CURVE, .domain = "d", .secret_key = secret};
    return jj_socket_publisher(socket, wire, &door, err);
}

static int make_judge(jj_socket **socket, jj_error *err)
{
    return jj_socket_zap(socket, wire, err);
}

static int make_dealer(jj_socket **socket, jj_error *err)
{
    const jj_client_options options = {.endpoint = endpoint};
    int rc = jj_socket_dealer(socket, wire, &options, err);
    rc = rc ? rc : jj_socket_connect(*socket, endpoint, err);
    rc = rc ? rc : jj_socket_reconnect(*socket, endpoint, err);
    if (rc) {
        jj_socket_close(*socket);
        *socket = NULL;
    }
    return rc;
}

static int make_subscriber(jj_socket **socket, jj_error *err)
{
    const jj_client_options options = {.endpoint = endpoint};
    return jj_socket_subscriber(socket, wire, &options, "a/", err);
}

static void a_socket_is_made_or_not_there(void **state)
{
    static int (*const makers[])(jj_socket **, jj_error *) = {make_door, make_publisher, make_judge,
                                                              make_dealer, make_subscriber};
    (void)state;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        for (unsigned n = 1; fail_next(KINDS, n); n++) {
            jj_socket *socket = NULL;
            jj_error err = {0};
            int rc = makers[i](&socket, &err);
            assert_int_equal(rc != 0, fail_end());
            assert_true(rc == 0 ? socket != NULL : !socket && err.code == rc && err.text[0]);
            jj_socket_close(socket);
        }
    }
}

static void a_socket_is_watched_or_not(void **state)
{
    (void)state;
    for (unsigned n = 1, hit = 1; hit; n++) {
        jj_socket *dealer = NULL, *monitor = NULL;
        jj_error err = {0};
        assert_int_equal(make_dealer(&dealer, NULL), 0);
        fail_at(KINDS, n, false);
        int rc = jj_socket_monitor(&monitor, wire, dealer, &err);
        hit = fail_end();
        bool right = (rc != 0) == hit && (rc == 0 || (!monitor && err.text[0]));
        jj_socket_close(monitor);
        jj_socket_close(dealer);
        if (!right) {
            fail_msg("call %u: %d, %s", n, rc, err.text);
        }
    }
}

static void a_context_is_made_or_not_there(void **state)
{
    (void)state;
    for (unsigned n = 1; fail_next(KINDS, n); n++) {
        jj_wire *one = NULL;
        jj_error err = {0};
        int rc = jj_wire_open(&one, &err);
        assert_int_equal(rc != 0, fail_end());
        assert_true(rc == 0 ? one != NULL : !one && rc == JJ_EMEMORY && err.text[0]);
        jj_wire_close(one);
    }
}

/* ---- Messages ----------------------------------------------------------------------------- */

/* A door, and who has come to it. */
static void connect_both(jj_socket **door, jj_socket **dealer)
{
    const jj_door_options open = {.door = JJ_DOOR_OPEN};
    const jj_client_options options = {.endpoint = endpoint};
    assert_int_equal(jj_socket_router(door, wire, endpoint, &open, NULL), 0);
    assert_int_equal(jj_socket_dealer(dealer, wire, &options, NULL), 0);
    assert_int_equal(jj_socket_connect(*dealer, endpoint, NULL), 0);
}

#define FRAMES 20 /* a message grows twice for them */

static void write_frames(jj_message *message, unsigned number)
{
    char text[16];
    for (unsigned i = 0; i < FRAMES; i++) {
        snprintf(text, sizeof text, "%u/%u", number, i);
        jj_message_add_z(message, text);
    }
}

static void assert_frames(const jj_message *message, size_t first, unsigned number)
{
    char text[16];
    assert_int_equal(message->count, first + FRAMES);
    for (unsigned i = 0; i < FRAMES; i++) {
        jj_bytes frame = jj_message_frame(message, first + i);
        int size = snprintf(text, sizeof text, "%u/%u", number, i);
        assert_int_equal(frame.size_bytes, size);
        assert_memory_equal(frame.data, text, frame.size_bytes);
    }
}

static void wait_readable(jj_socket *socket)
{
    jj_poll item = {.socket = socket, .events = POLLIN};
    while (jj_wire_poll(&item, 1, 1000) == 0) {
    }
}

static void a_message_arrives_whole_or_is_said_to_be_missing(void **state)
{
    jj_socket *door = NULL, *dealer = NULL;
    jj_message sent = {0};
    unsigned arrived = 0;
    (void)state;
    connect_both(&door, &dealer);
    for (unsigned n = 1; n == 1 || fail_hits(); n++) {
        jj_message received = {0};
        do {
            write_frames(&sent, n);
        } while (jj_socket_send(dealer, &sent)); /* until it is connected */
        wait_readable(door);
        fail_next(KINDS, n);
        int rc = jj_socket_receive(door, &received);
        bool hit = fail_end();
        if (rc == JJ_ETIMEOUT) { /* it was interrupted: nothing of it is taken */
            assert_true(hit);
            rc = jj_socket_receive(door, &received);
        }
        assert_true(rc == 0 || (hit && rc == JJ_EMEMORY));
        if (rc == 0) {
            assert_frames(&received, 1, n);
            arrived++;
        }
        assert_int_equal(jj_socket_receive(door, &received), JJ_ETIMEOUT); /* no rest of it */
        jj_message_clear(&received);
    }
    assert_true(arrived > 1);
    jj_message_clear(&sent);
    jj_socket_close(dealer);
    jj_socket_close(door);
}

static void a_message_is_sent_whole_or_not(void **state)
{
    jj_socket *door = NULL, *dealer = NULL;
    jj_message message = {0};
    jj_tally tally = {0};
    (void)state;
    connect_both(&door, &dealer);
    do {
        write_frames(&message, 0);
    } while (jj_socket_send(dealer, &message));
    wait_readable(door);
    assert_int_equal(jj_socket_receive(door, &message), 0);
    for (unsigned n = 1; fail_next(KINDS, n); n++) {
        write_frames(&message, n);
        if (message.count) {
            jj_message_track(&message, &tally);
        }
        int rc = jj_socket_send(dealer, &message);
        bool hit = fail_end();
        assert_true(rc == 0 || hit);
        if (rc == 0) {
            wait_readable(door);
            assert_int_equal(jj_socket_receive(door, &message), 0);
            assert_frames(&message, 1, n);
        }
        assert_int_equal(jj_socket_receive(door, &message), JJ_ETIMEOUT);
        jj_message_clear(&message);
    }
    jj_socket_close(dealer);
    jj_socket_close(door);
}

static void events_are_packed_and_unpacked_or_not(void **state)
{
    const jj_bytes events[] = {{"one", 3}, {"", 0}, {"three", 5}};
    jj_bytes frame = {NULL, 0};
    (void)state;
    for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
        free((char *)(uintptr_t)frame.data);
        frame = (jj_bytes){NULL, 0};
        int rc = jj_pack(events, 3, &frame, NULL);
        assert_int_equal(rc, fail_end() ? JJ_EMEMORY : 0);
        assert_int_equal(rc == 0, frame.data != NULL);
    }
    for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
        jj_bytes out[3];
        char *text = NULL;
        int rc = jj_unpack(frame, out, 3, &text, NULL);
        assert_int_equal(rc, fail_end() ? JJ_EMEMORY : 0);
        assert_true(rc == 0 ? out[2].size_bytes == 5 && memcmp(out[2].data, "three", 5) == 0
                            : !text);
        free(text);
    }
    free((char *)(uintptr_t)frame.data);
}

/* ---- Keys --------------------------------------------------------------------------------- */

static void a_key_file_is_read_whole_or_refused(void **state)
{
    char path[96], text[64];
    (void)state;
    snprintf(path, sizeof path, "%s/key", folder);
    snprintf(text, sizeof text, "%s\r\n", secret);
    assert_int_equal(jj_file_write(path, text, strlen(text), 0600, NULL), 0);
    for (unsigned n = 1; fail_next(FAIL_MEMORY | FAIL_FILE, n); n++) {
        char s[JJ_Z85_SIZE] = "", p[JJ_Z85_SIZE] = "";
        jj_error err = {0};
        int rc = jj_curve_load(path, s, p, &err);
        assert_int_equal(rc != 0, fail_end());
        assert_true(rc == 0 ? !strcmp(s, secret) && !strcmp(p, public) : !p[0] && err.text[0]);
    }
    assert_int_equal(jj_file_write(path, "short", 5, 0600, NULL), 0);
    assert_int_equal(jj_curve_load(path, secret, public, NULL), JJ_ECONFIG);
    snprintf(text, sizeof text, "%40s", "no Z85: \"\"");
    assert_int_equal(jj_file_write(path, text, 40, 0600, NULL), 0);
    assert_int_equal(jj_curve_load(path, text, public, NULL), JJ_ECONFIG);
    fail_at(FAIL_SOCKET, 1, false);
    assert_int_equal(jj_curve_pair(public, secret, NULL), JJ_ESYSTEM);
    fail_end();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_socket_is_made_or_not_there),
        TEST(a_socket_is_watched_or_not),
        TEST(a_context_is_made_or_not_there),
        TEST(a_message_arrives_whole_or_is_said_to_be_missing),
        TEST(a_message_is_sent_whole_or_not),
        TEST(events_are_packed_and_unpacked_or_not),
        TEST(a_key_file_is_read_whole_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
