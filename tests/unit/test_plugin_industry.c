/* The industry plugin: who is proposed for which vacancy. */
#include "industry_events.h"

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

/* Left and begun on one day: neither may depend on which event has the greater key. */
static void who_moves_from_one_employer_to_another_is_at_work(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    char name[16];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "p%02d", i);
        welder(fake, name, "2019-01-01");
        fake_say(fake, "placement.started", name, "2019-02-01", "'employer': 'Hotel'");
        fake_say(fake, "placement.ended", name, "2019-06-01", "'employer': 'HOTEL'");
        fake_say(fake, "placement.started", name, "2019-06-01", "'employer': 'PT. Garmen'");
    }
    vacancy(fake, "v1", "");
    fake_shuffle(fake, 7);
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    fake_say(fake, "placement.ended", "p07", "2020-06-01", "'employer': 'pt garmen'");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "p07 rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

static void who_leaves_one_of_two_places_is_still_at_work(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "ani", "2019-01-01");
    started(fake, "ani", "a", "2019-02-01");
    started(fake, "ani", "b", "2019-03-01");
    fake_say(fake, "placement.ended", "ani", "2019-04-01", "'vacancy': 'a'");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    fake_say(fake, "placement.ended", "ani", "2019-05-01", "'vacancy': 'b'");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 1);
    fake_close(fake);
}

static void an_end_that_comes_before_its_start_ends_it(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "ani", "2019-01-01");
    welder(fake, "early", "2019-01-02");
    fake_say(fake, "placement.ended", "ani", "2019-06-01", "'employer': 'Hotel'");
    fake_say(fake, "placement.ended", "early", "2019-01-15", "'employer': 'Hotel'");
    fake_deliver(fake, 1);
    fake_say(fake, "placement.started", "ani", "2019-02-01", "'employer': 'Hotel'");
    /* Dated before the start it ends nothing. */
    fake_say(fake, "placement.started", "early", "2019-02-01", "'employer': 'Hotel'");
    fake_deliver(fake, 1);
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "ani rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

/* Told late, with the day of then: the days count, not when it was told. */
static void a_correction_of_a_start_after_the_end_does_not_begin_it_again(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "ani", "2019-01-01");
    fake_say(fake, "placement.started", "ani", "2019-02-01", "'employer': 'Hotel'");
    fake_say(fake, "placement.ended", "ani", "2019-06-01", "'employer': 'Hotel'");
    fake_say(fake, "placement.started", "ani", "2019-09-01",
             "'date': '2019-02-01', 'employer': 'Hotel', 'occupation': 'Juru las'");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 1);
    fake_close(fake);
}

static void a_correction_of_an_end_does_not_end_what_began_since(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "ani", "2019-01-01");
    fake_say(fake, "placement.started", "ani", "2019-02-01", "'employer': 'Hotel'");
    fake_say(fake, "placement.ended", "ani", "2019-06-01", "'employer': 'Hotel'");
    fake_say(fake, "placement.started", "ani", "2019-07-01", "'employer': 'Hotel'");
    fake_say(fake, "placement.ended", "ani", "2019-09-01",
             "'date': '2019-06-01', 'employer': 'Hotel', 'reason': 'finished'");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    fake_close(fake);
}

/* On one day: the next contract with the same employer goes on, and a day's work is over. */
static void on_its_own_day_an_end_takes_back_what_began_before(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    char name[16];
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "p%02d", i);
        welder(fake, name, "2019-01-01");
        fake_say(fake, "placement.started", name, "2019-02-01", "'employer': 'Hotel'");
        fake_say(fake, "placement.ended", name, "2019-06-01", "'employer': 'Hotel'");
        fake_say(fake, "placement.started", name, "2019-06-01", "'employer': 'Hotel'");
    }
    welder(fake, "day", "2019-01-01");
    fake_say(fake, "placement.started", "day", "2019-06-01", "'employer': 'Hotel'");
    fake_say(fake, "placement.ended", "day", "2019-06-01", FAKE_NOTHING);
    vacancy(fake, "v1", "'regions': ['33'], 'title': 'Juru las'");
    fake_shuffle(fake, 7);
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "day rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

static void a_corrected_graduate_keeps_the_place_in_the_line(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 1}");
    welder(fake, "early", "2019-03-01");
    welder(fake, "late", "2019-09-01");
    fake_say(fake, "alumni.graduated", "early", "2019-12-01",
             "'date': '2019-03-01', 'vocation': 'las-smaw-3g', 'funding': 'apbn',"
             "'consent': ['industry']");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_memory_equal(fake_said(fake, "placement.proposed"), "early ", 6);
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

/* A file tells a day: which of two events has the greater key is chance. */
static void consent_granted_and_withdrawn_at_one_moment_is_withdrawn(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    char name[16];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "p%02d", i);
        welder(fake, name, "2019-01-01");
        fake_say(fake, "consent.withdrawn", name, "2019-01-01", "'audiences': ['industry']");
    }
    fake_shuffle(fake, 3);
    fake_deliver(fake, 1);
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 0);
    fake_close(fake);
}

static void a_further_graduation_withdraws_nothing(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    welder(fake, "ani", "2019-01-01");
    fake_say(fake, "alumni.graduated", "ani", "2019-10-01",
             "'vocation': 'roti', 'funding': 'apbn', 'consent': ['capital']");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 1);
    fake_close(fake);
}

