/*
 * What `top` shows: two answers of the hub to STATUS, from which the rates are worked out, and what
 * the supervisor tells of its processes; drawn as lines of text, or as one JSON object.
 */
#ifndef JJ_CTL_TOP_H
#define JJ_CTL_TOP_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct jj_top {
    json_t *status, *before;      /* owned: the newest answer, and the one before; or NULL */
    int64_t status_ms, before_ms; /* monotonic: when they came */
    json_t *processes;            /* owned: what the supervisor wrote; NULL: not known */
    bool daemon_gone;             /* its file is there, but it is not */
    int64_t silent_ms;            /* for how long the hub has not answered; 0: it does */
    const char *door;             /* borrowed: the hub's endpoint, for words */
} jj_top;

/* What it is drawn on. */
typedef struct jj_top_paper {
    int columns, rows; /* 0: as many as are needed */
    bool colour;
    const char *foot; /* last line; NULL: none */
} jj_top_paper;

/* Takes a new answer. */
void jj_top_take(jj_top *top, json_t *status, int64_t now_ms);

void jj_top_clear(jj_top *top);

/* Appends the screen: lines, each ended by a newline. */
void jj_top_draw(const jj_top *top, const jj_top_paper *paper, jj_buf *out);

/* New: {time, reachable, rates, status, processes}; what is not known is null. */
json_t *jj_top_json(const jj_top *top);

#endif
