/*
 * Processes of the daemon: this program executed again in another role.
 *
 * A child gets exactly the descriptors that its role needs, has the signal mask and handlers of a
 * fresh process, is out of reach of the terminal's keys, and dies with the supervisor, however
 * that ends.
 */
#ifndef JJ_DAEMON_SPAWN_H
#define JJ_DAEMON_SPAWN_H

#include "jejaring/error.h"

#include <stddef.h>
#include <sys/types.h>

/* Descriptors of a child. */
enum {
    JJ_FD_CONFIG = 3, /* the YAML text; sealed */
    JJ_FD_GRANTS = 4, /* JSON: who may what; sealed, or (role check) to be written */
    JJ_FD_STATUS = 5, /* SOCK_SEQPACKET: lines to the supervisor */
};

typedef struct jj_spawn {
    const char *role;         /* "hub", "worker", "check" */
    const char *file;         /* of the configuration, for messages */
    const char *instance;     /* of a worker; else NULL */
    int config_fd, grants_fd; /* borrowed */
} jj_spawn;

/* Starts a child. *status_fd is the supervisor's end of its status socket. */
int jj_spawn_start(const jj_spawn *what, pid_t *pid, int *status_fd, jj_error *err);

/* A new anonymous file with these bytes, sealed against any change. -1 with err on failure. */
int jj_spawn_sealed(const char *name, const void *data, size_t size_bytes, jj_error *err);

/* An empty anonymous file that a child may write. -1 with err on failure. */
int jj_spawn_blank(const char *name, jj_error *err);

/* The whole content of a memfd, mapped: an open file that several processes share has one read
 * position, and reading would move it for all. NULL with err on failure, "" if it is empty.
 * jj_spawn_unmap forgets it. */
const char *jj_spawn_map(int fd, size_t *size_bytes, jj_error *err);
void jj_spawn_unmap(const char *data, size_t size_bytes);

/* Opens /dev/null at 0, 1 and 2 where nothing is open, so that no socket gets such a number. */
void jj_spawn_fill_standard(void);

#endif
