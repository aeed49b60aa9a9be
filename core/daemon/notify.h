/*
 * Word to the service manager: the datagrams of sd_notify(3), whose protocol is public and small.
 * Without a service manager every call does nothing.
 */
#ifndef JJ_DAEMON_NOTIFY_H
#define JJ_DAEMON_NOTIFY_H

#include "jejaring/error.h"

#include <stdbool.h>

typedef struct jj_notify {
    int fd;        /* connected; -1: nobody to tell */
    bool watchdog; /* WATCHDOG=1 is expected now and then */
} jj_notify;

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them from the environment, so
 * that no child takes them to be meant for itself. */
void jj_notify_open(jj_notify *notify);
void jj_notify_close(jj_notify *notify);

/* One message: lines of NAME=value, e.g. "READY=1\nSTATUS=...". */
void jj_notify_send(const jj_notify *notify, const char *format, ...) JJ_PRINTF(2, 3);

/* "RELOADING=1" with the time that the protocol asks for. */
void jj_notify_reloading(const jj_notify *notify);

#endif
