/* The disability plugin: referrals, needs at a placement, the employers' quota. */
#include "fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../plugins/disability/disability.c"

static void graduate(fake_host *fake, const char *person, const char *consent)
{
    fake_say(fake, "alumni.graduated", person, "2019-08-01",
             "'vocation': 'roti', 'funding': 'apbd', 'consent': [%s],"
             "'disability': {'category': 'hearing', 'needs': []}",
             consent);
}

static void assessed(fake_host *fake, const char *person, const char *day, const char *need)
{
    fake_say(fake, "accommodation.assessed", person, day, "'category': 'hearing', 'needs': ['%s']",
             need);
}

static void report(fake_host *fake, const char *day, int headcount, int disabled,
                   const char *ownership)
{
    fake_say(fake, "quota.reported", "hotel", day,
             "'employer': 'hotel', 'employer_name': 'Hotel', 'headcount': %d,"
             "'disabled_headcount': %d, 'ownership': '%s'",
             headcount, disabled, ownership);
}

static void a_consenting_graduate_with_a_disability_is_referred_once(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"unit\": \"ULD Kota\"}");
    graduate(fake, "wati", "'disability'");
    graduate(fake, "unasked", "'industry'");
    fake_say(fake, "alumni.graduated", "ani", "2019-08-01",
             "'vocation': 'roti', 'funding': 'apbd', 'consent': ['disability']");
    fake_deliver(fake, 0);
    graduate(fake, "wati", "'disability'");
    fake_say(fake, "alumni.graduated", "wati", "2020-08-01",
             "'vocation': 'las', 'funding': 'apbd', 'consent': ['disability'],"
             "'disability': {'category': 'hearing'}");
    fake_deliver(fake, 1);
    assert_string_equal(fake_said(fake, "referral.made"),
                        "wati purpose=Pendampingan kerja to=ULD Kota\n");
    assert_string_equal(fake_last(fake),
                        "referral.made wati 33.75 cause=alumni.graduated/wati/2019-08-01/ "
                        "id=alumni.graduated/wati/2019-08-01/|referral.made|wati 2019-08-01");
    fake_close(fake);
}

static void consent_that_comes_later_makes_the_referral(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    fake_say(fake, "consent.granted", "early", "2019-09-01", "'audiences': ['disability']");
    fake_deliver(fake, 0);
    graduate(fake, "early", "");
    graduate(fake, "wati", "");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "referral.made"), 1);
    fake_say(fake, "consent.granted", "wati", "2019-10-01", "'audiences': ['disability']");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "referral.made"), 2);
    assert_non_null(strstr(fake_last(fake), "2019-10-01"));
    fake_close(fake);
}

/* Said by mistake, and corrected before the person let the unit know: in either order. */
static void a_graduation_that_was_corrected_refers_nobody(void **unused)
{
    (void)unused;
    for (int order = 0; order < 2; order++) {
        fake_host *fake = fake_open(&jejaring_plugin, NULL);
        for (int i = 0; i < 2; i++) {
            if (i == order) {
                graduate(fake, "ani", "");
            } else {
                fake_say(fake, "alumni.graduated", "ani", "2019-08-01+1",
                         "'vocation': 'roti', 'funding': 'apbd', 'consent': []");
            }
            fake_deliver(fake, 0);
        }
        fake_say(fake, "consent.granted", "ani", "2019-10-01", "'audiences': ['disability']");
        fake_deliver(fake, 0);
        assert_int_equal(fake_count(fake, "referral.made"), 0);
        /* Another training of the same person is another statement. */
        fake_say(fake, "alumni.graduated", "ani", "2018-08-01",
                 "'vocation': 'las', 'funding': 'apbd', 'consent': [],"
                 "'disability': {'category': 'hearing'}");
        fake_deliver(fake, 0);
        assert_int_equal(fake_count(fake, "referral.made"), 1);
        fake_close(fake);
    }
}

static void a_view_bound_by_consent_is_the_hubs_word_for_it(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    fake_say(fake, "alumni.graduated", "seen", "2019-08-01",
             "'vocation': 'roti', 'disability': {'category': 'hearing'}");
    fake_say(fake, "alumni.graduated", "hidden", "2019-08-01", "'vocation': 'roti'");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "referral.made"), 1);
    fake_close(fake);
}

