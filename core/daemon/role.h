/*
 * What a process does that the supervisor has started: it takes over its descriptors, reads the
 * configuration and the grants from them, and becomes hub, worker or check.
 */
#ifndef JJ_DAEMON_ROLE_H
#define JJ_DAEMON_ROLE_H

/* Returns the exit code. file is only a name for messages. instance: of a worker; else NULL. */
int jj_role_run(const char *role, const char *file, const char *instance);

#endif
