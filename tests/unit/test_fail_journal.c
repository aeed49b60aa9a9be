/*
 * The journal when its statements, its memory or its files fail at each call in turn. Whatever
 * fails: a transaction is there whole or not at all, what was acknowledged stays, and the journal
 * can be written again.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "base/id.h"
#include "fail.h"
#include "journal/audit.h"
#include "journal/backup.h"
#include "journal/node.h"
#include "journal_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define EVERYTHING (FAIL_MEMORY | FAIL_SQL | FAIL_FILE)

static const unsigned char key[32] = {3};

/* ---- Opening ------------------------------------------------------------------------------ */

static void a_journal_is_opened_or_not_there(void **state)
{
    (void)state;
    jj_journal_close(journal_open());
    for (unsigned n = 1; fail_next(EVERYTHING, n); n++) {
        jj_journal *journal = NULL;
        jj_error err = {0};
        int rc = jj_journal_open(&journal, journal_path, &err);
        bool hit = fail_end();
        assert_true(rc == 0 || (hit && !journal && err.code == rc && err.text[0]));
        jj_journal_close(journal);
        assert_false(jj_journal_is_held(journal_path));
    }
}

static void a_new_journal_is_made_whole(void **state)
{
    (void)state;
    for (unsigned n = 1; fail_next(EVERYTHING, n); n++) {
        jj_journal *journal = NULL;
        jj_error err = {0};
        int rc = jj_journal_open(&journal, journal_path, &err);
        bool hit = fail_end();
        assert_true(rc == 0 || (hit && err.text[0]));
        jj_journal_close(journal);
        journal = journal_open(); /* what was left of the attempt is no obstacle */
        journal_store(journal, 1, 1);
        jj_journal_close(journal);
        unlink(journal_path);
    }
}

/* ---- One transaction ---------------------------------------------------------------------- */

static void write_everything(jj_journal *journal, unsigned event)
{
    jj_consumer consumer = {0};
    const jj_quarantined entry = {.agency = "blk",
                                  .origin = "publish",
                                  .code = "invalid",
                                  .field = "",
                                  .detail = "",
                                  .type = "",
                                  .sealed = {"sealed", 6}};
    const jj_audit record = {
        .at_ms = 1, .action = "reveal", .agency = "blk", .person = "p", .detail = ""};
    jj_node node = {.name = "below", .agency = "below"};
    const jj_mark mark = {.sequence = 1, .mark = 2};
    jj_journal_begin(journal);
    journal_append(journal, event, event);
    jj_record one = journal_event(event);
    jj_journal_consent_put(journal, &one, 3, true);
    if (jj_journal_consumer(journal, "blk/main", &consumer) == 0) {
        jj_journal_consumer_move(journal, &consumer);
        jj_journal_consumer_seen(journal, &consumer);
        jj_journal_state_put(journal, consumer.id, "key", "value");
        jj_journal_state_put(journal, consumer.id, "gone", NULL);
    }
    jj_journal_quarantine(journal, &entry, 2, 0);
    jj_journal_audit(journal, key, &record);
    jj_journal_node_put(journal, &node);
    jj_journal_marks_put(journal, "below", 0, 1, &mark, 1);
    jj_journal_gap_put(journal, "below", 3, 5);
    jj_journal_gap_fill(journal, "below", 3, 4);
    jj_journal_region_claim(journal, "33.75", "below");
}

static void a_transaction_is_whole_or_not_at_all(void **state)
{
    jj_journal *journal = journal_open();
    unsigned stored = 0;
    (void)state;
    journal_consumer(journal, "blk/main");
    assert_int_equal(jj_audit_begin(journal, key, NULL), 0);
    for (unsigned n = 1; fail_next(EVERYTHING, n); n++) {
        jj_error err = {0};
        uint64_t count = 0;
        write_everything(journal, stored + 1);
        int rc = jj_journal_commit(journal, &err);
        bool hit = fail_end();
        assert_true(rc == 0 || (hit && err.text[0] && jj_journal_failed(journal)));
        stored += rc == 0;
        if (rc) {
            assert_int_equal(jj_journal_recover(journal, &err), 0);
        }
        assert_int_equal(jj_journal_head(journal), stored);
        assert_int_equal(journal_check(journal), stored);
        assert_int_equal(jj_audit_verify(journal, key, &count, &err), 0);
    }
    jj_journal_close(journal);
}

/* ---- Copies ------------------------------------------------------------------------------- */

