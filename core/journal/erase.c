#include "journal/audit.h"

#include "base/id.h"
#include "journal/internal.h"

#include <stdlib.h>
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

/* ---- Who is to be erased ------------------------------------------------------------------ */

static int64_t newest_vaulted(jj_journal *journal)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_VAULT_LAST];
    int64_t number = 0;
    if (sqlite3_step(row) == SQLITE_ROW) {
        number = sqlite3_column_int64(row, 0);
    } else {
        jj_journal_note(journal, "cannot read the vault");
    }
    sqlite3_reset(row);
    return number;
}

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
    erasure->vault = newest_vaulted(journal);
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
static const jj_erasure *next_named(const jj_journal *journal, jj_span text, int64_t cursor,
                                    size_t *at)
{
    char person[JJ_UUID_SIZE];
    while (jj_uuid_next(text.at, text.size_bytes, at, person)) {
        const jj_erasure *erasure = erasure_of(journal, person);
        if (erasure && (uint64_t)cursor < erasure->upto) {
            return erasure;
        }
    }
    return NULL;
}

/* ---- The pass ----------------------------------------------------------------------------- */

/* An event that is to be changed: found first and changed afterwards, since a table is not written
 * while it is walked. */
typedef struct hit {
    int64_t cursor;
    bool about; /* else it only names somebody */
} hit;

typedef struct hits {
    hit *list;
    size_t count, capacity;
} hits;

static void add_hit(jj_journal *journal, hits *found, hit one)
{
    if (found->count == found->capacity) {
        size_t capacity = found->capacity ? 2 * found->capacity : 64;
        hit *list = realloc(found->list, capacity * sizeof *list);
        if (!list) {
            jj_journal_note(journal, "out of memory");
            return;
        }
        found->list = list;
        found->capacity = capacity;
    }
    found->list[found->count++] = one;
}

static void look_at(jj_journal *journal, sqlite3_stmt *row, hits *found, jj_erased_visit visit,
                    void *arg)
{
    int64_t cursor = sqlite3_column_int64(row, 0);
    const char *type = jj_journal_name_text(journal, sqlite3_column_int64(row, 1));
    const char *subject = (const char *)sqlite3_column_text(row, 3);
    const char *bytes = sqlite3_column_blob(row, 4);
    jj_span text = {bytes ? bytes : "", (size_t)sqlite3_column_bytes(row, 4)};
    const jj_erasure *erasure = subject ? erasure_of(journal, subject) : NULL;
    size_t at = 0;
    if (strcmp(type, "person.erased") == 0) {
        return;
    }
    if (erasure && (uint64_t)cursor < erasure->upto) {
        add_hit(journal, found, (hit){cursor, true});
        if (visit) {
            visit(arg, erasure->person,
                  jj_journal_name_text(journal, sqlite3_column_int64(row, 2)));
        }
    } else if (next_named(journal, text, cursor, &at)) {
        add_hit(journal, found, (hit){cursor, false});
    }
}

static void find_events(jj_journal *journal, hits *found, jj_erased_visit visit, void *arg)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_ERASE_READ];
    int step;
    sqlite3_bind_int64(row, 1, (int64_t)journal->staged.accepted + 1);
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        look_at(journal, row, found, visit, arg);
    }
    if (step != SQLITE_DONE) {
        jj_journal_note(journal, "cannot look for what names a person");
    }
    sqlite3_reset(row);
}

static void read_text(jj_journal *journal, int64_t cursor, jj_buf *text)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_ERASE_TEXT];
    sqlite3_bind_int64(row, 1, cursor);
    jj_buf_reset(text);
    if (sqlite3_step(row) == SQLITE_ROW) {
        const char *bytes = sqlite3_column_blob(row, 0);
        jj_buf_add(text, bytes ? bytes : "", (size_t)sqlite3_column_bytes(row, 0));
    } else {
        jj_journal_note(journal, "cannot read what names a person");
    }
    sqlite3_reset(row);
}

static void empty(jj_journal *journal, int64_t cursor)
{
    sqlite3_bind_int64(journal->statements[JJ_SQL_EMPTY], 1, cursor);
    jj_journal_run(journal, JJ_SQL_EMPTY);
}

/* Cuts everybody who is to be erased out of an event about something else. */
static void forget_in(jj_journal *journal, int64_t cursor)
{
    jj_buf text = {0}, without = {0};
    const jj_erasure *erasure;
    size_t at = 0;
    bool done = true;
    read_text(journal, cursor, &text);
    while (done && (erasure = next_named(journal, (jj_span){text.data, text.size}, cursor, &at))) {
        jj_buf_reset(&without);
        done = forget((jj_span){text.data, text.size}, erasure->person, &without);
        jj_buf swap = text;
        text = without;
        without = swap;
        at = 0;
    }
    if (!done || text.failed) {
        empty(journal, cursor);
    } else {
        sqlite3_bind_int64(journal->statements[JJ_SQL_FORGET], 1, cursor);
        sqlite3_bind_blob(journal->statements[JJ_SQL_FORGET], 2, text.data, (int)text.size,
                          SQLITE_STATIC);
        jj_journal_run(journal, JJ_SQL_FORGET);
    }
    jj_buf_clear(&text);
    jj_buf_clear(&without);
}

static void empty_vault(jj_journal *journal)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_VAULT_LIST];
    hits found = {0};
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        const char *subject = (const char *)sqlite3_column_text(row, 1);
        int64_t number = sqlite3_column_int64(row, 0);
        const jj_erasure *erasure = subject ? erasure_of(journal, subject) : NULL;
        if (erasure && number <= erasure->vault) {
            add_hit(journal, &found, (hit){number, true});
        }
    }
    if (step != SQLITE_DONE) {
        jj_journal_note(journal, "cannot read the vault");
    }
    sqlite3_reset(row);
    for (size_t i = 0; i < found.count; i++) {
        sqlite3_bind_int64(journal->statements[JJ_SQL_ERASE_VAULT], 1, found.list[i].cursor);
        jj_journal_run(journal, JJ_SQL_ERASE_VAULT);
    }
    free(found.list);
}

uint64_t jj_journal_erase_staged(jj_journal *journal, jj_erased_visit visit, void *arg)
{
    hits found = {0};
    uint64_t emptied = 0;
    if (!journal->erasure_count || !journal->db) {
        return 0;
    }
    sort_erasures(journal);
    find_events(journal, &found, visit, arg);
    for (size_t i = 0; i < found.count; i++) {
        if (found.list[i].about) {
            empty(journal, found.list[i].cursor);
            emptied++;
        } else {
            forget_in(journal, found.list[i].cursor);
        }
    }
    empty_vault(journal);
    free(found.list);
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
