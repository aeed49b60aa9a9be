/*
 * Equality of JSON values as JSON Schema has it: numbers by their value, objects without regard
 * to the order of their members; and a hash that agrees with it, for finding equal items of an
 * array without comparing each with each.
 *
 * Both count what they do against a budget and give up (not equal, hash of the part seen) once it
 * is used up; the caller looks at the budget.
 */
#ifndef JJ_SCHEMA_EQUAL_H
#define JJ_SCHEMA_EQUAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Takes steps from the budget, which stops at 0. False if there were not enough. */
static inline bool jj_budget_spend(uint64_t *budget, uint64_t steps)
{
    bool enough = *budget > steps;
    *budget = enough ? *budget - steps : 0;
    return enough;
}

bool jj_json_equals(const json_t *a, const json_t *b, uint64_t *budget);

/* key: 16 bytes that a sender of values does not know, so that none can choose colliding ones. */
uint64_t jj_json_hash(const json_t *value, const unsigned char *key, uint64_t *budget);

/* True if no two items of the array are equal, in time about linear in its size. On false *first
 * and *second are the indexes of an equal pair, unless the budget ran out. Arrays of more than 64
 * items need memory for the time of the call; without any, the budget is emptied. */
bool jj_json_unique(const json_t *array, const unsigned char *key, uint64_t *budget, size_t *first,
                    size_t *second);

#endif
