/* A configuration is read, checked in a process of its own and, if it is right, put in force. */
#include "daemon/internal.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/id.h"
#include "base/log.h"
#include "daemon/spawn.h"
#include "json/load.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_MAX_MS 30000
#define STOP_MS      5000
#define GRANTS_MAX   (4 * 1024 * 1024)
#define EXIT_CONFIG  78

static void clear_version(jj_version *version)
{
    jj_config_free(version->config);
    json_decref(version->grants);
    if (version->config_fd >= 0) {
        close(version->config_fd);
    }
    *version = (jj_version){.config_fd = -1};
}

static void clear_checking(jj_checking *checking)
{
    if (checking->status_fd >= 0) {
        close(checking->status_fd);
    }
    if (checking->config_fd >= 0) {
        close(checking->config_fd);
    }
    if (checking->grants_fd >= 0) {
        close(checking->grants_fd);
    }
    *checking = (jj_checking){.status_fd = -1, .config_fd = -1, .grants_fd = -1};
}

void jj_reload_clear(jj_supervisor *supervisor)
{
    clear_checking(&supervisor->checking);
    clear_version(&supervisor->current);
}

/* The file is not to be used: the daemon goes on as it was, or, if it was not yet, ends. */
static void refuse(jj_supervisor *supervisor, int exit_code)
{
    const jj_log_fields wrong = {.id = JJ_LOG_CONFIG};
    const char *how = exit_code == EXIT_CONFIG ? "is wrong" : "could not be checked";
    supervisor->refused = true;
    if (supervisor->current.config) {
        jj_log_with(JJ_ERROR, &wrong, "%s %s and is not used; everything goes on as it was",
                    supervisor->file, how);
        jj_notify_send(&supervisor->notify, "READY=1");
    } else {
        jj_log_with(JJ_ERROR, &wrong, "%s %s: not started", supervisor->file, how);
        jj_supervisor_stop(supervisor, exit_code);
    }
}

static int start_check(jj_supervisor *supervisor, const jj_buf *text, jj_error *err)
{
    jj_checking *checking = &supervisor->checking;

    checking->config_fd =
        jj_spawn_sealed("jejaring-config", text->data ? text->data : "", text->size, err);
    checking->grants_fd = checking->config_fd < 0 ? -1 : jj_spawn_blank("jejaring-declared", err);
    if (checking->grants_fd < 0) {
        return err->code;
    }
    const jj_spawn what = {.role = "check",
                           .file = supervisor->file,
                           .config_fd = checking->config_fd,
                           .grants_fd = checking->grants_fd};
    checking->kill_at_ms = jj_monotonic_ms() + CHECK_MAX_MS;
    return jj_spawn_start(&what, &checking->pid, &checking->status_fd, err);
}

/* What failed with it then failed for want of descriptors or the like, and may pass. */
static bool is_readable(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, R_OK) == 0;
}

void jj_reload_begin(jj_supervisor *supervisor)
{
    jj_error err = {0};
    jj_buf text = {0};

    if (supervisor->checking.pid) {
        supervisor->checking.again = true;
        return;
    }
    int read = jj_file_read(supervisor->file, JJ_CONFIG_SIZE_MAX, &text, &err);
    int rc = read ? read : start_check(supervisor, &text, &err);
    jj_buf_clear(&text);
    if (rc) {
        jj_log_error(JJ_ERROR,
                     read ? "cannot read the configuration" : "cannot check the configuration",
                     &err);
        clear_checking(&supervisor->checking);
        bool passes = !read || (read != JJ_ETOO_LARGE && is_readable(supervisor->file));
        refuse(supervisor, passes ? EXIT_FAILURE : EXIT_CONFIG);
    }
}

/* Takes the checked text and what the plugins declared as a version. */
static int take_version(jj_supervisor *supervisor, jj_version *version, jj_error *err)
{
    jj_checking *checking = &supervisor->checking;
    jj_findings findings = {0};
    size_t text_size = 0, declared_size = 0;
    const char *declared = NULL, *text = jj_spawn_map(checking->config_fd, &text_size, err);

    declared = text ? jj_spawn_map(checking->grants_fd, &declared_size, err) : NULL;
    int rc = text && declared ? 0 : err->code;
    if (rc == 0 &&
        jj_config_parse(&version->config, supervisor->file, text, text_size, &findings)) {
        rc = jj_findings_first(&findings, err);
    }
    rc = rc ? rc : jj_json_load(&version->grants, declared, declared_size, GRANTS_MAX, err);
    if (rc == 0) {
        version->config_fd = checking->config_fd;
        checking->config_fd = -1;
    }
    if (text) {
        jj_spawn_unmap(text, text_size);
    }
    if (declared) {
        jj_spawn_unmap(declared, declared_size);
    }
    jj_findings_clear(&findings);
    return rc;
}

