/*
 * The journal on a disk that fails: at each single write, sync and read of a transaction in turn,
 * once or for good. Whatever happens: what was acknowledged is there, what was refused is not, and
 * when the disk is well again so is the journal.
 */
#include "base/fs.h"
#include "faulty_disk.h"
#include "journal_file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    disk_install();
    return journal_folder(state);
}

static int tear_down(void **state)
{
    disk_heal();
    disk_watch(NULL, NULL);
    return journal_folder_remove(state);
}

static void assert_refuses(jj_journal *journal)
{
    jj_error err = {0};
    jj_journal_begin(journal);
    journal_append(journal, 900, 901);
    jj_journal_known(journal, journal_event(900).key, 0);
    assert_int_equal(jj_journal_commit(journal, &err), JJ_EUNAVAILABLE);
    assert_non_null(strstr(err.text, "closed"));
    assert_null(strstr(err.text, "not an error"));
}

static void assert_recovers(jj_journal *journal)
{
    jj_error err = {0};
    if (jj_journal_recover(journal, &err)) {
        fail_msg("%s", err.text);
    }
    assert_false(jj_journal_failed(journal));
}

/* ---- Each call in turn -------------------------------------------------------------------- */

/* A transaction of everything that a hub does in one. */
static int transaction(jj_journal *journal, unsigned first, unsigned last, jj_error *err)
{
    jj_consumer consumer;
    jj_journal_begin(journal);
    journal_append(journal, first, last);
    jj_record record = journal_event(last);
    jj_journal_consent_put(journal, &record, 3, true);
    if (jj_journal_consumer(journal, "blk/main", &consumer) == 0) {
        consumer.cursor = jj_journal_head(journal);
        consumer.delivered = consumer.cursor;
        jj_journal_consumer_move(journal, &consumer);
        jj_journal_state_put(journal, consumer.id, "key", "value");
    }
    const jj_quarantined entry = {.agency = "blk", .sealed = {"sealed", 6}};
    jj_journal_quarantine(journal, &entry, 3, 0);
    jj_journal_consent(journal, record.subject);
    return jj_journal_commit(journal, err);
}

static jj_journal *journal_with_ten(void)
{
    jj_consumer consumer;
    jj_journal *journal = journal_open();
    jj_journal_begin(journal);
    journal_append(journal, 1, 10);
    jj_journal_consumer_add(journal, "blk/main", &consumer);
    journal_commit(journal);
    return journal;
}

/* After the failure: nothing of it is seen; writing is refused; then it goes on as if nothing had
 * been. committed: what the journal answered. */
static void assert_consistent(jj_journal *journal, bool committed)
{
    uint64_t head = committed ? 15 : 10;
    assert_int_equal(jj_journal_head(journal), head);
    assert_int_equal(jj_journal_staged(journal), head);
    disk_heal();
    if (!committed) {
        assert_true(jj_journal_failed(journal));
        assert_refuses(journal);
        assert_recovers(journal);
    }
    assert_int_equal(jj_journal_head(journal), head);
    assert_int_equal(journal_check(journal), head);
    journal_store(journal, (unsigned)head + 1, 20);
    jj_journal_close(journal);
    journal = journal_open();
    assert_int_equal(journal_check(journal), 20);
    assert_int_equal(jj_journal_counts(journal).received, 20);
    jj_journal_close(journal);
    assert_int_equal(journal_number("SELECT count(*) FROM known"), 20);
    assert_int_equal(
        journal_number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
        0);
}

static void break_at_every(unsigned calls, bool once)
{
    unsigned good = 0, failures = 0, failed_calls = 0;
    do {
        jj_journal *journal = journal_with_ten();
        jj_error err = {0};
        disk_break(calls, good, once);
        int rc = transaction(journal, 11, 15, &err);
        failures = disk_failures();
        failed_calls += failures > 0;
        if (rc && (!failures || rc != JJ_EUNAVAILABLE)) {
            fail_msg("call %u: %s", good, err.text);
        }
        /* A failed read may be of something that is not needed after all; a write or sync is. */
        if (failures && rc == 0 && calls != DISK_READ) {
            fail_msg("call %u of kind %u failed, and the commit was acknowledged", good, calls);
        }
        assert_consistent(journal, rc == 0);
        unlink(journal_path);
        good++;
    } while (failures);
    assert_true(failed_calls > 0);
}

static void every_write_that_fails_refuses_the_transaction(void **state)
{
    (void)state;
    break_at_every(DISK_WRITE, false);
    break_at_every(DISK_WRITE, true);
}

static void every_sync_that_fails_refuses_the_transaction(void **state)
{
    (void)state;
    break_at_every(DISK_SYNC, false);
    break_at_every(DISK_SYNC, true);
}

