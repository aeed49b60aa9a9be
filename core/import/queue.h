/*
 * The files of an inbox that wait, in the order of folder and name, each once.
 */
#ifndef JJ_IMPORT_QUEUE_H
#define JJ_IMPORT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct jj_waiting {
    size_t folder;
    char *name;            /* owned by the queue */
    bool announced;        /* the kernel said that it is complete; else it must have settled */
    unsigned attempts;     /* that have failed */
    int64_t not_before_ms; /* monotonic */
} jj_waiting;

/* Zero-initialise. */
typedef struct jj_queue {
    jj_waiting *list;
    size_t count, room;
} jj_queue;

void jj_queue_clear(jj_queue *queue);

/* Adds a file, or marks the one that waits already as announced. False without memory. */
bool jj_queue_add(jj_queue *queue, size_t folder, const char *name, bool announced);

/* The first file whose time has come; NULL if none. *next_ms is in how many milliseconds the next
 * one's time comes, -1 if there is none. Borrowed until the queue changes. */
jj_waiting *jj_queue_next(jj_queue *queue, int64_t now_ms, int64_t *next_ms);

/* The entry of a file; NULL if it is not there. */
jj_waiting *jj_queue_find(jj_queue *queue, size_t folder, const char *name);

void jj_queue_remove(jj_queue *queue, jj_waiting *waiting);

#endif