static void a_copy_is_whole_or_not_there(void **state)
{
    char copy[160];
    jj_journal *journal = journal_open();
    (void)state;
    snprintf(copy, sizeof copy, "%s.copy", journal_path);
    journal_store(journal, 1, 20);
    for (unsigned n = 1; fail_next(EVERYTHING, n); n++) {
        jj_journal_facts facts = {0};
        jj_error err = {0};
        int rc = jj_journal_backup(journal_path, copy, &err);
        bool hit = fail_end();
        assert_true(rc == 0 || (hit && err.text[0]));
        if (rc == 0) {
            assert_int_equal(jj_journal_examine(copy, &facts, &err), 0);
            assert_int_equal(facts.head, 20);
        }
        unlink(copy);
    }
    jj_journal_close(journal);
}

static void a_closed_journal_is_examined_and_marked(void **state)
{
    static const char *const consumers[] = {"blk/main", "blk/other", NULL};
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 5);
    journal_consumer(journal, "blk/main");
    jj_journal_close(journal);
    for (unsigned n = 1; fail_next(EVERYTHING, n); n++) {
        jj_journal_facts facts = {0};
        jj_error err = {0};
        int rc = jj_journal_examine(journal_path, &facts, &err);
        rc = rc ? rc : jj_journal_mark(journal_path, consumers, "key", "value", &err);
        bool hit = fail_end();
        assert_true(rc == 0 ? facts.head == 5 : hit && err.text[0]);
    }
}

/* ---- Reading ------------------------------------------------------------------------------ */

#define PERSON "0000abcd-aaaa-8000-8000-00000000beef"

static bool count_record(void *arg, const jj_record *record)
{
    (void)record;
    ++*(unsigned *)arg;
    return true;
}

static void count_about(void *arg, const jj_record *record)
{
    count_record(arg, record);
}

static bool count_vaulted(void *arg, const jj_vaulted *entry)
{
    assert_memory_equal(entry->sealed.at, "sealed", 6);
    ++*(unsigned *)arg;
    return true;
}

static bool count_quarantined(void *arg, const jj_quarantined *entry)
{
    assert_string_equal(entry->agency, "blk");
    ++*(unsigned *)arg;
    return true;
}

static void count_retry(void *arg, int64_t number, const char *consumer)
{
    assert_int_equal(number, 1);
    assert_string_equal(consumer, "publish");
    ++*(unsigned *)arg;
}

static void count_audit(void *arg, const jj_audit *record)
{
    assert_string_equal(record->action, "reveal");
    ++*(unsigned *)arg;
}

static void count_delivery(void *arg, const jj_delivery *delivery)
{
    assert_string_equal(delivery->agency, "blk");
    ++*(unsigned *)arg;
}

static void count_consumer(void *arg, const jj_consumer *consumer)
{
    assert_string_equal(consumer->name, "blk/main");
    ++*(unsigned *)arg;
}

static bool count_state(void *arg, const char *name, const char *value)
{
    assert_string_equal(name, "key");
    assert_string_equal(value, "value");
    ++*(unsigned *)arg;
    return true;
}

static void count_node(void *arg, const jj_node *node)
{
    assert_string_equal(node->name, "below");
    ++*(unsigned *)arg;
}

static void count_mark(void *arg, const jj_mark *mark)
{
    assert_true(mark->sequence == 1 && mark->mark == 2);
    ++*(unsigned *)arg;
}

static void count_gap(void *arg, uint64_t after, uint64_t upto)
{
    assert_true(after == 4 && upto == 5);
    ++*(unsigned *)arg;
}

static int read_one(jj_journal *journal, unsigned which, unsigned *count)
{
    char node[JJ_NODE_NAME_MAX + 1];
    uint64_t many = 0, more;
    jj_consumer consumer;
    jj_node below;
    int rc;
    switch (which) {
    case 0:
        return jj_journal_read(journal, 0, UINT64_MAX, true, count_record, count, NULL);
    case 1:
        return jj_journal_about(journal, PERSON, count_about, count, NULL);
    case 2:
        return jj_journal_vault_read(journal, PERSON, count_vaulted, count, NULL);
    case 3:
        return jj_journal_quarantine_read(journal, 0, count_quarantined, count, NULL);
    case 4:
        return jj_journal_quarantine_retries(journal, count_retry, count, NULL);
    case 5:
        rc = jj_journal_quarantine_totals(journal, &many, &more, NULL);
        *count = (unsigned)many;
        return rc;
    case 6:
        return jj_journal_audit_read(journal, "p", count_audit, count, NULL);
    case 7:
        rc = jj_audit_verify(journal, key, &many, NULL);
        *count = (unsigned)many;
        return rc;
    case 8:
        return jj_journal_deliveries(journal, 1, count_delivery, count, NULL);
    case 9:
        return jj_journal_consumers(journal, count_consumer, count, NULL);
    case 10:
        return jj_journal_state_read(journal, 1, "", count_state, count, NULL);
    case 11:
        return jj_journal_nodes(journal, count_node, count);
    case 12:
        return jj_journal_marks(journal, "below", 0, 5, count_mark, count);
    case 13:
        return jj_journal_gaps(journal, "below", count_gap, count);
    case 14:
        *count = 1;
        return jj_journal_region_node(journal, "33.75", node);
    case 15:
        *count = 1;
        return jj_journal_node(journal, "below", &below);
    case 16:
        *count = 1;
        return jj_journal_consumer(journal, "blk/main", &consumer);
    default:
        *count = 1;
        return jj_journal_find(journal, journal_event(1).key, &many);
    }
}

