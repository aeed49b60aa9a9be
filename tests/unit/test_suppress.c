/* Small counts: an attacker with every shown number, and linear algebra. */
#include "ctl/suppress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIDE     9 /* rows and columns with their totals, at most */
#define MEASURES 7
#define GROUPS   3
#define PRIME    1000003

static const int sizes[GROUPS] = {3, 1, 2}; /* as the report has them */

typedef struct grid {
    jj_counts counts;
    int64_t of[SIDE * SIDE * MEASURES];
    bool hidden[SIDE * SIDE * (GROUPS + 1)];
    unsigned seed; /* 0: not made at random */
} grid;

static void check(const grid *g, bool good, const char *what)
{
    if (!good) {
        fail_msg("%s (%d rows, %d columns, seed %u)", what, g->counts.rows, g->counts.columns,
                 g->seed);
    }
}

static int64_t *at(grid *g, int row, int column)
{
    return g->of + (row * g->counts.columns + column) * MEASURES;
}

static bool hides(const grid *g, int row, int column, int group)
{
    return g->hidden[(row * g->counts.columns + column) * (GROUPS + 1) + group];
}

/* rows and columns without totals. */
static void shape(grid *g, int rows, int columns)
{
    memset(g, 0, sizeof *g);
    g->counts = (jj_counts){.rows = rows + 1,
                            .columns = columns + 1,
                            .measures = MEASURES,
                            .groups = GROUPS,
                            .sizes = sizes,
                            .floor = 5,
                            .of = g->of,
                            .hidden = g->hidden};
}

static void total(grid *g)
{
    int rows = g->counts.rows - 1, columns = g->counts.columns - 1;
    for (int m = 0; m < MEASURES; m++) {
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                int64_t value = at(g, row, column)[m];
                at(g, row, columns)[m] += value;
                at(g, rows, column)[m] += value;
                at(g, rows, columns)[m] += value;
            }
        }
    }
}

/* Persons, and each group's categories as random parts of them. */
static void people(grid *g, int row, int column, int64_t persons)
{
    int64_t *cell = at(g, row, column);
    int first = 1;
    cell[0] = persons;
    for (int group = 0; group < GROUPS; group++) {
        int64_t left = persons;
        for (int i = 0; i < sizes[group]; i++) {
            cell[first + i] = left ? rand() % (left + 1) : 0;
            left -= cell[first + i];
        }
        first += sizes[group];
    }
}

static bool small(int64_t count)
{
    return count > 0 && count < 5;
}

/* Counts of a set of cells that somebody can tell: persons, categories, and what they leave. */
static void expect_not_small(const grid *g, const int64_t *sums, int first, int size)
{
    int64_t rest = sums[0];
    check(g, !small(sums[0]), "a small count of persons");
    for (int i = 0; i < size; i++) {
        check(g, !small(sums[first + i]), "a small count of a category");
        rest -= sums[first + i];
    }
    check(g, size == 0 || !small(rest), "a small rest");
}

static void no_shown_count_and_no_difference_is_small(grid *g, int group, int first)
{
    int rows = g->counts.rows, columns = g->counts.columns, size = group ? sizes[group - 1] : 0;
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            if (!hides(g, row, column, group)) {
                expect_not_small(g, at(g, row, column), first, size);
            }
            check(g, hides(g, row, column, group) || !hides(g, row, column, 0),
                  "a group is shown whose persons are hidden");
            check(g, at(g, row, column)[0] > 0 || !hides(g, row, column, group),
                  "nobody is hidden");
        }
    }
    for (int line = 0; line < rows + columns; line++) {
        int length = line < rows ? columns : rows;
        int64_t sums[MEASURES] = {0};
        for (int i = 0; i < length; i++) {
            int row = line < rows ? line : i, column = line < rows ? i : line - rows;
            if (i == length - 1 && !hides(g, row, column, group)) {
                expect_not_small(g, sums, first, size);
            } else if (hides(g, row, column, group)) {
                for (int m = 0; m < MEASURES; m++) {
                    sums[m] += at(g, row, column)[m];
                }
            }
        }
    }
}

static int64_t power(int64_t base, int64_t exponent)
{
    int64_t result = 1;
    for (; exponent; exponent >>= 1, base = base * base % PRIME) {
        result = exponent & 1 ? result * base % PRIME : result;
    }
    return result;
}

/* Gauss and Jordan over all equations "cells = total", unknown what is hidden. A row of the reduced
 * system with one unknown in it tells that unknown. */
static void nothing_hidden_can_be_solved_for(grid *g, int group)
{
    static int64_t a[2 * SIDE][SIDE * SIDE];
    int rows = g->counts.rows, columns = g->counts.columns, unknowns = rows * columns, rank = 0;
    memset(a, 0, sizeof a);
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            if (hides(g, row, column, group)) {
                a[row][row * columns + column] = column < columns - 1 ? 1 : PRIME - 1;
                a[rows + column][row * columns + column] = row < rows - 1 ? 1 : PRIME - 1;
            }
        }
    }
    for (int u = 0; u < unknowns && rank < rows + columns; u++) {
        int pivot = rank;
        while (pivot < rows + columns && a[pivot][u] == 0) {
            pivot++;
        }
        if (pivot == rows + columns) {
            continue;
        }
        int64_t swap[SIDE * SIDE], inverse = power(a[pivot][u], PRIME - 2);
        memcpy(swap, a[pivot], sizeof swap);
        memcpy(a[pivot], a[rank], sizeof swap);
        for (int i = 0; i < unknowns; i++) {
            a[rank][i] = swap[i] * inverse % PRIME;
        }
        for (int r = 0; r < rows + columns; r++) {
            int64_t factor = r == rank ? 0 : a[r][u];
            for (int i = 0; i < unknowns && factor; i++) {
                a[r][i] = (a[r][i] + (PRIME - factor) * a[rank][i]) % PRIME;
            }
        }
        rank++;
    }
    for (int r = 0; r < rank; r++) {
        int count = 0;
        for (int u = 0; u < unknowns; u++) {
            count += a[r][u] != 0;
        }
        check(g, count != 1, "a hidden count can be solved for");
    }
}

