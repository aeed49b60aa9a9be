/*
 * Copies of a journal while a hub writes to it.
 *
 * A copy is the journal as it was at one moment between two commits: SQLite's backup, in one read
 * transaction. It disturbs no writer; the write-ahead log grows meanwhile. The copy is one file,
 * closed, synced and checked.
 *
 * Not here: the keys without which a journal is of little use, where copies are kept.
 */
#ifndef JJ_JOURNAL_BACKUP_H
#define JJ_JOURNAL_BACKUP_H

#include "jejaring/error.h"

#include <stdint.h>

typedef struct jj_journal_facts {
    uint64_t head, tail; /* as of jj_journal_head and jj_journal_tail */
    uint64_t received, accepted, duplicate, rejected;
    uint64_t vault; /* sealed contacts */
    uint64_t audit; /* records of the chain */
} jj_journal_facts;

/* Copies the journal at `from` into the new file `to` (mode 0600; must not be there). On an error
 * nothing is left of it. JJ_EVERSION, JJ_EUNAVAILABLE, JJ_ESYSTEM, JJ_ECONFIG (`to` is there). */
int jj_journal_backup(const char *from, const char *to, jj_error *err);

/* Reads what a closed journal holds, and whether its file is whole: JJ_EUNAVAILABLE if it is
 * damaged. */
int jj_journal_examine(const char *path, jj_journal_facts *facts, jj_error *err);

/* For a closed journal that was put back: gives it a new id, and puts an entry into the state of
 * some consumers. Names end with NULL; one that it does not know is no error: it has no cursor
 * yet. */
int jj_journal_mark(const char *path, const char *const *consumers, const char *key,
                    const char *value, jj_error *err);

/* Keeps every hub away from the journal at path, by the hub's own lock, until closed. Returns a
 * descriptor, or a negative JJ_E*: JJ_ECONFLICT if a hub runs. */
int jj_journal_hold(const char *path, jj_error *err);

#endif
