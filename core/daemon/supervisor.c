#include "daemon/internal.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/process.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MS     5000
#define EXIT_CONFIG 78

static jj_child *hub_of(jj_supervisor *supervisor)
{
    return &supervisor->children[0];
}

/* A worker is started when there is a hub that it can come to, and that knows its password. */
static bool may_start(const jj_supervisor *supervisor, const jj_child *child)
{
    const jj_child *hub = &supervisor->children[0];
    return child->hub || (hub->ready && !hub->stopping);
}

/* ---- Stopping ----------------------------------------------------------------------------- */

/* Workers first, while the hub can still take what they commit; then the hub. */
static void go_on_stopping(jj_supervisor *supervisor)
{
    size_t workers = 0;

    for (size_t i = 1; i < supervisor->child_count; i++) {
        jj_child_stop(&supervisor->children[i], STOP_MS);
        workers += supervisor->children[i].pid > 0;
    }
    if (workers == 0 && supervisor->child_count > 0) {
        jj_child_stop(hub_of(supervisor), STOP_MS);
    }
    supervisor->ended = workers == 0 && supervisor->checking.pid == 0 &&
                        (supervisor->child_count == 0 || hub_of(supervisor)->pid == 0);
}

void jj_supervisor_stop(jj_supervisor *supervisor, int exit_code)
{
    if (supervisor->stopping) {
        return;
    }
    jj_log(JJ_NOTICE, "stopping");
    supervisor->stopping = true;
    supervisor->exit_code = exit_code;
    jj_notify_send(&supervisor->notify, "STOPPING=1\nSTATUS=stopping");
    if (supervisor->checking.pid) {
        kill(supervisor->checking.pid, SIGKILL);
    }
    go_on_stopping(supervisor);
}

/* ---- Children ----------------------------------------------------------------------------- */

static void forget(jj_supervisor *supervisor, size_t at)
{
    jj_child_clear(&supervisor->children[at]);
    supervisor->child_count--;
    memmove(&supervisor->children[at], &supervisor->children[at + 1],
            (supervisor->child_count - at) * sizeof *supervisor->children);
}

static void child_ended(jj_supervisor *supervisor, jj_child *child, int status)
{
    bool alive;

    jj_child_listen(child, &alive); /* its last words */
    bool never_ready = child->hub && !supervisor->hub_was_ready && !child->stopping;
    if (never_ready && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIG) {
        child->stopping = true; /* it has said why; trying again would not help */
        jj_child_ended(child, status, supervisor->current.config->steady_after_ms);
        child->start_at_ms = 0;
        jj_supervisor_stop(supervisor, EXIT_CONFIG);
        return;
    }
    jj_child_ended(child, status, supervisor->current.config->steady_after_ms);
    if (supervisor->stopping) {
        child->start_at_ms = 0;
    }
}

static void reap(jj_supervisor *supervisor)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == supervisor->checking.pid) {
            if (supervisor->stopping) {
                supervisor->checking.pid = 0;
            } else {
                jj_reload_checked(supervisor, status);
            }
            continue;
        }
        for (size_t i = 0; i < supervisor->child_count; i++) {
            if (supervisor->children[i].pid == pid) {
                child_ended(supervisor, &supervisor->children[i], status);
            }
        }
    }
    for (size_t i = supervisor->child_count; i-- > 1;) {
        if (supervisor->children[i].retired && supervisor->children[i].pid == 0) {
            forget(supervisor, i);
        }
    }
}

static void start_due(jj_supervisor *supervisor)
{
    int64_t now_ms = jj_monotonic_ms();

    for (size_t i = 0; i < supervisor->child_count && !supervisor->stopping; i++) {
        jj_child *child = &supervisor->children[i];
        if (may_start(supervisor, child) && child->start_at_ms && child->start_at_ms <= now_ms) {
            jj_supervisor_start(supervisor, child);
        }
    }
}

/* ---- The service manager ------------------------------------------------------------------ */

/* Ready is: the hub takes events, and every plugin has come as far as it could. One that waits for
 * its database must not hold up the others. */
static void announce(jj_supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->child_count; i++) {
        if (!supervisor->children[i].settled) {
            return;
        }
    }
    if (supervisor->announced || supervisor->stopping || !hub_of(supervisor)->ready) {
        return;
    }
    supervisor->announced = true;
    jj_notify_send(&supervisor->notify, "READY=1");
    jj_log_with(JJ_NOTICE, &(jj_log_fields){.id = JJ_LOG_READY},
                "ready: node %s, hub and %zu plugins", supervisor->current.config->node,
                supervisor->child_count - 1);
    jj_process_settle();
}

static void report(jj_supervisor *supervisor)
{
    char text[sizeof supervisor->reported];
    size_t up = 0, down = 0, used = 0;

    if (supervisor->notify.fd < 0 || supervisor->child_count == 0 || supervisor->stopping) {
        return;
    }
    for (size_t i = 1; i < supervisor->child_count; i++) {
        up += supervisor->children[i].ready;
        down += !supervisor->children[i].ready;
    }
    const jj_child *hub = hub_of(supervisor);
    used = (size_t)snprintf(
        text, sizeof text, "%shub %s%s%s; %zu of %zu plugins up",
        supervisor->refused ? "the file was wrong when it was read again; " : "",
        hub->ready ? "up" : "down", hub->status[0] ? ", " : "", hub->status, up, up + down);
    for (size_t i = 1; i < supervisor->child_count && used < sizeof text; i++) {
        if (!supervisor->children[i].ready) {
            used += (size_t)snprintf(text + used, sizeof text - used, ", %s is not",
                                     supervisor->children[i].name);
        }
    }
    if (strcmp(text, supervisor->reported) != 0) {
        memcpy(supervisor->reported, text, sizeof text);
        jj_notify_send(&supervisor->notify, "STATUS=%s", text);
    }
}

