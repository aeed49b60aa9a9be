/*
 * A plugin's draft made into a CloudEvent.
 *
 * The id is a UUID made from what the event answers (source and id of its cause; without one, the
 * instance), its type and the draft's key: the same work done again gives the same event, which
 * the hub then knows as a duplicate. The source is "/<node>/<instance>".
 */
#ifndef JJ_WORKER_DRAFT_H
#define JJ_WORKER_DRAFT_H

#include "jejaring/error.h"
#include "jejaring/plugin.h"

#include "base/buf.h"

typedef struct jj_origin {
    const char *node, *instance, *region;
} jj_origin;

/* Appends the event's text to out (which is reset first). now_ms is its time if nothing else says.
 * Errors: JJ_EINVALID (no type, data no object, neither cause nor key), JJ_ETOO_LARGE,
 * JJ_EMEMORY. */
int jj_draft_write(const jj_draft *draft, const jj_origin *origin, int64_t now_ms, jj_buf *out,
                   jj_error *err);

#endif
