/* The files that a configuration names, as far as the daemon cannot do without them. */
#include "daemon/check.h"

#include "base/fs.h"
#include "event/secret.h"
#include "schema/catalogue.h"

#include <stdlib.h>
#include <string.h>

/* A problem with what stands (or, by default, does not stand) below a key of the file. */
static void blame(const jj_config *config, const char *key, const jj_error *err,
                  jj_findings *findings)
{
    const jj_yaml_node *named = jj_yaml_get(config->root, key);
    const jj_yaml_node *place = named ? named : config->root;

    jj_findings_add(findings, config->file, place->line, place->column, "%s: %s%s%s%s%s", key,
                    err->file, err->file[0] ? ": " : "", err->text, err->field[0] ? " at " : "",
                    err->field);
}

static void check_types(const jj_config *config, const jj_plugin_config *instance,
                        const jj_catalogue *catalogue, const json_t *types, const char *verb,
                        jj_findings *findings)
{
    const jj_yaml_node *place = instance->node->key;
    size_t index;
    json_t *type;

    json_array_foreach(types, index, type)
    {
        const char *name = json_string_value(type);
        if (!name || strchr(name, '*') || jj_catalogue_find(catalogue, name, strlen(name))) {
            continue;
        }
        const jj_type *near = jj_catalogue_nearest(catalogue, name);
        jj_findings_add(findings, config->file, place->line, place->column,
                        "plugin %s %s %s, which no schema in %s/events describes%s%s%s",
                        instance->name, verb, name, config->schemas,
                        near ? ", did you mean \"" : "", near ? near->name : "", near ? "\"?" : "");
    }
}

static void check_catalogue(const jj_config *config, const json_t *grants, jj_findings *findings)
{
    jj_catalogue *catalogue = NULL;
    jj_error err = {0};
    char *events = jj_path_join(config->schemas, "events");

    int rc = events ? jj_catalogue_open(&catalogue, events, &err)
                    : jj_fail(&err, JJ_EMEMORY, "out of memory");
    if (rc) {
        blame(config, "schemas", &err, findings);
    }
    for (size_t i = 0; i < config->plugins.count && rc == 0; i++) {
        const jj_plugin_config *instance = &config->plugins.list[i];
        const json_t *grant = json_object_get(grants, instance->name);
        check_types(config, instance, catalogue, json_object_get(grant, "publishes"), "publishes",
                    findings);
        check_types(config, instance, catalogue, json_object_get(grant, "subscribes"),
                    "subscribes to", findings);
    }
    jj_catalogue_close(catalogue);
    free(events);
}

static void check_person_key(const jj_config *config, jj_findings *findings)
{
    unsigned char key[JJ_KEY_SIZE];
    jj_error err = {0};

    if (config->person_key && jj_key_load(config->person_key, key, &err)) {
        blame(config, "person_key", &err, findings);
    }
    explicit_bzero(key, sizeof key);
}

void jj_check_files(const jj_config *config, const json_t *grants, jj_findings *findings)
{
    check_catalogue(config, grants, findings);
    check_person_key(config, findings);
    jj_findings_sort(findings);
}
