/*
 * What the journal keeps beside events: consumers and their state, quarantine; and what
 * retention takes away.
 */
#include "base/buf.h"
#include "journal_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void move_consumer(jj_journal *journal, const char *name, uint64_t cursor)
{
    jj_consumer consumer = journal_consumer_named(journal, name);
    consumer.delivered += cursor - consumer.cursor;
    consumer.cursor = cursor;
    jj_journal_begin(journal);
    jj_journal_consumer_move(journal, &consumer);
    journal_commit(journal);
}

static void assert_balance(jj_journal *journal, const char *name)
{
    jj_consumer consumer = journal_consumer_named(journal, name);
    uint64_t head = jj_journal_head(journal);
    assert_true(consumer.cursor <= head);
    assert_int_equal(head, consumer.delivered + consumer.filtered + (head - consumer.cursor));
}

/* ---- Consumers ---------------------------------------------------------------------------- */

static void a_consumer_starts_at_the_oldest_event(void **state)
{
    jj_journal *journal = journal_open();
    jj_consumer consumer;
    (void)state;
    journal_store(journal, 1, 10);
    assert_int_equal(jj_journal_consumer(journal, "blk/main", &consumer), JJ_ENOTFOUND);
    consumer = journal_consumer(journal, "blk/main");
    assert_int_equal(consumer.cursor, 0);
    assert_string_equal(consumer.name, "blk/main");
    assert_balance(journal, "blk/main");
    jj_journal_close(journal);
}

static void a_consumer_stays_where_it_committed(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 10);
    journal_consumer(journal, "blk/main");
    journal_consumer(journal, "bank/main");
    move_consumer(journal, "blk/main", 7);
    jj_journal_close(journal);
    journal = journal_open();
    assert_int_equal(journal_consumer_named(journal, "blk/main").cursor, 7);
    assert_int_equal(journal_consumer_named(journal, "blk/main").delivered, 7);
    assert_int_equal(journal_consumer_named(journal, "bank/main").cursor, 0);
    assert_balance(journal, "blk/main");
    assert_balance(journal, "bank/main");
    jj_journal_close(journal);
}

static void note_name(void *arg, const jj_consumer *consumer)
{
    jj_buf_printf(arg, "%s@%llu ", consumer->name, (unsigned long long)consumer->cursor);
}

static void consumers_are_listed_by_name(void **state)
{
    jj_journal *journal = journal_open();
    jj_buf list = {0};
    (void)state;
    journal_store(journal, 1, 3);
    journal_consumer(journal, "b/x");
    journal_consumer(journal, "a/z");
    journal_consumer(journal, "a/y");
    move_consumer(journal, "a/z", 2);
    jj_journal_begin(journal);
    jj_journal_consumer_drop(journal, "b/x");
    journal_commit(journal);
    assert_int_equal(jj_journal_consumers(journal, note_name, &list, NULL), 0);
    assert_string_equal(list.data, "a/y@0 a/z@2 ");
    jj_buf_clear(&list);
    jj_journal_close(journal);
}

static void the_balance_of_every_consumer_always_adds_up(void **state)
{
    jj_journal *journal = journal_open();
    uint32_t random = 5;
    char name[16];
    (void)state;
    for (unsigned n = 0; n < 100; n++) {
        random = random * 1103515245 + 12345;
        unsigned which = random >> 16 & 3, head = (unsigned)jj_journal_head(journal);
        snprintf(name, sizeof name, "agency/%u", which);
        jj_consumer consumer;
        jj_journal_begin(journal);
        journal_append(journal, head + 1, head + 1 + (random >> 20 & 3));
        if (jj_journal_consumer(journal, name, &consumer)) {
            jj_journal_consumer_add(journal, name, &consumer);
        } else {
            uint64_t passed = (head - consumer.cursor) / 2 + (random >> 24 & 1);
            passed = consumer.cursor + passed > head ? head - consumer.cursor : passed;
            consumer.cursor += passed;
            consumer.delivered += passed / 3;
            consumer.filtered += passed - passed / 3;
            jj_journal_consumer_move(journal, &consumer);
        }
        jj_journal_trim(journal,
                        &(jj_retention){.age_ms = 0, .size_bytes = 1, .most = random >> 28});
        journal_commit(journal);
        for (unsigned i = 0; i < 4; i++) {
            snprintf(name, sizeof name, "agency/%u", i);
            if (jj_journal_consumer(journal, name, &consumer) == 0) {
                assert_balance(journal, name);
                assert_true(jj_journal_tail(journal) <= consumer.cursor + 1);
            }
        }
    }
    journal_check(journal);
    jj_journal_close(journal);
}

