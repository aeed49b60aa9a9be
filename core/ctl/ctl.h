/*
 * jejaringctl: one run of one command, and what the commands have in common: their words (parsed
 * by one table), the configuration, the connection, and how results and errors are told.
 *
 * Rules for every command: data goes to stdout, words to stderr; --json makes stdout JSON; a
 * failure says what to do next; the exit code is one of enum jj_exit.
 */
#ifndef JJ_CTL_CTL_H
#define JJ_CTL_CTL_H

#include "jejaring/client.h"
#include "jejaring/error.h"

#include "config/config.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum jj_exit {
    JJ_EXIT_OK = 0,
    JJ_EXIT_FAILED = 1,
    JJ_EXIT_USAGE = 2,
    JJ_EXIT_REJECTED = 3,    /* done, but some events or rows were refused */
    JJ_EXIT_UNREACHABLE = 4, /* the daemon does not answer */
    JJ_EXIT_CONFIG = 78,     /* EX_CONFIG */
};

#define JJ_CTL_ARGS_MAX    256 /* words of one command */
#define JJ_CTL_OPTIONS_MAX 64  /* options given in one command */

struct jj_command;
struct jj_flag;

typedef struct jj_given {
    const struct jj_flag *flag;
    const char *value; /* "" for a flag without value */
} jj_given;

/* All strings are borrowed from argv. */
typedef struct jj_ctl {
    const struct jj_command *command;
    jj_given given[JJ_CTL_OPTIONS_MAX];
    size_t given_count;
    const char *args[JJ_CTL_ARGS_MAX];
    size_t arg_count;
    bool json;
    int timeout_ms;
    const jj_config *config; /* see jj_ctl_config */
    jj_client *client;       /* see jj_ctl_hub */
} jj_ctl;

/* Closes what was opened. */
void jj_ctl_clear(jj_ctl *ctl);

/* Memory for JSON (json_set_alloc_funcs). Without any it says so and ends the program: half of a
 * list would be shown, or sent to the hub, as a whole one. */
void *jj_ctl_memory(size_t size_bytes);

/* ---- What was given ----------------------------------------------------------------------- */

/* The last value of an option, or NULL. A flag without value has "". */
const char *jj_ctl_option(const jj_ctl *ctl, const char *name);

/* All values of an option that may be repeated or hold a list ("a,b"), as a new array of strings;
 * NULL if it was not given. */
json_t *jj_ctl_list(const jj_ctl *ctl, const char *name);

/* A whole number; *value is left as it is if the option was not given. Returns an exit code. */
int jj_ctl_number(const jj_ctl *ctl, const char *name, uint64_t *value);

/* ---- What is needed ----------------------------------------------------------------------- */

/* The configuration's file: --config, $JEJARING_CONFIG, or the default. */
const char *jj_ctl_file(const jj_ctl *ctl);

/* Reads the configuration once. Returns an exit code; all problems have then been said. */
int jj_ctl_config(jj_ctl *ctl, const jj_config **config);

/* Opens the way to the daemon, once: --endpoint, or the administrator's door of the configuration.
 * Returns an exit code, JJ_EXIT_UNREACHABLE at once where nobody listens. */
int jj_ctl_hub(jj_ctl *ctl, jj_client **client);

/* The same for who waits for a daemon that may not be there yet: only who may not use its door is
 * told so at once. */
int jj_ctl_hub_patient(jj_ctl *ctl, jj_client **client);

/* True if somebody listens where jj_ctl_hub would connect. Says nothing. */
bool jj_ctl_hub_is_there(jj_ctl *ctl);

/* One request without events, and its result parsed. Takes options. *result is new. Returns an exit
 * code. */
int jj_ctl_ask(jj_ctl *ctl, const char *verb, json_t *options, json_t **result);

/* The same without a word, for who can do without an answer; the configuration has been read or
 * --endpoint given. The first event of the answer goes to *event, new, if event is not NULL and
 * there is one. Returns 0 or a JJ_E*. */
int jj_ctl_try(jj_ctl *ctl, const char *verb, json_t *options, json_t **result, json_t **event,
               jj_error *err);

/* ---- What is said ------------------------------------------------------------------------- */

/* "jejaringctl: what: place: text" and what to do next, on stderr. Returns the exit code that fits
 * err->code. what may be NULL. */
int jj_ctl_fail(const char *what, const jj_error *err);

/* The same for wrong words on the command line; JJ_EXIT_USAGE. */
int jj_ctl_misused(const jj_ctl *ctl, const char *format, ...) JJ_PRINTF(2, 3);

/* A line of words on stderr. */
void jj_ctl_say(const char *format, ...) JJ_PRINTF(1, 2);

/* One line of JSON on stdout. Takes value. Returns an exit code: a full disk is a failure. */
int jj_ctl_print_json(json_t *value);

/* Ends the output of a command: its exit code, or JJ_EXIT_FAILED if stdout could not be written. */
int jj_ctl_finish(int exit_code);

/* "1,234,567"; in one of a few static buffers. */
const char *jj_ctl_count(uint64_t number);

/* Escape sequence that makes stream red (green, plain) if it is a terminal and NO_COLOR is not set;
 * else "". */
const char *jj_ctl_red(FILE *stream);
const char *jj_ctl_plain(FILE *stream);

#endif
