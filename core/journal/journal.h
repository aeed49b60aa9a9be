/*
 * The journal: every accepted event of this node in the order of its arrival, with what is needed
 * to hand each consumer exactly its events and to prove that none was lost or counted twice.
 *
 * Guarantees. What was written between jj_journal_begin and a jj_journal_commit that returned 0
 * survives kill -9 and the loss of power; without that 0 it is as if it had never been (or, if the
 * process ended before it could recover, it may be found there whole: a sender that asks again is
 * then told of duplicates). Cursors count up from 1 without gaps: the newest cursor is the number
 * of events ever accepted. Readers see durable events only. The same key is never appended twice,
 * even after retention has removed the first one's text.
 *
 * Errors inside a transaction are sticky: the calls go on to return 0 or a neutral answer, and
 * commit fails. Check once, there. After a failed commit the journal is closed to writing until
 * jj_journal_recover succeeds.
 *
 * Not here: what an event means, who may see it, sockets. One process, one thread, one journal.
 */
#ifndef JJ_JOURNAL_JOURNAL_H
#define JJ_JOURNAL_JOURNAL_H

#include "jejaring/error.h"

#include "json/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct jj_journal jj_journal;

/* Opens or makes the file at path (mode 0600) and verifies that it is one of ours, of a version
 * that this program can read. Refuses a second opener. *journal is new. */
int jj_journal_open(jj_journal **journal, const char *path, jj_error *err);
void jj_journal_close(jj_journal *journal);

/* Judges a file without opening it as a journal, and without changing a byte: 0 if there is none
 * yet, or it is one that this program reads; JJ_EVERSION, JJ_ESYSTEM. */
int jj_journal_judge(const char *path, jj_error *err);

/* True if a hub has the journal at path open at this moment. */
bool jj_journal_is_held(const char *path);

/* ---- Writing ------------------------------------------------------------------------------ */

/* What is journaled of an event. All is borrowed. Empty strings stand for absent attributes. */
typedef struct jj_record {
    uint64_t cursor; /* set by append and by reading */
    int64_t time_ms;
    unsigned char key[16];
    uint64_t digest; /* of the content, to tell a repeated event from a conflicting one */
    const char *type;
    const char *region;
    const char *owner;     /* agency that published it */
    const char *recipient; /* agency that alone may see it */
    const char *subject;
    jj_span text;
    jj_span contact; /* sealed; kept in the vault under subject; empty: none */
} jj_record;

/* Begins a transaction if none is open. */
void jj_journal_begin(jj_journal *journal);
bool jj_journal_is_open(const jj_journal *journal); /* a transaction is under way */

enum jj_known {
    JJ_KNOWN_NOT,       /* this key is new */
    JJ_KNOWN_DUPLICATE, /* there already, with the same content */
    JJ_KNOWN_CONFLICT,  /* there already, with other content */
};
enum jj_known jj_journal_known(jj_journal *journal, const unsigned char key[16], uint64_t digest);

/* Appends an event, unless its key is known: says so, and then nothing is changed. Sets
 * record->cursor of a new one. */
enum jj_known jj_journal_append(jj_journal *journal, jj_record *record);

/* Adds to what the hub has counted since its journal was made. received must always be the sum of
 * the other three. */
typedef struct jj_counts {
    uint64_t received, accepted, duplicate, rejected;
} jj_counts;
void jj_journal_count(jj_journal *journal, const jj_counts *more);

/* Something of the open transaction cannot be done: its commit will fail, and keep nothing. why is
 * for administrators. */
void jj_journal_spoil(jj_journal *journal, const char *why);

/* The newest cursor with what the open transaction adds. */
uint64_t jj_journal_staged(const jj_journal *journal);

/* Makes the transaction durable. On failure nothing of it is kept, and the journal refuses to
 * write until jj_journal_recover. */
int jj_journal_commit(jj_journal *journal, jj_error *err);

/* After a failed commit: opens the file anew and verifies it. */
int jj_journal_recover(jj_journal *journal, jj_error *err);
bool jj_journal_failed(const jj_journal *journal);

/* ---- Reading ------------------------------------------------------------------------------ */