/* ---- State -------------------------------------------------------------------------------- */

static bool note_entry(void *arg, const char *key, const char *value)
{
    jj_buf_printf(arg, "%s=%s ", key, value);
    return strcmp(key, "stop") != 0;
}

static void assert_state(jj_journal *journal, int64_t consumer, const char *after,
                         const char *expected)
{
    jj_buf list = {0};
    jj_buf_puts(&list, "");
    assert_int_equal(jj_journal_state_read(journal, consumer, after, note_entry, &list, NULL), 0);
    assert_string_equal(list.data, expected);
    jj_buf_clear(&list);
}

static void state_is_kept_by_consumer_in_the_order_of_its_keys(void **state)
{
    jj_journal *journal = journal_open();
    jj_consumer first = journal_consumer(journal, "a/x"), second = journal_consumer(journal, "b/x");
    (void)state;
    jj_journal_begin(journal);
    jj_journal_state_put(journal, first.id, "k2", "two");
    jj_journal_state_put(journal, first.id, "k10", "ten");
    jj_journal_state_put(journal, first.id, "k\xc3\xa9", "");
    jj_journal_state_put(journal, second.id, "k2", "other");
    journal_commit(journal);
    assert_state(journal, first.id, "", "k10=ten k2=two k\xc3\xa9= ");
    assert_state(journal, first.id, "k10", "k2=two k\xc3\xa9= ");
    assert_state(journal, first.id, "k\xc3\xa9", "");
    assert_state(journal, second.id, "", "k2=other ");
    jj_journal_close(journal);
}

static void a_value_is_replaced_and_deleted_with_its_transaction(void **state)
{
    jj_journal *journal = journal_open();
    jj_consumer consumer = journal_consumer(journal, "a/x");
    (void)state;
    jj_journal_begin(journal);
    jj_journal_state_put(journal, consumer.id, "a", "1");
    jj_journal_state_put(journal, consumer.id, "b", "1");
    jj_journal_state_put(journal, consumer.id, "b", "2");
    jj_journal_state_put(journal, consumer.id, "none", NULL);
    journal_commit(journal);
    jj_journal_begin(journal);
    jj_journal_state_put(journal, consumer.id, "a", NULL);
    jj_journal_state_put(journal, consumer.id, "c", "3");
    jj_journal_close(journal);
    journal = journal_open();
    assert_state(journal, consumer.id, "", "a=1 b=2 ");
    jj_journal_begin(journal);
    jj_journal_state_put(journal, consumer.id, "a", NULL);
    journal_commit(journal);
    assert_state(journal, consumer.id, "", "b=2 ");
    jj_journal_close(journal);
}

static void reading_state_ends_when_told(void **state)
{
    jj_journal *journal = journal_open();
    jj_consumer consumer = journal_consumer(journal, "a/x");
    (void)state;
    jj_journal_begin(journal);
    jj_journal_state_put(journal, consumer.id, "a", "1");
    jj_journal_state_put(journal, consumer.id, "stop", "2");
    jj_journal_state_put(journal, consumer.id, "z", "3");
    journal_commit(journal);
    assert_state(journal, consumer.id, "", "a=1 stop=2 ");
    assert_state(journal, consumer.id, "stop", "z=3 ");
    jj_journal_close(journal);
}

static void a_new_consumer_inherits_nothing_of_a_dropped_one(void **state)
{
    jj_journal *journal = journal_open();
    jj_consumer old = journal_consumer(journal, "a/x");
    (void)state;
    jj_journal_begin(journal);
    jj_journal_state_put(journal, old.id, "secret", "1");
    journal_commit(journal);
    jj_journal_begin(journal);
    jj_journal_consumer_drop(journal, "a/x");
    journal_commit(journal);
    jj_consumer new = journal_consumer(journal, "b/x");
    assert_state(journal, new.id, "", "");
    assert_state(journal, old.id, "", "");
    jj_journal_close(journal);
}

/* ---- Quarantine --------------------------------------------------------------------------- */

