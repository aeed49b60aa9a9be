#include "journal_file.h"

#include "base/id.h"
#include "scratch.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

char journal_path[128];

int journal_folder(void **state)
{
    if (!jj_id_init() || scratch_make(state)) {
        return -1;
    }
    snprintf(journal_path, sizeof journal_path, "%s/journal.db", scratch);
    return 0;
}

int journal_folder_remove(void **state)
{
    return scratch_remove(state);
}

jj_journal *journal_open(void)
{
    jj_journal *journal = NULL;
    jj_error err = {0};
    if (jj_journal_open(&journal, journal_path, &err)) {
        fail_msg("%s", err.text);
    }
    return journal;
}

void journal_commit(jj_journal *journal)
{
    jj_error err = {0};
    if (jj_journal_commit(journal, &err)) {
        fail_msg("%s", err.text);
    }
}

jj_record journal_event(unsigned n)
{
    static const char *const types[] = {"alumni.graduated", "vacancy.opened", "loan.applied"};
    static const char *const regions[] = {"33.75", "15.07"};
    static char text[64], subject[JJ_UUID_SIZE];
    jj_record record = {.time_ms = 1561939200000 + n,
                        .digest = n * 0x9e3779b97f4a7c15u,
                        .type = types[n % 3],
                        .region = regions[n % 2],
                        .owner = n % 5 ? "blk" : "industry",
                        .recipient = n % 7 ? "" : "bank",
                        .subject = subject};
    snprintf(subject, sizeof subject, "%08x-0000-8000-8000-000000000000", n % 10);
    int length = snprintf(text, sizeof text, "{\"n\":%u}", n);
    record.text = (jj_span){text, (size_t)length};
    memcpy(record.key, "key-", 4);
    for (int i = 0; i < 4; i++) {
        record.key[12 + i] = (unsigned char)(n >> (24 - 8 * i));
    }
    return record;
}

void journal_append(jj_journal *journal, unsigned first, unsigned last)
{
    for (unsigned n = first; n <= last; n++) {
        jj_record record = journal_event(n);
        jj_journal_append(journal, &record);
    }
    const jj_counts more = {.received = last + 1 - first};
    jj_journal_count(journal, &more);
}

void journal_store(jj_journal *journal, unsigned first, unsigned last)
{
    jj_journal_begin(journal);
    journal_append(journal, first, last);
    journal_commit(journal);
}

static bool check_one(void *arg, const jj_record *record)
{
    uint64_t *next = arg;
    jj_record expected = journal_event((unsigned)record->cursor);
    assert_int_equal(record->cursor, *next);
    assert_true(record->time_ms == expected.time_ms);
    assert_string_equal(record->type, expected.type);
    assert_string_equal(record->region, expected.region);
    assert_string_equal(record->owner, expected.owner);
    assert_string_equal(record->recipient, expected.recipient);
    assert_string_equal(record->subject, expected.subject);
    assert_int_equal(record->text.size_bytes, expected.text.size_bytes);
    assert_memory_equal(record->text.at, expected.text.at, expected.text.size_bytes);
    ++*next;
    return true;
}

unsigned journal_check(jj_journal *journal)
{
    uint64_t first = jj_journal_tail(journal), next = first;
    jj_error err = {0};
    if (jj_journal_read(journal, 0, UINT64_MAX, true, check_one, &next, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(next, jj_journal_head(journal) + 1);
    return (unsigned)(next - first);
}

static long long run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    const char *rest = sql;
    long long number = 0;
    assert_int_equal(sqlite3_open(journal_path, &db), SQLITE_OK);
    while (*rest) {
        if (sqlite3_prepare_v2(db, rest, -1, &statement, &rest) != SQLITE_OK) {
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        }
        if (sqlite3_step(statement) == SQLITE_ROW) {
            number = sqlite3_column_int64(statement, 0);
        }
        assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

void journal_sql(const char *sql)
{
    run_sql(sql);
}

long long journal_number(const char *sql)
{
    return run_sql(sql);
}

jj_consumer journal_consumer(jj_journal *journal, const char *name)
{
    jj_consumer consumer;
    jj_journal_begin(journal);
    jj_journal_consumer_add(journal, name, &consumer);
    journal_commit(journal);
    return consumer;
}

jj_consumer journal_consumer_named(jj_journal *journal, const char *name)
{
    jj_consumer consumer = {0};
    assert_int_equal(jj_journal_consumer(journal, name, &consumer), 0);
    return consumer;
}
