#include "config/config.h"

#include "base/fs.h"
#include "config/tables.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The config that is handed out, with what it rests on. */
typedef struct whole {
    jj_config config; /* first: the handle is its address */
    jj_yaml *document;
    jj_pool pool;
} whole;

/* A place in the file that must not be used twice. */
typedef struct claim {
    const char *what; /* "inbox", "socket" */
    const char *value;
    const jj_yaml_node *node; /* NULL: made by the daemon itself */
} claim;

/* NULL if one of the parts could not be made, or without memory: either is in the findings. */
static const char *joined(jj_reader *reader, const char *a, const char *b, const char *c)
{
    char *text = NULL;
    size_t size_bytes = 0;

    if (a != NULL && b != NULL && c != NULL) {
        size_bytes = strlen(a) + strlen(b) + strlen(c) + 1;
        text = jj_pool_alloc(reader->pool, size_bytes);
    }
    if (text == NULL) {
        jj_findings_add(reader->findings, reader->file, 0, 0, "out of memory");
    } else {
        snprintf(text, size_bytes, "%s%s%s", a, b, c);
    }
    return text;
}

/* The folder of the file, absolute. Where it does not exist the text was handed over by somebody
 * who read it before, and the name alone decides. */
static const char *folder_of(jj_pool *pool, const char *file)
{
    char resolved[PATH_MAX], cwd[PATH_MAX] = "";
    const char *result = NULL;
    char *dir = jj_path_dir(file);

    if (dir == NULL) {
        return NULL;
    }
    if (realpath(dir, resolved) != NULL) {
        result = jj_pool_copy(pool, resolved, strlen(resolved));
    } else {
        jj_reader reader = {.pool = pool, .dir = getcwd(cwd, sizeof cwd) != NULL ? cwd : "/"};
        result = jj_reader_path(&reader, dir);
    }
    free(dir);
    return result;
}

static void finish_plugin(jj_reader *reader, const jj_config *config, jj_plugin_config *plugin)
{
    if (plugin->module == NULL) {
        plugin->module =
            joined(reader, config->plugin_path, "/", joined(reader, plugin->name, ".so", ""));
    } else if (strchr(plugin->module, '/') == NULL) {
        plugin->module = joined(reader, config->plugin_path, "/", plugin->module);
    } else {
        plugin->module = jj_reader_path(reader, plugin->module);
    }

    if (plugin->regions.count == 0) {
        plugin->regions.list = jj_pool_alloc(reader->pool, 2 * sizeof *plugin->regions.list);
        if (plugin->regions.list == NULL) {
            return;
        }
        plugin->regions.list[0] = config->region;
        plugin->regions.count = 1;
    }
}

/* The daemon's own sockets; where their folder's name is too long, `run` is to blame. */
static void make_sockets(jj_reader *reader, const jj_yaml_node *root, jj_config *config)
{
    const jj_yaml_node *run = jj_yaml_get(root, "run");

    config->hub.admin_endpoint = joined(reader, "ipc://", config->run, "/hub.sock");
    config->hub.bell_endpoint = joined(reader, "ipc://", config->run, "/bell.sock");
    config->hub.plugin_endpoint = joined(reader, "ipc://", config->run, "/plugins.sock");
    const char *longest = config->hub.plugin_endpoint;
    if (longest != NULL) {
        jj_socket_path_check(reader, run != NULL ? run : root, longest + strlen("ipc://"));
    }
}

/* Two inboxes must not share a folder, nor lie in one another: a file would be taken twice. */
static bool inboxes_clash(const char *a, const char *b)
{
    size_t length = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
    if (strncmp(a, b, length) != 0) {
        return false;
    }
    return strlen(a) == strlen(b) ||
           (a[0] == '/' && (strlen(a) > length ? a[length] : b[length]) == '/');
}

static void add_claim(jj_reader *reader, claim *claims, size_t *count, claim new)
{
    if (new.value == NULL) {
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        const claim *old = &claims[i];
        bool socket = strcmp(new.what, "socket") == 0;
        if (strcmp(old->what, new.what) != 0 ||
            !(socket ? jj_endpoints_clash : inboxes_clash)(old->value, new.value)) {
            continue;
        }
        if (old->node == NULL) {
            jj_reader_complain(reader, new.node, "%s %.200s is the daemon's own: choose another",
                               new.what, new.value);
        } else {
            jj_reader_complain(reader, new.node,
                               "%s %.200s is used already in line %d: each needs its own", new.what,
                               new.value, old->node->line);
        }
        return;
    }
    claims[(*count)++] = new;
}

