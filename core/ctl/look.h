/*
 * A look at a node from outside: what the hub says, what the supervisor writes down, what the disk
 * has left. For commands that must have something to say when parts of it are away.
 */
#ifndef JJ_CTL_LOOK_H
#define JJ_CTL_LOOK_H

#include "ctl/ctl.h"

/* Zero-initialise; clear when done. */
typedef struct jj_look {
    const jj_config *config; /* borrowed from ctl */
    json_t *status;          /* owned: the hub's STATUS; NULL: it does not answer, and: */
    jj_error away;           /* why */
    json_t *processes;       /* owned: array, see core/daemon/processes.c; NULL: no daemon runs */
    uint64_t disk_free_bytes, disk_size_bytes; /* where the state is; 0, 0: not known */
} jj_look;

/* Returns an exit code: a configuration that cannot be read is the only failure. */
int jj_look_take(jj_ctl *ctl, jj_look *look);
void jj_look_clear(jj_look *look);

/* True if the hub or a worker, an entry of processes, is up. */
bool jj_look_is_up(const json_t *process);

/* A whole number or a text of an object of these; 0 or "" where it is not there. */
uint64_t jj_look_number(const json_t *object, const char *name);
const char *jj_look_text(const json_t *object, const char *name);

#endif