static void quarantine(jj_journal *journal, const char *agency, const char *sealed, uint64_t keep)
{
    const jj_quarantined entry = {.at_ms = 1,
                                  .agency = agency,
                                  .origin = "publish",
                                  .code = "invalid",
                                  .field = "/data/nik",
                                  .detail = "why",
                                  .type = "alumni.graduated",
                                  .sealed = {sealed, strlen(sealed)}};
    jj_journal_begin(journal);
    jj_journal_quarantine(journal, &entry, keep, 0);
    journal_commit(journal);
}

static bool note_rejected(void *arg, const jj_quarantined *entry)
{
    jj_buf_printf(arg, "%lld:%s:%.*s ", (long long)entry->number, entry->agency,
                  (int)entry->sealed.size_bytes, entry->sealed.at);
    return entry->number != 999;
}

static void assert_quarantine(jj_journal *journal, int64_t after, const char *expected)
{
    jj_buf list = {0};
    jj_buf_puts(&list, "");
    assert_int_equal(jj_journal_quarantine_read(journal, after, note_rejected, &list, NULL), 0);
    assert_string_equal(list.data, expected);
    jj_buf_clear(&list);
}

static void a_rejected_event_is_kept_with_its_reason(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    quarantine(journal, "blk", "one", 10);
    quarantine(journal, "bank", "two", 10);
    jj_journal_close(journal);
    journal = journal_open();
    assert_quarantine(journal, 0, "1:blk:one 2:bank:two ");
    assert_quarantine(journal, 1, "2:bank:two ");
    assert_int_equal(journal_number("SELECT count(*) FROM quarantine WHERE code = 'invalid' AND"
                                    " field = '/data/nik' AND detail = 'why' AND type ="
                                    " 'alumni.graduated' AND origin = 'publish'"),
                     2);
    jj_journal_close(journal);
}

static void each_agency_keeps_its_newest_and_the_rest_is_counted(void **state)
{
    jj_journal *journal = journal_open();
    uint64_t kept, pushed_out;
    (void)state;
    quarantine(journal, "bank", "b", 3);
    for (unsigned i = 0; i < 8; i++) {
        quarantine(journal, "blk", "x", 3);
    }
    assert_quarantine(journal, 0, "1:bank:b 7:blk:x 8:blk:x 9:blk:x ");
    assert_int_equal(jj_journal_quarantine_totals(journal, &kept, &pushed_out, NULL), 0);
    assert_int_equal(kept, 4);
    assert_int_equal(pushed_out, 5);
    jj_journal_close(journal);
    journal = journal_open();
    quarantine(journal, "blk", "y", 1);
    assert_int_equal(jj_journal_quarantine_totals(journal, &kept, &pushed_out, NULL), 0);
    assert_int_equal(kept, 2);
    assert_int_equal(pushed_out, 8);
    quarantine(journal, "blk", "z", 0);
    assert_quarantine(journal, 0, "1:bank:b ");
    assert_int_equal(jj_journal_quarantine_totals(journal, &kept, &pushed_out, NULL), 0);
    assert_int_equal(pushed_out, 10);
    jj_journal_close(journal);
}

static void many_agencies_in_one_transaction_keep_their_own_bounds(void **state)
{
    jj_journal *journal = journal_open();
    uint64_t kept, pushed_out;
    (void)state;
    jj_journal_begin(journal);
    for (unsigned i = 0; i < 300; i++) {
        char agency[16];
        snprintf(agency, sizeof agency, "agency-%u", i % 20);
        const jj_quarantined entry = {.agency = agency, .sealed = {"x", 1}};
        jj_journal_quarantine(journal, &entry, 4, 0);
    }
    journal_commit(journal);
    assert_int_equal(jj_journal_quarantine_totals(journal, &kept, &pushed_out, NULL), 0);
    assert_int_equal(kept, 80);
    assert_int_equal(pushed_out, 220);
    assert_int_equal(journal_number("SELECT max(n) FROM (SELECT count(*) AS n FROM quarantine"
                                    " GROUP BY agency)"),
                     4);
    /* Nothing of a transaction that never was is left over for the next one. */
    jj_journal_begin(journal);
    const jj_quarantined lost = {.agency = "agency-1", .sealed = {"x", 1}};
    jj_journal_quarantine(journal, &lost, 0, 0);
    jj_journal_close(journal);
    journal = journal_open();
    quarantine(journal, "agency-2", "y", 4);
    assert_int_equal(jj_journal_quarantine_totals(journal, &kept, &pushed_out, NULL), 0);
    assert_int_equal(kept, 80);
    assert_int_equal(pushed_out, 221);
    jj_journal_close(journal);
}

