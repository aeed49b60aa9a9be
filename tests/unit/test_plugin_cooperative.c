/* The cooperative plugin: to whom an order is offered, and when. */
#include "fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../plugins/cooperative/cooperative.c"

/* A business of its owner's name that repairs air conditioners. */
static void business(fake_host *fake, const char *owner, const char *day)
{
    fake_say(fake, "business.registered", owner, day,
             "'business': 'biz-%s', 'vocation': 'teknik-pendingin'", owner);
}

static void order(fake_host *fake, const char *id, const char *more)
{
    fake_say(fake, "order.placed", id, "2020-01-01",
             "'order': '%s', 'opd': 'Dinas', 'service': 'teknik-pendingin', 'value': 500000%s%s",
             id, *more ? ", " : "", more);
}

/* The persons to whom orders were offered, in order. */
static const char *offered(fake_host *fake)
{
    static char names[512];
    char *text = strdup(fake_said(fake, "order.offered")), *next = NULL;
    names[0] = '\0';
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        line[strcspn(line, " ")] = '\0';
        strcat(strcat(names, *names ? " " : ""), line);
    }
    free(text);
    return names;
}

/* In a file, on one day: which of the two events has the greater key is chance. */
static void a_business_registered_and_closed_at_one_moment_is_closed(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"offers\": 100}");
    char name[16];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "p%02d", i);
        business(fake, name, "2019-02-01");
        fake_say(fake, "business.closed", name, "2019-02-01", "'business': 'biz-%s'", name);
    }
    order(fake, "o1", "");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "order.offered"), 0);
    fake_close(fake);
}

static void who_registered_first_stays_first_after_a_correction(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"offers\": 1}");
    business(fake, "early", "2019-02-01");
    business(fake, "late", "2019-03-01");
    fake_say(fake, "business.registered", "early", "2019-12-01",
             "'date': '2019-02-01', 'business': 'biz-early', 'vocation': 'teknik-pendingin'");
    order(fake, "o1", "");
    fake_deliver(fake, 0);
    assert_string_equal(offered(fake), "early");
    fake_close(fake);
}

static void an_order_is_offered_to_businesses_of_its_skill_and_region(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    business(fake, "ani", "2019-02-01");
    fake_say(fake, "business.registered", "baker", "2019-01-01",
             "'business': 'cakes', 'vocation': 'roti', 'kbli': '10710'");
    fake_region(fake, "15.07");
    business(fake, "faraway", "2019-01-01");
    fake_region(fake, "33.75");
    order(fake, "o1", "");
    fake_deliver(fake, 0);
    assert_string_equal(fake_said(fake, "order.offered"),
                        "ani order=o1 rank=1 reasons=[\"skill\",\"region\",\"never_offered\"]\n");
    assert_string_equal(fake_last(fake),
                        "order.offered ani 33.75 cause=order.placed/o1/2020-01-01/ "
                        "id=order.placed/o1/2020-01-01/|order.offered|ani 2020-01-01");
    fake_say(fake, "order.placed", "o2", "2020-02-01", "'order': 'o2', 'service': '10710'");
    fake_deliver(fake, 0);
    assert_string_equal(offered(fake), "ani baker");
    fake_close(fake);
}

/* A regency's node may report its own region only: an offer in region 33 would stay there. */
static void a_provinces_order_is_offered_in_the_region_of_the_business(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    business(fake, "ani", "2019-02-01");
    fake_region(fake, "33");
    order(fake, "o1", "");
    fake_deliver(fake, 0);
    assert_string_equal(fake_last(fake),
                        "order.offered ani 33.75 cause=order.placed/o1/2020-01-01/ "
                        "id=order.placed/o1/2020-01-01/|order.offered|ani 2020-01-01");
    fake_close(fake);
}

static void offers_go_round_least_recently_offered_first(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"offers\": 2}");
    business(fake, "c", "2019-03-01");
    business(fake, "a", "2019-01-01");
    business(fake, "b", "2019-02-01");
    for (int i = 1; i <= 3; i++) {
        char id[16];
        snprintf(id, sizeof id, "o%d", i);
        order(fake, id, "");
        fake_deliver(fake, 0);
    }
    assert_string_equal(offered(fake), "a b c a b c");
    business(fake, "new", "2020-03-01");
    fake_deliver(fake, 0);
    order(fake, "o4", "");
    fake_deliver(fake, 0);
    assert_string_equal(offered(fake), "a b c a b c new a");
    fake_close(fake);
}

