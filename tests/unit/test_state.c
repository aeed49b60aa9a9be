/*
 * A plugin's state: what is staged is seen at once, and is kept or undone as a whole.
 */
#include "base/buf.h"
#include "jejaring/error.h"
#include "worker/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int append(void *arg, const char *key, const char *value)
{
    jj_buf_printf(arg, "%s=%s ", key, value);
    return 0;
}

static void append_change(void *arg, const char *key, const char *value)
{
    jj_buf_printf(arg, "%s%s%s ", key, value ? "=" : " deleted", value ? value : "");
}

static void assert_holds(const jj_state *state, const char *prefix, const char *expected)
{
    jj_buf text = {0};
    jj_buf_puts(&text, "");
    assert_int_equal(jj_state_scan(state, prefix, append, &text), 0);
    assert_string_equal(text.data, expected);
    jj_buf_clear(&text);
}

static void assert_changes(const jj_state *state, const char *expected)
{
    jj_buf text = {0};
    jj_buf_puts(&text, "");
    jj_state_changes(state, append_change, &text);
    assert_string_equal(text.data, expected);
    assert_int_equal(jj_state_is_staged(state), *expected != '\0');
    jj_buf_clear(&text);
}

static int set_up(void **state)
{
    jj_state *s = jj_state_new();
    assert_int_equal(jj_state_load(s, "a", "1"), 0);
    assert_int_equal(jj_state_load(s, "b/1", "2"), 0);
    assert_int_equal(jj_state_load(s, "b/2", "3"), 0);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    jj_state_free(*state);
    return 0;
}

static void what_was_loaded_is_not_a_change(void **state)
{
    assert_changes(*state, "");
    assert_int_equal(jj_state_count(*state), 3);
    assert_string_equal(jj_state_get(*state, "b/1"), "2");
    assert_null(jj_state_get(*state, "b"));
}

static void staged_changes_are_seen_at_once(void **state)
{
    assert_int_equal(jj_state_put(*state, "b/1", "new"), 0);
    assert_int_equal(jj_state_put(*state, "c", "4"), 0);
    assert_int_equal(jj_state_delete(*state, "a"), 0);
    assert_null(jj_state_get(*state, "a"));
    assert_holds(*state, "", "b/1=new b/2=3 c=4 ");
    assert_changes(*state, "a deleted c=4 b/1=new ");
    assert_int_equal(jj_state_count(*state), 3);
}

static void undoing_restores_what_was_committed(void **state)
{
    jj_state_put(*state, "b/1", "new");
    jj_state_put(*state, "b/1", "newer");
    jj_state_delete(*state, "b/2");
    jj_state_put(*state, "c", "4");
    jj_state_delete(*state, "a");
    jj_state_put(*state, "a", "again");
    jj_state_undo(*state);
    assert_holds(*state, "", "a=1 b/1=2 b/2=3 ");
    assert_changes(*state, "");
    assert_int_equal(jj_state_count(*state), 3);
}

static void keeping_makes_it_the_committed_state(void **state)
{
    jj_state_put(*state, "b/1", "new");
    jj_state_delete(*state, "a");
    jj_state_keep(*state);
    assert_changes(*state, "");
    jj_state_put(*state, "a", "back");
    jj_state_undo(*state);
    assert_holds(*state, "", "b/1=new b/2=3 ");
}

static void changes_that_cancel_out_are_none(void **state)
{
    jj_state_put(*state, "a", "2");
    jj_state_put(*state, "a", "1");
    jj_state_put(*state, "x", "1");
    jj_state_delete(*state, "x");
    jj_state_put(*state, "b/1", "2");
    jj_state_delete(*state, "nothing");
    assert_changes(*state, "");
    jj_state_keep(*state);
    assert_int_equal(jj_state_count(*state), 3);
}

static int stop_at_second(void *arg, const char *key, const char *value)
{
    (void)key;
    (void)value;
    return ++*(int *)arg == 2 ? 7 : 0;
}

static void scans_follow_a_prefix_and_stop_on_request(void **state)
{
    int seen = 0;
    assert_holds(*state, "b/", "b/1=2 b/2=3 ");
    assert_holds(*state, "b/1", "b/1=2 ");
    assert_holds(*state, "z", "");
    assert_int_equal(jj_state_scan(*state, NULL, stop_at_second, &seen), 7);
    assert_int_equal(seen, 2);
}

