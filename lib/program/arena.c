/* SPDX-License-Identifier: MIT */
#include "program/arena.h"

enum { CHUNK = 64 * 1024 };

struct ar_arena_chunk {
    struct ar_arena_chunk *next;
    char bytes[];
};

void ar_arena_release(struct ar_arena *arena)
{
    for (struct ar_arena_chunk *chunk = arena->chunk, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (struct ar_arena){ 0 };
}

static struct ar_arena_chunk *add_chunk(struct ar_arena *arena, size_t n)
{
    if (n > SIZE_MAX / 2)
        return NULL;
    struct ar_arena_chunk *chunk = malloc(sizeof *chunk + n);
    if (!chunk)
        return NULL;
    chunk->next = arena->chunk;
    arena->chunk = chunk;
    return chunk;
}

char *ar_arena_take(struct ar_arena *arena, size_t n)
{
    struct ar_arena_chunk *chunk;
    if (n >= CHUNK / 4) { /* one of its own, so that the rest of the last chunk is not lost */
        chunk = add_chunk(arena, n);
        return chunk ? chunk->bytes : NULL;
    }
    if ((size_t)(arena->end - arena->at) < n) {
        chunk = add_chunk(arena, CHUNK);
        if (!chunk)
            return NULL;
        arena->at = chunk->bytes;
        arena->end = chunk->bytes + CHUNK;
    }
    char *bytes = arena->at;
    arena->at += n;
    return bytes;
}

char *ar_arena_copy(struct ar_arena *arena, const char *text, size_t n)
{
    char *copy = ar_arena_take(arena, n + 1);
    if (copy) {
        memcpy(copy, text, n);
        copy[n] = '\0';
    }
    return copy;
}
