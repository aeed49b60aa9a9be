/*
 * The supervisor: reads the configuration, starts the hub and one worker for each plugin instance,
 * starts again what dies or hangs, and tells the service manager how things stand.
 *
 * It opens no ZeroMQ context, no journal and no database and loads no plugin, so that whatever
 * goes wrong in those it is still there.
 */
#ifndef JJ_DAEMON_SUPERVISOR_H
#define JJ_DAEMON_SUPERVISOR_H

#ifndef JJ_VERSION
#define JJ_VERSION "0.0.0"
#endif

#define JJ_CONFIG_DEFAULT "/etc/jejaring/jejaringd.yaml"

/* Runs in the foreground until SIGTERM or SIGINT. Returns the exit code: 0 after an orderly stop,
 * 78 if the configuration is wrong, 1 otherwise. */
int jj_supervisor_run(const char *file);

#endif
