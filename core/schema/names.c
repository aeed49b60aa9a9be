#include "schema/names.h"

#include <assert.h>
#include <string.h>

struct jj_name_slot {
    const char *name; /* NULL: empty */
    uint32_t length, number;
};

/* The length, the first and the last eight bytes: enough to tell member names apart. */
static size_t hash(const char *name, size_t length)
{
    uint64_t head = 0, tail = 0;
    if (length >= sizeof head) {
        memcpy(&head, name, sizeof head);
        memcpy(&tail, name + length - sizeof tail, sizeof tail);
    } else {
        memcpy(&head, name, length);
    }
    uint64_t h = (head ^ length) * 0x9e3779b97f4a7c15U;
    h = (h ^ (h >> 32) ^ tail) * 0xd6e8feb86659fd93U;
    return (size_t)(h ^ (h >> 32));
}

bool jj_names_init(jj_names *names, jj_arena *arena, size_t capacity)
{
    size_t size = 4;
    while (size < capacity * 2) {
        size *= 2;
    }
    names->slots = jj_arena_array(arena, size, sizeof *names->slots);
    names->mask = size - 1;
    names->count = names->longest = 0;
    return names->slots != NULL;
}

static struct jj_name_slot *slot_of(const jj_names *names, const char *name, size_t length)
{
    for (size_t i = hash(name, length);; i++) {
        struct jj_name_slot *slot = &names->slots[i & names->mask];
        if (!slot->name || (slot->length == length && memcmp(slot->name, name, length) == 0)) {
            return slot;
        }
    }
}

void jj_names_add(jj_names *names, const char *name, size_t length, size_t number)
{
    assert(names->count < names->mask && length <= UINT32_MAX && number <= UINT32_MAX);
    struct jj_name_slot *slot = slot_of(names, name, length);
    if (slot->name) {
        return;
    }
    *slot = (struct jj_name_slot){name, (uint32_t)length, (uint32_t)number};
    names->count++;
    if (length > names->longest) {
        names->longest = length;
    }
}

bool jj_names_find(const jj_names *names, const char *name, size_t length, size_t *number)
{
    if (names->count == 0 || length > names->longest) {
        return false;
    }
    const struct jj_name_slot *slot = slot_of(names, name, length);
    if (!slot->name) {
        return false;
    }
    *number = slot->number;
    return true;
}
