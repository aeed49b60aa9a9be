#include "schema/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 8192

struct jj_arena_block {
    struct jj_arena_block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char data[];
};

void *jj_arena_alloc(jj_arena *arena, size_t size_bytes)
{
    const size_t unit = alignof(max_align_t);
    if (size_bytes > SIZE_MAX / 2) {
        return NULL;
    }
    size_t size = (size_bytes + unit - 1) / unit * unit;
    struct jj_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        block = calloc(1, sizeof *block + room);
        if (!block) {
            return NULL;
        }
        block->size = room;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *piece = block->data + block->used;
    block->used += size;
    return piece;
}

void *jj_arena_array(jj_arena *arena, size_t count, size_t size_bytes)
{
    if (size_bytes && count > SIZE_MAX / 2 / size_bytes) {
        return NULL;
    }
    return jj_arena_alloc(arena, count * size_bytes);
}

char *jj_arena_copy(jj_arena *arena, const char *text, size_t length)
{
    char *copy = jj_arena_alloc(arena, length + 1);
    if (copy && length) {
        memcpy(copy, text, length);
    }
    return copy;
}

void jj_arena_clear(jj_arena *arena)
{
    while (arena->blocks) {
        struct jj_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
