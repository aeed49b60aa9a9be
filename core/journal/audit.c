#include "journal/audit.h"

#include "base/id.h"
#include "journal/internal.h"

#include <stdio.h>
#include <string.h>

#define HASH_SIZE 32

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

/* A number of records and a hash: those of the newest record, or those of the mark. */
typedef struct link {
    int64_t number;
    unsigned char hash[HASH_SIZE];
} link;

static bool read_link(jj_journal *journal, enum jj_statement which, link *found)
{
    sqlite3_stmt *row = journal->statements[which];
    *found = (link){0};
    int step = row ? sqlite3_step(row) : SQLITE_ERROR;
    if (step == SQLITE_ROW && sqlite3_column_bytes(row, 1) == HASH_SIZE) {
        found->number = sqlite3_column_int64(row, 0);
        memcpy(found->hash, sqlite3_column_blob(row, 1), HASH_SIZE);
    }
    sqlite3_reset(row);
    return step == SQLITE_ROW || step == SQLITE_DONE;
}

static link mark_of(const unsigned char key[32], const link *newest)
{
    char head[32];
    link mark = {.number = newest->number};
    int length = snprintf(head, sizeof head, "last %lld", (long long)newest->number);
    const jj_part parts[] = {{head, (size_t)length}, {newest->hash, HASH_SIZE}};
    jj_hash(key, parts, sizeof parts / sizeof *parts, mark.hash, HASH_SIZE);
    return mark;
}

static bool is_same(const link *a, const link *b)
{
    return a->number == b->number && memcmp(a->hash, b->hash, HASH_SIZE) == 0;
}

static void write_mark(jj_journal *journal, const unsigned char key[32], const link *newest)
{
    link mark = mark_of(key, newest);
    sqlite3_stmt *statement = journal->statements[JJ_SQL_AUDIT_MOVE];
    sqlite3_bind_int64(statement, 1, mark.number);
    sqlite3_bind_blob(statement, 2, mark.hash, HASH_SIZE, SQLITE_TRANSIENT);
    jj_journal_run(journal, JJ_SQL_AUDIT_MOVE);
}

int jj_audit_begin(jj_journal *journal, const unsigned char key[32], jj_error *err)
{
    const link none = {0};
    link mark;
    bool fresh = journal->counts.received == 0 && journal->counts.accepted == 0;
    if (!fresh || !read_link(journal, JJ_SQL_AUDIT_LAST, &mark) || !is_same(&mark, &none)) {
        return 0;
    }
    jj_journal_begin(journal);
    write_mark(journal, key, &none);
    return jj_journal_commit(journal, err);
}

void jj_journal_audit(jj_journal *journal, const unsigned char key[32], const jj_audit *record)
{
    jj_audit full = *record;
    link newest, mark;
    unsigned char hash[HASH_SIZE];
    if (!read_link(journal, JJ_SQL_AUDIT_NEWEST, &newest) ||
        !read_link(journal, JJ_SQL_AUDIT_LAST, &mark)) {
        jj_journal_note(journal, "the audit chain cannot be read");
        return;
    }
    link expected = mark_of(key, &newest);
    bool whole = is_same(&mark, &expected);
    full.number = newest.number + 1;
    hash_record(key, newest.hash, &full, hash);
    sqlite3_stmt *statement = journal->statements[JJ_SQL_AUDIT];
    sqlite3_bind_int64(statement, 1, full.number);
    sqlite3_bind_int64(statement, 2, full.at_ms);
    jj_journal_bind(statement, 3, full.action);
    jj_journal_bind(statement, 4, full.agency);
    jj_journal_bind(statement, 5, full.person);
    jj_journal_bind(statement, 6, full.detail);
    sqlite3_bind_blob(statement, 7, hash, HASH_SIZE, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_AUDIT);
    if (whole) {
        newest.number = full.number;
        memcpy(newest.hash, hash, HASH_SIZE);
        write_mark(journal, key, &newest);
    }
}

static jj_audit audit_of(sqlite3_stmt *row)
{
    return (jj_audit){.number = sqlite3_column_int64(row, 0),
                      .at_ms = sqlite3_column_int64(row, 1),
                      .action = jj_journal_column(row, 2),
                      .agency = jj_journal_column(row, 3),
                      .person = jj_journal_column(row, 4),
                      .detail = jj_journal_column(row, 5)};
}

int jj_journal_audit_read(jj_journal *journal, const char *person, jj_audit_visit visit, void *arg,
                          jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_AUDIT_READ];
    if (!row) {
        return jj_journal_sql_error(journal, "cannot read", err);
    }
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        jj_audit record = audit_of(row);
        if (!person || strcmp(record.person, person) == 0) {
            visit(arg, &record);
        }
    }
    int rc = step == SQLITE_DONE ? 0 : jj_journal_sql_error(journal, "cannot read", err);
    sqlite3_reset(row);
    return rc;
}

int jj_audit_verify(jj_journal *journal, const unsigned char key[32], uint64_t *count,
                    jj_error *err)
{
    link newest = {0}, mark;
    unsigned char hash[HASH_SIZE];
    int rc = 0, step = SQLITE_DONE;
    sqlite3_stmt *row = journal->statements[JJ_SQL_AUDIT_READ];
    if (!row) {
        return jj_journal_sql_error(journal, "cannot read", err);
    }
    while (rc == 0 && (step = sqlite3_step(row)) == SQLITE_ROW) {
        jj_audit record = audit_of(row);
        newest.number++;
        hash_record(key, newest.hash, &record, hash);
        if (record.number != newest.number || sqlite3_column_bytes(row, 6) != HASH_SIZE ||
            memcmp(hash, sqlite3_column_blob(row, 6), HASH_SIZE) != 0) {
            rc = jj_fail(err, JJ_EINVALID,
                         "the audit chain is broken at record %lld: it, or one before it, was "
                         "altered or removed",
                         (long long)newest.number);
        }
        memcpy(newest.hash, hash, HASH_SIZE);
    }
    if (rc == 0 && step != SQLITE_DONE) {
        rc = jj_journal_sql_error(journal, "cannot read", err);
    }
    sqlite3_reset(row);
    link expected = mark_of(key, &newest);
    if (rc == 0 && !read_link(journal, JJ_SQL_AUDIT_LAST, &mark)) {
        rc = jj_journal_sql_error(journal, "cannot read", err);
    }
    if (rc == 0 && !is_same(&mark, &expected)) {
        rc = jj_fail(err, JJ_EINVALID,
                     "the audit chain ends at record %lld, but not as it did: records were removed "
                     "from its end or added",
                     (long long)newest.number);
    }
    if (rc == 0) {
        *count = (uint64_t)newest.number;
    }
    return rc;
}
