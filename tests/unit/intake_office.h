/*
 * What the tests of intake share: a node's secrets, a small catalogue, an office that may publish,
 * a good event and how to spoil it.
 */
#ifndef TESTS_INTAKE_OFFICE_H
#define TESTS_INTAKE_OFFICE_H

#include "event/intake.h"

#define NIK    "3375015005980001"
#define PERSON "bf1af257-50e8-873f-a2b7-6174c0be81a1" /* of NIK, with the key 0..31 */
#define OTHER  "0f1af257-50e8-873f-a2b7-6174c0be81a1"

extern jj_secrets secrets;
extern unsigned char digest_secret[16];
extern jj_intake intake;     /* with these two */
extern jj_admitted admitted; /* by the last call */
/* May publish alumni.*, vacancy.opened and order.completed in 33 and below. */
extern const jj_rights office;

/* For cmocka_run_group_tests. */
int intake_set_up(void **state);
int intake_tear_down(void **state);

/* A good vacancy.opened with one member set to another JSON text, added, or (NULL) left out. */
void event_with(jj_buf *out, const char *name, const char *value);

/* Fails the test unless the event is refused with that code, field and a text that holds `says`;
 * code 0: unless it is accepted. */
void assert_refused_text(const char *event, size_t size, int code, const char *field,
                         const char *says);
/* The same for event_with(name, value). */
void assert_refused(const char *name, const char *value, int code, const char *field,
                    const char *says);
void assert_accepted(const char *name, const char *value);

#endif
