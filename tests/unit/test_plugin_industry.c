/* The industry plugin: who is proposed for which vacancy, and when a vacancy ends. */
#include "fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../plugins/industry/industry.c"
#include "../../plugins/industry/person.c"
#include "../../plugins/industry/vacancy.c"

static fake_host *open_industry(void)
{
    return fake_open(&jejaring_plugin, NULL);
}

/* A welder who lets industry know, graduated on day. */
static void welder(fake_host *fake, const char *person, const char *day)
{
    fake_say(fake, "alumni.graduated", person, day,
             "'vocation': 'las-smaw-3g', 'funding': 'apbd', 'consent': ['industry']");
}

static void vacancy(fake_host *fake, const char *id, const char *more)
{
    fake_say(fake, "vacancy.opened", id, "2020-01-01",
             "'vacancy': '%s', 'headcount': 1, 'vocations': ['las-smaw-3g']%s%s", id,
             *more ? ", " : "", more);
}

static void started(fake_host *fake, const char *person, const char *id, const char *day)
{
    fake_say(fake, "placement.started", person, day,
             "'vacancy': '%s', 'employer': 'Bengkel', 'kind': 'employment'", id);
}

static void deliver(fake_host *fake)
{
    fake_deliver(fake, 0);
}

static void a_consenting_graduate_of_the_vocation_and_region_is_proposed(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "ani", "2019-08-01");
    fake_say(fake, "alumni.graduated", "baker", "2019-08-01",
             "'vocation': 'roti', 'funding': 'apbd', 'consent': ['industry']");
    fake_say(fake, "alumni.graduated", "silent", "2019-08-01",
             "'vocation': 'las-smaw-3g', 'funding': 'apbd', 'consent': ['capital']");
    fake_say(fake, "alumni.graduated", "unasked", "2019-08-01",
             "'vocation': 'las-smaw-3g', 'funding': 'apbd'");
    fake_region(fake, "15.07");
    welder(fake, "faraway", "2019-08-01");
    fake_region(fake, "33.75");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "ani rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    assert_string_equal(fake_last(fake),
                        "placement.proposed ani 33.75 cause=vacancy.opened/v1/2020-01-01/ "
                        "id=vacancy.opened/v1/2020-01-01/|placement.proposed|ani 2020-01-01");
    fake_close(fake);
}

static void a_graduate_who_comes_after_the_vacancy_is_proposed_too(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    welder(fake, "ani", "2020-08-01");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "ani rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

static void the_competent_come_first_then_who_waits_longest(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 4}");
    welder(fake, "failed", "2018-01-01");
    welder(fake, "late", "2019-09-01");
    welder(fake, "early", "2019-03-01");
    welder(fake, "tested", "2019-12-01");
    fake_say(fake, "alumni.certified", "tested", "2019-12-10",
             "'vocation': 'las-smaw-3g', 'result': 'competent'");
    fake_say(fake, "alumni.certified", "failed", "2019-12-10", "'result': 'not_yet'");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "tested rank=1 reasons=[\"vocation\",\"region\",\"competent\"] vacancy=v1\n"
                        "early rank=2 reasons=[\"vocation\",\"region\"] vacancy=v1\n"
                        "late rank=3 reasons=[\"vocation\",\"region\"] vacancy=v1\n"
                        "failed rank=4 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

static void a_test_passed_later_outweighs_one_failed_before(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 1}");
    welder(fake, "other", "2018-01-01");
    welder(fake, "ani", "2019-01-01");
    fake_say(fake, "alumni.certified", "ani", "2019-06-01", "'result': 'competent'");
    fake_say(fake, "alumni.certified", "ani", "2019-03-01",
             "'vocation': 'las-smaw-3g', 'result': 'not_yet'");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_memory_equal(fake_said(fake, "placement.proposed"), "ani ", 4);
    fake_close(fake);
}

static void there_are_so_many_proposals_a_seat_and_one_a_person(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 2}");
    char name[16];
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof name, "p%d", i);
        welder(fake, name, "2019-01-01");
    }
    fake_say(fake, "vacancy.opened", "v1", "2020-01-01",
             "'vacancy': 'v1', 'headcount': 3, 'vocations': ['las-smaw-3g']");
    deliver(fake);
    deliver(fake);
    fake_id(fake, "corrected");
    fake_say(fake, "vacancy.opened", "v1", "2020-01-02",
             "'vacancy': 'v1', 'headcount': 3, 'vocations': ['las-smaw-3g']");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 6);
    fake_close(fake);
}

static void who_gets_work_elsewhere_makes_room_for_the_next(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 1}");
    welder(fake, "ani", "2019-01-01");
    welder(fake, "budi", "2019-02-01");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 1);
    fake_say(fake, "placement.started", "ani", "2020-02-01", "'employer': 'Hotel'");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "ani rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n"
                        "budi rank=2 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

static void nobody_at_work_is_proposed_until_it_ends(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "ani", "2019-01-01");
    fake_say(fake, "placement.started", "ani", "2019-02-01", "'employer': 'Hotel'");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    fake_say(fake, "placement.ended", "ani", "2020-03-01", FAKE_NOTHING);
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 1);
    assert_non_null(strstr(fake_last(fake), "2020-03-01"));
    fake_close(fake);
}

