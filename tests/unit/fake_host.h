/*
 * A jj_host in memory for the tests of plugins: events are said in one line, delivered in batches
 * with the commit and rollback of the real worker, and what the plugin published can be looked at.
 * A broken promise of the plugin (an undeclared type, data without a date, more drafts than a
 * commit holds) fails the test at once.
 */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include <jejaring/plugin.h>

typedef struct fake_host fake_host;

/* Checks, creates and starts the plugin. options is a JSON object of the options that differ from
 * their defaults, or NULL. Aborts the test on failure. */
fake_host *fake_open(const jj_plugin *plugin, const char *options);
void fake_close(fake_host *fake);

/* The error text of the plugin's check for these options; "" if it likes them. */
const char *fake_check(const jj_plugin *plugin, const char *options);

/* Sets the wall clock, "2019-07-31". Timers do not fire by themselves. */
void fake_now(fake_host *fake, const char *day);

/* Adds an event to the next batch. subject is any word, or NULL; day "2019-07-31", or
 * "2019-07-31+1" for the first correction of it (a millisecond later); the rest is a printf of the
 * members of data, with ' for ", e.g. "'vocation': '%s'". The date is added, unless it is among
 * them. */
#define FAKE_NOTHING "%s", "" /* no members but the date */
void fake_say(fake_host *fake, const char *type, const char *subject, const char *day,
              const char *format, ...) JJ_PRINTF(5, 6);
/* The region and the extra id of the events said from now on (default "33.75", ""). Two events of
 * same type, subject, day and id are the same event. */
void fake_region(fake_host *fake, const char *region);
void fake_id(fake_host *fake, const char *id);

/* Shuffles the events of the next batch. */
void fake_shuffle(fake_host *fake, unsigned seed);

/* Delivers the batch, at most `most` events at a time (0: all), commits, and goes on with the
 * timers that the plugin has set for at once. Own events that it subscribes to are delivered
 * next, as the hub would. */
void fake_deliver(fake_host *fake, size_t most);

/* Delivers the batch and forgets everything that came of it, as a crash before the commit would,
 * with a new instance; the batch stays to be delivered again. */
void fake_crash(fake_host *fake);

/* Fires a timer and commits. */
void fake_timer(fake_host *fake, int id);

/* What was published: all of a type as lines "subject k=v k=v", keys in order, without the date
 * unless dates. Owned by fake until the next call. */
const char *fake_said(fake_host *fake, const char *type);
size_t fake_count(fake_host *fake, const char *type);
/* The whole of the last draft: "type subject region cause key day". */
const char *fake_last(fake_host *fake);

/* The committed state as text, one "key value" a line. Owned by fake until the next call. */
const char *fake_state(fake_host *fake);
size_t fake_state_count(fake_host *fake);
size_t fake_rejected(fake_host *fake);

/* ---- Trials: neither order nor crashes show in what comes of events -------------------------- */

typedef struct fake_trial {
    const jj_plugin *plugin;
    const char *options;           /* as for fake_open */
    void (*say)(fake_host *);      /* says the events, the same at each call */
    char *(*outcome)(fake_host *); /* what must be the same, for free(); NULL: fake_outcome */
    bool in_portions;              /* delivered one to three at a time, not as one batch */
} fake_trial;

/* All of the state and all that was published, for free(). */
char *fake_outcome(fake_host *fake);

/* Fails the test unless 200 shuffles of the events, every third with each said twice, have the
 * outcome of the events as they are said. */
void fake_any_order(const fake_trial *trial);

/* Fails the test unless crashes before the commit leave nothing behind, and the outcome after them
 * is that without them. */
void fake_any_crash(const fake_trial *trial);

/* The same as tests: for cmocka_unit_test_prestate, with the trial. */
void a_batch_ends_the_same_in_whatever_order_it_comes(void **trial);
void a_crash_before_the_commit_changes_nothing(void **trial);

#endif
