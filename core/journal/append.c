#include "journal/audit.h"

#include "base/clock.h"
#include "journal/internal.h"

#include <stdio.h>
#include <string.h>

void jj_journal_note(jj_journal *journal, const char *what)
{
    bool said = journal->db && sqlite3_errcode(journal->db) != SQLITE_OK;
    if (!journal->reason[0]) {
        snprintf(journal->reason, sizeof journal->reason, "%s%s%s", what, said ? ": " : "",
                 said ? sqlite3_errmsg(journal->db) : "");
    }
}

void jj_journal_spoil(jj_journal *journal, const char *why)
{
    jj_journal_note(journal, why);
}

void jj_journal_run(jj_journal *journal, enum jj_statement statement)
{
    sqlite3_stmt *prepared = journal->statements[statement];
    if (!prepared) {
        jj_journal_note(journal, "the journal is closed after a failure");
        return;
    }
    /* An I/O error, even of a read, may make SQLite roll back by itself. What is written then would
     * be durable at once and alone, without the rest of its transaction. */
    if (statement != JJ_SQL_BEGIN && sqlite3_get_autocommit(journal->db)) {
        jj_journal_note(journal, "the transaction is gone");
    }
    if (!journal->reason[0] && sqlite3_step(prepared) != SQLITE_DONE) {
        jj_journal_note(journal, "cannot write the journal");
    }
    sqlite3_reset(prepared);
    sqlite3_clear_bindings(prepared);
}

void jj_journal_begin(jj_journal *journal)
{
    if (journal->open) {
        return;
    }
    journal->open = true;
    journal->grown_count = 0;
    journal->erasure_count = 0;
    journal->reason[0] = '\0';
    if (journal->failed) {
        jj_journal_note(journal, "the journal is closed to writing after a failure");
        return;
    }
    jj_journal_run(journal, JJ_SQL_BEGIN);
}

bool jj_journal_is_open(const jj_journal *journal)
{
    return journal->open;
}

enum jj_known jj_journal_known(jj_journal *journal, const unsigned char key[16], uint64_t digest)
{
    sqlite3_stmt *statement = journal->statements[JJ_SQL_KNOWN];
    enum jj_known known = JJ_KNOWN_NOT;
    sqlite3_bind_blob(statement, 1, key, 16, SQLITE_STATIC);
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        known = (uint64_t)sqlite3_column_int64(statement, 0) == digest ? JJ_KNOWN_DUPLICATE
                                                                       : JJ_KNOWN_CONFLICT;
    } else if (step != SQLITE_DONE) {
        jj_journal_note(journal, "cannot read the journal");
    }
    sqlite3_reset(statement);
    return known;
}

int jj_journal_find(jj_journal *journal, const unsigned char key[16], uint64_t *cursor)
{
    sqlite3_stmt *statement = journal->statements[JJ_SQL_KNOWN];
    sqlite3_bind_blob(statement, 1, key, 16, SQLITE_STATIC);
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        *cursor = (uint64_t)sqlite3_column_int64(statement, 1);
    }
    sqlite3_reset(statement);
    return step == SQLITE_ROW ? 0 : step == SQLITE_DONE ? JJ_ENOTFOUND : JJ_EUNAVAILABLE;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    if (text && *text) {
        sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
    }
}

/* False if the key is there already. */
static bool remember(jj_journal *journal, const jj_record *record, uint64_t cursor)
{
    sqlite3_stmt *statement = journal->statements[JJ_SQL_REMEMBER];
    sqlite3_bind_blob(statement, 1, record->key, 16, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (int64_t)record->digest);
    sqlite3_bind_int64(statement, 3, (int64_t)cursor);
    jj_journal_run(journal, JJ_SQL_REMEMBER);
    return journal->reason[0] || sqlite3_changes(journal->db) > 0;
}

static void seal(jj_journal *journal, const jj_record *record)
{
    sqlite3_stmt *statement = journal->statements[JJ_SQL_SEAL];
    uint64_t number = journal->mentions[JJ_MENTION_VAULT].fresh.upto + 1;
    sqlite3_bind_int64(statement, 1, (int64_t)number);
    bind_text(statement, 2, record->subject);
    sqlite3_bind_int64(statement, 3, jj_journal_name(journal, record->type));
    sqlite3_bind_int64(statement, 4, jj_journal_name(journal, record->region));
    sqlite3_bind_int64(statement, 5, jj_journal_name(journal, record->owner));
    sqlite3_bind_blob(statement, 6, record->contact.at, (int)record->contact.size_bytes,
                      SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_SEAL);
    jj_mentions_note(journal, JJ_MENTION_VAULT, number,
                     (jj_mentioning){.subject = record->subject});
}

