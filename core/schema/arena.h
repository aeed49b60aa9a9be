/*
 * Memory with one life: what a compiled schema is made of is allocated piece by piece and freed
 * at once. Pieces stand close together, which is what makes running a schema quick.
 */
#ifndef JJ_SCHEMA_ARENA_H
#define JJ_SCHEMA_ARENA_H

#include <stddef.h>

/* An empty arena is all zeros. */
typedef struct jj_arena {
    struct jj_arena_block *blocks; /* newest first */
} jj_arena;

/* Zeroed and aligned for anything; NULL without memory. */
void *jj_arena_alloc(jj_arena *arena, size_t size_bytes);

/* Room for count elements; NULL without memory or if the product overflows. */
void *jj_arena_array(jj_arena *arena, size_t count, size_t size_bytes);

/* A copy of length bytes with a NUL behind them; NULL without memory. */
char *jj_arena_copy(jj_arena *arena, const char *text, size_t length);

void jj_arena_clear(jj_arena *arena);

#endif
