#include "table_fixtures.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES_MAX 512

struct fixture {
    char path[512], expected[520];
    fixture_fn run;
};

static void run_one(void **state)
{
    const struct fixture *fixture = *state;
    json_t *come = NULL, *expected = json_load_file(fixture->expected, 0, NULL);
    fixture->run(fixture->path, expected, &come);
    assert_non_null(come);
    if (!expected && getenv("JJ_UPDATE")) {
        assert_int_equal(json_dump_file(come, fixture->expected, JSON_INDENT(2)), 0);
    } else if (!expected) {
        print_error("%s is missing or no JSON\n", fixture->expected);
        fail();
    } else if (!json_equal(come, expected)) {
        char *text = json_dumps(come, JSON_INDENT(2));
        print_error("%s\nexpected is what stands in %s; what came:\n%s\n", fixture->path,
                    fixture->expected, text);
        free(text);
        fail();
    }
    json_decref(come);
    json_decref(expected);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_case(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return *entry->d_name != '.' &&
           (length < 5 || strcmp(entry->d_name + length - 5, ".json") != 0);
}

int run_fixtures(const char *group, const char *folder, fixture_fn run)
{
    struct CMUnitTest tests[CASES_MAX] = {{0}};
    struct fixture *fixtures = calloc(CASES_MAX, sizeof *fixtures);
    struct dirent **files = NULL;
    int count = scandir(folder, &files, is_case, by_name);
    if (!fixtures || count <= 0 || count > CASES_MAX) {
        fprintf(stderr, "no test cases in %s\n", folder);
        free(fixtures);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        snprintf(fixtures[i].path, sizeof fixtures[i].path, "%s/%s", folder, files[i]->d_name);
        snprintf(fixtures[i].expected, sizeof fixtures[i].expected, "%s.json", fixtures[i].path);
        fixtures[i].run = run;
        tests[i] = (struct CMUnitTest){
            .name = fixtures[i].path, .test_func = run_one, .initial_state = &fixtures[i]};
        free(files[i]);
    }
    free(files);
    int failed = _cmocka_run_group_tests(group, tests, (size_t)count, NULL, NULL);
    free(fixtures);
    return failed;
}
