#include "wire/internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static zmq_msg_t *frame_at(const jj_message *message, size_t index)
{
    return (zmq_msg_t *)message->frames + index;
}

zmq_msg_t *jj_message_next(jj_message *message)
{
    if (message->count == message->capacity) {
        size_t capacity = message->capacity ? message->capacity * 2 : 8;
        zmq_msg_t *frames = malloc(capacity * sizeof *frames);
        if (!frames) {
            return NULL;
        }
        /* A zmq_msg_t may not be copied as bytes: each is moved. */
        for (size_t i = 0; i < message->count; i++) {
            zmq_msg_init(&frames[i]);
            zmq_msg_move(&frames[i], frame_at(message, i));
            zmq_msg_close(frame_at(message, i));
        }
        free(message->frames);
        message->frames = frames;
        message->capacity = capacity;
    }
    return frame_at(message, message->count);
}

int jj_message_add(jj_message *message, const void *data, size_t size_bytes)
{
    zmq_msg_t *frame = message->failed ? NULL : jj_message_next(message);
    if (!frame || zmq_msg_init_size(frame, size_bytes)) {
        message->failed = true;
        return JJ_EMEMORY;
    }
    if (size_bytes) {
        memcpy(zmq_msg_data(frame), data, size_bytes);
    }
    message->count++;
    return 0;
}

int jj_message_add_z(jj_message *message, const char *text)
{
    return jj_message_add(message, text, strlen(text));
}

jj_bytes jj_message_frame(const jj_message *message, size_t index)
{
    if (index >= message->count) {
        return (jj_bytes){"", 0};
    }
    zmq_msg_t *frame = frame_at(message, index);
    return (jj_bytes){zmq_msg_data(frame), zmq_msg_size(frame)};
}

#define FRAME_COST 96 /* bytes that libzmq and malloc need for a frame beside what is in it */

/* The last frame of a message, by which the whole is counted. */
typedef struct tracked {
    jj_tally *tally;
    size_t bytes;
    atomic_bool whole; /* set last: what was written before is seen by whoever sees it */
    char data[];
} tracked;

/* On libzmq's thread, or on ours where a message is dropped. */
static void release(void *data, void *hint)
{
    tracked *last = hint;
    (void)data;
    /* libzmq carries it from thread to thread in order; this says so in terms of our own. */
    bool whole = atomic_load_explicit(&last->whole, memory_order_acquire);
    assert(whole);
    (void)whole;
    atomic_fetch_sub_explicit(&last->tally->bytes, last->bytes, memory_order_acq_rel);
    free(last);
}

int jj_message_track(jj_message *message, jj_tally *tally)
{
    assert(message->count > 0);
    zmq_msg_t *frame = frame_at(message, message->count - 1);
    size_t size = zmq_msg_size(frame), bytes = 0;
    tracked *last = malloc(sizeof *last + size + 1);
    if (!last) {
        return JJ_EMEMORY;
    }
    memcpy(last->data, zmq_msg_data(frame), size);
    for (size_t i = 0; i < message->count; i++) {
        bytes += zmq_msg_size(frame_at(message, i)) + FRAME_COST;
    }
    last->tally = tally;
    last->bytes = bytes;
    atomic_store_explicit(&last->whole, true, memory_order_release);
    zmq_msg_close(frame);
    if (zmq_msg_init_data(frame, last->data, size, release, last)) {
        free(last);
        zmq_msg_init(frame);
        message->failed = true; /* its last frame is gone */
        return JJ_EMEMORY;
    }
    atomic_fetch_add_explicit(&tally->bytes, bytes, memory_order_acq_rel);
    return 0;
}

void jj_message_empty(jj_message *message)
{
    for (size_t i = 0; i < message->count; i++) {
        zmq_msg_close(frame_at(message, i));
    }
    message->count = 0;
    message->size_bytes = 0;
    message->overflow = message->failed = false;
}

void jj_message_clear(jj_message *message)
{
    jj_message_empty(message);
    free(message->frames);
    *message = (jj_message){0};
}

const char *jj_message_user(const jj_message *message)
{
    return message->count > 1 ? zmq_msg_gets(frame_at(message, 1), "User-Id") : NULL;
}

/* Whether a connection is one of those that this socket has accepted. */
static bool is_of(const jj_socket *socket, int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ip;
        struct sockaddr_in6 ip6;
        struct sockaddr_un local;
    } name = {0};
    socklen_t size = sizeof name;
    char end[sizeof name.local.sun_path + 8]; /* of the endpoint's line */
    if (getsockname(fd, &name.any, &size)) {
        return false;
    }
    if (name.any.sa_family == AF_UNIX) {
        snprintf(end, sizeof end, "ipc://%s\n", name.local.sun_path);
    } else {
        in_port_t port = name.any.sa_family == AF_INET6 ? name.ip6.sin6_port : name.ip.sin_port;
        snprintf(end, sizeof end, ":%u\n", (unsigned)ntohs(port));
    }
    return socket->bound.data && strstr(socket->bound.data, end);
}

void jj_message_cut_off(const jj_message *message, const jj_socket *socket)
{
    int fd = message->count ? zmq_msg_get(frame_at(message, message->count - 1), ZMQ_SRCFD) : -1;
    if (fd >= 0 && is_of(socket, fd)) {
        shutdown(fd, SHUT_RDWR); /* libzmq, whose it is, notices and cleans up */
    }
}

/* A signal between two frames must end neither: what is left of the message would be taken for a
 * message of its own. */
static int receive_frame(jj_socket *socket, zmq_msg_t *frame)
{
    int rc;
    do {
        rc = zmq_msg_recv(frame, socket->handle, ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc < 0 ? (zmq_errno() == EAGAIN ? JJ_ETIMEOUT : JJ_ESYSTEM) : 0;
}

int jj_socket_receive(jj_socket *socket, jj_message *message)
{
    bool no_memory = false;
    jj_message_empty(message);
    for (;;) {
        zmq_msg_t surplus = {{0}};
        bool full = message->count == JJ_FRAMES_MAX || message->size_bytes > JJ_MESSAGE_MAX;
        zmq_msg_t *frame = full || no_memory ? NULL : jj_message_next(message);
        no_memory = no_memory || (!frame && !full);
        message->overflow = message->overflow || full;
        /* What has no room is taken off the socket all the same. */
        zmq_msg_t *into = frame ? frame : &surplus;
        zmq_msg_init(into);
        int rc = receive_frame(socket, into);
        bool more = rc == 0 && zmq_msg_more(into);
        if (frame && rc == 0) {
            message->count++;
            message->size_bytes += zmq_msg_size(frame);
        } else {
            zmq_msg_close(into);
        }
        if (rc) {
            message->overflow = false;
            return rc;
        }
        if (!more) {
            return no_memory ? JJ_EMEMORY : 0;
        }
    }
}

static int send_frame(jj_socket *socket, zmq_msg_t *frame, bool more)
{
    int rc;
    do {
        rc = zmq_msg_send(frame, socket->handle, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc < 0 ? JJ_ETIMEOUT : 0;
}

int jj_socket_send(jj_socket *socket, jj_message *message)
{
    int rc = message->failed ? JJ_EMEMORY : 0;
    for (size_t i = 0; i < message->count && rc == 0; i++) {
        rc = send_frame(socket, frame_at(message, i), i + 1 < message->count);
    }
    jj_message_empty(message);
    return rc;
}
