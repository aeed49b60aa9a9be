/*
 * Where a NIK has no business: anywhere in an event but in the members that are cut out of it. And
 * members that would carry contact past the vault.
 */
#ifndef JJ_EVENT_LEAK_H
#define JJ_EVENT_LEAK_H

#include "schema/catalogue.h"

#include <jansson.h>
#include <stddef.h>

/* Looks through an event as it was parsed (so that escapes hide nothing): names, texts and numbers
 * of all members but what the type sends to the vault. True if one holds 16 digits
 * that are a possible NIK, or this one (nik may be empty); *field is then a JSON pointer to it, as
 * far as the names of members in it are ours and not the sender's. */
bool jj_leak_find(const json_t *event, const jj_type *type, const char *nik, char *field,
                  size_t field_size);

/* True if an event about a person brings contact in a member that its type's schema does not have:
 * a name or a telephone number, say, with what is said of a placement. The names of attributes and
 * of members at any depth are judged, not what they hold. *field is then a JSON pointer to it, as
 * far as the names of members in it are ours. */
bool jj_leak_find_contact(const json_t *event, const jj_type *type, const jj_catalogue *catalogue,
                          char *field, size_t field_size);

#endif
