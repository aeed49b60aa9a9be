/* A journal in a folder of its own, for tests. Nothing here returns an error: it fails the test. */
#ifndef TESTS_JOURNAL_FILE_H
#define TESTS_JOURNAL_FILE_H

#include "journal/journal.h"

/* A new folder; the journal's file in it is journal_path. cmocka set-up and tear-down. */
int journal_folder(void **state);
int journal_folder_remove(void **state);
extern char journal_path[128];

jj_journal *journal_open(void);
void journal_commit(jj_journal *journal);

/* Event number n: everything in it follows from n. Valid until the next call. */
jj_record journal_event(unsigned n);
/* Appends events first to last in the open transaction. */
void journal_append(jj_journal *journal, unsigned first, unsigned last);
/* The same in a transaction of their own. */
void journal_store(jj_journal *journal, unsigned first, unsigned last);

/* Reads everything and compares each event with journal_event(cursor); returns how many. */
unsigned journal_check(jj_journal *journal);

/* Adds a consumer in a transaction of its own. */
jj_consumer journal_consumer(jj_journal *journal, const char *name);
/* One that has been added. */
jj_consumer journal_consumer_named(jj_journal *journal, const char *name);

/* Runs SQL on the file with a connection of its own. */
void journal_sql(const char *sql);
/* The same for one number. */
long long journal_number(const char *sql);

#endif
