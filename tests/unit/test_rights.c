/*
 * Rights: what is not allowed is forbidden.
 */
#include "event/rights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const nothing[] = {NULL};

static void a_regency_covers_itself_alone(void **state)
{
    (void)state;
    assert_true(jj_region_covered(LIST("33.75"), "33.75"));
    assert_false(jj_region_covered(LIST("33.75"), "33.76"));
    assert_false(jj_region_covered(LIST("33.75"), "33"));
    assert_false(jj_region_covered(LIST("33.75"), "33.7"));
}

static void a_province_covers_its_regencies(void **state)
{
    (void)state;
    assert_true(jj_region_covered(LIST("33"), "33"));
    assert_true(jj_region_covered(LIST("33"), "33.75"));
    assert_false(jj_region_covered(LIST("33"), "34.75"));
    assert_false(jj_region_covered(LIST("33"), "3375"));
    assert_false(jj_region_covered(LIST("33"), "333.5"));
}

static void any_of_several_regions_is_enough(void **state)
{
    (void)state;
    assert_true(jj_region_covered(LIST("15.07", "33"), "33.75"));
    assert_true(jj_region_covered(LIST("*"), "33.75"));
    assert_false(jj_region_covered(nothing, "33.75"));
}

static void a_list_of_types_knows_names_and_groups(void **state)
{
    (void)state;
    assert_true(jj_type_listed(LIST("vacancy.opened"), "vacancy.opened"));
    assert_false(jj_type_listed(LIST("vacancy.opened"), "vacancy.closed"));
    assert_true(jj_type_listed(LIST("loan.*", "vacancy.*"), "vacancy.closed"));
    assert_false(jj_type_listed(LIST("vacancy.*"), "vacancyx.closed"));
    assert_false(jj_type_listed(LIST("vacancy"), "vacancy.closed"));
    assert_false(jj_type_listed(LIST(".*"), "vacancy.closed"));
    assert_true(jj_type_listed(LIST("*"), "vacancy.closed"));
    assert_false(jj_type_listed(nothing, "vacancy.closed"));
}

static void who_has_an_empty_list_may_publish_nothing(void **state)
{
    const jj_rights none = {.publishes = nothing}, all = {.publishes = NULL};
    const jj_rights some = {.publishes = LIST("vacancy.opened")};
    (void)state;
    assert_false(jj_rights_publish(&none, "vacancy.opened"));
    assert_true(jj_rights_publish(&all, "vacancy.opened"));
    assert_true(jj_rights_publish(&some, "vacancy.opened"));
    assert_false(jj_rights_publish(&some, "vacancy.closed"));
}

static void a_region_code_has_its_dot(void **state)
{
    static const char *const good[] = {"33", "33.75", "15.07"};
    static const char *const bad[] = {"",       "3",      "333",   "3375",  "33.",
                                      "33.7",   "33.755", "33,75", "3a.75", "33.7a",
                                      "33.75 ", " 33.75", "*",     "33 75", "33.75.01"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(jj_region_valid(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(jj_region_valid(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_regency_covers_itself_alone),
        cmocka_unit_test(a_province_covers_its_regencies),
        cmocka_unit_test(any_of_several_regions_is_enough),
        cmocka_unit_test(a_list_of_types_knows_names_and_groups),
        cmocka_unit_test(who_has_an_empty_list_may_publish_nothing),
        cmocka_unit_test(a_region_code_has_its_dot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
