/*
 * The check: would this configuration run? Beside what config/ judges, each plugin is loaded, its
 * options are read by its table and judged by its own `check`. This happens in a process of its
 * own for each instance, so that a plugin that crashes or hangs when it is loaded is a finding
 * like any other.
 */
#ifndef JJ_DAEMON_CHECK_H
#define JJ_DAEMON_CHECK_H

#include "config/config.h"

#include <jansson.h>

/* Adds what is wrong to findings, and to the object grants, for each instance that is right,
 * {"publishes": [...], "subscribes": [...], "reload": bool} as its plugin declares. The caller
 * must have one thread. */
void jj_check_plugins(const jj_config *config, json_t *grants, jj_findings *findings);

/* Adds what is wrong with the files that the configuration names: schemas, event types that a
 * plugin declares and no schema describes, the person key. */
void jj_check_files(const jj_config *config, const json_t *grants, jj_findings *findings);

/* The whole check of a file for a person: findings go to stderr, one line each. Returns the exit
 * code: 0 or 78. */
int jj_check_file(const char *file);

#endif
