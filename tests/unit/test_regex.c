/*
 * Patterns: what matches as ECMA-262 has it in Unicode mode, what is refused, and that no pattern
 * takes more than linear time. Both ways of searching are tested, the table and the simulation.
 */
#include "schema/regex.h"
#include "schema/regex_dfa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct match {
    const char *pattern, *text;
    bool matches;
};

static bool simulate(const char *pattern, const char *text)
{
    jj_pattern parsed = {0};
    jj_nfa nfa = {0};
    uint64_t budget = 1000000;
    assert_int_equal(jj_pattern_parse(&parsed, pattern, strlen(pattern), NULL), 0);
    assert_int_equal(jj_nfa_build(&nfa, &parsed, NULL), 0);
    bool found = jj_nfa_search(&nfa, text, strlen(text), &budget);
    jj_pattern_clear(&parsed);
    jj_nfa_clear(&nfa);
    return found;
}

static bool search(const char *pattern, const char *text)
{
    jj_regex *regex = NULL;
    jj_error err;
    uint64_t budget = 1000000;
    if (jj_regex_new(&regex, pattern, strlen(pattern), &err)) {
        fail_msg("%s: %s", pattern, err.text);
    }
    bool found = jj_regex_search(regex, text, strlen(text), &budget);
    assert_true(budget > 0);
    jj_regex_free(regex);
    return found;
}

static void check(const struct match *matches, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool found = search(matches[i].pattern, matches[i].text);
        if (found != matches[i].matches || simulate(matches[i].pattern, matches[i].text) != found) {
            fail_msg("/%s/ on '%s': expected %d, the table says %d, the simulation %d",
                     matches[i].pattern, matches[i].text, matches[i].matches, found,
                     simulate(matches[i].pattern, matches[i].text));
        }
    }
}

#define CHECK(matches) check(matches, sizeof(matches) / sizeof *(matches))

static void a_search_is_not_anchored(void **state)
{
    static const struct match matches[] = {
        {"b", "abc", true},      {"^b", "abc", false},      {"b$", "abc", false},
        {"^abc$", "abc", true},  {"^abc$", "abc\n", false}, {"", "", true},
        {"", "abc", true},       {"^$", "", true},          {"^$", "a", false},
        {"$", "abc", true},      {"a^", "a", false},        {"$a", "a", false},
        {"^^a$$", "a", true},    {"(a|^)b", "b", true},     {"(a|^)b", "xb", false},
        {"(a|^)b", "xab", true}, {"a|b$", "bc", false},     {"^a\n^b", "a\nb", false},
    };
    (void)state;
    CHECK(matches);
}

static void choices_and_groups(void **state)
{
    static const struct match matches[] = {
        {"^(ab|cd)$", "cd", true},
        {"^(ab|cd)$", "abcd", false},
        {"^(?:ab|c)+$", "abcab", true},
        {"^(|a)b$", "b", true},
        {"^(a|)b$", "ab", true},
        {"^a||c$", "x", true},
        {"^()$", "", true},
        {"^(()|a)*$", "aa", true},
        {"^((a)(b))$", "ab", true},
        {"^ab|^cd|ef$", "xxef", true},
        {"^ab|^cd|ef$", "xxefx", false},
    };
    (void)state;
    CHECK(matches);
}

static void repeats(void **state)
{
    static const struct match matches[] = {
        {"^a*$", "", true},
        {"^a*$", "aaa", true},
        {"^a+$", "", false},
        {"^a?b$", "b", true},
        {"^a?b$", "aab", false},
        {"^a{2}$", "aa", true},
        {"^a{2}$", "aaa", false},
        {"^a{2,}$", "aaaa", true},
        {"^a{2,}$", "a", false},
        {"^a{1,3}$", "aaa", true},
        {"^a{1,3}$", "aaaa", false},
        {"^a{0}$", "", true},
        {"^a{0}b$", "b", true},
        {"^a{0,0}b$", "ab", false},
        {"^(ab){2}$", "abab", true},
        {"^(a*)*$", "aaa", true},
        {"^(a*)+b$", "aab", true},
        {"^(a|b*)*c$", "abbac", true},
        {"^a*?b+?$", "aabb", true},
        {"^a{2,3}?$", "aaa", true},
        {"^(a?){3}$", "aa", true},
        {"^(a{2}){2,3}$", "aaaaa", false},
        {"^(a{2}){2,3}$", "aaaaaa", true},
    };
    (void)state;
    CHECK(matches);
}

