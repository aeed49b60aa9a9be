#ifndef WIRE_FIXTURES_H
#define WIRE_FIXTURES_H

/*
 * A context of messages with sockets that are closed after each test, however it ends: else the
 * context would wait for them. A failed expectation fails the test.
 */
#include "wire/wire.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#define DEADLINE_MS 60000 /* for what is expected to happen */
#define FRAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

extern const jj_door_options wire_open_door;
extern char wire_endpoint[96]; /* in the test's own folder */
extern jj_wire *wire_context;

int wire_set_up(void **state);
int wire_tear_down(void **state);

/* Hands a socket over, to be closed. Returns it. */
jj_socket *wire_keep(jj_socket *socket);
jj_socket *wire_open_router(const jj_door_options *door);
jj_socket *wire_open_dealer(const jj_client_options *options);

void wire_wait_readable(jj_socket *socket);
/* Sends until the connection is there: a message without one is not kept. */
void wire_send(jj_socket *socket, const char *const *frames);
void wire_receive(jj_socket *socket, jj_message *message);
void wire_assert_frame(const jj_message *message, size_t index, const char *expected);

#endif
