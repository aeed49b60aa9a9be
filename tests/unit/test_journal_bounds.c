/*
 * What keeps the journal from growing without end, and who is told: consumers that are lost, the
 * record of deliveries, quarantine by bytes, recipients, erasures of many at once; and journals of
 * an older version.
 */
#include "journal/audit.h"

#include "base/buf.h"
#include "base/id.h"
#include "journal_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Consumers that are lost -------------------------------------------------------------- */

static void note_lost(void *arg, const jj_consumer *consumer)
{
    jj_buf_printf(arg, "%s@%llu%s ", consumer->name, (unsigned long long)consumer->cursor,
                  consumer->untold ? "!" : "");
}

static uint64_t trim(jj_journal *journal, int64_t lost_after_ms, uint64_t most, jj_buf *lost)
{
    const jj_retention retention = {.size_bytes = 1,
                                    .lost_after_ms = lost_after_ms,
                                    .most = most,
                                    .lost = note_lost,
                                    .arg = lost};
    jj_journal_begin(journal);
    uint64_t removed = jj_journal_trim(journal, &retention);
    journal_commit(journal);
    return removed;
}

static void make_silent(jj_journal **journal, const char *name)
{
    char sql[160];
    jj_journal_close(*journal);
    snprintf(sql, sizeof sql, "UPDATE consumer SET seen_ms = 1, updated_ms = 1 WHERE name = '%s'",
             name);
    journal_sql(sql);
    *journal = journal_open();
}

static void retention_waits_for_a_silent_consumer_unless_it_is_told_not_to(void **state)
{
    jj_journal *journal = journal_open();
    jj_buf lost = {0};
    (void)state;
    journal_store(journal, 1, 20);
    journal_consumer(journal, "blk/silent");
    make_silent(&journal, "blk/silent");
    assert_int_equal(trim(journal, 0, 1000, &lost), 0);
    assert_int_equal(trim(journal, 1000, 5, &lost), 5);
    assert_int_equal(trim(journal, 1000, 3, &lost), 3);
    assert_string_equal(lost.data, "blk/silent@0 blk/silent@5! ");
    jj_consumer consumer = journal_consumer_named(journal, "blk/silent");
    assert_int_equal(consumer.cursor, 8);
    assert_int_equal(consumer.lost, 8);
    assert_int_equal(consumer.untold, 8);
    assert_int_equal(consumer.delivered + consumer.filtered + consumer.lost + 20 - consumer.cursor,
                     20);
    jj_journal_begin(journal);
    jj_journal_consumer_told(journal, &consumer);
    jj_journal_consumer_seen(journal, &consumer);
    journal_commit(journal);
    consumer = journal_consumer_named(journal, "blk/silent");
    assert_int_equal(consumer.untold, 0);
    assert_int_equal(consumer.lost, 8);
    assert_int_equal(trim(journal, 3600 * 1000, 1000, &lost), 0);
    jj_buf_clear(&lost);
    jj_journal_close(journal);
}

static void one_who_is_heard_of_holds_retention_up_for_the_silent_one_too(void **state)
{
    jj_journal *journal = journal_open();
    jj_buf lost = {0};
    (void)state;
    journal_store(journal, 1, 20);
    journal_consumer(journal, "blk/silent");
    jj_consumer alive = journal_consumer(journal, "bank/alive");
    alive.cursor = alive.delivered = 6;
    jj_journal_begin(journal);
    jj_journal_consumer_move(journal, &alive);
    journal_commit(journal);
    make_silent(&journal, "blk/silent");
    assert_int_equal(trim(journal, 3600 * 1000, 1000, &lost), 6);
    assert_int_equal(journal_consumer_named(journal, "blk/silent").lost, 6);
    assert_int_equal(journal_consumer_named(journal, "bank/alive").lost, 0);
    jj_buf_clear(&lost);
    jj_journal_close(journal);
}

/* ---- Deliveries --------------------------------------------------------------------------- */

/* One answer with the events after < cursor <= upto whose cursor divides by `every`. */
static bool deliver(jj_journal *journal, int64_t at_ms, const char *agency, uint64_t after,
                    uint64_t upto, uint64_t every)
{
    unsigned char bits[JJ_DELIVERY_BITS / 8] = {0};
    for (uint64_t cursor = after + 1; cursor <= upto; cursor++) {
        uint64_t at = cursor - after - 1;
        if (cursor % every == 0) {
            bits[at / 8] = (unsigned char)(bits[at / 8] | 1u << at % 8);
        }
    }
    const jj_delivery delivery = {.at_ms = at_ms,
                                  .agency = agency,
                                  .consumer = "main",
                                  .after = after,
                                  .upto = upto,
                                  .bits = bits,
                                  .bits_size = (size_t)((upto - after + 7) / 8)};
    bool recorded = jj_journal_deliver(journal, &delivery);
    journal_commit(journal);
    return recorded;
}