static void classes(void **state)
{
    static const struct match matches[] = {
        {"^[a-c]$", "b", true},
        {"^[a-c]$", "d", false},
        {"^[^a-c]$", "d", true},
        {"^[^a-c]$", "b", false},
        {"^[]$", "", false},
        {"[]", "a", false},
        {"^[^]$", "\n", true},
        {"^[a-]$", "-", true},
        {"^[-a]$", "-", true},
        {"^[a\\-c]$", "-", true},
        {"^[a\\-c]$", "b", false},
        {"^[\\]]$", "]", true},
        {"^[\\^]$", "^", true},
        {"^[a^]$", "^", true},
        {"^[.]$", "x", false},
        {"^[\\d_]+$", "1_2", true},
        {"^[^\\d]$", "1", false},
        {"^[\\D\\d]$", "x", true},
        {"^[\\b]$", "\b", true},
        {"^[$(*+?{|]+$", "$(*", true},
        {"^[\\w-]+$", "a-b", true},
        {"^[a-cb-e]$", "e", true},
        {"^[\\x41-\\x43]$", "B", true},
        {"^[[]$", "[", true},
    };
    (void)state;
    CHECK(matches);
}

static void escapes(void **state)
{
    static const struct match matches[] = {
        {"^\\d$", "7", true},
        {"^\\d$", "\u0967", false},
        {"^\\D$", "\u0967", true},
        {"^\\w$", "_", true},
        {"^\\w$", "\u00e9", false},
        {"^\\W$", "\u00e9", true},
        {"^\\s$", " ", true},
        {"^\\s$", "\v", true},
        {"^\\s$", "\u00a0", true},
        {"^\\s$", "\ufeff", true},
        {"^\\s$", "\u2028", true},
        {"^\\s$", "\u2003", true},
        {"^\\s$", "\u200b", false},
        {"^\\S$", "\u3000", false},
        {"^\\s$", "\u180e", false},
        {"^\\t\\n\\v\\f\\r$", "\t\n\v\f\r", true},
        {"^\\cJ$", "\n", true},
        {"^\\cj$", "\n", true},
        {"^\\x41$", "A", true},
        {"^\\u0041$", "A", true},
        {"^\\u{41}$", "A", true},
        {"^\\u{1F432}$", "\U0001f432", true},
        {"^\\uD83D\\uDC32$", "\U0001f432", true},
        {"^\\/\\.\\*\\+\\?\\(\\)\\[\\]\\{\\}\\|\\^\\$\\\\$", "/.*+?()[]{}|^$\\", true},
        {"^.$", "\n", false},
        {"^.$", "\r", false},
        {"^.$", "\u2028", false},
        {"^.$", "\xc2\x85", true},
    };
    (void)state;
    CHECK(matches);
}

static void characters_are_code_points(void **state)
{
    static const struct match matches[] = {
        {"^.$", "\U0001f4a9", true},
        {"^..$", "\U0001f4a9", false},
        {"^\U0001f432*$", "\U0001f432\U0001f432", true},
        {"^\U0001f432*$", "\U0001f409", false},
        {"^[\u00e0-\u00ff]+$", "\u00e9\u00e8", true},
        {"^[\u00e0-\u00ff]+$", "e", false},
        {"^[^a]$", "\U0010ffff", true},
        {"\u00e9", "caf\u00e9s", true},
        {"^[\u4e00-\u9fff]{2}$", "\u6f22\u5b57", true},
    };
    (void)state;
    CHECK(matches);
}

