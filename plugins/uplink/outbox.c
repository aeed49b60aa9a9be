#include "uplink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES  (256 * 1024) /* a piece ends with the event that passes this */
#define PAUSE_MIN_MS 1000
#define PAUSE_MAX_MS 60000
#define READY        4    /* pieces beyond those under way: packed before there is room for them */
#define WINDOW_MIN   2    /* pieces under way */
#define QUICK_MS     1000 /* an answer within this widens the window */
#define SLOW_MS      2000 /* one after this narrows it */

static void free_piece(piece *p)
{
    if (p) {
        free(p->options);
        free(p->text);
        free(p->events);
        free(p);
    }
}

void outbox_clear(uplink *self)
{
    while (self->first) {
        piece *p = self->first;
        self->first = p->next;
        if (p->request) {
            jj_client_forget(self->client, p->request);
        }
        free_piece(p);
    }
    self->last = &self->first;
    self->pieces = 0;
    self->window = self->in_flight < WINDOW_MIN ? self->in_flight : WINDOW_MIN;
    self->pause_ms = 0;
    self->told = self->confirmed;
}

/* ---- Taking ------------------------------------------------------------------------------- */

/* Makes one frame of all events. What cannot be packed travels as it is. */
static void pack(const uplink *self, piece *p)
{
    jj_bytes frame;
    if (!self->compress || !self->takes_packed || jj_pack(p->events, p->count, &frame, NULL)) {
        return;
    }
    free(p->text);
    p->text = (char *)(uintptr_t)frame.data; /* new, and ours */
    p->events[0] = frame;
    p->frames = 1;
    p->packed = true;
    p->size_bytes = frame.size_bytes;
}

/* NULL without memory. */
static char *write_options(const uplink *self, const piece *p, const jj_event *events)
{
    const jj_host *host = self->host;
    json_t *sequences = json_array();
    bool whole = true;
    for (size_t i = 0; i < p->count; i++) {
        uint64_t cursor = self->relay->cursor(host, &events[i]);
        whole = whole && !json_array_append_new(sequences, json_sprintf("%" PRIu64, cursor));
    }
    json_t *options = json_pack("{s:{s:s, s:o, s:o, s:o}}", "origin", "node", host->node, "after",
                                json_sprintf("%" PRIu64, p->after), "upto",
                                json_sprintf("%" PRIu64, p->upto), "sequences", sequences);
    if (p->packed) {
        whole = whole && !json_object_set_new(options, "packed",
                                              json_pack("{s:s, s:I}", "how", JJ_PACKED, "events",
                                                        (json_int_t)p->count));
    }
    char *text = whole && options ? jj_doc_text(options) : NULL;
    json_decref(options);
    return text;
}

/* How many of these events make the next piece, and their size. */
static size_t measure(const uplink *self, const jj_event *events, size_t count, size_t *size_bytes)
{
    size_t taken = 0;
    *size_bytes = 0;
    while (taken < count && taken < self->batch && *size_bytes < PIECE_BYTES) {
        *size_bytes += events[taken++].size_bytes;
    }
    return taken;
}

static piece *new_piece(const uplink *self, const jj_event *events, size_t count, size_t size_bytes,
                        uint64_t after, uint64_t upto)
{
    piece *p = calloc(1, sizeof *p);
    if (!p) {
        return NULL;
    }
    p->after = after;
    p->upto = upto;
    p->count = p->frames = count;
    p->size_bytes = size_bytes;
    p->text = malloc(size_bytes + 1);
    p->events = malloc((count + 1) * sizeof *p->events);
    if (!p->text || !p->events) {
        free_piece(p);
        return NULL;
    }
    char *at = p->text;
    for (size_t i = 0; i < count; i++) {
        p->events[i] = (jj_bytes){at, events[i].size_bytes};
        at = mempcpy(at, events[i].text, events[i].size_bytes);
    }
    pack(self, p);
    p->options = write_options(self, p, events);
    if (!p->options) {
        free_piece(p);
        return NULL;
    }
    return p;
}

static void append(uplink *self, piece *list, size_t count)
{
    *self->last = list;
    for (piece *p = list; p; p = p->next) {
        self->last = &p->next;
        self->told = p->upto;
    }
    self->pieces += count;
}

void outbox_pace(uplink *self)
{
    self->relay->hold(self->host, !self->greeted || self->pieces >= self->window + READY);
}

/* A hub above with time to spare is given more at once, so that it never waits for us; on a slow
 * line, or when the hub above has many to serve, more under way would only stand in a queue. */
static void mind_window(uplink *self, int64_t took_ms)
{
    if (took_ms < QUICK_MS && self->window < self->in_flight) {
        self->window++;
    } else if (took_ms > SLOW_MS && self->window > WINDOW_MIN) {
        self->window--;
    }
}

