/* The porch: a list of connections in the order in which they came, kept by libzmq's monitor. */
#include "wire/porch.h"

#include "wire/internal.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What a client has sent by the time it is through (RFC 23 and 26): the greeting of 64 bytes, HELLO
 * of 202, INITIATE of more than 250. Who is not through cannot send as much: whatever does not fit
 * into the handshake ends it. */
#define THROUGH_BYTES (64 + 202 + 250)

typedef struct visitor {
    int fd;
    uint64_t cookie; /* of the socket, which descriptors are given to one after the other */
} visitor;

struct jj_porch {
    jj_socket *monitor;
    visitor *visitors; /* the one who came first at the front */
    size_t count, capacity;
};

int jj_porch_open(jj_porch **porch, jj_wire *wire, jj_socket *door, jj_error *err)
{
    jj_porch *new = calloc(1, sizeof *new);
    if (!new) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    int rc = jj_socket_watch(&new->monitor, wire, door, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED,
                             err);
    if (rc) {
        free(new);
        return rc;
    }
    *porch = new;
    return 0;
}

void jj_porch_close(jj_porch *porch)
{
    if (porch) {
        jj_socket_close(porch->monitor);
        free(porch->visitors);
        free(porch);
    }
}

jj_socket *jj_porch_socket(const jj_porch *porch)
{
    return porch ? porch->monitor : NULL;
}

static bool read_cookie(int fd, uint64_t *cookie)
{
    socklen_t size = sizeof *cookie;
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &size) == 0;
}

static bool is_through(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
           info.tcpi_bytes_received >= THROUGH_BYTES;
}

static void forget(jj_porch *porch, size_t at)
{
    porch->count--;
    memmove(porch->visitors + at, porch->visitors + at + 1,
            (porch->count - at) * sizeof *porch->visitors);
}

static void left(jj_porch *porch, int fd)
{
    for (size_t i = 0; i < porch->count; i++) {
        if (porch->visitors[i].fd == fd) {
            forget(porch, i);
            return;
        }
    }
}

/* Without memory for one more, nobody watches him: the time for a handshake still ends. */
static void came(jj_porch *porch, int fd)
{
    visitor new = {.fd = fd};
    if (porch->count == porch->capacity) {
        size_t capacity = porch->capacity ? 2 * porch->capacity : 64;
        visitor *visitors = realloc(porch->visitors, capacity * sizeof *visitors);
        if (!visitors) {
            return;
        }
        porch->visitors = visitors;
        porch->capacity = capacity;
    }
    if (read_cookie(fd, &new.cookie)) {
        porch->visitors[porch->count++] = new;
    }
}

static void end_first(jj_porch *porch)
{
    uint64_t cookie;
    visitor first = porch->visitors[0];
    forget(porch, 0);
    if (read_cookie(first.fd, &cookie) && cookie == first.cookie && !is_through(first.fd)) {
        shutdown(first.fd, SHUT_RDWR); /* libzmq, whose it is, notices and cleans up */
    }
}

void jj_porch_serve(jj_porch *porch, size_t places)
{
    jj_socket_change change;
    while (porch && jj_socket_change_next(porch->monitor, &change)) {
        left(porch, change.value); /* also if it came: an older one of that descriptor is gone */
        if (change.event == ZMQ_EVENT_ACCEPTED) {
            came(porch, change.value);
        }
    }
    while (porch && porch->count > places) {
        end_first(porch);
    }
}
