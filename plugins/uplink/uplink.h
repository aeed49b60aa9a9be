/* What the files of this plugin share. */
#ifndef UPLINK_H
#define UPLINK_H

#include <jejaring/pack.h>
#include <jejaring/relay.h>
#include <jejaring/state.h>

#define UPLINK_VERSION "0.1.0"
#define UPLINK_TEXT    512

/* A message to the hub above: events of this one's journal, and between which cursors they lie. */
typedef struct piece {
    struct piece *next;
    uint64_t after, upto;
    uint64_t request; /* under way; 0: not */
    int64_t again_ms; /* not before, after a refusal */
    int64_t sent_ms;
    bool done;                /* it is there, but not everything before it */
    size_t count, size_bytes; /* events; bytes that they are under way */
    char *options, *text;
    jj_bytes *events; /* point into text; of a packed piece there is one */
    size_t frames;
    bool packed;
} piece;

typedef struct uplink {
    const jj_host *host;
    const jj_relay *relay;

    /* ---- Options ---- */
    char endpoint[256];
    int64_t rate;               /* bytes a second; 0: as fast as it goes */
    int from_minute, to_minute; /* of the day; equal: always */
    size_t batch, in_flight;
    bool compress;     /* if the hub above takes it */
    bool takes_packed; /* it does */
    int64_t erasure_due_ms;
    char *down_types; /* JSON: a list; NULL: nothing comes down */

    /* ---- The hub above ---- */
    jj_client *client;
    char above[65];      /* its node, once it has answered */
    char journal[33];    /* the id of its journal */
    uint64_t hello;      /* request; 0: none under way */
    int64_t hello_at_ms; /* when the next is due, or when this one was sent */
    bool greeted;        /* it has answered since the start */
    bool away;           /* it does not answer: it was said */
    int64_t away_since_ms;
    char trouble[UPLINK_TEXT]; /* why it refuses; "": it does not */
    char says[UPLINK_TEXT];    /* what STATUS shows of this plugin */

    /* ---- Upward ---- */
    piece *first, **last;
    size_t pieces;
    size_t window;      /* how many may be under way now: see outbox.c */
    uint64_t told;      /* the newest piece ends there */
    uint64_t confirmed; /* everything up to there is known to be above */
    int64_t pause_ms;   /* after a refusal */
    size_t put_aside;   /* events of ours in the quarantine above */
    double credit;      /* bytes that may be sent; negative after a large piece */
    int64_t credit_ms;

    /* ---- Downward ---- */
    uint64_t fetch, commit; /* requests; 0: none under way */
    int64_t fetch_at_ms;
    uint64_t down_cursor; /* what is here for good of the journal above */
    bool down_known;      /* it is known of this journal above; else the hub above knows */

    /* ---- Erasures ---- */
    uint64_t receipt; /* request; 0: none under way */
    int64_t receipt_at_ms;
    size_t unconfirmed, overdue;
} uplink;

/* ---- outbox.c: what is on its way up ---- */
/* Takes a batch over as pieces. JJ_EMEMORY: nothing of it was taken. */
int outbox_take(uplink *self, const jj_event *events, size_t count);
/* Sends what may be sent now. */
void outbox_send(uplink *self);
/* True if the answer was to a piece. */
bool outbox_answer(uplink *self, const jj_reply *reply);
/* Forgets all pieces; the hub will give their events again. */
void outbox_clear(uplink *self);
/* Lets the reading go on, or holds it: no more is taken than is soon sent. */
void outbox_pace(uplink *self);

/* ---- above.c: the hub above ---- */
/* Whether the folder of the option `connection` has what above_open needs. */
int above_check(const char *folder, jj_error *err);
int above_open(uplink *self, const char *folder, jj_error *err);
void above_greet(uplink *self); /* if it is time */
bool above_answer(uplink *self, const jj_reply *reply);
/* Why the hub above refuses something, for the log and the status. */
void above_refuses(uplink *self, const jj_reply *reply);
void above_accepts(uplink *self);
void above_report(uplink *self); /* says in the status what has changed */

/* ---- down.c: what the hub above offers ---- */
/* The hub above has said which journal it keeps. */
void down_begin(uplink *self, const char *journal);
void down_ask(uplink *self);
bool down_answer(uplink *self, const jj_reply *reply);

/* ---- erasure.c: whether erasures were carried out above ---- */
int erasure_note(uplink *self, const jj_event *events, size_t count);
void erasure_ask(uplink *self);
bool erasure_answer(uplink *self, const jj_reply *reply);

/* ---- schedule.c: when how much may be sent ---- */
/* "18:00-06:00" by this machine's clock. False: it is none. */
bool schedule_parse(const char *text, int *from_minute, int *to_minute);
bool schedule_open(const uplink *self);
bool schedule_spend(uplink *self, size_t size_bytes); /* false: not yet */

/* The answer's result as an object, new; NULL if it is none. */
json_t *uplink_result(const jj_reply *reply);
int64_t uplink_clock_ms(void); /* monotonic */

#endif
