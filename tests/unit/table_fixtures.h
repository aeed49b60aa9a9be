/*
 * Fixture folders: every file of a folder that does not end in .json is a test case; what is
 * expected of it stands beside it in <file>.json. A new case needs no code.
 *
 * With JJ_UPDATE=1 in the environment an expectation that is missing is written from what came;
 * read it before you commit it.
 */
#ifndef TABLE_FIXTURES_H
#define TABLE_FIXTURES_H

#include <jansson.h>
#include <stddef.h>

/* What a case gives, to be compared with its expectation (borrowed; NULL if there is none). *come
 * is new. It may leave out what the expectation does not ask for. */
typedef void (*fixture_fn)(const char *path, const json_t *expected, json_t **come);

/* Runs each file of the folder as a test of the group. Returns the number of failures. */
int run_fixtures(const char *group, const char *folder, fixture_fn run);

#endif