static void needs_are_passed_on_at_a_placement_and_only_then(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    assessed(fake, "wati", "2019-09-01", "bahasa isyarat");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "accommodation.provided"), 0);
    fake_say(fake, "placement.started", "wati", "2020-01-01", FAKE_NOTHING);
    fake_say(fake, "placement.started", "ani", "2020-01-01", FAKE_NOTHING);
    fake_deliver(fake, 0);
    fake_say(fake, "placement.started", "wati", "2020-01-01", FAKE_NOTHING);
    fake_deliver(fake, 0);
    assert_string_equal(fake_said(fake, "accommodation.provided"),
                        "wati category=hearing needs=[\"bahasa isyarat\"]\n");
    assert_non_null(strstr(fake_last(fake), "cause=placement.started/wati/2020-01-01/"));
    fake_say(fake, "placement.ended", "wati", "2020-02-01", FAKE_NOTHING);
    fake_say(fake, "placement.started", "wati", "2020-03-01", FAKE_NOTHING);
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "accommodation.provided"), 2);
    fake_close(fake);
}

/* Left and begun on one day: it may not depend on which event has the greater key. */
static void needs_go_with_whoever_moves_from_one_employer_to_another(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    char name[16];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "p%02d", i);
        assessed(fake, name, "2019-09-01", "bahasa isyarat");
        fake_say(fake, "placement.started", name, "2020-01-01", "'employer': 'Hotel'");
    }
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "accommodation.provided"), 20);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "p%02d", i);
        fake_say(fake, "placement.ended", name, "2020-06-01", "'employer': 'Hotel'");
        fake_say(fake, "placement.started", name, "2020-06-01", "'employer': 'PT Garmen'");
    }
    fake_shuffle(fake, 3);
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "accommodation.provided"), 40);
    fake_close(fake);
}

static void an_assessment_during_a_placement_is_passed_on(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    fake_say(fake, "placement.started", "wati", "2020-01-01", FAKE_NOTHING);
    fake_say(fake, "placement.started", "gone", "2020-01-01", FAKE_NOTHING);
    fake_say(fake, "placement.ended", "gone", "2020-01-20", FAKE_NOTHING);
    fake_deliver(fake, 0);
    assessed(fake, "wati", "2020-02-01", "bahasa isyarat");
    assessed(fake, "gone", "2020-02-01", "bahasa isyarat");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "accommodation.provided"), 1);
    assert_non_null(strstr(fake_last(fake), "2020-02-01"));
    assessed(fake, "wati", "2020-03-01", "juru bahasa");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "accommodation.provided"), 2);
    fake_close(fake);
}

static void the_quota_is_one_percent_private_and_two_government_rounded_up(void **unused)
{
    (void)unused;
    const struct {
        int headcount, disabled;
        const char *ownership, *expected;
    } cases[] = {
        {100, 1, "private", "required=1 shortfall=0"},
        {101, 1, "private", "required=2 shortfall=1"},
        {100, 1, "government", "required=2 shortfall=1"},
        {1000, 3, "government", "required=20 shortfall=17"},
        {0, 0, "private", "required=0 shortfall=0"},
        {10, 5, "private", "required=1 shortfall=0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[160];
        fake_host *fake = fake_open(&jejaring_plugin, NULL);
        report(fake, "2020-01-31", cases[i].headcount, cases[i].disabled, cases[i].ownership);
        fake_deliver(fake, 0);
        snprintf(expected, sizeof expected,
                 "hotel employed=%d employer=hotel employer_name=Hotel ownership=%s %s\n",
                 cases[i].disabled, cases[i].ownership, cases[i].expected);
        assert_string_equal(fake_said(fake, "quota.shortfall"), expected);
        fake_close(fake);
    }
}

static void the_percentages_are_the_configs(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"percent_private\": 5}");
    report(fake, "2020-01-31", 100, 1, "private");
    fake_deliver(fake, 0);
    assert_non_null(strstr(fake_said(fake, "quota.shortfall"), "shortfall=4"));
    fake_close(fake);
}

