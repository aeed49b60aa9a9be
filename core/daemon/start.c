/* What a child is started with, and what it therefore depends on. */
#include "daemon/internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/spawn.h"
#include "json/load.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_MS 1000

static void put(jj_buf *out, const char *text)
{
    jj_buf_json_z(out, text ? text : "");
    jj_buf_putc(out, '\n');
}

/* What everybody depends on. */
static void put_node(jj_buf *out, const jj_config *config)
{
    put(out, config->node);
    put(out, config->region);
    put(out, config->state);
    put(out, config->run);
    put(out, config->schemas);
    put(out, config->person_key);
    jj_buf_printf(out, "%" PRId64 "\n", config->log_level);
}

/* What the hub knows of one plugin. */
static void put_rights(jj_buf *out, const jj_plugin_config *plugin, const json_t *grant)
{
    char *types = jj_json_text(grant, JSON_COMPACT | JSON_SORT_KEYS);

    put(out, plugin->name);
    jj_buf_printf(out, "%" PRIu32 "\n", plugin->audiences);
    for (size_t i = 0; i < plugin->regions.count; i++) {
        put(out, plugin->regions.list[i]);
    }
    put(out, types);
    free(types);
}

static void put_hub(jj_buf *out, const jj_version *version)
{
    const jj_config *config = version->config;
    const jj_hub_config *hub = &config->hub;

    put_node(out, config);
    put(out, config->agencies);
    for (size_t i = 0; i < hub->listen.count; i++) {
        put(out, hub->listen.list[i].endpoint);
        put(out, hub->listen.list[i].as);
    }
    for (size_t i = 0; i < hub->bell.count; i++) {
        put(out, hub->bell.list[i]);
    }
    put(out, config->server_key);
    jj_buf_printf(out, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", hub->retention_age_ms,
                  hub->retention_bytes, hub->lost_after_ms, hub->time_ahead_ms);
    jj_buf_printf(out, "%" PRId64 " %" PRId64 " %" PRId64 "\n", hub->quarantine,
                  hub->quarantine_bytes, hub->quarantine_nodes);
    for (size_t i = 0; i < config->plugins.count; i++) {
        const jj_plugin_config *plugin = &config->plugins.list[i];
        put_rights(out, plugin, json_object_get(version->grants, plugin->name));
    }
}

static void put_worker(jj_buf *out, const jj_version *version, const jj_plugin_config *plugin)
{
    char *types =
        jj_json_text(json_object_get(version->grants, plugin->name), JSON_COMPACT | JSON_SORT_KEYS);

    put_node(out, version->config);
    put(out, plugin->module);
    put(out, plugin->inbox);
    put(out, types);
    free(types);
}

bool jj_supervisor_fingerprint(const jj_version *version, jj_child *child)
{
    const jj_plugin_config *plugin = jj_config_plugin(version->config, child->name);
    jj_buf parts = {0}, options = {0};

    if (child->hub) {
        put_hub(&parts, version);
    } else {
        put_worker(&parts, version, plugin);
        if (plugin->options) {
            jj_yaml_to_json(plugin->options, &options);
        }
        child->can_reload =
            json_is_true(json_object_get(json_object_get(version->grants, child->name), "reload"));
    }
    free(child->parts);
    free(child->options);
    child->parts = jj_buf_take(&parts);
    child->options = jj_buf_take(&options);
    return child->parts && child->options;
}

/* Everything about everybody, for the hub; for a worker its own password and nothing else, so
 * that no plugin can speak in another's name. NULL without memory. */
static json_t *make_grants(const jj_supervisor *supervisor, const jj_child *child)
{
    json_t *all = json_object();

    for (size_t i = 0; i < supervisor->child_count; i++) {
        const jj_child *one = &supervisor->children[i];
        if (one->hub || one->retired || (one != child && !child->hub)) {
            continue;
        }
        const json_t *declared = json_object_get(supervisor->current.grants, one->name);
        json_t *grant = child->hub ? json_deep_copy(declared) : json_object();
        if (json_object_set_new(grant, "token", json_string(one->token)) ||
            json_object_set(all, one->name, grant)) {
            json_decref(grant);
            json_decref(all);
            return NULL;
        }
        json_decref(grant);
    }
    return all;
}

static int seal_grants(const jj_supervisor *supervisor, const jj_child *child, jj_error *err)
{
    json_t *grants = make_grants(supervisor, child);
    char *text = grants ? jj_json_text(grants, JSON_COMPACT) : NULL;
    int fd = -1;

    if (text) {
        fd = jj_spawn_sealed("jejaring-grants", text, strlen(text), err);
    } else {
        jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    free(text);
    json_decref(grants);
    return fd;
}

void jj_supervisor_start(jj_supervisor *supervisor, jj_child *child)
{
    jj_error err = {0};
    int64_t now_ms = jj_monotonic_ms();
    jj_spawn what = {.role = child->hub ? "hub" : "worker",
                     .file = supervisor->file,
                     .instance = child->hub ? NULL : child->name,
                     .config_fd = supervisor->current.config_fd,
                     .grants_fd = seal_grants(supervisor, child, &err)};

    int rc =
        what.grants_fd < 0 ? err.code : jj_spawn_start(&what, &child->pid, &child->status_fd, &err);
    if (what.grants_fd >= 0) {
        close(what.grants_fd);
    }
    if (rc) {
        child->start_at_ms = now_ms + RETRY_MS;
        jj_log(JJ_ERROR, "cannot start %s: %s; trying again in %d s", child->name, err.text,
               RETRY_MS / 1000);
        return;
    }
    child->start_at_ms = 0;
    child->started_ms = child->heard_ms = now_ms;
    jj_log(JJ_DEBUG, "started %s (process %d)", child->name, (int)child->pid);
}
