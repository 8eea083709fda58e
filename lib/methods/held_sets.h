/* SPDX-License-Identifier: MIT */
/*
 * The sets of the lane that is read, in memory, until it is known whether anybody needs them.
 */
#ifndef AR_METHODS_HELD_SETS_H
#define AR_METHODS_HELD_SETS_H

#include "lanes/stream.h"

#define AR_HELD_MAX ((size_t)64 << 20) /* bytes of all sets of a lane */

/* Zeroed, there are none. */
struct ar_held_sets {
    char *bytes; /* one region for all lanes, which processes that are forked do not get */
    size_t used;
    struct ar_held_set {
        char *name;        /* of the entry, as it stands in the stream */
        const char *below; /* its lane's folder; in name */
        const char *base;  /* the set; likewise */
        ssize_t lane;
        size_t start, len; /* in bytes */
    } *set;
    size_t n, room;
};

void ar_held_sets_release(struct ar_held_sets *held);

/* Forgets them. */
void ar_held_sets_clear(struct ar_held_sets *held);

/*
 * Reads the set at whose body the stream stands into memory. 1; 0 where there is no room for it: nothing was read; -1 (also of the
 * stream).
 */
int ar_held_sets_take(struct ar_held_sets *held, struct ar_stream *stream, const struct ar_entry *entry,
                      struct ar_error *error) AR_MUST_USE;

/* Has the stream stand at the body of each set once more, one after the other, and calls take. 0, or -1 where take did so. */
typedef int ar_held_take(void *arg, const struct ar_entry *entry, struct ar_error *error);
int ar_held_sets_replay(const struct ar_held_sets *held, struct ar_stream *stream, ar_held_take *take, void *arg,
                        struct ar_error *error) AR_MUST_USE;

#endif