static void a_business_that_comes_later_is_offered_what_is_left(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"offers\": 2}");
    order(fake, "o1", "");
    fake_deliver(fake, 0);
    business(fake, "a", "2020-03-01");
    fake_deliver(fake, 0);
    business(fake, "b", "2020-04-01");
    business(fake, "c", "2020-05-01");
    fake_deliver(fake, 0);
    assert_string_equal(offered(fake), "a b");
    assert_non_null(strstr(fake_last(fake), "2020-04-01"));
    fake_close(fake);
}

static void an_order_that_is_not_taken_goes_to_the_next(void **unused)
{
    (void)unused;
    fake_host *fake =
        fake_open(&jejaring_plugin, "{\"offers\": 1, \"patience\": \"3d\", \"rounds\": 2}");
    fake_now(fake, "2020-01-02");
    business(fake, "a", "2019-01-01");
    business(fake, "b", "2019-02-01");
    business(fake, "c", "2019-03-01");
    order(fake, "o1", "");
    fake_deliver(fake, 0);
    fake_now(fake, "2020-01-04");
    fake_timer(fake, JJ_TIMER_DUE);
    assert_string_equal(offered(fake), "a");
    fake_now(fake, "2020-01-05");
    fake_timer(fake, JJ_TIMER_DUE);
    fake_timer(fake, JJ_TIMER_DUE);
    assert_string_equal(offered(fake), "a b");
    assert_non_null(strstr(fake_last(fake), "2020-01-05"));
    assert_null(strstr(fake_state(fake), "due/"));
    fake_now(fake, "2020-03-01"); /* two rounds were all */
    fake_timer(fake, JJ_TIMER_DUE);
    assert_string_equal(offered(fake), "a b");
    fake_close(fake);
}

static void a_completed_order_is_offered_no_more(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"offers\": 1, \"patience\": \"1d\"}");
    business(fake, "a", "2019-01-01");
    business(fake, "b", "2019-02-01");
    order(fake, "o1", "");
    fake_deliver(fake, 0);
    fake_say(fake, "order.completed", "o1", "2020-01-02", "'order': 'o1', 'value': 500000");
    fake_say(fake, "order.completed", "o2", "2020-01-02", "'order': 'o2', 'value': 500000");
    fake_deliver(fake, 0);
    fake_now(fake, "2022-01-01");
    fake_timer(fake, JJ_TIMER_DUE);
    order(fake, "o2", ""); /* its completion came first */
    fake_deliver(fake, 0);
    assert_string_equal(offered(fake), "a");
    fake_close(fake);
}

static void an_order_whose_day_is_over_is_not_offered(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    fake_now(fake, "2020-02-01");
    business(fake, "a", "2019-01-01");
    order(fake, "o1", "'needed_by': '2020-01-31'");
    order(fake, "o2", "'needed_by': '2020-02-01'");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "order.offered"), 1);
    fake_close(fake);
}

static void a_corrected_order_is_sought_for_its_new_skill(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    fake_say(fake, "order.placed", "o1", "2020-01-01", "'order': 'o1', 'service': 'roti'");
    fake_deliver(fake, 0);
    order(fake, "o1", "");
    fake_deliver(fake, 0); /* the same time: whichever has the greater key */
    fake_say(fake, "order.placed", "o1", "2020-01-01+1", "'order': 'o1', 'service': 'las'");
    fake_deliver(fake, 0);
    assert_null(strstr(fake_state(fake), "seek/33.75/roti"));
    assert_null(strstr(fake_state(fake), "seek/33.75/teknik"));
    assert_non_null(strstr(fake_state(fake), "seek/33.75/las/o1"));
    fake_close(fake);
}

