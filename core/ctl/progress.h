/*
 * A progress bar on stderr for work that takes long. Draws nothing unless stderr is a terminal, and
 * only after half a second; at most ten times a second.
 */
#ifndef JJ_CTL_PROGRESS_H
#define JJ_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct jj_progress {
    bool shown, enabled;
    int64_t started_ms, next_ms; /* monotonic */
} jj_progress;

void jj_progress_start(jj_progress *progress);

/* done of total units (bytes; total 0: not known) and count things ("events") so far. */
void jj_progress_show(jj_progress *progress, uint64_t done, uint64_t total, uint64_t count,
                      const char *things);

/* Removes the bar, so that a line of words may follow. It may be shown again. */
void jj_progress_hide(jj_progress *progress);

#endif
