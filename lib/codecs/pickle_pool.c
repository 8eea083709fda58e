/* SPDX-License-Identifier: MIT */
/*
 * The memory of a pickle that is read.
 */
#include "codecs/pickle_value.h"

enum {
    CHUNK_FIRST = 4096,
    CHUNK_MOST = 1 << 20,
    ALIGNMENT = 16,
};

struct ar_pickle_chunk {
    struct ar_pickle_chunk *next;
    size_t size;
};

void ar_pickle_pool_init(struct ar_pickle_pool *pool, uint64_t limit, struct ar_error *error)
{
    *pool = (struct ar_pickle_pool){ .limit = limit, .error = error };
}

void ar_pickle_pool_release(struct ar_pickle_pool *pool)
{
    while (pool->grown) {
        struct ar_pickle_values *values = pool->grown;
        pool->grown = values->next;
        free(values->at);
        values->at = NULL;
    }
    while (pool->chunks) {
        struct ar_pickle_chunk *chunk = pool->chunks;
        pool->chunks = chunk->next;
        free(chunk);
    }
}

/* Is there room for n more bytes under the limit? They count from now on. */
static int charge(struct ar_pickle_pool *pool, size_t n)
{
    if (n > pool->limit - pool->used)
        return ar_fail(pool->error, AR_INPUT, "refers to the same data again and again, or holds more than a table needs");
    pool->used += n;
    return 0;
}

static int add_chunk(struct ar_pickle_pool *pool, size_t n)
{
    size_t size = pool->chunks ? 2 * pool->chunks->size : CHUNK_FIRST;
    if (size > CHUNK_MOST)
        size = CHUNK_MOST;
    if (size < n)
        size = n;
    struct ar_pickle_chunk *chunk = malloc(ALIGNMENT + size);
    if (chunk == NULL)
        return ar_fail_memory(pool->error);
    *chunk = (struct ar_pickle_chunk){ pool->chunks, size };
    pool->chunks = chunk;
    pool->free = (char *)chunk + ALIGNMENT;
    pool->left = size;
    return 0;
}

void *ar_pickle_pool_get(struct ar_pickle_pool *pool, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n) || n > SIZE_MAX / 4)
        n = SIZE_MAX / 4; /* beyond every limit */
    n = n > 0 ? (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    if (charge(pool, n) != 0 || (n > pool->left && add_chunk(pool, n) != 0))
        return NULL;
    void *got = pool->free;
    memset(got, 0, n);
    pool->free += n;
    pool->left -= n;
    return got;
}

/* Room for count more values. */
static int grow(struct ar_pickle_pool *pool, struct ar_pickle_values *to, size_t count)
{
    size_t cap = to->cap + to->cap / 2;
    if (cap < to->n + count)
        cap = to->n + count;
    if (charge(pool, (cap - to->cap) * sizeof(*to->at)) != 0)
        return -1;
    struct ar_pickle_value *at = realloc(to->at, cap * sizeof(*at));
    if (at == NULL)
        return ar_fail_memory(pool->error);
    if (to->cap == 0) {
        to->next = pool->grown;
        pool->grown = to;
    }
    to->at = at;
    to->cap = cap;
    return 0;
}

int ar_pickle_values_add(struct ar_pickle_pool *pool, struct ar_pickle_values *to, const struct ar_pickle_value *from,
                         size_t count)
{
    if (count == 0)
        return 0;
    if (count > to->cap - to->n && grow(pool, to, count) != 0)
        return -1;
    memcpy(to->at + to->n, from, count * sizeof(*from));
    to->n += count;
    return 0;
}

void ar_pickle_values_drop(struct ar_pickle_pool *pool, struct ar_pickle_values *values)
{
    for (struct ar_pickle_values **at = &pool->grown; *at; at = &(*at)->next)
        if (*at == values) {
            *at = values->next;
            break;
        }
    free(values->at);
    pool->used -= values->cap * sizeof(*values->at);
    *values = (struct ar_pickle_values){ 0 };
}
