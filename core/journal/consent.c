#include "journal/internal.h"

#include "base/id.h"

#include <string.h>

void jj_journal_consent_put(jj_journal *journal, const jj_record *record, uint32_t audiences,
                            bool granted)
{
    unsigned char subject[16];
    if (!jj_uuid_parse(record->subject, strlen(record->subject), subject)) {
        return;
    }
    sqlite3_stmt *statement = journal->statements[JJ_SQL_CONSENT_PUT];
    for (uint32_t bit = 1; bit && bit <= audiences; bit <<= 1) {
        if (audiences & bit) {
            sqlite3_bind_blob(statement, 1, subject, sizeof subject, SQLITE_STATIC);
            sqlite3_bind_int64(statement, 2, bit);
            sqlite3_bind_int(statement, 3, granted);
            sqlite3_bind_int64(statement, 4, record->time_ms);
            sqlite3_bind_blob(statement, 5, record->key, 16, SQLITE_STATIC);
            jj_journal_run(journal, JJ_SQL_CONSENT_PUT);
        }
    }
}

uint32_t jj_journal_consent(jj_journal *journal, const char *subject)
{
    unsigned char uuid[16];
    uint32_t audiences = 0;
    sqlite3_stmt *statement = journal->statements[JJ_SQL_CONSENT];
    if (!statement || !jj_uuid_parse(subject, strlen(subject), uuid)) {
        return 0;
    }
    sqlite3_bind_blob(statement, 1, uuid, sizeof uuid, SQLITE_STATIC);
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        audiences |= (uint32_t)sqlite3_column_int64(statement, 0);
    }
    sqlite3_reset(statement);
    journal->consent_failed = journal->consent_failed || step != SQLITE_DONE;
    return audiences;
}
