#include "hub/internal.h"

#include "schema/audience.h"

#include "json/load.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PLUGIN_DOMAIN "jejaring-plugins"

static const char *const everywhere[] = {"*", NULL};

/* ---- Who is who --------------------------------------------------------------------------- */

static const char **borrowed_list(const json_t *array)
{
    size_t count = json_array_size(array);
    const char **list = calloc(count + 1, sizeof *list);
    size_t used = 0;
    for (size_t i = 0; list && i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (text) {
            list[used++] = text;
        }
    }
    return list;
}

/* The rights of each plugin: audiences and regions from the configuration, types from what its
 * descriptor declared to the supervisor. */
static int load_plugins(jj_hub *hub, const json_t *grants, jj_error *err)
{
    const jj_plugins_config *plugins = &hub->config->plugins;
    hub->plugins = calloc(plugins->count + 1, sizeof *hub->plugins);
    if (!hub->plugins) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    for (size_t i = 0; i < plugins->count; i++) {
        const jj_plugin_config *plugin = &plugins->list[i];
        const json_t *grant = json_object_get(grants, plugin->name);
        const char *token = jj_json_string(grant, "token");
        jj_plugin_identity *identity = &hub->plugins[hub->plugin_count];
        if (!token) {
            continue; /* not granted to run: nobody can come in under this name */
        }
        identity->token = strdup(token);
        identity->publishes = borrowed_list(json_object_get(grant, "publishes"));
        identity->subscribes = borrowed_list(json_object_get(grant, "subscribes"));
        hub->plugin_count++;
        if (!identity->token || !identity->publishes || !identity->subscribes) {
            return jj_fail(err, JJ_EMEMORY, "out of memory");
        }
        identity->rights = (jj_rights){.agency = plugin->name,
                                       .audiences = plugin->audiences,
                                       .regions = plugin->regions.list,
                                       .publishes = identity->publishes};
    }
    return 0;
}

static const jj_plugin_identity *find_plugin(const jj_hub *hub, const char *name)
{
    for (size_t i = 0; i < hub->plugin_count; i++) {
        if (strcmp(hub->plugins[i].rights.agency, name) == 0) {
            return &hub->plugins[i];
        }
    }
    return NULL;
}

const jj_rights *jj_hub_agency(const jj_hub *hub, const char *agency)
{
    if (strcmp(hub->admin.agency, agency) == 0) {
        return &hub->admin;
    }
    const jj_plugin_identity *plugin = find_plugin(hub, agency);
    return plugin ? &plugin->rights : NULL;
}

const jj_rights *jj_hub_rights(const jj_hub *hub, const jj_hub_door *door, const char *user)
{
    if (door->rights) {
        return door->rights;
    }
    const jj_plugin_identity *plugin = user ? find_plugin(hub, user) : NULL;
    return plugin ? &plugin->rights : NULL;
}

/* ---- ZAP (RFC 27) ------------------------------------------------------------------------- */

static bool token_matches(const jj_plugin_identity *plugin, jj_bytes password)
{
    size_t length = strlen(plugin->token);
    return length == password.size_bytes &&
           sodium_memcmp(plugin->token, password.data, length) == 0;
}

/* version, request id, domain, address, identity, mechanism, credentials ... */
static const jj_plugin_identity *judge(const jj_hub *hub, const jj_message *request)
{
    char name[128];
    jj_bytes user = jj_message_frame(request, 6);
    jj_bytes mechanism = jj_message_frame(request, 5), domain = jj_message_frame(request, 2);
    if (request->count != 8 || mechanism.size_bytes != 5 ||
        memcmp(mechanism.data, "PLAIN", 5) != 0 ||
        domain.size_bytes != sizeof PLUGIN_DOMAIN - 1 ||
        memcmp(domain.data, PLUGIN_DOMAIN, domain.size_bytes) != 0 ||
        user.size_bytes >= sizeof name) {
        return NULL;
    }
    memcpy(name, user.data, user.size_bytes);
    name[user.size_bytes] = '\0';
    const jj_plugin_identity *plugin = find_plugin(hub, name);
    return plugin && token_matches(plugin, jj_message_frame(request, 7)) ? plugin : NULL;
}

void jj_hub_serve_zap(jj_hub *hub)
{
    jj_message request = {0}, answer = {0};
    while (jj_socket_receive(hub->zap, &request) == 0) {
        const jj_plugin_identity *plugin = judge(hub, &request);
        jj_bytes id = jj_message_frame(&request, 1);
        jj_message_add_z(&answer, "1.0");
        jj_message_add(&answer, id.data, id.size_bytes);
        jj_message_add_z(&answer, plugin ? "200" : "400");
        jj_message_add_z(&answer, plugin ? "OK" : "unknown");
        jj_message_add_z(&answer, plugin ? plugin->rights.agency : "");
        jj_message_add_z(&answer, "");
        jj_socket_send(hub->zap, &answer);
    }
    jj_message_clear(&request);
    jj_message_clear(&answer);
}

/* ---- Sockets ------------------------------------------------------------------------------ */

static int open_door(jj_hub *hub, const char *endpoint, const jj_rights *rights, jj_error *err)
{
    const jj_door_options options = {.door = rights ? JJ_DOOR_OPEN : JJ_DOOR_PLAIN,
                                     .domain = PLUGIN_DOMAIN};
    if (hub->door_count == JJ_DOORS_MAX) {
        return jj_fail(err, JJ_ECONFIG, "more than %d endpoints to listen at", JJ_DOORS_MAX);
    }
    jj_hub_door *door = &hub->doors[hub->door_count];
    *door = (jj_hub_door){.rights = rights, .endpoint = endpoint};
    int rc = jj_socket_router(&door->socket, hub->wire, endpoint, &options, err);
    if (rc == 0) {
        hub->door_count++;
    }
    return rc;
}

int jj_hub_open_doors(jj_hub *hub, const json_t *grants, jj_error *err)
{
    const jj_hub_config *config = &hub->config->hub;
    hub->admin = (jj_rights){.agency = "local",
                             .audiences = JJ_AUDIENCE_NODE,
                             .regions = everywhere,
                             .admin = true};
    /* The handler must be there before the first door that asks it. */
    int rc = load_plugins(hub, grants, err);
    rc = rc ? rc : jj_socket_zap(&hub->zap, hub->wire, err);
    rc = rc ? rc : open_door(hub, config->admin_endpoint, &hub->admin, err);
    rc = rc ? rc : open_door(hub, config->plugin_endpoint, NULL, err);
    for (size_t i = 0; i < config->listen.count && rc == 0; i++) {
        rc = open_door(hub, config->listen.list[i].endpoint, &hub->admin, err);
    }
    return rc;
}

void jj_hub_close_doors(jj_hub *hub)
{
    for (size_t i = 0; i < hub->door_count; i++) {
        jj_socket_close(hub->doors[i].socket);
    }
    jj_socket_close(hub->zap);
    jj_socket_close(hub->bell);
    for (size_t i = 0; i < hub->plugin_count; i++) {
        free(hub->plugins[i].token);
        free(hub->plugins[i].publishes);
        free(hub->plugins[i].subscribes);
    }
    free(hub->plugins);
}
