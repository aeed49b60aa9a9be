/* Mentions: which blocks and holes there are, searching, and forgetting. */
#include "journal/mention.h"

#include "journal/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- Blocks and holes --------------------------------------------------------------------- */

void jj_mentions_clear(jj_journal *journal)
{
    for (int kind = 0; kind < JJ_MENTION_KINDS; kind++) {
        jj_noted_clear(&journal->mentions[kind].fresh);
        free(journal->mentions[kind].blocks);
        journal->mentions[kind] = (jj_mentions){0};
    }
}

static int load_blocks(jj_journal *journal, jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_MENTION_BLOCKS];
    int step, rc = 0;
    while (rc == 0 && (step = sqlite3_step(row)) != SQLITE_DONE) {
        int64_t kind = step == SQLITE_ROW ? sqlite3_column_int64(row, 0) : -1;
        if (kind < 0 || kind >= JJ_MENTION_KINDS) {
            rc = jj_journal_sql_error(journal, "cannot read where persons are mentioned", err);
        } else if (!jj_mentions_add_block(
                       &journal->mentions[kind],
                       (jj_mention_block){.upto = (uint64_t)sqlite3_column_int64(row, 1),
                                          .after = (uint64_t)sqlite3_column_int64(row, 2)})) {
            rc = jj_fail(err, JJ_EMEMORY, "out of memory");
        }
    }
    sqlite3_reset(row);
    return rc;
}

int jj_mentions_load(jj_journal *journal, jj_error *err)
{
    int64_t vaulted = 0;
    if (jj_journal_number(journal->db, "SELECT ifnull(max(number), 0) FROM vault", &vaulted)) {
        return jj_journal_sql_error(journal, "cannot read the vault", err);
    }
    int rc = load_blocks(journal, err);
    for (int kind = 0; kind < JJ_MENTION_KINDS && rc == 0; kind++) {
        jj_mentions *m = &journal->mentions[kind];
        uint64_t newest = kind == JJ_MENTION_EVENT ? journal->counts.accepted : (uint64_t)vaulted;
        /* The vault's newest entries may have been deleted; their numbers are not given again. */
        if (m->block_count && m->blocks[m->block_count - 1].upto > newest) {
            newest = m->blocks[m->block_count - 1].upto;
        }
        m->fresh.after = m->fresh.upto = newest;
    }
    return rc;
}

void jj_mentions_distrust(jj_journal *journal)
{
    jj_mentions_clear(journal);
    for (int kind = 0; kind < JJ_MENTION_KINDS; kind++) {
        /* Of the vault, too, it is not less than the newest number: each came with an event. */
        journal->mentions[kind].fresh.after = journal->mentions[kind].fresh.upto =
            journal->counts.accepted;
    }
}

uint64_t jj_mentions_from(const jj_journal *journal, enum jj_mention_kind kind)
{
    return kind == JJ_MENTION_EVENT ? journal->tail - 1 : 0;
}

bool jj_mentions_hole(const jj_journal *journal, enum jj_mention_kind kind, uint64_t from,
                      uint64_t larger, jj_mention_block *hole)
{
    const jj_mentions *m = &journal->mentions[kind];
    for (size_t i = 0; i <= m->block_count; i++) {
        const jj_mention_block next =
            i < m->block_count ? m->blocks[i] : (jj_mention_block){m->fresh.after, m->fresh.upto};
        if (next.after > from && next.after - from > larger) {
            *hole = (jj_mention_block){.after = from, .upto = next.after};
            return true;
        }
        from = next.upto > from ? next.upto : from;
    }
    return false;
}

int jj_mentions_walk(jj_journal *journal, enum jj_mention_kind kind, jj_mention_block hole,
                     jj_mentioning_visit visit, void *arg, jj_error *err)
{
    sqlite3_stmt *row =
        journal
            ->statements[kind == JJ_MENTION_EVENT ? JJ_SQL_MENTION_EVENTS : JJ_SQL_MENTION_VAULTED];
    sqlite3_bind_int64(row, 1, (int64_t)hole.after);
    sqlite3_bind_int64(row, 2, (int64_t)hole.upto);
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        const char *text = sqlite3_column_blob(row, 2);
        const jj_mentioning what = {
            .subject = (const char *)sqlite3_column_text(row, 1),
            .text = {text ? text : "", (size_t)sqlite3_column_bytes(row, 2)},
        };
        if (!visit(arg, (uint64_t)sqlite3_column_int64(row, 0), what)) {
            step = SQLITE_DONE;
            break;
        }
    }
    int rc = step == SQLITE_DONE
                 ? 0
                 : jj_journal_sql_error(journal, "cannot look for what names a person", err);
    sqlite3_reset(row);
    return rc;
}