static void note_delivery(void *arg, const jj_delivery *delivery)
{
    jj_buf_printf(arg, "%s@%lld ", delivery->agency, (long long)delivery->at_ms);
}

static void assert_delivered(jj_journal *journal, uint64_t cursor, const char *expected)
{
    jj_buf list = {0};
    assert_int_equal(jj_journal_deliveries(journal, cursor, note_delivery, &list, NULL), 0);
    assert_string_equal(list.size ? list.data : "", expected);
    jj_buf_clear(&list);
}

static void the_same_page_is_recorded_once_however_often_it_is_given(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 100);
    assert_true(deliver(journal, 1000, "bank", 0, 60, 3));
    for (int i = 0; i < 50; i++) {
        assert_false(deliver(journal, 2000, "bank", 0, 60, 3));
        assert_false(deliver(journal, 2000, "bank", 7, 40, 6));
    }
    assert_true(deliver(journal, 2000, "office", 0, 60, 3));
    assert_delivered(journal, 6, "bank@1000 office@2000 ");
    assert_delivered(journal, 7, "");
    /* What is new in a page that overlaps is recorded, and nothing else. */
    assert_true(deliver(journal, 900000, "bank", 0, 100, 2));
    assert_delivered(journal, 6, "bank@1000 office@2000 ");
    assert_delivered(journal, 8, "bank@900000 ");
    assert_delivered(journal, 100, "bank@900000 ");
    assert_delivered(journal, 99, "");
    jj_journal_close(journal);
    assert_int_equal(journal_number("SELECT count(*) FROM delivery"), 3);
}

static void what_follows_within_a_minute_is_one_record(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 300);
    for (uint64_t i = 0; i < 100; i++) {
        assert_true(deliver(journal, 1000 + (int64_t)i * 1000, "bank", 3 * i, 3 * i + 3, 3));
    }
    assert_delivered(journal, 3, "bank@1000 ");
    assert_delivered(journal, 180, "bank@1000 ");
    assert_delivered(journal, 183, "bank@61000 ");
    assert_delivered(journal, 182, "");
    jj_journal_close(journal);
    assert_int_equal(journal_number("SELECT count(*) FROM delivery"), 2);
}

/* A model beside it: for each event when it was given first, to the minute. */
static void every_first_delivery_is_found_again(void **state)
{
    jj_journal *journal = journal_open();
    uint32_t random = 11;
    bool given[201] = {false};
    (void)state;
    journal_store(journal, 1, 200);
    for (int64_t i = 0; i < 200; i++) {
        random = random * 1103515245 + 12345;
        uint64_t after = random >> 16 & 127, upto = after + 1 + (random >> 24 & 63);
        uint64_t every = 1 + (random >> 8 & 3);
        bool fresh = false;
        for (uint64_t cursor = after + 1; cursor <= upto; cursor++) {
            fresh = fresh || (cursor % every == 0 && !given[cursor]);
            given[cursor] = given[cursor] || cursor % every == 0;
        }
        assert_int_equal(deliver(journal, i * 20000, "bank", after, upto, every), fresh);
    }
    for (uint64_t cursor = 1; cursor <= 200; cursor++) {
        jj_buf list = {0};
        jj_journal_deliveries(journal, cursor, note_delivery, &list, NULL);
        assert_int_equal(list.size > 0, given[cursor]);
        assert_true(!list.size || strchr(list.data, ' ') == list.data + list.size - 1);
        jj_buf_clear(&list);
    }
    jj_journal_close(journal);
}

static void deliveries_go_with_the_events_they_are_about(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 30);
    deliver(journal, 1000, "bank", 0, 10, 1);
    deliver(journal, 100000, "bank", 10, 30, 1);
    assert_int_equal(trim(journal, 0, 15, NULL), 15);
    assert_delivered(journal, 20, "bank@100000 ");
    jj_journal_close(journal);
    assert_int_equal(journal_number("SELECT count(*) FROM delivery"), 1);
}

