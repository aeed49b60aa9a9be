/*
 * What a callback of a plugin has staged beside its state: events to publish and events that it
 * could not use. It goes to the hub in one COMMIT, or is forgotten.
 */
#ifndef JJ_WORKER_STAGED_H
#define JJ_WORKER_STAGED_H

#include "jejaring/client.h"
#include "jejaring/error.h"

#include "base/buf.h"
#include "worker/state.h"

#include <stdbool.h>
#include <stdint.h>

/* One event that was put aside: its key and why. */
typedef struct jj_rejection {
    char key[33]; /* hexadecimal */
    char *reason; /* owned */
} jj_rejection;

/* Zero-initialise; clear when done. */
typedef struct jj_staged {
    jj_bytes *events; /* owned, each text too */
    size_t count, capacity;
    jj_rejection *rejected;
    size_t rejected_count, rejected_capacity;
    size_t rejected_bytes; /* what they take in a COMMIT, but for what has to be escaped */
} jj_staged;

/* Takes the text of an event out of text, which is empty afterwards. JJ_EMEMORY. */
int jj_staged_add(jj_staged *staged, jj_buf *text);

/* Notes that the event of this key is put aside; once is enough. JJ_EMEMORY. */
int jj_staged_reject(jj_staged *staged, const unsigned char key[16], const char *reason);

/* True if there is anything beside a cursor to commit. */
bool jj_staged_any(const jj_staged *staged, const jj_state *state);

/* Writes the options of a COMMIT that tells the newest rejections alone, as many as half a frame
 * holds, and forgets these. False: all of them have room in the COMMIT that follows. */
bool jj_staged_report(jj_staged *staged, const char *consumer, jj_buf *out);

/* Writes the options of a COMMIT: the consumer's name, the cursor (NULL: it does not move), what
 * changes in the state, what is put aside. JJ_ETOO_LARGE: more than one COMMIT can carry. */
int jj_staged_options(const jj_staged *staged, const jj_state *state, const char *consumer,
                      const uint64_t *cursor, jj_buf *out, jj_error *err);

/* Forgets everything; keeps the memory of the lists. */
void jj_staged_reset(jj_staged *staged);
void jj_staged_clear(jj_staged *staged);

#endif
