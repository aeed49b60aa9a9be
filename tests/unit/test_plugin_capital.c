/* The capital plugin: which business is referred to which scheme. */
#include "fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../plugins/capital/capital.c"
#include "../../plugins/capital/scheme.c"

static void consents(fake_host *fake, const char *person)
{
    fake_say(fake, "alumni.graduated", person, "2019-01-01",
             "'vocation': 'roti', 'funding': 'apbd', 'consent': ['capital']");
}

static void business(fake_host *fake, const char *owner, const char *day, long amount,
                     const char *more)
{
    fake_say(fake, "business.registered", owner, day,
             "'business': 'biz-%s', 'needs_capital': true, 'amount_needed': %ld%s%s", owner, amount,
             *more ? ", " : "", more);
}

static void a_business_that_needs_capital_is_referred_by_amount(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    const long amounts[] = {10000000, 10000001, 100000001, 600000000};
    for (int i = 0; i < 4; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        consents(fake, name);
        business(fake, name, "2019-06-01", amounts[i], "'nib': '1234567890123'");
    }
    consents(fake, "no-nib");
    business(fake, "no-nib", "2019-06-01", 200000000, "");
    consents(fake, "rich");
    fake_say(fake, "business.registered", "rich", "2019-06-01", "'business': 'biz-rich'");
    fake_deliver(fake, 0);
    assert_string_equal(
        fake_said(fake, "loan.referred"),
        "a amount=10000000 business=biz-a reasons=[\"amount\",\"first_time\"] "
        "scheme=kur_super_mikro\n"
        "b amount=10000001 business=biz-b reasons=[\"amount\",\"first_time\"] scheme=kur_mikro\n"
        "c amount=100000001 business=biz-c reasons=[\"amount\",\"first_time\"] scheme=kur_kecil\n");
    assert_non_null(strstr(fake_last(fake), "cause=business.registered/c/2019-06-01/"));
    fake_close(fake);
}

static void without_consent_nobody_is_referred(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    business(fake, "ani", "2019-06-01", 5000000, "");
    fake_say(fake, "alumni.graduated", "ani", "2019-01-01", "'vocation': 'roti'"); /* no list */
    consents(fake, "budi");
    fake_say(fake, "consent.withdrawn", "budi", "2019-05-01", "'audiences': ['capital']");
    business(fake, "budi", "2019-06-01", 5000000, "");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "loan.referred"), 0);
    fake_say(fake, "consent.granted", "ani", "2019-07-01", "'audiences': ['capital']");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "loan.referred"), 1);
    assert_non_null(strstr(fake_last(fake), "2019-07-01"));
    fake_close(fake);
}

static void history_decides_beside_the_amount(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    const char *names[] = {"had", "bad", "good"};
    for (int i = 0; i < 3; i++) {
        consents(fake, names[i]);
        fake_say(fake, "loan.disbursed", names[i], "2019-02-01",
                 "'scheme': 'kur_super_mikro', 'amount': 5000000, 'loan': 'l%d'", i);
        if (i > 0) {
            fake_say(fake, "loan.repaid", names[i], "2019-04-01",
                     "'scheme': 'kur_super_mikro', 'amount': 100000, 'collectability': %d",
                     i == 1 ? 3 : 1);
        }
        business(fake, names[i], "2019-06-01", 5000000, "");
    }
    fake_deliver(fake, 0);
    assert_string_equal(
        fake_said(fake, "loan.referred"),
        "good amount=5000000 business=biz-good reasons=[\"amount\",\"first_time\",\"repays\"] "
        "scheme=kur_mikro\n"
        "had amount=5000000 business=biz-had reasons=[\"amount\",\"first_time\"] "
        "scheme=kur_mikro\n");
    fake_close(fake);
}

/* The days count: who applied after registering has applied, however late it is corrected. */
static void a_correction_does_not_refer_who_has_applied_since(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    business(fake, "ani", "2019-06-01", 5000000, "");
    fake_say(fake, "loan.applied", "ani", "2019-06-10",
             "'scheme': 'kur_super_mikro', 'amount': 5000000");
    fake_say(fake, "business.registered", "ani", "2019-09-01",
             "'date': '2019-06-01', 'business': 'biz-ani', 'needs_capital': true,"
             "'amount_needed': 5000000, 'product': 'roti'");
    fake_say(fake, "consent.granted", "ani", "2019-09-02", "'audiences': ['capital']");
    fake_deliver(fake, 1);
    assert_int_equal(fake_count(fake, "loan.referred"), 0);
    business(fake, "ani", "2019-10-01", 20000000, ""); /* another need */
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "loan.referred"), 1);
    fake_close(fake);
}

