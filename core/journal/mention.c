/* Mentions: what is noted of a row, and how a block of it is stored. */
#include "journal/mention.h"

#include "base/id.h"
#include "journal/internal.h"

#include <stdlib.h>
#include <string.h>

/* The part takes 9 bits of a hash and an entry 32; with the rest two could be told apart in memory
 * that are one on disk. */
#define HASH_BITS 0xffffffffff800000u
/* How many entries of a row are searched for the same UUID: subject, text and cause repeat it. */
#define TWICE_MAX 16

int64_t jj_mention_number(enum jj_mention_kind kind, uint64_t upto, unsigned part)
{
    /* Events above the vault, so that their blocks, by far the most, are stored at the end. */
    return (int64_t)((uint64_t)kind << 60 | (upto * JJ_MENTION_PARTS + part));
}

uint64_t jj_mention_hash(const jj_journal *journal, const unsigned char uuid[16])
{
    return jj_siphash(journal->secret, uuid, 16) & HASH_BITS;
}

void jj_mention_write(unsigned char bytes[JJ_MENTION_SIZE], uint64_t entry)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (unsigned char)(entry >> (23 + 8 * i));
    }
    bytes[4] = (unsigned char)entry;
    bytes[5] = (unsigned char)(entry >> 8);
}

/* ---- Noting ------------------------------------------------------------------------------- */

void jj_noted_clear(jj_noted *noted)
{
    free(noted->entries);
    *noted = (jj_noted){0};
}

static bool reserve(jj_noted *noted, size_t more)
{
    size_t capacity = noted->capacity ? noted->capacity : 1024;
    while (capacity < noted->count + more) {
        capacity *= 2;
    }
    if (capacity > noted->capacity) {
        uint64_t *entries = realloc(noted->entries, capacity * sizeof *entries);
        if (!entries) {
            return false;
        }
        noted->entries = entries;
        noted->capacity = capacity;
    }
    return true;
}

static bool add_uuid(const jj_journal *journal, jj_noted *noted, size_t first, uint64_t row,
                     const unsigned char uuid[16])
{
    uint64_t entry = jj_mention_hash(journal, uuid) | (row & JJ_MENTION_ROW_BITS);
    for (size_t i = noted->count; i > first && noted->count - i < TWICE_MAX; i--) {
        if (noted->entries[i - 1] == entry) {
            return true;
        }
    }
    if (!reserve(noted, 1)) {
        return false;
    }
    noted->entries[noted->count++] = entry;
    return true;
}

bool jj_noted_add(const jj_journal *journal, jj_noted *noted, uint64_t row, jj_mentioning what)
{
    unsigned char uuid[16];
    size_t at = 0, first = noted->count;
    bool good = true;
    if (what.subject && jj_uuid_parse(what.subject, strlen(what.subject), uuid)) {
        good = add_uuid(journal, noted, first, row, uuid);
    }
    while (good && jj_uuid_find(what.text.at, what.text.size_bytes, &at, uuid)) {
        good = add_uuid(journal, noted, first, row, uuid);
    }
    noted->upto = row;
    return good;
}

/* ---- Storing a block ---------------------------------------------------------------------- */

bool jj_mentions_add_block(jj_mentions *m, jj_mention_block block)
{
    size_t at = m->block_count;
    if (m->block_count == m->block_capacity) {
        size_t capacity = m->block_capacity ? 2 * m->block_capacity : 16;
        jj_mention_block *blocks = realloc(m->blocks, capacity * sizeof *blocks);
        if (!blocks) {
            return false;
        }
        m->blocks = blocks;
        m->block_capacity = capacity;
    }
    while (at > 0 && m->blocks[at - 1].upto > block.upto) {
        m->blocks[at] = m->blocks[at - 1];
        at--;
    }
    m->blocks[at] = block;
    m->block_count++;
    return true;
}

static void store_part(jj_journal *journal, int64_t number, const unsigned char *bytes,
                       size_t count)
{
    if (count) {
        sqlite3_stmt *statement = journal->statements[JJ_SQL_MENTION_PUT];
        sqlite3_bind_int64(statement, 1, number);
        sqlite3_bind_blob(statement, 2, bytes, (int)(count * JJ_MENTION_SIZE), SQLITE_STATIC);
        jj_journal_run(journal, JJ_SQL_MENTION_PUT);
    }
}

static void store_parts(jj_journal *journal, enum jj_mention_kind kind, const jj_noted *noted,
                        unsigned char *bytes)
{
    size_t ends[JJ_MENTION_PARTS] = {0}, start = 0;
    for (size_t i = 0; i < noted->count; i++) {
        ends[jj_mention_part(noted->entries[i])]++;
    }
    for (size_t part = 0; part < JJ_MENTION_PARTS; part++) {
        size_t count = ends[part];
        ends[part] = start;
        start += count;
    }
    for (size_t i = 0; i < noted->count; i++) {
        size_t *end = &ends[jj_mention_part(noted->entries[i])];
        jj_mention_write(bytes + (*end)++ * JJ_MENTION_SIZE, noted->entries[i]);
    }
    start = 0;
    for (unsigned part = 0; part < JJ_MENTION_PARTS; part++) {
        store_part(journal, jj_mention_number(kind, noted->upto, part),
                   bytes + start * JJ_MENTION_SIZE, ends[part] - start);
        start = ends[part];
    }
}

