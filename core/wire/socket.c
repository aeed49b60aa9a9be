#include "wire/internal.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93 /* there since 4.3.0, but not in the stable zmq.h */
#endif

#define LINGER_MS     1000
#define HANDSHAKE_MS  3000
#define IDLE_S        15 /* after so much silence the kernel asks whether the peer is still there, */
#define ASK_S         5  /* again so often, */
#define ASK_TIMES     3  /* and gives the connection up after so many questions without an answer */
#define UNHEARD_MS    30000 /* what was sent and not received by the peer's kernel: the same */
#define RECONNECT_MS  50    /* first pause; doubles to: */
#define RECONNECT_MAX 5000
#define HIGH_WATER    4000         /* messages queued for one peer before they are dropped */
#define SEND_BUFFER   (256 * 1024) /* of one connection at a door, in the kernel */
#define TOPIC_FRAME   1024         /* bytes: also of the largest one of a handshake */
#define DOOR_WATER    32 /* messages of one peer that wait at a door; the rest waits at the peer */

int jj_wire_open(jj_wire **wire, jj_error *err)
{
    jj_wire *new = calloc(1, sizeof *new);
    if (!new || !(new->context = zmq_ctx_new())) {
        free(new);
        return jj_fail(err, JJ_EMEMORY, "cannot make a ZeroMQ context");
    }
    zmq_ctx_set(new->context, ZMQ_MAX_SOCKETS, 4096);
    *wire = new;
    return 0;
}

void jj_wire_close(jj_wire *wire)
{
    if (wire) {
        zmq_ctx_term(wire->context);
        free(wire);
    }
}

static int fail_zmq(jj_error *err, const char *what, const char *endpoint)
{
    const char *why = zmq_strerror(zmq_errno());
    return endpoint ? jj_fail(err, JJ_ESYSTEM, "cannot %s %s: %s", what, endpoint, why)
                    : jj_fail(err, JJ_ESYSTEM, "cannot %s: %s", what, why);
}

static void set_int(jj_socket *socket, int option, int value)
{
    int rc = zmq_setsockopt(socket->handle, option, &value, sizeof value);
    assert(rc == 0);
    (void)rc;
}

/* libzmq takes no address in brackets without it. Only for those: with it "*" would be two things.
 */
static void allow_ipv6(jj_socket *socket, const char *endpoint)
{
    if (strncmp(endpoint, "tcp://[", 7) == 0) {
        set_int(socket, ZMQ_IPV6, 1);
    }
}

/* The kernel looks after connections, not libzmq's heartbeats: where a peer has more messages
 * waiting than our high water mark and then goes away, libzmq 4.3.4 ends the process at the next
 * heartbeat that it sends, or that it finds among what the peer had sent
 * ("Assertion failed: !_io_error"). So nobody here sends any. */
static void keep_alive(jj_socket *socket)
{
    set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
    set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, IDLE_S);
    set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, ASK_S);
    set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, ASK_TIMES);
    set_int(socket, ZMQ_TCP_MAXRT, UNHEARD_MS);
}

