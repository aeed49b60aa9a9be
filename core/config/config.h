/*
 * The configuration of a node: one YAML file, read whole, checked whole, immutable afterwards.
 *
 * Guarantees: a jj_config that exists is right in itself: every path absolute, every region code,
 * audience, endpoint and name well formed, every socket path short enough, no inbox and no socket
 * used twice. All problems of a file are reported with their positions, not only the first. Keys
 * come from the tables in keys.h: an unknown one is refused, with the nearest known one named.
 *
 * Not here: the options of a plugin, which its own table judges (worker/options.h), whether the
 * files named exist and may be read (each user of a file says so), and keys and agencies on
 * other machines.
 */
#ifndef JJ_CONFIG_CONFIG_H
#define JJ_CONFIG_CONFIG_H

#include "jejaring/error.h"

#include "config/findings.h"
#include "config/yaml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JJ_CONFIG_SIZE_MAX (1024 * 1024) /* bytes of the file */
#define JJ_PLUGINS_MAX     64            /* instances on one node */

/* Everything below is owned by the jj_config, strings are never NULL unless it says so. */

/* A list of words, e.g. region codes. Ended by NULL, too. */
typedef struct jj_words {
    const char **list;
    size_t count;
} jj_words;

/* A door of the hub beside the ones that are always there. */
typedef struct jj_listener {
    const char *endpoint; /* "tcp://127.0.0.1:5710", "ipc:///run/jejaring/office.sock" */
    const char *as; /* who everybody is that connects: "local", the administrator; or the id of
                     * an agency; NULL: each proves it by CURVE */
} jj_listener;

typedef struct jj_listeners {
    jj_listener *list;
    size_t count;
} jj_listeners;

typedef struct jj_hub_config {
    jj_listeners listen;
    jj_words bell;            /* endpoints beside bell_endpoint; the outer ones speak CURVE */
    int64_t retention_age_ms; /* 0: no limit by age */
    int64_t retention_bytes;  /* 0: no limit by size */
    int64_t lost_after_ms;    /* retention waits no longer for a silent consumer; 0: for ever */
    int64_t quarantine;       /* rejected events that are kept for each agency */
    int64_t quarantine_bytes; /* and their bytes; 0: no limit */
    int64_t quarantine_nodes; /* of a node below: so many, then nothing more is taken from it */
    int64_t time_ahead_ms;    /* how far an event may lie ahead of the clock; 0: no limit */

    /* Always there, made from `run`. */
    const char *admin_endpoint;  /* ipc://<run>/hub.sock: the local administrator */
    const char *plugin_endpoint; /* ipc://<run>/plugins.sock: plugins, by name and token */
    const char *bell_endpoint;   /* ipc://<run>/bell.sock */
} jj_hub_config;

/* One plugin instance; it is an agency that lives here, and its name is the agency's id. */
typedef struct jj_plugin_config {
    const char *name;
    const char *module;          /* absolute path of the shared object */
    uint32_t audiences;          /* bits of enum jj_audience */
    jj_words regions;            /* "33.75", "33" or "*"; never empty */
    const char *inbox;           /* absolute; NULL: none */
    const jj_yaml_node *options; /* a mapping, or NULL: none given */
    const jj_yaml_node *node;    /* where the instance stands in the file */
} jj_plugin_config;

typedef struct jj_plugins_config {
    jj_plugin_config *list; /* in the order of the file */
    size_t count;
} jj_plugins_config;

/* What the figures of reports are measured by. */
typedef struct jj_reports_config {
    const char *conninfo; /* of a warehouse elsewhere; NULL: the plugin's, or libpq's environment */
    int64_t floor;        /* counts of persons with a disability below it are not shown */
    int64_t small_share;  /* percent of procurement that is to go to small business */
    int64_t due_day;      /* by which day of the month regencies are to have reported */
    int64_t due_months;   /* in every so many months, counted from January */
} jj_reports_config;

typedef struct jj_config {
    const char *file;         /* as it was named, for messages */
    const char *dir;          /* its folder, absolute: relative paths start there */
    const jj_yaml_node *root; /* the file as a tree, for the places of problems */

    const char *node;
    const char *region;
    const char *state;       /* folder of the journal and the vault */
    const char *run;         /* folder of the sockets */
    const char *schemas;     /* folder with events/ reference/ warehouse/ */
    const char *plugin_path; /* folder of the plugins' shared objects */
    const char *person_key;  /* file; NULL: <state>/person.key, which the hub makes if need be */
    const char *server_key;  /* file with the hub's CURVE secret key; NULL: no endpoint needs one */
    const char *agencies;    /* folder of the agencies' files */
    int64_t log_level;       /* of base/log.h */
    int64_t hang_timeout_ms; /* a child silent for so long is killed */
    int64_t steady_after_ms; /* a child that ran so long is not in a loop of crashes */
    jj_hub_config hub;
    jj_reports_config reports;
    jj_plugins_config plugins;
} jj_config;

/* Reads and checks file. On success *config is new; otherwise findings has at least one more
 * entry and *config is untouched. Returns 0, JJ_ECONFIG or JJ_EMEMORY. */
int jj_config_load(const jj_config **config, const char *file, jj_findings *findings);

/* The same from text that has been read already; file names it in messages, and relative paths
 * start in its folder. */
int jj_config_parse(const jj_config **config, const char *file, const char *text, size_t size_bytes,
                    jj_findings *findings);

void jj_config_free(const jj_config *config);

/* True if other machines can reach it: tcp, and not loopback. */
bool jj_endpoint_is_outer(const char *endpoint);

/* True if no two sockets can be bound to them: the same, or one everywhere and of the same port. */
bool jj_endpoints_clash(const char *a, const char *b);

/* The instance of that name, or NULL. */
const jj_plugin_config *jj_config_plugin(const jj_config *config, const char *name);

#endif