static void check_claims(jj_reader *reader, const jj_yaml_node *root, const jj_config *config)
{
    const jj_yaml_node *hub = jj_yaml_get(root, "hub");
    const jj_yaml_node *listen = jj_yaml_get(hub, "listen"), *bell = jj_yaml_get(hub, "bell");
    size_t count = 0,
           most = 3 + config->hub.listen.count + config->hub.bell.count + config->plugins.count;
    claim *claims = jj_pool_alloc(reader->pool, most * sizeof *claims);
    if (claims == NULL) {
        jj_reader_complain(reader, root, "out of memory");
        return;
    }
    add_claim(reader, claims, &count, (claim){"socket", config->hub.admin_endpoint, NULL});
    add_claim(reader, claims, &count, (claim){"socket", config->hub.plugin_endpoint, NULL});
    add_claim(reader, claims, &count, (claim){"socket", config->hub.bell_endpoint, NULL});
    const jj_yaml_node *entry = config->hub.listen.count > 0 ? listen->first : NULL;
    for (size_t i = 0; i < config->hub.listen.count; i++, entry = entry->next) {
        add_claim(reader, claims, &count,
                  (claim){"socket", config->hub.listen.list[i].endpoint, entry});
    }
    entry = config->hub.bell.count > 0 ? bell->first : NULL;
    for (size_t i = 0; i < config->hub.bell.count; i++, entry = entry->next) {
        add_claim(reader, claims, &count, (claim){"socket", config->hub.bell.list[i], entry});
    }
    for (size_t i = 0; i < config->plugins.count; i++) {
        const jj_plugin_config *plugin = &config->plugins.list[i];
        add_claim(reader, claims, &count,
                  (claim){"inbox", plugin->inbox, jj_yaml_get(plugin->node, "inbox")});
    }
}

/* An endpoint at which connections prove who they are needs the hub's own key. */
static void check_server_key(jj_reader *reader, const jj_yaml_node *root, const jj_config *config)
{
    const jj_yaml_node *listen = jj_yaml_get(jj_yaml_get(root, "hub"), "listen");
    const jj_yaml_node *entry = listen != NULL ? listen->first : NULL;

    for (size_t i = 0; i < config->hub.listen.count && entry != NULL; i++, entry = entry->next) {
        const jj_listener *listener = &config->hub.listen.list[i];
        if (listener->endpoint != NULL && listener->as == NULL && config->server_key == NULL) {
            jj_reader_complain(reader, entry,
                               "connections to %.100s prove who they are by CURVE, which needs "
                               "\"server_key\"; or say who they are: \"as: local\" for "
                               "administrators, \"as: ID\" for one agency",
                               listener->endpoint);
        }
    }
}

static void check_bell_key(jj_reader *reader, const jj_yaml_node *root, const jj_config *config)
{
    const jj_words *bell = &config->hub.bell;
    const jj_yaml_node *list = jj_yaml_get(jj_yaml_get(root, "hub"), "bell");
    const jj_yaml_node *entry = list != NULL ? list->first : NULL;

    for (size_t i = 0; i < bell->count && entry != NULL; i++, entry = entry->next) {
        if (bell->list[i] != NULL && jj_endpoint_is_outer(bell->list[i]) &&
            config->server_key == NULL) {
            jj_reader_complain(reader, entry,
                               "\"%.100s\" can be reached from other machines, where the bell "
                               "speaks CURVE, which needs \"server_key\"; or use 127.0.0.1",
                               bell->list[i]);
        }
    }
}

static void read_tree(jj_reader *reader, const jj_yaml_node *root, jj_config *config)
{
    jj_keys_read(reader, jj_config_keys, root, config);
    if (config->run == NULL || config->plugin_path == NULL) {
        return;
    }
    make_sockets(reader, root, config);
    for (size_t i = 0; i < config->plugins.count; i++) {
        finish_plugin(reader, config, &config->plugins.list[i]);
    }
    check_claims(reader, root, config);
    check_server_key(reader, root, config);
    check_bell_key(reader, root, config);
}

int jj_config_parse(const jj_config **config, const char *file, const char *text, size_t size_bytes,
                    jj_findings *findings)
{
    size_t before = jj_findings_total(findings);
    const jj_yaml_node *root;
    whole *new = calloc(1, sizeof *new);

    if (new == NULL) {
        jj_findings_add(findings, file, 0, 0, "out of memory");
        return JJ_EMEMORY;
    }
    int code = jj_yaml_parse(&new->document, &root, file, text, size_bytes, findings);
    if (code != 0) {
        goto out;
    }
    new->config.file = jj_pool_copy(&new->pool, file, strlen(file));
    new->config.dir = folder_of(&new->pool, file);
    new->config.root = root;
    if (new->config.file == NULL || new->config.dir == NULL) {
        jj_findings_add(findings, file, 0, 0, "out of memory");
        code = JJ_EMEMORY;
        goto out;
    }
    jj_reader reader = {new->config.file, new->config.dir, &new->pool, findings};
    read_tree(&reader, root, &new->config);
    if (jj_findings_total(findings) > before) {
        code = JJ_ECONFIG;
    }
out:
    jj_findings_sort(findings);
    if (code != 0) {
        jj_config_free(&new->config);
    } else {
        *config = &new->config;
    }
    return code;
}

int jj_config_load(const jj_config **config, const char *file, jj_findings *findings)
{
    jj_buf text = {0};
    jj_error err = {0};

    int code = jj_file_read(file, JJ_CONFIG_SIZE_MAX, &text, &err);
    if (code != 0) {
        jj_findings_add_error(findings, &err);
    } else {
        code =
            jj_config_parse(config, file, text.data != NULL ? text.data : "", text.size, findings);
    }
    jj_buf_clear(&text);
    return code;
}

void jj_config_free(const jj_config *config)
{
    if (config == NULL) {
        return;
    }
    whole *old = (whole *)(uintptr_t)config;
    jj_yaml_free(old->document);
    jj_pool_clear(&old->pool);
    free(old);
}

const jj_plugin_config *jj_config_plugin(const jj_config *config, const char *name)
{
    for (size_t i = 0; i < config->plugins.count; i++) {
        if (strcmp(config->plugins.list[i].name, name) == 0) {
            return &config->plugins.list[i];
        }
    }
    return NULL;
}
