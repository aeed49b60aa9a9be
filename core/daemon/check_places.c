/* Where the daemon puts things: its folders, its sockets, the inboxes. */
#include "daemon/check.h"

#include "base/fs.h"
#include "json/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IPC "ipc://"
#define MADE_BY_SYSTEMD                                                                            \
    "/run/jejaring" /* RuntimeDirectory= of the unit, gone while it is stopped */

/* The folder, or the nearest one above it that is there. */
static char *nearest(const char *path)
{
    char *at = strdup(path);
    struct stat st;

    while (at && strcmp(at, "/") != 0 && stat(at, &st) && (errno == ENOENT || errno == ENOTDIR)) {
        char *above = jj_path_dir(at);
        free(at);
        at = above;
    }
    return at;
}

static void check_folder(const jj_config *config, const jj_yaml_node *place, const char *key,
                         const char *path, jj_findings *findings)
{
    struct stat st;
    char *there = nearest(path);

    if (!there) {
        return;
    }
    bool is_folder = stat(there, &st) == 0 && S_ISDIR(st.st_mode);
    if (!is_folder || access(there, W_OK | X_OK)) {
        bool itself = strcmp(there, path) == 0;
        jj_findings_add(findings, config->file, place->line, place->column, "%s: %.150s%s%.120s %s",
                        key, path, itself ? "" : " cannot be made, because ", itself ? "" : there,
                        is_folder ? "cannot be written to by this user" : "is no folder");
        jj_findings_advise(findings,
                           "make the folder and give it to the daemon's user: install -d "
                           "-o jejaring -g jejaring %.150s",
                           path);
    }
    free(there);
}

static const jj_yaml_node *place_of(const jj_config *config, const char *key)
{
    const jj_yaml_node *named = jj_yaml_get(config->root, key);
    return named ? named : config->root;
}

/* Left behind by a daemon that somebody else started once, by root perhaps. */
static void check_state_files(const jj_config *config, jj_findings *findings)
{
    static const char *const names[] = {"journal.db", "journal.db-wal", "journal.db-shm",
                                        "journal.db.lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stat st;
        char *path = jj_path_join(config->state, names[i]);
        if (path && stat(path, &st) == 0 && (!S_ISREG(st.st_mode) || access(path, R_OK | W_OK))) {
            jj_check_blame(config, "state", findings, "%.250s %s", path,
                           S_ISREG(st.st_mode) ? "cannot be read and written by this user"
                                               : "is no file");
            jj_findings_advise(findings, "chown --reference=%.80s %.120s && chmod 600 %.120s",
                               config->state, path, path);
        }
        free(path);
    }
}

/* ---- Inboxes ------------------------------------------------------------------------------ */

/* What is in the place of one type's folder. A link is not followed: see import/folder.c. */
static void check_type_folder(const jj_config *config, const jj_plugin_config *plugin,
                              const char *type, jj_findings *findings)
{
    struct stat st;
    const jj_yaml_node *place = jj_yaml_get(plugin->node, "inbox");
    char *folder = jj_path_join(plugin->inbox, type);

    if (!folder || lstat(folder, &st)) {
        free(folder);
        return;
    }
    bool plain = S_ISDIR(st.st_mode);
    if (!plain || access(folder, R_OK | W_OK | X_OK)) {
        jj_findings_add(findings, config->file, place->line, place->column, "inbox: %.250s %s",
                        folder,
                        plain ? "cannot be read and written by this user"
                              : "is no folder; links are not followed here");
        jj_findings_advise(findings, "%s",
                           plain ? "give it to the daemon's user, with the group of the office"
                                 : "move it away: the daemon makes the folder");
    }
    free(folder);
}

static void check_inbox(const jj_config *config, const jj_plugin_config *plugin,
                        const json_t *grant, jj_findings *findings)
{
    size_t at;
    json_t *type;

    check_folder(config, jj_yaml_get(plugin->node, "inbox"), "inbox", plugin->inbox, findings);
    json_array_foreach(json_object_get(grant, "publishes"), at, type)
    {
        if (!strchr(json_string_value(type), '*')) {
            check_type_folder(config, plugin, json_string_value(type), findings);
        }
    }
}

/* ---- Sockets ------------------------------------------------------------------------------ */

/* A socket that is left over is replaced, unless it lies where only its owner may remove it. */
static bool may_replace(const char *path, const char *folder)
{
    struct stat st, around;

    return lstat(path, &st) || stat(folder, &around) || !(around.st_mode & S_ISVTX) ||
           st.st_uid == geteuid() || around.st_uid == geteuid() || geteuid() == 0;
}

/* own: its folder is made by the daemon, and judged already. */
static void check_socket(const jj_config *config, const jj_yaml_node *place, const char *endpoint,
                         bool own, jj_findings *findings)
{
    struct stat st;
    const char *path = endpoint + strlen(IPC), *wrong = NULL;
    char *folder = strncmp(endpoint, IPC, strlen(IPC)) == 0 ? jj_path_dir(path) : NULL;

    if (!folder) {
        return; /* tcp */
    }
    if (!own && (stat(folder, &st) || !S_ISDIR(st.st_mode))) {
        wrong = "its folder is not there, and the daemon makes none";
    } else if (!own && access(folder, W_OK | X_OK)) {
        wrong = "its folder cannot be written to by this user";
    } else if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
        wrong = "something else than a socket is there";
    } else if (!may_replace(path, folder)) {
        wrong = "a socket of another user is there";
    }
    if (wrong) {
        jj_findings_add(findings, config->file, place->line, place->column, "%.150s: %s", endpoint,
                        wrong);
        jj_findings_advise(findings, "move away what is there, give the folder to the daemon's "
                                     "user, or choose another path");
    }
    free(folder);
}

static void check_sockets(const jj_config *config, jj_findings *findings)
{
    const jj_hub_config *hub = &config->hub;
    const jj_yaml_node *run = place_of(config, "run"), *node = jj_yaml_get(config->root, "hub");
    const jj_yaml_node *listen = jj_yaml_get(node, "listen"), *bell = jj_yaml_get(node, "bell");
    const jj_yaml_node *entry = listen ? listen->first : NULL;

    check_socket(config, run, hub->admin_endpoint, true, findings);
    check_socket(config, run, hub->plugin_endpoint, true, findings);
    check_socket(config, run, hub->bell_endpoint, true, findings);
    for (size_t i = 0; i < hub->listen.count && entry; i++, entry = entry->next) {
        check_socket(config, entry, hub->listen.list[i].endpoint, false, findings);
    }
    entry = bell ? bell->first : NULL;
    for (size_t i = 0; i < hub->bell.count && entry; i++, entry = entry->next) {
        check_socket(config, entry, hub->bell.list[i], false, findings);
    }
}

void jj_check_places(const jj_config *config, const json_t *grants, bool as_service,
                     jj_findings *findings)
{
    bool made = as_service && strcmp(config->run, MADE_BY_SYSTEMD) == 0;

    check_folder(config, place_of(config, "state"), "state", config->state, findings);
    check_state_files(config, findings);
    if (!made) {
        check_folder(config, place_of(config, "run"), "run", config->run, findings);
    }
    check_sockets(config, findings);
    for (size_t i = 0; i < config->plugins.count; i++) {
        const jj_plugin_config *plugin = &config->plugins.list[i];
        if (plugin->inbox) {
            check_inbox(config, plugin, json_object_get(grants, plugin->name), findings);
        }
    }
    jj_findings_sort(findings);
}
