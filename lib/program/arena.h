/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: small pieces of memory that go together. A zeroed struct is empty.
 */
#ifndef AR_PROGRAM_ARENA_H
#define AR_PROGRAM_ARENA_H

#include "bytes/base.h"

struct ar_arena_chunk;

struct ar_arena {
    struct ar_arena_chunk *chunk;
    char *at, *end; /* what is free of it */
};

/* Frees all. */
void ar_arena_release(struct ar_arena *arena);

/* n bytes, of no alignment in particular, that stay until the release. NULL when memory ran out. */
char *ar_arena_take(struct ar_arena *arena, size_t n) AR_MUST_USE;

/* A copy of a text, with a NUL. NULL when memory ran out. */
char *ar_arena_copy(struct ar_arena *arena, const char *text, size_t n) AR_MUST_USE;

#endif
