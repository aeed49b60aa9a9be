/* What the files of the supervisor share; nobody else includes it. */
#ifndef JJ_DAEMON_INTERNAL_H
#define JJ_DAEMON_INTERNAL_H

#include "daemon/supervisor.h"

#include "config/config.h"
#include "daemon/child.h"
#include "daemon/notify.h"

#include <jansson.h>

#define JJ_CHILDREN_MAX (1 + 2 * JJ_PLUGINS_MAX) /* hub, workers, and those that are leaving */

/* A configuration that has passed its check. */
typedef struct jj_version {
    const jj_config *config; /* NULL: none yet */
    json_t *grants;          /* by instance: what its plugin declares */
    int config_fd;           /* the text, sealed; -1: none */
} jj_version;

/* A check that is under way. */
typedef struct jj_checking {
    pid_t pid; /* 0: none */
    int status_fd, config_fd, grants_fd;
    int64_t kill_at_ms; /* monotonic */
    bool again;         /* the file is to be read once more afterwards */
} jj_checking;

typedef struct jj_supervisor {
    const char *file;
    jj_notify notify;
    int signal_fd;
    jj_version current;
    jj_checking checking;
    jj_child children[JJ_CHILDREN_MAX]; /* the hub is the first */
    size_t child_count;
    bool hub_was_ready; /* the configuration is one that the hub can run by */
    bool announced;     /* READY has been sent */
    bool stopping;
    bool ended;
    int exit_code;
    bool refused;       /* the file as it was read last */
    char reported[256]; /* the STATUS that was sent last */
    char *told;         /* owned: what <run>/processes.json was written from; NULL: nothing yet */
    bool untold;        /* it could not be written, which has been said */
} jj_supervisor;

/* ---- reload.c ---- */
/* Reads the file and starts its check. Without a running configuration a failure ends the
 * daemon; with one it stays. */
void jj_reload_begin(jj_supervisor *supervisor);
/* The check has ended with this wait status. */
void jj_reload_checked(jj_supervisor *supervisor, int status);
void jj_reload_clear(jj_supervisor *supervisor);

/* ---- supervisor.c ---- */
void jj_supervisor_stop(jj_supervisor *supervisor, int exit_code);

/* ---- processes.c ---- */
/* Writes <run>/processes.json if anything in it has changed. */
void jj_processes_tell(jj_supervisor *supervisor);
/* Removes it. */
void jj_processes_clear(jj_supervisor *supervisor);

/* ---- start.c ---- */
/* Starts a child by the current configuration; on failure it is tried again later. */
void jj_supervisor_start(jj_supervisor *supervisor, jj_child *child);
/* Fills in what a child runs by under a version: parts, options, can_reload. False: no memory. */
bool jj_supervisor_fingerprint(const jj_version *version, jj_child *child);

#endif
