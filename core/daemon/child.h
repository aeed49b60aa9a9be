/*
 * A child of the supervisor: the hub or a worker, with what is known of its health and when it is
 * to be started again or killed. What to start it with is the supervisor's business.
 */
#ifndef JJ_DAEMON_CHILD_H
#define JJ_DAEMON_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct jj_child {
    char name[64]; /* "hub", or the instance */
    bool hub;
    char token[65];  /* its password at the hub; hexadecimal */
    char *parts;     /* owned: all that it runs by, to tell whether a reload concerns it */
    char *options;   /* owned: the options of its plugin, which may be able to take new ones */
    bool can_reload; /* it is */

    pid_t pid;         /* 0: not running */
    int status_fd;     /* -1: not running */
    bool ready;        /* it said so */
    bool settled;      /* has been ready or has failed since the daemon started */
    bool stopping;     /* was told to stop */
    bool retired;      /* not in the configuration any more: forgotten once it has ended */
    char status[128];  /* in its own words */
    char ended[128];   /* how it ended the last time when nobody had asked it to; empty: never */
    unsigned restarts; /* since the daemon started, of which nobody had asked for any */

    int64_t started_ms, heard_ms; /* monotonic */
    int64_t kill_at_ms;           /* monotonic; with stopping */
    int64_t start_at_ms;          /* monotonic; 0: running, or not to be started */
    int64_t backoff_ms;
} jj_child;

/* Reads what it says. True if it became ready by that; *alive is set if it said anything. */
bool jj_child_listen(jj_child *child, bool *alive);

/* Hands it a configuration of which only its plugin's options have changed. */
void jj_child_send_config(const jj_child *child, int config_fd);

/* Asks it to stop; jj_child_enforce kills it when its grace is over. */
void jj_child_stop(jj_child *child, int64_t grace_ms);

/* Kills it if its grace is over or it has been silent for too long, and says so. */
void jj_child_enforce(jj_child *child, int64_t hang_timeout_ms);

/* It has ended with this wait status: says so unless it was told to, and sets when to start it
 * again: at once, if it was told to stop; else after a pause that doubles each time, unless it ran
 * for steady_after_ms. */
void jj_child_ended(jj_child *child, int status, int64_t steady_after_ms);

/* Monotonic time at which something has to be done about it; INT64_MAX: never. */
int64_t jj_child_due_ms(const jj_child *child, int64_t hang_timeout_ms);

void jj_child_clear(jj_child *child);

#endif
