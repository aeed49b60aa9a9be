#include "ctl/look.h"

#include "base/fs.h"
#include "json/load.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define PROCESSES_MAX (1024 * 1024)

uint64_t jj_look_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? (uint64_t)json_integer_value(value) : 0;
}

const char *jj_look_text(const json_t *object, const char *name)
{
    const char *text = jj_json_string(object, name);
    return text ? text : "";
}

bool jj_look_is_up(const json_t *process)
{
    return strcmp(jj_look_text(process, "state"), "up") == 0;
}

/* A file of a daemon that was killed tells of the past. */
static json_t *read_processes(const char *run)
{
    json_t *all = NULL, *list = NULL;
    char *path = jj_path_join(run, "processes.json");

    if (path && jj_json_load_file(&all, path, PROCESSES_MAX, NULL) == 0) {
        pid_t pid = (pid_t)jj_look_number(all, "supervisor");
        if (pid > 0 && (kill(pid, 0) == 0 || errno == EPERM)) {
            list = json_incref(json_object_get(all, "processes"));
        }
    }
    json_decref(all);
    free(path);
    return list;
}

int jj_look_take(jj_ctl *ctl, jj_look *look)
{
    struct statvfs disk;
    int code = jj_ctl_config(ctl, &look->config);

    if (code) {
        return code;
    }
    jj_ctl_try(ctl, "STATUS", NULL, &look->status, NULL, &look->away);
    look->processes = read_processes(look->config->run);
    if (statvfs(look->config->state, &disk) == 0) {
        look->disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
        look->disk_size_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
    }
    return JJ_EXIT_OK;
}

void jj_look_clear(jj_look *look)
{
    json_decref(look->status);
    json_decref(look->processes);
    *look = (jj_look){0};
}
