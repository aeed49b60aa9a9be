/* What the parts of fake_host share. */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include "fake_host.h"
#include "fake_map.h"

struct change {
    char *key, *old; /* old NULL: there was nothing */
};

struct said {
    jj_event event;
    char *source, *id, *type, *region, *subject, *cause;
    json_t *data;
};

struct list {
    struct said *items;
    size_t count;
};

struct fake_host {
    const jj_plugin *plugin;
    jj_host host;
    jj_value *values;
    char **strings;
    size_t value_count;
    void *self;
    struct fake_map *state;
    struct change *changes;
    size_t change_count, change_room;
    struct list batch, staged, published;
    const jj_event *handed; /* what on_events is looking at: batch from handed_from on */
    size_t handed_from;
    int64_t now_ms;
    char region[16], id[64];
    bool timers[16];
    size_t rejected;
    char *text;
};

/* ---- fake_said.c: events and what is told of them ----------------------------------------- */

/* An event of these parts (copied; data is taken) with the key that the hub would give it. */
struct said said_new(const char *source, const char *id, const char *type, const char *region,
                     const char *subject, const char *cause, int64_t time_ms, json_t *data);
void said_clear(struct said *said);
void list_add(struct list *list, struct said said);
void list_clear(struct list *list);

/* ---- fake_offers.c: what the host offers -------------------------------------------------- */

/* A host with these functions, fake being its context. */
jj_host host_offers(fake_host *fake);

/* True if the type is among the words, or "*". */
bool listed(const char *const *words, const char *word);

#endif