enum jj_known jj_journal_append(jj_journal *journal, jj_record *record)
{
    uint64_t cursor = journal->staged.accepted + 1;
    if (!remember(journal, record, cursor)) {
        return jj_journal_known(journal, record->key, record->digest);
    }
    record->cursor = journal->staged.accepted = cursor;
    int64_t type = jj_journal_name(journal, record->type);
    int64_t region = jj_journal_name(journal, record->region);
    int64_t owner = jj_journal_name(journal, record->owner);
    sqlite3_stmt *statement = journal->statements[JJ_SQL_APPEND];
    sqlite3_bind_int64(statement, 1, (int64_t)record->cursor);
    sqlite3_bind_int64(statement, 2, jj_now_ms());
    sqlite3_bind_int64(statement, 3, record->time_ms);
    sqlite3_bind_int64(statement, 4, type);
    sqlite3_bind_int64(statement, 5, region);
    sqlite3_bind_int64(statement, 6, owner);
    /* Not by number: a recipient is anybody's word, and the table of names is kept for ever. As
     * bytes, since the column would make a number of digits. */
    if (record->recipient && *record->recipient) {
        sqlite3_bind_blob(statement, 7, record->recipient, (int)strlen(record->recipient),
                          SQLITE_STATIC);
    }
    bind_text(statement, 8, record->subject);
    sqlite3_bind_blob(statement, 9, record->text.at, (int)record->text.size_bytes, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_APPEND);
    jj_mentions_note(journal, JJ_MENTION_EVENT, cursor,
                     (jj_mentioning){record->subject, record->text});
    if (record->contact.size_bytes) {
        seal(journal, record);
    }
    return JJ_KNOWN_NOT;
}

void jj_journal_count(jj_journal *journal, const jj_counts *more)
{
    /* accepted is counted by append itself: it is the newest cursor. */
    journal->staged.received += more->received;
    journal->staged.duplicate += more->duplicate;
    journal->staged.rejected += more->rejected;
}

static void store_totals(jj_journal *journal)
{
    sqlite3_stmt *statement = journal->statements[JJ_SQL_COUNT];
    sqlite3_bind_int64(statement, 1, (int64_t)journal->staged.received);
    sqlite3_bind_int64(statement, 2, (int64_t)journal->staged.accepted);
    sqlite3_bind_int64(statement, 3, (int64_t)journal->staged.duplicate);
    sqlite3_bind_int64(statement, 4, (int64_t)journal->staged.rejected);
    sqlite3_bind_int64(statement, 5, (int64_t)journal->pushed_out_staged);
    jj_journal_run(journal, JJ_SQL_COUNT);
}

int jj_journal_commit(jj_journal *journal, jj_error *err)
{
    if (!journal->open) {
        return 0;
    }
    journal->open = false;
    jj_journal_erase_staged(journal, NULL, NULL); /* nothing, if the caller has seen to it */
    jj_journal_bound_quarantine(journal);
    if (memcmp(&journal->counts, &journal->staged, sizeof journal->counts) != 0 ||
        journal->pushed_out != journal->pushed_out_staged) {
        store_totals(journal);
    }
    jj_journal_run(journal, JJ_SQL_COMMIT);
    if (!journal->reason[0]) {
        if (journal->tail > journal->counts.accepted &&
            journal->staged.accepted > journal->counts.accepted) {
            journal->tail = journal->counts.accepted + 1;
        }
        journal->counts = journal->staged;
        journal->pushed_out = journal->pushed_out_staged;
        return 0;
    }
    jj_fail(err, JJ_EUNAVAILABLE, "%s", journal->reason);
    if (err) {
        snprintf(err->file, sizeof err->file, "%s", journal->path);
    }
    if (journal->db && !sqlite3_get_autocommit(journal->db)) {
        sqlite3_step(journal->statements[JJ_SQL_ROLLBACK]);
        sqlite3_reset(journal->statements[JJ_SQL_ROLLBACK]);
    }
    jj_mentions_distrust(journal);
    journal->staged = journal->counts;
    journal->pushed_out_staged = journal->pushed_out;
    journal->failed = true;
    return JJ_EUNAVAILABLE;
}

uint64_t jj_journal_staged(const jj_journal *journal)
{
    return journal->staged.accepted;
}
