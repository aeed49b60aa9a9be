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
#include <sys/types.h>

/* Adds what is wrong to findings, and to the object grants, for each instance that is right,
 * {"plugin": name, "publishes": [...], "subscribes": [...], "reload": bool, "resume": bool} as its
 * plugin declares. The caller must have one thread. */
void jj_check_plugins(const jj_config *config, json_t *grants, jj_findings *findings);

/* Adds what is wrong with the files that the configuration names: schemas, event types that a
 * plugin declares and no schema describes, the person key. */
void jj_check_files(const jj_config *config, const json_t *grants, jj_findings *findings);

/* Adds what is wrong with the node around the configuration, which the daemon would find out only
 * while it runs, or not at all: region codes that the reference list does not have, agencies,
 * keys, the journal's version. Changes nothing. */
void jj_check_node(const jj_config *config, jj_findings *findings);

/* Adds what is wrong with where the daemon puts things: its folders, sockets and inboxes. Changes
 * nothing. as_service: the service manager makes /run/jejaring. */
void jj_check_places(const jj_config *config, const json_t *grants, bool as_service,
                     jj_findings *findings);

/* Adds what stands in the way of a start at this moment: another hub on the same journal, ports
 * that are taken, folders that cannot be written to. What the daemon of this configuration holds
 * itself is not held against it. */
void jj_check_surroundings(const jj_config *config, jj_findings *findings);

/* A folder with copies of what systemd is to hand over to the service, for its user; NULL if there
 * is no systemd. To be given to jj_check_take_back, which removes it. Root only. */
char *jj_check_lend(uid_t user);
void jj_check_take_back(char *folder);

/* A further check of the caller's. */
typedef void jj_check_more(const jj_config *config, const json_t *grants, jj_findings *findings);

/* A problem with what stands (or, by default, does not stand) below a key of the file. */
void jj_check_blame(const jj_config *config, const char *key, jj_findings *findings,
                    const char *format, ...) JJ_PRINTF(4, 5);
/* The same with an error that somebody else has filled in. */
void jj_check_blame_error(const jj_config *config, const char *key, jj_findings *findings,
                          const jj_error *err);

enum jj_check_voice {
    JJ_CHECK_WORDS, /* each finding with its place and what to do, on stderr */
    JJ_CHECK_JSON,  /* an array of them on stdout */
    JJ_CHECK_SILENT,
};

/* The whole check of a file for a person. more may be NULL. Root checks as the owner of the
 * state folder, which is whom the daemon runs as. Returns the exit code: 0 or 78. */
int jj_check_file(const char *file, jj_check_more *more, enum jj_check_voice voice);

#endif