static jj_child *find_child(jj_supervisor *supervisor, const char *name)
{
    for (size_t i = 1; i < supervisor->child_count; i++) {
        if (strcmp(supervisor->children[i].name, name) == 0) {
            return &supervisor->children[i];
        }
    }
    return NULL;
}

static jj_child *add_child(jj_supervisor *supervisor, const char *name, bool hub)
{
    unsigned char secret[32];

    if (supervisor->child_count == JJ_CHILDREN_MAX) {
        return NULL;
    }
    jj_child *child = &supervisor->children[supervisor->child_count++];
    *child = (jj_child){.hub = hub, .status_fd = -1, .start_at_ms = jj_monotonic_ms()};
    snprintf(child->name, sizeof child->name, "%s", name);
    jj_random(secret, sizeof secret);
    jj_hex(secret, sizeof secret, child->token);
    return child;
}

/* Gives a child what it runs by from now on; it is started again if that concerns it. */
static bool update_child(jj_supervisor *supervisor, jj_child *child)
{
    char *parts = child->parts, *options = child->options;
    bool could_reload = child->can_reload;

    child->parts = child->options = NULL;
    child->retired = false;
    bool good = jj_supervisor_fingerprint(&supervisor->current, child);
    if (good && parts && child->pid > 0) {
        bool other_options = strcmp(options, child->options) != 0;
        if (strcmp(parts, child->parts) != 0 || (other_options && !could_reload)) {
            jj_log(JJ_INFO, "%s is started again with its new configuration", child->name);
            jj_child_stop(child, STOP_MS);
        } else if (other_options) {
            jj_child_send_config(child, supervisor->current.config_fd);
        }
    }
    free(parts);
    free(options);
    return good;
}

/* What the hub reads of its own accord, the agencies' files, it reads again. */
static void tell_hub(const jj_child *hub)
{
    if (hub->pid > 0 && hub->ready && !hub->stopping) {
        kill(hub->pid, SIGHUP);
    }
}

static void put_in_force(jj_supervisor *supervisor)
{
    const jj_config *config = supervisor->current.config;
    bool good = true;

    if (supervisor->child_count == 0) {
        add_child(supervisor, "hub", true);
    }
    for (size_t i = 1; i < supervisor->child_count; i++) {
        jj_child *child = &supervisor->children[i];
        if (!jj_config_plugin(config, child->name)) {
            child->retired = true;
            jj_child_stop(child, STOP_MS);
        }
    }
    for (size_t i = 0; i < config->plugins.count; i++) {
        const char *name = config->plugins.list[i].name;
        jj_child *child = find_child(supervisor, name);
        child = child ? child : add_child(supervisor, name, false);
        good = child && update_child(supervisor, child) && good;
    }
    good = update_child(supervisor, &supervisor->children[0]) && good;
    tell_hub(&supervisor->children[0]);
    if (!good) {
        jj_log(JJ_ERROR, "out of memory or of room for plugins: stopping");
        jj_supervisor_stop(supervisor, EXIT_FAILURE);
    }
}

void jj_reload_checked(jj_supervisor *supervisor, int status)
{
    jj_checking *checking = &supervisor->checking;
    jj_version version = {.config_fd = -1};
    jj_error err = {0};
    bool again = checking->again, first = !supervisor->current.config;

    checking->pid = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        refuse(supervisor, WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
    } else if (take_version(supervisor, &version, &err)) {
        jj_log_error(JJ_ERROR, "cannot take the configuration", &err);
        clear_version(&version);
        refuse(supervisor, EXIT_FAILURE);
    } else {
        supervisor->refused = false;
        clear_version(&supervisor->current);
        supervisor->current = version;
        jj_log_open("supervisor", (int)version.config->log_level);
        put_in_force(supervisor);
        if (!first) {
            jj_log(JJ_NOTICE, "%s was read again and is in force", supervisor->file);
            jj_notify_send(&supervisor->notify, "READY=1");
        }
    }
    clear_checking(checking);
    if (again && !supervisor->stopping) {
        jj_reload_begin(supervisor);
    }
}
