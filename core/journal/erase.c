#include "journal/audit.h"

#include "base/id.h"
#include "journal/internal.h"

#include <string.h>

int jj_journal_vault_read(jj_journal *journal, const char *subject, jj_vault_visit visit, void *arg,
                          jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_VAULT_READ];
    if (!row) {
        return jj_fail(err, JJ_EUNAVAILABLE, "the journal is closed after a failure");
    }
    sqlite3_bind_text(row, 1, subject, -1, SQLITE_STATIC);
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        const char *sealed = sqlite3_column_blob(row, 3);
        jj_vaulted entry = {
            .type = jj_journal_name_text(journal, sqlite3_column_int64(row, 0)),
            .region = jj_journal_name_text(journal, sqlite3_column_int64(row, 1)),
            .owner = jj_journal_name_text(journal, sqlite3_column_int64(row, 2)),
            .sealed = {sealed ? sealed : "", (size_t)sqlite3_column_bytes(row, 3)},
        };
        if (!visit(arg, &entry)) {
            step = SQLITE_DONE;
            break;
        }
    }
    int rc = step == SQLITE_DONE ? 0 : jj_journal_sql_error(journal, "cannot read the vault", err);
    sqlite3_reset(row);
    return rc;
}

static void run_for(jj_journal *journal, enum jj_statement which, const char *subject)
{
    sqlite3_bind_text(journal->statements[which], 1, subject, -1, SQLITE_STATIC);
    jj_journal_run(journal, which);
}

uint64_t jj_journal_erase(jj_journal *journal, const char *subject, uint64_t upto)
{
    unsigned char uuid[16];
    sqlite3_stmt *statement = journal->statements[JJ_SQL_ERASE];
    if (!statement || !jj_uuid_parse(subject, strlen(subject), uuid)) {
        return 0;
    }
    sqlite3_bind_text(statement, 1, subject, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (int64_t)upto);
    jj_journal_run(journal, JJ_SQL_ERASE);
    uint64_t emptied = (uint64_t)sqlite3_changes(journal->db);
    run_for(journal, JJ_SQL_ERASE_VAULT, subject);
    sqlite3_bind_blob(journal->statements[JJ_SQL_ERASE_CONSENT], 1, uuid, sizeof uuid,
                      SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_ERASE_CONSENT);
    return emptied;
}

int jj_journal_scrub(jj_journal *journal, jj_error *err)
{
    /* secure_delete has overwritten the pages; what still holds them is the write-ahead log. */
    if (!journal->db || journal->open ||
        sqlite3_wal_checkpoint_v2(journal->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL)) {
        return journal->db ? jj_journal_sql_error(journal, "cannot empty the write-ahead log", err)
                           : jj_fail(err, JJ_EUNAVAILABLE, "the journal is closed");
    }
    journal->wal_bytes = 0;
    return 0;
}

int jj_journal_about(jj_journal *journal, const char *subject, jj_cursor_visit visit, void *arg,
                     jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_ABOUT];
    if (!row) {
        return jj_fail(err, JJ_EUNAVAILABLE, "the journal is closed after a failure");
    }
    sqlite3_bind_text(row, 1, subject, -1, SQLITE_STATIC);
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        jj_record record = {
            .cursor = (uint64_t)sqlite3_column_int64(row, 0),
            .time_ms = sqlite3_column_int64(row, 1),
            .type = jj_journal_name_text(journal, sqlite3_column_int64(row, 2)),
            .region = jj_journal_name_text(journal, sqlite3_column_int64(row, 3)),
            .owner = jj_journal_name_text(journal, sqlite3_column_int64(row, 4)),
            .recipient = "",
            .subject = subject,
            .text = {"", 0},
        };
        visit(arg, &record);
    }
    int rc = step == SQLITE_DONE ? 0 : jj_journal_sql_error(journal, "cannot read", err);
    sqlite3_reset(row);
    return rc;
}