/* KUR super mikro is for those who have had no KUR at all, not just none of this kind. */
static void who_has_had_any_kur_is_no_newcomer(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    consents(fake, "ani");
    fake_say(fake, "loan.disbursed", "ani", "2019-02-01",
             "'scheme': 'kur_mikro', 'amount': 50000000, 'loan': 'l1'");
    business(fake, "ani", "2019-06-01", 5000000, "");
    consents(fake, "budi");
    fake_say(fake, "loan.disbursed", "budi", "2019-02-01",
             "'scheme': 'other', 'amount': 50000000, 'loan': 'l2'");
    business(fake, "budi", "2019-06-01", 5000000, "");
    fake_deliver(fake, 0);
    assert_string_equal(fake_said(fake, "loan.referred"),
                        "ani amount=5000000 business=biz-ani reasons=[\"amount\",\"had_before\"] "
                        "scheme=kur_mikro\n"
                        "budi amount=5000000 business=biz-budi reasons=[\"amount\",\"first_time\"] "
                        "scheme=kur_super_mikro\n");
    fake_close(fake);
}

static void a_loan_said_again_is_the_same_loan(void **unused)
{
    (void)unused;
    fake_host *fake =
        fake_open(&jejaring_plugin, "{\"schemes\": [{\"scheme\": \"other\", \"times\": 2}]}");
    consents(fake, "ani");
    for (int i = 0; i < 3; i++) { /* corrected, and without the bank's number */
        fake_id(fake, i ? "corrected" : "");
        fake_say(fake, "loan.disbursed", "ani", i ? "2019-02-01+1" : "2019-02-01",
                 "'scheme': 'other', 'amount': 100, 'business': 'biz-ani'");
    }
    fake_id(fake, "");
    business(fake, "ani", "2019-06-01", 5000000, "");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "loan.referred"), 1);
    fake_close(fake);
}

static void a_business_that_is_too_young_is_referred_when_it_is_old_enough(void **unused)
{
    (void)unused;
    fake_host *fake =
        fake_open(&jejaring_plugin, "{\"schemes\": [{\"scheme\": \"kur_mikro\", \"months\": 6}]}");
    fake_now(fake, "2019-11-30");
    consents(fake, "ani");
    business(fake, "ani", "2019-06-01", 5000000, "");
    business(fake, "ani", "2019-09-01", 20000000, ""); /* its need has changed, not its age */
    fake_deliver(fake, 1);
    fake_timer(fake, JJ_TIMER_DUE);
    assert_int_equal(fake_count(fake, "loan.referred"), 0);
    fake_now(fake, "2019-12-01");
    fake_timer(fake, JJ_TIMER_DUE);
    fake_timer(fake, JJ_TIMER_DUE);
    assert_int_equal(fake_count(fake, "loan.referred"), 1);
    assert_non_null(strstr(fake_last(fake), "2019-12-01"));
    assert_null(strstr(fake_state(fake), "due/"));
    fake_close(fake);
}

static void who_has_applied_already_is_not_referred(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    consents(fake, "ani");
    fake_say(fake, "loan.applied", "ani", "2019-06-02", "'scheme': 'kur_mikro', 'amount': 1");
    business(fake, "ani", "2019-06-01", 5000000, "");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "loan.referred"), 0);
    fake_close(fake);
}

static void a_business_is_referred_once_until_its_need_changes(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    consents(fake, "ani");
    business(fake, "ani", "2019-06-01", 5000000, "");
    fake_deliver(fake, 0);
    business(fake, "ani", "2019-06-01", 5000000, "");
    consents(fake, "ani");
    business(fake, "ani", "2019-07-01", 5000000, "'name': 'Toko Roti'");
    fake_deliver(fake, 1);
    assert_int_equal(fake_count(fake, "loan.referred"), 1);
    business(fake, "ani", "2019-08-01", 20000000, "");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "loan.referred"), 2);
    fake_close(fake);
}

static void a_closed_business_is_not_referred(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    fake_say(fake, "business.closed", "ani", "2019-07-01", "'business': 'biz-ani'");
    fake_deliver(fake, 0);
    consents(fake, "ani");
    business(fake, "ani", "2019-06-01", 5000000, "");
    fake_deliver(fake, 0);
    assert_int_equal(fake_count(fake, "loan.referred"), 0);
    fake_close(fake);
}

