/*
 * Schemes: the rows of the config's table, with their ceilings and conditions.
 *
 * A row is read as it stands in the options; scheme_check has judged it before. Years change the
 * figures and conditions, not this code.
 */
#ifndef CAPITAL_SCHEME_H
#define CAPITAL_SCHEME_H

#include <jejaring/react.h>

/* Judges one row of the table. Errors: JJ_ECONFIG, naming the row (counted from 0 here, from 1 in
 * the text). */
int scheme_check(const json_t *scheme, size_t row, jj_error *err);

/* The row cannot be used, and why. Returns JJ_ECONFIG. */
int scheme_wrong(jj_error *err, size_t row, const char *what);

/* How many loans a person has had of the schemes whose names begin so. person: the document with
 * the registers "loans" and "quality". */
int64_t loans_had(const json_t *person, const char *schemes);

/* When a business is as old as the scheme asks, its age counted from the first day it was heard of:
 * the same day so many months later. business: the document with "since". */
int64_t scheme_opens_ms(const json_t *scheme, const json_t *business);

/* True if amount, business number and the owner's history fit; the age of the business is another
 * matter. terms: what the business said of its need. */
bool scheme_fits(const json_t *scheme, const json_t *terms, const json_t *person);

#endif
