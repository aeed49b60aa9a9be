/* The sockets at which requests arrive, and the judge of who may connect (ZAP, RFC 27). */
#include "hub/internal.h"

#include "base/clock.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PLUGIN_DOMAIN "jejaring-plugins"
#define AGENCY_DOMAIN "jejaring-agencies"
#define SELF_TEST_MS  3000
/* Who stands at a CURVE door and is not through: so many, and so many for each agency, all of which
 * may come back at once. */
#define PORCH_PLACES        64
#define PORCH_AGENCY_PLACES 2

/* ---- ZAP ---------------------------------------------------------------------------------- */

static bool is_text(jj_bytes bytes, const char *text)
{
    return bytes.size_bytes == strlen(text) && memcmp(bytes.data, text, bytes.size_bytes) == 0;
}

static bool token_matches(const jj_plugin_identity *plugin, jj_bytes password)
{
    size_t length = strlen(plugin->token);
    return length == password.size_bytes &&
           sodium_memcmp(plugin->token, password.data, length) == 0;
}

static const jj_rights *judge_plugin(const jj_hub *hub, const jj_message *request)
{
    char name[128];
    jj_bytes user = jj_message_frame(request, 6);
    if (request->count != 8 || user.size_bytes >= sizeof name) {
        return NULL;
    }
    memcpy(name, user.data, user.size_bytes);
    name[user.size_bytes] = '\0';
    bool whole = strlen(name) == user.size_bytes;
    const jj_plugin_identity *plugin = whole ? jj_hub_plugin(hub, name) : NULL;
    bool right = plugin && token_matches(plugin, jj_message_frame(request, 7));
    return right ? &plugin->rights : NULL;
}

static const jj_rights *judge_agency(const jj_hub *hub, const jj_message *request)
{
    char public_key[JJ_Z85_SIZE];
    jj_bytes key = jj_message_frame(request, 6);
    if (request->count != 7 || !jj_z85_encode(key, public_key)) {
        return NULL;
    }
    return jj_hub_agency_by_key(hub, public_key);
}

/* Frames: version, request id, domain, address, identity, mechanism, credentials ... */
static const jj_rights *judge(const jj_hub *hub, const jj_message *request)
{
    jj_bytes domain = jj_message_frame(request, 2), mechanism = jj_message_frame(request, 5);
    if (is_text(domain, PLUGIN_DOMAIN) && is_text(mechanism, "PLAIN")) {
        return judge_plugin(hub, request);
    }
    if (is_text(domain, AGENCY_DOMAIN) && is_text(mechanism, "CURVE")) {
        return judge_agency(hub, request);
    }
    return NULL;
}

/* What the connection's requests will carry: a plugin's name; of an agency its key, so that one
 * whose key is replaced is not known any more by the old one. */
static void add_user(const jj_message *request, const jj_rights *rights, jj_message *answer)
{
    char public_key[JJ_Z85_SIZE] = "";
    if (rights && is_text(jj_message_frame(request, 5), "CURVE")) {
        jj_z85_encode(jj_message_frame(request, 6), public_key);
        jj_message_add_z(answer, public_key);
    } else {
        jj_message_add_z(answer, rights ? rights->agency : "");
    }
}

static void begin_verdict(const jj_message *request, const char *code, const char *text,
                          jj_message *answer)
{
    jj_bytes id = jj_message_frame(request, 1);
    jj_message_empty(answer);
    jj_message_add_z(answer, "1.0");
    jj_message_add(answer, id.data, id.size_bytes);
    jj_message_add_z(answer, code);
    jj_message_add_z(answer, text);
}

/* A question that is not answered would be the last. Both messages have room for their frames from
 * the start, and the frames of a verdict without a user are so short that they need no memory. */
void jj_hub_serve_zap(jj_hub *hub)
{
    jj_message *request = &hub->zap_request, *answer = &hub->zap_answer;
    int rc;
    while ((rc = jj_socket_receive(hub->zap, request)) == 0 || rc == JJ_EMEMORY) {
        const jj_rights *rights = rc ? NULL : judge(hub, request);
        begin_verdict(request, rights ? "200" : "400", rights ? "OK" : "unknown", answer);
        add_user(request, rights, answer);
        jj_message_add_z(answer, "");
        if (answer->failed) {
            begin_verdict(request, "500", "out of memory", answer);
            jj_message_add_z(answer, "");
            jj_message_add_z(answer, "");
        }
        jj_socket_send(hub->zap, answer);
    }
}

/* Who sent this: whom the endpoint names, or whom the connection's own authentication gave. Asked
 * at each request, so that an agency that was revoked, or whose key was replaced, is out at once.
 */
const jj_rights *jj_hub_rights(const jj_hub *hub, const jj_hub_door *door, const char *user)
{
    if (door->as) {
        return jj_hub_agency(hub, door->as);
    }
    if (!user) {
        return NULL;
    }
    if (door->curve) {
        return jj_hub_agency_by_key(hub, user);
    }
    const jj_plugin_identity *plugin = jj_hub_plugin(hub, user);
    return plugin ? &plugin->rights : NULL;
}

/* ---- Sockets ------------------------------------------------------------------------------ */

