/*
 * Many events in one compressed frame, for slow lines: a fifth of the bytes as a rule, at some ten
 * microseconds of processor time an event. See schemas/README.md, "Packed events".
 *
 * Not here: whether the hub takes such frames; its HELLO tells (`packed`).
 */
#ifndef JEJARING_PACK_H
#define JEJARING_PACK_H

#include <jejaring/client.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JJ_PACKED       "deflate"
#define JJ_UNPACKED_MAX (8 * 1024 * 1024) /* bytes of all events of a frame, with their lengths */

/* Packs events (at most JJ_EVENTS_MAX) into *frame, whose data is new: the caller frees it.
 * Errors: JJ_ETOO_LARGE (before or after it is packed), JJ_EMEMORY. */
JJ_API int jj_pack(const jj_bytes *events, size_t count, jj_bytes *frame, jj_error *err);

/* Unpacks a frame that must hold just count events (at most JJ_EVENTS_MAX, each at most
 * JJ_FRAME_MAX bytes) into events, which point into *text; that is new, and the caller frees it.
 * Never allocates more than the frame unpacks to, nor more than JJ_UNPACKED_MAX. Errors:
 * JJ_EMALFORMED, JJ_ETOO_LARGE, JJ_EMEMORY. */
JJ_API int jj_unpack(jj_bytes frame, jj_bytes *events, size_t count, char **text, jj_error *err);

#ifdef __cplusplus
}
#endif
#endif
