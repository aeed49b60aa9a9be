#include "pretend_hub.h"

#include "scratch.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

char pretend_endpoint[96];

static struct {
    pthread_t thread;
    bool runs;
    atomic_bool stop, ready;
    atomic_uint count;
    pretend_handler handler;
    const char *password;
    jj_socket *router, *zap;
} hub;

static void serve_zap(void)
{
    jj_message question = {0}, answer = {0};
    while (jj_socket_receive(hub.zap, &question) == 0) {
        jj_bytes id = jj_message_frame(&question, 1), password = jj_message_frame(&question, 7);
        bool good = password.size_bytes == strlen(hub.password) &&
                    memcmp(password.data, hub.password, password.size_bytes) == 0;
        jj_message_add_z(&answer, "1.0");
        jj_message_add(&answer, id.data, id.size_bytes);
        jj_message_add_z(&answer, good ? "200" : "400");
        jj_message_add_z(&answer, "");
        jj_message_add_z(&answer, good ? "user" : "");
        jj_message_add_z(&answer, "");
        jj_socket_send(hub.zap, &answer);
    }
    jj_message_clear(&question);
    jj_message_clear(&answer);
}

static void serve_requests(void)
{
    jj_message request = {0};
    while (jj_socket_receive(hub.router, &request) == 0) {
        hub.count++;
        hub.handler(&request);
    }
    jj_message_clear(&request);
}

static void *run(void *arg)
{
    jj_wire *wire = NULL;
    const jj_door_options door = {.door = hub.password ? JJ_DOOR_PLAIN : JJ_DOOR_OPEN,
                                  .domain = "pretend"};
    if (jj_wire_open(&wire, NULL) || jj_socket_zap(&hub.zap, wire, NULL) ||
        jj_socket_router(&hub.router, wire, pretend_endpoint, &door, NULL)) {
        abort();
    }
    hub.ready = true;
    while (!hub.stop) {
        jj_poll items[] = {{.socket = hub.router, .events = POLLIN},
                           {.socket = hub.zap, .events = POLLIN}};
        jj_wire_poll(items, 2, 5);
        serve_zap();
        serve_requests();
    }
    jj_socket_close(hub.router);
    jj_socket_close(hub.zap);
    jj_wire_close(wire);
    return arg;
}

void pretend_start(pretend_handler handler, const char *password)
{
    hub.handler = handler;
    hub.password = password;
    hub.stop = hub.ready = false;
    assert_int_equal(pthread_create(&hub.thread, NULL, run, NULL), 0);
    hub.runs = true;
    while (!hub.ready) {
        jj_wire_poll(NULL, 0, 1);
    }
}

void pretend_stop(void)
{
    if (hub.runs) {
        hub.stop = true;
        pthread_join(hub.thread, NULL);
        hub.runs = false;
    }
}

int pretend_folder(void **state)
{
    if (scratch_make(state)) {
        return -1;
    }
    snprintf(pretend_endpoint, sizeof pretend_endpoint, "ipc://%s/hub.sock", scratch);
    hub.count = 0;
    return 0;
}

int pretend_folder_remove(void **state)
{
    pretend_stop();
    return scratch_remove(state);
}

void pretend_answer(const jj_message *request, const char *const *frames)
{
    jj_message answer = {0};
    jj_bytes routing = jj_message_frame(request, 0);
    jj_message_add(&answer, routing.data, routing.size_bytes);
    for (; *frames; frames++) {
        jj_message_add_z(&answer, *frames);
    }
    jj_socket_send(hub.router, &answer);
    jj_message_clear(&answer);
}

const char *pretend_frame(const jj_message *request, size_t index)
{
    static char texts[4][256];
    static unsigned next;
    char *text = texts[next++ % 4];
    jj_bytes frame = jj_message_frame(request, index);
    snprintf(text, sizeof texts[0], "%.*s", (int)frame.size_bytes, frame.data);
    return text;
}

void pretend_ok(const jj_message *request, const char *result)
{
    pretend_answer(
        request, (const char *const[]){JJ_PROTOCOL, "OK", pretend_frame(request, 3), result, NULL});
}

unsigned pretend_count(void)
{
    return hub.count;
}
