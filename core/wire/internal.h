/* What the files of this room share; nobody else includes it. */
#ifndef JJ_WIRE_INTERNAL_H
#define JJ_WIRE_INTERNAL_H

#include "wire/wire.h"

#include <errno.h>
#include <zmq.h>

struct jj_wire {
    void *context;
};

struct jj_socket {
    void *handle;
    void *watched; /* of a monitor: the socket that it watches; else NULL */
};

/* Room for one more frame behind the last, not initialised; NULL without memory. */
zmq_msg_t *jj_message_next(jj_message *message);

#endif
