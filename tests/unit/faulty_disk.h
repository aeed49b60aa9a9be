/*
 * A disk that fails when a test says so: a layer of SQLite's files (VFS) over the real ones. It
 * also remembers what a loss of power would leave: of each file what was written before its last
 * successful sync.
 */
#ifndef TESTS_FAULTY_DISK_H
#define TESTS_FAULTY_DISK_H

#include <stdbool.h>

enum disk_call {
    DISK_WRITE = 1,
    DISK_SYNC = 2,
    DISK_READ = 4,
};

/* Makes it the default of every database opened from now on. */
void disk_install(void);

/* Of the calls of these kinds from now on the one after `good` fails, and, unless it is `once`,
 * every later one, until disk_heal. A write fails as on a full disk, having written half. */
void disk_break(unsigned calls, unsigned good, bool once);
void disk_heal(void);
/* How many calls of the kinds given to disk_break were made since; and how many of them failed. */
unsigned disk_calls(void);
unsigned disk_failures(void);

/* Calls `synced` after each successful sync, with the folder of what is durable then, holding
 * the files under their names. NULL ends it. */
void disk_watch(const char *folder, void (*synced)(void));

#endif
