/*
 * What ties a worker to the rest of the daemon: the hub, whose client it is, and the supervisor,
 * to which it shows that it is alive and which tells it to stop.
 *
 * Guarantees: while a worker waits for the hub it goes on showing signs of life, and a request to
 * stop ends the waiting after a grace. Answers to requests that are not waited for go to one
 * handler.
 */
#ifndef JJ_WORKER_LINK_H
#define JJ_WORKER_LINK_H

#include "jejaring/client.h"
#include "jejaring/error.h"

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

/* Takes (and clears) an answer that nobody waits for. */
typedef void (*jj_link_answer)(void *arg, jj_reply *reply);

typedef struct jj_link {
    jj_client *client;
    int status_fd; /* to the supervisor; -1: none */
    int signal_fd;
    bool stopping;         /* SIGTERM came, or the supervisor is gone */
    int64_t give_up_ms;    /* monotonic; with stopping: waiting ends */
    int64_t next_alive_ms; /* monotonic */
    int config_fd;         /* a new configuration that the supervisor has sent; -1: none */
    jj_link_answer answer;
    void *arg;
} jj_link;

/* Blocks the signals that are read from signal_fd from now on, and connects to the hub as this
 * instance. Connecting happens in the background. */
int jj_link_open(jj_link *link, const jj_config *config, const jj_plugin_config *instance,
                 const char *token, int status_fd, jj_error *err);
void jj_link_close(jj_link *link);

/* Signs of life, signals, word from the supervisor: called from every turn of a loop, and from
 * within every wait. */
void jj_link_tend(jj_link *link);

/* One line to the supervisor: "READY", "STATUS ...". Without a supervisor: nothing. */
void jj_link_tell(const jj_link *link, const char *format, ...) JJ_PRINTF(2, 3);

/* Hands on every answer that has arrived. True: there was one. */
bool jj_link_receive(jj_link *link);

/* Sends a request and waits for its answer however long the hub is away. An ERROR is returned as
 * its code with err filled in, and *reply then is empty. JJ_ETIMEOUT: told to stop meanwhile; the
 * request may or may not have been carried out. */
int jj_link_request(jj_link *link, const char *verb, const char *options, const jj_bytes *events,
                    size_t count, jj_reply *reply, jj_error *err);

/* Waits without a request, e.g. before trying again. False: told to stop. */
bool jj_link_pause(jj_link *link, int64_t pause_ms);

#endif
