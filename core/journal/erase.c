#include "journal/audit.h"

#include "base/id.h"
#include "journal/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows that may mention a person. */
static int find(jj_journal *journal, enum jj_mention_kind kind, const char *person,
                jj_mention_list *found, jj_error *err)
{
    unsigned char uuid[1][16];
    return jj_uuid_parse(person, strlen(person), uuid[0])
               ? jj_mentions_find(journal, kind, uuid, 1, found, err)
               : 0;
}

int jj_journal_vault_read(jj_journal *journal, const char *subject, jj_vault_visit visit, void *arg,
                          jj_error *err)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_VAULT_READ];
    jj_mention_list found = {0};
    bool more = true;
    journal->consent_failed = false;
    int rc = find(journal, JJ_MENTION_VAULT, subject, &found, err);
    for (size_t i = 0; i < found.count && rc == 0 && more; i++) {
        sqlite3_bind_int64(row, 1, (int64_t)found.list[i].row);
        sqlite3_bind_text(row, 2, subject, -1, SQLITE_STATIC);
        int step = sqlite3_step(row);
        if (step == SQLITE_ROW) {
            const char *sealed = sqlite3_column_blob(row, 3);
            jj_vaulted entry = {
                .type = jj_journal_name_text(journal, sqlite3_column_int64(row, 0)),
                .region = jj_journal_name_text(journal, sqlite3_column_int64(row, 1)),
                .owner = jj_journal_name_text(journal, sqlite3_column_int64(row, 2)),
                .sealed = {sealed ? sealed : "", (size_t)sqlite3_column_bytes(row, 3)},
            };
            more = visit(arg, &entry);
        } else if (step != SQLITE_DONE) {
            rc = jj_journal_sql_error(journal, "cannot read the vault", err);
        }
        sqlite3_reset(row);
    }
    if (rc == 0 && journal->consent_failed) {
        rc = jj_journal_sql_error(journal, "cannot read a consent", err);
    }
    free(found.list);
    return rc;
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

/* An event's text without what names the person. False: it still does, or there was no memory. */
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
    out->failed = out->failed || data.failed;
    jj_buf_clear(&data);
    return !out->failed && !strcasestr(out->data, person);
}

/* ---- Who is to be erased ------------------------------------------------------------------ */

void jj_journal_erase(jj_journal *journal, const char *subject)
{
    unsigned char uuid[16];
    sqlite3_stmt *consent = journal->statements[JJ_SQL_ERASE_CONSENT];
    if (!consent || !jj_uuid_parse(subject, strlen(subject), uuid)) {
        return;
    }
    if (journal->erasure_count == journal->erasure_capacity) {
        size_t capacity = journal->erasure_capacity ? 2 * journal->erasure_capacity : 16;
        jj_erasure *list = realloc(journal->erasures, capacity * sizeof *list);
        if (!list) {
            jj_journal_note(journal, "out of memory");
            return;
        }
        journal->erasures = list;
        journal->erasure_capacity = capacity;
    }
    jj_erasure *erasure = &journal->erasures[journal->erasure_count++];
    erasure->upto = journal->staged.accepted + 1;
    erasure->vault = journal->mentions[JJ_MENTION_VAULT].fresh.upto;
    jj_uuid_format(uuid, erasure->person);
    sqlite3_bind_blob(consent, 1, uuid, sizeof uuid, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_ERASE_CONSENT);
}

bool jj_journal_erasing(const jj_journal *journal)
{
    return journal->erasure_count > 0;
}

static int by_person(const void *a, const void *b)
{
    const jj_erasure *x = a, *y = b;
    int order = strcmp(x->person, y->person);
    return order ? order : (x->upto > y->upto) - (x->upto < y->upto);
}

/* Sorts them, and leaves of several erasures of one person the last. */
static void sort_erasures(jj_journal *journal)
{
    size_t kept = 0;
    qsort(journal->erasures, journal->erasure_count, sizeof *journal->erasures, by_person);
    for (size_t i = 0; i < journal->erasure_count; i++) {
        bool same =
            kept && strcmp(journal->erasures[kept - 1].person, journal->erasures[i].person) == 0;
        kept += !same;
        journal->erasures[kept - 1] = journal->erasures[i];
    }
    journal->erasure_count = kept;
}

