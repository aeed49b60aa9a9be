/*
 * Who is mentioned where: an erasure finds every event and every entry of the vault that mentions a
 * person, wherever it stands and whatever happened to the journal meanwhile, without reading the
 * others, and leaves nothing of the person among what is noted.
 */
#include "journal/audit.h"

#include "base/buf.h"
#include "base/id.h"
#include "faulty_disk.h"
#include "journal_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* So many UUIDs in each event that 4,096 events are a block. */
#define WIDE  64
#define BLOCK 4096

static const char *person(unsigned n)
{
    static char text[JJ_UUID_SIZE];
    snprintf(text, sizeof text, "0000%04x-aaaa-8000-8000-00000000beef", n);
    return text;
}

/* An event about a person (0: about nobody) that names another in its data (0: nobody), among UUIDs
 * that are of this event alone. */
static void append(jj_journal *journal, unsigned n, unsigned about, unsigned names, bool contact)
{
    static jj_buf text;
    char subject[JJ_UUID_SIZE], sealed[32];
    jj_record record = journal_event(n);
    snprintf(subject, sizeof subject, "%s", about ? person(about) : "");
    snprintf(sealed, sizeof sealed, "sealed %u", n);
    jj_buf_reset(&text);
    jj_buf_printf(&text, "{\"subject\":\"%s\",\"data\":{", subject);
    if (names) {
        jj_buf_printf(&text, "\"person\":\"%s\",", person(names));
    }
    jj_buf_puts(&text, "\"list\":[\"\"");
    for (unsigned i = 0; i < WIDE; i++) {
        jj_buf_printf(&text, ",\"%08X-%04x-8000-8000-0123456789ab\"", n, i);
    }
    jj_buf_puts(&text, "]}}");
    record.type = "outcome.reported";
    record.subject = subject;
    record.text = (jj_span){text.data, text.size};
    if (contact) {
        record.contact = (jj_span){sealed, strlen(sealed)};
    }
    assert_int_equal(jj_journal_append(journal, &record), JJ_KNOWN_NOT);
}

/* Events first to last; of these each 1,000th is about person 1, the one behind it names person 2.
 */
static void store(jj_journal *journal, unsigned first, unsigned last)
{
    for (unsigned n = first; n <= last; n++) {
        if (n == first || n % 2048 == 0) {
            journal_commit(journal);
            jj_journal_begin(journal);
        }
        append(journal, n, n % 1000 == 0 ? 1 : 0, n % 1000 == 1 ? 2 : 0, n % 1000 == 0);
    }
    journal_commit(journal);
}

static uint64_t erase(jj_journal *journal, unsigned who)
{
    jj_journal_begin(journal);
    jj_journal_erase(journal, person(who));
    uint64_t emptied = jj_journal_erase_staged(journal, NULL, NULL);
    journal_commit(journal);
    return emptied;
}

/* How many events and entries of the vault hold a person, by reading all of them. */
static long long remaining(jj_journal *journal, unsigned who)
{
    char sql[512];
    (void)journal; /* what it committed is seen by others at once */
    snprintf(sql, sizeof sql,
             "SELECT (SELECT count(*) FROM event WHERE subject = '%s' OR instr(text, '%s')) +"
             " (SELECT count(*) FROM vault WHERE subject = '%s')",
             person(who), person(who), person(who));
    return journal_number(sql);
}

static void note_cursor(void *arg, const jj_record *record)
{
    jj_buf_printf(arg, "%llu ", (unsigned long long)record->cursor);
}

static void assert_about(jj_journal *journal, unsigned who, const char *expected)
{
    jj_buf list = {0};
    jj_buf_puts(&list, "");
    assert_int_equal(jj_journal_about(journal, person(who), note_cursor, &list, NULL), 0);
    assert_string_equal(list.data, expected);
    jj_buf_clear(&list);
}

static bool note_sealed(void *arg, const jj_vaulted *entry)
{
    jj_buf_printf(arg, "%.*s,", (int)entry->sealed.size_bytes, entry->sealed.at);
    return true;
}

