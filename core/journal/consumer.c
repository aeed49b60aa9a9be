#include "journal/internal.h"

#include "base/clock.h"

#include <stdio.h>

static void fill(jj_consumer *consumer, sqlite3_stmt *row)
{
    *consumer = (jj_consumer){.id = sqlite3_column_int64(row, 0),
                              .cursor = (uint64_t)sqlite3_column_int64(row, 2),
                              .delivered = (uint64_t)sqlite3_column_int64(row, 3),
                              .filtered = (uint64_t)sqlite3_column_int64(row, 4),
                              .updated_ms = sqlite3_column_int64(row, 5),
                              .lost = (uint64_t)sqlite3_column_int64(row, 6),
                              .untold = (uint64_t)sqlite3_column_int64(row, 7),
                              .seen_ms = sqlite3_column_int64(row, 8)};
    snprintf(consumer->name, sizeof consumer->name, "%s", jj_journal_column(row, 1));
}

int jj_journal_consumer(jj_journal *journal, const char *name, jj_consumer *consumer)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_CONSUMER];
    if (!row) {
        return JJ_EUNAVAILABLE;
    }
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW) {
        fill(consumer, row);
    }
    sqlite3_reset(row);
    return step == SQLITE_ROW ? 0 : step == SQLITE_DONE ? JJ_ENOTFOUND : JJ_EUNAVAILABLE;
}

void jj_journal_consumer_add(jj_journal *journal, const char *name, jj_consumer *consumer)
{
    uint64_t start = journal->tail - 1;
    int64_t now_ms = jj_now_ms();
    sqlite3_stmt *statement = journal->statements[JJ_SQL_CONSUMER_ADD];
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (int64_t)start);
    sqlite3_bind_int64(statement, 3, now_ms);
    jj_journal_run(journal, JJ_SQL_CONSUMER_ADD);
    *consumer = (jj_consumer){.id = sqlite3_last_insert_rowid(journal->db),
                              .cursor = start,
                              .filtered = start,
                              .updated_ms = now_ms,
                              .seen_ms = now_ms};
    snprintf(consumer->name, sizeof consumer->name, "%s", name);
}

void jj_journal_consumer_move(jj_journal *journal, const jj_consumer *consumer)
{
    sqlite3_stmt *statement = journal->statements[JJ_SQL_CONSUMER_MOVE];
    sqlite3_bind_int64(statement, 1, consumer->id);
    sqlite3_bind_int64(statement, 2, (int64_t)consumer->cursor);
    sqlite3_bind_int64(statement, 3, (int64_t)consumer->delivered);
    sqlite3_bind_int64(statement, 4, (int64_t)consumer->filtered);
    sqlite3_bind_int64(statement, 5, jj_now_ms());
    jj_journal_run(journal, JJ_SQL_CONSUMER_MOVE);
}

void jj_journal_consumer_seen(jj_journal *journal, const jj_consumer *consumer)
{
    sqlite3_bind_int64(journal->statements[JJ_SQL_CONSUMER_SEEN], 1, consumer->id);
    sqlite3_bind_int64(journal->statements[JJ_SQL_CONSUMER_SEEN], 2, jj_now_ms());
    jj_journal_run(journal, JJ_SQL_CONSUMER_SEEN);
}

void jj_journal_consumer_told(jj_journal *journal, const jj_consumer *consumer)
{
    sqlite3_bind_int64(journal->statements[JJ_SQL_CONSUMER_TOLD], 1, consumer->id);
    jj_journal_run(journal, JJ_SQL_CONSUMER_TOLD);
}

void jj_journal_consumer_drop(jj_journal *journal, const char *name)
{
    /* The state first: it is found by the consumer's number, which another one may get. */
    sqlite3_bind_text(journal->statements[JJ_SQL_STATE_DROP], 1, name, -1, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_STATE_DROP);
    sqlite3_bind_text(journal->statements[JJ_SQL_CONSUMER_DROP], 1, name, -1, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_CONSUMER_DROP);
}

static int visit_all(jj_journal *journal, sqlite3_stmt *row, jj_consumer_visit visit, void *arg,
                     jj_error *err)
{
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        jj_consumer consumer;
        fill(&consumer, row);
        visit(arg, &consumer);
    }
    int rc = step == SQLITE_DONE ? 0 : jj_journal_sql_error(journal, "cannot read consumers", err);
    sqlite3_reset(row);
    return rc;
}

int jj_journal_consumers(jj_journal *journal, jj_consumer_visit visit, void *arg, jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_CONSUMERS];
    return row ? visit_all(journal, row, visit, arg, err)
               : jj_journal_sql_error(journal, "cannot read", err);
}

bool jj_journal_slowest(jj_journal *journal, int64_t seen_ms, uint64_t *cursor)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_CONSUMER_SLOWEST];
    bool there = false;
    if (row) {
        sqlite3_bind_int64(row, 1, seen_ms);
        there = sqlite3_step(row) == SQLITE_ROW && sqlite3_column_type(row, 0) == SQLITE_INTEGER;
        *cursor = there ? (uint64_t)sqlite3_column_int64(row, 0) : 0;
        sqlite3_reset(row);
    }
    return there;
}

void jj_journal_lose(jj_journal *journal, uint64_t cursor, jj_consumer_visit visit, void *arg)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_CONSUMER_BEHIND];
    if (row && visit) {
        sqlite3_bind_int64(row, 1, (int64_t)cursor);
        visit_all(journal, row, visit, arg, NULL);
    }
    sqlite3_bind_int64(journal->statements[JJ_SQL_CONSUMER_LOSE], 1, (int64_t)cursor);
    jj_journal_run(journal, JJ_SQL_CONSUMER_LOSE);
}

void jj_journal_state_put(jj_journal *journal, int64_t consumer, const char *key, const char *value)
{
    enum jj_statement which = value ? JJ_SQL_STATE_PUT : JJ_SQL_STATE_DELETE;
    sqlite3_stmt *statement = journal->statements[which];
    sqlite3_bind_int64(statement, 1, consumer);
    sqlite3_bind_text(statement, 2, key, -1, SQLITE_STATIC);
    if (value) {
        sqlite3_bind_text(statement, 3, value, -1, SQLITE_STATIC);
    }
    jj_journal_run(journal, which);
}

int jj_journal_state_read(jj_journal *journal, int64_t consumer, const char *after,
                          jj_state_entry visit, void *arg, jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_STATE_READ];
    if (!row) {
        return jj_journal_sql_error(journal, "cannot read", err);
    }
    sqlite3_bind_int64(row, 1, consumer);
    sqlite3_bind_text(row, 2, after, -1, SQLITE_STATIC);
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(row, 0);
        const char *value = (const char *)sqlite3_column_text(row, 1);
        if (!key || !value) { /* without memory; the step said nothing of it */
            break;
        }
        if (!visit(arg, key, value)) {
            step = SQLITE_DONE;
            break;
        }
    }
    int rc = step == SQLITE_DONE ? 0 : jj_journal_sql_error(journal, "cannot read state", err);
    sqlite3_reset(row);
    return rc;
}
