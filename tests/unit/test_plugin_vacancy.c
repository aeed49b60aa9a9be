/* The industry plugin: when a vacancy ends, and that order, crashes and numbers change nothing. */
#include "industry_events.h"

static void a_filled_vacancy_closes_once_and_takes_no_more(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    vacancy(fake, "v1", "");
    welder(fake, "ani", "2019-01-01");
    deliver(fake);
    started(fake, "ani", "v1", "2020-02-03");
    deliver(fake);
    fake_id(fake, "again");
    started(fake, "ani", "v1", "2020-02-03");
    deliver(fake);
    welder(fake, "budi", "2020-03-01");
    started(fake, "citra", "v1", "2020-05-01"); /* one more than was asked for */
    deliver(fake);
    assert_string_equal(fake_said(fake, "vacancy.closed"), "v1 reason=filled vacancy=v1\n");
    assert_non_null(strstr(fake_last(fake), "2020-02-03"));
    assert_int_equal(fake_count(fake, "placement.proposed"), 1);
    fake_close(fake);
}

static void the_headcount_falls_with_each_person_who_starts(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 1}");
    fake_say(fake, "vacancy.opened", "v1", "2020-01-01",
             "'vacancy': 'v1', 'headcount': 2, 'vocations': ['las-smaw-3g']");
    started(fake, "stranger", "v1", "2020-02-01");
    welder(fake, "ani", "2019-01-01");
    welder(fake, "budi", "2019-02-01");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 1);
    assert_int_equal(fake_count(fake, "vacancy.closed"), 0);
    fake_close(fake);
}

static void a_vacancy_past_its_last_day_closes_as_expired(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    fake_now(fake, "2020-01-10");
    vacancy(fake, "v1", "'valid_until': '2020-01-31'");
    deliver(fake);
    fake_now(fake, "2020-01-31");
    fake_timer(fake, JJ_TIMER_DUE);
    assert_int_equal(fake_count(fake, "vacancy.closed"), 0);
    fake_now(fake, "2020-02-01");
    fake_timer(fake, JJ_TIMER_DUE);
    fake_timer(fake, JJ_TIMER_DUE);
    deliver(fake);
    assert_string_equal(fake_said(fake, "vacancy.closed"), "v1 reason=expired vacancy=v1\n");
    assert_non_null(strstr(fake_last(fake), "2020-02-01"));
    welder(fake, "ani", "2019-01-01");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    fake_close(fake);
}

static void a_vacancy_that_comes_too_late_is_closed_at_once(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    fake_now(fake, "2021-01-01");
    welder(fake, "ani", "2019-01-01");
    vacancy(fake, "v1", "'valid_until': '2020-01-31'");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    assert_string_equal(fake_said(fake, "vacancy.closed"), "v1 reason=expired vacancy=v1\n");
    fake_close(fake);
}

static void a_withdrawn_vacancy_takes_nobody(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    fake_say(fake, "vacancy.closed", "v1", "2020-01-05", "'vacancy': 'v1', 'reason': 'withdrawn'");
    deliver(fake);
    vacancy(fake, "v1", "");
    welder(fake, "ani", "2019-01-01");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    assert_int_equal(fake_count(fake, "vacancy.closed"), 0);
    fake_close(fake);
}

static void a_corrected_headcount_opens_a_filled_vacancy_again(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    vacancy(fake, "v1", "");
    started(fake, "ani", "v1", "2020-02-03");
    deliver(fake);
    assert_int_equal(fake_count(fake, "vacancy.closed"), 1);
    welder(fake, "budi", "2019-01-01");
    fake_say(fake, "vacancy.opened", "v1", "2020-01-02",
             "'vacancy': 'v1', 'headcount': 2, 'vocations': ['las-smaw-3g']");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 1);
    fake_close(fake);
}

