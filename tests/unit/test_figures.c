/* Figures and text as they are shown. */
#include "ctl/figures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void counts_have_points(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"0", "0"},        {"999", "999"},
        {"1000", "1.000"}, {"-1234567", "-1.234.567"},
        {"-100", "-100"},  {"123456789012", "123.456.789.012"},
        {"12.5", "12.5"},  {"", ""},
    };
    char out[JJ_FIGURE_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jj_figure_count(cases[i][0], out);
        assert_string_equal(out, cases[i][1]);
    }
}

static void fractions_have_one_decimal(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *percent, *decimal;
    } cases[] = {{0.42105, "42,1%", "0,4"},
                 {0.4215, "42,2%", "0,4"},
                 {0, "0,0%", "0"},
                 {1, "100,0%", "1"},
                 {12.34, "1.234,0%", "12,3"},
                 {-0.25, "-25,0%", "-0,3"},
                 {1234.96, "123.496,0%", "1.235"}};
    char out[JJ_FIGURE_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jj_figure_percent(cases[i].value, out);
        assert_string_equal(out, cases[i].percent);
        jj_figure_decimal(cases[i].value, out);
        assert_string_equal(out, cases[i].decimal);
    }
}

static void days_have_names_of_months(void **state)
{
    (void)state;
    char out[JJ_FIGURE_SIZE];
    jj_figure_day("2020-05-01", out);
    assert_string_equal(out, "1 Mei 2020");
    jj_figure_day("2020-13-01", out);
    assert_string_equal(out, "2020-13-01");
}

static void plain(const char *number, char point, const char *expected)
{
    jj_buf out = {0};
    jj_figure_plain(&out, number, point);
    assert_string_equal(out.data, expected);
    jj_buf_clear(&out);
}

static void programs_get_the_digits_that_tell_something(void **state)
{
    (void)state;
    plain("0.42105263157894736842", '.', "0.4210526315");
    plain("0.76000000000000000000", ',', "0,76");
    plain("12.000", '.', "12");
    plain("-3", ',', "-3");
}

static void line(const char *text, int width, const char *expected)
{
    jj_buf out = {0};
    jj_buf_puts(&out, "");
    int used = jj_figure_line(&out, text, width);
    assert_string_equal(out.data ? out.data : "", expected);
    assert_int_equal(used, jj_figure_width(expected));
    jj_buf_clear(&out);
}

static void a_line_is_safe_for_a_terminal_and_fits(void **state)
{
    (void)state;
    line("Kota Pekalongan", 20, "Kota Pekalongan");
    line("Kota Pekalongan", 6, "Kota …");
    line("Kota", 4, "Kota");
    line("a\x1b[2Jb\nc\u202ed\xc2\x85"
         "e",
         -1, "a [2Jb c d e");
    line("日本語", 4, "日…");
    line("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301");
    line("\xff\xc3", -1, "  "); /* no UTF-8: nothing is read behind its end */
    assert_int_equal(jj_figure_width("√é日"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_have_points),
        cmocka_unit_test(fractions_have_one_decimal),
        cmocka_unit_test(days_have_names_of_months),
        cmocka_unit_test(programs_get_the_digits_that_tell_something),
        cmocka_unit_test(a_line_is_safe_for_a_terminal_and_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
