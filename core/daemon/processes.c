/* What the supervisor knows of its processes, in a file for whoever asks: <run>/processes.json. It
 * is written anew whenever something changes, and taken away at the end. */
#include "daemon/internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "processes.json"

static const char *state_of(const jj_supervisor *supervisor, const jj_child *child)
{
    if (child->pid > 0) {
        return child->stopping ? "stopping" : child->ready ? "up" : "starting";
    }
    if (supervisor->stopping || child->start_at_ms == 0) {
        return "stopped";
    }
    return child->hub || supervisor->children[0].ready ? "waiting" : "waiting for the hub";
}

/* All that makes a difference; times would always. */
static void fingerprint(const jj_supervisor *supervisor, jj_buf *out)
{
    for (size_t i = 0; i < supervisor->child_count; i++) {
        const jj_child *child = &supervisor->children[i];
        jj_buf_printf(out, "%s %s %d %u %s\n", child->name, state_of(supervisor, child),
                      (int)child->pid, child->restarts, child->status);
    }
}

static void put_time(json_t *object, const char *name, int64_t monotonic_ms)
{
    char text[JJ_TIME_SIZE];
    jj_time_format(jj_now_ms() + (monotonic_ms - jj_monotonic_ms()), text);
    json_object_set_new(object, name, json_string(text));
}

static json_t *describe(const jj_supervisor *supervisor, const jj_child *child)
{
    json_t *told = json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "name", child->name, "state",
                             state_of(supervisor, child), "pid", (int)child->pid, "restarts",
                             (int)child->restarts, "says", child->status, "ended", child->ended);
    if (told && child->pid > 0) {
        put_time(told, "since", child->started_ms);
    } else if (told && child->start_at_ms) {
        put_time(told, "next_start", child->start_at_ms);
    }
    return told;
}

static json_t *describe_all(const jj_supervisor *supervisor)
{
    json_t *list = json_array();
    for (size_t i = 0; i < supervisor->child_count; i++) {
        json_array_append_new(list, describe(supervisor, &supervisor->children[i]));
    }
    return json_pack("{s:i, s:s, s:o}", "supervisor", (int)getpid(), "version", JJ_VERSION,
                     "processes", list);
}

/* Beside it and then in its place: nobody reads a part of it. It need not outlive the machine, so
 * nothing waits for a disk. */
static int write_file(const char *path, const json_t *told)
{
    char temporary[512];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", path) >= sizeof temporary) {
        return -1;
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    int rc = fd < 0 ? -1 : json_dumpfd(told, fd, JSON_COMPACT);
    if (fd >= 0 && close(fd)) {
        rc = -1;
    }
    return rc ? rc : rename(temporary, path);
}

static void store(jj_supervisor *supervisor)
{
    char *path = jj_path_join(supervisor->current.config->run, FILE_NAME);
    json_t *told = describe_all(supervisor);
    bool good = path && told && jj_mkdir_all(supervisor->current.config->run, 0750, NULL) == 0 &&
                write_file(path, told) == 0;
    if (!good && !supervisor->untold) {
        jj_log(JJ_WARNING,
               "%s/" FILE_NAME " cannot be written; `jejaringctl top` does not see the "
               "processes",
               supervisor->current.config->run);
    }
    supervisor->untold = !good;
    json_decref(told);
    free(path);
}

void jj_processes_tell(jj_supervisor *supervisor)
{
    jj_buf now = {0};
    if (!supervisor->current.config) {
        return;
    }
    fingerprint(supervisor, &now);
    char *text = jj_buf_take(&now);
    if (text && (!supervisor->told || strcmp(text, supervisor->told) != 0)) {
        store(supervisor);
        free(supervisor->told);
        supervisor->told = supervisor->untold ? NULL : text; /* else it is tried again */
        text = supervisor->untold ? text : NULL;
    }
    free(text);
}

void jj_processes_clear(jj_supervisor *supervisor)
{
    char *path = supervisor->current.config
                     ? jj_path_join(supervisor->current.config->run, FILE_NAME)
                     : NULL;
    if (path) {
        unlink(path);
    }
    free(path);
    free(supervisor->told);
    supervisor->told = NULL;
}
