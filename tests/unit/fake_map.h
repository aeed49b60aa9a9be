/*
 * A sorted map of texts for fake_host: a treap, so that tests with a hundred thousand persons end.
 * A map is a pointer to its top, NULL when it is empty; functions that change it return the new
 * top. Out of memory is not an error that tests survive.
 */
#ifndef FAKE_MAP_H
#define FAKE_MAP_H

#include <jejaring/plugin.h>

struct fake_map;

/* Borrowed until the next change; NULL if there is none. */
const char *fake_map_get(const struct fake_map *map, const char *key);

/* Sets key to value, which is taken; *old is what was there (the caller frees), NULL if nothing. */
struct fake_map *fake_map_put(struct fake_map *map, const char *key, char *value, char **old);

/* Removes key; *old as above, unchanged if there was nothing. */
struct fake_map *fake_map_delete(struct fake_map *map, const char *key, char **old);

/* Calls visit for every key that begins with prefix, in order, until it returns anything but 0,
 * and returns that. */
int fake_map_scan(const struct fake_map *map, const char *prefix, jj_state_visit visit, void *arg);

void fake_map_free(struct fake_map *map);

#endif
