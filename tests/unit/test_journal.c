/*
 * The journal: order, deduplication, durability as its own process sees it, and files that are not
 * ours. Consumers, consent, quarantine and retention stand in test_journal_upkeep.c, a failing disk
 * in test_journal_disk.c, killed writers in test_journal_kill.c.
 */
#include "base/fs.h"
#include "journal_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- Order -------------------------------------------------------------------------------- */

static void a_new_journal_is_empty(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    assert_int_equal(jj_journal_head(journal), 0);
    assert_int_equal(jj_journal_tail(journal), 1);
    assert_int_equal(jj_journal_staged(journal), 0);
    assert_int_equal(journal_check(journal), 0);
    assert_false(jj_journal_is_open(journal));
    assert_false(jj_journal_failed(journal));
    jj_journal_close(journal);
}

static void cursors_count_up_from_one_without_gaps(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    for (unsigned n = 1; n <= 50; n++) {
        jj_record record = journal_event(n);
        jj_journal_begin(journal);
        jj_journal_append(journal, &record);
        assert_int_equal(record.cursor, n);
        assert_int_equal(jj_journal_staged(journal), n);
        if (n % 3 == 0) {
            journal_commit(journal);
        }
    }
    journal_commit(journal);
    assert_int_equal(journal_check(journal), 50);
    jj_journal_close(journal);
}

static void a_journal_goes_on_where_it_was_closed(void **state)
{
    unsigned char secret[16];
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        jj_journal *journal = journal_open();
        assert_int_equal(journal_check(journal), round * 10);
        assert_true(round == 0 || memcmp(secret, jj_journal_secret(journal), 16) == 0);
        memcpy(secret, jj_journal_secret(journal), 16);
        journal_store(journal, round * 10 + 1, round * 10 + 10);
        jj_journal_close(journal);
    }
}

static bool count_some(void *arg, const jj_record *record)
{
    unsigned *left = arg;
    assert_int_equal(record->text.size_bytes, 0);
    return --*left > 0;
}

static void a_walk_stays_between_its_bounds_and_ends_when_told(void **state)
{
    jj_journal *journal = journal_open();
    unsigned left = 1000;
    (void)state;
    journal_store(journal, 1, 100);
    assert_int_equal(jj_journal_read(journal, 10, 20, false, count_some, &left, NULL), 0);
    assert_int_equal(left, 990);
    assert_int_equal(jj_journal_read(journal, 95, 5000, false, count_some, &left, NULL), 0);
    assert_int_equal(left, 985);
    assert_int_equal(jj_journal_read(journal, 20, 20, false, count_some, &left, NULL), 0);
    assert_int_equal(jj_journal_read(journal, 30, 20, false, count_some, &left, NULL), 0);
    assert_int_equal(
        jj_journal_read(journal, UINT64_MAX, UINT64_MAX, false, count_some, &left, NULL), 0);
    assert_int_equal(left, 985);
    left = 3;
    assert_int_equal(jj_journal_read(journal, 0, 100, false, count_some, &left, NULL), 0);
    assert_int_equal(left, 0);
    jj_journal_close(journal);
}

/* ---- Transactions ------------------------------------------------------------------------- */

static void nothing_is_visible_before_the_commit(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 5);
    jj_journal_begin(journal);
    journal_append(journal, 6, 9);
    const jj_counts rejected = {.received = 1, .rejected = 1};
    jj_journal_count(journal, &rejected);
    assert_true(jj_journal_is_open(journal));
    assert_int_equal(jj_journal_head(journal), 5);
    assert_int_equal(journal_check(journal), 5);
    assert_int_equal(jj_journal_counts(journal).accepted, 5);
    assert_int_equal(jj_journal_counts(journal).received, 5);
    assert_int_equal(jj_journal_staged(journal), 9);
    assert_int_equal(journal_number("SELECT count(*) FROM event"), 5);
    journal_commit(journal);
    assert_int_equal(journal_check(journal), 9);
    assert_int_equal(jj_journal_counts(journal).received, 10);
    assert_int_equal(journal_number("SELECT count(*) FROM event"), 9);
    jj_journal_close(journal);
}