/* ---- Searching ---------------------------------------------------------------------------- */

/* A UUID that is looked for. */
typedef struct wanted {
    uint64_t hash;
    size_t who;
} wanted;

typedef struct search {
    jj_journal *journal;
    wanted *list; /* by hash */
    size_t count;
    unsigned char parts[JJ_MENTION_PARTS / 8]; /* in which any of them would stand */
    jj_mention_list *found;
    jj_noted scratch;
    bool failed;
} search;

static int by_hash(const void *a, const void *b)
{
    const wanted *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static void add_found(search *s, uint64_t row, size_t who)
{
    jj_mention_list *found = s->found;
    if (found->count == found->capacity) {
        size_t capacity = found->capacity ? 2 * found->capacity : 32;
        jj_mention *list = realloc(found->list, capacity * sizeof *list);
        if (!list) {
            s->failed = true;
            return;
        }
        found->list = list;
        found->capacity = capacity;
    }
    found->list[found->count++] = (jj_mention){row, who};
}

/* Adds a row for each UUID that is looked for and has this hash. */
static void match(search *s, uint64_t hash, uint64_t row)
{
    unsigned part = jj_mention_part(hash);
    size_t low = 0, high = s->count;
    if (!(s->parts[part / 8] >> part % 8 & 1)) {
        return;
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s->list[middle].hash < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < s->count && s->list[low].hash == hash; low++) {
        add_found(s, row, s->list[low].who);
    }
}

/* The row that these last 16 bits mean among those behind `after`. */
static uint64_t whole_row(uint64_t after, uint64_t bits)
{
    return after + 1 + ((bits - (after + 1)) & JJ_MENTION_ROW_BITS);
}

static void search_noted(search *s, const jj_noted *noted)
{
    for (size_t i = 0; i < noted->count; i++) {
        match(s, noted->entries[i] & ~(uint64_t)JJ_MENTION_ROW_BITS,
              whole_row(noted->after, noted->entries[i]));
    }
}

static void search_part(search *s, const wanted *one, uint64_t after, const unsigned char *bytes,
                        size_t size)
{
    unsigned char entry[JJ_MENTION_SIZE];
    jj_mention_write(entry, one->hash);
    for (size_t at = 0; at + JJ_MENTION_SIZE <= size; at += JJ_MENTION_SIZE) {
        if (memcmp(bytes + at, entry, 4) == 0) {
            add_found(s, whole_row(after, (uint64_t)(bytes[at + 4] | bytes[at + 5] << 8)),
                      one->who);
        }
    }
}

static int search_block(search *s, enum jj_mention_kind kind, jj_mention_block block, jj_error *err)
{
    sqlite3_stmt *row = s->journal->statements[JJ_SQL_MENTION];
    int step = SQLITE_DONE;
    for (size_t i = 0; i < s->count; i++) {
        unsigned part = jj_mention_part(s->list[i].hash);
        if (i == 0 || part != jj_mention_part(s->list[i - 1].hash)) {
            sqlite3_reset(row);
            sqlite3_bind_int64(row, 1, jj_mention_number(kind, block.upto, part));
            step = sqlite3_step(row);
        }
        if (step == SQLITE_ROW) {
            search_part(s, &s->list[i], block.after, sqlite3_column_blob(row, 0),
                        (size_t)sqlite3_column_bytes(row, 0));
        } else if (step != SQLITE_DONE) {
            break;
        }
    }
    int rc = step == SQLITE_ROW || step == SQLITE_DONE
                 ? 0
                 : jj_journal_sql_error(s->journal, "cannot look for what names a person", err);
    sqlite3_reset(row);
    return rc;
}

static bool search_row(void *arg, uint64_t row, jj_mentioning what)
{
    search *s = arg;
    s->scratch.after = row - 1;
    s->scratch.count = 0;
    s->failed = !jj_noted_add(s->journal, &s->scratch, row, what) || s->failed;
    search_noted(s, &s->scratch);
    return !s->failed;
}

static int search_all(search *s, enum jj_mention_kind kind, jj_error *err)
{
    const jj_mentions *m = &s->journal->mentions[kind];
    jj_mention_block hole = {.upto = jj_mentions_from(s->journal, kind)};
    int rc = jj_mentions_join(s->journal, kind, err);
    for (size_t i = 0; i < m->block_count && rc == 0; i++) {
        rc = search_block(s, kind, m->blocks[i], err);
    }
    while (rc == 0 && jj_mentions_hole(s->journal, kind, hole.upto, 0, &hole)) {
        rc = jj_mentions_walk(s->journal, kind, hole, search_row, s, err);
    }
    search_noted(s, &m->fresh);
    return rc == 0 && s->failed ? jj_fail(err, JJ_EMEMORY, "out of memory") : rc;
}

static int by_row(const void *a, const void *b)
{
    const jj_mention *x = a, *y = b;
    int order = (x->row > y->row) - (x->row < y->row);
    return order ? order : (x->who > y->who) - (x->who < y->who);
}

int jj_mentions_find(jj_journal *journal, enum jj_mention_kind kind,
                     const unsigned char (*uuids)[16], size_t count, jj_mention_list *found,
                     jj_error *err)
{
    search s = {.journal = journal, .count = count, .found = found};
    if (!journal->statements[JJ_SQL_COUNT_STATEMENTS - 1]) {
        return jj_fail(err, JJ_EUNAVAILABLE, "the journal is closed after a failure");
    }
    if (!(s.list = calloc(count ? count : 1, sizeof *s.list))) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        s.list[i] = (wanted){jj_mention_hash(journal, uuids[i]), i};
        unsigned part = jj_mention_part(s.list[i].hash);
        s.parts[part / 8] = (unsigned char)(s.parts[part / 8] | 1u << part % 8);
    }
    qsort(s.list, count, sizeof *s.list, by_hash);
    int rc = search_all(&s, kind, err);
    if (found->count) {
        qsort(found->list, found->count, sizeof *found->list, by_row);
    }
    jj_noted_clear(&s.scratch);
    free(s.list);
    return rc;
}

