/*
 * Accountability: who received what about a person, and the audit chain of what was done with
 * personal data on purpose (contacts revealed, persons erased).
 *
 * Each record of the chain carries a keyed hash over itself and the hash before; apart stands a
 * mark, a keyed hash over the number of records and the newest one's hash. Whoever alters, removes
 * or adds a record without the node's key is found by jj_audit_verify. A chain that was found
 * broken stays so: records that follow do not mend it.
 *
 * Not here: that the whole journal was replaced by an older copy of itself can be seen only from
 * outside, e.g. by the number of records that was told before.
 */
#ifndef JJ_JOURNAL_AUDIT_H
#define JJ_JOURNAL_AUDIT_H

#include "journal/journal.h"

/* ---- Deliveries --------------------------------------------------------------------------- */

/* Which of the events with after < cursor <= upto a reader was given. */
typedef struct jj_delivery {
    int64_t at_ms;
    const char *agency, *consumer; /* consumer may be empty */
    uint64_t after, upto;
    const unsigned char *bits; /* bit (cursor - after - 1), lowest first: delivered */
    size_t bits_size;
} jj_delivery;

#define JJ_DELIVERY_BITS 65536 /* at most so many in one call */

/* Records what this reader is given for the first time; what is recorded of it already is not
 * recorded again, and what follows within a minute goes into the same record, whose time is that of
 * the first. Begins a transaction, and returns true, if there is anything to record. */
bool jj_journal_deliver(jj_journal *journal, const jj_delivery *delivery);

/* Every delivery that held this event, oldest first. */
typedef void (*jj_delivery_visit)(void *arg, const jj_delivery *delivery);
int jj_journal_deliveries(jj_journal *journal, uint64_t cursor, jj_delivery_visit visit, void *arg,
                          jj_error *err);

/* ---- The chain ---------------------------------------------------------------------------- */

typedef struct jj_audit {
    int64_t number, at_ms;
    const char *action; /* "reveal", "erase" */
    const char *agency; /* who did it */
    const char *person; /* person key */
    const char *detail; /* the purpose, and what was shown */
} jj_audit;

/* Marks the chain of a journal that has never received anything as empty; else does nothing. Once
 * after each opening, outside of a transaction. */
int jj_audit_begin(jj_journal *journal, const unsigned char key[32], jj_error *err);

/* Appends a record, hashed with key. Within a transaction. */
void jj_journal_audit(jj_journal *journal, const unsigned char key[32], const jj_audit *record);

typedef void (*jj_audit_visit)(void *arg, const jj_audit *record);
/* Records about a person, or all if person is NULL. */
int jj_journal_audit_read(jj_journal *journal, const char *person, jj_audit_visit visit, void *arg,
                          jj_error *err);

/* Checks every record. 0 and *count, or JJ_EINVALID with err telling the first number at which
 * the chain does not hold. */
int jj_audit_verify(jj_journal *journal, const unsigned char key[32], uint64_t *count,
                    jj_error *err);

/* ---- The vault, by person ----------------------------------------------------------------- */

typedef struct jj_vaulted {
    const char *type, *region, *owner; /* of the event that brought the contact */
    jj_span sealed;
} jj_vaulted;
typedef bool (*jj_vault_visit)(void *arg, const jj_vaulted *entry);
int jj_journal_vault_read(jj_journal *journal, const char *subject, jj_vault_visit visit, void *arg,
                          jj_error *err);

/* ---- Erasure ------------------------------------------------------------------------------ */

/* Notes that a person is to be erased: everything that came before this moment. The consent is
 * gone at once, the rest with jj_journal_erase_staged. Within a transaction. */
void jj_journal_erase(jj_journal *journal, const char *subject);
bool jj_journal_erasing(const jj_journal *journal); /* somebody is noted */

/* Erases all who are noted. Reads the events that mention them, and no others unless this journal
 * was made by an older version (see jj_journal_fill) or opened lately (then at most 65,535 more).
 * Empties every event about such a person (its cursor, time and place among the others stay;
 * readers pass it by) but those that say that they are erased, and the vault. Where an event about
 * something else names the person, the member of data that does is cut out; one that names the
 * person in another way is emptied. visit (may be NULL) is told of each event that was about
 * somebody. Returns how many they were. Within a transaction; at its commit at the latest it
 * happens by itself. Call jj_journal_scrub after the commit. */
typedef void (*jj_erased_visit)(void *arg, const char *person, const char *region);
uint64_t jj_journal_erase_staged(jj_journal *journal, jj_erased_visit visit, void *arg);

/* Leaves nothing of what was deleted in the write-ahead log or in free pages. */
int jj_journal_scrub(jj_journal *journal, jj_error *err);

/* Cursors of the events about a person, oldest first. */
typedef void (*jj_cursor_visit)(void *arg, const jj_record *record);
int jj_journal_about(jj_journal *journal, const char *subject, jj_cursor_visit visit, void *arg,
                     jj_error *err);

#endif
