/* The bell: one publisher for this machine, and one for agencies, which speaks CURVE. */
#include "hub/internal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define HEARTBEAT_TOPIC   "bell/"
#define REOPEN_TRIES      20
#define REOPEN_PAUSE_MS   5
#define STRANGE_MAX       1000 /* topics that cannot ring: of a newer catalogue, or misspelt */
#define SUBSCRIPTIONS_MAX 256  /* in one turn */

/* ---- Sockets ------------------------------------------------------------------------------ */

/* Binds a bell to those endpoints of the configuration that are outer ones, or to the others. */
static int bind_all(const jj_hub *hub, const jj_hub_bell *bell, bool outer, jj_error *err)
{
    const jj_words *endpoints = &hub->config->hub.bell;
    int rc = 0;
    for (size_t i = 0; i < endpoints->count && rc == 0; i++) {
        if (jj_endpoint_is_outer(endpoints->list[i]) == outer) {
            rc = jj_socket_bind(bell->socket, endpoints->list[i], err);
        }
    }
    return rc;
}

static void close_one(jj_hub_bell *bell)
{
    jj_porch_close(bell->porch);
    jj_socket_close(bell->socket);
    *bell = (jj_hub_bell){0};
}

static bool has_outer(const jj_hub *hub)
{
    const jj_words *endpoints = &hub->config->hub.bell;
    for (size_t i = 0; i < endpoints->count; i++) {
        if (jj_endpoint_is_outer(endpoints->list[i])) {
            return true;
        }
    }
    return false;
}

static int open_outer(jj_hub *hub, jj_error *err)
{
    const jj_door_options options = jj_hub_curve(hub);
    jj_hub_bell *bell = &hub->outer_bell;
    int rc = jj_socket_publisher(&bell->socket, hub->wire, &options, err);
    rc = rc ? rc : jj_porch_open(&bell->porch, hub->wire, bell->socket, err);
    rc = rc ? rc : bind_all(hub, bell, true, err);
    if (rc) {
        close_one(bell);
    }
    return rc;
}

static int try_strangers(jj_hub *hub, jj_error *err)
{
    const jj_words *endpoints = &hub->config->hub.bell;
    int rc = 0;
    for (size_t i = 0; i < endpoints->count && rc == 0; i++) {
        if (jj_endpoint_is_outer(endpoints->list[i])) {
            rc = jj_hub_try_stranger(hub, endpoints->list[i], true, err);
        }
    }
    return rc;
}

int jj_hub_open_bell(jj_hub *hub, jj_error *err)
{
    const jj_door_options open = {.door = JJ_DOOR_OPEN};
    int rc = jj_socket_publisher(&hub->bell.socket, hub->wire, &open, err);
    rc = rc ? rc : jj_socket_bind(hub->bell.socket, hub->config->hub.bell_endpoint, err);
    rc = rc ? rc : bind_all(hub, &hub->bell, false, err);
    if (rc == 0 && has_outer(hub)) {
        rc = open_outer(hub, err);
        rc = rc ? rc : try_strangers(hub, err);
    }
    return rc;
}

void jj_hub_close_bell(jj_hub *hub)
{
    close_one(&hub->bell);
    close_one(&hub->outer_bell);
}

/* A publisher cannot drop one of its listeners. libzmq gives the port back a moment after the
 * close: until then the heartbeat tries again. */
void jj_hub_renew_bell(jj_hub *hub)
{
    jj_error err;
    if (has_outer(hub)) {
        close_one(&hub->outer_bell);
        for (int i = 0; i < REOPEN_TRIES && open_outer(hub, &err); i++) {
            poll(NULL, 0, REOPEN_PAUSE_MS);
        }
    }
}

static void reopen(jj_hub *hub)
{
    jj_error err;
    if (!hub->outer_bell.socket && has_outer(hub) && open_outer(hub, &err) &&
        jj_throttle_pass(&hub->bell_trouble, 60000, NULL)) {
        jj_log_error(JJ_ERROR, "agencies do not hear the bell; trying again every second", &err);
    }
}

/* ---- Subscriptions ------------------------------------------------------------------------ */

static bool is_prefix(jj_bytes topic, const char *text, size_t length)
{
    size_t size = topic.size_bytes < length ? topic.size_bytes : length;
    return memcmp(topic.data, text, size) == 0;
}

/* True for the beginning of a topic "type/region/" that may ring. */
static bool can_ring(const jj_hub *hub, jj_bytes topic)
{
    static const char region[] = "00.00/";
    for (size_t i = 0; i < jj_catalogue_count(hub->catalogue); i++) {
        const char *name = jj_catalogue_at(hub->catalogue, i)->name;
        size_t length = strlen(name);
        if (!is_prefix(topic, name, length)) {
            continue;
        }
        bool good = topic.size_bytes <= length || topic.data[length] == '/';
        for (size_t at = length + 1; at < topic.size_bytes && good; at++) {
            size_t place = at - length - 1;
            char c = topic.data[at];
            good = place < sizeof region - 1 &&
                   (region[place] == '0' ? c >= '0' && c <= '9'
                                         : c == region[place] || (place == 2 && c == '/'));
        }
        if (good) {
            return true;
        }
    }
    return is_prefix(topic, HEARTBEAT_TOPIC, sizeof HEARTBEAT_TOPIC - 1);
}

