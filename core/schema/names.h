/*
 * A fixed table from names to small numbers: which of a schema's members (or of its enumerated
 * texts) is this one? Built once; asked for each member of each event, in constant time. What is
 * asked cannot make it slow: only the names it was built from stand in it.
 */
#ifndef JJ_SCHEMA_NAMES_H
#define JJ_SCHEMA_NAMES_H

#include "schema/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct jj_names {
    struct jj_name_slot *slots;
    size_t mask, count;
    size_t longest; /* in bytes */
} jj_names;

/* Room for up to capacity names in the arena. False without memory. */
bool jj_names_init(jj_names *names, jj_arena *arena, size_t capacity);

/* Adds a name (borrowed for the table's life) with its number. A name already there keeps its
 * first number. No more than capacity names may be added. */
void jj_names_add(jj_names *names, const char *name, size_t length, size_t number);

/* False if the name is not there. An all-zero table holds nothing. */
bool jj_names_find(const jj_names *names, const char *name, size_t length, size_t *number);

#endif