#define READERS 18

/* A journal in which each reader finds one thing. */
static jj_journal *readable(void)
{
    static const unsigned char bits[] = {1};
    const jj_delivery delivery = {
        .at_ms = 1, .agency = "blk", .consumer = "main", .upto = 1, .bits = bits, .bits_size = 1};
    jj_journal *journal = journal_open();
    assert_int_equal(jj_audit_begin(journal, key, NULL), 0);
    journal_consumer(journal, "blk/main");
    jj_journal_begin(journal);
    write_everything(journal, 2);
    jj_record record = journal_event(1);
    record.subject = PERSON;
    record.contact = (jj_span){"sealed", 6};
    jj_journal_append(journal, &record);
    jj_journal_quarantine_retry(journal, 1, true);
    journal_commit(journal);
    assert_true(jj_journal_deliver(journal, &delivery));
    journal_commit(journal);
    return journal;
}

static void what_is_read_is_whole_or_an_error(void **state)
{
    jj_journal *journal = readable();
    (void)state;
    for (unsigned which = 0; which < READERS; which++) {
        unsigned expected = 0, count;
        assert_int_equal(read_one(journal, which, &expected), 0);
        assert_int_equal(expected, which == 0 ? 2 : 1);
        for (unsigned n = 1; fail_next(FAIL_SQL | FAIL_MEMORY, n); n++) {
            count = 0;
            int rc = read_one(journal, which, &count);
            bool hit = fail_end();
            if (rc == 0 ? count != expected
                        : !(hit && (rc == JJ_EUNAVAILABLE || rc == JJ_EMEMORY))) {
                fail_msg("reader %u, call %u: %d, and %u of %u", which, n, rc, count, expected);
            }
        }
    }
    jj_journal_close(journal);
}

/* One that could not be opened again: everybody is told so, and nothing is written. */
static void a_journal_that_stays_closed_says_so(void **state)
{
    jj_journal *journal = readable();
    uint64_t head = jj_journal_head(journal);
    (void)state;
    jj_journal_begin(journal);
    jj_journal_spoil(journal, "a test");
    assert_int_equal(jj_journal_commit(journal, NULL), JJ_EUNAVAILABLE);
    fail_at(FAIL_SQL, 1, true);
    jj_error err = {0};
    assert_int_equal(jj_journal_recover(journal, &err), JJ_EUNAVAILABLE);
    assert_true(err.text[0]);
    fail_end();
    for (unsigned which = 0; which < READERS; which++) {
        unsigned count = 0;
        assert_int_equal(read_one(journal, which, &count), JJ_EUNAVAILABLE);
    }
    assert_int_equal(jj_journal_consent(journal, PERSON), 0);
    assert_int_equal(jj_journal_recorded(journal, 0), 0);
    assert_int_equal(jj_journal_quarantined(journal, "blk"), 0);
    assert_int_equal(jj_journal_scrub(journal, NULL), JJ_EUNAVAILABLE);
    jj_journal_checkpoint(journal);
    jj_journal_begin(journal);
    write_everything(journal, 7);
    jj_journal_erase(journal, PERSON);
    const jj_retention retention = {.size_bytes = 1, .lost_after_ms = 1, .most = 10};
    assert_int_equal(jj_journal_trim(journal, &retention), 0);
    jj_journal_fill(journal);
    assert_int_equal(jj_journal_commit(journal, &err), JJ_EUNAVAILABLE);
    assert_int_equal(jj_journal_recover(journal, &err), 0);
    assert_int_equal(jj_journal_head(journal), head);
    for (unsigned which = 0; which < READERS; which++) {
        unsigned count = 0;
        assert_int_equal(read_one(journal, which, &count), 0);
    }
    jj_journal_close(journal);
}

/* ---- Erasing ------------------------------------------------------------------------------ */

#define WIDE        1024 /* UUIDs in an event: */
#define WIDE_EVENTS 258  /* one more than goes into a block of so many, and another */

static const char *person(unsigned n)
{
    static char text[JJ_UUID_SIZE];
    snprintf(text, sizeof text, "0000%04x-aaaa-8000-8000-00000000beef", n);
    return text;
}

