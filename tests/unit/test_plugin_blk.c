/* The blk plugin: who is selected for incubation. */
#include "fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../plugins/blk/blk.c"

static void graduate(fake_host *fake, const char *person, const char *vocation, const char *batch)
{
    fake_say(fake, "alumni.graduated", person, "2019-07-31",
             "'vocation': '%s', 'batch': '%s', 'year': 2019", vocation, batch);
}

static void certified(fake_host *fake, const char *person, const char *day, int score)
{
    fake_say(fake, "alumni.certified", person, day,
             "'scheme': 'Juru Las', 'result': 'competent', 'score': %d", score);
}

static void closed(fake_host *fake, const char *vocation, const char *batch)
{
    fake_say(fake, "batch.closed", vocation, "2019-08-31",
             "'batch': '%s', 'vocation': '%s', 'name': '%s', 'year': 2019, 'participants': 16,"
             "'graduates': 16",
             vocation, vocation, batch);
}

/* Five welders of batch II with scores 81 to 85, in the order a..e. */
static void five_welders(fake_host *fake)
{
    for (int i = 0; i < 5; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        graduate(fake, name, "las", "II");
        certified(fake, name, "2019-08-10", 81 + i);
    }
}

static void the_three_best_of_a_closed_batch_are_selected(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"funder\": \"APBD\"}");
    five_welders(fake);
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "incubation.selected"), 0);
    closed(fake, "las", "II");
    fake_deliver(fake, 0);
    assert_string_equal(fake_said(fake, "incubation.selected"),
                        "e batch=II funder=APBD rank=1 vocation=las year=2019\n"
                        "d batch=II funder=APBD rank=2 vocation=las year=2019\n"
                        "c batch=II funder=APBD rank=3 vocation=las year=2019\n");
    assert_string_equal(fake_last(fake), "incubation.selected c 33.75 "
                                         "cause=batch.closed/las/2019-08-31/ "
                                         "id=batch.closed/las/2019-08-31/|incubation.selected|c "
                                         "2019-08-31");
    fake_close(fake);
}

static void equal_scores_go_by_the_earlier_certificate_then_by_key(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    const char *days[] = {"2019-08-12", "2019-08-11", "2019-08-11", "2019-08-13"};
    for (int i = 3; i >= 0; i--) {
        const char name[] = {(char)('a' + i), '\0'};
        graduate(fake, name, "las", "II");
        certified(fake, name, days[i], 90);
    }
    closed(fake, "las", "II");
    fake_deliver(fake, 0);
    assert_string_equal(fake_said(fake, "incubation.selected"),
                        "b batch=II rank=1 vocation=las year=2019\n"
                        "c batch=II rank=2 vocation=las year=2019\n"
                        "a batch=II rank=3 vocation=las year=2019\n");
    fake_close(fake);
}

static void only_the_competent_of_this_vocation_batch_and_region_count(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    graduate(fake, "baker", "roti", "II");
    certified(fake, "baker", "2019-08-10", 99);
    graduate(fake, "later", "las", "III");
    certified(fake, "later", "2019-08-10", 99);
    graduate(fake, "failed", "las", "II");
    fake_say(fake, "alumni.certified", "failed", "2019-08-10",
             "'scheme': 'Juru Las', 'result': 'not_yet', 'score': 99");
    graduate(fake, "other", "las", "II");
    fake_say(fake, "alumni.certified", "other", "2019-08-10",
             "'scheme': 'Roti', 'result': 'competent', 'vocation': 'roti'");
    graduate(fake, "untested", "las", "II");
    certified(fake, "unknown", "2019-08-10", 99);
    fake_region(fake, "15.07");
    graduate(fake, "faraway", "las", "II");
    certified(fake, "faraway", "2019-08-10", 99);
    fake_region(fake, "33.75");
    graduate(fake, "ani", "las", "Angkatan II");
    graduate(fake, "budi", "las", " ii ");
    certified(fake, "budi", "2019-08-10", 70);
    closed(fake, "las", "II");
    fake_deliver(fake, 0);
    assert_string_equal(fake_said(fake, "incubation.selected"),
                        "budi batch=II rank=1 vocation=las year=2019\n");
    fake_close(fake);
}

static void results_that_come_later_fill_the_places_that_are_left(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    closed(fake, "las", "II");
    graduate(fake, "a", "las", "II");
    certified(fake, "a", "2019-08-10", 60);
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "incubation.selected"), 1);
    certified(fake, "b", "2019-09-10", 95); /* a certificate before the graduation */
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "incubation.selected"), 1);
    graduate(fake, "b", "las", "II");
    fake_deliver(fake, 0);
    five_welders(fake);
    fake_deliver(fake, 1);
    assert_string_equal(fake_said(fake, "incubation.selected"),
                        "a batch=II rank=1 vocation=las year=2019\n"
                        "b batch=II rank=2 vocation=las year=2019\n"
                        "c batch=II rank=3 vocation=las year=2019\n");
    fake_close(fake);
}

static void nobody_is_selected_twice(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    for (int i = 0; i < 3; i++) {
        fake_id(fake, i ? "again" : "");
        graduate(fake, "a", "las", "II");
        certified(fake, "a", "2019-08-10", 60 + i);
        closed(fake, "las", "II");
        fake_deliver(fake, 0);
    }
    assert_int_equal(fake_count(fake, "incubation.selected"), 1);
    five_welders(fake);
    fake_deliver(fake, 0);
    closed(fake, "las", "II");
    five_welders(fake);
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "incubation.selected"), 3);
    fake_close(fake);
}

