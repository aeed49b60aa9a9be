/*
 * A batch: events as the hub sent them, in one or several answers, in the form in which a plugin
 * gets them.
 *
 * The attributes are copied out of the texts (unescaped, NUL-terminated); `data` is parsed when it
 * is asked for. All of it lives until jj_delivery_clear.
 */
#ifndef JJ_WORKER_DELIVERY_H
#define JJ_WORKER_DELIVERY_H

#include "jejaring/client.h"
#include "jejaring/error.h"
#include "jejaring/plugin.h"

#include <stdint.h>

#define JJ_DELIVERY_PAGES_MAX 50 /* answers in one batch: some 25 MB of events */

/* Zero-initialise; clear when done. */
typedef struct jj_delivery {
    uint64_t after, cursor;                /* the batch lies behind after and ends at cursor */
    uint64_t first;                        /* a relay's: oldest cursor of the journal */
    jj_reply pages[JJ_DELIVERY_PAGES_MAX]; /* owned */
    size_t page_count;
    size_t count; /* of events in the pages; once they are parsed: in events */

    /* Made by jj_delivery_parse. */
    size_t unreadable;
    jj_event *events;
    uint64_t *cursors;         /* of each event; NULL unless a relay asks for them */
    json_t *publishers;        /* arrays of names, page by page; NULL unless they are asked for */
    const char **published_by; /* of each event, from these; NULL: the same */
    json_t **data;             /* parsed on demand */
    char *strings;             /* the attributes */
} jj_delivery;

/* Takes a page: the events of reply, after which cursor is reached. */
void jj_delivery_add(jj_delivery *batch, jj_reply *reply, uint64_t cursor);

/* Fills in events. JJ_EMEMORY. One whose envelope cannot be read, which the hub should not have
 * accepted, is left out and counted. */
int jj_delivery_parse(jj_delivery *batch, jj_error *err);

/* Reads the cursors of a relay's pages, before jj_delivery_parse. JJ_EMEMORY; JJ_EMALFORMED: the
 * hub did not tell them. */
int jj_delivery_places(jj_delivery *batch, jj_error *err);

/* Reads who published the events of the pages, likewise. */
int jj_delivery_publishers(jj_delivery *batch, jj_error *err);

/* The data of an event of this batch, or NULL if event is none of it or has no data. Borrowed. */
const json_t *jj_delivery_data(jj_delivery *batch, const jj_event *event);

void jj_delivery_clear(jj_delivery *batch);

#endif
