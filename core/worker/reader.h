/*
 * The reader: keeps a few pages of events under way, so that the next ones are there when the
 * plugin has done with these.
 *
 * Pages follow one another without gap: each begins where the one before it ended. Where (nearly)
 * every event is for this reader, several pages are asked for at once, each from one cursor up to
 * another; an answer that turns out to end before is taken, and those behind it are asked for
 * again.
 *
 * Not here: committing. What has been taken and not committed is read again after jj_reader_seek.
 */
#ifndef JJ_WORKER_READER_H
#define JJ_WORKER_READER_H

#include "jejaring/error.h"

#include "base/buf.h"
#include "worker/delivery.h"
#include "worker/link.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct jj_page {
    uint64_t request; /* number of the FETCH; 0 once answered */
    uint64_t after;   /* the page lies behind this, */
    uint64_t upto;    /* and ends here; 0: with its last event */
    size_t max_events;
    bool guess;      /* `after` is where the page before is expected to end */
    uint64_t cursor; /* where it ends; answered pages only */
    uint64_t first;  /* oldest cursor of the journal then; a relay's pages only */
    jj_reply reply;  /* answered pages only */
} jj_page;

typedef struct jj_reader {
    jj_link *link;
    jj_buf types;         /* JSON: what is subscribed to */
    const char *consumer; /* name in FETCH and COMMIT; borrowed */
    size_t depth;         /* pages under way, at most JJ_DELIVERY_PAGES_MAX */
    size_t max_events;    /* of a page */
    bool publishers;      /* asks who published each event */
    bool relay;           /* asks for cursors, and not for what it published itself */

    jj_page pages[JJ_DELIVERY_PAGES_MAX]; /* in order, answered ones first */
    size_t page_count;
    uint64_t position;      /* everything up to here has been taken */
    uint64_t behind;        /* events behind the last answer */
    bool dense;             /* the last page was full, and hardly anything was left out of it */
    int64_t pause_until_ms; /* monotonic: after an error */
    int64_t pause_ms;
} jj_reader;

/* types: ended by NULL; NULL: none, and then the reader only follows the journal's head. */
int jj_reader_open(jj_reader *reader, jj_link *link, const char *consumer, const char *const *types,
                   size_t depth, jj_error *err);
void jj_reader_close(jj_reader *reader);

/* Begins anew behind cursor, with pages of at most max_events; what was under way is forgotten. */
void jj_reader_seek(jj_reader *reader, uint64_t cursor, size_t max_events);

/* Asks for more, as far as there is room. Errors of single requests are tried again. */
void jj_reader_fill(jj_reader *reader);

/* Takes an answer if it is to one of this reader's requests. Returns 0 (the reply is empty then if
 * it was taken) or the code of an ERROR that another try will not mend, e.g. JJ_EUNAUTHORISED. */
int jj_reader_answer(jj_reader *reader, jj_reply *reply, jj_error *err);

/* Moves what is there into the (empty) batch: at most max_pages pages without gap, and moves the
 * position behind them. False: nothing is there yet. A batch without events only moves the
 * cursor. */
bool jj_reader_take(jj_reader *reader, size_t max_pages, jj_delivery *batch);

/* Milliseconds until jj_reader_fill should be called again though nothing arrived; -1: never. */
int64_t jj_reader_wait_ms(const jj_reader *reader);

#endif