/* What the plugin said comes back to it: late, and after it has said something else since. */
static void its_own_announcements_do_not_bind_it(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    vacancy(fake, "v1", "");
    started(fake, "ani", "v1", "2020-02-03");
    fake_say(fake, "vacancy.opened", "v1", "2020-01-02",
             "'vacancy': 'v1', 'headcount': 2, 'vocations': ['las-smaw-3g']");
    started(fake, "budi", "v1", "2020-02-05");
    fake_deliver(fake, 1);
    assert_int_equal(fake_count(fake, "vacancy.closed"), 2);
    welder(fake, "citra", "2019-01-01");
    fake_say(fake, "vacancy.opened", "v1", "2020-01-03",
             "'vacancy': 'v1', 'headcount': 3, 'vocations': ['las-smaw-3g']");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "citra rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

/* What the agency itself says does, whatever it gives for a reason. */
static void what_the_agency_closes_stays_closed(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    vacancy(fake, "v1", "");
    fake_say(fake, "vacancy.closed", "v1", "2020-01-05", "'vacancy': 'v1', 'reason': 'filled'");
    deliver(fake);
    welder(fake, "ani", "2019-01-01");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    assert_int_equal(fake_count(fake, "vacancy.closed"), 0);
    fake_close(fake);
}

/* A few of everything, with statements that contradict each other. */
static void say_a_mixture(fake_host *fake)
{
    char name[16];
    fake_now(fake, "2020-07-01");
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "p%02d", i);
        fake_region(fake, i % 3 ? "33.75" : "33.26");
        fake_say(fake, "alumni.graduated", name, "2019-01-01",
                 "'vocation': '%s', 'funding': 'apbd', 'consent': ['industry']",
                 i % 2 ? "las-smaw-3g" : "roti");
        fake_say(fake, "alumni.certified", name, "2019-02-01", "'result': '%s'",
                 i % 4 ? "competent" : "not_yet");
        if (i % 4 == 1) {
            fake_say(fake, "consent.withdrawn", name, "2019-03-01", "'audiences': ['industry']");
        }
        if (i == 5) {
            fake_say(fake, "consent.granted", name, "2019-04-01", "'audiences': ['industry']");
        }
        if (i == 3 || i == 6 || i == 7) {
            started(fake, name, "v1", "2020-02-01");
        }
        if (i == 6) {
            fake_say(fake, "placement.ended", name, "2020-04-01", FAKE_NOTHING);
        }
    }
    fake_region(fake, "33.75");
    vacancy(fake, "v1", "'valid_until': '2020-12-31'");
    fake_say(fake, "vacancy.opened", "v1", "2020-01-02",
             "'vacancy': 'v1', 'headcount': 3, 'regions': ['33'], 'valid_until': '2022-12-31'");
    vacancy(fake, "v2", "'regions': ['33.26', '33.75']");
    fake_say(fake, "vacancy.closed", "v2", "2020-01-09", "'vacancy': 'v2', 'reason': 'withdrawn'");
    vacancy(fake, "v3", "'regions': ['33.26', '33.75']");
    vacancy(fake, "v4", "'valid_until': '2020-06-30'");
}

/* In a file, on one day: which of the two events has the greater key is chance. */
static void a_vacancy_opened_and_closed_at_one_moment_is_closed(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    char name[16];
    welder(fake, "ani", "2019-01-01");
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "v%02d", i);
        vacancy(fake, name, "");
        fake_say(fake, "vacancy.closed", name, "2020-01-01",
                 "'vacancy': '%s', 'reason': 'withdrawn'", name);
    }
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    fake_close(fake);
}

static char *state_without_secret(fake_host *fake, bool whole)
{
    char *text = strdup(fake_state(fake)), *kept = calloc(1, strlen(text) + 1), *next = NULL;
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        bool vacancy_end = strncmp(line, "v/", 2) == 0 && strstr(line, "\"said\"");
        if (strncmp(line, "secret ", 7) == 0) {
            continue;
        }
        if (!whole && (strncmp(line, "n/", 2) == 0 || strncmp(line, "q/", 2) == 0 || vacancy_end)) {
            continue;
        }
        strcat(strcat(kept, line), "\n");
    }
    free(text);
    return kept;
}

