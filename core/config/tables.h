/*
 * The keys of jejaringd.yaml, mapping by mapping: what config.c reads by and the manual is made
 * from.
 */
#ifndef JJ_CONFIG_TABLES_H
#define JJ_CONFIG_TABLES_H

#include "config/keys.h"

extern const jj_key jj_config_keys[];    /* top level -> jj_config */
extern const jj_key jj_hub_keys[];       /* hub: -> jj_hub_config */
extern const jj_key jj_retention_keys[]; /* hub: retention: -> jj_hub_config */
extern const jj_key jj_listener_keys[];  /* each of hub: listen: -> jj_listener */
extern const jj_key jj_reports_keys[];   /* reports: -> jj_reports_config */
extern const jj_key jj_calendar_keys[];  /* reports: calendar: -> jj_reports_config */
extern const jj_key jj_plugin_keys[];    /* each of plugins: -> jj_plugin_config */

extern const jj_key jj_agency_keys[]; /* a file of the folder agencies -> jj_agency */

/* Key types of these tables alone (values.c, doors.c, agency.c). */
extern const jj_key_type jj_key_instance;  /* const char *: id of an agency or plugin */
extern const jj_key_type jj_key_types;     /* jj_words: event types */
extern const jj_key_type jj_key_z85;       /* const char *: a CURVE key */
extern const jj_key_type jj_key_node;      /* const char *: name of a node */
extern const jj_key_type jj_key_level;     /* int64_t: level of the log */
extern const jj_key_type jj_key_period;    /* int64_t: months */
extern const jj_key_type jj_key_region;    /* const char *: one region code */
extern const jj_key_type jj_key_regions;   /* jj_words: region codes or "*" */
extern const jj_key_type jj_key_audiences; /* uint32_t: bits of jj_audience */
extern const jj_key_type jj_key_plugins;   /* jj_plugins_config */
extern const jj_key_type jj_key_endpoint;  /* const char * */
extern const jj_key_type jj_key_listen;    /* jj_listeners */
extern const jj_key_type jj_key_bell;      /* jj_words */

/* Complains unless a socket's path fits into a sockaddr_un. */
bool jj_socket_path_check(jj_reader *reader, const jj_yaml_node *node, const char *path);

#endif
