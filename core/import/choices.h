/*
 * The closed vocabulary of a property: what x-values and enum of its schema allow in a cell.
 */
#ifndef JJ_IMPORT_CHOICES_H
#define JJ_IMPORT_CHOICES_H

#include "base/buf.h"
#include "schema/catalogue.h"

/* The value that x-values gives a text, or the enum's entry that it spells; folded both. NULL:
 * neither. Borrowed from the catalogue. */
const json_t *jj_choice_find(const jj_property *property, const char *text, size_t length);

/* Appends the value as JSON. */
void jj_choice_write(const json_t *value, jj_buf *json);

/* Appends an Indonesian reason with the spellings that are allowed, one for each choice. */
void jj_choice_tell(const jj_property *property, jj_buf *why);

#endif