static void bad_keys_and_values_are_refused(void **state)
{
    char key[JJ_STATE_KEY_MAX + 2];
    char *value = malloc(JJ_STATE_VALUE_MAX + 2);
    memset(key, 'k', sizeof key);
    key[JJ_STATE_KEY_MAX + 1] = '\0';
    memset(value, 'v', JJ_STATE_VALUE_MAX + 1);
    value[JJ_STATE_VALUE_MAX + 1] = '\0';

    assert_int_equal(jj_state_put(*state, key, "v"), JJ_EINVALID);
    assert_int_equal(jj_state_put(*state, key + 1, "v"), 0);
    assert_int_equal(jj_state_put(*state, "v", value), JJ_ETOO_LARGE);
    value[JJ_STATE_VALUE_MAX - 2] = '\0'; /* with its quotes it just fits */
    assert_int_equal(jj_state_put(*state, "v", value), 0);
    value[0] = '"'; /* needs a backslash */
    assert_int_equal(jj_state_put(*state, "v", value), JJ_ETOO_LARGE);
    assert_int_equal(jj_state_put(*state, "v", value + 1), 0);
    assert_int_equal(jj_state_put(*state, "", "v"), JJ_EINVALID);
    assert_int_equal(jj_state_put(*state, "v", NULL), JJ_EINVALID);
    assert_int_equal(jj_state_put(*state, NULL, "v"), JJ_EINVALID);
    assert_int_equal(jj_state_put(*state, "v", "\xff"), JJ_EINVALID);
    assert_int_equal(jj_state_delete(*state, ""), JJ_EINVALID);
    assert_int_equal(jj_state_load(*state, "a", "twice"), JJ_EINVALID);
    assert_null(jj_state_get(*state, NULL));
    free(value);
}

/* The same operations on the state and on a plain array must always agree. */
enum {
    KEYS = 200,
    ROUNDS = 20000
};

typedef struct model {
    int now[KEYS], committed[KEYS]; /* -1: absent */
} model;

static void assert_agrees(const jj_state *state, const model *m, unsigned seed)
{
    jj_buf expected = {0};
    size_t count = 0;
    jj_buf_puts(&expected, "");
    for (int k = 0; k < KEYS; k++) {
        if (m->now[k] >= 0) {
            jj_buf_printf(&expected, "k%03d=%d ", k, m->now[k]);
            count++;
        }
    }
    jj_buf text = {0};
    jj_buf_puts(&text, "");
    jj_state_scan(state, "k", append, &text);
    if (strcmp(text.data, expected.data) != 0 || jj_state_count(state) != count) {
        fail_msg("seed %u: expected %s\ncame %s", seed, expected.data, text.data);
    }
    jj_buf_clear(&text);
    jj_buf_clear(&expected);
}

static void any_sequence_of_operations_agrees_with_a_model(void **unused)
{
    (void)unused;
    const unsigned seed = 20240817;
    unsigned random = seed;
    model m;
    jj_state *state = jj_state_new();
    memset(&m, -1, sizeof m);

    for (int round = 0; round < ROUNDS; round++) {
        char key[8], value[16];
        random = random * 1664525u + 1013904223u;
        int k = (int)(random >> 8) % KEYS, what = (int)(random >> 24) % 64;
        snprintf(key, sizeof key, "k%03d", k);
        snprintf(value, sizeof value, "%d", round % 5);
        if (what == 0) {
            jj_state_keep(state);
            memcpy(m.committed, m.now, sizeof m.now);
        } else if (what == 1) {
            jj_state_undo(state);
            memcpy(m.now, m.committed, sizeof m.now);
        } else if (what < 24) {
            assert_int_equal(jj_state_delete(state, key), 0);
            m.now[k] = -1;
        } else {
            assert_int_equal(jj_state_put(state, key, value), 0);
            m.now[k] = round % 5;
        }
        if (what < 2 || round % 50 == 0) {
            assert_agrees(state, &m, seed);
        }
    }
    jj_state_free(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_loaded_is_not_a_change),
        TEST(staged_changes_are_seen_at_once),
        TEST(undoing_restores_what_was_committed),
        TEST(keeping_makes_it_the_committed_state),
        TEST(changes_that_cancel_out_are_none),
        TEST(scans_follow_a_prefix_and_stop_on_request),
        TEST(bad_keys_and_values_are_refused),
        cmocka_unit_test(any_sequence_of_operations_agrees_with_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
