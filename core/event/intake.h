/*
 * Intake: what stands between somebody's bytes and the journal. It judges one event and, if it is
 * good, gives the record that may be stored.
 *
 * The order is fixed: limits, JSON, envelope, type, rights, schema, then pseudonymisation
 * (data.nik becomes the person key: in `subject`, or in data.person where the subject is not a
 * person) and the cutting out of contact members for the vault. What comes out holds no NIK and no
 * contact, and is not larger than a frame; what is refused is never stored in clear. Bytes that
 * stay are not written anew.
 *
 * Not here: whether the event is known already (journal), and the answer to its sender (hub).
 */
#ifndef JJ_EVENT_INTAKE_H
#define JJ_EVENT_INTAKE_H

#include "jejaring/error.h"

#include "base/buf.h"
#include "base/clock.h"
#include "event/rights.h"
#include "event/secret.h"
#include "journal/journal.h"
#include "schema/catalogue.h"

#define JJ_DATASCHEMA    "urn:jejaring:" /* then the type, a colon, its version */
#define JJ_ATTRIBUTE_MAX 255             /* bytes of id, source, type, subject ... */

typedef struct jj_intake {
    const jj_catalogue *catalogue;
    const jj_secrets *secrets;
    const unsigned char *digest_secret; /* 16 bytes */
    int64_t ahead_ms; /* an event may lie so far ahead of its acceptance; 0: any time */
} jj_intake;

/* What became of one event. Zero-initialise, reuse for the next, clear when done. */
typedef struct jj_admitted {
    jj_record record; /* points into the members below and lives until the next admit */
    const jj_type *type;
    uint32_t granted, withdrawn; /* audiences that its person consents to, or no longer */
    jj_report report;            /* all problems that were found, if it is refused for its form */
    char attributes[6][JJ_ATTRIBUTE_MAX + 1];
    char subject[JJ_ATTRIBUTE_MAX + 1];
    char nik[17];
    char person[JJ_UUID_SIZE]; /* the key made of nik where the subject is not a person */
    unsigned char digest_key[16];
    bool has_dataschema; /* it says by which version of its type it was made */
    bool passed_on;      /* its sender may say who accepted it first, and when */
    int64_t recorded_ms; /* and the same in text */
    char recorded[JJ_TIME_SIZE];
    jj_buf text, data, contact, sealed, scratch;
} jj_admitted;

void jj_admitted_clear(jj_admitted *admitted);

/* Judges one event of a publisher. 0, or the code of the refusal with err (field is a JSON pointer)
 * and, where the form of envelope or data is at fault, admitted->report: every problem of both, its
 * fields JSON pointers into the event. recorded_ms is the time of acceptance. */
int jj_intake_admit(const jj_intake *intake, const jj_rights *rights, const char *text,
                    size_t size_bytes, int64_t recorded_ms, jj_admitted *admitted, jj_error *err);

#endif