/* A subscription arrives once for each topic, however many listen: the count says whether anybody
 * does. libzmq keeps each, at fifty times its size: who asks for many that cannot ring is cut off,
 * and what it asked for is forgotten with its connection. */
static void serve_one(const jj_hub *hub, jj_hub_bell *bell)
{
    jj_message message = {0};
    for (int i = 0; i < SUBSCRIPTIONS_MAX && bell->socket; i++) {
        if (jj_socket_receive(bell->socket, &message)) {
            break;
        }
        jj_bytes topic = jj_message_frame(&message, 0);
        bool heartbeat = topic.size_bytes == sizeof HEARTBEAT_TOPIC &&
                         memcmp(topic.data + 1, HEARTBEAT_TOPIC, topic.size_bytes - 1) == 0;
        if (topic.size_bytes < 1 || heartbeat) {
            continue;
        }
        bool strange = !can_ring(hub, (jj_bytes){topic.data + 1, topic.size_bytes - 1});
        if (topic.data[0] == 1) {
            bell->topics++;
            bell->strange += strange;
            if (strange && bell->strange > STRANGE_MAX) {
                jj_message_cut_off(&message, bell->socket);
            }
        } else if (topic.data[0] == 0 && bell->topics) {
            bell->topics--;
            bell->strange -= strange && bell->strange;
        }
    }
    jj_message_clear(&message);
}

void jj_hub_serve_bell(jj_hub *hub)
{
    serve_one(hub, &hub->bell);
    serve_one(hub, &hub->outer_bell);
}

/* ---- Ringing ------------------------------------------------------------------------------ */

static void ring_at(const jj_hub_bell *bell, const char *topic, const char *text, size_t size_bytes)
{
    jj_message message = {0};
    if (bell->socket && jj_message_add_z(&message, topic) == 0 &&
        jj_message_add(&message, text, size_bytes) == 0) {
        jj_socket_send(bell->socket, &message);
    }
    jj_message_clear(&message);
}

static void add_attribute(jj_buf *out, const jj_member *member)
{
    jj_buf_putc(out, out->size > 1 ? ',' : '{');
    jj_buf_putc(out, '"');
    jj_buf_add(out, member->name.at, member->name.size_bytes);
    jj_buf_puts(out, "\":");
    jj_buf_add(out, member->value.at, member->value.size_bytes);
}

/* What the bell may say of an event: that it happened, where, of what type. Never about whom, and
 * no attribute that somebody made up. */
static void write_bell(const jj_record *record, jj_buf *out)
{
    static const char *const told[] = {"specversion", "id",     "source",       "type",
                                       "time",        "region", "recordedtime", NULL};
    jj_members walk;
    jj_member member;
    for (jj_members_start(&walk, record->text); jj_members_next(&walk, &member);) {
        for (size_t i = 0; told[i]; i++) {
            if (jj_span_is(member.name, told[i])) {
                add_attribute(out, &member);
            }
        }
    }
    jj_buf_printf(out, ",\"cursor\":\"%llu\"}", (unsigned long long)record->cursor);
}

static bool ring_one(void *arg, const jj_record *record)
{
    jj_hub *hub = arg;
    char topic[2 * JJ_ATTRIBUTE_MAX];
    jj_buf text = {0};
    /* What is meant for one agency is announced to nobody else. */
    if (record->recipient[0]) {
        return true;
    }
    snprintf(topic, sizeof topic, "%s/%s/", record->type, record->region);
    write_bell(record, &text);
    if (!text.failed) {
        ring_at(&hub->bell, topic, text.data, text.size);
        ring_at(&hub->outer_bell, topic, text.data, text.size);
    }
    jj_buf_clear(&text);
    return true;
}

void jj_hub_ring(jj_hub *hub, uint64_t after)
{
    if (hub->bell.topics || hub->outer_bell.topics) {
        jj_journal_read(hub->journal, after, UINT64_MAX, true, ring_one, hub, NULL);
    }
}

void jj_hub_heartbeat(jj_hub *hub)
{
    char text[64];
    reopen(hub);
    snprintf(text, sizeof text, "{\"cursor\":\"%llu\"}",
             (unsigned long long)jj_journal_head(hub->journal));
    ring_at(&hub->bell, HEARTBEAT_TOPIC, text, strlen(text));
    ring_at(&hub->outer_bell, HEARTBEAT_TOPIC, text, strlen(text));
}
