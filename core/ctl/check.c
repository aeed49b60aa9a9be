/* check: the daemon's own check, and, with --connect, what only a look at the surroundings tells.
 */
#include "ctl/commands.h"

#include "../../plugins/warehouse/migrate.h"
#include "ctl/warehouse.h"
#include "daemon/check.h"
#include "json/load.h"

#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 5000
#define WAREHOUSE          "warehouse" /* name of the plugin whose database is asked */

static const jj_yaml_node *place_of(const jj_plugin_config *plugin, const char *option)
{
    const jj_yaml_node *named = jj_yaml_get(plugin->options, option);
    return named ? named : plugin->options ? plugin->options : plugin->node->key;
}

/* The daemon migrates by itself unless it is told not to. */
static bool migrates(const jj_plugin_config *plugin)
{
    const jj_yaml_node *node = jj_yaml_get(plugin->options, "migrate");
    const char *text = node && node->kind == JJ_YAML_SCALAR ? node->text : "true";
    return strcmp(text, "false") != 0 && strcmp(text, "tidak") != 0;
}

static void check_schema(const jj_config *config, const jj_plugin_config *plugin, jj_pg *pg,
                         const jj_database *database, jj_findings *findings)
{
    jj_migrated done = {0};
    jj_error err = {0};
    const jj_yaml_node *place = place_of(plugin, "migrate");

    if (jj_migrate(pg, database->schemas, &database->layout, true, &done, &err) == 0 ||
        (done.due && migrates(plugin))) {
        return;
    }
    jj_findings_add(findings, config->file, place->line, place->column, "plugin %s: %s",
                    plugin->name, err.text);
    jj_findings_advise(findings, "%s",
                       done.due ? "run `jejaringctl warehouse migrate`, or let the daemon do it: "
                                  "migrate: true"
                                : "use the version of Jejaring that this database belongs to, or "
                                  "another database");
}

static void check_database(const jj_config *config, const jj_plugin_config *plugin,
                           jj_findings *findings)
{
    jj_pg *pg = NULL;
    jj_error err = {0};
    jj_database database;

    jj_database_of(config, plugin, &database);
    const jj_pg_options options = {.conninfo = database.conninfo,
                                   .application = "jejaringctl check",
                                   .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                   .statement_timeout_ms = CONNECT_TIMEOUT_MS};
    if (jj_database_connect(&database, &options, &pg, &err)) {
        const jj_yaml_node *place = place_of(plugin, "conninfo");
        jj_findings_add(findings, config->file, place->line, place->column,
                        "plugin %s: PostgreSQL cannot be used: %s", plugin->name, err.text);
        jj_findings_advise(findings,
                           "see that PostgreSQL runs and lets the daemon's user in: `psql "
                           "'<conninfo>'` as that user tells more");
        return;
    }
    check_schema(config, plugin, pg, &database, findings);
    jj_pg_close(pg);
}

static void connect_all(const jj_config *config, const json_t *grants, jj_findings *findings)
{
    jj_check_surroundings(config, findings);
    for (size_t i = 0; i < config->plugins.count; i++) {
        const jj_plugin_config *plugin = &config->plugins.list[i];
        const char *name = jj_json_string(json_object_get(grants, plugin->name), "plugin");
        if (name && strcmp(name, WAREHOUSE) == 0) {
            check_database(config, plugin, findings);
        }
    }
}

int jj_ctl_check(jj_ctl *ctl)
{
    const char *file = ctl->arg_count > 0 ? ctl->args[0] : jj_ctl_file(ctl);
    bool connect = jj_ctl_option(ctl, "connect") != NULL;
    int code = jj_check_file(file, connect ? connect_all : NULL,
                             ctl->json ? JJ_CHECK_JSON : JJ_CHECK_WORDS);
    return code ? JJ_EXIT_CONFIG : JJ_EXIT_OK;
}
