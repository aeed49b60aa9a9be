/*
 * The journal when its statements, its memory or its files fail at each call in turn. Whatever
 * fails: a transaction is there whole or not at all, what was acknowledged stays, and the journal
 * can be written again.
 */
#include "base/fs.h"
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_folder, journal_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_journal_is_opened_or_not_there),        TEST(a_new_journal_is_made_whole),
        TEST(a_transaction_is_whole_or_not_at_all),    TEST(a_copy_is_whole_or_not_there),
        TEST(a_closed_journal_is_examined_and_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
