#include "journal/audit.h"

#include "base/id.h"
#include "journal/internal.h"

#include <stdio.h>
#include <string.h>

#define HASH_SIZE 32

static int cannot_read(const jj_journal *journal, jj_error *err)
{
    return journal->db ? jj_journal_sql_error(journal, "cannot read the journal", err)
                       : jj_fail(err, JJ_EUNAVAILABLE, "the journal is closed after a failure");
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text ? text : "", -1, SQLITE_STATIC);
}

static const char *column(sqlite3_stmt *row, int at)
{
    const char *text = (const char *)sqlite3_column_text(row, at);
    return text ? text : "";
}

/* ---- Deliveries --------------------------------------------------------------------------- */

void jj_journal_deliver(jj_journal *journal, const jj_delivery *delivery)
{
    sqlite3_stmt *statement = journal->statements[JJ_SQL_DELIVER];
    sqlite3_bind_int64(statement, 1, delivery->at_ms);
    bind_text(statement, 2, delivery->agency);
    bind_text(statement, 3, delivery->consumer);
    sqlite3_bind_int64(statement, 4, (int64_t)delivery->after);
    sqlite3_bind_int64(statement, 5, (int64_t)delivery->upto);
    sqlite3_bind_blob(statement, 6, delivery->bits, (int)delivery->bits_size, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_DELIVER);
}

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
        return cannot_read(journal, err);
    }
    sqlite3_bind_int64(row, 1, (int64_t)cursor);
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        jj_delivery delivery = {.at_ms = sqlite3_column_int64(row, 0),
                                .agency = column(row, 1),
                                .consumer = column(row, 2),
                                .after = (uint64_t)sqlite3_column_int64(row, 3),
                                .upto = (uint64_t)sqlite3_column_int64(row, 4),
                                .bits = sqlite3_column_blob(row, 5),
                                .bits_size = (size_t)sqlite3_column_bytes(row, 5)};
        if (holds(&delivery, cursor)) {
            visit(arg, &delivery);
        }
    }
    int rc = step == SQLITE_DONE ? 0 : cannot_read(journal, err);
    sqlite3_reset(row);
    return rc;
}

/* ---- The chain ---------------------------------------------------------------------------- */

static void hash_record(const unsigned char key[32], const unsigned char before[HASH_SIZE],
                        const jj_audit *record, unsigned char hash[HASH_SIZE])
{
    char head[48];
    int length = snprintf(head, sizeof head, "%lld %lld", (long long)record->number,
                          (long long)record->at_ms);
    const jj_part parts[] = {{before, HASH_SIZE},
                             {head, (size_t)length},
                             {record->action, strlen(record->action)},
                             {record->agency, strlen(record->agency)},
                             {record->person, strlen(record->person)},
                             {record->detail, strlen(record->detail)}};
    jj_hash(key, parts, sizeof parts / sizeof *parts, hash, HASH_SIZE);
}

/* The newest link of the chain as it is written apart. */
static bool read_last(jj_journal *journal, int64_t *number, unsigned char hash[HASH_SIZE])
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_AUDIT_LAST];
    bool found =
        row && sqlite3_step(row) == SQLITE_ROW && sqlite3_column_bytes(row, 1) == HASH_SIZE;
    if (found) {
        *number = sqlite3_column_int64(row, 0);
        memcpy(hash, sqlite3_column_blob(row, 1), HASH_SIZE);
    }
    sqlite3_reset(row);
    return found;
}

void jj_journal_audit(jj_journal *journal, const unsigned char key[32], const jj_audit *record)
{
    jj_audit full = *record;
    unsigned char before[HASH_SIZE], hash[HASH_SIZE];
    if (!read_last(journal, &full.number, before)) {
        jj_journal_note(journal, "the audit chain cannot be read");
        return;
    }
    full.number++;
    hash_record(key, before, &full, hash);
    sqlite3_stmt *statement = journal->statements[JJ_SQL_AUDIT];
    sqlite3_bind_int64(statement, 1, full.number);
    sqlite3_bind_int64(statement, 2, full.at_ms);
    bind_text(statement, 3, full.action);
    bind_text(statement, 4, full.agency);
    bind_text(statement, 5, full.person);
    bind_text(statement, 6, full.detail);
    sqlite3_bind_blob(statement, 7, hash, HASH_SIZE, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_AUDIT);
    statement = journal->statements[JJ_SQL_AUDIT_MOVE];
    sqlite3_bind_int64(statement, 1, full.number);
    sqlite3_bind_blob(statement, 2, hash, HASH_SIZE, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_AUDIT_MOVE);
}

static jj_audit audit_of(sqlite3_stmt *row)
{
    return (jj_audit){.number = sqlite3_column_int64(row, 0),
                      .at_ms = sqlite3_column_int64(row, 1),
                      .action = column(row, 2),
                      .agency = column(row, 3),
                      .person = column(row, 4),
                      .detail = column(row, 5)};
}

int jj_journal_audit_read(jj_journal *journal, const char *person, jj_audit_visit visit, void *arg,
                          jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_AUDIT_READ];
    if (!row) {
        return cannot_read(journal, err);
    }
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        jj_audit record = audit_of(row);
        if (!person || strcmp(record.person, person) == 0) {
            visit(arg, &record);
        }
    }
    int rc = step == SQLITE_DONE ? 0 : cannot_read(journal, err);
    sqlite3_reset(row);
    return rc;
}

int jj_audit_verify(jj_journal *journal, const unsigned char key[32], uint64_t *count,
                    jj_error *err)
{
    unsigned char before[HASH_SIZE] = {0}, hash[HASH_SIZE], last[HASH_SIZE];
    int64_t expected = 0, last_number = -1;
    int rc = 0, step = SQLITE_DONE;
    sqlite3_stmt *row = journal->statements[JJ_SQL_AUDIT_READ];
    if (!row) {
        return cannot_read(journal, err);
    }
    while (rc == 0 && (step = sqlite3_step(row)) == SQLITE_ROW) {
        jj_audit record = audit_of(row);
        expected++;
        hash_record(key, before, &record, hash);
        if (record.number != expected || sqlite3_column_bytes(row, 6) != HASH_SIZE ||
            memcmp(hash, sqlite3_column_blob(row, 6), HASH_SIZE) != 0) {
            rc = jj_fail(err, JJ_EINVALID,
                         "the audit chain is broken at record %lld: it, or one before it, was "
                         "altered or removed",
                         (long long)expected);
        }
        memcpy(before, hash, HASH_SIZE);
    }
    if (rc == 0 && step != SQLITE_DONE) {
        rc = cannot_read(journal, err);
    }
    sqlite3_reset(row);
    if (rc == 0 && (!read_last(journal, &last_number, last) || last_number != expected ||
                    memcmp(last, before, HASH_SIZE) != 0)) {
        rc = jj_fail(err, JJ_EINVALID,
                     "the audit chain ends at record %lld, but it was longer: records were removed "
                     "from its end",
                     (long long)expected);
    }
    if (rc == 0) {
        *count = (uint64_t)expected;
    }
    return rc;
}