/* The erasure of a person, whose key is in lower case. */
static const jj_erasure *erasure_of(const jj_journal *journal, const char *person)
{
    size_t low = 0, high = journal->erasure_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(journal->erasures[middle].person, person);
        if (order == 0) {
            return &journal->erasures[middle];
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

/* The next one whom a text names and who is to be erased from this event; *at moves on. */
static const jj_erasure *next_named(const jj_journal *journal, jj_span text, uint64_t cursor,
                                    size_t *at)
{
    char person[JJ_UUID_SIZE];
    while (jj_uuid_next(text.at, text.size_bytes, at, person)) {
        const jj_erasure *erasure = erasure_of(journal, person);
        if (erasure && cursor < erasure->upto) {
            return erasure;
        }
    }
    return NULL;
}

/* ---- One event ---------------------------------------------------------------------------- */

/* An event that may have to be changed. */
typedef struct event {
    uint64_t cursor;
    const char *type, *region; /* of the table of names */
    char subject[64];          /* cut off if it is longer: then it is no person's key */
    jj_buf text;
} event;

/* False: there is none of this cursor. */
static bool read_event(jj_journal *journal, uint64_t cursor, event *e)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_ERASE_READ];
    sqlite3_bind_int64(row, 1, (int64_t)cursor);
    int step = sqlite3_step(row);
    jj_buf_reset(&e->text);
    if (step == SQLITE_ROW) {
        const char *subject = (const char *)sqlite3_column_text(row, 2);
        const char *bytes = sqlite3_column_blob(row, 3);
        e->cursor = cursor;
        e->type = jj_journal_name_text(journal, sqlite3_column_int64(row, 0));
        e->region = jj_journal_name_text(journal, sqlite3_column_int64(row, 1));
        snprintf(e->subject, sizeof e->subject, "%s", subject ? subject : "");
        jj_buf_add(&e->text, bytes ? bytes : "", (size_t)sqlite3_column_bytes(row, 3));
    }
    if (e->text.failed || (step != SQLITE_ROW && step != SQLITE_DONE)) {
        jj_journal_note(journal, "cannot read what names a person");
    }
    sqlite3_reset(row);
    return step == SQLITE_ROW;
}

static jj_mentioning mentioned_by(const event *e)
{
    return (jj_mentioning){e->subject, {e->text.data, e->text.size}};
}

static void empty(jj_journal *journal, const event *e)
{
    sqlite3_bind_int64(journal->statements[JJ_SQL_EMPTY], 1, (int64_t)e->cursor);
    jj_journal_run(journal, JJ_SQL_EMPTY);
    jj_mentions_forget(journal, JJ_MENTION_EVENT, e->cursor, mentioned_by(e), (jj_mentioning){0});
}

/* Cuts everybody who is to be erased out of an event about something else. */
static void forget_in(jj_journal *journal, const event *e)
{
    jj_buf text = {0}, without = {0};
    const jj_erasure *erasure;
    size_t at = 0;
    bool done = true;
    jj_buf_add(&text, e->text.data, e->text.size);
    while (done &&
           (erasure = next_named(journal, (jj_span){text.data, text.size}, e->cursor, &at))) {
        jj_buf_reset(&without);
        done = forget((jj_span){text.data, text.size}, erasure->person, &without);
        jj_buf swap = text;
        text = without;
        without = swap;
        at = 0;
    }
    if (text.failed) {
        jj_journal_note(journal, "out of memory"); /* it is about somebody else: not for this */
    } else if (!done) {
        empty(journal, e);
    } else if (text.size != e->text.size) {
        sqlite3_bind_int64(journal->statements[JJ_SQL_FORGET], 1, (int64_t)e->cursor);
        sqlite3_bind_blob(journal->statements[JJ_SQL_FORGET], 2, text.data, (int)text.size,
                          SQLITE_STATIC);
        jj_journal_run(journal, JJ_SQL_FORGET);
        jj_mentions_forget(journal, JJ_MENTION_EVENT, e->cursor, mentioned_by(e),
                           (jj_mentioning){e->subject, {text.data, text.size}});
    }
    jj_buf_clear(&text);
    jj_buf_clear(&without);
}

/* ---- The pass ----------------------------------------------------------------------------- */

