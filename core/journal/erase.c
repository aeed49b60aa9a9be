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

static void add_member(jj_buf *out, const jj_member *member, jj_span value)
{
    jj_buf_puts(out, out->data[out->size - 1] == '{' ? "\"" : ",\"");
    jj_buf_add(out, member->name.at, member->name.size_bytes);
    jj_buf_add(out, "\":", 2);
    jj_buf_add(out, value.at, value.size_bytes);
}

static bool is_person(jj_span value, const char *person)
{
    size_t length = strlen(person);
    return value.size_bytes == length + 2 && value.at[0] == '"' &&
           strncasecmp(value.at + 1, person, length) == 0;
}

/* Writes an object anew without the members that are the person's key. */
static void write_without(jj_span object, const char *person, jj_buf *out)
{
    jj_members walk;
    jj_member member;
    jj_buf_putc(out, '{');
    for (jj_members_start(&walk, object); jj_members_next(&walk, &member) && !out->failed;) {
        if (!is_person(member.value, person)) {
            add_member(out, &member, member.value);
        }
    }
    jj_buf_putc(out, '}');
}

/* An event's text without what names the person. False: it still does. */
static bool forget(jj_span text, const char *person, jj_buf *out)
{
    jj_members walk;
    jj_member member;
    jj_buf data = {0};
    jj_buf_putc(out, '{');
    for (jj_members_start(&walk, text); jj_members_next(&walk, &member) && !out->failed;) {
        jj_buf_reset(&data);
        if (jj_span_is(member.name, "data")) {
            write_without(member.value, person, &data);
        }
        add_member(out, &member, data.size ? (jj_span){data.data, data.size} : member.value);
    }
    jj_buf_putc(out, '}');
    bool done = !data.failed && !out->failed && !strcasestr(out->data, person);
    jj_buf_clear(&data);
    return done;
}

/* The next event behind a cursor that names the person; 0 if there is none. */
static int64_t next_mention(jj_journal *journal, int64_t after, uint64_t upto, const char *person,
                            jj_buf *text)
{
    int64_t cursor = 0;
    sqlite3_stmt *row = journal->statements[JJ_SQL_MENTIONS];
    sqlite3_bind_int64(row, 1, after);
    sqlite3_bind_int64(row, 2, (int64_t)upto);
    sqlite3_bind_text(row, 3, person, -1, SQLITE_STATIC);
    int step = sqlite3_step(row);
    jj_buf_reset(text);
    if (step == SQLITE_ROW) {
        const char *bytes = sqlite3_column_blob(row, 1);
        cursor = sqlite3_column_int64(row, 0);
        jj_buf_add(text, bytes ? bytes : "", (size_t)sqlite3_column_bytes(row, 1));
    } else if (step != SQLITE_DONE) {
        jj_journal_note(journal, "cannot look for what names the person");
    }
    sqlite3_reset(row);
    return cursor;
}

static void forget_everywhere(jj_journal *journal, const char *person, uint64_t upto)
{
    jj_buf text = {0}, without = {0};
    int64_t cursor = 0;
    while ((cursor = next_mention(journal, cursor, upto, person, &text)) != 0) {
        jj_buf_reset(&without);
        bool done = !text.failed && forget((jj_span){text.data, text.size}, person, &without);
        enum jj_statement which = done ? JJ_SQL_FORGET : JJ_SQL_EMPTY;
        sqlite3_bind_int64(journal->statements[which], 1, cursor);
        if (done) {
            sqlite3_bind_blob(journal->statements[which], 2, without.data, (int)without.size,
                              SQLITE_STATIC);
        }
        jj_journal_run(journal, which);
    }
    jj_buf_clear(&text);
    jj_buf_clear(&without);
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
    forget_everywhere(journal, subject, upto);
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