static void a_vacancy_for_any_vocation_takes_every_vocation(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "ani", "2019-02-01");
    fake_say(fake, "alumni.graduated", "baker", "2019-01-01",
             "'vocation': 'roti', 'funding': 'apbn', 'consent': ['industry']");
    fake_say(fake, "vacancy.opened", "v1", "2020-01-01", "'vacancy': 'v1', 'headcount': 1");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "baker rank=1 reasons=[\"any_vocation\",\"region\"] vacancy=v1\n"
                        "ani rank=2 reasons=[\"any_vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

static void a_graduate_of_two_vocations_is_proposed_once(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "ani", "2019-02-01");
    fake_say(fake, "alumni.graduated", "ani", "2019-01-01",
             "'vocation': 'roti', 'funding': 'apbn', 'consent': ['industry']");
    fake_say(fake, "vacancy.opened", "v1", "2020-01-01", "'vacancy': 'v1', 'headcount': 1");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 1);
    fake_close(fake);
}

static void a_vacancy_may_accept_other_regions_or_a_province(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    vacancy(fake, "v1", "'regions': ['33', '15.07']");
    welder(fake, "here", "2019-01-01");
    fake_region(fake, "33.26");
    welder(fake, "next", "2019-01-02");
    fake_region(fake, "35.22");
    welder(fake, "outside", "2019-01-01");
    fake_region(fake, "15.07");
    welder(fake, "jambi", "2019-01-03");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "here rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n"
                        "next rank=2 reasons=[\"vocation\",\"region\"] vacancy=v1\n"
                        "jambi rank=3 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    assert_non_null(strstr(fake_last(fake), "jambi 15.07 "));
    fake_close(fake);
}

static void consent_counts_as_it_was_said_last(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "gone", "2019-01-01");
    fake_say(fake, "consent.withdrawn", "gone", "2019-05-01", "'audiences': ['industry']");
    fake_say(fake, "alumni.graduated", "came", "2019-01-01",
             "'vocation': 'las-smaw-3g', 'funding': 'apbd', 'consent': []");
    fake_say(fake, "consent.granted", "came", "2019-05-01", "'audiences': ['capital', 'industry']");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "came rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

static void a_view_bound_by_consent_is_the_hubs_word_for_it(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    fake_say(fake, "alumni.graduated", "seen", "2019-01-01",
             "'vocation': 'las-smaw-3g', 'batch': 'II'");
    fake_say(fake, "alumni.graduated", "hidden", "2019-01-01", FAKE_NOTHING);
    /* Shown for the consent that another audience has. */
    fake_say(fake, "alumni.graduated", "other", "2019-01-01", "'vocation': 'las-smaw-3g'");
    /* Shown to one who acts on a duty of law; nothing was said of consent. */
    fake_say(fake, "alumni.graduated", "unasked", "2019-01-01",
             "'vocation': 'las-smaw-3g', 'batch': 'II', 'funding': 'apbd'");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "seen rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

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

static void a_friendly_vacancy_serves_and_does_not_tell(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 4}");
    char name[16];
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof name, "p%d", i);
        welder(fake, name, "2019-01-01");
    }
    fake_say(fake, "alumni.graduated", "wati", "2019-12-01",
             "'vocation': 'las-smaw-3g', 'funding': 'apbd', 'consent': ['industry'],"
             "'disability': {'category': 'hearing', 'needs': []}");
    vacancy(fake, "v1", "'disability_friendly': true");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "p0 rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n"
                        "wati rank=2 reasons=[\"vocation\",\"region\"] vacancy=v1\n"
                        "p1 rank=3 reasons=[\"vocation\",\"region\"] vacancy=v1\n"
                        "p2 rank=4 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

static void an_erased_person_leaves_no_trace_in_the_state(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "wati", "2019-01-01");
    vacancy(fake, "v1", "");
    fake_say(fake, "alumni.certified", "wati", "2019-02-01", "'result': 'competent'");
    started(fake, "wati", "v2", "2019-04-01");
    fake_say(fake, "placement.ended", "wati", "2019-05-01", FAKE_NOTHING);
    deliver(fake);
    assert_non_null(strstr(fake_state(fake), "wati"));
    fake_say(fake, "person.erased", "wati", "2020-02-01", FAKE_NOTHING);
    deliver(fake);
    assert_null(strstr(fake_state(fake), "wati"));
    fake_close(fake);
}

static void an_event_without_a_usable_subject_is_put_aside(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    fake_say(fake, "alumni.graduated", NULL, "2019-01-01", "'vocation': 'roti'");
    fake_say(fake, "vacancy.opened", "a/b", "2019-01-01", "'headcount': 1");
    deliver(fake);
    assert_int_equal(fake_rejected(fake), 2);
    assert_int_equal(fake_state_count(fake), 0);
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

/* What a state says of vacancies and of who waits, without who was proposed on the way there. */
static char *lasting(fake_host *fake, bool whole)
{
    char *text = strdup(fake_state(fake)), *kept = calloc(1, strlen(text) + 1), *next = NULL;
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        bool vacancy_end = strncmp(line, "v/", 2) == 0 && strstr(line, "\"said\"");
        if (!whole && (strncmp(line, "n/", 2) == 0 || strncmp(line, "q/", 2) == 0 || vacancy_end)) {
            continue;
        }
        strcat(strcat(kept, line), "\n");
    }
    free(text);
    return kept;
}