static int open_door(jj_hub *hub, const char *endpoint, const char *as,
                     const jj_door_options *options, jj_error *err)
{
    if (hub->door_count == JJ_DOORS_MAX) {
        return jj_fail(err, JJ_ECONFIG, "more than %d endpoints to listen at", JJ_DOORS_MAX);
    }
    jj_hub_door *door = &hub->doors[hub->door_count];
    *door = (jj_hub_door){.as = as, .endpoint = endpoint, .curve = options->door == JJ_DOOR_CURVE};
    int rc = jj_socket_router(&door->socket, hub->wire, endpoint, options, err);
    if (rc) {
        return rc;
    }
    hub->door_count++;
    return door->curve ? jj_porch_open(&door->porch, hub->wire, door->socket, err) : 0;
}

/* A socket of the kind that the endpoint expects, which tries to come in, and its monitor. Nothing
 * is missed: the judge answers later. */
static int knock(jj_hub *hub, const jj_client_options *options, bool bell, jj_socket **stranger,
                 jj_socket **monitor, jj_error *err)
{
    int rc = bell ? jj_socket_subscriber(stranger, hub->wire, options, "", err)
                  : jj_socket_dealer(stranger, hub->wire, options, err);
    rc = rc ? rc : jj_socket_monitor(monitor, hub->wire, *stranger, err);
    return rc || bell ? rc : jj_socket_connect(*stranger, options->endpoint, err);
}

/* Knocks with a key that nobody knows, and reports whether the door let it in. */
static bool lets_strangers_in(jj_hub *hub, const char *at, bool bell)
{
    char public_key[JJ_Z85_SIZE], secret_key[JJ_Z85_SIZE], endpoint[256];
    jj_error err;
    jj_socket *stranger = NULL, *monitor = NULL;
    enum jj_link link = JJ_LINK_NONE;
    int64_t deadline_ms = jj_monotonic_ms() + SELF_TEST_MS;
    jj_reachable(at, endpoint, sizeof endpoint);
    const jj_client_options options = {.endpoint = endpoint,
                                       .server_key = hub->server_public,
                                       .public_key = public_key,
                                       .secret_key = secret_key};
    if (jj_curve_pair(public_key, secret_key, &err) ||
        knock(hub, &options, bell, &stranger, &monitor, &err)) {
        link = JJ_LINK_UP; /* could not be tried: as bad as let in */
    }
    while (link != JJ_LINK_UP && link != JJ_LINK_REFUSED && jj_monotonic_ms() < deadline_ms) {
        jj_poll items[] = {{.socket = hub->zap, .events = POLLIN},
                           {.socket = monitor, .events = POLLIN}};
        jj_wire_poll(items, 2, 100);
        jj_hub_serve_zap(hub);
        link = jj_socket_event(monitor);
    }
    jj_socket_close(monitor); /* first: see wire.h */
    jj_socket_close(stranger);
    return link != JJ_LINK_REFUSED;
}

int jj_hub_try_stranger(jj_hub *hub, const char *endpoint, bool bell, jj_error *err)
{
    return lets_strangers_in(hub, endpoint, bell)
               ? jj_fail(err, JJ_EUNAVAILABLE,
                         "a test with an unknown key was not turned away at %s: not started",
                         endpoint)
               : 0;
}

jj_door_options jj_hub_curve(const jj_hub *hub)
{
    return (jj_door_options){JJ_DOOR_CURVE, AGENCY_DOMAIN, hub->server_secret};
}

static int open_curve_door(jj_hub *hub, const char *endpoint, jj_error *err)
{
    const jj_door_options options = jj_hub_curve(hub);
    int rc = open_door(hub, endpoint, NULL, &options, err);
    return rc ? rc : jj_hub_try_stranger(hub, endpoint, false, err);
}

void jj_hub_serve_porches(jj_hub *hub)
{
    size_t places = PORCH_PLACES + PORCH_AGENCY_PLACES * hub->agencies->count;
    for (size_t i = 0; i < hub->door_count; i++) {
        jj_porch_serve(hub->doors[i].porch, places);
    }
    jj_porch_serve(hub->outer_bell.porch, places);
}

int jj_hub_open_doors(jj_hub *hub, jj_error *err)
{
    const jj_hub_config *config = &hub->config->hub;
    const jj_door_options open = {.door = JJ_DOOR_OPEN};
    const jj_door_options plain = {.door = JJ_DOOR_PLAIN, .domain = PLUGIN_DOMAIN};
    /* The judge must be there before the first door that asks it. */
    int rc = jj_socket_zap(&hub->zap, hub->wire, err);
    if (jj_message_add_z(&hub->zap_request, "") || jj_message_add_z(&hub->zap_answer, "")) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (rc == 0 && hub->config->server_key) {
        rc = jj_curve_load(hub->config->server_key, hub->server_secret, hub->server_public, err);
    }
    rc = rc ? rc : open_door(hub, config->admin_endpoint, hub->admin.agency, &open, err);
    rc = rc ? rc : open_door(hub, config->plugin_endpoint, NULL, &plain, err);
    for (size_t i = 0; i < config->listen.count && rc == 0; i++) {
        const jj_listener *listener = &config->listen.list[i];
        rc = listener->as ? open_door(hub, listener->endpoint, listener->as, &open, err)
                          : open_curve_door(hub, listener->endpoint, err);
    }
    return rc;
}

void jj_hub_close_doors(jj_hub *hub)
{
    for (size_t i = 0; i < hub->door_count; i++) {
        jj_porch_close(hub->doors[i].porch);
        jj_socket_close(hub->doors[i].socket);
    }
    jj_socket_close(hub->zap);
    jj_hub_close_bell(hub);
    sodium_memzero(hub->server_secret, sizeof hub->server_secret);
}