/* ---- Quarantine --------------------------------------------------------------------------- */

static void quarantine(jj_journal *journal, const char *agency, size_t size, uint64_t bytes_max)
{
    char sealed[1000];
    memset(sealed, 's', sizeof sealed);
    const jj_quarantined entry = {.at_ms = 1,
                                  .agency = agency,
                                  .origin = "publish",
                                  .code = "invalid",
                                  .field = "",
                                  .detail = "",
                                  .type = "",
                                  .sealed = {sealed, size}};
    jj_journal_begin(journal);
    jj_journal_quarantine(journal, &entry, 1000, bytes_max);
    journal_commit(journal);
}

static void quarantine_is_bounded_in_bytes_for_each_agency(void **state)
{
    jj_journal *journal = journal_open();
    uint64_t kept, pushed_out;
    (void)state;
    for (int i = 0; i < 20; i++) {
        quarantine(journal, "bank", 500, 3000);
        quarantine(journal, "blk", 500, 0);
    }
    assert_int_equal(jj_journal_quarantine_totals(journal, &kept, &pushed_out, NULL), 0);
    assert_int_equal(kept, 6 + 20);
    assert_int_equal(pushed_out, 14);
    jj_journal_close(journal);
    assert_int_equal(journal_number("SELECT min(number) FROM quarantine WHERE agency = 'bank'"),
                     29);
}

/* ---- Recipients --------------------------------------------------------------------------- */

static bool note_recipient(void *arg, const jj_record *record)
{
    jj_buf_printf(arg, "%s ", record->recipient);
    return true;
}

static void a_recipient_stays_no_longer_than_its_event(void **state)
{
    jj_journal *journal = journal_open();
    jj_buf list = {0};
    (void)state;
    jj_journal_begin(journal);
    for (unsigned n = 1; n <= 3; n++) {
        jj_record record = journal_event(n);
        record.recipient = n == 1 ? "anybody" : n == 2 ? "" : "33";
        jj_journal_append(journal, &record);
    }
    journal_commit(journal);
    assert_int_equal(jj_journal_read(journal, 0, UINT64_MAX, false, note_recipient, &list, NULL),
                     0);
    assert_string_equal(list.data, "anybody  33 ");
    jj_buf_clear(&list);
    jj_journal_close(journal);
    assert_int_equal(journal_number("SELECT count(*) FROM name WHERE text IN ('anybody', '33')"),
                     0);
}

/* ---- Erasure ------------------------------------------------------------------------------ */

#define FIRST  "00000001-0000-8000-8000-000000000000"
#define SECOND "00000002-0000-8000-8000-000000000000"

static void append(jj_journal *journal, unsigned n, const char *type, const char *subject,
                   const char *text, const char *contact)
{
    jj_record record = journal_event(n);
    record.type = type;
    record.subject = subject;
    record.text = (jj_span){text, strlen(text)};
    record.contact = (jj_span){contact, strlen(contact)};
    assert_int_equal(jj_journal_append(journal, &record), JJ_KNOWN_NOT);
}

static void note_text(void *arg, const char *person, const char *region)
{
    jj_buf_printf(arg, "%.8s:%s ", person, region);
}

static bool add_text(void *arg, const jj_record *record)
{
    jj_buf_printf(arg, "%.*s|", (int)record->text.size_bytes, record->text.at);
    return true;
}

static void many_are_erased_in_one_pass_and_what_follows_stays(void **state)
{
    jj_journal *journal = journal_open();
    jj_buf found = {0}, texts = {0};
    (void)state;
    jj_journal_begin(journal);
    append(journal, 1, "alumni.graduated", FIRST, "{\"a\":1}", "sealed-1");
    append(journal, 2, "alumni.graduated", SECOND, "{\"b\":1}", "sealed-2");
    append(journal, 3, "order.completed", "x", "{\"data\":{\"person\":\"" FIRST "\",\"n\":1}}", "");
    append(journal, 4, "order.completed", "x",
           "{\"data\":{\"person\":\"" SECOND "\",\"note\":\"by " FIRST "\"}}", "");
    append(journal, 5, "person.erased", FIRST, "{\"e\":1}", "");
    jj_journal_erase(journal, FIRST);
    append(journal, 6, "alumni.graduated", FIRST, "{\"a\":2}", "sealed-3");
    append(journal, 7, "person.erased", SECOND, "{\"e\":2}", "");
    jj_journal_erase(journal, SECOND);
    assert_true(jj_journal_erasing(journal));
    assert_int_equal(jj_journal_erase_staged(journal, note_text, &found), 2);
    assert_false(jj_journal_erasing(journal));
    journal_commit(journal);
    assert_string_equal(found.data, "00000001:15.07 00000002:33.75 ");
    assert_int_equal(jj_journal_read(journal, 0, UINT64_MAX, true, add_text, &texts, NULL), 0);
    assert_string_equal(texts.data, "||{\"data\":{\"n\":1}}||{\"e\":1}|{\"a\":2}|{\"e\":2}|");
    jj_buf_clear(&found);
    jj_buf_clear(&texts);
    jj_journal_close(journal);
    assert_int_equal(journal_number("SELECT count(*) FROM vault"), 1);
    assert_int_equal(
        journal_number("SELECT count(*) FROM vault WHERE sealed = CAST('sealed-3' AS BLOB)"), 1);
}

