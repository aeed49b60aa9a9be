/* Who is who: the local administrator, the plugins, the agencies, and the rights of each. */
#include "hub/internal.h"

#include "config/agency.h"
#include "schema/audience.h"
#include "json/load.h"

#include <stdlib.h>
#include <string.h>

static const char *const everywhere[] = {"*", NULL};

/* ---- Plugins ------------------------------------------------------------------------------ */

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
        hub->plugin_count++;
        if (!identity->token || !identity->publishes) {
            return jj_fail(err, JJ_EMEMORY, "out of memory");
        }
        identity->rights = (jj_rights){.agency = plugin->name,
                                       .audiences = plugin->audiences,
                                       .regions = plugin->regions.list,
                                       .publishes = identity->publishes};
    }
    return 0;
}

const jj_plugin_identity *jj_hub_plugin(const jj_hub *hub, const char *name)
{
    for (size_t i = 0; i < hub->plugin_count; i++) {
        if (strcmp(hub->plugins[i].rights.agency, name) == 0) {
            return &hub->plugins[i];
        }
    }
    return NULL;
}

/* ---- Agencies ----------------------------------------------------------------------------- */

static const char *const nothing[] = {NULL};

/* An id names the owner of events and the consumers: nobody gets that of somebody who is there. */
static bool is_taken(const jj_hub *hub, const char *id)
{
    return strcmp(hub->admin.agency, id) == 0 || jj_config_plugin(hub->config, id);
}

static jj_rights rights_of(const jj_hub *hub, const jj_agency *agency)
{
    if (is_taken(hub, agency->id)) {
        jj_log(JJ_ERROR,
               "an agency is left out: %s: \"%s\" is the name of the administrator or of a plugin",
               agency->file, agency->id);
        return (jj_rights){0};
    }
    return (jj_rights){.agency = agency->id,
                       .audiences = agency->audiences,
                       .regions = agency->regions.list,
                       .sees = agency->sees.list,
                       .node = agency->node,
                       .publishes = agency->publishes.list ? agency->publishes.list : nothing};
}

static const jj_rights *agency_rights(const jj_hub *hub, const jj_agency *agency)
{
    if (!agency || agency->revoked) {
        return NULL;
    }
    const jj_rights *rights = &hub->agency_rights[agency - hub->agencies->list];
    return rights->agency ? rights : NULL;
}

/* True if a key of old is let in no more. */
static bool lost_one(const jj_hub *hub, const jj_agencies *old)
{
    for (size_t i = 0; old && i < old->count; i++) {
        const jj_agency *agency = &old->list[i];
        if (agency->public_key && !agency->revoked &&
            !jj_hub_agency_by_key(hub, agency->public_key)) {
            return true;
        }
    }
    return false;
}

/* A file with a problem is left out and said so: its agency is not let in. */
static int load_agencies(jj_hub *hub, bool *lost, jj_error *err)
{
    jj_findings findings = {0};
    const jj_agencies *agencies = NULL;
    int rc = jj_agencies_load(&agencies, hub->config->agencies, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        jj_log_error(JJ_ERROR, "an agency is left out", &findings.list[i]);
    }
    jj_findings_clear(&findings);
    if (!agencies) {
        return jj_fail(err, rc, "the agencies cannot be read: out of memory");
    }
    jj_rights *rights = calloc(agencies->count + 1, sizeof *rights);
    if (!rights) {
        jj_agencies_free(agencies);
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    for (size_t i = 0; i < agencies->count; i++) {
        rights[i] = rights_of(hub, &agencies->list[i]);
    }
    const jj_agencies *old = hub->agencies;
    free(hub->agency_rights);
    hub->agencies = agencies;
    hub->agency_rights = rights;
    *lost = lost_one(hub, old);
    jj_agencies_free(old);
    return 0;
}

const jj_rights *jj_hub_agency_by_key(const jj_hub *hub, const char *public_key)
{
    return agency_rights(hub, jj_agencies_by_key(hub->agencies, public_key));
}

const jj_rights *jj_hub_agency(const jj_hub *hub, const char *agency)
{
    if (strcmp(hub->admin.agency, agency) == 0) {
        return &hub->admin;
    }
    const jj_plugin_identity *plugin = jj_hub_plugin(hub, agency);
    return plugin ? &plugin->rights : agency_rights(hub, jj_agencies_find(hub->agencies, agency));
}

int jj_hub_load_rights(jj_hub *hub, const json_t *grants, jj_error *err)
{
    hub->admin = (jj_rights){
        .agency = "local", .audiences = JJ_AUDIENCE_NODE, .regions = everywhere, .admin = true};
    bool lost;
    int rc = load_plugins(hub, grants, err);
    return rc ? rc : load_agencies(hub, &lost, err);
}

void jj_hub_reload_rights(jj_hub *hub)
{
    jj_error err;
    bool lost = false;
    /* Those who wait hold on to rights that are about to go: they are asked to come again. */
    jj_hub_dismiss_waiters(hub);
    if (load_agencies(hub, &lost, &err)) {
        jj_log_error(JJ_ERROR, "the agencies stay as they were", &err);
    } else {
        jj_log(JJ_NOTICE, "read the agencies again: %zu", hub->agencies->count);
    }
    if (lost) {
        jj_hub_renew_bell(hub);
    }
}

void jj_hub_free_rights(jj_hub *hub)
{
    for (size_t i = 0; i < hub->plugin_count; i++) {
        free(hub->plugins[i].token);
        free(hub->plugins[i].publishes);
    }
    free(hub->plugins);
    free(hub->agency_rights);
    jj_agencies_free(hub->agencies);
}
