#include "journal/internal.h"

#include <stdio.h>
#include <string.h>

static void bind(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text ? text : "", -1, SQLITE_STATIC);
}

static bool is_beyond(jj_journal *journal, const char *agency, uint64_t keep_max,
                      uint64_t bytes_max)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_QUARANTINE_SUM];
    bool beyond = true; /* what cannot be read is said by the trimming itself */
    if (row) {
        bind(row, 1, agency);
        beyond = sqlite3_step(row) != SQLITE_ROW ||
                 (uint64_t)sqlite3_column_int64(row, 0) > keep_max ||
                 (bytes_max && (uint64_t)sqlite3_column_int64(row, 1) > bytes_max);
        sqlite3_reset(row);
    }
    return beyond;
}

uint64_t jj_journal_quarantined(jj_journal *journal, const char *agency)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_QUARANTINE_SUM];
    uint64_t count = 0;
    if (row) {
        bind(row, 1, agency);
        count = sqlite3_step(row) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(row, 0) : 0;
        sqlite3_reset(row);
    }
    return count;
}

bool jj_journal_is_quarantined(jj_journal *journal, const char *agency)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_QUARANTINE_ANY];
    bool any = false;
    if (row) {
        bind(row, 1, agency);
        any = sqlite3_step(row) == SQLITE_ROW;
        sqlite3_reset(row);
    }
    return any;
}

static void trim(jj_journal *journal, const char *agency, uint64_t keep_max, uint64_t bytes_max)
{
    sqlite3_stmt *statement = journal->statements[JJ_SQL_QUARANTINE_TRIM];
    if (!is_beyond(journal, agency, keep_max, bytes_max)) {
        return;
    }
    bind(statement, 1, agency);
    sqlite3_bind_int64(statement, 2, (int64_t)keep_max);
    sqlite3_bind_int64(statement, 3, (int64_t)bytes_max);
    jj_journal_run(journal, JJ_SQL_QUARANTINE_TRIM);
    if (!journal->reason[0]) {
        journal->pushed_out_staged += (uint64_t)sqlite3_changes64(journal->db);
    }
}

void jj_journal_bound_quarantine(jj_journal *journal)
{
    for (size_t i = 0; i < journal->grown_count; i++) {
        trim(journal, journal->grown[i].agency, journal->grown[i].keep_max,
             journal->grown[i].bytes_max);
    }
    journal->grown_count = 0;
}

/* Finding the oldest to be dropped means to count all that are kept: once a transaction, not at
 * each of the thousand events of a flood. */
static void note_growth(jj_journal *journal, const char *agency, uint64_t keep_max,
                        uint64_t bytes_max)
{
    if (keep_max == UINT64_MAX) {
        return;
    }
    for (size_t i = 0; i < journal->grown_count; i++) {
        if (strcmp(journal->grown[i].agency, agency) == 0) {
            journal->grown[i].keep_max = keep_max;
            journal->grown[i].bytes_max = bytes_max;
            return;
        }
    }
    if (strlen(agency) >= sizeof journal->grown[0].agency) {
        trim(journal, agency, keep_max, bytes_max);
        return;
    }
    if (journal->grown_count == JJ_GROWN_MAX) {
        jj_journal_bound_quarantine(journal);
    }
    jj_grown *grown = &journal->grown[journal->grown_count++];
    snprintf(grown->agency, sizeof grown->agency, "%s", agency);
    grown->keep_max = keep_max;
    grown->bytes_max = bytes_max;
}

void jj_journal_quarantine(jj_journal *journal, const jj_quarantined *entry, uint64_t keep_max,
                           uint64_t bytes_max)
{
    sqlite3_stmt *statement = journal->statements[JJ_SQL_QUARANTINE];
    sqlite3_bind_int64(statement, 1, entry->at_ms);
    bind(statement, 2, entry->agency);
    bind(statement, 3, entry->origin);
    bind(statement, 4, entry->code);
    bind(statement, 5, entry->field);
    bind(statement, 6, entry->detail);
    bind(statement, 7, entry->type);
    sqlite3_bind_blob(statement, 8, entry->sealed.at, (int)entry->sealed.size_bytes, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_QUARANTINE);
    note_growth(journal, entry->agency ? entry->agency : "", keep_max, bytes_max);
}

static const char *column(sqlite3_stmt *row, int at)
{
    const char *text = (const char *)sqlite3_column_text(row, at);
    return text ? text : "";
}

int jj_journal_quarantine_read(jj_journal *journal, int64_t after, jj_quarantine_visit visit,
                               void *arg, jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_QUARANTINE_READ];
    if (!row) {
        return jj_journal_sql_error(journal, "cannot read", err);
    }
    sqlite3_bind_int64(row, 1, after);
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        const char *sealed = sqlite3_column_blob(row, 8);
        jj_quarantined entry = {
            .number = sqlite3_column_int64(row, 0),
            .at_ms = sqlite3_column_int64(row, 1),
            .agency = column(row, 2),
            .origin = column(row, 3),
            .code = column(row, 4),
            .field = column(row, 5),
            .detail = column(row, 6),
            .type = column(row, 7),
            .sealed = {sealed ? sealed : "", (size_t)sqlite3_column_bytes(row, 8)},
            .retry = sqlite3_column_int(row, 9) != 0,
        };
        if (!visit(arg, &entry)) {
            step = SQLITE_DONE;
            break;
        }
    }
    int rc = step == SQLITE_DONE ? 0 : jj_journal_sql_error(journal, "cannot read quarantine", err);
    sqlite3_reset(row);
    return rc;
}

void jj_journal_quarantine_totals(jj_journal *journal, uint64_t *kept, uint64_t *pushed_out)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_QUARANTINE_KEPT];
    *pushed_out = journal->pushed_out;
    *kept = 0;
    if (row && sqlite3_step(row) == SQLITE_ROW) {
        *kept = (uint64_t)sqlite3_column_int64(row, 0);
    }
    sqlite3_reset(row);
}

void jj_journal_quarantine_drop(jj_journal *journal, int64_t number)
{
    sqlite3_bind_int64(journal->statements[JJ_SQL_QUARANTINE_DROP], 1, number);
    jj_journal_run(journal, JJ_SQL_QUARANTINE_DROP);
}

void jj_journal_quarantine_retry(jj_journal *journal, int64_t number, bool retry)
{
    sqlite3_bind_int64(journal->statements[JJ_SQL_QUARANTINE_RETRY], 1, number);
    sqlite3_bind_int(journal->statements[JJ_SQL_QUARANTINE_RETRY], 2, retry);
    jj_journal_run(journal, JJ_SQL_QUARANTINE_RETRY);
}

int jj_journal_quarantine_retries(jj_journal *journal, jj_retry_visit visit, void *arg,
                                  jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_QUARANTINE_RETRIES];
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        visit(arg, sqlite3_column_int64(row, 0), column(row, 1));
    }
    int rc = step == SQLITE_DONE ? 0 : jj_journal_sql_error(journal, "cannot read quarantine", err);
    sqlite3_reset(row);
    return rc;
}
