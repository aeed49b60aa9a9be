/*
 * The office of an instance: the inbox into which an agency's people drop files. The plugin needs
 * no code for it: there is one folder for each event type that it publishes, and what comes of the
 * rows is published in its name.
 *
 * Most of the time nothing lies there. Then the office is closed: it holds a watch on the folders
 * and none of the schemas and lists that reading a file takes.
 */
#ifndef JJ_WORKER_OFFICE_H
#define JJ_WORKER_OFFICE_H

#include "jejaring/error.h"
#include "jejaring/plugin.h"

#include "config/config.h"
#include "worker/link.h"

#include <stdint.h>

typedef struct jj_office jj_office;

/* Makes the folders and begins to watch them. *office is new; NULL if the instance has no inbox.
 * All is borrowed until jj_office_close. */
int jj_office_open(jj_office **office, jj_link *link, const jj_config *config,
                   const jj_plugin_config *instance, const jj_plugin *plugin, jj_error *err);
void jj_office_close(jj_office *office);

/* Readable when files have come in; -1: nothing to watch. */
int jj_office_descriptor(const jj_office *office);

/* Takes note of new files and does the next piece of work. Milliseconds until it wants to be
 * called again, 0: at once; -1: never (there is no office). */
int64_t jj_office_work(jj_office *office);

#endif
