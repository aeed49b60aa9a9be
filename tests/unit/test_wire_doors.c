/* Doors: they let in whom they should. */
#include "wire_fixtures.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void an_ipc_door_is_private_from_its_birth(void **state)
{
    struct stat st;
    (void)state;
    umask(0);
    wire_open_router(&wire_open_door);
    assert_int_equal(stat(wire_endpoint + 6, &st), 0);
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
        assert_int_equal(jj_socket_router(&socket, wire_context, bad[i], &wire_open_door, &err),
                         JJ_ESYSTEM);
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
    assert_int_equal(jj_socket_dealer(dealer, wire_context, &options, &err), 0);
    wire_keep(*dealer);
    assert_int_equal(jj_socket_monitor(&monitor, wire_context, *dealer, &err), 0);
    wire_keep(monitor);
    assert_int_equal(jj_socket_connect(*dealer, wire_endpoint, &err), 0);
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
    assert_int_equal(jj_socket_zap(&zap, wire_context, NULL), 0);
    wire_keep(zap);
    jj_socket *router = wire_open_router(&plain_door);
    assert_int_equal(knock(zap, "secret", &dealer), JJ_LINK_UP);
    wire_send(dealer, FRAMES("hello", "warehouse"));
    wire_receive(router, &message);
    assert_string_equal(jj_message_user(&message), "blk");
    jj_message_clear(&message);
}

static void who_does_not_is_refused(void **state)
{
    static const char *const wrong[] = {"x", "Secret", "secret "};
    jj_socket *zap = NULL;
    (void)state;
    assert_int_equal(jj_socket_zap(&zap, wire_context, NULL), 0);
    wire_keep(zap);
    jj_socket *router = wire_open_router(&plain_door);
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
    wire_open_router(&plain_door);
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
        assert_int_equal(jj_socket_dealer(&socket, wire_context, &bad[i], &err), JJ_ECONFIG);
        assert_null(socket);
    }
    const jj_door_options doors[] = {{JJ_DOOR_CURVE, "d", half}, {JJ_DOOR_CURVE, "d", NULL}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(jj_socket_router(&socket, wire_context, wire_endpoint, &doors[i], &err),
                         JJ_ECONFIG);
        assert_null(socket);
    }
    free(half);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_set_up, wire_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_ipc_door_is_private_from_its_birth),
        TEST(a_bad_endpoint_is_named),
        TEST(who_knows_the_password_comes_in_under_its_name),
        TEST(who_does_not_is_refused),
        TEST(a_door_without_its_handler_lets_nobody_in),
        TEST(keys_and_passwords_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