/* ---- Forgetting --------------------------------------------------------------------------- */

static int by_entry(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool holds(const jj_noted *noted, uint64_t entry)
{
    return noted->count && bsearch(&entry, noted->entries, noted->count, sizeof entry, by_entry);
}

/* Takes what is in `gone` out of what is noted in memory. */
static void forget_fresh(jj_noted *fresh, const jj_noted *gone)
{
    size_t kept = 0;
    for (size_t i = 0; i < fresh->count; i++) {
        if (((fresh->entries[i] ^ gone->entries[0]) & JJ_MENTION_ROW_BITS) ||
            !holds(gone, fresh->entries[i])) {
            fresh->entries[kept++] = fresh->entries[i];
        }
    }
    fresh->count = kept;
}

/* Copies the entries of a part but those that are gone; returns how many bytes are left. */
static size_t copy_others(unsigned char *to, const unsigned char *from, size_t size,
                          const uint64_t *gone, size_t count)
{
    size_t kept = 0;
    for (size_t at = 0; at + JJ_MENTION_SIZE <= size; at += JJ_MENTION_SIZE) {
        bool is_gone = false;
        for (size_t i = 0; i < count && !is_gone; i++) {
            unsigned char entry[JJ_MENTION_SIZE];
            jj_mention_write(entry, gone[i]);
            is_gone = memcmp(from + at, entry, sizeof entry) == 0;
        }
        if (!is_gone) {
            memcpy(to + kept, from + at, JJ_MENTION_SIZE);
            kept += JJ_MENTION_SIZE;
        }
    }
    return kept;
}

static void forget_part(jj_journal *journal, int64_t number, const uint64_t *gone, size_t count)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_MENTION];
    sqlite3_stmt *put = journal->statements[JJ_SQL_MENTION_PUT];
    unsigned char *bytes = NULL;
    size_t size = 0, kept = 0;
    sqlite3_bind_int64(row, 1, number);
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW) {
        size = (size_t)sqlite3_column_bytes(row, 0);
        bytes = malloc(size + 1);
        kept = bytes ? copy_others(bytes, sqlite3_column_blob(row, 0), size, gone, count) : 0;
    }
    sqlite3_reset(row);
    if ((step != SQLITE_ROW && step != SQLITE_DONE) || (step == SQLITE_ROW && !bytes)) {
        jj_journal_note(journal, "cannot forget what names a person");
    } else if (kept < size) {
        sqlite3_bind_int64(put, 1, number);
        sqlite3_bind_blob(put, 2, bytes, (int)kept, SQLITE_STATIC);
        jj_journal_run(journal, JJ_SQL_MENTION_PUT);
    }
    free(bytes);
}

