#include "journal/internal.h"

#include <stdio.h>
#include <string.h>

static bool is_beyond(jj_journal *journal, const char *agency, uint64_t keep_max,
                      uint64_t bytes_max)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_QUARANTINE_SUM];
    bool beyond = true; /* what cannot be read is said by the trimming itself */
    if (row) {
        jj_journal_bind(row, 1, agency);
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
        jj_journal_bind(row, 1, agency);
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
        jj_journal_bind(row, 1, agency);
        any = sqlite3_step(row) != SQLITE_DONE; /* what cannot be read may be there */
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
    jj_journal_bind(statement, 1, agency);
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
    jj_journal_bind(statement, 2, entry->agency);
    jj_journal_bind(statement, 3, entry->origin);
    jj_journal_bind(statement, 4, entry->code);
    jj_journal_bind(statement, 5, entry->field);
    jj_journal_bind(statement, 6, entry->detail);
    jj_journal_bind(statement, 7, entry->type);
    sqlite3_bind_blob(statement, 8, entry->sealed.at, (int)entry->sealed.size_bytes, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_QUARANTINE);
    note_growth(journal, entry->agency, keep_max, bytes_max);
}

int jj_journal_quarantine_read(jj_journal *journal, int64_t after, jj_quarantine_visit visit,
                               void *arg, jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_QUARANTINE_READ];
    if (!row) {
        return jj_journal_sql_error(journal, "cannot read", err);
    }
    sqlite3_bind_int64(row, 1, after);
    journal->consent_failed = false;
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        const char *sealed = sqlite3_column_blob(row, 8);
        jj_quarantined entry = {
            .number = sqlite3_column_int64(row, 0),
            .at_ms = sqlite3_column_int64(row, 1),
            .agency = jj_journal_column(row, 2),
            .origin = jj_journal_column(row, 3),
            .code = jj_journal_column(row, 4),
            .field = jj_journal_column(row, 5),
            .detail = jj_journal_column(row, 6),
            .type = jj_journal_column(row, 7),
            .sealed = {sealed ? sealed : "", (size_t)sqlite3_column_bytes(row, 8)},
            .retry = sqlite3_column_int(row, 9) != 0,
        };
        if (!visit(arg, &entry)) {
            step = SQLITE_DONE;
            break;
        }
    }
    bool whole = step == SQLITE_DONE && !journal->consent_failed;
    int rc = whole ? 0 : jj_journal_sql_error(journal, "cannot read quarantine", err);
    sqlite3_reset(row);
    return rc;
}

int jj_journal_quarantine_totals(jj_journal *journal, uint64_t *kept, uint64_t *pushed_out,
                                 jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_QUARANTINE_KEPT];
    int rc = sqlite3_step(row) == SQLITE_ROW
                 ? 0
                 : jj_journal_sql_error(journal, "cannot read quarantine", err);
    if (rc == 0) {
        *pushed_out = journal->pushed_out;
        *kept = (uint64_t)sqlite3_column_int64(row, 0);
    }
    sqlite3_reset(row);
    return rc;
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
        visit(arg, sqlite3_column_int64(row, 0), jj_journal_column(row, 1));
    }
    int rc = step == SQLITE_DONE ? 0 : jj_journal_sql_error(journal, "cannot read quarantine", err);
    sqlite3_reset(row);
    return rc;
}