static void a_number_is_never_given_again(void **state)
{
    jj_journal *journal = journal_open();
    uint64_t kept, pushed_out;
    (void)state;
    quarantine(journal, "blk", "one", 10);
    quarantine(journal, "blk", "two", 10);
    jj_journal_begin(journal);
    jj_journal_quarantine_drop(journal, 2);
    journal_commit(journal);
    quarantine(journal, "blk", "three", 10);
    assert_quarantine(journal, 0, "1:blk:one 3:blk:three ");
    /* Dropped on purpose is not pushed out. */
    assert_int_equal(jj_journal_quarantine_totals(journal, &kept, &pushed_out, NULL), 0);
    assert_int_equal(pushed_out, 0);
    jj_journal_close(journal);
}

/* ---- Retention ---------------------------------------------------------------------------- */

static uint64_t trim(jj_journal *journal, int64_t age_ms, int64_t size_bytes, uint64_t most)
{
    jj_journal_begin(journal);
    uint64_t removed = jj_journal_trim(
        journal, &(jj_retention){.age_ms = age_ms, .size_bytes = size_bytes, .most = most});
    journal_commit(journal);
    return removed;
}

#define HOUR_MS 3600000

/* Events 1 to 20, of which the first ten are two hours old. */
static jj_journal *journal_of_two_ages(void)
{
    jj_journal *journal = journal_open();
    journal_store(journal, 1, 20);
    jj_journal_close(journal);
    journal_sql("UPDATE event SET recorded_ms = recorded_ms - 7200000 WHERE cursor <= 10");
    return journal_open();
}

static void old_events_go_and_young_ones_stay(void **state)
{
    jj_journal *journal = journal_of_two_ages();
    (void)state;
    assert_int_equal(trim(journal, 3 * HOUR_MS, 0, 1000), 0);
    assert_int_equal(trim(journal, HOUR_MS, 0, 1000), 10);
    assert_int_equal(jj_journal_tail(journal), 11);
    assert_int_equal(journal_check(journal), 10);
    assert_int_equal(trim(journal, HOUR_MS, 0, 1000), 0);
    jj_journal_close(journal);
    journal = journal_open();
    assert_int_equal(jj_journal_tail(journal), 11);
    assert_int_equal(jj_journal_head(journal), 20);
    jj_journal_close(journal);
}

static void no_limit_takes_nothing(void **state)
{
    jj_journal *journal = journal_of_two_ages();
    (void)state;
    assert_int_equal(trim(journal, 0, 0, 1000), 0);
    assert_int_equal(trim(journal, 0, 1ll << 40, 1000), 0);
    assert_int_equal(journal_check(journal), 20);
    jj_journal_close(journal);
}

static void retention_never_passes_the_slowest_consumer(void **state)
{
    jj_journal *journal = journal_of_two_ages();
    (void)state;
    journal_consumer(journal, "blk/fast");
    journal_consumer(journal, "blk/slow");
    move_consumer(journal, "blk/fast", 20);
    assert_int_equal(trim(journal, HOUR_MS, 1, 1000), 0);
    move_consumer(journal, "blk/slow", 4);
    assert_int_equal(trim(journal, HOUR_MS, 0, 1000), 4);
    assert_int_equal(trim(journal, 0, 1, 1000), 0);
    move_consumer(journal, "blk/slow", 9);
    assert_int_equal(trim(journal, 0, 1, 1000), 5);
    assert_int_equal(jj_journal_tail(journal), 10);
    assert_int_equal(journal_check(journal), 11);
    jj_journal_begin(journal);
    jj_journal_consumer_drop(journal, "blk/slow");
    journal_commit(journal);
    assert_int_equal(trim(journal, HOUR_MS, 0, 1000), 1);
    jj_journal_close(journal);
}

static void a_journal_that_is_too_large_loses_its_oldest_first(void **state)
{
    jj_journal *journal = journal_of_two_ages();
    (void)state;
    assert_int_equal(trim(journal, 0, 1, 3), 3);
    assert_int_equal(trim(journal, 0, 1, 3), 3);
    assert_int_equal(jj_journal_tail(journal), 7);
    assert_int_equal(journal_check(journal), 14);
    assert_int_equal(trim(journal, 0, 1, 0), 0);
    jj_journal_close(journal);
}