static void edges_of_words(void **state)
{
    static const struct match matches[] = {
        {"\\bfoo\\b", "a foo b", true}, {"\\bfoo\\b", "afoo", false},
        {"\\bfoo\\b", "foo", true},     {"\\bfoo\\b", "foo_", false},
        {"\\Bfoo", "afoo", true},       {"\\Bfoo", "foo", false},
        {"^\\b$", "", false},           {"^\\B$", "", true},
        {"\\b", "--", false},           {"\\b", "-a", true},
        {"a\\b", "a\u00e9", true},      {"a\\Bb", "ab", true},
        {"(^|\\b)x", "-x", true},       {"o\\b.\\bb", "o b", true},
        {"o\\b.\\bb", "oxb", false},
    };
    (void)state;
    CHECK(matches);
}

static void what_cannot_be_done_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *pattern, *reason;
    } refused[] = {
        {"(?=a)", "look-around"},
        {"(?!a)", "look-around"},
        {"(?<=a)", "look-around"},
        {"(?<!a)b", "look-around"},
        {"(a)\\1", "back-references"},
        {"\\k<a>", "back-references"},
        {"(?<a>x)", "named groups"},
        {"\\p{L}", "Unicode properties"},
        {"[\\p{L}]", "Unicode"},
        {"\\P{L}", "Unicode properties"},
        {"(?i:a)", "no such kind"},
        {"(", "( without )"},
        {"a)", ") without ("},
        {"[a", "[ without ]"},
        {"*a", "nothing stands"},
        {"a**", "nothing stands"},
        {"a|+", "nothing stands"},
        {"^*", "cannot be repeated"},
        {"\\b+", "cannot be repeated"},
        {"a{2,1}", "wrong way round"},
        {"[b-a]", "wrong way round"},
        {"a{", "does not begin"},
        {"a{,2}", "does not begin"},
        {"a{x}", "does not begin"},
        {"{2}", "must be escaped"},
        {"a}", "must be escaped"},
        {"]", "must be escaped"},
        {"\\a", "no such escape"},
        {"\\-", "no such escape"},
        {"\\_", "no such escape"},
        {"\\", "ends within"},
        {"[\\", "ends within"},
        {"\\x4", "two hexadecimal"},
        {"\\u12", "four hexadecimal"},
        {"\\u{}", "code point"},
        {"\\u{110000}", "code point"},
        {"\\u{1", "code point"},
        {"\\ud800", "surrogate"},
        {"\\ud800\\u0041", "surrogate"},
        {"\\c1", "needs a letter"},
        {"\\01", "back-references"},
        {"[\\d-z]", "class such as"},
        {"[a-\\w]", "class such as"},
        {"a{5000}", "more than"},
        {"a{1,99999999999}", "more than"},
        {"(a{1000}){1000}", "too large"},
        {"((a{100}){100}){100}", "too large"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        jj_regex *regex = NULL;
        jj_error err = {0};
        int rc = jj_regex_new(&regex, refused[i].pattern, strlen(refused[i].pattern), &err);
        if (rc != JJ_ECONFIG || regex || !strstr(err.text, refused[i].reason)) {
            fail_msg("/%s/: %d (%s), not a refusal for '%s'", refused[i].pattern, rc, err.text,
                     refused[i].reason);
        }
    }
}

static void repeats_of_nothing_do_not_blow_up(void **state)
{
    jj_regex *regex = NULL;
    jj_error err = {0};
    const char *pattern = "(((((){1000}){1000}){1000}){1000}){1000}";
    (void)state;
    assert_int_equal(jj_regex_new(&regex, pattern, strlen(pattern), &err), JJ_ECONFIG);
}

