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

/* Copies the attributes, subject and time into *admitted. 0, JJ_EMALFORMED or JJ_EINVALID. */
int jj_envelope_check(const json_t *event, jj_admitted *admitted, jj_error *err);

/* jj_fail with the member at fault, a JSON pointer. Both texts are our own, never the sender's. */
int jj_intake_refuse(jj_error *err, int code, const char *field, const char *text);

#endif
