/*
 * The keys of an event and of a person.
 */
#ifndef JJ_EVENT_KEY_H
#define JJ_EVENT_KEY_H

#include "base/id.h"

#include <stdint.h>

/* The 16-byte key of an event: its time in milliseconds in the first 48 bits (big endian, times
 * before 1970 as 0), then 80 bits of BLAKE2b-128 over source and id. In bytewise order it follows
 * time, so that indexes over it stay local. Anybody can compute it. */
void jj_event_key(int64_t time_ms, const char *source, size_t source_length, const char *id,
                  size_t id_length, unsigned char key[16]);

/* The person key: the UUID of BLAKE2b-128 of the 16 digits of a NIK, keyed with the province's
 * person key. Whoever holds that key can try all NIKs of a regency in minutes: it never leaves the
 * hub and the import. */
void jj_person_key(const unsigned char person_key[JJ_KEY_SIZE], const char nik[16],
                   char out[JJ_UUID_SIZE]);

enum jj_nik_verdict {
    JJ_NIK_OK = 0,
    JJ_NIK_LENGTH,     /* not exactly 16 digits */
    JJ_NIK_SCIENTIFIC, /* a spreadsheet made 3.37502E+15 of it: the digits are lost */
    JJ_NIK_DATE,       /* no such day or month */
    JJ_NIK_SERIAL,     /* serial number 0000 */
};

/* The hard rules for a NIK (hazards: day + 40 for women). Says nothing about residence. */
enum jj_nik_verdict jj_nik_check(const char *text, size_t length);

/* True if just 16 digits in a row that could be a NIK stand somewhere in a text, other than within
 * a word of 32 or more hexadecimal digits. */
bool jj_holds_nik(const char *text);

/* One line for an administrator, or an official (Indonesian). Static; never the number itself. */
const char *jj_nik_problem(enum jj_nik_verdict verdict);
const char *jj_nik_problem_id(enum jj_nik_verdict verdict);

#endif