/* The newest durable cursor: how many events were ever accepted. */
uint64_t jj_journal_head(const jj_journal *journal);
/* The oldest cursor whose text is still there; head + 1 if there is none. */
uint64_t jj_journal_tail(const jj_journal *journal);
jj_counts jj_journal_counts(const jj_journal *journal);
/* Secret of this journal, for digests that nobody else can compute. 16 bytes. */
const unsigned char *jj_journal_secret(const jj_journal *journal);
/* By which whoever keeps a cursor of its own can tell that it means this journal: 16 hexadecimal
 * digits, another one after the node went back to a backup. */
const char *jj_journal_id(const jj_journal *journal);

/* Called for each event in order of cursor. record is borrowed for the call. Return true to go
 * on; false to stop after this one. */
typedef bool (*jj_journal_visit)(void *arg, const jj_record *record);

/* Walks the durable events with after < cursor <= upto. with_text false leaves record->text
 * empty, which is much cheaper. */
int jj_journal_read(jj_journal *journal, uint64_t after, uint64_t upto, bool with_text,
                    jj_journal_visit visit, void *arg, jj_error *err);

/* When the first event behind a cursor arrived (milliseconds since 1970); 0 if there is none. */
int64_t jj_journal_recorded(jj_journal *journal, uint64_t after);

/* ---- Consumers ---------------------------------------------------------------------------- */

/* A named reader with a durable cursor. accepted = delivered + filtered + lost + pending holds for
 * it at any time, where pending is head - cursor. */
typedef struct jj_consumer {
    int64_t id;
    char name[128]; /* agency/name */
    uint64_t cursor;
    uint64_t delivered, filtered;
    int64_t updated_ms; /* when it last committed */
    uint64_t lost;      /* what retention removed before it came for it */
    uint64_t untold;    /* as much of that as it has not acknowledged to have heard of */
    int64_t seen_ms;    /* when it was last heard of, as far as that was noted */
} jj_consumer;

/* 0, or JJ_ENOTFOUND. */
int jj_journal_consumer(jj_journal *journal, const char *name, jj_consumer *consumer);

/* Makes a consumer at the journal's tail: what retention removed before it existed counts as
 * filtered. Within a transaction. */
void jj_journal_consumer_add(jj_journal *journal, const char *name, jj_consumer *consumer);

/* Stores cursor and counts. Within a transaction. */
void jj_journal_consumer_move(jj_journal *journal, const jj_consumer *consumer);

/* Note that it was heard of; that it knows what is lost to it. Within a transaction. */
void jj_journal_consumer_seen(jj_journal *journal, const jj_consumer *consumer);
void jj_journal_consumer_told(jj_journal *journal, const jj_consumer *consumer);

/* Forgets a consumer and its state; retention does not wait for it any more. Within a
 * transaction. */
void jj_journal_consumer_drop(jj_journal *journal, const char *name);

typedef void (*jj_consumer_visit)(void *arg, const jj_consumer *consumer);
int jj_journal_consumers(jj_journal *journal, jj_consumer_visit visit, void *arg, jj_error *err);

/* A consumer's state. value NULL deletes. Within a transaction. */
void jj_journal_state_put(jj_journal *journal, int64_t consumer, const char *key,
                          const char *value);
/* Entries behind `after` in order of key; visit returns false to stop. */
typedef bool (*jj_state_entry)(void *arg, const char *key, const char *value);
int jj_journal_state_read(jj_journal *journal, int64_t consumer, const char *after,
                          jj_state_entry visit, void *arg, jj_error *err);

/* What the node itself notes is the state of this consumer, which is nobody's. */
#define JJ_JOURNAL_NODE       INT64_C(0)
#define JJ_JOURNAL_PERSON_KEY "person_key" /* a mark of the key that persons were named with */

/* One such note of a journal that is at rest; "" if there is none, or that cannot be told. Changes
 * nothing; does not see what is in the write-ahead log only. */
void jj_journal_peek(const char *path, const char *key, char *value, size_t size);

/* ---- Consent ------------------------------------------------------------------------------ */

/* Notes that the person of this event grants or withdraws consent for some audiences. For each
 * audience the latest event by time counts, whatever the order of arrival; at one moment a
 * withdrawal counts (files tell a day, and no hour). Within a transaction. */
