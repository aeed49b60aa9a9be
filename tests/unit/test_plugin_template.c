/* The template plugin: the example does what its comments say. */
#include "fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../plugins/template/template.c"

static void graduates(fake_host *fake, const char *vocation, int count)
{
    char name[16];
    for (int i = 1; i <= count; i++) {
        snprintf(name, sizeof name, "p%d", i);
        fake_say(fake, "alumni.graduated", name, "2019-08-01", "'vocation': '%s', 'batch': 'II'",
                 vocation);
    }
    fake_deliver(fake, 2);
}

static void it_counts_graduates_by_vocation(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    graduates(fake, "roti", 3);
    graduates(fake, "las-smaw-3g", 1);
    assert_string_equal(fake_state(fake), "count/las-smaw-3g 1\ncount/roti 3\n");
    fake_timer(fake, 0); /* writes them to the log */
    fake_close(fake);
}

static void it_nominates_at_each_milestone(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"milestone\": 2, \"funder\": \"CSR\"}");
    graduates(fake, "roti", 5);
    assert_string_equal(fake_said(fake, "incubation.selected"),
                        "p2 batch=II funder=CSR rank=1 vocation=roti\n"
                        "p4 batch=II funder=CSR rank=1 vocation=roti\n");
    assert_non_null(strstr(fake_last(fake), "cause=alumni.graduated/p4"));
    fake_close(fake);
}

static void a_crash_counts_nobody_twice(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, "{\"milestone\": 1}");
    fake_say(fake, "alumni.graduated", "ani", "2019-08-01", "'vocation': 'roti', 'batch': 'II'");
    fake_crash(fake);
    fake_crash(fake);
    fake_deliver(fake, 0);
    assert_string_equal(fake_state(fake), "count/roti 1\n");
    assert_int_equal(fake_count(fake, "incubation.selected"), 1);
    fake_close(fake);
}

static void what_it_cannot_use_goes_to_quarantine(void **unused)
{
    (void)unused;
    fake_host *fake = fake_open(&jejaring_plugin, NULL);
    fake_say(fake, "alumni.graduated", NULL, "2019-08-01", "'vocation': 'roti'");
    fake_say(fake, "alumni.graduated", "hidden", "2019-08-01", FAKE_NOTHING);
    fake_deliver(fake, 0);
    assert_int_equal(fake_rejected(fake), 1);
    assert_string_equal(fake_state(fake), "");
    fake_close(fake);
}

static void an_empty_funder_is_refused(void **unused)
{
    (void)unused;
    assert_string_equal(fake_check(&jejaring_plugin, "{\"funder\": \"\"}"),
                        "a funder has 1 to 200 characters; leave it out if there is none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_counts_graduates_by_vocation),
        cmocka_unit_test(it_nominates_at_each_milestone),
        cmocka_unit_test(a_crash_counts_nobody_twice),
        cmocka_unit_test(what_it_cannot_use_goes_to_quarantine),
        cmocka_unit_test(an_empty_funder_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