static void the_schemes_are_the_configs(void **unused)
{
    (void)unused;
    fake_host *fake =
        fake_open(&jejaring_plugin, "{\"schemes\": [{\"scheme\": \"other\", \"floor\": 100,"
                                    " \"ceiling\": 200, \"collectability\": 2}]}");
    consents(fake, "small");
    business(fake, "small", "2019-06-01", 99, "");
    consents(fake, "fits");
    business(fake, "fits", "2019-06-01", 100, "");
    fake_say(fake, "loan.repaid", "fits", "2019-04-01", "'collectability': 2");
    fake_deliver(fake, 0);
    assert_string_equal(
        fake_said(fake, "loan.referred"),
        "fits amount=100 business=biz-fits reasons=[\"amount\",\"first_time\",\"repays\"] "
        "scheme=other\n");
    fake_close(fake);
}

static void a_wrong_table_of_schemes_is_refused(void **unused)
{
    (void)unused;
    const struct {
        const char *options, *text;
    } cases[] = {
        {"{\"schemes\": {}}", "row 1: a list of schemes is expected"},
        {"{\"schemes\": [{\"scheme\": \"kur\"}]}",
         "row 1: scheme: kur_super_mikro, kur_mikro, kur_kecil or other is expected"},
        {"{\"schemes\": [{\"scheme\": \"other\"}, {\"scheme\": \"other\", \"ceiling\": \"1jt\"}]}",
         "row 2: floor, ceiling, times, months and collectability: a whole number from 1"},
        {"{\"schemes\": [{\"scheme\": \"other\", \"months\": 1201}]}",
         "row 1: months: at most 1200"},
        {"{\"schemes\": [{\"scheme\": \"other\", \"nib\": 1}]}",
         "row 1: nib and newcomer: true or false is expected"},
        {"{\"schemes\": [{\"scheme\": \"other\", \"cieling\": 1}]}",
         "row 1: only scheme, floor, ceiling, nib, newcomer, times, months, collectability"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(fake_check(&jejaring_plugin, cases[i].options), cases[i].text);
    }
}

static void an_erased_person_leaves_no_trace_in_the_state(void **unused)
{
    (void)unused;
    fake_host *fake =
        fake_open(&jejaring_plugin, "{\"schemes\": [{\"scheme\": \"other\", \"months\": 600}]}");
    consents(fake, "wati");
    business(fake, "wati", "2019-06-01", 5000000, "");
    fake_deliver(fake, 0);
    assert_non_null(strstr(fake_state(fake), "due/"));
    fake_say(fake, "person.erased", "wati", "2020-10-01", FAKE_NOTHING);
    fake_deliver(fake, 0);
    assert_string_equal(fake_state(fake), "");
    fake_close(fake);
}

static void say_a_mixture(fake_host *fake)
{
    for (int i = 0; i < 8; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        if (i % 4) {
            consents(fake, name);
        }
        if (i == 1) {
            fake_say(fake, "consent.withdrawn", name, "2019-05-01", "'audiences': ['capital']");
        }
        if (i % 3 == 0) {
            fake_say(fake, "loan.disbursed", name, "2019-02-01",
                     "'scheme': 'kur_super_mikro', 'loan': 'l%d'", i);
        }
        if (i == 6) {
            fake_say(fake, "loan.repaid", name, "2019-02-01", "'collectability': 4");
        }
        business(fake, name, "2019-06-01", 5000000 * (i + 1), "");
        business(fake, name, "2019-06-01+1", 6000000 * (i + 1), "");
        if (i == 7) {
            fake_say(fake, "business.closed", name, "2019-08-01", "'business': 'biz-%s'", name);
        }
    }
}

static fake_trial mixture = {.plugin = &jejaring_plugin, .say = say_a_mixture};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_business_that_needs_capital_is_referred_by_amount),
        cmocka_unit_test(without_consent_nobody_is_referred),
        cmocka_unit_test(history_decides_beside_the_amount),
        cmocka_unit_test(a_correction_does_not_refer_who_has_applied_since),
        cmocka_unit_test(who_has_had_any_kur_is_no_newcomer),
        cmocka_unit_test(a_loan_said_again_is_the_same_loan),
        cmocka_unit_test(a_business_that_is_too_young_is_referred_when_it_is_old_enough),
        cmocka_unit_test(who_has_applied_already_is_not_referred),
        cmocka_unit_test(a_business_is_referred_once_until_its_need_changes),
        cmocka_unit_test(a_closed_business_is_not_referred),
        cmocka_unit_test(the_schemes_are_the_configs),
        cmocka_unit_test(a_wrong_table_of_schemes_is_refused),
        cmocka_unit_test(an_erased_person_leaves_no_trace_in_the_state),
        cmocka_unit_test_prestate(a_batch_ends_the_same_in_whatever_order_it_comes, &mixture),
        cmocka_unit_test_prestate(a_crash_before_the_commit_changes_nothing, &mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
