/*
 * Makes what stands below us fail when a test says so: the n-th call of the product to the
 * allocator, to SQLite, to ZeroMQ or to the system, each in turn. The linker leads these calls (and
 * the allocations of jansson) by way of fail.c; the calls that libraries make themselves are not
 * touched, since not all of them live through it.
 *
 * A test does one thing over and over, with one more call let through each time, until it is done
 * without a failure:
 *
 *     for (unsigned n = 1; fail_next(FAIL_MEMORY, n); n++) {
 *         rc = ...;
 *         bool hit = fail_end();
 *         ... what must hold if it failed, what must hold if not ...
 *     }
 *
 * With FAIL_TRACE=1 in the environment each call that fails is shown with those that led to it.
 */
#ifndef TESTS_FAIL_H
#define TESTS_FAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum fail_kind {
    FAIL_MEMORY = 1,  /* malloc and its like, and jansson's: none is left */
    FAIL_SQL = 2,     /* SQLite's statements: an input/output error */
    FAIL_SOCKET = 4,  /* ZeroMQ: no memory, an interruption, a peer that is gone */
    FAIL_FILE = 8,    /* opening, reading, writing, syncing, renaming files; input/output errors */
    FAIL_SYSTEM = 16, /* descriptors, processes, watches: there are no more */
    FAIL_LIBRARY = 32 /* parsers and the like that cannot be made; PostgreSQL's library */
};

/* From now on the number-th call of these kinds (from 1) that this thread makes fails; those after
 * it too, if `from`. */
void fail_at(unsigned kinds, unsigned number, bool from);
/* The same for another thread, or for a process that was forked (by its id): it may be running. */
void fail_at_in(pid_t thread, unsigned kinds, unsigned number, bool from);
/* No call fails any more. Returns how many did. */
unsigned fail_end(void);
/* How many did as yet. */
unsigned fail_hits(void);

/* The monotonic clock of this process and of those that it forked is so much further at once: what
 * waits for a time need not be waited for. Whole seconds. */
void fail_skip_ms(int64_t ms);

/* For loops: true until an attempt has come to its end without a failure. Fails the test if it
 * never does. */
bool fail_next(unsigned kinds, unsigned number);

#endif