static void listen_to(jj_supervisor *supervisor, jj_child *child)
{
    bool alive = false;

    if (jj_child_listen(child, &alive)) {
        jj_log(JJ_DEBUG, "%s is ready", child->name);
        supervisor->hub_was_ready |= child->hub;
    }
    /* The watchdog is fed by the hub's signs of life, not by a timer that goes on without it. */
    if (alive && child->hub && supervisor->notify.watchdog) {
        jj_notify_send(&supervisor->notify, "WATCHDOG=1");
    }
}

/* ---- Loop --------------------------------------------------------------------------------- */

static void take_signals(jj_supervisor *supervisor)
{
    struct signalfd_siginfo info;

    while (read(supervisor->signal_fd, &info, sizeof info) == sizeof info) {
        switch (info.ssi_signo) {
        case SIGTERM:
        case SIGINT:
            jj_supervisor_stop(supervisor, EXIT_SUCCESS);
            break;
        case SIGHUP:
            if (!supervisor->stopping) {
                jj_notify_reloading(&supervisor->notify);
                jj_reload_begin(supervisor);
            }
            break;
        default:
            reap(supervisor);
        }
    }
}

static int64_t hang_timeout_of(const jj_supervisor *supervisor)
{
    const jj_config *config = supervisor->current.config;
    return config ? config->hang_timeout_ms : INT64_MAX / 4;
}

static int wait_ms(const jj_supervisor *supervisor)
{
    int64_t due_ms = supervisor->checking.pid ? supervisor->checking.kill_at_ms : INT64_MAX;

    for (size_t i = 0; i < supervisor->child_count; i++) {
        const jj_child *child = &supervisor->children[i];
        if (child->pid <= 0 && !may_start(supervisor, child)) {
            continue;
        }
        int64_t child_ms = jj_child_due_ms(child, hang_timeout_of(supervisor));
        due_ms = child_ms < due_ms ? child_ms : due_ms;
    }
    int64_t left_ms = due_ms == INT64_MAX ? -1 : due_ms - jj_monotonic_ms();
    return due_ms == INT64_MAX ? -1 : left_ms < 0 ? 0 : left_ms > 60000 ? 60000 : (int)left_ms;
}

static void turn(jj_supervisor *supervisor)
{
    struct pollfd items[1 + JJ_CHILDREN_MAX];
    nfds_t count = 0;

    items[count++] = (struct pollfd){.fd = supervisor->signal_fd, .events = POLLIN};
    for (size_t i = 0; i < supervisor->child_count; i++) {
        items[count++] = (struct pollfd){.fd = supervisor->children[i].status_fd, .events = POLLIN};
    }
    poll(items, count, wait_ms(supervisor));
    for (nfds_t i = 1; i < count; i++) {
        if (items[i].revents) {
            listen_to(supervisor, &supervisor->children[i - 1]);
        }
    }
    take_signals(supervisor);
    for (size_t i = 0; i < supervisor->child_count; i++) {
        jj_child_enforce(&supervisor->children[i], hang_timeout_of(supervisor));
    }
    if (supervisor->checking.pid && jj_monotonic_ms() >= supervisor->checking.kill_at_ms) {
        supervisor->checking.kill_at_ms += STOP_MS;
        kill(supervisor->checking.pid, SIGKILL);
    }
    start_due(supervisor);
    announce(supervisor);
    report(supervisor);
    jj_processes_tell(supervisor);
    if (supervisor->stopping) {
        go_on_stopping(supervisor);
    }
}

int jj_supervisor_run(const char *file)
{
    jj_supervisor *supervisor = calloc(1, sizeof *supervisor);
    signal(SIGPIPE, SIG_IGN);
    int signals = jj_process_signals((const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0});

    jj_log_open("supervisor", JJ_INFO);
    if (!supervisor || signals < 0 || !jj_id_init()) {
        jj_log(JJ_ERROR, "cannot start: out of memory, descriptors or randomness");
        free(supervisor);
        return EXIT_FAILURE;
    }
    supervisor->file = file;
    supervisor->signal_fd = signals;
    supervisor->current.config_fd = -1;
    supervisor->checking = (jj_checking){.status_fd = -1, .config_fd = -1, .grants_fd = -1};
    jj_notify_open(&supervisor->notify);
    jj_log(JJ_INFO, "jejaringd " JJ_VERSION " starts with %s", file);
    jj_reload_begin(supervisor);
    while (!supervisor->ended) {
        turn(supervisor);
    }
    int exit_code = supervisor->exit_code;
    /* The manager goes on showing the last one. */
    jj_notify_send(&supervisor->notify, "STATUS=%s",
                   exit_code == EXIT_CONFIG    ? "the configuration is wrong, the log says what"
                   : exit_code == EXIT_SUCCESS ? "stopped"
                                               : "failed, the log says why");
    while (supervisor->child_count > 0) {
        forget(supervisor, supervisor->child_count - 1);
    }
    jj_processes_clear(supervisor);
    jj_reload_clear(supervisor);
    jj_notify_close(&supervisor->notify);
    close(signals);
    free(supervisor);
    if (exit_code == EXIT_SUCCESS) {
        jj_log(JJ_NOTICE, "stopped");
    }
    return exit_code;
}
