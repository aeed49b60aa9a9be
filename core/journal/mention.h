/*
 * Where a UUID is mentioned: the rows of the journal (events by subject and text, entries of the
 * vault by subject) that may hold it, found without reading all of them.
 *
 * How. The UUIDs of each new row are noted in memory. As soon as there is a block of them (65,536
 * rows or 262,144 UUIDs) it is stored, within the transaction that completes it, in 512 parts by
 * the UUID's keyed hash; an entry is 32 further bits of that hash and 16 of the row's number, six
 * bytes. A search reads one part of each block. Nothing is ever put between older entries, and so
 * what it costs to note a row does not grow with the journal.
 *
 * What is neither in a block nor in memory is a hole: the rows behind the last block after a
 * restart, all rows of a journal of an older version. A search reads holes in full.
 *
 * Guarantees: a search misses no row. What is cut out of a row, or deleted with it, leaves the
 * entries as well, so that they tell nothing about an erased person; the entries of what retention
 * removed go with the last row of their block, those of a person who is erased at once.
 *
 * Not here: certainty. A row that is found may, by one chance in 10^12, mention something else:
 * look into it.
 *
 * Of this room only. Errors inside a transaction are noted by jj_journal_note.
 */
#ifndef JJ_JOURNAL_MENTION_H
#define JJ_JOURNAL_MENTION_H

#include "journal/journal.h"

#define JJ_MENTION_ROWS    65536  /* a row's number within a block takes 16 bits */
#define JJ_MENTION_ENTRIES 262144 /* 2 MiB in memory; a part of a block fits into a page */

enum jj_mention_kind {
    JJ_MENTION_VAULT,
    JJ_MENTION_EVENT,
    JJ_MENTION_KINDS
};

/* What the rows with after < row <= upto mention. */
typedef struct jj_noted {
    uint64_t after, upto;
    uint64_t *entries; /* of the hash all but the last 16 bits, and those of the row */
    size_t count, capacity;
} jj_noted;

typedef struct jj_mention_block {
    uint64_t after, upto;
} jj_mention_block;

typedef struct jj_mentions {
    jj_noted fresh;           /* its upto is the newest row */
    jj_mention_block *blocks; /* in order; they do not overlap */
    size_t block_count, block_capacity;
} jj_mentions;

/* Reads which blocks there are. Nothing is in memory yet. */
int jj_mentions_load(jj_journal *journal, jj_error *err);
void jj_mentions_clear(jj_journal *journal);
/* After a failed commit, until they are read again: everything is a hole. */
void jj_mentions_distrust(jj_journal *journal);

/* What may hold a UUID in a row. subject may be NULL. Borrowed. */
typedef struct jj_mentioning {
    const char *subject;
    jj_span text;
} jj_mentioning;

/* Notes a new row, whose number is above all before. Within a transaction. */
void jj_mentions_note(jj_journal *journal, enum jj_mention_kind kind, uint64_t row,
                      jj_mentioning what);

/* Fills holes: all of them, or one block of a hole that is larger than one. Within a
 * transaction. */
void jj_mentions_fill(jj_journal *journal, enum jj_mention_kind kind, bool all);

typedef struct jj_mention {
    uint64_t row;
    size_t who; /* which UUID */
} jj_mention;

typedef struct jj_mention_list {
    jj_mention *list; /* by row; the caller frees */
    size_t count, capacity;
} jj_mention_list;

/* Adds the rows that may mention one of these UUIDs, those of the open transaction among them. A
 * row may be gone by now. */
int jj_mentions_find(jj_journal *journal, enum jj_mention_kind kind,
                     const unsigned char (*uuids)[16], size_t count, jj_mention_list *found,
                     jj_error *err);

/* A row holds `now` instead of `before` (both all zeros: nothing). Within a transaction. */
void jj_mentions_forget(jj_journal *journal, enum jj_mention_kind kind, uint64_t row,
                        jj_mentioning before, jj_mentioning now);

/* Removes the blocks of which no row is left above upto. Within a transaction. */
void jj_mentions_trim(jj_journal *journal, enum jj_mention_kind kind, uint64_t upto);

/* ---- Between the files of mentions -------------------------------------------------------- */

#define JJ_MENTION_PARTS 512
#define JJ_MENTION_SIZE  6 /* bytes of an entry on disk */

/* The number of a part of a block in the table. */
int64_t jj_mention_number(enum jj_mention_kind kind, uint64_t upto, unsigned part);
static inline unsigned jj_mention_part(uint64_t entry)
{
    return (unsigned)(entry >> 55);
}
/* An entry as it stands in its part, and whether one that stands there is the same. */
void jj_mention_write(unsigned char bytes[JJ_MENTION_SIZE], uint64_t entry);
/* The hash in an entry: what a UUID is looked for by. */
uint64_t jj_mention_hash(const jj_journal *journal, const unsigned char uuid[16]);
#define JJ_MENTION_ROW_BITS 0xffffu

/* Adds what a row mentions, each UUID once unless they are many; false without memory. */
bool jj_noted_add(const jj_journal *journal, jj_noted *noted, uint64_t row, jj_mentioning what);
void jj_noted_clear(jj_noted *noted);

/* Takes a block into the list; false without memory. */
bool jj_mentions_add_block(jj_mentions *mentions, jj_mention_block block);
/* The first hole behind a row that is larger than this many rows. */
bool jj_mentions_hole(const jj_journal *journal, enum jj_mention_kind kind, uint64_t from,
                      uint64_t larger, jj_mention_block *hole);
/* The row behind which holes count. */
uint64_t jj_mentions_from(const jj_journal *journal, enum jj_mention_kind kind);
/* Notes in memory what the rows right before it mention, if it has room for them. */
int jj_mentions_join(jj_journal *journal, enum jj_mention_kind kind, jj_error *err);

/* Visits rows of a hole; visit returns false to stop. */
typedef bool (*jj_mentioning_visit)(void *arg, uint64_t row, jj_mentioning what);
int jj_mentions_walk(jj_journal *journal, enum jj_mention_kind kind, jj_mention_block hole,
                     jj_mentioning_visit visit, void *arg, jj_error *err);

#endif