static const jj_mention_block *block_of(const jj_mentions *m, uint64_t row)
{
    for (size_t i = 0; i < m->block_count; i++) {
        if (row > m->blocks[i].after && row <= m->blocks[i].upto) {
            return &m->blocks[i];
        }
    }
    return NULL;
}

static void forget_entries(jj_journal *journal, enum jj_mention_kind kind, uint64_t row,
                           const jj_noted *gone)
{
    jj_mentions *m = &journal->mentions[kind];
    const jj_mention_block *block = block_of(m, row);
    if (row > m->fresh.after) {
        forget_fresh(&m->fresh, gone);
        return;
    }
    for (size_t i = 0, end = 0; block && i < gone->count; i = end) {
        unsigned part = jj_mention_part(gone->entries[i]);
        while (end < gone->count && jj_mention_part(gone->entries[end]) == part) {
            end++;
        }
        forget_part(journal, jj_mention_number(kind, block->upto, part), gone->entries + i,
                    end - i);
    }
}

void jj_mentions_forget(jj_journal *journal, enum jj_mention_kind kind, uint64_t row,
                        jj_mentioning before, jj_mentioning now)
{
    jj_noted gone = {0}, stays = {0};
    size_t kept = 0;
    if (!jj_noted_add(journal, &gone, row, before) || !jj_noted_add(journal, &stays, row, now)) {
        jj_journal_note(journal, "out of memory");
        gone.count = 0;
    }
    if (stays.count) {
        qsort(stays.entries, stays.count, sizeof *stays.entries, by_entry);
    }
    for (size_t i = 0; i < gone.count; i++) {
        if (!holds(&stays, gone.entries[i])) {
            gone.entries[kept++] = gone.entries[i];
        }
    }
    if ((gone.count = kept) > 0) {
        qsort(gone.entries, gone.count, sizeof *gone.entries, by_entry);
        forget_entries(journal, kind, row, &gone);
    }
    jj_noted_clear(&gone);
    jj_noted_clear(&stays);
}

/* ---- Retention ---------------------------------------------------------------------------- */

void jj_mentions_trim(jj_journal *journal, enum jj_mention_kind kind, uint64_t upto)
{
    jj_mentions *m = &journal->mentions[kind];
    size_t count = 0;
    while (count < m->block_count && m->blocks[count].upto <= upto) {
        count++;
    }
    if (!count) {
        return;
    }
    uint64_t last = m->blocks[count - 1].upto;
    sqlite3_bind_int64(journal->statements[JJ_SQL_MENTION_TRIM], 1, jj_mention_number(kind, 0, 0));
    sqlite3_bind_int64(journal->statements[JJ_SQL_MENTION_TRIM], 2,
                       jj_mention_number(kind, last, JJ_MENTION_PARTS));
    jj_journal_run(journal, JJ_SQL_MENTION_TRIM);
    sqlite3_bind_int64(journal->statements[JJ_SQL_MENTION_BLOCK_TRIM], 1, kind);
    sqlite3_bind_int64(journal->statements[JJ_SQL_MENTION_BLOCK_TRIM], 2, (int64_t)last);
    jj_journal_run(journal, JJ_SQL_MENTION_BLOCK_TRIM);
    m->block_count -= count;
    memmove(m->blocks, m->blocks + count, m->block_count * sizeof *m->blocks);
}