static void what_is_gone_is_still_known(void **state)
{
    jj_journal *journal = journal_of_two_ages();
    jj_record record = journal_event(3);
    (void)state;
    assert_int_equal(trim(journal, HOUR_MS, 0, 1000), 10);
    assert_int_equal(jj_journal_known(journal, record.key, record.digest), JJ_KNOWN_DUPLICATE);
    assert_int_equal(jj_journal_known(journal, record.key, record.digest + 1), JJ_KNOWN_CONFLICT);
    jj_journal_close(journal);
}

static void an_emptied_journal_goes_on_counting(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 20);
    assert_int_equal(trim(journal, 0, 1, 1000), 20);
    assert_int_equal(jj_journal_tail(journal), 21);
    assert_int_equal(journal_check(journal), 0);
    jj_journal_close(journal);
    journal = journal_open();
    assert_int_equal(jj_journal_tail(journal), 21);
    assert_int_equal(jj_journal_head(journal), 20);
    journal_store(journal, 21, 22);
    assert_int_equal(jj_journal_tail(journal), 21);
    assert_int_equal(journal_check(journal), 2);
    jj_journal_close(journal);
}

static void events_of_the_transaction_that_trims_stay(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 5);
    jj_journal_begin(journal);
    journal_append(journal, 6, 8);
    const jj_retention small = {.size_bytes = 1, .most = 1000};
    assert_int_equal(jj_journal_trim(journal, &small), 5);
    journal_commit(journal);
    assert_int_equal(jj_journal_tail(journal), 6);
    assert_int_equal(journal_check(journal), 3);
    jj_journal_close(journal);
}

static void a_late_consumer_counts_what_was_gone_as_filtered(void **state)
{
    jj_journal *journal = journal_of_two_ages();
    (void)state;
    assert_int_equal(trim(journal, HOUR_MS, 0, 1000), 10);
    jj_consumer consumer = journal_consumer(journal, "late/comer");
    assert_int_equal(consumer.cursor, 10);
    assert_int_equal(consumer.filtered, 10);
    assert_balance(journal, "late/comer");
    move_consumer(journal, "late/comer", 20);
    assert_balance(journal, "late/comer");
    jj_journal_close(journal);
}

static void a_checkpoint_empties_the_log(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 500);
    assert_true(jj_journal_wal_size(journal) > 0);
    assert_true(jj_journal_size(journal) >= jj_journal_wal_size(journal));
    jj_journal_begin(journal);
    jj_journal_checkpoint(journal); /* not in a transaction */
    assert_true(jj_journal_wal_size(journal) > 0);
    journal_commit(journal);
    jj_journal_checkpoint(journal);
    assert_int_equal(jj_journal_wal_size(journal), 0);
    assert_int_equal(journal_check(journal), 500);
    jj_journal_close(journal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_folder, journal_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_consumer_starts_at_the_oldest_event),
        TEST(a_consumer_stays_where_it_committed),
        TEST(consumers_are_listed_by_name),
        TEST(the_balance_of_every_consumer_always_adds_up),
        TEST(state_is_kept_by_consumer_in_the_order_of_its_keys),
        TEST(a_value_is_replaced_and_deleted_with_its_transaction),
        TEST(reading_state_ends_when_told),
        TEST(a_new_consumer_inherits_nothing_of_a_dropped_one),
        TEST(a_rejected_event_is_kept_with_its_reason),
        TEST(each_agency_keeps_its_newest_and_the_rest_is_counted),
        TEST(many_agencies_in_one_transaction_keep_their_own_bounds),
        TEST(a_number_is_never_given_again),
        TEST(old_events_go_and_young_ones_stay),
        TEST(no_limit_takes_nothing),
        TEST(retention_never_passes_the_slowest_consumer),
        TEST(a_journal_that_is_too_large_loses_its_oldest_first),
        TEST(what_is_gone_is_still_known),
        TEST(an_emptied_journal_goes_on_counting),
        TEST(events_of_the_transaction_that_trims_stay),
        TEST(a_late_consumer_counts_what_was_gone_as_filtered),
        TEST(a_checkpoint_empties_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
