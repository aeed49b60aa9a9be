#include "journal/internal.h"

#include "base/clock.h"

#include <stdio.h>
#include <sys/stat.h>

static int64_t pragma(jj_journal *journal, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = 0;
    if (journal->db && sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        value = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return value;
}

static int64_t used_bytes(jj_journal *journal)
{
    int64_t pages = pragma(journal, "PRAGMA page_count") - pragma(journal, "PRAGMA freelist_count");
    return pages * pragma(journal, "PRAGMA page_size");
}

/* The newest cursor up to which events were recorded before a moment, looking at most that far
 * ahead. */
static uint64_t recorded_before(jj_journal *journal, int64_t moment_ms, uint64_t upto)
{
    sqlite3_stmt *statement = NULL;
    uint64_t cursor = 0;
    if (sqlite3_prepare_v2(journal->db,
                           "SELECT max(cursor) FROM event WHERE cursor <= ?1 AND recorded_ms < ?2",
                           -1, &statement, NULL) == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, (int64_t)upto);
        sqlite3_bind_int64(statement, 2, moment_ms);
        if (sqlite3_step(statement) == SQLITE_ROW) {
            cursor = (uint64_t)sqlite3_column_int64(statement, 0);
        }
    }
    sqlite3_finalize(statement);
    return cursor;
}

uint64_t jj_journal_trim(jj_journal *journal, const jj_retention *retention)
{
    uint64_t tail = journal->tail, upto = jj_journal_head(journal), most = retention->most;
    uint64_t slowest = upto;
    int64_t now_ms = jj_now_ms();
    int64_t seen_ms = retention->lost_after_ms ? now_ms - retention->lost_after_ms : INT64_MIN;
    if (jj_journal_slowest(journal, seen_ms, &slowest) && slowest < upto) {
        upto = slowest;
    }
    if (tail > upto) {
        return 0;
    }
    if (upto - tail >= most) {
        upto = tail + most - 1;
    }
    uint64_t cut =
        retention->age_ms ? recorded_before(journal, now_ms - retention->age_ms, upto) : 0;
    if (retention->size_bytes && used_bytes(journal) > retention->size_bytes) {
        cut = upto;
    }
    if (cut < tail) {
        return 0;
    }
    sqlite3_bind_int64(journal->statements[JJ_SQL_TRIM], 1, (int64_t)cut);
    jj_journal_run(journal, JJ_SQL_TRIM);
    jj_mentions_trim(journal, JJ_MENTION_EVENT, cut);
    /* Whom an event that is gone was about nobody can say any more, nor who received it. */
    sqlite3_bind_int64(journal->statements[JJ_SQL_DELIVERY_TRIM], 1, (int64_t)cut);
    jj_journal_run(journal, JJ_SQL_DELIVERY_TRIM);
    if (retention->lost_after_ms) {
        jj_journal_lose(journal, cut, retention->lost, retention->arg);
    }
    if (journal->reason[0]) {
        return 0;
    }
    journal->tail = cut + 1;
    return cut + 1 - tail;
}

void jj_journal_fill(jj_journal *journal)
{
    for (int kind = 0; kind < JJ_MENTION_KINDS; kind++) {
        jj_mentions_fill(journal, kind, false);
    }
}

void jj_journal_checkpoint(jj_journal *journal)
{
    if (journal->db && !journal->open) {
        sqlite3_wal_checkpoint_v2(journal->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        journal->wal_bytes = 0;
    }
}

int64_t jj_journal_wal_size(const jj_journal *journal)
{
    return journal->wal_bytes;
}

int64_t jj_journal_size(const jj_journal *journal)
{
    struct stat st;
    char wal[4096];
    int64_t size = stat(journal->path, &st) == 0 ? st.st_size : 0;
    snprintf(wal, sizeof wal, "%s-wal", journal->path);
    return size + (stat(wal, &st) == 0 ? st.st_size : 0);
}