static void assert_vaulted(jj_journal *journal, unsigned who, const char *expected)
{
    jj_buf list = {0};
    jj_buf_puts(&list, "");
    assert_int_equal(jj_journal_vault_read(journal, person(who), note_sealed, &list, NULL), 0);
    assert_string_equal(list.data, expected);
    jj_buf_clear(&list);
}

/* ---- Finding ------------------------------------------------------------------------------ */

static void a_person_is_found_in_every_block_and_in_what_is_not_one_yet(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    store(journal, 1, 2 * BLOCK + 2000);
    assert_int_equal(journal_number("SELECT count(*) FROM mention_block"), 2);
    assert_about(journal, 1, "1000 2000 3000 4000 5000 6000 7000 8000 9000 10000 ");
    assert_vaulted(journal, 1,
                   "sealed 1000,sealed 2000,sealed 3000,sealed 4000,sealed 5000,sealed 6000,"
                   "sealed 7000,sealed 8000,sealed 9000,sealed 10000,");
    assert_int_equal(remaining(journal, 1), 20);
    assert_int_equal(remaining(journal, 2), 11);
    assert_int_equal(erase(journal, 1), 10);
    assert_int_equal(erase(journal, 2), 0);
    assert_int_equal(remaining(journal, 1), 0);
    assert_int_equal(remaining(journal, 2), 0);
    assert_about(journal, 1, "");
    assert_vaulted(journal, 1, "");
    /* Nothing else has changed, and who comes again is found again. */
    assert_int_equal(journal_number("SELECT count(*) FROM event WHERE length(text) < 2000"), 10);
    store(journal, 2 * BLOCK + 2001, 2 * BLOCK + 3000);
    assert_about(journal, 1, "11000 ");
    assert_vaulted(journal, 1, "sealed 11000,");
    jj_journal_close(journal);
}

static void a_person_is_found_after_any_number_of_restarts(void **state)
{
    jj_journal *journal = NULL;
    (void)state;
    for (unsigned n = 0; n < 6; n++) {
        journal = journal_open();
        store(journal, n * 1000 + 1, n * 1000 + 1000);
        if (n == 2) {
            assert_about(journal, 1, "1000 2000 3000 ");
        }
        jj_journal_close(journal);
    }
    journal = journal_open();
    assert_int_equal(erase(journal, 1), 6);
    assert_int_equal(erase(journal, 2), 0);
    assert_int_equal(remaining(journal, 1) + remaining(journal, 2), 0);
    jj_journal_close(journal);
}

/* Counts for each of 300 persons the events that mention them. */
static bool count_persons(void *arg, const jj_record *record)
{
    unsigned *counts = arg;
    char uuid[JJ_UUID_SIZE];
    for (size_t at = 0; jj_uuid_next(record->text.at, record->text.size_bytes, &at, uuid);) {
        if (strcmp(uuid + 9, person(0) + 9) == 0) {
            counts[strtoul(uuid, NULL, 16)]++;
        }
    }
    return true;
}

static void many_persons_are_found_at_once(void **state)
{
    jj_journal *journal = journal_open();
    unsigned counts[301] = {0};
    (void)state;
    for (unsigned n = 1; n <= BLOCK + 1000; n++) {
        jj_journal_begin(journal);
        append(journal, n, n % 300 + 1, (n + 150) % 300 + 1, n % 3 == 0);
        if (n % 256 == 0) {
            journal_commit(journal);
        }
    }
    journal_commit(journal);
    jj_journal_begin(journal);
    for (unsigned who = 11; who <= 300; who++) {
        jj_journal_erase(journal, person(who));
    }
    jj_journal_erase_staged(journal, NULL, NULL);
    journal_commit(journal);
    assert_int_equal(jj_journal_read(journal, 0, UINT64_MAX, true, count_persons, counts, NULL), 0);
    for (unsigned who = 1; who <= 300; who++) {
        if ((counts[who] == 0) != (who > 10)) {
            fail_msg("%u events mention person %u", counts[who], who);
        }
    }
    jj_journal_close(journal);
    assert_int_equal(journal_number("SELECT count(*) FROM vault"),
                     journal_number("SELECT count(*) FROM vault WHERE subject < '0000000b'"));
    assert_true(journal_number("SELECT count(*) FROM vault") > 0);
}

