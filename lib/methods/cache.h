/* SPDX-License-Identifier: MIT */
/*
 * Results that are kept in a folder, each under the key of what it depends on (methods/cache_key.h):
 *
 *     KEY.tar    the result as a stream of one lane: data_name, sample_name, images/NAME …, analysis_result, ledger; a
 *                postprocess' has answer and ledger
 *     KEY.json   the record whose digest is KEY
 *     .swept     its time is when left-over temporary files were last looked for
 *
 * The ledger holds the digests of the entries, the outcome, in sets the records that the method gave of rows that it dropped, and
 * under "cache" the key and the digest of all that stands before it. So every byte of KEY.tar is checked when it is read.
 *
 * Files appear whole or not at all, so that any number of processes, on any number of hosts, may read and write one folder: what
 * one finds under a key is a whole result, whoever wrote it last.
 */
#ifndef AR_METHODS_CACHE_H
#define AR_METHODS_CACHE_H

#include "codecs/tar.h"
#include "lanes/ledger.h"

#define AR_CACHE_ANSWER "answer" /* what a postprocess answered */

struct ar_cache {
    int dirfd; /* -1: the folder is not there */
    char *path;
};

/*
 * Opens the folder path. write: it is made where it is missing, and must be writable; temporary files of more than a day, which
 * something that was killed left, are deleted (once a day). Otherwise it may be missing. 0, or -1 (AR_INPUT, AR_SYSTEM); to be
 * released in both cases.
 */
int ar_cache_open(struct ar_cache *cache, const char *path, bool write, struct ar_error *error) AR_MUST_USE;
void ar_cache_release(struct ar_cache *cache);

/* ---- reading -------------------------------------------------------------------------------------------------------- */

struct ar_cache_item {
    const char *name; /* "images/curve.png" */
    const char *image_type; /* or NULL */
    uint64_t offset, n; /* of its body, in the file */
};

/* A result that is there. The memory is used again by the next ar_cache_get into the same struct. */
struct ar_cache_entry {
    int fd;
    uint64_t size;
    struct ar_buf bytes; /* the whole file where it is small, else its end */
    struct ar_ledger ledger;
    struct ar_cache_item *item;
    size_t n, room;
};

void ar_cache_entry_init(struct ar_cache_entry *entry);
void ar_cache_entry_release(struct ar_cache_entry *entry);

/*
 * Looks for the result of this key, and checks every byte of it. 1: it is there; 0: it is not; -1: something is there, and cannot
 * be read or is not a whole result, as error tells.
 */
int ar_cache_get(const struct ar_cache *cache, const char *key, struct ar_cache_entry *entry, struct ar_error *error) AR_MUST_USE;

/* "result" or "no result". */
const char *ar_cache_entry_outcome(const struct ar_cache_entry *entry);

/* The item of that name, or NULL. */
const struct ar_cache_item *ar_cache_entry_find(const struct ar_cache_entry *entry, const char *name);

/* Writes the body of an item, whose header was put. 0, or -1 (AR_SYSTEM). */
int ar_cache_entry_write(const struct ar_cache_entry *entry, const struct ar_cache_item *item, struct ar_tar_writer *tar,
                         struct ar_error *error) AR_MUST_USE;

/* Appends the body of an item. 0 or -1. */
int ar_cache_entry_read(const struct ar_cache_entry *entry, const struct ar_cache_item *item, struct ar_buf *buf,
                        struct ar_error *error) AR_MUST_USE;

/* ---- writing -------------------------------------------------------------------------------------------------------- */

/* An entry to be stored: n bytes, at bytes, or (NULL) at offset in the file fd. */
struct ar_cache_source {
    const char *name;
    const char *image_type; /* or NULL */
    const void *bytes;
    int fd;
    uint64_t offset, n;
    const char *xxh3; /* the digest that it must have, or NULL */
};

/*
 * Stores a result under its key, in the place of one that is there, and before it the record. outcome: "result" or "no result";
 * sets: the method's records by set, or NULL. 0, or -1: then no result was stored.
 */
int ar_cache_put(const struct ar_cache *cache, const char *key, const struct ar_buf *record, const struct ar_cache_source *sources,
                 size_t n, const char *outcome, const struct ar_node *sets, struct ar_error *error) AR_MUST_USE;

#endif
