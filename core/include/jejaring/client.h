/*
 * libjejaring: a client of a Jejaring hub, for agencies that publish and subscribe.
 *
 * Guarantees: a request is sent again after a reconnect until it is answered or its time is up;
 * because a hub deduplicates by (source, id), a repeated PUBLISH or COMMIT does nothing twice.
 * Events are passed on as the bytes that they are.
 *
 * Not here: threads (one client belongs to one thread) and the meaning of events.
 */
#ifndef JEJARING_CLIENT_H
#define JEJARING_CLIENT_H

#include <jejaring/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JJ_PROTOCOL    "JJ1"
#define JJ_EVENTS_MAX  1000               /* events in one message */
#define JJ_FRAME_MAX   1048576            /* bytes in one frame */
#define JJ_MESSAGE_MAX (16 * 1024 * 1024) /* bytes in all frames of one message */

typedef struct jj_client jj_client;

/* All strings are borrowed for the length of jj_client_open. */
typedef struct jj_client_options {
    const char *endpoint;                /* "tcp://host:port" or "ipc:///path"; required */
    const char *name;                    /* "client/version", for the hub's log; may be NULL */
    const char *server_key;              /* the hub's CURVE public key (Z85); NULL: no encryption */
    const char *public_key, *secret_key; /* this agency's CURVE pair (Z85) */
    const char *plain_user, *plain_password; /* local plugins only */
    int timeout_ms;                          /* for an answer; 0: 10,000 */
} jj_client_options;

/* A piece of bytes; borrowed or owned as the user of it says. */
typedef struct jj_bytes {
    const char *data;
    size_t size_bytes;
} jj_bytes;

/* An answer of the hub. Filled by jj_client_receive and jj_client_request; the caller clears it. */
typedef struct jj_reply {
    int code;               /* 0, or the JJ_E* of an ERROR (JJ_EVERSION: an unknown kind) */
    uint64_t request;       /* number that jj_client_send gave */
    jj_bytes result;        /* JSON object */
    const jj_bytes *events; /* of an EVENTS answer */
    size_t event_count;
    void *owner; /* the client's own */
} jj_reply;

/* Connecting happens in the background: this fails only for bad options. *client is new. */
JJ_API int jj_client_open(jj_client **client, const jj_client_options *options, jj_error *err);
JJ_API void jj_client_close(jj_client *client);

/* Sends a request without waiting. options is a JSON object text (NULL: {}). The bytes of options
 * and events are copied: they are kept until the answer is there. *request numbers it.
 * Errors: JJ_ETOO_LARGE, JJ_EMEMORY. */
JJ_API int jj_client_send(jj_client *client, const char *verb, const char *options,
                          const jj_bytes *events, size_t count, uint64_t *request, jj_error *err);

/* The next answer, of whichever request. Requests that were under way when the connection broke
 * are sent again here. Waits up to wait_ms (-1: without end). Errors: JJ_ETIMEOUT. An ERROR from
 * the hub is an answer: 0 is returned and reply->code says which. */
JJ_API int jj_client_receive(jj_client *client, jj_reply *reply, int wait_ms, jj_error *err);

/* Sends and waits for the answer to just this request; others that arrive meanwhile are kept for
 * jj_client_receive. An ERROR is returned as its code, with err filled from it. */
JJ_API int jj_client_request(jj_client *client, const char *verb, const char *options,
                             const jj_bytes *events, size_t count, jj_reply *reply, jj_error *err);

/* Forgets a request that was sent: its answer is dropped, or will be. */
JJ_API void jj_client_forget(jj_client *client, uint64_t request);

/* Fills err (may be NULL) from an answer that is an ERROR, and returns its code. */
JJ_API int jj_reply_error(const jj_reply *reply, jj_error *err);

JJ_API void jj_reply_clear(jj_reply *reply);

/* Descriptor that becomes readable when jj_client_receive should be called with wait_ms 0, until
 * that answers JJ_ETIMEOUT (edge-triggered, like ZMQ_FD). */
JJ_API int jj_client_descriptor(const jj_client *client);

/* How many answers jj_client_receive has still to give. */
JJ_API size_t jj_client_pending(const jj_client *client);

#ifdef __cplusplus
}
#endif
#endif
