/*
 * The envelope of an event: the CloudEvents attributes that this node requires or knows. What an
 * event is about, and what its data mean, is judged by intake.
 */
#ifndef JJ_EVENT_ENVELOPE_H
#define JJ_EVENT_ENVELOPE_H

#include "event/intake.h"

#include <jansson.h>

/* Indexes of jj_admitted.attributes. */
enum {
    JJ_ID,
    JJ_SOURCE,
    JJ_TYPE,
    JJ_TIME,
    JJ_REGION,
    JJ_RECIPIENT
};

/* Copies the attributes, subject and time into *admitted. Goes on behind a problem: 0, or the code
 * of the first, JJ_EMALFORMED or JJ_EINVALID; all of them are in admitted->report. What is wrong is
 * empty there. ahead_ms: how far `time` may lie behind now_ms; 0: any. */
int jj_envelope_check(const json_t *event, int64_t now_ms, int64_t ahead_ms, jj_admitted *admitted,
                      jj_error *err);

/* An event may say by which version of its type it was made: one that this hub does not know may
 * mean what it does not know of, even where the form is right. 0, JJ_EUNKNOWN_TYPE, or JJ_EINVALID.
 */
int jj_envelope_version(const json_t *event, const jj_type *type, jj_error *err);

/* Adds a problem to a report, as far as it has room. */
void jj_intake_note(jj_report *report, const char *field, const char *expected);

/* jj_fail with the member at fault, a JSON pointer. Both texts are our own, never the sender's. */
int jj_intake_refuse(jj_error *err, int code, const char *field, const char *text);

#endif
