/*
 * A folder below /tmp for what a test writes: one for each test, gone after it.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

extern char scratch[64];

/* For cmocka_unit_test_setup_teardown, or the set-up and tear-down of a test's own. */
int scratch_make(void **state);
int scratch_remove(void **state);

/* The path of a file there, until the next call. */
const char *in_scratch(const char *name);

#endif