static int open_socket(jj_socket **socket, jj_wire *wire, int type, jj_error *err)
{
    jj_socket *new = calloc(1, sizeof *new);
    if (!new) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    new->handle = zmq_socket(wire->context, type);
    if (!new->handle) {
        free(new);
        return fail_zmq(err, "make a ZeroMQ socket", NULL);
    }
    /* A frame somewhat beyond the limit is still answered with `too_large`; from here on libzmq
     * ends the connection without a word. */
    int64_t frame_max = 2 * JJ_FRAME_MAX;
    zmq_setsockopt(new->handle, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max);
    set_int(new, ZMQ_LINGER, LINGER_MS);
    set_int(new, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
    keep_alive(new);
    set_int(new, ZMQ_SNDHWM, HIGH_WATER);
    /* A message may be of many megabytes, and whoever sends them must not fill our memory. */
    set_int(new, ZMQ_RCVHWM, type == ZMQ_ROUTER ? DOOR_WATER : HIGH_WATER);
    *socket = new;
    return 0;
}

void jj_socket_close(jj_socket *socket)
{
    if (socket) {
        /* An event for a monitor that is no longer there would block the thread that does all of
         * the context's input and output, for ever. */
        if (socket->watched) {
            zmq_socket_monitor(socket->watched, NULL, 0);
        }
        zmq_close(socket->handle);
        jj_buf_clear(&socket->bound);
        free(socket);
    }
}

/* libzmq reads 41 bytes whatever the text's length is. */
static int set_key(jj_socket *socket, int option, const char *z85)
{
    return !z85 || strlen(z85) != JJ_Z85_SIZE - 1 ||
           zmq_setsockopt(socket->handle, option, z85, JJ_Z85_SIZE);
}

static int set_door(jj_socket *socket, const jj_door_options *options, jj_error *err)
{
    if (options->door == JJ_DOOR_OPEN) {
        return 0;
    }
    /* Without a domain that is enforced libzmq lets anybody in where no handler answers. */
    zmq_setsockopt(socket->handle, ZMQ_ZAP_DOMAIN, options->domain, strlen(options->domain));
    set_int(socket, ZMQ_ZAP_ENFORCE_DOMAIN, 1);
    if (options->door == JJ_DOOR_PLAIN) {
        set_int(socket, ZMQ_PLAIN_SERVER, 1);
        return 0;
    }
    set_int(socket, ZMQ_CURVE_SERVER, 1);
    if (set_key(socket, ZMQ_CURVE_SECRETKEY, options->secret_key)) {
        return jj_fail(err, JJ_ECONFIG, "the server's secret key is not a CURVE key in Z85");
    }
    return 0;
}

/* libzmq removes whatever file has the socket's name, a journal that was named by mistake, too. */
static bool is_foreign_file(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode);
}

int jj_socket_bind(jj_socket *socket, const char *endpoint, jj_error *err)
{
    bool is_ipc = strncmp(endpoint, "ipc://", 6) == 0;
    if (is_ipc && is_foreign_file(endpoint + 6)) {
        return jj_fail(err, JJ_ESYSTEM,
                       "cannot listen at %s: something else than a socket is there", endpoint);
    }
    if (!jj_buf_reserve(&socket->bound, strlen(endpoint) + 1)) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    /* Who may open the file is the only door of an ipc socket: it is closed from its birth. */
    mode_t before = is_ipc ? umask(0177) : 0;
    allow_ipv6(socket, endpoint);
    int rc = zmq_bind(socket->handle, endpoint);
    if (is_ipc) {
        umask(before);
    }
    if (rc && zmq_errno() == EADDRINUSE) {
        return jj_fail(err, JJ_ESYSTEM,
                       "another program listens at %s already (`ss -lntxp` names it)", endpoint);
    }
    if (rc) {
        return fail_zmq(err, "listen at", endpoint);
    }
    jj_buf_puts(&socket->bound, endpoint); /* there is room for both */
    jj_buf_putc(&socket->bound, '\n');
    return 0;
}

int jj_socket_router(jj_socket **socket, jj_wire *wire, const char *endpoint,
                     const jj_door_options *options, jj_error *err)
{
    jj_socket *new = NULL;
    int rc = open_socket(&new, wire, ZMQ_ROUTER, err);
    if (rc) {
        return rc;
    }
    set_int(new, ZMQ_ROUTER_MANDATORY, 1);
    set_int(new, ZMQ_ROUTER_HANDOVER, 0);
    /* The kernel would give each who does not read some megabytes, and we fill them. */
    set_int(new, ZMQ_SNDBUF, SEND_BUFFER);
    if ((rc = set_door(new, options, err)) || (rc = jj_socket_bind(new, endpoint, err))) {
        jj_socket_close(new);
        return rc;
    }
    *socket = new;
    return 0;
}

int jj_socket_publisher(jj_socket **socket, jj_wire *wire, const jj_door_options *options,
                        jj_error *err)
{
    jj_socket *new = NULL;
    int rc = open_socket(&new, wire, ZMQ_XPUB, err);
    if (rc == 0) {
        /* What comes in are subscriptions, which libzmq takes by itself and keeps for as long as
         * their connection lasts. */
        int64_t topic_max = TOPIC_FRAME;
        zmq_setsockopt(new->handle, ZMQ_MAXMSGSIZE, &topic_max, sizeof topic_max);
        set_int(new, ZMQ_RCVHWM, DOOR_WATER);
    }
    if (rc == 0 && (rc = set_door(new, options, err))) {
        jj_socket_close(new);
    }
    if (rc == 0) {
        *socket = new;
    }
    return rc;
}

