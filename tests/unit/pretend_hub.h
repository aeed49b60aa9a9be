/*
 * A hub that answers as a test wants it to, on a thread and in a ZeroMQ context of its own.
 */
#ifndef TESTS_PRETEND_HUB_H
#define TESTS_PRETEND_HUB_H

#include "wire/wire.h"

/* A request as it arrived: message holds the routing id, then "JJ1", verb, number, options and
 * events. The handler answers with pretend_answer, or not. It runs on the hub's thread. */
typedef void (*pretend_handler)(const jj_message *request);

/* At pretend_endpoint. With a password the door asks for it (of anybody). */
void pretend_start(pretend_handler handler, const char *password);
/* Vanishes, with every connection. */
void pretend_stop(void);
extern char pretend_endpoint[96];

/* cmocka set-up and tear-down: a folder for the endpoint. The tear-down stops the hub, too. */
int pretend_folder(void **state);
int pretend_folder_remove(void **state);

/* Sends these frames (ended by NULL) to the sender of the request. */
void pretend_answer(const jj_message *request, const char *const *frames);
/* "JJ1" "OK" number result */
void pretend_ok(const jj_message *request, const char *result);

/* A frame of a request as text. Valid until the next call. */
const char *pretend_frame(const jj_message *request, size_t index);

/* How many requests arrived since pretend_folder. */
unsigned pretend_count(void);

#endif