static void groups_nested_without_end_are_refused(void **state)
{
    char pattern[2001];
    jj_regex *regex = NULL;
    jj_error err = {0};
    (void)state;
    memset(pattern, '(', 1000);
    memset(pattern + 1000, ')', 1000);
    pattern[2000] = '\0';
    assert_int_equal(jj_regex_new(&regex, pattern, 2000, &err), JJ_ECONFIG);
    assert_non_null(strstr(err.text, "too deeply"));
}

/* On these, engines that backtrack take exponential time. */
static void no_pattern_blows_up(void **state)
{
    static const char *const patterns[] = {
        "^(a+)+$",  "^(a|a)*$", "^(a|aa)+$", "^(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(x+x+)+y", "(.*)*b.*c"};
    enum {
        LENGTH = 100000
    };
    char *text = malloc(LENGTH + 1);
    (void)state;
    assert_non_null(text);
    memset(text, 'a', LENGTH);
    text[LENGTH - 1] = '!';
    text[LENGTH] = '\0';
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        jj_regex *regex = NULL;
        uint64_t budget = 200ULL * LENGTH;
        assert_int_equal(jj_regex_new(&regex, patterns[i], strlen(patterns[i]), NULL), 0);
        assert_false(jj_regex_search(regex, text, LENGTH, &budget));
        assert_true(budget > 0);
        jj_regex_free(regex);
    }
    free(text);
}

/* The 20th character from the end: its table would have a million states. */
static void a_table_that_would_be_large_is_not_made(void **state)
{
    static const char pattern[] = "[ab]*a[ab]{20}$";
    jj_pattern parsed = {0};
    jj_nfa nfa = {0};
    jj_dfa dfa = {0};
    (void)state;
    assert_int_equal(jj_pattern_parse(&parsed, pattern, strlen(pattern), NULL), 0);
    assert_int_equal(jj_nfa_build(&nfa, &parsed, NULL), 0);
    assert_int_equal(jj_dfa_build(&dfa, &nfa), 0);
    assert_null(dfa.next);
    jj_pattern_clear(&parsed);
    jj_nfa_clear(&nfa);
    assert_true(search(pattern, "bbbabbbbbbbbbbbbbbbbbbbb"));
    assert_false(search(pattern, "bbbbbbbbbbbbbbbbbbbbbbbb"));
}

static void a_used_up_budget_finds_nothing(void **state)
{
    jj_regex *regex = NULL;
    uint64_t budget = 100;
    char text[64];
    (void)state;
    memset(text, 'b', sizeof text);
    assert_int_equal(jj_regex_new(&regex, "[ab]*a[ab]{20}$", 15, NULL), 0);
    assert_false(jj_regex_search(regex, text, sizeof text, &budget));
    assert_int_equal(budget, 0);
    jj_regex_free(regex);
}

static void bytes_that_are_no_utf8_are_survived(void **state)
{
    static const char text[] = "\xff\xc3\xe2\x82\xf0\x9f\x92\xed\xa0\x80\xc0\x80";
    jj_regex *regex = NULL;
    uint64_t budget = 1000;
    (void)state;
    assert_int_equal(jj_regex_new(&regex, "^[^a]+$", 7, NULL), 0);
    assert_true(jj_regex_search(regex, text, sizeof text - 1, &budget));
    jj_regex_free(regex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_is_not_anchored),
        cmocka_unit_test(choices_and_groups),
        cmocka_unit_test(repeats),
        cmocka_unit_test(classes),
        cmocka_unit_test(escapes),
        cmocka_unit_test(characters_are_code_points),
        cmocka_unit_test(edges_of_words),
        cmocka_unit_test(what_cannot_be_done_is_refused_with_the_reason),
        cmocka_unit_test(repeats_of_nothing_do_not_blow_up),
        cmocka_unit_test(groups_nested_without_end_are_refused),
        cmocka_unit_test(no_pattern_blows_up),
        cmocka_unit_test(a_table_that_would_be_large_is_not_made),
        cmocka_unit_test(a_used_up_budget_finds_nothing),
        cmocka_unit_test(bytes_that_are_no_utf8_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
