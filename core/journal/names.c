#include "journal/internal.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 256

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a: short trusted texts */
    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    }
    return hash;
}

/* The slot that holds text, or the free one where it belongs. */
static size_t slot_of(const jj_journal_names *names, const char *text)
{
    size_t at = hash_text(text) & (names->slot_count - 1);
    while (names->slots[at] != UINT32_MAX && strcmp(names->list[names->slots[at]], text) != 0) {
        at = (at + 1) & (names->slot_count - 1);
    }
    return at;
}

static bool grow_slots(jj_journal_names *names)
{
    size_t count = names->slot_count ? names->slot_count * 2 : SLOTS_FIRST;
    uint32_t *slots = malloc(count * sizeof *slots);
    if (!slots) {
        return false;
    }
    memset(slots, 0xff, count * sizeof *slots);
    free(names->slots);
    names->slots = slots;
    names->slot_count = count;
    for (size_t i = 0; i < names->count; i++) {
        slots[slot_of(names, names->list[i])] = (uint32_t)i;
    }
    return true;
}

bool jj_journal_names_add(jj_journal_names *names, const char *text)
{
    if (names->count * 2 >= names->slot_count && !grow_slots(names)) {
        return false;
    }
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? names->capacity * 2 : 64;
        char **list = realloc(names->list, capacity * sizeof *list);
        if (!list) {
            return false;
        }
        names->list = list;
        names->capacity = capacity;
    }
    char *copy = strdup(text);
    if (!copy) {
        return false;
    }
    names->list[names->count] = copy;
    names->slots[slot_of(names, text)] = (uint32_t)names->count++;
    return true;
}

void jj_journal_names_clear(jj_journal_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->list[i]);
    }
    free(names->list);
    free(names->slots);
    *names = (jj_journal_names){0};
}

uint32_t jj_journal_name(jj_journal *journal, const char *text)
{
    jj_journal_names *names = &journal->names;
    if (!names->slot_count) {
        return 0; /* closed after a failure: the transaction has failed already */
    }
    uint32_t number = names->slots[slot_of(names, text)];
    if (number != UINT32_MAX) {
        return number;
    }
    number = (uint32_t)names->count;
    if (!jj_journal_names_add(names, text)) {
        jj_journal_note(journal, "out of memory");
        return 0;
    }
    sqlite3_stmt *statement = journal->statements[JJ_SQL_NAME];
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_text(statement, 2, text, -1, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_NAME);
    return number;
}

const char *jj_journal_name_text(const jj_journal *journal, int64_t number)
{
    return number >= 0 && (size_t)number < journal->names.count ? journal->names.list[number] : "";
}
