#include "daemon/check.h"

#include "base/clock.h"
#include "schema/audience.h"
#include "worker/module.h"
#include "worker/options.h"
#include "json/load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define ANSWER_MAX  (1024 * 1024)

/* One instance, and the process that looks at it. */
typedef struct probe {
    const jj_plugin_config *instance;
    pid_t pid;
    int fd; /* its answer comes from here; -1: ended */
    jj_buf answer;
} probe;

/* ---- In the process of its own ------------------------------------------------------------ */

static json_t *list_of(const char *const *types)
{
    json_t *list = json_array();
    for (size_t i = 0; types && types[i]; i++) {
        json_array_append_new(list, json_string(types[i]));
    }
    return list;
}

static json_t *list_findings(const jj_findings *findings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const jj_error *err = &findings->list[i];
        json_array_append_new(list, json_pack("{s:s,s:i,s:i,s:s,s:s}", "file", err->file, "line",
                                              err->line, "column", err->column, "text", err->text,
                                              "remedy", findings->remedies[i]));
    }
    return list;
}

/* A module that cannot be used is shown where the file names it, or the instance. */
static void blame_module(const jj_config *config, const jj_plugin_config *instance,
                         const char *text, jj_findings *findings)
{
    const jj_yaml_node *named = jj_yaml_get(instance->node, "module");
    const jj_yaml_node *place = named ? named : instance->node->key;

    jj_findings_add(findings, config->file, place->line, place->column, "plugin %s: %s: %s",
                    instance->name, instance->module, text);
    jj_findings_advise(findings,
                       "install or build the plugin for this version, name the right file "
                       "in `module`, or take the instance out; `jejaringd --describe "
                       "FILE.so` shows what a file holds");
}

static void check_needs(const jj_config *config, const jj_plugin_config *instance,
                        const jj_plugin *plugin, jj_findings *findings)
{
    const jj_yaml_node *place = jj_yaml_get(instance->node, "audiences");

    for (size_t i = 0; plugin->needs && plugin->needs[i]; i++) {
        if (!(instance->audiences & jj_audience_parse(plugin->needs[i]))) {
            jj_findings_add(findings, config->file, place->line, place->column,
                            "plugin %s cannot do its work without the audience \"%s\"",
                            instance->name, plugin->needs[i]);
            jj_findings_advise(findings, "write audiences: [%s]", plugin->needs[i]);
        }
    }
}

static json_t *look_at(const jj_config *config, const jj_plugin_config *instance)
{
    jj_module *module = NULL;
    jj_findings findings = {0};
    jj_options options = {0};
    jj_error err = {0};

    if (jj_module_open(&module, instance->module, &err)) {
        blame_module(config, instance, err.text, &findings);
        return json_pack("{s:o}", "findings", list_findings(&findings));
    }
    const jj_plugin *plugin = jj_module_plugin(module);
    jj_options_read(&options, plugin->options, config, instance, &findings);
    if (jj_findings_total(&findings) == 0) {
        jj_options_judge(&options, plugin, config, instance, &findings);
    }
    check_needs(config, instance, plugin, &findings);
    return json_pack("{s:o,s:s,s:o,s:o,s:b,s:b}", "findings", list_findings(&findings), "plugin",
                     plugin->name, "publishes", list_of(plugin->publishes), "subscribes",
                     list_of(plugin->subscribes), "reload", plugin->reload ? 1 : 0, "resume",
                     plugin->resume ? 1 : 0);
}

