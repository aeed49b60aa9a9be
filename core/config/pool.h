/*
 * A pool: many small pieces of memory with one life. Nothing in it is freed alone; all of it is
 * freed at once with whatever it belongs to (a document, a config, the values of options).
 */
#ifndef JJ_CONFIG_POOL_H
#define JJ_CONFIG_POOL_H

#include <stddef.h>

/* An empty pool is all zeros: `jj_pool p = {0};`. */
typedef struct jj_pool {
    struct jj_pool_chunk *chunks; /* newest first */
} jj_pool;

/* Zeroed memory, aligned for anything, valid until jj_pool_clear. NULL without memory. */
void *jj_pool_alloc(jj_pool *pool, size_t size_bytes);

/* A copy of length bytes with a NUL behind them. NULL without memory. */
char *jj_pool_copy(jj_pool *pool, const char *text, size_t length);

/* Frees everything; the pool is empty and usable again. */
void jj_pool_clear(jj_pool *pool);

#endif
