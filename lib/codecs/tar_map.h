/* SPDX-License-Identifier: MIT */
/*
 * A whole tar at once: all its entries with their bodies, for those whose entries may come in any order.
 */
#ifndef AR_CODECS_TAR_MAP_H
#define AR_CODECS_TAR_MAP_H

#include "bytes/file.h"
#include "codecs/tar.h"

struct ar_tar_item {
    char *name;
    const char *data; /* in the map */
    uint64_t n;
    bool is_file;
    char *image_type; /* or NULL */
    char *pax;        /* further records, as struct ar_tar_entry has them; or NULL */
    size_t pax_len;
};

/* A zeroed struct holds nothing, and may be released. */
struct ar_tar_map {
    struct ar_map map; /* the tar: mapped as it is, or spooled */
    char *what;        /* names it in messages: "'run.tar'", "standard input" */
    char *name;        /* the same without its quotes */
    struct ar_tar_item *item;
    size_t n, room;
    bool cut;          /* it ends with the entry "error" and has no end blocks: see ar_tar_next */
    bool mapped;
};

/*
 * Reads the tar from fd, which stays the caller's, from where it stands; compressed input is undone. what names it in
 * messages (copied). 0, or -1: all that ar_tar_next refuses, and an entry that is there twice (AR_INPUT); reading, memory
 * (AR_SYSTEM). To be released in both cases.
 */
int ar_tar_map_read(struct ar_tar_map *map, int fd, const char *what, struct ar_error *error) AR_MUST_USE;
void ar_tar_map_release(struct ar_tar_map *map);

/* The entry of that name, or NULL. */
const struct ar_tar_item *ar_tar_map_find(const struct ar_tar_map *map, const char *name);

/* -1 (AR_INPUT) where the file that was mapped was changed since. */
int ar_tar_map_check(const struct ar_tar_map *map, struct ar_error *error) AR_MUST_USE;

#endif
