/* Who received what: one record for a reader and a minute, and of each event only the first time.
 */
#include "journal/audit.h"

#include "journal/internal.h"

#include <assert.h>
#include <string.h>

#define SAME_MS   60000
#define SAME_BITS 8192 /* a record does not grow beyond this span */

/* ---- What is new -------------------------------------------------------------------------- */

/* Bits of the cursors behind `after`. */
typedef struct bits {
    uint64_t after;
    size_t first, last; /* set ones, as indexes; first > last: none */
    unsigned char set[JJ_DELIVERY_BITS / 8];
} bits;

static bool is_set(const unsigned char *set, size_t at)
{
    return set[at / 8] >> (at % 8) & 1;
}

static void find_ends(bits *b, size_t count)
{
    b->first = 0;
    b->last = count;
    while (b->first < count && !is_set(b->set, b->first)) {
        b->first++;
    }
    while (b->last > b->first && !is_set(b->set, b->last - 1)) {
        b->last--;
    }
    b->last -= b->last > b->first;
}

static void move_bits(const unsigned char *from, size_t from_at, unsigned char *to, size_t to_at,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = to_at + i;
        if (is_set(from, from_at + i)) {
            to[at / 8] = (unsigned char)(to[at / 8] | 1u << at % 8);
        }
    }
}

/* Takes out what another record holds already. */
static void take_out(bits *b, uint64_t after, const unsigned char *set, size_t set_bytes)
{
    for (size_t i = b->first; i <= b->last; i++) {
        uint64_t cursor = b->after + i + 1;
        uint64_t at = cursor - after - 1;
        if (cursor > after && at / 8 < set_bytes && is_set(set, (size_t)at)) {
            b->set[i / 8] = (unsigned char)(b->set[i / 8] & ~(1u << i % 8));
        }
    }
}

/* ---- Records ------------------------------------------------------------------------------ */

/* The newest record of a reader, as far as one can go on with it. */
typedef struct newest {
    int64_t number, at_ms;
    uint64_t after, upto;
    unsigned char set[SAME_BITS / 8];
} newest;

static bool read_newest(jj_journal *journal, const jj_delivery *delivery, newest *found)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_DELIVERED_LAST];
    jj_journal_bind(row, 1, delivery->agency);
    jj_journal_bind(row, 2, delivery->consumer);
    int step = sqlite3_step(row);
    *found = (newest){0};
    if (step == SQLITE_ROW) {
        size_t size = (size_t)sqlite3_column_bytes(row, 4);
        found->number = sqlite3_column_int64(row, 0);
        found->at_ms = sqlite3_column_int64(row, 1);
        found->after = (uint64_t)sqlite3_column_int64(row, 2);
        found->upto = (uint64_t)sqlite3_column_int64(row, 3);
        if (size > sizeof found->set) {
            found->at_ms = 0; /* too long to go on with */
        } else if (size) {
            memcpy(found->set, sqlite3_column_blob(row, 4), size);
        }
    } else if (step != SQLITE_DONE) {
        jj_journal_note(journal, "cannot read the deliveries");
    }
    sqlite3_reset(row);
    return step == SQLITE_ROW;
}

/* Only where a reader goes back to what it has read. */
static void take_out_all(jj_journal *journal, const jj_delivery *delivery, bits *b)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_DELIVERED];
    jj_journal_bind(row, 1, delivery->agency);
    jj_journal_bind(row, 2, delivery->consumer);
    sqlite3_bind_int64(row, 3, (int64_t)(b->after + b->first));
    while (sqlite3_step(row) == SQLITE_ROW) {
        take_out(b, (uint64_t)sqlite3_column_int64(row, 2), sqlite3_column_blob(row, 4),
                 (size_t)sqlite3_column_bytes(row, 4));
    }
    sqlite3_reset(row);
}