static void an_order_corrected_after_its_offers_is_offered_anew(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"offers\": 1}");
    fake_say(fake, "business.registered", "baker", "2019-01-01",
             "'business': 'cakes', 'vocation': 'roti'");
    business(fake, "ani", "2019-01-01");
    business(fake, "budi", "2019-02-01");
    fake_say(fake, "order.placed", "o1", "2020-01-01", "'order': 'o1', 'service': 'roti'");
    fake_deliver(fake, 0);
    assert_string_equal(offered(fake), "baker");
    fake_say(fake, "order.placed", "o1", "2020-01-01+1",
             "'order': 'o1', 'service': 'teknik-pendingin', 'value': 1");
    fake_deliver(fake, 0);
    assert_string_equal(offered(fake), "baker ani");
    /* Other words for the same are no reason to ask more. */
    fake_say(fake, "order.placed", "o1", "2020-01-01+2",
             "'order': 'o1', 'service': 'Teknik Pendingin', 'value': 2");
    fake_deliver(fake, 0);
    assert_string_equal(offered(fake), "baker ani");
    fake_close(fake);
}

static void a_closed_business_is_passed_over(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    fake_say(fake, "business.closed", "a", "2019-06-01", "'business': 'biz-a'");
    business(fake, "a", "2019-01-01");
    business(fake, "b", "2019-02-01");
    fake_say(fake, "business.closed", "b", "2019-01-15", "'business': 'biz-b'");
    order(fake, "o1", "");
    fake_deliver(fake, 0);
    assert_string_equal(offered(fake), "b"); /* registered again after it was closed */
    fake_close(fake);
}

static void a_person_with_two_businesses_is_asked_once(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"offers\": 2}");
    for (int i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "b%d", i);
        fake_id(fake, id);
        fake_say(fake, "business.registered", "ani", "2019-01-01",
                 "'business': '%s', 'vocation': 'teknik-pendingin'", id);
    }
    business(fake, "budi", "2019-02-01");
    order(fake, "o1", "");
    fake_deliver(fake, 0);
    assert_string_equal(offered(fake), "ani budi");
    fake_close(fake);
}

static void an_erased_person_leaves_no_trace_in_the_state(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    business(fake, "wati", "2019-01-01");
    order(fake, "o1", "");
    fake_deliver(fake, 0);
    assert_non_null(strstr(fake_state(fake), "wati"));
    fake_say(fake, "person.erased", "wati", "2020-10-01", FAKE_NOTHING);
    fake_deliver(fake, 0);
    assert_null(strstr(fake_state(fake), "wati"));
    fake_close(fake);
}

static void say_a_mixture(fake_host *fake)
{
    for (int i = 0; i < 8; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        char day[32];
        snprintf(day, sizeof day, "2019-01-%02d", 1 + i);
        business(fake, name, day);
        if (i % 4 == 1) {
            fake_say(fake, "business.closed", name, i == 1 ? "2018-06-01" : "2019-06-01",
                     "'business': 'biz-%s'", name);
        }
    }
    order(fake, "o1", "");
    order(fake, "o2", "'needed_by': '2020-06-01'");
    fake_say(fake, "order.placed", "o1", "2020-01-01+1",
             "'order': 'o1', 'opd': 'Dinas', 'service': 'Teknik Pendingin', 'value': 1");
    order(fake, "o3", "");
    fake_say(fake, "order.completed", "o3", "2020-03-01", "'order': 'o3', 'value': 500000");
}

static fake_trial mixture = {.plugin = &jejaring_plugin, .say = say_a_mixture};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_offered_to_businesses_of_its_skill_and_region),
        cmocka_unit_test(a_provinces_order_is_offered_in_the_region_of_the_business),
        cmocka_unit_test(a_business_registered_and_closed_at_one_moment_is_closed),
        cmocka_unit_test(who_registered_first_stays_first_after_a_correction),
        cmocka_unit_test(offers_go_round_least_recently_offered_first),
        cmocka_unit_test(a_business_that_comes_later_is_offered_what_is_left),
        cmocka_unit_test(an_order_that_is_not_taken_goes_to_the_next),
        cmocka_unit_test(a_completed_order_is_offered_no_more),
        cmocka_unit_test(an_order_whose_day_is_over_is_not_offered),
        cmocka_unit_test(a_corrected_order_is_sought_for_its_new_skill),
        cmocka_unit_test(an_order_corrected_after_its_offers_is_offered_anew),
        cmocka_unit_test(a_closed_business_is_passed_over),
        cmocka_unit_test(a_person_with_two_businesses_is_asked_once),
        cmocka_unit_test(an_erased_person_leaves_no_trace_in_the_state),
        cmocka_unit_test_prestate(a_batch_ends_the_same_in_whatever_order_it_comes, &mixture),
        cmocka_unit_test_prestate(a_crash_before_the_commit_changes_nothing, &mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