static void what_was_never_committed_never_was(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 5);
    jj_journal_begin(journal);
    journal_append(journal, 6, 9);
    jj_journal_close(journal);
    journal = journal_open();
    assert_int_equal(journal_check(journal), 5);
    assert_int_equal(jj_journal_known(journal, journal_event(6).key, journal_event(6).digest),
                     JJ_KNOWN_NOT);
    journal_store(journal, 6, 6);
    assert_int_equal(journal_check(journal), 6);
    jj_journal_close(journal);
}

static void a_commit_of_nothing_is_no_error(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_commit(journal);
    jj_journal_begin(journal);
    jj_journal_begin(journal);
    journal_commit(journal);
    journal_commit(journal);
    assert_int_equal(jj_journal_head(journal), 0);
    jj_journal_close(journal);
}

/* ---- Deduplication ------------------------------------------------------------------------ */

static void assert_known(jj_journal *journal, unsigned n, uint64_t digest, enum jj_known expected)
{
    jj_record record = journal_event(n);
    assert_int_equal(jj_journal_known(journal, record.key, digest), expected);
}

static void the_same_key_is_a_duplicate_or_a_conflict(void **state)
{
    jj_journal *journal = journal_open();
    uint64_t digest = journal_event(3).digest;
    (void)state;
    assert_known(journal, 3, digest, JJ_KNOWN_NOT);
    journal_store(journal, 1, 5);
    assert_known(journal, 3, digest, JJ_KNOWN_DUPLICATE);
    assert_known(journal, 3, digest ^ 1, JJ_KNOWN_CONFLICT);
    assert_known(journal, 3, digest ^ 1ull << 63, JJ_KNOWN_CONFLICT);
    assert_known(journal, 6, digest, JJ_KNOWN_NOT);
    jj_journal_close(journal);
    journal = journal_open();
    assert_known(journal, 3, digest, JJ_KNOWN_DUPLICATE);
    assert_known(journal, 3, digest ^ 1, JJ_KNOWN_CONFLICT);
    jj_journal_close(journal);
}

static void an_event_is_known_from_its_append_on(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    jj_journal_begin(journal);
    journal_append(journal, 1, 1);
    assert_known(journal, 1, journal_event(1).digest, JJ_KNOWN_DUPLICATE);
    assert_known(journal, 1, 0, JJ_KNOWN_CONFLICT);
    journal_commit(journal);
    jj_journal_close(journal);
}

static void an_event_is_found_by_its_key(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 5);
    uint64_t cursor = 0;
    assert_int_equal(jj_journal_find(journal, journal_event(4).key, &cursor), 0);
    assert_int_equal(cursor, 4);
    assert_int_equal(jj_journal_find(journal, journal_event(6).key, &cursor), JJ_ENOTFOUND);
    jj_journal_close(journal);
}

static void appending_a_known_key_changes_nothing(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 5);
    jj_journal_begin(journal);
    journal_append(journal, 6, 6);
    for (unsigned n = 5; n <= 6; n++) { /* of an earlier transaction, and of this one */
        jj_record record = journal_event(n);
        assert_int_equal(jj_journal_append(journal, &record), JJ_KNOWN_DUPLICATE);
        record.digest++;
        assert_int_equal(jj_journal_append(journal, &record), JJ_KNOWN_CONFLICT);
        assert_int_equal(record.cursor, 0);
        assert_int_equal(jj_journal_staged(journal), 6);
    }
    jj_record fresh = journal_event(7);
    assert_int_equal(jj_journal_append(journal, &fresh), JJ_KNOWN_NOT);
    assert_int_equal(fresh.cursor, 7);
    journal_commit(journal);
    assert_int_equal(journal_check(journal), 7);
    jj_journal_close(journal);
}

/* ---- Counting ----------------------------------------------------------------------------- */