static void an_erasure_that_nobody_finishes_happens_with_the_commit(void **state)
{
    jj_journal *journal = journal_open();
    jj_buf texts = {0};
    (void)state;
    jj_journal_begin(journal);
    append(journal, 1, "alumni.graduated", FIRST, "{\"a\":1}", "sealed-1");
    jj_journal_erase(journal, FIRST);
    journal_commit(journal);
    assert_int_equal(jj_journal_read(journal, 0, UINT64_MAX, true, add_text, &texts, NULL), 0);
    assert_string_equal(texts.data, "|");
    jj_buf_clear(&texts);
    jj_journal_close(journal);
    assert_int_equal(journal_number("SELECT count(*) FROM vault"), 0);
}

/* ---- Versions ----------------------------------------------------------------------------- */

/* What a journal of version 1 had instead. */
static const char downgrade[] =
    "DROP TABLE mention; DROP TABLE mention_block;"
    "DROP TABLE node; DROP TABLE node_mark; DROP TABLE node_gap; DROP TABLE node_region;"
    "DROP INDEX quarantine_size; DROP INDEX delivery_reader; DROP INDEX delivery_upto;"
    "ALTER TABLE consumer DROP COLUMN lost; ALTER TABLE consumer DROP COLUMN untold;"
    "ALTER TABLE consumer DROP COLUMN seen_ms; ALTER TABLE quarantine DROP COLUMN size;"
    "ALTER TABLE quarantine DROP COLUMN retry;"
    "CREATE INDEX quarantine_agency ON quarantine (agency, number);"
    "INSERT INTO name SELECT max(number) + 1, 'bank' FROM name;"
    "UPDATE event SET recipient = (SELECT number FROM name WHERE text = 'bank')"
    " WHERE recipient = CAST('bank' AS BLOB);"
    "UPDATE event SET recipient = 0 WHERE recipient IS NULL;"
    "PRAGMA user_version = 1;";

static void a_journal_of_version_1_is_brought_up_to_date(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 20);
    journal_consumer(journal, "blk/main");
    quarantine(journal, "bank", 500, 0);
    jj_journal_close(journal);
    journal_sql(downgrade);
    journal = journal_open();
    assert_int_equal(journal_check(journal), 20); /* recipients among the rest */
    assert_int_equal(journal_consumer_named(journal, "blk/main").lost, 0);
    journal_store(journal, 21, 30);
    quarantine(journal, "bank", 500, 600);
    assert_int_equal(journal_check(journal), 30);
    jj_journal_close(journal);
    assert_int_equal(journal_number("PRAGMA user_version"), 3);
    assert_int_equal(journal_number("SELECT count(*) FROM quarantine"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_folder, journal_folder_remove)
        TEST(retention_waits_for_a_silent_consumer_unless_it_is_told_not_to),
        TEST(one_who_is_heard_of_holds_retention_up_for_the_silent_one_too),
        TEST(the_same_page_is_recorded_once_however_often_it_is_given),
        TEST(what_follows_within_a_minute_is_one_record),
        TEST(every_first_delivery_is_found_again),
        TEST(deliveries_go_with_the_events_they_are_about),
        TEST(quarantine_is_bounded_in_bytes_for_each_agency),
        TEST(a_recipient_stays_no_longer_than_its_event),
        TEST(many_are_erased_in_one_pass_and_what_follows_stays),
        TEST(an_erasure_that_nobody_finishes_happens_with_the_commit),
        TEST(a_journal_of_version_1_is_brought_up_to_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