static char *whole(fake_host *fake)
{
    return state_without_secret(fake, true);
}

/* What a state says of vacancies and of who waits, without who was proposed on the way there. */
static char *lasting(fake_host *fake)
{
    return state_without_secret(fake, false);
}

static fake_trial as_one_batch = {
    .plugin = &jejaring_plugin,
    .options = "{\"proposals_per_seat\": 2}",
    .say = say_a_mixture,
    .outcome = whole,
};

/* One by one, proposals depend on what was known; who waits and which vacancies are open do not. */
static void single_events_end_in_the_same_lines_and_vacancies(void **unused)
{
    (void)unused;
    fake_any_order(&(fake_trial){
        .plugin = &jejaring_plugin,
        .options = "{\"proposals_per_seat\": 2}",
        .say = say_a_mixture,
        .outcome = lasting,
        .in_portions = true,
    });
}

static char *whole_and_said(fake_host *fake)
{
    char *state = whole(fake), *text;
    assert_true(asprintf(&text, "%s%s", state, fake_said(fake, "placement.proposed")) > 0);
    free(state);
    return text;
}

static fake_trial with_crashes = {
    .plugin = &jejaring_plugin,
    .say = say_a_mixture,
    .outcome = whole_and_said,
};

static void more_proposals_than_a_commit_holds_come_in_portions(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 2}");
    char name[16];
    for (int i = 0; i < 2500; i++) {
        snprintf(name, sizeof name, "p%04d", i);
        welder(fake, name, "2019-01-01");
    }
    fake_say(fake, "vacancy.opened", "v1", "2020-01-01",
             "'vacancy': 'v1', 'headcount': 1000, 'vocations': ['las-smaw-3g']");
    deliver(fake); /* fails if a commit is too large */
    assert_int_equal(fake_count(fake, "placement.proposed"), 2000);
    fake_close(fake);
}

/* 100,000 graduates and 5,000 vacancies: a minute would mean quadratic work. */
static void a_whole_province_is_matched_in_time(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    char name[40], region[8];
    alarm(120);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "v%04d", i);
        snprintf(region, sizeof region, "33.%02d", 1 + i % 35);
        fake_region(fake, region);
        fake_say(fake, "vacancy.opened", name, "2020-01-01",
                 "'vacancy': '%s', 'headcount': 2, 'vocations': ['s%d'], 'regions': ['33']", name,
                 i % 30);
    }
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "p%06d", i);
        snprintf(region, sizeof region, "33.%02d", 1 + i % 35);
        fake_region(fake, region);
        fake_say(fake, "alumni.graduated", name, "2019-01-01",
                 "'vocation': 's%d', 'funding': 'apbd', 'consent': ['industry']", i % 30);
    }
    fake_deliver(fake, 500);
    assert_int_equal(fake_count(fake, "placement.proposed"), 30000);
    alarm(0);
    fake_close(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filled_vacancy_closes_once_and_takes_no_more),
        cmocka_unit_test(the_headcount_falls_with_each_person_who_starts),
        cmocka_unit_test(a_vacancy_past_its_last_day_closes_as_expired),
        cmocka_unit_test(a_vacancy_that_comes_too_late_is_closed_at_once),
        cmocka_unit_test(a_withdrawn_vacancy_takes_nobody),
        cmocka_unit_test(a_vacancy_opened_and_closed_at_one_moment_is_closed),
        cmocka_unit_test(a_corrected_headcount_opens_a_filled_vacancy_again),
        cmocka_unit_test(its_own_announcements_do_not_bind_it),
        cmocka_unit_test(what_the_agency_closes_stays_closed),
        cmocka_unit_test_prestate(a_batch_ends_the_same_in_whatever_order_it_comes, &as_one_batch),
        cmocka_unit_test(single_events_end_in_the_same_lines_and_vacancies),
        cmocka_unit_test_prestate(a_crash_before_the_commit_changes_nothing, &with_crashes),
        cmocka_unit_test(more_proposals_than_a_commit_holds_come_in_portions),
        cmocka_unit_test(a_whole_province_is_matched_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
