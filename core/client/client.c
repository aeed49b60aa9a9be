#include "client/internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "wire/wire.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define TIMEOUT_MS 10000
#define CHECK_MS   100   /* how often to look for requests without an answer in time */
#define REFUSED_MS 2000  /* until the next try after a refusal */
#define DOWN_MS    15000 /* until we begin anew what libzmq did not bring about */

/* A request that waits for its answer. Its bytes are kept: they are sent again after a break. */
typedef struct request {
    struct request *next;
    uint64_t number;
    bool sent;
    int64_t again_ms; /* monotonic: sent again if there is no answer by then */
    char verb[16];
    char *options;
    size_t count;
    size_t *sizes; /* of the events, which stand in data one behind the other */
    char *data;
} request;

typedef struct answer {
    struct answer *next;
    jj_reply reply;
} answer;

struct jj_client {
    jj_wire *wire;
    jj_socket *socket, *monitor;
    char *endpoint;
    bool encrypted; /* by these, for further sockets: */
    char server_key[JJ_Z85_SIZE], public_key[JJ_Z85_SIZE], secret_key[JJ_Z85_SIZE];
    bool connected, refused;
    int64_t connect_ms; /* monotonic: when to connect anew, unless there is a connection */
    int epoll;
    int timeout_ms;
    uint64_t last_number;
    size_t pending, unsent; /* requests without an answer; of these, not under way */
    int64_t next_check_ms;  /* monotonic: when to look for requests to be sent again */
    request *first, **last; /* in the order of sending */
    answer *early;          /* answers that arrived while another one was waited for */
};

static void free_request(request *r)
{
    if (r) {
        free(r->options);
        free(r->sizes);
        free(r->data);
        free(r);
    }
}

static int watch(jj_client *client, jj_socket *socket)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(client->epoll, EPOLL_CTL_ADD, jj_socket_descriptor(socket), &event);
}

/* The socket has accepted them: they are of the right length. */
static void keep_keys(jj_client *client, const jj_client_options *options)
{
    client->encrypted = options->server_key;
    if (client->encrypted) {
        memcpy(client->server_key, options->server_key, JJ_Z85_SIZE);
        memcpy(client->public_key, options->public_key, JJ_Z85_SIZE);
        memcpy(client->secret_key, options->secret_key, JJ_Z85_SIZE);
    }
}

int jj_client_open(jj_client **client, const jj_client_options *options, jj_error *err)
{
    int rc;
    jj_client *new = calloc(1, sizeof *new);
    if (!new) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    new->epoll = -1;
    new->last = &new->first;
    new->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
    if (!options->endpoint) {
        rc = jj_fail(err, JJ_ECONFIG, "no endpoint to connect to");
        goto fail;
    }
    new->endpoint = strdup(options->endpoint);
    new->connect_ms = jj_monotonic_ms() + DOWN_MS;
    if (!new->endpoint) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
        goto fail;
    }
    if ((rc = jj_wire_open(&new->wire, err)) ||
        (rc = jj_socket_dealer(&new->socket, new->wire, options, err)) ||
        (rc = jj_socket_monitor(&new->monitor, new->wire, new->socket, err)) ||
        (rc = jj_socket_connect(new->socket, options->endpoint, err))) {
        goto fail;
    }
    new->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (new->epoll < 0 || watch(new, new->socket) || watch(new, new->monitor)) {
        rc = jj_fail_errno(err, JJ_ESYSTEM, "epoll");
        goto fail;
    }
    keep_keys(new, options);
    *client = new;
    return 0;
fail:
    jj_client_close(new);
    return rc;
}

void jj_client_close(jj_client *client)
{
    if (!client) {
        return;
    }
    for (request *r = client->first, *next; r; r = next) {
        next = r->next;
        free_request(r);
    }
    for (answer *a = client->early, *next; a; a = next) {
        next = a->next;
        jj_reply_clear(&a->reply);
        free(a);
    }
    if (client->epoll >= 0) {
        close(client->epoll);
    }
    jj_socket_close(client->monitor);
    jj_socket_close(client->socket);
    jj_wire_close(client->wire);
    free(client->endpoint);
    explicit_bzero(client->secret_key, sizeof client->secret_key);
    free(client);
}

int jj_client_listen(jj_client *client, const char *bell, const char *topic, jj_socket **socket,
                     jj_error *err)
{
    jj_client_options options = {.endpoint = bell};
    if (client->encrypted) {
        options.server_key = client->server_key;
        options.public_key = client->public_key;
        options.secret_key = client->secret_key;
    }
    return jj_socket_subscriber(socket, client->wire, &options, topic, err);
}

int jj_client_descriptor(const jj_client *client)
{
    return client->epoll;
}

size_t jj_client_pending(const jj_client *client)
{
    size_t count = client->pending;
    for (const answer *a = client->early; a; a = a->next) {
        count++;
    }
    return count;
}

/* ---- Sending ------------------------------------------------------------------------------ */

