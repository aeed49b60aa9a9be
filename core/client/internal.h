/* What the files of libjejaring share; nobody else includes it. */
#ifndef JJ_CLIENT_INTERNAL_H
#define JJ_CLIENT_INTERNAL_H

#include "jejaring/client.h"

#include "wire/wire.h"

/* The answer to just this request; others that come meanwhile are kept for jj_client_receive. It
 * stays pending when none comes in time (JJ_ETIMEOUT; JJ_EUNAUTHORISED: our key is refused). An
 * ERROR of the hub is an answer here, as in jj_client_receive. */
int jj_client_await(jj_client *client, uint64_t number, int wait_ms, jj_reply *reply,
                    jj_error *err);

/* A socket that hears a topic at a bell, with the client's keys. To be closed before the client. */
int jj_client_listen(jj_client *client, const char *bell, const char *topic, jj_socket **socket,
                     jj_error *err);

/* After so long a request is sent again. */
int jj_client_timeout_ms(const jj_client *client);

/* ---- reply.c ---- */
/* Which request a message answers. False: it is no answer. */
bool jj_reply_number(const jj_message *message, uint64_t *number);
/* Turns such a message into a reply, which takes its memory. False without memory: the request
 * stays and is sent again. */
bool jj_reply_take(jj_message *message, uint64_t number, jj_reply *reply);

#endif