static void answer_and_exit(const jj_config *config, const jj_plugin_config *instance, int fd)
{
    json_t *answer = look_at(config, instance);
    int rc = answer ? json_dumpfd(answer, fd, JSON_COMPACT) : -1;
    /* Nothing is freed and no exit handler runs: the parent's own are not for this process. */
    _exit(rc ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* ---- In the caller ------------------------------------------------------------------------ */

static void start_probe(const jj_config *config, probe *p)
{
    int pipes[2];
    pid_t parent = getpid();

    p->fd = -1;
    if (pipe2(pipes, O_CLOEXEC)) {
        return;
    }
    fflush(NULL);
    p->pid = fork();
    if (p->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            answer_and_exit(config, p->instance, pipes[1]);
        }
        _exit(EXIT_FAILURE);
    }
    close(pipes[1]);
    if (p->pid < 0) {
        close(pipes[0]);
    } else {
        p->fd = pipes[0];
    }
}

static void read_answer(probe *p)
{
    char piece[4096];
    ssize_t got = read(p->fd, piece, sizeof piece);

    if (got > 0 && p->answer.size < ANSWER_MAX) {
        jj_buf_add(&p->answer, piece, (size_t)got);
    } else if (got >= 0 || errno != EINTR) {
        close(p->fd);
        p->fd = -1;
    }
}

/* Reads from all until each has ended or the time is up. */
static void collect(probe *probes, size_t count, int64_t until_ms)
{
    for (;;) {
        struct pollfd items[JJ_PLUGINS_MAX];
        probe *owners[JJ_PLUGINS_MAX];
        nfds_t open = 0;
        for (size_t i = 0; i < count; i++) {
            if (probes[i].fd >= 0) {
                owners[open] = &probes[i];
                items[open++] = (struct pollfd){.fd = probes[i].fd, .events = POLLIN};
            }
        }
        int64_t left_ms = until_ms - jj_monotonic_ms();
        if (open == 0 || left_ms <= 0) {
            return;
        }
        if (poll(items, open, (int)left_ms) <= 0) {
            continue;
        }
        for (nfds_t i = 0; i < open; i++) {
            if (items[i].revents) {
                read_answer(owners[i]);
            }
        }
    }
}

static void take_findings(const json_t *list, jj_findings *findings)
{
    size_t index;
    json_t *one;

    json_array_foreach(list, index, one)
    {
        const char *file = jj_json_string(one, "file"), *text = jj_json_string(one, "text");
        jj_findings_add(findings, file, (int)json_integer_value(json_object_get(one, "line")),
                        (int)json_integer_value(json_object_get(one, "column")), "%s",
                        text ? text : "");
        const char *remedy = jj_json_string(one, "remedy");
        jj_findings_advise(findings, "%s", remedy ? remedy : "");
    }
}

static void take_answer(const jj_config *config, probe *p, json_t *grants, jj_findings *findings)
{
    json_t *answer = NULL;
    char text[96] = "it could not be looked at: no process could be started";
    int status = 0;

    bool hangs = p->fd >= 0;
    if (hangs) {
        kill(p->pid, SIGKILL);
        close(p->fd);
        p->fd = -1;
        snprintf(text, sizeof text, "it hangs when it is loaded or checks its options");
    }
    if (p->pid > 0 && waitpid(p->pid, &status, 0) == p->pid && !hangs) {
        if (WIFSIGNALED(status)) {
            snprintf(text, sizeof text, "it crashes when it is loaded or checks its options (%s)",
                     sigdescr_np(WTERMSIG(status)));
        } else {
            snprintf(text, sizeof text, "it ends the process when it is loaded (exit code %d)",
                     WEXITSTATUS(status));
        }
    }
    if (hangs || status || !p->answer.data ||
        jj_json_load(&answer, p->answer.data, p->answer.size, ANSWER_MAX, NULL)) {
        blame_module(config, p->instance, text, findings);
    } else {
        take_findings(json_object_get(answer, "findings"), findings);
        json_object_del(answer, "findings");
        json_object_set(grants, p->instance->name, answer);
    }
    json_decref(answer);
}

void jj_check_plugins(const jj_config *config, json_t *grants, jj_findings *findings)
{
    probe probes[JJ_PLUGINS_MAX] = {0};
    size_t count = config->plugins.count;
    int64_t patience_ms =
        config->hang_timeout_ms < PATIENCE_MS ? config->hang_timeout_ms : PATIENCE_MS;

    for (size_t i = 0; i < count; i++) {
        probes[i].instance = &config->plugins.list[i];
        start_probe(config, &probes[i]);
    }
    collect(probes, count, jj_monotonic_ms() + patience_ms);
    for (size_t i = 0; i < count; i++) {
        take_answer(config, &probes[i], grants, findings);
        jj_buf_clear(&probes[i].answer);
    }
    jj_findings_sort(findings);
}
