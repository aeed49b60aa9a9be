/* Which database reports and warehouse commands work on; what the latter do stands in warehouse.c.
 */
#include "ctl/commands.h"

#include "base/fs.h"
#include "config/yaml.h"
#include "ctl/command.h"
#include "ctl/warehouse.h"

#include <stdlib.h>
#include <sys/stat.h>

/* The instance whose options name the database. Without one `reports: conninfo` does, and without
 * that libpq's environment. */
#define INSTANCE "warehouse"

static const char *option_text(const jj_plugin_config *plugin, const char *name)
{
    const jj_yaml_node *node = plugin ? jj_yaml_get(plugin->options, name) : NULL;
    return node && node->kind == JJ_YAML_SCALAR && !jj_yaml_is_null(node) ? node->text : NULL;
}

void jj_database_of(const jj_config *config, const jj_plugin_config *plugin, jj_database *database)
{
    struct stat st;
    const char *schemas = option_text(plugin, "schemas");
    char *path = jj_path_join(config->dir, schemas ? schemas : config->schemas);

    *database = (jj_database){
        .conninfo = plugin ? option_text(plugin, "conninfo") : config->reports.conninfo,
        .daemon_user = plugin && stat(config->state, &st) == 0 ? st.st_uid : 0,
        .layout = {.by_month = option_text(plugin, "partitioned") != NULL,
                   .on_citus = option_text(plugin, "distributed") != NULL},
        .floor = config->reports.floor,
        .out = stdout,
        .err = stderr,
    };
    snprintf(database->schemas, sizeof database->schemas, "%s", path ? path : "");
    free(path);
}

int jj_ctl_database(jj_ctl *ctl, jj_database *database)
{
    const jj_config *config;
    int code = jj_ctl_config(ctl, &config);
    if (code == 0) {
        jj_database_of(config, jj_config_plugin(config, INSTANCE), database);
    }
    return code;
}

int jj_ctl_migrate(jj_ctl *ctl)
{
    jj_database database;
    int code = jj_ctl_database(ctl, &database);
    return code ? code : jj_warehouse_migrate(&database);
}

int jj_ctl_rebuild(jj_ctl *ctl)
{
    jj_database database;
    int code = jj_ctl_database(ctl, &database);
    return code ? code : jj_warehouse_rebuild(&database);
}

int jj_ctl_verify(jj_ctl *ctl)
{
    jj_database database;
    int code = jj_ctl_database(ctl, &database);
    return code ? code : jj_warehouse_verify(&database, ctl->json);
}