static void a_corrected_result_replaces_the_one_before(void **unused)
{
    (void)unused;
    for (unsigned seed = 0; seed < 20; seed++) {
        fake_host *fake = fake_open(&jejaring_plugin, "{\"places\": 1}");
        five_welders(fake);
        fake_say(fake, "alumni.certified", "e", "2019-08-10+1",
                 "'scheme': 'Juru Las', 'result': 'not_yet', 'score': 99");
        closed(fake, "las", "II");
        fake_shuffle(fake, seed);
        fake_deliver(fake, 0);
        assert_string_equal(fake_said(fake, "incubation.selected"),
                            "d batch=II rank=1 vocation=las year=2019\n");
        fake_close(fake);
    }
}

static void the_earlier_certificate_is_that_of_the_earlier_test(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"places\": 1}");
    graduate(fake, "early", "las", "II");
    graduate(fake, "late", "las", "II");
    certified(fake, "late", "2019-08-12", 90);
    certified(fake, "early", "2019-08-10", 80);
    /* The same test, corrected days after it. */
    fake_say(fake, "alumni.certified", "early", "2019-08-10+1000000000",
             "'scheme': 'Juru Las', 'result': 'competent', 'score': 90");
    closed(fake, "las", "II");
    fake_deliver(fake, 0);
    assert_string_equal(fake_said(fake, "incubation.selected"),
                        "early batch=II rank=1 vocation=las year=2019\n");
    fake_close(fake);
}

static void a_result_that_came_early_waits_for_the_second_course(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"places\": 1}");
    graduate(fake, "ani", "las", "II");
    certified(fake, "ani", "2019-08-10", 90);
    fake_say(fake, "alumni.certified", "ani", "2019-11-10",
             "'scheme': 'Roti', 'result': 'competent', 'score': 70, 'vocation': 'roti'");
    closed(fake, "las", "II");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "incubation.selected"), 1);
    graduate(fake, "ani", "roti", "III");
    closed(fake, "roti", "III");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "incubation.selected"), 2);
    fake_close(fake);
}

static void a_batch_may_settle_before_its_places_are_given(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"settle\": \"7d\", \"places\": 1}");
    fake_now(fake, "2019-09-01");
    graduate(fake, "a", "las", "II");
    certified(fake, "a", "2019-08-10", 60);
    closed(fake, "las", "II");
    fake_deliver(fake, 0);
    fake_now(fake, "2019-09-05");
    graduate(fake, "b", "las", "II");
    certified(fake, "b", "2019-09-02", 95);
    fake_deliver(fake, 0);
    fake_timer(fake, JJ_TIMER_DUE);
    assert_int_equal(fake_count(fake, "incubation.selected"), 0);
    fake_now(fake, "2019-09-08");
    fake_timer(fake, JJ_TIMER_DUE);
    fake_timer(fake, JJ_TIMER_DUE);
    assert_string_equal(fake_said(fake, "incubation.selected"),
                        "b batch=II rank=1 vocation=las year=2019\n");
    fake_close(fake);
}

static void what_is_done_with_is_not_kept(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    five_welders(fake);
    closed(fake, "las", "II");
    fake_deliver(fake, 0);
    graduate(fake, "late", "las", "II");
    fake_deliver(fake, 0);
    assert_int_equal(fake_state_count(fake), 1); /* the batch and that its places are given */
    fake_close(fake);
}

static void an_erased_person_leaves_no_trace_in_the_state(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    graduate(fake, "wati", "las", "II");
    certified(fake, "wati", "2019-08-10", 60);
    closed(fake, "las", "II");
    fake_deliver(fake, 0);
    assert_non_null(strstr(fake_state(fake), "wati"));
    fake_say(fake, "person.erased", "wati", "2019-10-01", FAKE_NOTHING);
    fake_deliver(fake, 0);
    assert_null(strstr(fake_state(fake), "wati"));
    fake_close(fake);
}

static void say_a_mixture(fake_host *fake)
{
    five_welders(fake);
    graduate(fake, "baker", "roti", "II");
    certified(fake, "baker", "2019-08-11", 88);
    closed(fake, "roti", "II");
    closed(fake, "las", "II");
}

static fake_trial mixture = {.plugin = &jejaring_plugin, .say = say_a_mixture};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_best_of_a_closed_batch_are_selected),
        cmocka_unit_test(equal_scores_go_by_the_earlier_certificate_then_by_key),
        cmocka_unit_test(only_the_competent_of_this_vocation_batch_and_region_count),
        cmocka_unit_test(results_that_come_later_fill_the_places_that_are_left),
        cmocka_unit_test(nobody_is_selected_twice),
        cmocka_unit_test(a_corrected_result_replaces_the_one_before),
        cmocka_unit_test(the_earlier_certificate_is_that_of_the_earlier_test),
        cmocka_unit_test(a_result_that_came_early_waits_for_the_second_course),
        cmocka_unit_test(a_batch_may_settle_before_its_places_are_given),
        cmocka_unit_test(what_is_done_with_is_not_kept),
        cmocka_unit_test(an_erased_person_leaves_no_trace_in_the_state),
        cmocka_unit_test_prestate(a_batch_ends_the_same_in_whatever_order_it_comes, &mixture),
        cmocka_unit_test_prestate(a_crash_before_the_commit_changes_nothing, &mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