static void a_proposal_is_never_dated_before_the_consent(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    fake_say(fake, "alumni.graduated", "ani", "2019-01-01",
             "'vocation': 'las-smaw-3g', 'funding': 'apbd', 'consent': []");
    vacancy(fake, "v1", "");
    deliver(fake);
    fake_say(fake, "consent.granted", "ani", "2020-05-01", "'audiences': ['industry']");
    deliver(fake);
    assert_int_equal(fake_count(fake, "placement.proposed"), 1);
    assert_non_null(strstr(fake_last(fake), "|ani 2020-05-01"));
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

/* The rank of a person's proposal, 0 without one. */
static int rank_of(fake_host *fake, const char *person)
{
    char start[32];
    snprintf(start, sizeof start, "%s rank=", person);
    const char *line = strstr(fake_said(fake, "placement.proposed"), start);
    return line ? atoi(line + strlen(start)) : 0;
}

/* Of three, one is the first in line, one has a disability, one is anybody; who is who cannot be
 * told from the rank, nor from standing far behind in the line. */
static void a_friendly_vacancy_serves_and_does_not_tell(void **unused)
{
    (void)unused;
    int ranks[4] = {0}, strangers = 0;
    char name[16];
    for (int run = 0; run < 100; run++) {
        fake_host *fake = open_industry(); /* with a secret of its own */
        for (int i = 0; i < 30; i++) {
            snprintf(name, sizeof name, "p%02d", i);
            welder(fake, name, "2019-01-01");
        }
        fake_say(fake, "alumni.graduated", "wati", "2019-12-01",
                 "'vocation': 'las-smaw-3g', 'funding': 'apbd', 'consent': ['industry'],"
                 "'disability': {'category': 'hearing', 'needs': []}");
        vacancy(fake, "v1", "'disability_friendly': true");
        deliver(fake);
        assert_int_equal(fake_count(fake, "placement.proposed"), 3);
        assert_in_range(rank_of(fake, "wati"), 1, 3);
        ranks[rank_of(fake, "wati")]++;
        for (int i = 2; i < 30; i++) {
            snprintf(name, sizeof name, "p%02d", i);
            strangers += rank_of(fake, name) > 0;
        }
        assert_null(strstr(fake_said(fake, "placement.proposed"), "disab"));
        fake_close(fake);
    }
    for (int rank = 1; rank <= 3; rank++) {
        assert_in_range(ranks[rank], 10, 60); /* about 33 each */
    }
    assert_in_range(strangers, 60, 100); /* about 93: as many without as with a disability */
}

static void no_other_vacancy_asks_out_of_turn(void **unused)
{
    (void)unused;
    fake_host *fake = open_industry();
    for (int i = 0; i < 5; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        welder(fake, name, "2019-01-01");
    }
    fake_say(fake, "alumni.graduated", "wati", "2019-12-01",
             "'vocation': 'las-smaw-3g', 'funding': 'apbd', 'consent': ['industry'],"
             "'disability': {'category': 'hearing', 'needs': []}");
    vacancy(fake, "v1", "");
    deliver(fake);
    assert_string_equal(fake_said(fake, "placement.proposed"),
                        "a rank=1 reasons=[\"vocation\",\"region\"] vacancy=v1\n"
                        "b rank=2 reasons=[\"vocation\",\"region\"] vacancy=v1\n"
                        "c rank=3 reasons=[\"vocation\",\"region\"] vacancy=v1\n");
    fake_close(fake);
}

static void a_disability_is_forgotten_when_that_consent_is_withdrawn(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"proposals_per_seat\": 2}");
    for (int i = 0; i < 3; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        welder(fake, name, "2019-01-01");
    }
    fake_say(fake, "alumni.graduated", "wati", "2019-12-01",
             "'vocation': 'las-smaw-3g', 'funding': 'apbd', 'consent': ['industry', 'disability'],"
             "'disability': {'category': 'hearing', 'needs': []}");
    deliver(fake);
    assert_non_null(strstr(fake_state(fake), "able/"));
    fake_say(fake, "consent.withdrawn", "wati", "2019-12-15", "'audiences': ['disability']");
    deliver(fake);
    assert_null(strstr(fake_state(fake), "able/"));
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
    assert_int_equal(fake_state_count(fake), 1); /* the secret */
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
        cmocka_unit_test(who_moves_from_one_employer_to_another_is_at_work),
        cmocka_unit_test(who_leaves_one_of_two_places_is_still_at_work),
        cmocka_unit_test(an_end_that_comes_before_its_start_ends_it),
        cmocka_unit_test(a_vacancy_for_any_vocation_takes_every_vocation),
        cmocka_unit_test(a_graduate_of_two_vocations_is_proposed_once),
        cmocka_unit_test(a_vacancy_may_accept_other_regions_or_a_province),
        cmocka_unit_test(consent_counts_as_it_was_said_last),
        cmocka_unit_test(consent_granted_and_withdrawn_at_one_moment_is_withdrawn),
        cmocka_unit_test(a_further_graduation_withdraws_nothing),
        cmocka_unit_test(a_proposal_is_never_dated_before_the_consent),
        cmocka_unit_test(a_correction_of_a_start_after_the_end_does_not_begin_it_again),
        cmocka_unit_test(a_correction_of_an_end_does_not_end_what_began_since),
        cmocka_unit_test(on_its_own_day_an_end_takes_back_what_began_before),
        cmocka_unit_test(a_corrected_graduate_keeps_the_place_in_the_line),
        cmocka_unit_test(a_view_bound_by_consent_is_the_hubs_word_for_it),
        cmocka_unit_test(a_friendly_vacancy_serves_and_does_not_tell),
        cmocka_unit_test(no_other_vacancy_asks_out_of_turn),
        cmocka_unit_test(a_disability_is_forgotten_when_that_consent_is_withdrawn),
        cmocka_unit_test(an_erased_person_leaves_no_trace_in_the_state),
        cmocka_unit_test(an_event_without_a_usable_subject_is_put_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