static request *new_request(const char *verb, const char *options, const jj_bytes *events,
                            size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += events[i].size_bytes;
    }
    request *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    snprintf(r->verb, sizeof r->verb, "%s", verb);
    r->options = strdup(options ? options : "{}");
    r->sizes = malloc((count + 1) * sizeof *r->sizes);
    r->data = malloc(total + 1);
    if (!r->options || !r->sizes || !r->data) {
        free_request(r);
        return NULL;
    }
    char *at = r->data;
    for (size_t i = 0; i < count; i++) {
        r->sizes[i] = events[i].size_bytes;
        at = events[i].size_bytes ? mempcpy(at, events[i].data, events[i].size_bytes) : at;
    }
    r->count = count;
    return r;
}

/* Hands a request to the socket. False: there is no connection, or no room; it stays as it is. */
static bool transmit(jj_client *client, request *r)
{
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)r->number);
    jj_message message = {0};
    int rc = jj_message_add_z(&message, JJ_PROTOCOL);
    rc = rc ? rc : jj_message_add_z(&message, r->verb);
    rc = rc ? rc : jj_message_add_z(&message, number);
    rc = rc ? rc : jj_message_add_z(&message, r->options);
    const char *at = r->data;
    for (size_t i = 0; rc == 0 && i < r->count; i++) {
        rc = jj_message_add(&message, at, r->sizes[i]);
        at += r->sizes[i];
    }
    rc = rc ? rc : jj_socket_send(client->socket, &message);
    if (rc == 0) {
        client->unsent -= !r->sent;
        r->sent = true;
        r->again_ms = jj_monotonic_ms() + client->timeout_ms;
    }
    jj_message_clear(&message);
    return rc == 0;
}

/* Sends what waits, in order: nothing overtakes a request that could not be sent. */
static void send_waiting(jj_client *client)
{
    for (request *r = client->first; r && client->unsent; r = r->next) {
        if (!r->sent && !transmit(client, r)) {
            return;
        }
    }
}

