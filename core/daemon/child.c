#include "daemon/child.h"

#include "base/clock.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 30000

static bool take_line(jj_child *child, const char *line)
{
    if (strcmp(line, "READY") == 0 && !child->ready) {
        child->ready = child->settled = true;
        child->status[0] = '\0';
        return true;
    }
    if (strncmp(line, "STATUS ", 7) == 0) {
        snprintf(child->status, sizeof child->status, "%s", line + 7);
    }
    return false;
}

static void close_status(jj_child *child)
{
    if (child->status_fd >= 0) {
        close(child->status_fd);
    }
    child->status_fd = -1;
}

bool jj_child_listen(jj_child *child, bool *alive)
{
    char text[1024];
    bool became_ready = false;
    ssize_t got = -1;

    while (child->status_fd >= 0 &&
           (got = recv(child->status_fd, text, sizeof text - 1, MSG_DONTWAIT)) > 0) {
        char *rest = text;
        text[got] = '\0';
        for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
            became_ready |= take_line(child, line);
        }
        *alive = true;
        child->heard_ms = jj_monotonic_ms();
    }
    if (got == 0) {
        close_status(child); /* nothing more can come; poll would tell of it for ever */
    }
    return became_ready;
}

void jj_child_send_config(const jj_child *child, int config_fd)
{
    char word[] = "CONFIG\n";
    struct iovec bytes = {word, sizeof word - 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof config_fd);
    memcpy(CMSG_DATA(header), &config_fd, sizeof config_fd);
    if (sendmsg(child->status_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        jj_log(JJ_ERROR, "%s cannot be handed its new options; they hold when it is next started",
               child->name);
    }
}

void jj_child_stop(jj_child *child, int64_t grace_ms)
{
    child->start_at_ms = 0;
    if (child->pid > 0 && !child->stopping) {
        child->stopping = true;
        child->kill_at_ms = jj_monotonic_ms() + grace_ms;
        kill(child->pid, SIGTERM);
    }
}

static const char *plugin_of(const jj_child *child)
{
    return child->hub ? NULL : child->name;
}

void jj_child_enforce(jj_child *child, int64_t hang_timeout_ms)
{
    int64_t now_ms = jj_monotonic_ms();

    if (child->pid <= 0) {
        return;
    }
    if (child->stopping && now_ms >= child->kill_at_ms) {
        jj_log(JJ_WARNING, "%s does not stop: killed", child->name);
        child->kill_at_ms = now_ms + hang_timeout_ms;
        kill(child->pid, SIGKILL);
    } else if (!child->stopping && now_ms - child->heard_ms >= hang_timeout_ms) {
        const jj_log_fields fields = {.id = JJ_LOG_CHILD_HUNG, .plugin = plugin_of(child)};
        jj_log_with(JJ_ERROR, &fields, "%s has given no sign of life for %lld s: killed",
                    child->name, (long long)(now_ms - child->heard_ms) / 1000);
        child->heard_ms = now_ms;
        kill(child->pid, SIGKILL);
    }
}

static void describe(int status, char *out, size_t size_bytes)
{
    if (WIFSIGNALED(status)) {
        snprintf(out, size_bytes, "was ended by SIG%s (%s)", sigabbrev_np(WTERMSIG(status)),
                 sigdescr_np(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) == 78) {
        snprintf(out, size_bytes, "ended: its configuration is wrong (exit code 78)");
    } else {
        snprintf(out, size_bytes, "ended with exit code %d", WEXITSTATUS(status));
    }
}

static void back_off(jj_child *child, int64_t now_ms, int64_t steady_after_ms)
{
    bool steady = now_ms - child->started_ms >= steady_after_ms;

    child->backoff_ms = child->backoff_ms && !steady ? 2 * child->backoff_ms : BACKOFF_MIN_MS;
    if (child->backoff_ms > BACKOFF_MAX_MS) {
        child->backoff_ms = BACKOFF_MAX_MS;
    }
    child->start_at_ms = now_ms + child->backoff_ms;
}

void jj_child_ended(jj_child *child, int status, int64_t steady_after_ms)
{
    int64_t now_ms = jj_monotonic_ms();
    char how[128];

    close_status(child);
    child->pid = 0;
    if (child->ready) {
        child->status[0] = '\0'; /* else it has said why it never was */
    }
    child->ready = false;
    child->settled = true;
    if (child->stopping) {
        child->stopping = false;
        child->start_at_ms = now_ms;
        return;
    }
    describe(status, how, sizeof how);
    memcpy(child->ended, how, sizeof child->ended);
    child->restarts++;
    back_off(child, now_ms, steady_after_ms);
    const jj_log_fields fields = {.id = JJ_LOG_CHILD_DIED, .plugin = plugin_of(child)};
    jj_log_with(JJ_WARNING, &fields, "%s %s; starting it again in %lld.%lld s", child->name, how,
                (long long)child->backoff_ms / 1000, (long long)child->backoff_ms % 1000 / 100);
}

int64_t jj_child_due_ms(const jj_child *child, int64_t hang_timeout_ms)
{
    if (child->pid > 0) {
        return child->stopping ? child->kill_at_ms : child->heard_ms + hang_timeout_ms;
    }
    return child->start_at_ms ? child->start_at_ms : INT64_MAX;
}

void jj_child_clear(jj_child *child)
{
    free(child->parts);
    free(child->options);
    close_status(child);
    *child = (jj_child){.status_fd = -1};
}