static void what_was_received_is_accounted_for(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        const jj_counts more = {
            .received = 1 + 2 * round, .duplicate = 1 + round, .rejected = round};
        jj_journal_begin(journal);
        journal_append(journal, round * 3 + 1, round * 3 + 3);
        jj_journal_count(journal, &more);
        journal_commit(journal);
        jj_counts counts = jj_journal_counts(journal);
        assert_int_equal(counts.received, counts.accepted + counts.duplicate + counts.rejected);
    }
    jj_journal_close(journal);
    journal = journal_open();
    jj_counts counts = jj_journal_counts(journal);
    assert_int_equal(counts.accepted, 60);
    assert_int_equal(counts.duplicate, 20 + 190);
    assert_int_equal(counts.rejected, 190);
    assert_int_equal(counts.received, 60 + 210 + 190);
    jj_journal_close(journal);
}

/* ---- Files -------------------------------------------------------------------------------- */

static void the_files_are_private(void **state)
{
    jj_journal *journal = journal_open();
    struct stat st;
    char beside[160];
    (void)state;
    umask(0);
    journal_store(journal, 1, 1);
    assert_int_equal(stat(journal_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    static const char *const more[] = {"-wal", "-shm", ".lock"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(beside, sizeof beside, "%s%s", journal_path, more[i]);
        assert_int_equal(stat(beside, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    jj_journal_close(journal);
}

static void assert_not_opened(int code, const char *says)
{
    jj_journal *journal = NULL;
    jj_error err = {0};
    int rc = jj_journal_open(&journal, journal_path, &err);
    if (rc != code || !strstr(err.text, says) || journal) {
        fail_msg("expected %s: ...%s..., came %s: %s", jj_code_name(code), says, jj_code_name(rc),
                 err.text);
    }
}

static void a_second_opener_is_refused(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    assert_not_opened(JJ_EUNAVAILABLE, "another hub has ");
    pid_t child = fork();
    if (child == 0) {
        jj_journal *second = NULL;
        _exit(jj_journal_open(&second, journal_path, NULL) == JJ_EUNAVAILABLE ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    journal_store(journal, 1, 3);
    jj_journal_close(journal);
    journal = journal_open();
    assert_int_equal(journal_check(journal), 3);
    jj_journal_close(journal);
}

static void read_whole(jj_buf *bytes)
{
    jj_buf_reset(bytes);
    assert_int_equal(jj_file_read(journal_path, 1 << 24, bytes, NULL), 0);
}

static void a_foreign_database_is_refused_and_not_touched(void **state)
{
    static const char *const foreign[] = {"CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);",
                                          "PRAGMA application_id = 12345; CREATE TABLE event (x);",
                                          "PRAGMA application_id = 12345;"};
    jj_buf before = {0}, after = {0};
    (void)state;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        unlink(journal_path);
        journal_sql(foreign[i]);
        read_whole(&before);
        assert_not_opened(JJ_EVERSION, "not a journal of ours");
        read_whole(&after);
        assert_int_equal(before.size, after.size);
        assert_memory_equal(before.data, after.data, before.size);
    }
    jj_buf_clear(&before);
    jj_buf_clear(&after);
}

static void a_newer_journal_is_refused_and_not_touched(void **state)
{
    jj_buf before = {0}, after = {0};
    (void)state;
    jj_journal_close(journal_open());
    journal_sql("PRAGMA user_version = 4;");
    read_whole(&before);
    assert_not_opened(JJ_EVERSION, "version 4");
    read_whole(&after);
    assert_memory_equal(before.data, after.data, before.size);
    jj_buf_clear(&before);
    jj_buf_clear(&after);
}

static void what_is_no_database_is_refused(void **state)
{
    char text[8192];
    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(jj_file_write(journal_path, text, sizeof text, 0600, NULL), 0);
    assert_not_opened(JJ_EUNAVAILABLE, "not a database");
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    jj_journal *journal = NULL;
    jj_error err = {0};
    (void)state;
    assert_int_equal(jj_journal_open(&journal, "/nowhere/at/all.db", &err), JJ_EUNAVAILABLE);
    assert_non_null(strstr(err.text, "/nowhere/at/all.db"));
}

static void an_empty_file_becomes_a_journal(void **state)
{
    (void)state;
    assert_int_equal(jj_file_write(journal_path, "", 0, 0600, NULL), 0);
    jj_journal_close(journal_open());
}

static void a_journal_that_lost_its_end_is_refused(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 5);
    jj_journal_close(journal);
    journal_sql("DELETE FROM event WHERE cursor = 5");
    assert_not_opened(JJ_EUNAVAILABLE, "its last event is 4, but 5 were accepted");
    journal_sql("DROP TABLE known");
    assert_not_opened(JJ_EUNAVAILABLE, "tables are damaged");
}

static void a_note_of_the_node_is_read_at_rest(void **state)
{
    char value[40] = "as before";
    (void)state;
    jj_journal_peek(journal_path, "x", value, sizeof value);
    assert_string_equal(value, "");
    assert_int_not_equal(access(journal_path, F_OK), 0);

    jj_journal *journal = journal_open();
    jj_journal_begin(journal);
    jj_journal_state_put(journal, JJ_JOURNAL_NODE, "x", "noted");
    journal_commit(journal);
    jj_journal_close(journal);
    jj_journal_peek(journal_path, "x", value, sizeof value);
    assert_string_equal(value, "noted");
    jj_journal_peek(journal_path, "y", value, sizeof value);
    assert_string_equal(value, "");
    assert_int_equal(jj_file_write(journal_path, "no database", 11, 0600, NULL), 0);
    jj_journal_peek(journal_path, "x", value, sizeof value);
    assert_string_equal(value, "");
}

static void bytes_changed_on_the_disk_never_crash(void **state)
{
    jj_buf original = {0};
    uint32_t random = 4242;
    (void)state;
    jj_journal *journal = journal_open();
    journal_store(journal, 1, 300);
    jj_journal_close(journal);
    read_whole(&original);
    for (unsigned round = 0; round < 60; round++) {
        char *bytes = malloc(original.size);
        memcpy(bytes, original.data, original.size);
        for (unsigned i = 0; i < 20; i++) {
            random = random * 1103515245 + 12345;
            bytes[100 + (random >> 4) % (original.size - 100)] ^= (char)(1 << (random >> 28) % 8);
        }
        assert_int_equal(jj_file_write(journal_path, bytes, original.size, 0600, NULL), 0);
        free(bytes);
        jj_journal *damaged = NULL;
        unsigned left = 1000;
        if (jj_journal_open(&damaged, journal_path, NULL) == 0) {
            jj_journal_begin(damaged);
            jj_journal_known(damaged, journal_event(3).key, 0);
            jj_journal_read(damaged, 0, UINT64_MAX, false, count_some, &left, NULL);
            journal_append(damaged, 301, 305);
            jj_journal_commit(damaged, NULL);
        }
        jj_journal_close(damaged);
    }
    jj_buf_clear(&original);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_folder, journal_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_journal_is_empty),
        TEST(cursors_count_up_from_one_without_gaps),
        TEST(a_journal_goes_on_where_it_was_closed),
        TEST(a_walk_stays_between_its_bounds_and_ends_when_told),
        TEST(nothing_is_visible_before_the_commit),
        TEST(what_was_never_committed_never_was),
        TEST(a_commit_of_nothing_is_no_error),
        TEST(the_same_key_is_a_duplicate_or_a_conflict),
        TEST(an_event_is_known_from_its_append_on),
        TEST(an_event_is_found_by_its_key),
        TEST(appending_a_known_key_changes_nothing),
        TEST(what_was_received_is_accounted_for),
        TEST(the_files_are_private),
        TEST(a_second_opener_is_refused),
        TEST(a_foreign_database_is_refused_and_not_touched),
        TEST(a_newer_journal_is_refused_and_not_touched),
        TEST(what_is_no_database_is_refused),
        TEST(a_folder_that_is_not_there_is_named),
        TEST(an_empty_file_becomes_a_journal),
        TEST(a_journal_that_lost_its_end_is_refused),
        TEST(a_note_of_the_node_is_read_at_rest),
        TEST(bytes_changed_on_the_disk_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
