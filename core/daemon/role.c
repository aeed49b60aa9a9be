#include "daemon/role.h"

#include "base/log.h"
#include "config/config.h"
#include "daemon/check.h"
#include "daemon/spawn.h"
#include "hub/hub.h"
#include "worker/worker.h"
#include "json/load.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE  2
#define EXIT_CONFIG 78
#define GRANTS_MAX  (4 * 1024 * 1024)

typedef struct inheritance {
    const jj_config *config;
    json_t *grants;
} inheritance;

/* On stderr with what to do next, as `--check` shows them; in the journal as the errors they are.
 */
static void tell(const jj_findings *findings)
{
    if (!jj_log_is_journal()) {
        jj_findings_print(findings, stderr);
        return;
    }
    for (size_t i = 0; i < findings->count; i++) {
        jj_log_error(JJ_ERROR, "configuration", &findings->list[i]);
    }
    if (findings->more > 0) {
        jj_log(JJ_ERROR, "configuration: and %zu more errors", findings->more);
    }
}

static int read_config(const char *file, inheritance *got, jj_error *err)
{
    jj_findings findings = {0};
    size_t size_bytes;
    const char *text = jj_spawn_map(JJ_FD_CONFIG, &size_bytes, err);
    int rc = text ? 0 : err->code;

    if (rc == 0 && jj_config_parse(&got->config, file, text, size_bytes, &findings)) {
        tell(&findings);
        rc = jj_findings_first(&findings, err);
    }
    if (text) {
        jj_spawn_unmap(text, size_bytes);
    }
    jj_findings_clear(&findings);
    return rc;
}

static int read_grants(inheritance *got, jj_error *err)
{
    size_t size_bytes;
    const char *text = jj_spawn_map(JJ_FD_GRANTS, &size_bytes, err);
    int rc = text ? jj_json_load(&got->grants, text, size_bytes, GRANTS_MAX, err) : err->code;

    if (text) {
        jj_spawn_unmap(text, size_bytes);
    }
    return rc;
}

static int run_check(const inheritance *got)
{
    jj_findings findings = {0};
    json_t *grants = json_object();

    jj_check_plugins(got->config, grants, &findings);
    jj_check_files(got->config, grants, &findings);
    tell(&findings);
    int rc = jj_findings_total(&findings) > 0 ? EXIT_CONFIG : EXIT_SUCCESS;
    if (rc == 0 && json_dumpfd(grants, JJ_FD_GRANTS, JSON_COMPACT)) {
        rc = EXIT_FAILURE;
    }
    jj_findings_clear(&findings);
    json_decref(grants);
    return rc;
}

static int run_worker(const inheritance *got, const char *instance)
{
    const jj_plugin_config *plugin = instance ? jj_config_plugin(got->config, instance) : NULL;
    const char *token = jj_json_string(json_object_get(got->grants, instance), "token");

    if (!plugin || !token) {
        jj_log(JJ_ERROR, "there is no plugin instance %s", instance ? instance : "without a name");
        return EXIT_CONFIG;
    }
    return jj_worker_run(got->config, plugin, token, JJ_FD_STATUS);
}

static int run(const char *role, const inheritance *got, const char *instance)
{
    if (strcmp(role, "hub") == 0) {
        return jj_hub_run(got->config, got->grants, JJ_FD_STATUS);
    }
    return strcmp(role, "check") == 0 ? run_check(got) : run_worker(got, instance);
}

int jj_role_run(const char *role, const char *file, const char *instance)
{
    inheritance got = {0};
    jj_error err = {0};
    bool check = strcmp(role, "check") == 0;

    if (!check && strcmp(role, "hub") != 0 && strcmp(role, "worker") != 0) {
        fprintf(stderr, "jejaringd: --role is for the daemon itself\n");
        return EXIT_USAGE;
    }
    /* One thread works here: further arenas would only hold memory. */
    mallopt(M_ARENA_MAX, 1);
    for (int fd = JJ_FD_CONFIG; fd <= JJ_FD_STATUS; fd++) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    jj_log_open(instance ? instance : role, JJ_INFO);
    if (instance) {
        jj_log_is_plugin();
    }
    int rc = read_config(file, &got, &err);
    if (rc == 0 && !check) {
        jj_log_open(instance ? instance : role, (int)got.config->log_level);
        rc = read_grants(&got, &err);
    }
    if (rc && !(check && rc == JJ_ECONFIG)) {
        jj_log_error(JJ_ERROR, "cannot start", &err);
    }
    int code = rc == 0 ? run(role, &got, instance) : rc == JJ_ECONFIG ? EXIT_CONFIG : EXIT_FAILURE;
    json_decref(got.grants);
    jj_config_free(got.config);
    return code;
}