void jj_journal_consent_put(jj_journal *journal, const jj_record *record, uint32_t audiences,
                            bool granted);

/* The audiences that a person's current consent names; none if that cannot be read, and then the
 * jj_journal_read, _vault_read or _quarantine_read whose visit asked for it fails, so that nobody
 * passes an event unseen. */
uint32_t jj_journal_consent(jj_journal *journal, const char *subject);

/* ---- Quarantine --------------------------------------------------------------------------- */

typedef struct jj_quarantined {
    int64_t number;
    int64_t at_ms;
    const char *agency;
    const char *origin; /* how it came, or the consumer that could not use the event */
    const char *code, *field, *detail;
    const char *type; /* as far as it could be read; may be empty */
    jj_span sealed;   /* the event, encrypted by the caller */
    bool retry;       /* its consumer is to be given it once more; set by reading */
} jj_quarantined;

/* Keeps a rejected event; at the commit the oldest entries of its agency beyond keep_max, or beyond
 * bytes_max (0: no such bound) of sealed events, are dropped and counted. keep_max UINT64_MAX: all
 * are kept. Within a transaction. */
void jj_journal_quarantine(jj_journal *journal, const jj_quarantined *entry, uint64_t keep_max,
                           uint64_t bytes_max);

/* Notes that the consumer that put an entry aside is to be given it once more, or no longer. Within
 * a transaction. */
void jj_journal_quarantine_retry(jj_journal *journal, int64_t number, bool retry);
/* Every entry of which that was noted, with its consumer. */
typedef void (*jj_retry_visit)(void *arg, int64_t number, const char *consumer);
int jj_journal_quarantine_retries(jj_journal *journal, jj_retry_visit visit, void *arg,
                                  jj_error *err);

/* The cursor of an accepted event by its key. 0, JJ_ENOTFOUND, or JJ_EUNAVAILABLE. */
int jj_journal_find(jj_journal *journal, const unsigned char key[16], uint64_t *cursor);

typedef bool (*jj_quarantine_visit)(void *arg, const jj_quarantined *entry);
int jj_journal_quarantine_read(jj_journal *journal, int64_t after, jj_quarantine_visit visit,
                               void *arg, jj_error *err);
/* How many of an agency are kept, which takes as long as they are many; and whether any is. */
uint64_t jj_journal_quarantined(jj_journal *journal, const char *agency);
bool jj_journal_is_quarantined(jj_journal *journal, const char *agency);
/* Removes one entry. Within a transaction. */
void jj_journal_quarantine_drop(jj_journal *journal, int64_t number);
int jj_journal_quarantine_totals(jj_journal *journal, uint64_t *kept, uint64_t *pushed_out,
                                 jj_error *err);

/* ---- Upkeep ------------------------------------------------------------------------------- */

/* What may go. A limit of 0 means none. */
typedef struct jj_retention {
    int64_t age_ms, size_bytes;
    int64_t lost_after_ms;  /* a consumer that was not heard of for so long is not waited for */
    uint64_t most;          /* events in one call, so that nobody waits for it */
    jj_consumer_visit lost; /* sees each consumer that loses events by it, as it was; may be NULL */
    void *arg;
} jj_retention;

/* Removes events (their text, and who received them) that every consumer has passed and that are
 * older than age_ms, or, oldest first, as long as the journal is larger than size_bytes. Returns
 * how many were removed. Keys are kept: an old event that is sent again is still a duplicate.
 * Within a transaction. */
uint64_t jj_journal_trim(jj_journal *journal, const jj_retention *retention);

/* In a journal of an older version: notes who is mentioned in a block of its events, so that an
 * erasure, which needs to know, finds it done. Does nothing in any other. Within a transaction. */
void jj_journal_fill(jj_journal *journal);

/* Moves what the write-ahead log holds into the database. For quiet moments; harmless otherwise. */
void jj_journal_checkpoint(jj_journal *journal);

/* Bytes of the database and its write-ahead log; and of the part of that log which a checkpoint
 * would move. The second costs nothing. */
int64_t jj_journal_size(const jj_journal *journal);
int64_t jj_journal_wal_size(const jj_journal *journal);

#endif