int jj_client_send(jj_client *client, const char *verb, const char *options, const jj_bytes *events,
                   size_t count, uint64_t *number, jj_error *err)
{
    if (strlen(verb) >= sizeof((request *)0)->verb) {
        return jj_fail(err, JJ_ETOO_LARGE, "no verb is as long as that");
    }
    if (count > JJ_EVENTS_MAX) {
        return jj_fail(err, JJ_ETOO_LARGE, "%zu events, at most %d go into one message", count,
                       JJ_EVENTS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (events[i].size_bytes > JJ_FRAME_MAX) {
            return jj_fail(err, JJ_ETOO_LARGE, "event %zu has %zu bytes, at most %d are allowed", i,
                           events[i].size_bytes, JJ_FRAME_MAX);
        }
    }
    if (options && strlen(options) > JJ_FRAME_MAX) {
        return jj_fail(err, JJ_ETOO_LARGE, "the options are larger than %d bytes", JJ_FRAME_MAX);
    }
    request *r = new_request(verb, options, events, count);
    if (!r) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    r->number = ++client->last_number;
    *client->last = r;
    client->last = &r->next;
    client->pending++;
    client->unsent++;
    if (client->connected && client->unsent == 1) {
        transmit(client, r);
    } else if (client->connected) {
        send_waiting(client);
    }
    *number = r->number;
    return 0;
}

static void remove_request(jj_client *client, uint64_t number)
{
    for (request **at = &client->first; *at; at = &(*at)->next) {
        request *r = *at;
        if (r->number == number) {
            *at = r->next;
            if (client->last == &r->next) {
                client->last = at;
            }
            client->pending--;
            client->unsent -= !r->sent;
            free_request(r);
            return;
        }
    }
}

void jj_client_forget(jj_client *client, uint64_t number)
{
    remove_request(client, number);
    for (answer **at = &client->early; *at; at = &(*at)->next) {
        answer *a = *at;
        if (a->reply.request == number) {
            *at = a->next;
            jj_reply_clear(&a->reply);
            free(a);
            return;
        }
    }
}

static bool is_pending(const jj_client *client, uint64_t number)
{
    for (const request *r = client->first; r; r = r->next) {
        if (r->number == number) {
            return true;
        }
    }
    return false;
}

/* ---- Receiving ---------------------------------------------------------------------------- */

/* The answer to a request that waits for one. False: it is none. */
static bool take(jj_client *client, jj_message *message, jj_reply *reply)
{
    uint64_t number;
    if (!jj_reply_number(message, &number) || !is_pending(client, number) ||
        !jj_reply_take(message, number, reply)) {
        return false;
    }
    remove_request(client, number);
    return true;
}

static void note_link(jj_client *client, enum jj_link link)
{
    client->connected = link == JJ_LINK_UP;
    /* Who is refused is cut off, too, and that is told behind it. */
    client->refused = link == JJ_LINK_REFUSED || (link == JJ_LINK_DOWN && client->refused);
    if (client->connected) {
        return;
    }
    client->connect_ms = jj_monotonic_ms() + (client->refused ? REFUSED_MS : DOWN_MS);
    for (request *r = client->first; r; r = r->next) {
        r->sent = false;
    }
    client->unsent = client->pending;
}

static void connect_anew(jj_client *client)
{
    int64_t now_ms = jj_monotonic_ms();
    if (now_ms >= client->connect_ms) {
        client->connect_ms = now_ms + DOWN_MS;
        jj_socket_reconnect(client->socket, client->endpoint, NULL);
    }
}

/* Follows the connection, and sends what has to be sent (again). */
static void service(jj_client *client)
{
    enum jj_link link;
    while ((link = jj_socket_event(client->monitor)) != JJ_LINK_NONE) {
        note_link(client, link);
    }
    if (!client->connected) {
        connect_anew(client);
        return;
    }
    send_waiting(client);
    int64_t now_ms = jj_monotonic_ms();
    if (now_ms < client->next_check_ms) {
        return;
    }
    client->next_check_ms =
        now_ms + (client->timeout_ms < CHECK_MS ? client->timeout_ms : CHECK_MS);
    for (request *r = client->first; r; r = r->next) {
        if (r->sent && now_ms >= r->again_ms) {
            transmit(client, r);
        }
    }
}

static bool receive_now(jj_client *client, jj_reply *reply)
{
    jj_message message = {0};
    bool got = false;
    while (!got && jj_socket_receive(client->socket, &message) == 0) {
        got = take(client, &message, reply);
    }
    jj_message_clear(&message);
    return got;
}

static int no_answer(const jj_client *client, jj_error *err)
{
    if (client->refused) {
        return jj_fail(err, JJ_EUNAUTHORISED, "the hub does not know this key");
    }
    return jj_fail(err, JJ_ETIMEOUT, "%s",
                   client->connected ? "no answer in time" : "no connection to the hub");
}

static int receive(jj_client *client, jj_reply *reply, int wait_ms, jj_error *err)
{
    int64_t deadline_ms = jj_monotonic_ms() + wait_ms;
    /* Looks up now and then: a request may have to be sent again. */
    const long step_ms = client->timeout_ms < 1000 ? client->timeout_ms : 1000;
    for (;;) {
        service(client);
        if (receive_now(client, reply)) {
            return 0;
        }
        int64_t left_ms = wait_ms < 0 ? step_ms : deadline_ms - jj_monotonic_ms();
        if (left_ms <= 0) {
            return no_answer(client, err);
        }
        jj_poll items[] = {{.socket = client->socket, .events = POLLIN},
                           {.socket = client->monitor, .events = POLLIN}};
        jj_wire_poll(items, 2, left_ms > step_ms ? step_ms : (long)left_ms);
    }
}

int jj_client_receive(jj_client *client, jj_reply *reply, int wait_ms, jj_error *err)
{
    answer *early = client->early;
    if (early) {
        client->early = early->next;
        *reply = early->reply;
        free(early);
        return 0;
    }
    return receive(client, reply, wait_ms, err);
}

/* Keeps an answer that somebody else will ask for, behind those that came before it. */
static void keep(jj_client *client, jj_reply *reply)
{
    answer *kept = malloc(sizeof *kept);
    if (!kept) {
        jj_reply_clear(reply);
        return;
    }
    *kept = (answer){NULL, *reply};
    answer **end = &client->early;
    while (*end) {
        end = &(*end)->next;
    }
    *end = kept;
}

/* The answer if it came while another one was waited for. */
static bool take_early(jj_client *client, uint64_t number, jj_reply *reply)
{
    for (answer **at = &client->early; *at; at = &(*at)->next) {
        answer *a = *at;
        if (a->reply.request == number) {
            *reply = a->reply;
            *at = a->next;
            free(a);
            return true;
        }
    }
    return false;
}

int jj_client_timeout_ms(const jj_client *client)
{
    return client->timeout_ms;
}

int jj_client_await(jj_client *client, uint64_t number, int wait_ms, jj_reply *reply, jj_error *err)
{
    int64_t deadline_ms = jj_monotonic_ms() + wait_ms;
    if (take_early(client, number, reply)) {
        return 0;
    }
    for (;;) {
        jj_reply got = {0};
        int64_t left_ms = deadline_ms - jj_monotonic_ms();
        int rc = receive(client, &got, left_ms > 0 ? (int)left_ms : 0, err);
        if (rc) {
            return rc;
        }
        if (got.request == number) {
            *reply = got;
            return 0;
        }
        keep(client, &got);
    }
}

int jj_client_request(jj_client *client, const char *verb, const char *options,
                      const jj_bytes *events, size_t count, jj_reply *reply, jj_error *err)
{
    uint64_t number;
    jj_reply got = {0};
    int rc = jj_client_send(client, verb, options, events, count, &number, err);
    if (rc) {
        return rc;
    }
    rc = jj_client_await(client, number, client->timeout_ms, &got, err);
    if (rc) {
        jj_client_forget(client, number);
        return rc;
    }
    if (got.code) {
        rc = jj_reply_error(&got, err);
        jj_reply_clear(&got);
        return rc;
    }
    *reply = got;
    return 0;
}
