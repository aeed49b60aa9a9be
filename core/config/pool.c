#include "config/pool.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 4096
};

struct jj_pool_chunk {
    struct jj_pool_chunk *next;
    size_t used, size_bytes; /* of data */
    alignas(max_align_t) unsigned char data[];
};

static struct jj_pool_chunk *chunk_new(size_t size_bytes)
{
    if (size_bytes > SIZE_MAX - sizeof(struct jj_pool_chunk)) {
        return NULL;
    }
    struct jj_pool_chunk *chunk = calloc(1, sizeof *chunk + size_bytes);
    if (chunk != NULL) {
        chunk->size_bytes = size_bytes;
    }
    return chunk;
}

void *jj_pool_alloc(jj_pool *pool, size_t size_bytes)
{
    const size_t align = alignof(max_align_t);

    if (size_bytes > SIZE_MAX - align) {
        return NULL;
    }
    size_bytes = (size_bytes + align - 1) / align * align;

    struct jj_pool_chunk *chunk = pool->chunks;
    if (chunk == NULL || chunk->size_bytes - chunk->used < size_bytes) {
        chunk = chunk_new(size_bytes > CHUNK ? size_bytes : CHUNK);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->next = pool->chunks;
        pool->chunks = chunk;
    }
    void *piece = chunk->data + chunk->used;
    chunk->used += size_bytes;
    return piece;
}

char *jj_pool_copy(jj_pool *pool, const char *text, size_t length)
{
    if (length == SIZE_MAX) {
        return NULL;
    }
    char *copy = jj_pool_alloc(pool, length + 1);
    if (copy != NULL && length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

void jj_pool_clear(jj_pool *pool)
{
    while (pool->chunks != NULL) {
        struct jj_pool_chunk *chunk = pool->chunks;
        pool->chunks = chunk->next;
        free(chunk);
    }
}