int jj_socket_zap(jj_socket **socket, jj_wire *wire, jj_error *err)
{
    jj_socket *new = NULL;
    int rc = open_socket(&new, wire, ZMQ_REP, err);
    if (rc == 0 && (rc = jj_socket_bind(new, "inproc://zeromq.zap.01", err))) {
        jj_socket_close(new);
    }
    if (rc == 0) {
        *socket = new;
    }
    return rc;
}

static int set_credentials(jj_socket *socket, const jj_client_options *options, jj_error *err)
{
    void *handle = socket->handle;
    const char *user = options->plain_user, *password = options->plain_password;
    if (user && (!password || zmq_setsockopt(handle, ZMQ_PLAIN_USERNAME, user, strlen(user)) ||
                 zmq_setsockopt(handle, ZMQ_PLAIN_PASSWORD, password, strlen(password)))) {
        return jj_fail(err, JJ_ECONFIG, "a name and a password of 1 to 255 bytes are expected");
    }
    if (!options->server_key) {
        return 0;
    }
    if (!options->public_key || !options->secret_key) {
        return jj_fail(err, JJ_ECONFIG, "a server key needs a key pair of our own beside it");
    }
    if (set_key(socket, ZMQ_CURVE_SERVERKEY, options->server_key) ||
        set_key(socket, ZMQ_CURVE_PUBLICKEY, options->public_key) ||
        set_key(socket, ZMQ_CURVE_SECRETKEY, options->secret_key)) {
        return jj_fail(err, JJ_ECONFIG, "not a CURVE key: 40 characters of Z85 are expected");
    }
    return 0;
}

static int open_client(jj_socket **socket, jj_wire *wire, int type,
                       const jj_client_options *options, const char *topic, jj_error *err)
{
    jj_socket *new = NULL;
    int rc = open_socket(&new, wire, type, err);
    if (rc) {
        return rc;
    }
    set_int(new, ZMQ_RECONNECT_IVL, RECONNECT_MS);
    set_int(new, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX);
    /* What waits for a connection waits in the client, which sends it again by itself. Not for a
     * subscriber: libzmq 4.3.4 would never send its subscriptions. */
    set_int(new, ZMQ_IMMEDIATE, type != ZMQ_SUB);
    if (topic) {
        zmq_setsockopt(new->handle, ZMQ_SUBSCRIBE, topic, strlen(topic));
    }
    rc = set_credentials(new, options, err);
    if (rc) {
        jj_socket_close(new);
        return rc;
    }
    *socket = new;
    return 0;
}

static int connect_to(jj_socket **socket, const char *endpoint, jj_error *err)
{
    allow_ipv6(*socket, endpoint);
    if (zmq_connect((*socket)->handle, endpoint) == 0) {
        return 0;
    }
    int rc = fail_zmq(err, "connect to", endpoint);
    jj_socket_close(*socket);
    *socket = NULL;
    return rc;
}

int jj_socket_dealer(jj_socket **socket, jj_wire *wire, const jj_client_options *options,
                     jj_error *err)
{
    return open_client(socket, wire, ZMQ_DEALER, options, NULL, err);
}

int jj_socket_connect(jj_socket *socket, const char *endpoint, jj_error *err)
{
    allow_ipv6(socket, endpoint);
    return zmq_connect(socket->handle, endpoint) ? fail_zmq(err, "connect to", endpoint) : 0;
}

int jj_socket_reconnect(jj_socket *socket, const char *endpoint, jj_error *err)
{
    zmq_disconnect(socket->handle, endpoint); /* an error: it is not connected, which is the aim */
    return jj_socket_connect(socket, endpoint, err);
}

int jj_socket_subscriber(jj_socket **socket, jj_wire *wire, const jj_client_options *options,
                         const char *topic, jj_error *err)
{
    jj_socket *new = NULL;
    int rc = open_client(&new, wire, ZMQ_SUB, options, topic, err);
    if (rc == 0 && (rc = connect_to(&new, options->endpoint, err)) == 0) {
        *socket = new;
    }
    return rc;
}

