/*
 * The worker: one process that runs one plugin instance. It is a client of the hub like any
 * agency; what it adds is the plugin's life cycle and the promise that what a callback published,
 * the state that it changed and the cursor are committed together or not at all.
 *
 * Not here: restarting. A worker that cannot go on ends; the supervisor starts it again.
 */
#ifndef JJ_WORKER_WORKER_H
#define JJ_WORKER_WORKER_H

#include "config/config.h"

/* Runs the instance until SIGTERM, and returns the process's exit code: 0 after an orderly stop,
 * 78 if its configuration is wrong, 1 otherwise. token is its password at the hub. On status_fd
 * (-1: none) it writes "READY\n" once the plugin has started, "ALIVE\n" each second and "STATUS
 * text\n" now and then. Once in a process: it takes over its signals. */
int jj_worker_run(const jj_config *config, const jj_plugin_config *instance, const char *token,
                  int status_fd);

#endif
