/*
 * The hub: the one process that owns the journal and the sockets that face the outside. It
 * authenticates, judges, pseudonymises, deduplicates, makes durable and only then acknowledges;
 * it hands each consumer its events from a cursor; it rings the bell.
 *
 * One thread, one loop. All that arrives in one turn of the loop is made durable by one fsync.
 */
#ifndef JJ_HUB_HUB_H
#define JJ_HUB_HUB_H

#include "config/config.h"

#include <jansson.h>

/* Runs until SIGTERM or SIGINT and returns the process's exit code. grants is a JSON object:
 * for each plugin instance {"token": ..., "publishes": [...], "subscribes": [...]}. On status_fd
 * (-1: none) it writes "READY\n" once it can be reached, "ALIVE\n" each second from its loop, and
 * "STATUS text\n" now and then. */
int jj_hub_run(const jj_config *config, const json_t *grants, int status_fd);

#endif
