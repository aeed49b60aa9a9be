/* The files that a configuration names, as far as the daemon cannot do without them. */
#include "daemon/check.h"

#include "base/fs.h"
#include "event/secret.h"
#include "schema/catalogue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void blame(const jj_config *config, const char *key, jj_findings *findings, const char *text)
{
    const jj_yaml_node *named = jj_yaml_get(config->root, key);
    const jj_yaml_node *place = named ? named : config->root;

    jj_findings_add(findings, config->file, place->line, place->column, "%s: %s", key, text);
}

void jj_check_blame(const jj_config *config, const char *key, jj_findings *findings,
                    const char *format, ...)
{
    char text[sizeof((jj_error *)0)->text];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    blame(config, key, findings, text);
}

void jj_check_blame_error(const jj_config *config, const char *key, jj_findings *findings,
                          const jj_error *err)
{
    jj_check_blame(config, key, findings, "%s%s%s%s%s", err->file, err->file[0] ? ": " : "",
                   err->text, err->field[0] ? " at " : "", err->field);
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
        jj_findings_advise(findings, "put the type's schema into that folder, or take the instance "
                                     "out");
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
        jj_check_blame_error(config, "schemas", findings, &err);
        jj_findings_advise(findings, "name the folder of the schemas that came with this version");
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
        jj_check_blame_error(config, "person_key", findings, &err);
        jj_findings_advise(findings,
                           "copy the province's key there and give it to the daemon's user: "
                           "mode 0600; a province's first node makes it with `jejaringctl "
                           "keys new FILE`; if the unit hands it over (LoadCredential), check "
                           "while the service runs");
    }
    explicit_bzero(key, sizeof key);
}

void jj_check_files(const jj_config *config, const json_t *grants, jj_findings *findings)
{
    check_catalogue(config, grants, findings);
    check_person_key(config, findings);
    jj_findings_sort(findings);
}
