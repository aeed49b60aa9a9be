/*
 * The text of an event as the journal keeps it: its members as they came, but `data` without what
 * is sealed for the vault, the key of a person in place of his NIK, `subject` as it was made, and
 * the time of acceptance. And the digest by which the same event is known again.
 *
 * Guarantees: a digest does not depend on white space, on the order of members, or on what hubs
 * add; it cannot be tried against all NIKs without both this node's journal and its key.
 *
 * Not here: whether an event is good (intake.h), and where contact hides that nobody cuts out
 * (leak.h).
 */
#ifndef JJ_EVENT_TEXT_H
#define JJ_EVENT_TEXT_H

#include "event/intake.h"

/* Writes a->text, a->sealed and a->record.digest for an event that was found good, and whose person
 * and subject are in *a. event is what text holds. JJ_ETOO_LARGE, JJ_EMEMORY. */
int jj_intake_text(const jj_intake *intake, json_t *event, jj_span text, int64_t recorded_ms,
                   jj_admitted *a, jj_error *err);

#endif
