/*
 * ZeroMQ behind names of our own: sockets for the hub and its clients, multi-part messages, and
 * one poll for sockets and plain descriptors. The only room that includes zmq.h.
 *
 * Every socket is made with the limits that libzmq leaves open by default: frame size (twice
 * JJ_FRAME_MAX, so that who exceeds that one can be told), linger, handshake time, and when a dead
 * connection ends. What libzmq cannot limit is how many frames one message has: they are all in
 * memory before the first can be received. A context belongs to one process and is never carried
 * over a fork.
 */
#ifndef JJ_WIRE_WIRE_H
#define JJ_WIRE_WIRE_H

#include "jejaring/client.h"
#include "jejaring/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct jj_wire jj_wire;     /* a context */
typedef struct jj_socket jj_socket; /* one socket of it */

int jj_wire_open(jj_wire **wire, jj_error *err);
void jj_wire_close(jj_wire *wire); /* after all of its sockets */

/* ---- Messages ----------------------------------------------------------------------------- */

#define JJ_FRAMES_MAX (JJ_EVENTS_MAX + 8) /* routing id, delimiter, head, events */

/* A multi-part message. Zero-initialise; clear when done. Frames are owned by the message. */
typedef struct jj_message {
    void *frames; /* zmq_msg_t[capacity] */
    size_t count, capacity;
    size_t size_bytes; /* received: of all frames */
    bool overflow;     /* received more than JJ_FRAMES_MAX frames, or JJ_MESSAGE_MAX bytes: the rest
                        * was dropped as it came */
    bool failed;       /* there was no memory for a frame: no more is added, and it is not sent */
} jj_message;

/* Copies the bytes into a new last frame. JJ_EMEMORY: the message is not sent any more. */
int jj_message_add(jj_message *message, const void *data, size_t size_bytes);
int jj_message_add_z(jj_message *message, const char *text);
jj_bytes jj_message_frame(const jj_message *message, size_t index); /* borrowed */
void jj_message_empty(jj_message *message); /* no frames; keeps the memory for the next use */
void jj_message_clear(jj_message *message);

/* Counts the bytes of messages that are on their way out. Zero-initialise; it must outlive the
 * socket. libzmq's own thread counts down: the only thing of ours that runs there. */
typedef struct jj_tally {
    atomic_size_t bytes;
} jj_tally;

/* Counts a whole message (and what it costs to keep) in a tally until its last frame was handed to
 * the network or dropped. It gets no frame after this one. JJ_EMEMORY: it is not counted, and
 * perhaps it is not whole any more; then it is not sent. */
int jj_message_track(jj_message *message, jj_tally *tally);

/* Who the sender is by the authentication of its connection (ZAP User-Id), or NULL. Never read
 * from the routing id's frame, which carries no metadata. Borrowed. */
const char *jj_message_user(const jj_message *message);

/* Ends the connection by which a message came to this socket, as if the network had. The connection
 * may be gone already, and its descriptor another's: one at another endpoint is never ended; one at
 * the same socket may be, and has to come again. */
void jj_message_cut_off(const jj_message *message, const jj_socket *socket);

/* ---- Sockets ------------------------------------------------------------------------------ */

/* How the other side of a server socket proves who it is. */
enum jj_door {
    JJ_DOOR_OPEN,  /* not at all: whoever can connect */
    JJ_DOOR_PLAIN, /* name and password, for local plugins */
    JJ_DOOR_CURVE, /* a CURVE key */
};

typedef struct jj_door_options {
    enum jj_door door;
    const char *domain;     /* ZAP domain; required unless the door is open */
    const char *secret_key; /* the server's, Z85; JJ_DOOR_CURVE only */
} jj_door_options;

/* The hub's side. The endpoint of an ipc door gets file mode 0600. */
int jj_socket_router(jj_socket **socket, jj_wire *wire, const char *endpoint,
                     const jj_door_options *options, jj_error *err);