static void a_report_that_comes_late_is_answered_as_if_it_had_come_in_time(void **unused)
{
    (void)unused;
    static const struct {
        const char *day;
        int disabled, shortfall;
    } reports[] = {{"2020-01-31", 0, 3}, {"2020-06-30", 1, 2}, {"2020-12-31", 3, 0}};
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2},
                                    {2, 0, 1}, {1, 2, 0}, {0, 2, 1}};
    for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
        fake_host *fake = fake_open(&jejaring_plugin, NULL);
        for (size_t i = 0; i < 3; i++) {
            report(fake, reports[orders[o][i]].day, 300, reports[orders[o][i]].disabled, "private");
            fake_deliver(fake, 1);
        }
        assert_int_equal(fake_count(fake, "quota.shortfall"), 3);
        for (size_t i = 0; i < 3; i++) {
            char expected[160];
            snprintf(expected, sizeof expected,
                     "hotel employed=%d employer=hotel employer_name=Hotel ownership=private "
                     "required=3 shortfall=%d\n",
                     reports[i].disabled, reports[i].shortfall);
            assert_non_null(strstr(fake_said(fake, "quota.shortfall"), expected));
        }
        assert_string_equal(fake_state(fake), ""); /* nothing is kept of what is answered */
        fake_close(fake);
    }
}

static void an_answer_is_of_the_day_that_the_report_names(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    report(fake, "2020-01-31+90000000", 100, 1, "private"); /* said 25 hours after it begins */
    fake_deliver(fake, 0);
    assert_non_null(strstr(fake_last(fake), "|quota.shortfall"));
    assert_string_equal(strrchr(fake_last(fake), ' '), " 2020-01-31");
    fake_close(fake);
}

static void an_empty_unit_is_refused(void **unused)
{
    (void)unused;
    assert_string_equal(fake_check(&jejaring_plugin, "{\"unit\": \"\"}"),
                        "1 to 200 characters are expected");
}

static void an_erased_person_leaves_no_trace_in_the_state(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    graduate(fake, "wati", "'disability'");
    assessed(fake, "wati", "2019-09-01", "bahasa isyarat");
    fake_say(fake, "placement.started", "wati", "2020-01-01", FAKE_NOTHING);
    fake_deliver(fake, 0);
    assert_non_null(strstr(fake_state(fake), "wati"));
    fake_say(fake, "person.erased", "wati", "2020-10-01", FAKE_NOTHING);
    fake_deliver(fake, 0);
    assert_string_equal(fake_state(fake), "");
    fake_close(fake);
}

static void say_a_mixture(fake_host *fake)
{
    graduate(fake, "a", "'disability'");
    graduate(fake, "b", "'disability'");
    fake_say(fake, "consent.withdrawn", "b", "2019-08-02", "'audiences': ['disability']");
    graduate(fake, "c", "");
    fake_say(fake, "consent.granted", "c", "2019-08-02", "'audiences': ['disability']");
    assessed(fake, "a", "2019-09-01", "kursi roda");
    assessed(fake, "a", "2019-10-01", "lift");
    fake_say(fake, "placement.started", "a", "2020-01-01", FAKE_NOTHING);
    fake_say(fake, "placement.started", "c", "2020-01-01", FAKE_NOTHING);
    fake_say(fake, "placement.ended", "c", "2020-02-01", FAKE_NOTHING);
    assessed(fake, "c", "2019-10-01", "lift");
    report(fake, "2020-01-31", 300, 0, "private");
    report(fake, "2020-06-30", 300, 1, "private");
}

static fake_trial mixture = {.plugin = &jejaring_plugin, .say = say_a_mixture};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consenting_graduate_with_a_disability_is_referred_once),
        cmocka_unit_test(consent_that_comes_later_makes_the_referral),
        cmocka_unit_test(a_graduation_that_was_corrected_refers_nobody),
        cmocka_unit_test(a_view_bound_by_consent_is_the_hubs_word_for_it),
        cmocka_unit_test(needs_are_passed_on_at_a_placement_and_only_then),
        cmocka_unit_test(needs_go_with_whoever_moves_from_one_employer_to_another),
        cmocka_unit_test(an_assessment_during_a_placement_is_passed_on),
        cmocka_unit_test(the_quota_is_one_percent_private_and_two_government_rounded_up),
        cmocka_unit_test(the_percentages_are_the_configs),
        cmocka_unit_test(a_report_that_comes_late_is_answered_as_if_it_had_come_in_time),
        cmocka_unit_test(an_answer_is_of_the_day_that_the_report_names),
        cmocka_unit_test(an_empty_unit_is_refused),
        cmocka_unit_test(an_erased_person_leaves_no_trace_in_the_state),
        cmocka_unit_test_prestate(a_batch_ends_the_same_in_whatever_order_it_comes, &mixture),
        cmocka_unit_test_prestate(a_crash_before_the_commit_changes_nothing, &mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
