/* The order of events and crashes must not show: the same trial for every plugin. */
#include "fake_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    ORDERS = 200
};

char *fake_outcome(fake_host *fake)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs(fake_state(fake), out);
    for (const char *const *type = fake->plugin->publishes; *type; type++) {
        fprintf(out, "%s:\n%s", *type, fake_said(fake, *type));
    }
    fclose(out);
    return text;
}

static char *outcome(const fake_trial *trial, unsigned seed)
{
    fake_host *fake = fake_open(trial->plugin, trial->options);
    trial->say(fake);
    if (seed % 3 == 2) {
        trial->say(fake);
    }
    if (seed) {
        fake_shuffle(fake, seed);
    }
    fake_deliver(fake, seed && trial->in_portions ? 1 + seed % 3 : 0);
    assert_true(fake->published.count > 0);
    char *text = trial->outcome ? trial->outcome(fake) : fake_outcome(fake);
    fake_close(fake);
    return text;
}

void fake_any_order(const fake_trial *trial)
{
    char *expected = outcome(trial, 0);
    for (unsigned seed = 1; seed < ORDERS; seed++) {
        char *found = outcome(trial, seed);
        if (strcmp(found, expected) != 0) {
            fail_msg("seed %u\nexpected:\n%s\nfound:\n%s", seed, expected, found);
        }
        free(found);
    }
    free(expected);
}

void fake_any_crash(const fake_trial *trial)
{
    char *expected = outcome(trial, 0);
    fake_host *fake = fake_open(trial->plugin, trial->options);
    size_t before = fake_state_count(fake);
    trial->say(fake);
    for (int i = 0; i < 3; i++) {
        fake_crash(fake);
        assert_int_equal(fake_state_count(fake), before);
        assert_int_equal(fake->published.count, 0);
    }
    fake_deliver(fake, 0);
    char *found = trial->outcome ? trial->outcome(fake) : fake_outcome(fake);
    assert_string_equal(found, expected);
    free(found);
    free(expected);
    fake_close(fake);
}

void a_batch_ends_the_same_in_whatever_order_it_comes(void **trial)
{
    fake_any_order(*trial);
}

void a_crash_before_the_commit_changes_nothing(void **trial)
{
    fake_any_crash(*trial);
}