static void extend(jj_journal *journal, newest *last, const bits *b)
{
    size_t to = (size_t)(b->after + b->first - last->after);
    size_t count = b->last - b->first + 1;
    sqlite3_stmt *statement = journal->statements[JJ_SQL_DELIVER_MORE];
    move_bits(b->set, b->first, last->set, to, count);
    sqlite3_bind_int64(statement, 1, last->number);
    sqlite3_bind_int64(statement, 2, (int64_t)(b->after + b->last + 1));
    sqlite3_bind_blob(statement, 3, last->set, (int)((to + count + 7) / 8), SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_DELIVER_MORE);
}

static void add(jj_journal *journal, const jj_delivery *delivery, const bits *b)
{
    unsigned char set[JJ_DELIVERY_BITS / 8] = {0};
    size_t count = b->last - b->first + 1;
    sqlite3_stmt *statement = journal->statements[JJ_SQL_DELIVER];
    move_bits(b->set, b->first, set, 0, count);
    sqlite3_bind_int64(statement, 1, delivery->at_ms);
    jj_journal_bind(statement, 2, delivery->agency);
    jj_journal_bind(statement, 3, delivery->consumer);
    sqlite3_bind_int64(statement, 4, (int64_t)(b->after + b->first));
    sqlite3_bind_int64(statement, 5, (int64_t)(b->after + b->last + 1));
    sqlite3_bind_blob(statement, 6, set, (int)((count + 7) / 8), SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_DELIVER);
}

bool jj_journal_deliver(jj_journal *journal, const jj_delivery *delivery)
{
    bits b = {.after = delivery->after};
    newest last;
    assert(delivery->bits_size <= sizeof b.set);
    memcpy(b.set, delivery->bits, delivery->bits_size);
    find_ends(&b, 8 * delivery->bits_size);
    if (!journal->db || !is_set(b.set, b.first)) {
        return false;
    }
    bool there = read_newest(journal, delivery, &last);
    if (there && last.upto > b.after + b.first) {
        take_out_all(journal, delivery, &b);
        find_ends(&b, 8 * delivery->bits_size);
        if (!is_set(b.set, b.first)) {
            return false;
        }
    }
    jj_journal_begin(journal);
    bool follows = there && last.upto <= b.after + b.first && last.at_ms <= delivery->at_ms &&
                   delivery->at_ms - last.at_ms < SAME_MS &&
                   b.after + b.last + 1 - last.after <= SAME_BITS;
    if (follows) {
        extend(journal, &last, &b);
    } else {
        add(journal, delivery, &b);
    }
    return true;
}

/* ---- Reading ------------------------------------------------------------------------------ */

static bool holds(const jj_delivery *delivery, uint64_t cursor)
{
    uint64_t at = cursor - delivery->after - 1;
    return at / 8 < delivery->bits_size && delivery->bits[at / 8] >> (at % 8) & 1;
}

int jj_journal_deliveries(jj_journal *journal, uint64_t cursor, jj_delivery_visit visit, void *arg,
                          jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_DELIVERIES];
    if (!row) {
        return jj_journal_sql_error(journal, "cannot read", err);
    }
    sqlite3_bind_int64(row, 1, (int64_t)cursor);
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        jj_delivery delivery = {.at_ms = sqlite3_column_int64(row, 0),
                                .agency = jj_journal_column(row, 1),
                                .consumer = jj_journal_column(row, 2),
                                .after = (uint64_t)sqlite3_column_int64(row, 3),
                                .upto = (uint64_t)sqlite3_column_int64(row, 4),
                                .bits = sqlite3_column_blob(row, 5),
                                .bits_size = (size_t)sqlite3_column_bytes(row, 5)};
        if (holds(&delivery, cursor)) {
            visit(arg, &delivery);
        }
    }
    int rc = step == SQLITE_DONE ? 0 : jj_journal_sql_error(journal, "cannot read", err);
    sqlite3_reset(row);
    return rc;
}
