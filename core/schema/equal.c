#include "schema/equal.h"

#include "base/id.h"
#include "schema/number.h"

#include <stdlib.h>
#include <string.h>

/* Beyond this nesting values are not told apart; the budget is emptied. */
#define DEPTH_MAX 512

#define SMALL_ITEMS 64
#define SMALL_SLOTS 128

static bool equal(const json_t *a, const json_t *b, uint64_t *budget, unsigned depth);

static bool too_deep(uint64_t *budget, unsigned depth)
{
    if (depth > DEPTH_MAX) {
        *budget = 0;
        return true;
    }
    return false;
}

static bool equal_arrays(const json_t *a, const json_t *b, uint64_t *budget, unsigned depth)
{
    size_t size = json_array_size(a);
    if (size != json_array_size(b)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!equal(json_array_get(a, i), json_array_get(b, i), budget, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool equal_objects(json_t *a, const json_t *b, uint64_t *budget, unsigned depth)
{
    if (json_object_size(a) != json_object_size(b)) {
        return false;
    }
    for (void *at = json_object_iter(a); at; at = json_object_iter_next(a, at)) {
        const json_t *other =
            json_object_getn(b, json_object_iter_key(at), json_object_iter_key_len(at));
        if (!other || !equal(json_object_iter_value(at), other, budget, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool equal(const json_t *a, const json_t *b, uint64_t *budget, unsigned depth)
{
    if (too_deep(budget, depth) || !jj_budget_spend(budget, 1)) {
        return false;
    }
    if (json_is_number(a) && json_is_number(b)) {
        jj_number x = jj_number_of(a), y = jj_number_of(b);
        return jj_number_compare(&x, &y) == 0;
    }
    if (json_typeof(a) != json_typeof(b)) {
        return false;
    }
    switch (json_typeof(a)) {
    case JSON_STRING:
        return json_string_length(a) == json_string_length(b) &&
               jj_budget_spend(budget, json_string_length(a) / 64) &&
               memcmp(json_string_value(a), json_string_value(b), json_string_length(a)) == 0;
    case JSON_ARRAY:
        return equal_arrays(a, b, budget, depth);
    case JSON_OBJECT:
        /* jansson's iterators ask for a mutable object though they do not change it. */
        return equal_objects((json_t *)(uintptr_t)a, b, budget, depth);
    default:
        return true; /* null, true and false have no more to them than their type */
    }
}

bool jj_json_equals(const json_t *a, const json_t *b, uint64_t *budget)
{
    return equal(a, b, budget, 0);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
    return hash ^ (hash >> 29);
}

static uint64_t hash_number(const json_t *value, const unsigned char *key)
{
    jj_number number = jj_number_of(value);
    uint64_t parts[2] = {number.real, 0};
    if (number.real) {
        memcpy(&parts[1], &number.value, sizeof number.value);
    } else {
        memcpy(&parts[1], &number.integer, sizeof number.integer);
    }
    return jj_siphash(key, parts, sizeof parts);
}

static uint64_t hash_value(const json_t *value, const unsigned char *key, uint64_t *budget,
                           unsigned depth)
{
    if (too_deep(budget, depth) || !jj_budget_spend(budget, 1)) {
        return 0;
    }
    uint64_t hash = (uint64_t)json_typeof(value) + 1;
    if (json_is_string(value)) {
        size_t length = json_string_length(value);
        jj_budget_spend(budget, length / 64);
        return mix(hash, jj_siphash(key, json_string_value(value), length));
    }
    if (json_is_number(value)) {
        return hash_number(value, key);
    }
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            hash = mix(hash, hash_value(json_array_get(value, i), key, budget, depth + 1));
        }
    } else if (json_is_object(value)) {
        json_t *object = (json_t *)(uintptr_t)value;
        uint64_t sum = 0; /* a sum: members have no order */
        for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
            uint64_t name = jj_siphash(key, json_object_iter_key(at), json_object_iter_key_len(at));
            sum += mix(name, hash_value(json_object_iter_value(at), key, budget, depth + 1));
        }
        hash = mix(hash, sum);
    }
    return hash;
}

uint64_t jj_json_hash(const json_t *value, const unsigned char *key, uint64_t *budget)
{
    return hash_value(value, key, budget, 0);
}

struct slot {
    uint64_t hash;
    size_t item; /* index + 1; 0: empty */
};

static bool unique(const json_t *array, const unsigned char *key, uint64_t *budget,
                   struct slot *slots, size_t mask, size_t *first, size_t *second)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        uint64_t hash = jj_json_hash(item, key, budget);
        size_t at = (size_t)hash & mask;
        for (; slots[at].item; at = (at + 1) & mask) {
            const json_t *other = json_array_get(array, slots[at].item - 1);
            if (slots[at].hash == hash && jj_json_equals(item, other, budget)) {
                *first = slots[at].item - 1;
                *second = i;
                return false;
            }
        }
        if (*budget == 0) {
            return false;
        }
        slots[at] = (struct slot){hash, i + 1};
    }
    return true;
}

bool jj_json_unique(const json_t *array, const unsigned char *key, uint64_t *budget, size_t *first,
                    size_t *second)
{
    size_t count = json_array_size(array);
    if (count <= SMALL_ITEMS) {
        struct slot slots[SMALL_SLOTS] = {{0, 0}};
        return unique(array, key, budget, slots, SMALL_SLOTS - 1, first, second);
    }
    size_t size = SMALL_SLOTS;
    while (size < count * 2) {
        size *= 2;
    }
    struct slot *slots = calloc(size, sizeof *slots);
    if (!slots) {
        *budget = 0;
        return false;
    }
    bool result = unique(array, key, budget, slots, size - 1, first, second);
    free(slots);
    return result;
}