static void what_an_aborted_transaction_noted_hides_nothing(void **state)
{
    int status = -1;
    jj_journal *journal = journal_open();
    (void)state;
    store(journal, 1, 1000);
    jj_journal_close(journal);
    /* A process that dies with a whole block in its transaction. */
    pid_t child = fork();
    if (child == 0) {
        journal = journal_open();
        jj_journal_begin(journal);
        for (unsigned n = 1001; n <= BLOCK + 500; n++) {
            append(journal, n, 1, 2, true);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    journal = journal_open();
    assert_int_equal(journal_number("SELECT count(*) FROM mention_block"), 0);
    store(journal, 1001, BLOCK + 1000);
    assert_int_equal(erase(journal, 1), 5);
    erase(journal, 2);
    assert_int_equal(remaining(journal, 1) + remaining(journal, 2), 0);
    jj_journal_close(journal);
}

static void a_failed_commit_hides_nothing(void **state)
{
    jj_journal *journal = journal_open();
    jj_error err;
    (void)state;
    store(journal, 1, BLOCK - 100);
    jj_journal_begin(journal);
    for (unsigned n = BLOCK - 99; n <= BLOCK + 100; n++) {
        append(journal, n, 1, 2, true);
    }
    disk_break(DISK_SYNC, 0, true);
    assert_int_not_equal(jj_journal_commit(journal, &err), 0);
    disk_heal();
    assert_about(journal, 1, "1000 2000 3000 ");
    assert_int_equal(jj_journal_recover(journal, &err), 0);
    assert_about(journal, 1, "1000 2000 3000 ");
    store(journal, BLOCK - 99, BLOCK + 1000);
    assert_int_equal(erase(journal, 1), 5);
    erase(journal, 2);
    assert_int_equal(remaining(journal, 1) + remaining(journal, 2), 0);
    jj_journal_close(journal);
}

/* ---- Older versions ----------------------------------------------------------------------- */

static void make_version_2(void)
{
    journal_sql("DROP TABLE mention; DROP TABLE mention_block; PRAGMA user_version = 2;");
}

static void a_person_is_found_in_a_journal_of_an_older_version(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    store(journal, 1, BLOCK + 1000);
    jj_journal_close(journal);
    make_version_2();
    journal = journal_open();
    assert_int_equal(journal_number("PRAGMA user_version"), 3);
    assert_about(journal, 1, "1000 2000 3000 4000 5000 ");
    store(journal, BLOCK + 1001, 2 * BLOCK);
    assert_int_equal(erase(journal, 1), 8);
    erase(journal, 2);
    assert_int_equal(remaining(journal, 1) + remaining(journal, 2), 0);
    jj_journal_close(journal);
}

/* 70,000 small events: more than the rows of a block. */
static void an_older_journal_is_noted_bit_by_bit(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    journal_store(journal, 1, 70000);
    jj_journal_close(journal);
    make_version_2();
    journal = journal_open();
    for (int i = 0; i < 3; i++) {
        jj_journal_begin(journal);
        jj_journal_fill(journal);
        journal_commit(journal);
    }
    /* What is less than a block waits for the first who asks. */
    assert_int_equal(journal_number("SELECT count(*) FROM mention_block"), 1);
    assert_int_equal(journal_number("SELECT max(upto) FROM mention_block"), 65536);
    jj_journal_begin(journal);
    jj_journal_erase(journal, "00000007-0000-8000-8000-000000000000");
    assert_int_equal(jj_journal_erase_staged(journal, NULL, NULL), 7000);
    journal_commit(journal);
    jj_journal_close(journal);
}

/* ---- Retention and numbers ---------------------------------------------------------------- */

static void trim(jj_journal *journal, uint64_t most)
{
    const jj_retention retention = {.size_bytes = 1, .most = most};
    jj_journal_begin(journal);
    assert_int_equal(jj_journal_trim(journal, &retention), most);
    journal_commit(journal);
}

static void retention_takes_blocks_along_and_the_vault_stays(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    store(journal, 1, 2 * BLOCK + 10);
    assert_int_equal(journal_number("SELECT count(*) FROM mention_block"), 2);
    trim(journal, BLOCK - 1);
    assert_int_equal(journal_number("SELECT count(*) FROM mention_block"), 2);
    trim(journal, 1001);
    assert_int_equal(journal_number("SELECT count(*) FROM mention_block"), 1);
    assert_int_equal(journal_number("SELECT count(*) FROM mention"), 512);
    assert_about(journal, 1, "6000 7000 8000 ");
    jj_journal_close(journal);
    journal = journal_open();
    assert_int_equal(erase(journal, 1), 3);
    assert_int_equal(remaining(journal, 1), 0);
    jj_journal_close(journal);
}

static void a_number_in_the_vault_that_is_free_again_hides_nobody(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        jj_journal_begin(journal);
        append(journal, round * 3 + 1, 7, 0, true);
        append(journal, round * 3 + 2, 8, 0, true);
        append(journal, round * 3 + 3, 9, 0, true);
        journal_commit(journal);
        assert_int_equal(erase(journal, 9), 1);
        assert_int_equal(erase(journal, 8), 1);
        assert_int_equal(remaining(journal, 8) + remaining(journal, 9), 0);
        if (round % 2) {
            jj_journal_close(journal);
            journal = journal_open();
        }
    }
    assert_vaulted(journal, 7, "sealed 1,sealed 4,sealed 7,sealed 10,");
    jj_journal_close(journal);
}

/* ---- What stays --------------------------------------------------------------------------- */

static const char entries[] = "SELECT ifnull(sum(length(entries)), 0) / 6 FROM mention";

static void nothing_is_left_of_a_person_who_is_erased(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    store(journal, 1, BLOCK + 10);
    erase(journal, 1);
    erase(journal, 2);
    jj_journal_close(journal);
    /* Four events are emptied, five are cut: what else these name is still noted. */
    assert_int_equal(journal_number(entries), (BLOCK - 4) * WIDE);
}

static void nothing_is_left_of_a_person_whose_events_are_gone(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    store(journal, 1, BLOCK + 10);
    trim(journal, 1500);
    /* What retention took is noted until the rest of the block goes, but of this person. */
    assert_int_equal(erase(journal, 1), 3);
    erase(journal, 2);
    jj_journal_close(journal);
    assert_int_equal(journal_number(entries), (BLOCK - 3) * WIDE);
}

/* ---- What it costs ------------------------------------------------------------------------ */

static void an_erasure_reads_little_of_a_long_journal(void **state)
{
    jj_journal *journal = journal_open();
    jj_error err;
    (void)state;
    store(journal, 1, 2 * BLOCK + 10);
    assert_int_equal(jj_journal_scrub(journal, &err), 0);
    long long pages = journal_number("PRAGMA page_count");
    jj_journal_close(journal);
    journal = journal_open();
    erase(journal, 3); /* reads what is behind the last block */
    disk_break(DISK_READ, 1000000, true);
    assert_int_equal(erase(journal, 4), 0);
    unsigned of_nobody = disk_calls();
    disk_heal();
    disk_break(DISK_READ, 1000000, true);
    assert_int_equal(erase(journal, 1), 8);
    unsigned of_one = disk_calls();
    disk_heal();
    assert_true(pages > 2000);
    if (of_nobody > 40 || of_one > 8 * WIDE * 3) {
        fail_msg("of %lld pages %u were read for nobody, %u for a person with 8 events", pages,
                 of_nobody, of_one);
    }
    jj_journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_folder, journal_folder_remove)
        TEST(a_person_is_found_in_every_block_and_in_what_is_not_one_yet),
        TEST(a_person_is_found_after_any_number_of_restarts),
        TEST(many_persons_are_found_at_once),
        TEST(what_an_aborted_transaction_noted_hides_nothing),
        TEST(a_failed_commit_hides_nothing),
        TEST(a_person_is_found_in_a_journal_of_an_older_version),
        TEST(an_older_journal_is_noted_bit_by_bit),
        TEST(retention_takes_blocks_along_and_the_vault_stays),
        TEST(a_number_in_the_vault_that_is_free_again_hides_nobody),
        TEST(nothing_is_left_of_a_person_who_is_erased),
        TEST(nothing_is_left_of_a_person_whose_events_are_gone),
        TEST(an_erasure_reads_little_of_a_long_journal),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
