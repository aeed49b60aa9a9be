/*
 * The conformance kit of plugins (`jejaringctl plugin test`). Each case runs in a process of its
 * own and tells through a pipe which callback it is in and what is wrong, so that a crash or a
 * hang is a finding like any other.
 */
#ifndef JJ_CTL_PLUGIN_TEST_H
#define JJ_CTL_PLUGIN_TEST_H

#include "config/config.h"
#include "schema/catalogue.h"
#include "worker/module.h"
#include "worker/options.h"

typedef struct jj_trial {
    const jj_config *config;          /* with one instance: the plugin that is tried */
    const jj_plugin_config *instance; /* of it */
    const jj_catalogue *catalogue;    /* NULL: events have nothing but a date */
    int fd;                           /* what is told goes there */
    jj_module *module;
    const jj_plugin *plugin;
    jj_options options;
} jj_trial;

/* A case: run in a process of its own, with the module loaded and its options read. */
typedef struct jj_trial_case {
    const char *name;
    const char *doc;
    void (*run)(jj_trial *trial);
    bool vital; /* without it the ones that follow have nothing to try */
} jj_trial_case;

extern const jj_trial_case jj_trial_cases[]; /* ended by a NULL name */

/* One line to whoever reads: the callback that is entered, or what is wrong. */
void jj_trial_enter(void *trial, const char *callback);
void jj_trial_fail(const jj_trial *trial, const char *format, ...) JJ_PRINTF(2, 3);

/* A value for each property of a type that a reader may be shown, vault apart. New. */
json_t *jj_trial_data(const jj_type *type);

#endif