int outbox_take(uplink *self, const jj_event *events, size_t count)
{
    const jj_host *host = self->host;
    uint64_t end = self->relay->end(host), first = self->relay->first(host);
    /* What the journal has dropped cannot be reported: the hub above sees the gap. */
    uint64_t after = first > self->told + 1 ? first - 1 : self->told;
    piece *list = NULL, **at = &list;
    size_t pieces = 0, size_bytes;

    while (count > 0) {
        size_t taken = measure(self, events, count, &size_bytes);
        uint64_t upto = taken == count ? end : self->relay->cursor(host, &events[taken - 1]);
        *at = new_piece(self, events, taken, size_bytes, after, upto);
        if (!*at) {
            for (piece *p = list, *next; p; p = next) {
                next = p->next;
                free_piece(p);
            }
            return JJ_EMEMORY;
        }
        at = &(*at)->next;
        after = upto;
        events += taken;
        count -= taken;
        pieces++;
    }
    append(self, list, pieces);
    outbox_pace(self);
    return 0;
}

/* ---- Sending ------------------------------------------------------------------------------ */

void outbox_send(uplink *self)
{
    int64_t now_ms = uplink_clock_ms();
    size_t under_way = 0;
    jj_error err = {0};

    if (!self->greeted || !schedule_open(self)) {
        return;
    }
    for (piece *p = self->first; p && under_way < self->window; p = p->next) {
        if (p->request || p->done) {
            under_way += p->request != 0;
            continue;
        }
        /* In order: nothing overtakes a piece that waits. */
        if (now_ms < p->again_ms || !schedule_spend(self, p->size_bytes)) {
            return;
        }
        if (jj_client_send(self->client, "PUBLISH", p->options, p->events, p->frames, &p->request,
                           &err)) {
            self->host->log(self->host, JJ_LOG_ERROR, "cannot send: %s; trying again", err.text);
            p->request = 0;
            p->again_ms = now_ms + PAUSE_MAX_MS;
            return;
        }
        p->sent_ms = now_ms;
        under_way++;
    }
}

/* ---- Answers ------------------------------------------------------------------------------ */

static void say_rejected(uplink *self, const piece *p, const json_t *rejected)
{
    self->put_aside += json_array_size(rejected); /* HELLO tells how many are left */
    const json_t *first = json_array_get(rejected, 0);
    const char *code = json_string_value(json_object_get(first, "code"));
    const char *detail = json_string_value(json_object_get(first, "detail"));
    self->host->log(self->host, JJ_LOG_WARNING,
                    "node %s has put %zu of %zu events into its quarantine, the first with %s: "
                    "%.300s; its administrator can retry them there",
                    self->above, json_array_size(rejected), p->count, code ? code : "?",
                    detail ? detail : "?");
}

/* Everything at the front that has arrived is acknowledged to the hub here. */
static void move_on(uplink *self)
{
    bool moved = false;
    while (self->first && self->first->done) {
        piece *p = self->first;
        self->first = p->next;
        if (!p->next) {
            self->last = &self->first;
        }
        self->confirmed = p->upto;
        self->pieces--;
        moved = true;
        free_piece(p);
    }
    if (moved) {
        self->relay->acknowledge(self->host, self->confirmed);
    }
    outbox_pace(self);
}

static void refused(uplink *self, piece *p, const jj_reply *reply)
{
    bool soon = reply->code == JJ_EBUSY || reply->code == JJ_EUNAVAILABLE;
    self->pause_ms = self->pause_ms ? 2 * self->pause_ms : PAUSE_MIN_MS;
    if (!soon || self->pause_ms > PAUSE_MAX_MS) {
        self->pause_ms = soon ? PAUSE_MAX_MS : 10 * PAUSE_MIN_MS;
    }
    p->again_ms = uplink_clock_ms() + self->pause_ms;
    above_refuses(self, reply);
}

bool outbox_answer(uplink *self, const jj_reply *reply)
{
    piece *p = self->first;
    while (p && p->request != reply->request) {
        p = p->next;
    }
    if (!p || !reply->request) {
        return false;
    }
    p->request = 0;
    if (reply->code) {
        refused(self, p, reply);
        return true;
    }
    json_t *result = uplink_result(reply);
    const json_t *rejected = json_object_get(result, "rejected");
    if (json_array_size(rejected) > 0) {
        say_rejected(self, p, rejected);
    }
    json_decref(result);
    self->pause_ms = 0;
    p->done = true;
    above_accepts(self);
    mind_window(self, uplink_clock_ms() - p->sent_ms);
    move_on(self);
    return true;
}
