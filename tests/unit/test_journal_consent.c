/*
 * A person's consent: the latest word counts, in whatever order the words arrive.
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

#define PERSON "00000001-0000-8000-8000-000000000000"

static const struct said {
    int64_t time_ms;
    unsigned char key;
    uint32_t audiences;
    bool granted;
} said[] = {
    {100, 1, 1 | 2 | 4 | 16, true},
    {200, 1, 2 | 8, false},
    {150, 9, 8 | 16, true},
    {200, 2, 2, true},  /* the same moment as above: the withdrawal counts, whatever the keys */
    {100, 1, 4, false}, /* the same event grants and withdraws: withdrawing counts */
    {50, 7, 1 | 32, false},
};
#define SAID (sizeof said / sizeof *said)

static void put_consent(jj_journal *journal, const struct said *s, const char *person)
{
    jj_record record = {.time_ms = s->time_ms, .subject = person};
    record.key[15] = s->key;
    jj_journal_consent_put(journal, &record, s->audiences, s->granted);
}

/* Heap's algorithm: every order of the indexes once, each with a person of its own. */
static void each_order(jj_journal *journal, size_t *order, size_t count, unsigned *person)
{
    if (count == 1) {
        char subject[37];
        snprintf(subject, sizeof subject, "%08x-0000-8000-8000-000000000000", ++*person);
        for (size_t i = 0; i < SAID; i++) {
            put_consent(journal, &said[order[i]], subject);
        }
        uint32_t consent = jj_journal_consent(journal, subject);
        if (consent != (1 | 16)) {
            fail_msg("order %zu%zu%zu%zu%zu%zu: consent %x", order[0], order[1], order[2], order[3],
                     order[4], order[5], consent);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        each_order(journal, order, count - 1, person);
        size_t other = count % 2 ? 0 : i, kept = order[other];
        order[other] = order[count - 1];
        order[count - 1] = kept;
    }
}

static void the_latest_word_counts_in_whatever_order_it_arrives(void **state)
{
    jj_journal *journal = journal_open();
    size_t order[SAID] = {0, 1, 2, 3, 4, 5};
    unsigned persons = 0;
    (void)state;
    jj_journal_begin(journal);
    each_order(journal, order, SAID, &persons);
    journal_commit(journal);
    assert_int_equal(persons, 720);
    jj_journal_close(journal);
}

static void consent_is_a_persons_own(void **state)
{
    jj_journal *journal = journal_open();
    (void)state;
    jj_journal_begin(journal);
    put_consent(journal, &said[0], PERSON);
    journal_commit(journal);
    assert_int_equal(jj_journal_consent(journal, PERSON), said[0].audiences);
    assert_int_equal(jj_journal_consent(journal, "00000002-0000-8000-8000-000000000000"), 0);
    assert_int_equal(jj_journal_consent(journal, "not a person key"), 0);
    assert_int_equal(jj_journal_consent(journal, ""), 0);
    jj_journal_close(journal);
    journal = journal_open();
    assert_int_equal(jj_journal_consent(journal, PERSON), said[0].audiences);
    jj_journal_close(journal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_folder, journal_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_latest_word_counts_in_whatever_order_it_arrives),
        TEST(consent_is_a_persons_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
