/* SPDX-License-Identifier: MIT */
/*
 * The entries that were read, by name, as a ledger would have them: to be held against one. A zeroed struct is empty.
 */
#ifndef AR_LANES_SEEN_H
#define AR_LANES_SEEN_H

#include "bytes/digest.h"
#include "bytes/error.h"
#include "bytes/names.h"

struct ar_seen_entry {
    uint64_t bytes;
    char xxh3[AR_DIGEST_HEX + 1]; /* empty where the body was passed over */
    char *image_type;             /* or NULL */
};

struct ar_seen {
    struct ar_names names;
    struct ar_seen_entry *entry; /* in the order of the names */
    size_t room;
};

void ar_seen_release(struct ar_seen *seen);

/* Makes it empty, and keeps its memory. */
void ar_seen_clear(struct ar_seen *seen);

/* Notes an entry, in the place of an earlier one of that name. image_type may be NULL. 0, or -1 when memory ran out. */
int ar_seen_add(struct ar_seen *seen, const char *name, uint64_t bytes, const char *xxh3, const char *image_type,
                struct ar_error *error) AR_MUST_USE;

/* The entry of that name, or NULL. Borrowed until the next call that changes seen. */
const struct ar_seen_entry *ar_seen_find(const struct ar_seen *seen, const char *name);

#endif