/* XPUB: subscriptions arrive as messages of one frame, 1 or 0 and then the topic. Several
 * endpoints may be added with jj_socket_bind. */
int jj_socket_publisher(jj_socket **socket, jj_wire *wire, const jj_door_options *options,
                        jj_error *err);
int jj_socket_bind(jj_socket *socket, const char *endpoint, jj_error *err);
/* REP at the fixed inproc address at which libzmq asks who may come in (RFC 27, ZAP). */
int jj_socket_zap(jj_socket **socket, jj_wire *wire, jj_error *err);

/* A client's side. The dealer connects when jj_socket_connect says so (its monitor must be there
 * first), the subscriber at once; both in the background. */
int jj_socket_dealer(jj_socket **socket, jj_wire *wire, const jj_client_options *options,
                     jj_error *err);
int jj_socket_connect(jj_socket *socket, const char *endpoint, jj_error *err);
/* Begins anew with an endpoint: libzmq itself never tries again once it was refused, or when the
 * other side broke the protocol. */
int jj_socket_reconnect(jj_socket *socket, const char *endpoint, jj_error *err);
int jj_socket_subscriber(jj_socket **socket, jj_wire *wire, const jj_client_options *options,
                         const char *topic, jj_error *err);
/* Topics of a subscriber beside its first. */
void jj_socket_subscribe(jj_socket *socket, const char *topic);
/* A socket on which jj_socket_event tells of connections made and lost by another one, before which
 * it must be closed. */
int jj_socket_monitor(jj_socket **monitor, jj_wire *wire, jj_socket *watched, jj_error *err);

void jj_socket_close(jj_socket *socket);

/* Never waits. 0, JJ_ETIMEOUT (nothing there), JJ_ESYSTEM, JJ_EMEMORY (a message is lost). */
int jj_socket_receive(jj_socket *socket, jj_message *message);
/* Sends and empties the message. JJ_ETIMEOUT: the peer is gone or does not read; it is lost.
 * JJ_EMEMORY: it was not whole, and nothing was sent. */
int jj_socket_send(jj_socket *socket, jj_message *message);

enum jj_link {
    JJ_LINK_NONE, /* nothing to tell */
    JJ_LINK_UP,
    JJ_LINK_DOWN,
    JJ_LINK_REFUSED, /* the other side does not accept our credentials */
};
enum jj_link jj_socket_event(jj_socket *monitor);

/* ---- Poll --------------------------------------------------------------------------------- */

#define JJ_POLL_MAX 96

typedef struct jj_poll {
    jj_socket *socket; /* or NULL, and then: */
    int fd;
    short events, revents; /* POLLIN, POLLOUT */
} jj_poll;

/* Returns the number of ready entries; 0 after timeout_ms (-1: none) or a signal. */
int jj_wire_poll(jj_poll *items, size_t count, long timeout_ms);

/* The descriptor of ZMQ_FD: edge-triggered, see libzmq. */
int jj_socket_descriptor(const jj_socket *socket);

/* A CURVE pair in Z85. */
#define JJ_Z85_SIZE 41
int jj_curve_pair(char public_key[JJ_Z85_SIZE], char secret_key[JJ_Z85_SIZE], jj_error *err);
int jj_curve_public(const char *secret_key, char public_key[JJ_Z85_SIZE], jj_error *err);
/* Reads a secret key's file, which nobody but its owner may be able to read (or the credential of
 * that name, see base/fs.h), and gives the public half, too. JJ_ECONFIG, JJ_ESYSTEM. */
int jj_curve_load(const char *path, char secret_key[JJ_Z85_SIZE], char public_key[JJ_Z85_SIZE],
                  jj_error *err);
/* The text of the 32 bytes of a key; false if they are not 32. */
bool jj_z85_encode(jj_bytes key, char text[JJ_Z85_SIZE]);

/* The address at which this machine itself reaches an endpoint that is bound: loopback for one
 * that is bound to every address. */
void jj_reachable(const char *endpoint, char *out, size_t size_bytes);

#endif