/* A journal opened anew: its pages are not in memory. */
static void a_failed_read_never_splits_a_transaction(void **state)
{
    unsigned failures, good = 0, refused = 0;
    (void)state;
    jj_journal *journal = journal_with_ten();
    jj_journal_checkpoint(journal);
    jj_journal_close(journal);
    do {
        jj_error err = {0};
        journal = journal_open();
        unsigned before = (unsigned)jj_journal_head(journal);
        disk_break(DISK_READ, good++, true);
        int rc = transaction(journal, before + 1, before + 5, &err);
        failures = disk_failures();
        disk_heal();
        refused += rc != 0;
        if (rc) {
            assert_int_equal(journal_number("SELECT count(*) FROM event"), before);
            assert_recovers(journal);
        }
        assert_int_equal(journal_check(journal), before + (rc ? 0 : 5));
        jj_journal_checkpoint(journal);
        jj_journal_close(journal);
    } while (failures);
    assert_true(refused > 0);
}

/* The commit failed, and the process ends before it could recover: its client was told
 * `unavailable` and will send the events again. Whatever the file then holds is a whole. */
static void a_failed_commit_and_a_kill_leave_all_of_it_or_nothing(void **state)
{
    static const unsigned kinds[] = {DISK_WRITE, DISK_SYNC};
    unsigned found[2] = {0};
    (void)state;
    for (unsigned good = 0; good < 12; good++) {
        int status = -1;
        jj_journal_close(journal_with_ten());
        pid_t child = fork();
        if (child == 0) {
            jj_error err;
            jj_journal *journal = journal_open();
            disk_break(kinds[good % 2], good / 2, false);
            _exit(transaction(journal, 11, 15, &err) ? 0 : 3);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        jj_journal *journal = journal_open();
        unsigned head = journal_check(journal);
        if (head != 15 && (head != 10 || status != 0)) {
            fail_msg("%u good calls: %u events", good, head);
        }
        found[head == 15]++;
        assert_int_equal(jj_journal_counts(journal).received, head);
        jj_journal_close(journal);
        unlink(journal_path);
    }
    assert_true(found[0] && found[1]);
}

/* ---- While it is failed ------------------------------------------------------------------- */

static void a_journal_that_cannot_be_opened_again_stays_failed(void **state)
{
    jj_journal *journal = journal_with_ten();
    jj_error err = {0};
    jj_consumer consumer;
    uint64_t kept, pushed_out;
    (void)state;
    disk_break(DISK_WRITE, 0, false);
    assert_int_equal(transaction(journal, 11, 15, &err), JJ_EUNAVAILABLE);
    disk_break(DISK_READ | DISK_WRITE, 0, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(jj_journal_recover(journal, &err), JJ_EUNAVAILABLE);
        assert_true(jj_journal_failed(journal));
    }
    /* Everything may still be asked; nothing is answered, and nothing crashes. */
    assert_refuses(journal);
    jj_journal_begin(journal);
    jj_journal_consumer_add(journal, "x/y", &consumer);
    jj_journal_consumer_drop(journal, "blk/main");
    jj_journal_state_put(journal, 1, "k", "v");
    jj_journal_trim(journal, &(jj_retention){.age_ms = 1, .size_bytes = 1, .most = 10});
    assert_int_equal(jj_journal_commit(journal, &err), JJ_EUNAVAILABLE);
    jj_journal_checkpoint(journal);
    assert_int_equal(jj_journal_consumer(journal, "blk/main", &consumer), JJ_EUNAVAILABLE);
    assert_int_equal(jj_journal_quarantine_totals(journal, &kept, &pushed_out, NULL),
                     JJ_EUNAVAILABLE);
    assert_int_equal(jj_journal_consent(journal, journal_event(1).subject), 0);
    assert_int_equal(jj_journal_find(journal, journal_event(1).key, &(uint64_t){0}),
                     JJ_EUNAVAILABLE);
    disk_heal();
    assert_recovers(journal);
    assert_int_equal(journal_check(journal), 10);
    journal_store(journal, 11, 12);
    jj_journal_close(journal);
}

static void a_journal_is_closed_in_any_state(void **state)
{
    jj_error err = {0};
    (void)state;
    jj_journal *journal = journal_with_ten();
    disk_break(DISK_SYNC, 0, false);
    assert_int_equal(transaction(journal, 11, 15, &err), JJ_EUNAVAILABLE);
    jj_journal_close(journal);
    disk_heal();
    journal = journal_open();
    disk_break(DISK_WRITE | DISK_READ | DISK_SYNC, 0, false);
    transaction(journal, 11, 15, &err);
    jj_journal_recover(journal, &err);
    jj_journal_close(journal);
    disk_heal();
    jj_journal_close(NULL);
}

static void a_failed_checkpoint_loses_nothing(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        journal_store(journal, round * 100 + 1, round * 100 + 100);
        disk_break(round % 2 ? DISK_SYNC : DISK_WRITE, round / 2, false);
        jj_journal_checkpoint(journal);
        disk_heal();
        assert_int_equal(journal_check(journal), round * 100 + 100);
    }
    jj_journal_checkpoint(journal);
    jj_journal_close(journal);
    journal = journal_open();
    assert_int_equal(journal_check(journal), 600);
    jj_journal_close(journal);
}