void jj_socket_subscribe(jj_socket *socket, const char *topic)
{
    zmq_setsockopt(socket->handle, ZMQ_SUBSCRIBE, topic, strlen(topic));
}

int jj_socket_watch(jj_socket **monitor, jj_wire *wire, jj_socket *watched, int events,
                    jj_error *err)
{
    char address[64];
    snprintf(address, sizeof address, "inproc://monitor-%u", wire->watched++);
    if (zmq_socket_monitor(watched->handle, address, events)) {
        return fail_zmq(err, "watch a socket", NULL);
    }
    jj_socket *new = NULL;
    int rc = open_socket(&new, wire, ZMQ_PAIR, err);
    if (rc == 0) {
        /* Of bounded events the next one would block the thread that does all input and output. */
        set_int(new, ZMQ_RCVHWM, 0);
        rc = connect_to(&new, address, err);
    }
    if (rc == 0) {
        new->watched = watched->handle;
        *monitor = new;
    } else {
        zmq_socket_monitor(watched->handle, NULL, 0);
    }
    return rc;
}

bool jj_socket_change_next(jj_socket *monitor, jj_socket_change *change)
{
    jj_message message = {0};
    bool got = false;
    while (!got && jj_socket_receive(monitor, &message) == 0) {
        uint16_t event;
        int32_t value;
        jj_bytes head = jj_message_frame(&message, 0);
        if (head.size_bytes == sizeof event + sizeof value) {
            memcpy(&event, head.data, sizeof event);
            memcpy(&value, head.data + sizeof event, sizeof value);
            *change = (jj_socket_change){event, value};
            got = true;
        }
    }
    jj_message_clear(&message);
    return got;
}

int jj_socket_monitor(jj_socket **monitor, jj_wire *wire, jj_socket *watched, jj_error *err)
{
    int events =
        ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    return jj_socket_watch(monitor, wire, watched, events, err);
}

enum jj_link jj_socket_event(jj_socket *monitor)
{
    jj_socket_change change;
    if (!jj_socket_change_next(monitor, &change)) {
        return JJ_LINK_NONE;
    }
    return change.event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED     ? JJ_LINK_UP
           : change.event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ? JJ_LINK_REFUSED
                                                             : JJ_LINK_DOWN;
}

int jj_wire_poll(jj_poll *items, size_t count, long timeout_ms)
{
    zmq_pollitem_t list[JJ_POLL_MAX];
    assert(count <= JJ_POLL_MAX);
    for (size_t i = 0; i < count; i++) {
        short events = 0;
        events |= items[i].events & POLLIN ? ZMQ_POLLIN : 0;
        events |= items[i].events & POLLOUT ? ZMQ_POLLOUT : 0;
        list[i] = (zmq_pollitem_t){items[i].socket ? items[i].socket->handle : NULL, items[i].fd,
                                   events, 0};
    }
    int ready = zmq_poll(list, (int)count, timeout_ms);
    for (size_t i = 0; i < count; i++) {
        short revents = ready > 0 ? list[i].revents : 0;
        items[i].revents = 0;
        items[i].revents |= revents & ZMQ_POLLIN ? POLLIN : 0;
        items[i].revents |= revents & ZMQ_POLLOUT ? POLLOUT : 0;
        items[i].revents |= revents & ZMQ_POLLERR ? POLLERR : 0;
    }
    return ready > 0 ? ready : 0;
}

int jj_socket_descriptor(const jj_socket *socket)
{
    int fd = -1;
    size_t size = sizeof fd;
    zmq_getsockopt(socket->handle, ZMQ_FD, &fd, &size);
    return fd;
}

void jj_reachable(const char *endpoint, char *out, size_t size_bytes)
{
    const char *colon = strrchr(endpoint, ':');
    bool everywhere = strncmp(endpoint, "tcp://*:", 8) == 0 ||
                      strncmp(endpoint, "tcp://0.0.0.0:", 14) == 0 ||
                      strncmp(endpoint, "tcp://[::]:", 11) == 0;
    if (everywhere && colon) {
        snprintf(out, size_bytes, "tcp://127.0.0.1%s", colon);
    } else {
        snprintf(out, size_bytes, "%s", endpoint);
    }
}
