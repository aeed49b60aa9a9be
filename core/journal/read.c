#include "journal/internal.h"

uint64_t jj_journal_head(const jj_journal *journal)
{
    return journal->counts.accepted;
}

uint64_t jj_journal_tail(const jj_journal *journal)
{
    return journal->tail;
}

jj_counts jj_journal_counts(const jj_journal *journal)
{
    return journal->counts;
}

const unsigned char *jj_journal_secret(const jj_journal *journal)
{
    return journal->secret;
}

const char *jj_journal_id(const jj_journal *journal)
{
    return journal->id;
}

static const char *text_or_empty(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

/* Journals of version 1 have it by number. */
static const char *recipient_of(const jj_journal *journal, sqlite3_stmt *row)
{
    return sqlite3_column_type(row, 5) == SQLITE_INTEGER
               ? jj_journal_name_text(journal, sqlite3_column_int64(row, 5))
               : text_or_empty(row, 5);
}

static jj_record record_of(const jj_journal *journal, sqlite3_stmt *row, bool with_text)
{
    jj_record record = {
        .cursor = (uint64_t)sqlite3_column_int64(row, 0),
        .time_ms = sqlite3_column_int64(row, 1),
        .type = jj_journal_name_text(journal, sqlite3_column_int64(row, 2)),
        .region = jj_journal_name_text(journal, sqlite3_column_int64(row, 3)),
        .owner = jj_journal_name_text(journal, sqlite3_column_int64(row, 4)),
        .recipient = recipient_of(journal, row),
        .subject = text_or_empty(row, 6),
        .text = {"", 0},
    };
    if (with_text) {
        const char *text = sqlite3_column_blob(row, 7);
        record.text = (jj_span){text ? text : "", (size_t)sqlite3_column_bytes(row, 7)};
    }
    return record;
}

int jj_journal_read(jj_journal *journal, uint64_t after, uint64_t upto, bool with_text,
                    jj_journal_visit visit, void *arg, jj_error *err)
{
    uint64_t head = jj_journal_head(journal);
    sqlite3_stmt *row = journal->statements[with_text ? JJ_SQL_READ : JJ_SQL_READ_HEADS];
    if (!row) {
        return jj_journal_sql_error(journal, "cannot read", err);
    }
    if (upto > head) {
        upto = head;
    }
    if (after >= upto) {
        return 0;
    }
    sqlite3_bind_int64(row, 1, (int64_t)after);
    sqlite3_bind_int64(row, 2, (int64_t)upto);
    journal->consent_failed = false;
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        jj_record record = record_of(journal, row, with_text);
        if (!visit(arg, &record)) {
            step = SQLITE_DONE;
            break;
        }
    }
    bool whole = step == SQLITE_DONE && !journal->consent_failed;
    int rc = whole ? 0 : jj_journal_sql_error(journal, "cannot read", err);
    sqlite3_reset(row);
    return rc;
}

int64_t jj_journal_recorded(jj_journal *journal, uint64_t after)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_RECORDED];
    int64_t recorded_ms = 0;
    if (row) {
        sqlite3_bind_int64(row, 1, (int64_t)after);
        recorded_ms = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
        sqlite3_reset(row);
    }
    return recorded_ms;
}