static void a_batch_ends_the_same_in_whatever_order_it_comes(void **unused)
{
    (void)unused;
    char *expected = NULL;
    for (unsigned seed = 0; seed < 200; seed++) {
        fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 2}");
        say_a_mixture(fake);
        if (seed % 2) {
            say_a_mixture(fake); /* and however often */
        }
        if (seed) {
            fake_shuffle(fake, seed);
        }
        deliver(fake);
        char *state = lasting(fake, true);
        if (!expected) {
            expected = strdup(state);
        }
        if (strcmp(expected, state) != 0) {
            fail_msg("seed %u\nexpected:\n%s\ngot:\n%s", seed, expected, state);
        }
        free(state);
        fake_close(fake);
    }
    free(expected);
}

/* One by one, proposals depend on what was known; who waits and which vacancies are open do not. */
static void single_events_end_in_the_same_lines_and_vacancies(void **unused)
{
    (void)unused;
    char *expected = NULL;
    for (unsigned seed = 0; seed < 200; seed++) {
        fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 2}");
        say_a_mixture(fake);
        if (seed) {
            fake_shuffle(fake, seed);
        }
        fake_deliver(fake, seed ? 1 + seed % 3 : 0);
        char *state = lasting(fake, false);
        if (!expected) {
            expected = strdup(state);
        }
        if (strcmp(expected, state) != 0) {
            fail_msg("seed %u\nexpected:\n%s\ngot:\n%s", seed, expected, state);
        }
        free(state);
        fake_close(fake);
    }
    free(expected);
}

static void a_crash_before_the_commit_changes_nothing(void **unused)
{
    (void)unused;
    char *said[2], *state[2];
    for (int crashes = 0; crashes < 2; crashes++) {
        fake_host *fake = open_industry();
        say_a_mixture(fake);
        for (int i = 0; i < 3 * crashes; i++) {
            fake_crash(fake);
            assert_int_equal(fake_state_count(fake), 0);
            assert_int_equal(fake_count(fake, "placement.proposed"), 0);
        }
        deliver(fake);
        said[crashes] = strdup(fake_said(fake, "placement.proposed"));
        state[crashes] = strdup(fake_state(fake));
        fake_close(fake);
    }
    assert_string_equal(said[0], said[1]);
    assert_string_equal(state[0], state[1]);
    for (int i = 0; i < 2; i++) {
        free(said[i]);
        free(state[i]);
    }
}

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
        cmocka_unit_test(a_consenting_graduate_of_the_vocation_and_region_is_proposed),
        cmocka_unit_test(a_graduate_who_comes_after_the_vacancy_is_proposed_too),
        cmocka_unit_test(the_competent_come_first_then_who_waits_longest),
        cmocka_unit_test(a_test_passed_later_outweighs_one_failed_before),
        cmocka_unit_test(there_are_so_many_proposals_a_seat_and_one_a_person),
        cmocka_unit_test(who_gets_work_elsewhere_makes_room_for_the_next),
        cmocka_unit_test(nobody_at_work_is_proposed_until_it_ends),
        cmocka_unit_test(a_vacancy_for_any_vocation_takes_every_vocation),
        cmocka_unit_test(a_graduate_of_two_vocations_is_proposed_once),
        cmocka_unit_test(a_vacancy_may_accept_other_regions_or_a_province),
        cmocka_unit_test(consent_counts_as_it_was_said_last),
        cmocka_unit_test(a_view_bound_by_consent_is_the_hubs_word_for_it),
        cmocka_unit_test(a_filled_vacancy_closes_once_and_takes_no_more),
        cmocka_unit_test(the_headcount_falls_with_each_person_who_starts),
        cmocka_unit_test(a_vacancy_past_its_last_day_closes_as_expired),
        cmocka_unit_test(a_vacancy_that_comes_too_late_is_closed_at_once),
        cmocka_unit_test(a_withdrawn_vacancy_takes_nobody),
        cmocka_unit_test(a_corrected_headcount_opens_a_filled_vacancy_again),
        cmocka_unit_test(a_friendly_vacancy_serves_and_does_not_tell),
        cmocka_unit_test(an_erased_person_leaves_no_trace_in_the_state),
        cmocka_unit_test(an_event_without_a_usable_subject_is_put_aside),
        cmocka_unit_test(a_batch_ends_the_same_in_whatever_order_it_comes),
        cmocka_unit_test(single_events_end_in_the_same_lines_and_vacancies),
        cmocka_unit_test(a_crash_before_the_commit_changes_nothing),
        cmocka_unit_test(more_proposals_than_a_commit_holds_come_in_portions),
        cmocka_unit_test(a_whole_province_is_matched_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