/* Stores what is noted, and goes on behind it. */
static void store_block(jj_journal *journal, enum jj_mention_kind kind, jj_noted *noted)
{
    sqlite3_stmt *statement = journal->statements[JJ_SQL_MENTION_BLOCK_PUT];
    jj_mention_block block = {noted->after, noted->upto};
    unsigned char *bytes = malloc(noted->count * JJ_MENTION_SIZE + 1);
    if (!bytes || !jj_mentions_add_block(&journal->mentions[kind], block)) {
        jj_journal_note(journal, "out of memory");
        free(bytes);
        return;
    }
    store_parts(journal, kind, noted, bytes);
    free(bytes);
    sqlite3_bind_int64(statement, 1, kind);
    sqlite3_bind_int64(statement, 2, (int64_t)block.upto);
    sqlite3_bind_int64(statement, 3, (int64_t)block.after);
    jj_journal_run(journal, JJ_SQL_MENTION_BLOCK_PUT);
    noted->after = noted->upto;
    noted->count = 0;
}

/* No room for this row beside what is noted. */
static bool is_full(const jj_noted *noted, uint64_t row)
{
    return row - noted->after > JJ_MENTION_ROWS || noted->count >= JJ_MENTION_ENTRIES;
}

void jj_mentions_note(jj_journal *journal, enum jj_mention_kind kind, uint64_t row,
                      jj_mentioning what)
{
    jj_noted *fresh = &journal->mentions[kind].fresh;
    if (journal->reason[0]) {
        return;
    }
    if (is_full(fresh, row)) {
        fresh->upto = row - 1;
        store_block(journal, kind, fresh);
    }
    if (!jj_noted_add(journal, fresh, row, what)) {
        jj_journal_note(journal, "out of memory");
    }
}

/* ---- Filling holes ------------------------------------------------------------------------ */

typedef struct filling {
    jj_journal *journal;
    enum jj_mention_kind kind;
    jj_noted noted;
    bool full; /* the hole goes on behind what is noted */
    bool failed;
} filling;

static bool fill_row(void *arg, uint64_t row, jj_mentioning what)
{
    filling *f = arg;
    if (is_full(&f->noted, row)) {
        f->noted.upto = row - 1;
        f->full = true;
        return false;
    }
    f->failed = !jj_noted_add(f->journal, &f->noted, row, what);
    return !f->failed;
}

/* Reads the rows of a hole as long as they fit into one block. */
static int read_hole(filling *f, jj_mention_block hole, jj_error *err)
{
    f->noted.after = hole.after;
    int rc = jj_mentions_walk(f->journal, f->kind, hole, fill_row, f, err);
    if (!f->full) {
        f->noted.upto = hole.upto;
    }
    return rc == 0 && f->failed ? jj_fail(err, JJ_EMEMORY, "out of memory") : rc;
}

static bool joins(const jj_noted *fresh, jj_mention_block hole)
{
    return hole.upto == fresh->after && fresh->upto - hole.after <= JJ_MENTION_ROWS;
}

/* Puts what rows right before the fresh ones mention beside these. */
static bool join(jj_noted *fresh, const jj_noted *noted)
{
    if (fresh->count + noted->count > JJ_MENTION_ENTRIES || !reserve(fresh, noted->count)) {
        return false;
    }
    if (noted->count) {
        memcpy(fresh->entries + fresh->count, noted->entries, noted->count * sizeof(uint64_t));
    }
    fresh->count += noted->count;
    fresh->after = noted->after;
    return true;
}

int jj_mentions_join(jj_journal *journal, enum jj_mention_kind kind, jj_error *err)
{
    jj_noted *fresh = &journal->mentions[kind].fresh;
    jj_mention_block hole = {.upto = jj_mentions_from(journal, kind)};
    int rc = 0;
    while (rc == 0 && jj_mentions_hole(journal, kind, hole.upto, 0, &hole)) {
        filling f = {.journal = journal, .kind = kind};
        if (joins(fresh, hole)) {
            rc = read_hole(&f, hole, err);
            if (rc == 0 && !f.full) {
                join(fresh, &f.noted);
            }
            jj_noted_clear(&f.noted);
            return rc;
        }
    }
    return rc;
}

static void fill_hole(jj_journal *journal, enum jj_mention_kind kind, jj_mention_block hole)
{
    jj_error err = {0};
    jj_noted *fresh = &journal->mentions[kind].fresh;
    filling f = {.journal = journal, .kind = kind};
    if (read_hole(&f, hole, &err)) {
        jj_journal_note(journal, err.text);
    } else if (f.full || !joins(fresh, hole) || !join(fresh, &f.noted)) {
        store_block(journal, kind, &f.noted);
    }
    jj_noted_clear(&f.noted);
}

void jj_mentions_fill(jj_journal *journal, enum jj_mention_kind kind, bool all)
{
    jj_mention_block hole;
    uint64_t from = jj_mentions_from(journal, kind), larger = all ? 0 : JJ_MENTION_ROWS;
    while (!journal->reason[0] && jj_mentions_hole(journal, kind, from, larger, &hole)) {
        fill_hole(journal, kind, hole);
        if (!all) {
            return;
        }
    }
}