static void a_full_disk_is_called_so(void **state)
{
    jj_journal *journal = journal_with_ten();
    jj_error err = {0};
    (void)state;
    disk_break(DISK_WRITE, 0, false);
    assert_int_equal(transaction(journal, 11, 15, &err), JJ_EUNAVAILABLE);
    assert_non_null(strstr(err.text, "full"));
    assert_string_equal(err.file, journal_path);
    jj_journal_close(journal);
}

/* ---- The real thing: the kernel refuses to let the files grow ------------------------------ */

static int fill_up(void)
{
    jj_error err = {0};
    jj_journal *journal = NULL;
    struct rlimit limit = {512 * 1024, 512 * 1024};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) || jj_journal_open(&journal, journal_path, &err)) {
        return -1;
    }
    int stored = 0;
    for (unsigned n = 1; n < 100000; n += 10) {
        jj_journal_begin(journal);
        journal_append(journal, n, n + 9);
        if (jj_journal_commit(journal, &err)) {
            break;
        }
        stored += 10;
    }
    bool refused = jj_journal_failed(journal);
    _exit(refused && write(STDOUT_FILENO, &stored, sizeof stored) == sizeof stored ? 0 : 1);
}

static void files_that_may_not_grow_lose_nothing(void **state)
{
    int out[2], stored = 0, status = -1;
    (void)state;
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDOUT_FILENO);
        _exit(fill_up());
    }
    assert_int_equal(read(out[0], &stored, sizeof stored), sizeof stored);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(out[0]);
    close(out[1]);
    jj_journal *journal = journal_open();
    assert_true(stored > 100);
    assert_int_equal(journal_check(journal), stored);
    journal_store(journal, (unsigned)stored + 1, (unsigned)stored + 10);
    jj_journal_close(journal);
}

/* ---- Loss of power ------------------------------------------------------------------------ */

static char durable[64], snapshots[64];
static unsigned snapshot_count, acknowledged, promised[2000];

/* Power may be lost right after any sync: what is durable then is kept for later. */
static void take_snapshot(void)
{
    char command[256];
    promised[snapshot_count] = acknowledged;
    snprintf(command, sizeof command, "cp -r '%s' '%s/%u'", durable, snapshots, snapshot_count);
    assert_int_equal(system(command), 0);
    snapshot_count++;
}

static void what_was_acknowledged_survives_the_loss_of_power(void **state)
{
    char real_path[sizeof journal_path], command[160];
    (void)state;
    strcpy(durable, "/tmp/jejaring-durable-XXXXXX");
    strcpy(snapshots, "/tmp/jejaring-snapshots-XXXXXX");
    assert_non_null(mkdtemp(durable));
    assert_non_null(mkdtemp(snapshots));
    snapshot_count = acknowledged = 0;
    disk_watch(durable, take_snapshot);
    jj_journal *journal = journal_open();
    for (unsigned n = 0; n < 30; n++) {
        journal_store(journal, n * 3 + 1, n * 3 + 3);
        acknowledged = n * 3 + 3;
        if (n % 7 == 6) {
            jj_journal_checkpoint(journal);
        }
    }
    jj_journal_close(journal);
    disk_watch(NULL, NULL);
    assert_true(snapshot_count > 40);
    strcpy(real_path, journal_path);
    for (unsigned i = 0; i < snapshot_count; i++) {
        snprintf(journal_path, sizeof journal_path, "%s/%u/journal.db", snapshots, i);
        journal = journal_open();
        unsigned found = journal_check(journal);
        if (found < promised[i] || found > promised[i] + 3) {
            fail_msg("sync %u: %u were acknowledged, %u survived", i, promised[i], found);
        }
        jj_journal_close(journal);
    }
    strcpy(journal_path, real_path);
    snprintf(command, sizeof command, "rm -rf '%s' '%s'", durable, snapshots);
    assert_int_equal(system(command), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_write_that_fails_refuses_the_transaction),
        TEST(every_sync_that_fails_refuses_the_transaction),
        TEST(a_failed_read_never_splits_a_transaction),
        TEST(a_failed_commit_and_a_kill_leave_all_of_it_or_nothing),
        TEST(a_journal_that_cannot_be_opened_again_stays_failed),
        TEST(a_journal_is_closed_in_any_state),
        TEST(a_failed_checkpoint_loses_nothing),
        TEST(a_full_disk_is_called_so),
        TEST(files_that_may_not_grow_lose_nothing),
        TEST(what_was_acknowledged_survives_the_loss_of_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
