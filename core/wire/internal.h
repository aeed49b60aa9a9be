/* What the files of this room share; nobody else includes it. */
#ifndef JJ_WIRE_INTERNAL_H
#define JJ_WIRE_INTERNAL_H

#include "base/buf.h"
#include "wire/wire.h"

#include <errno.h>
#include <zmq.h>

struct jj_wire {
    void *context;
    unsigned watched; /* sockets as yet, each under a name of its own */
};

struct jj_socket {
    void *handle;
    void *watched; /* of a monitor: the socket that it watches; else NULL */
    jj_buf bound;  /* the endpoints at which it listens, each with a line's end */
};

/* What a monitor tells: one of the events it was asked for, and its value (a descriptor, mostly).
 */
typedef struct jj_socket_change {
    int event, value;
} jj_socket_change;

/* A monitor for these events of libzmq. */
int jj_socket_watch(jj_socket **monitor, jj_wire *wire, jj_socket *watched, int events,
                    jj_error *err);
/* False if there is nothing to tell. Never waits. */
bool jj_socket_change_next(jj_socket *monitor, jj_socket_change *change);

/* Room for one more frame behind the last, not initialised; NULL without memory. */
zmq_msg_t *jj_message_next(jj_message *message);

#endif