/* Rows that may mention somebody who is to be erased. */
static void find_erased(jj_journal *journal, enum jj_mention_kind kind, jj_mention_list *found)
{
    jj_error err = {0};
    unsigned char(*uuids)[16] = calloc(journal->erasure_count, sizeof *uuids);
    if (!uuids) {
        jj_journal_note(journal, "out of memory");
        return;
    }
    for (size_t i = 0; i < journal->erasure_count; i++) {
        jj_uuid_parse(journal->erasures[i].person, JJ_UUID_SIZE - 1, uuids[i]);
    }
    jj_mentions_fill(journal, kind, true);
    if (jj_mentions_find(journal, kind, (const unsigned char(*)[16])uuids, journal->erasure_count,
                         found, &err)) {
        jj_journal_note(journal, err.text);
    }
    free(uuids);
}

/* True if it was about somebody who is erased. */
static bool erase_in(jj_journal *journal, const event *e, jj_erased_visit visit, void *arg)
{
    const jj_erasure *erasure = erasure_of(journal, e->subject);
    if (strcmp(e->type, "person.erased") == 0) {
        return false;
    }
    if (!erasure || e->cursor >= erasure->upto) {
        forget_in(journal, e);
        return false;
    }
    if (visit) {
        visit(arg, erasure->person, e->region);
    }
    empty(journal, e);
    return true;
}

static uint64_t erase_events(jj_journal *journal, jj_erased_visit visit, void *arg)
{
    jj_mention_list found = {0};
    event e = {0};
    uint64_t emptied = 0;
    find_erased(journal, JJ_MENTION_EVENT, &found);
    for (size_t i = 0; i < found.count && !journal->reason[0]; i++) {
        const jj_mention *one = &found.list[i];
        if (!read_event(journal, one->row, &e)) {
            /* Retention has removed it, but not yet what is noted of it. */
            jj_mentions_forget(journal, JJ_MENTION_EVENT, one->row,
                               (jj_mentioning){.subject = journal->erasures[one->who].person},
                               (jj_mentioning){0});
        } else if (i == 0 || one->row != found.list[i - 1].row) {
            emptied += erase_in(journal, &e, visit, arg);
        }
    }
    jj_buf_clear(&e.text);
    free(found.list);
    return emptied;
}

static void empty_vault(jj_journal *journal)
{
    jj_mention_list found = {0};
    find_erased(journal, JJ_MENTION_VAULT, &found);
    for (size_t i = 0; i < found.count && !journal->reason[0]; i++) {
        const jj_mention *one = &found.list[i];
        const jj_erasure *erasure = &journal->erasures[one->who];
        if (one->row <= erasure->vault) {
            sqlite3_bind_int64(journal->statements[JJ_SQL_ERASE_VAULT], 1, (int64_t)one->row);
            sqlite3_bind_text(journal->statements[JJ_SQL_ERASE_VAULT], 2, erasure->person, -1,
                              SQLITE_STATIC);
            jj_journal_run(journal, JJ_SQL_ERASE_VAULT);
            jj_mentions_forget(journal, JJ_MENTION_VAULT, one->row,
                               (jj_mentioning){.subject = erasure->person}, (jj_mentioning){0});
        }
    }
    free(found.list);
}

uint64_t jj_journal_erase_staged(jj_journal *journal, jj_erased_visit visit, void *arg)
{
    if (!journal->erasure_count || !journal->db) {
        return 0;
    }
    sort_erasures(journal);
    uint64_t emptied = erase_events(journal, visit, arg);
    empty_vault(journal);
    journal->erasure_count = 0;
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
    jj_mention_list found = {0};
    int rc = find(journal, JJ_MENTION_EVENT, subject, &found, err);
    for (size_t i = 0; i < found.count && rc == 0; i++) {
        sqlite3_bind_int64(row, 1, (int64_t)found.list[i].row);
        sqlite3_bind_text(row, 2, subject, -1, SQLITE_STATIC);
        int step = sqlite3_step(row);
        if (step == SQLITE_ROW) {
            jj_record record = {
                .cursor = found.list[i].row,
                .time_ms = sqlite3_column_int64(row, 0),
                .type = jj_journal_name_text(journal, sqlite3_column_int64(row, 1)),
                .region = jj_journal_name_text(journal, sqlite3_column_int64(row, 2)),
                .owner = jj_journal_name_text(journal, sqlite3_column_int64(row, 3)),
                .recipient = "",
                .subject = subject,
                .text = {"", 0},
            };
            visit(arg, &record);
        } else if (step != SQLITE_DONE) {
            rc = jj_journal_sql_error(journal, "cannot read", err);
        }
        sqlite3_reset(row);
    }
    free(found.list);
    return rc;
}
