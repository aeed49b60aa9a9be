/*
 * Writers that are killed in the middle of their work, many times, at moments that nobody chose:
 * every transaction that was acknowledged is there, every other one is there whole or not at all.
 */
#include "journal_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define EVENTS 7 /* in a transaction */
#define ROUNDS 40

/* Writes transactions for ever and says the head after each. */
static void write_for_ever(int out)
{
    jj_journal *journal = NULL;
    jj_consumer consumer = {0};
    if (jj_journal_open(&journal, journal_path, NULL)) {
        _exit(1);
    }
    for (;;) {
        unsigned head = (unsigned)jj_journal_head(journal);
        jj_journal_begin(journal);
        if (jj_journal_consumer(journal, "blk/main", &consumer)) {
            jj_journal_consumer_add(journal, "blk/main", &consumer);
        }
        journal_append(journal, head + 1, head + EVENTS);
        consumer.cursor = consumer.delivered = head;
        jj_journal_consumer_move(journal, &consumer);
        char value[16];
        snprintf(value, sizeof value, "%u", head + EVENTS);
        jj_journal_state_put(journal, consumer.id, "head", value);
        if (jj_journal_commit(journal, NULL)) {
            _exit(2);
        }
        head += EVENTS;
        if (write(out, &head, sizeof head) != sizeof head) {
            _exit(3);
        }
        if (head % 5 == 0) {
            jj_journal_checkpoint(journal);
        }
    }
}

static uint32_t random_state = 77;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    return random_state ^= random_state << 5;
}

/* Lets a writer acknowledge some transactions and kills it while it goes on. Returns the last head
 * that it acknowledged, also of those that it still said before it died. */
static unsigned kill_a_writer(unsigned before)
{
    int out[2], status = 0;
    unsigned head = before, acknowledged = before;
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        close(out[0]);
        write_for_ever(out[1]);
    }
    close(out[1]);
    for (unsigned wanted = 1 + next_random() % 8; wanted; wanted--) {
        assert_int_equal(read(out[0], &head, sizeof head), sizeof head);
        acknowledged = head;
    }
    /* A moment of some length, by counting: not a sleep, whose end the scheduler rounds. */
    for (volatile unsigned spin = next_random() % 300000; spin; spin--) {
    }
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    while (read(out[0], &head, sizeof head) == sizeof head) {
        acknowledged = head;
    }
    close(out[0]);
    return acknowledged;
}

static bool take_value(void *arg, const char *key, const char *value)
{
    assert_string_equal(key, "head");
    *(unsigned *)arg = (unsigned)atoi(value);
    return true;
}

static void every_acknowledged_transaction_survives_a_kill(void **state)
{
    unsigned before = 0, unacknowledged = 0;
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned acknowledged = kill_a_writer(before), value = 0;
        jj_consumer consumer;
        jj_journal *journal = journal_open();
        unsigned head = journal_check(journal);
        if (head < acknowledged || head > acknowledged + EVENTS || head % EVENTS) {
            fail_msg("seed 77, round %u: %u acknowledged, %u found", round, acknowledged, head);
        }
        unacknowledged += head > acknowledged;
        /* What belongs to one transaction came or stayed away together. */
        assert_int_equal(jj_journal_counts(journal).received, head);
        assert_int_equal(jj_journal_consumer(journal, "blk/main", &consumer), 0);
        assert_int_equal(consumer.cursor, head - EVENTS);
        assert_int_equal(jj_journal_state_read(journal, consumer.id, "", take_value, &value, NULL),
                         0);
        assert_int_equal(value, head);
        jj_journal_close(journal);
        assert_int_equal(journal_number("SELECT count(*) FROM known"), head);
        before = head;
    }
    print_message("%u transactions, %u of them durable but never acknowledged\n", before / EVENTS,
                  unacknowledged);
}

static void a_killed_writer_leaves_no_lock_behind(void **state)
{
    (void)state;
    kill_a_writer(0);
    jj_journal *journal = journal_open();
    unsigned head = (unsigned)jj_journal_head(journal);
    journal_store(journal, head + 1, head + 3);
    jj_journal_close(journal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_folder, journal_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_acknowledged_transaction_survives_a_kill),
        TEST(a_killed_writer_leaves_no_lock_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
