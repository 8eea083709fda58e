/* SPDX-License-Identifier: MIT */
#include "methods/held_sets.h"

#include <sys/mman.h>

#include "bytes/grow.h"

enum { PIECE = 256 * 1024 }; /* read and digested at a time, while it is in the processor's cache */

void ar_held_sets_clear(struct ar_held_sets *held)
{
    for (size_t i = 0; i < held->n; i++)
        free(held->set[i].name);
    held->n = 0;
    held->used = 0;
}

void ar_held_sets_release(struct ar_held_sets *held)
{
    ar_held_sets_clear(held);
    free(held->set);
    if (held->bytes)
        munmap(held->bytes, AR_HELD_MAX);
    *held = (struct ar_held_sets){ 0 };
}

static int open_region(struct ar_held_sets *held, struct ar_error *error)
{
    if (held->bytes)
        return 0;
    void *bytes = mmap(NULL, AR_HELD_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        return ar_fail_memory(error);
    madvise(bytes, AR_HELD_MAX, MADV_DONTFORK); /* a worker would be said to have it, and so would what it runs */
    madvise(bytes, AR_HELD_MAX, MADV_HUGEPAGE);
    held->bytes = bytes;
    return 0;
}

static int add_set(struct ar_held_sets *held, const struct ar_entry *entry, struct ar_error *error)
{
    if (held->n == held->room && !ar_grow(&held->set, &held->room, sizeof *held->set))
        return ar_fail_memory(error);
    char *name = strdup(entry->tar->name);
    if (!name)
        return ar_fail_memory(error);
    held->set[held->n++] = (struct ar_held_set){ .name = name, .below = name + (entry->name - entry->tar->name), .base = name + (entry->base - entry->tar->name), .lane = entry->lane,
                                                 .start = held->used, .len = (size_t)entry->tar->size };
    return 0;
}

int ar_held_sets_take(struct ar_held_sets *held, struct ar_stream *stream, const struct ar_entry *entry, struct ar_error *error)
{
    if (entry->tar->size > AR_HELD_MAX - held->used)
        return 0;
    if (open_region(held, error) != 0 || add_set(held, entry, error) != 0)
        return -1;
    for (size_t left = (size_t)entry->tar->size; left;) {
        size_t piece = left < PIECE ? left : PIECE;
        if (ar_stream_read(stream, held->bytes + held->used, piece, error) < 0)
            return -1;
        held->used += piece;
        left -= piece;
    }
    return 1;
}

int ar_held_sets_replay(const struct ar_held_sets *held, struct ar_stream *stream, ar_held_take *take, void *arg, struct ar_error *error)
{
    int result = 0;
    for (size_t i = 0; i < held->n && result == 0; i++) {
        const struct ar_held_set *set = &held->set[i];
        const struct ar_tar_entry tar = { .name = set->name, .size = set->len, .is_file = true };
        const struct ar_entry entry = { .kind = AR_ENTRY_SET, .lane = set->lane, .name = set->below, .base = set->base, .tar = &tar };
        ar_stream_replay(stream, held->bytes + set->start, set->len);
        result = take(arg, &entry, error);
    }
    ar_stream_replay(stream, NULL, 0);
    return result;
}
