/* graph: who says what, and who hears it, as a graph for Graphviz. */
#include "ctl/commands.h"

#include "base/fs.h"
#include "config/agency.h"
#include "daemon/check.h"
#include "schema/catalogue.h"

#include <stdlib.h>
#include <string.h>

typedef struct graph {
    const jj_catalogue *catalogue;
    json_t *types; /* owned: object, those that somebody says or hears */
} graph;

/* A text between quotes, as dot(1) reads it. */
static void quoted(const char *prefix, const char *text)
{
    printf("\"%s", prefix);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            putchar('\\');
        }
        putchar(*text);
    }
    putchar('"');
}

static void node(const char *prefix, const char *name, const char *label, const char *style)
{
    fputs("  ", stdout);
    quoted(prefix, name);
    fputs(" [label=", stdout);
    quoted("", label);
    printf(", %s];\n", style);
}

static void says(graph *g, const char *prefix, const char *who, const char *type)
{
    json_object_set_new(g->types, type, json_true());
    fputs("  ", stdout);
    quoted(prefix, who);
    fputs(" -> ", stdout);
    quoted("type ", type);
    fputs(";\n", stdout);
}

static void hears(graph *g, const char *prefix, const char *who, const char *type,
                  const char *style)
{
    json_object_set_new(g->types, type, json_true());
    fputs("  ", stdout);
    quoted("type ", type);
    fputs(" -> ", stdout);
    quoted(prefix, who);
    printf(" [style=%s];\n", style);
}

static void draw_plugin(graph *g, const jj_plugin_config *plugin, const json_t *grant)
{
    char label[256];
    size_t at;
    json_t *type;

    snprintf(label, sizeof label, "%s", plugin->name);
    node("plugin ", plugin->name, label, "shape=box, style=filled, fillcolor=\"#dce9f5\"");
    json_array_foreach(json_object_get(grant, "publishes"), at, type)
    {
        says(g, "plugin ", plugin->name, json_string_value(type));
    }
    json_array_foreach(json_object_get(grant, "subscribes"), at, type)
    {
        hears(g, "plugin ", plugin->name, json_string_value(type), "solid");
    }
}

/* What of a type an agency may see at all, region and consent apart. */
static bool sees(const jj_type *type, uint32_t audiences)
{
    for (size_t i = 0; i < type->property_count; i++) {
        if (type->properties[i].audience & audiences) {
            return true;
        }
    }
    return false;
}

static void draw_agency(graph *g, const jj_agency *agency)
{
    char label[256];

    if (agency->revoked) {
        return;
    }
    snprintf(label, sizeof label, "%.200s", agency->name);
    node("agency ", agency->id, label, "shape=house, style=filled, fillcolor=\"#f5e9d0\"");
    for (size_t i = 0; agency->publishes.list && agency->publishes.list[i]; i++) {
        says(g, "agency ", agency->id, agency->publishes.list[i]);
    }
    for (size_t i = 0; g->catalogue && i < jj_catalogue_count(g->catalogue); i++) {
        const jj_type *type = jj_catalogue_at(g->catalogue, i);
        if (sees(type, agency->audiences)) {
            hears(g, "agency ", agency->id, type->name, "dashed");
        }
    }
}

static void draw_types(const graph *g)
{
    const char *name;
    json_t *value;

    json_object_foreach(g->types, name, value)
    {
        bool all = strcmp(name, "*") == 0;
        node("type ", name, all ? "every type" : name, "shape=ellipse");
    }
}

static void draw(const jj_config *config, const json_t *grants, graph *g)
{
    jj_findings findings = {0};
    const jj_agencies *agencies = NULL;

    fputs("digraph jejaring {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  label=", stdout);
    quoted("", config->node);
    fputs(";\n", stdout);
    for (size_t i = 0; i < config->plugins.count; i++) {
        const jj_plugin_config *plugin = &config->plugins.list[i];
        draw_plugin(g, plugin, json_object_get(grants, plugin->name));
    }
    jj_agencies_load(&agencies, config->agencies, &findings);
    for (size_t i = 0; agencies && i < agencies->count; i++) {
        draw_agency(g, &agencies->list[i]);
    }
    draw_types(g);
    puts("}");
    jj_agencies_free(agencies);
    jj_findings_clear(&findings);
}

int jj_ctl_graph(jj_ctl *ctl)
{
    const jj_config *config;
    jj_error err = {0};
    jj_findings findings = {0};
    jj_catalogue *catalogue = NULL;
    int code = jj_ctl_config(ctl, &config);

    if (code) {
        return code;
    }
    json_t *grants = json_object();
    graph g = {.types = json_object()};
    char *events = jj_path_join(config->schemas, "events");
    jj_check_plugins(config, grants, &findings);
    if (jj_findings_total(&findings) > 0) {
        jj_findings_print(&findings, stderr);
        code = JJ_EXIT_CONFIG;
    } else if (!events || jj_catalogue_open(&catalogue, events, &err)) {
        code = jj_ctl_fail("schemas", &err);
    } else {
        g.catalogue = catalogue;
        draw(config, grants, &g);
    }
    jj_catalogue_close(catalogue);
    jj_findings_clear(&findings);
    json_decref(g.types);
    json_decref(grants);
    free(events);
    return code;
}