static void attack(grid *g)
{
    total(g);
    assert_int_equal(jj_suppress(&g->counts, NULL), 0);
    for (int group = 0, first = 1; group <= GROUPS; group++) {
        no_shown_count_and_no_difference_is_small(g, group, first);
        nothing_hidden_can_be_solved_for(g, group);
        first += group ? sizes[group - 1] : 0;
    }
}

static int hidden_count(const grid *g, int group)
{
    int count = 0;
    for (int i = 0; i < g->counts.rows * g->counts.columns; i++) {
        count += g->hidden[i * (GROUPS + 1) + group];
    }
    return count;
}

static void an_attacker_learns_nothing_from_random_tables(void **state)
{
    (void)state;
    static grid g;
    for (unsigned seed = 1; seed <= 3000; seed++) {
        srand(seed);
        shape(&g, 1 + rand() % (SIDE - 1), 1 + rand() % (SIDE - 1));
        g.seed = seed;
        int64_t largest = (int64_t[]){3, 8, 20, 60, 300}[rand() % 5];
        int empty = rand() % 4;
        for (int row = 0; row < g.counts.rows - 1; row++) {
            for (int column = 0; column < g.counts.columns - 1; column++) {
                people(&g, row, column, rand() % 4 < empty ? 0 : rand() % (largest + 1));
            }
        }
        attack(&g);
    }
}

static void nothing_is_hidden_where_nothing_is_small(void **state)
{
    (void)state;
    static grid g;
    shape(&g, 4, 3);
    for (int row = 0; row < 4; row++) {
        for (int column = 0; column < 3; column++) {
            memcpy(at(&g, row, column), (int64_t[]){50, 10, 10, 10, 0, 5, 45}, 7 * sizeof(int64_t));
        }
    }
    attack(&g);
    for (int group = 0; group <= GROUPS; group++) {
        assert_int_equal(hidden_count(&g, group), 0);
    }
}

/* One small cell takes three others with it: a rectangle. */
static void one_small_cell_hides_four(void **state)
{
    (void)state;
    static grid g;
    shape(&g, 5, 4);
    for (int row = 0; row < 5; row++) {
        for (int column = 0; column < 4; column++) {
            at(&g, row, column)[0] = 100 + row * 7 + column;
        }
    }
    at(&g, 2, 1)[0] = 3;
    attack(&g);
    assert_int_equal(hidden_count(&g, 0), 4);
    assert_true(hides(&g, 2, 1, 0));
    assert_false(hides(&g, 5, 4, 0));
}

/* 2 and 1 of a row: their sum, 3, would follow from the total. */
static void what_a_total_leaves_is_large_enough(void **state)
{
    (void)state;
    static grid g;
    shape(&g, 2, 3);
    for (int row = 0; row < 2; row++) {
        for (int column = 0; column < 3; column++) {
            at(&g, row, column)[0] = 40 + column;
        }
    }
    at(&g, 0, 0)[0] = 2;
    at(&g, 0, 1)[0] = 1;
    attack(&g);
    assert_true(hides(&g, 0, 2, 0) || hides(&g, 0, 3, 0));
}

/* 12 of 13 are employed: the one who is not could be told by subtraction. */
static void a_rest_is_a_count_too(void **state)
{
    (void)state;
    static grid g;
    shape(&g, 1, 1);
    memcpy(at(&g, 0, 0), (int64_t[]){13, 12, 0, 0, 13, 0, 6}, 7 * sizeof(int64_t));
    attack(&g);
    assert_false(hides(&g, 0, 0, 0));
    assert_true(hides(&g, 0, 0, 1));
    assert_false(hides(&g, 0, 0, 2));
    assert_false(hides(&g, 0, 0, 3));
}

static void the_floor_is_what_it_is_said_to_be(void **state)
{
    (void)state;
    static grid g;
    for (int64_t persons = 0; persons < 12; persons++) {
        shape(&g, 1, 1);
        g.counts.floor = 10;
        at(&g, 0, 0)[0] = persons;
        total(&g);
        assert_int_equal(jj_suppress(&g.counts, NULL), 0);
        assert_int_equal(hides(&g, 0, 0, 0), persons > 0 && persons < 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attacker_learns_nothing_from_random_tables),
        cmocka_unit_test(nothing_is_hidden_where_nothing_is_small),
        cmocka_unit_test(one_small_cell_hides_four),
        cmocka_unit_test(what_a_total_leaves_is_large_enough),
        cmocka_unit_test(a_rest_is_a_count_too),
        cmocka_unit_test(the_floor_is_what_it_is_said_to_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