/* An event about a person of its own, who is named in the one behind it, too. */
static void append_wide(jj_journal *journal, unsigned n)
{
    jj_buf text = {0};
    jj_record record = journal_event(n);
    jj_buf_printf(&text, "{\"data\":{\"list\":[\"\"");
    for (unsigned i = 0; i < WIDE; i++) {
        jj_buf_printf(&text, ",\"%08X-%04x-8000-8000-0123456789ab\"", n, i);
    }
    jj_buf_printf(&text, "],\"person\":\"%s\"}}", person(n - 1));
    record.type = "outcome.reported";
    record.subject = person(n);
    record.text = (jj_span){text.data, text.size};
    record.contact = (jj_span){"sealed", 6};
    jj_journal_append(journal, &record);
    jj_buf_clear(&text);
}

static long long remaining(unsigned n)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "SELECT (SELECT count(*) FROM event WHERE cursor BETWEEN %u AND %u AND"
             " (subject = '%s' OR instr(text, '%s'))) +"
             " (SELECT count(*) FROM vault WHERE subject = '%s')",
             n, n + 1, person(n), person(n), person(n));
    return journal_number(sql);
}

static void an_erasure_is_whole_or_not_at_all(void **state)
{
    jj_journal *journal = journal_open();
    unsigned who = 1;
    (void)state;
    jj_journal_begin(journal);
    for (unsigned n = 1; n <= WIDE_EVENTS; n++) {
        append_wide(journal, n);
    }
    journal_commit(journal);
    jj_journal_checkpoint(journal); /* else each recovery reads all of it */
    assert_true(journal_number("SELECT count(*) FROM mention_block") > 0);
    for (unsigned n = 1, hit = 1; hit; n++) {
        jj_error err = {0};
        assert_int_equal(remaining(who), 3);
        fail_at(FAIL_SQL | FAIL_MEMORY, n, false);
        jj_journal_begin(journal);
        jj_journal_erase(journal, person(who));
        jj_journal_erase_staged(journal, NULL, NULL);
        int rc = jj_journal_commit(journal, &err);
        hit = fail_end();
        assert_true(rc == 0 || hit);
        if (rc) {
            assert_int_equal(jj_journal_recover(journal, &err), 0);
            assert_int_equal(remaining(who), 3);
        } else {
            unsigned found = 0;
            assert_int_equal(remaining(who), 0);
            assert_int_equal(jj_journal_about(journal, person(who), count_about, &found, &err), 0);
            assert_int_equal(found, 0);
            who++;
        }
    }
    assert_true(who > 1 && who < WIDE_EVENTS);
    jj_journal_close(journal);
}

/* ---- Retention ---------------------------------------------------------------------------- */

static void what_is_trimmed_is_gone_whole(void **state)
{
    jj_journal *journal = journal_open();
    const jj_retention retention = {.size_bytes = 1, .lost_after_ms = 1, .most = 3};
    unsigned last = 0;
    (void)state;
    journal_consumer(journal, "blk/main");
    for (unsigned n = 1, hit = 1; hit; n++) {
        jj_error err = {0};
        journal_store(journal, last + 1, last + 5);
        last += 5;
        uint64_t tail = jj_journal_tail(journal);
        fail_at(FAIL_SQL | FAIL_MEMORY, n, false);
        jj_journal_begin(journal);
        uint64_t removed = jj_journal_trim(journal, &retention);
        jj_journal_fill(journal);
        int rc = jj_journal_commit(journal, &err);
        hit = fail_end();
        assert_true(rc == 0 || hit);
        if (rc) {
            assert_int_equal(jj_journal_recover(journal, &err), 0);
            assert_int_equal(jj_journal_tail(journal), tail);
        } else {
            assert_int_equal(jj_journal_tail(journal), tail + removed);
        }
        assert_int_equal(journal_check(journal), last + 1 - jj_journal_tail(journal));
        jj_consumer consumer = journal_consumer_named(journal, "blk/main");
        assert_int_equal(consumer.delivered + consumer.filtered + consumer.lost, consumer.cursor);
    }
    jj_journal_close(journal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_folder, journal_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_journal_is_opened_or_not_there),        TEST(a_new_journal_is_made_whole),
        TEST(a_transaction_is_whole_or_not_at_all),    TEST(a_copy_is_whole_or_not_there),
        TEST(a_closed_journal_is_examined_and_marked), TEST(what_is_read_is_whole_or_an_error),
        TEST(a_journal_that_stays_closed_says_so),     TEST(an_erasure_is_whole_or_not_at_all),
        TEST(what_is_trimmed_is_gone_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
