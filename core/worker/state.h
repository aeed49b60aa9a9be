/*
 * A plugin's key-value state, in memory and in order of key. Changes are staged: they are seen at
 * once, can be listed for a commit, and are then either kept or undone together.
 *
 * Not here: durability (the hub's journal keeps what is committed) and limits on the whole.
 */
#ifndef JJ_WORKER_STATE_H
#define JJ_WORKER_STATE_H

#include "jejaring/plugin.h"

#include <stdbool.h>
#include <stddef.h>

#define JJ_STATE_KEY_MAX 255 /* bytes */
/* Bytes of a value as a JSON string: a page of state holds 512 KiB and one entry more, and has to
 * fit into a frame of 1 MiB. */
#define JJ_STATE_VALUE_MAX (384 * 1024)

typedef struct jj_state jj_state;

jj_state *jj_state_new(void); /* NULL without memory */
void jj_state_free(jj_state *state);

/* Puts an entry as already committed, for loading. 0, JJ_EINVALID or JJ_EMEMORY. */
int jj_state_load(jj_state *state, const char *key, const char *value);

/* Borrowed until the next change; NULL if there is none. */
const char *jj_state_get(const jj_state *state, const char *key);

/* Stages a change. Texts are copied. JJ_EINVALID: a key that is empty or too long, text that is
 * not UTF-8. JJ_ETOO_LARGE: the value. JJ_EMEMORY: nothing has changed. Deleting what is not there
 * is no error. */
int jj_state_put(jj_state *state, const char *key, const char *value);
int jj_state_delete(jj_state *state, const char *key);

/* Visits every entry whose key begins with prefix in ascending bytewise order until visit returns
 * anything but 0, and returns that. visit must not change the state. */
int jj_state_scan(const jj_state *state, const char *prefix, jj_state_visit visit, void *arg);

/* Visits what is staged and really differs from what was committed, in no order; value NULL: the
 * entry is deleted. */
typedef void (*jj_state_change)(void *arg, const char *key, const char *value);
void jj_state_changes(const jj_state *state, jj_state_change visit, void *arg);
bool jj_state_is_staged(const jj_state *state); /* anything to commit? */

void jj_state_keep(jj_state *state); /* what is staged has been committed */
void jj_state_undo(jj_state *state); /* back to what was committed last */

size_t jj_state_count(const jj_state *state); /* entries */

#endif
