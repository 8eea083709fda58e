/* SPDX-License-Identifier: MIT */
/*
 * What the contracts "first" and "analyzeseq" have in common: a tar of the Python runner's for a method's standard input, and
 * what is taken from the one that the method answers.
 */
#ifndef AR_METHODS_WIRE_TAR_H
#define AR_METHODS_WIRE_TAR_H

#include "codecs/tar_map.h"
#include "lanes/stream.h"
#include "methods/images.h"
#include "methods/manifest.h"
#include "wire/wire.h"

/* A tar that is being written. */
struct ar_wire_tar {
    int fd;
    struct ar_out *out;
    struct ar_tar_writer tar;
};

/* None, which may be abandoned. */
#define AR_WIRE_TAR_NONE ((struct ar_wire_tar){ .fd = -1 })

/* Begins it; create: in a new file of that name. 0, or -1 (AR_SYSTEM). */
int ar_wire_tar_open(struct ar_wire_tar *wire, struct ar_error *error) AR_MUST_USE;
int ar_wire_tar_create(struct ar_wire_tar *wire, int dirfd, const char *name, struct ar_error *error) AR_MUST_USE;

/* A short text (data_name, params, …). */
int ar_wire_tar_text(struct ar_wire_tar *wire, const char *name, const char *text, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * image_analysis_results/SET: a pickled frame of the rows of the CSV files called path[0] … path[n - 1] below root, behind the
 * header of the first, which all of them have. manifest (or NULL) tells which columns are text. 0, or -1 (AR_SYSTEM, AR_INPUT).
 */
int ar_wire_tar_set(struct ar_wire_tar *wire, const char *set, int root, char *const *path, size_t n,
                    const struct ar_manifest *manifest, struct ar_error *error) AR_MUST_USE;

/* The same of the set at whose body the stream stands, which is read to its end. */
int ar_wire_tar_stream(struct ar_wire_tar *wire, struct ar_stream *stream, const struct ar_entry *entry,
                       const struct ar_manifest *manifest, struct ar_error *error) AR_MUST_USE;

/*
 * Ends the archive. Returns its descriptor, which is the caller's and stands at the start; -1 on failure. wire is done with in
 * both cases.
 */
int ar_wire_tar_close(struct ar_wire_tar *wire, struct ar_error *error) AR_MUST_USE;
void ar_wire_tar_abandon(struct ar_wire_tar *wire);

/*
 * Reads the n bytes from the start of out, which a method printed, as a tar of that dialect; what kind it must be is said by
 * kind. 0, or -1: AR_CONTENT where it is none, is of another dialect or kind, has text before or behind it, or holds the entry
 * error; the message says so, with the hint for its author.
 */
int ar_wire_tar_read(struct ar_tar_map *map, int out, uint64_t n, enum ar_dialect dialect, enum ar_wire_kind kind,
                     struct ar_error *error) AR_MUST_USE;

/* The same of any tar. */
int ar_wire_tar_take(struct ar_tar_map *map, int out, uint64_t n, struct ar_error *error) AR_MUST_USE;

/* Of the n bytes from the start of out none was an entry, as error says: says how they begin instead (AR_CONTENT). Returns -1. */
int ar_wire_tar_fail_none(int out, uint64_t n, struct ar_error *error);

/* Does what a method printed look like a tar, compressed or not? n: bytes that are there, up to a block will do. */
bool ar_wire_tar_like(const char *bytes, size_t n);

/* For contracts by which no tar is answered. 0, or -1 (AR_CONTENT): it is one. */
int ar_wire_tar_refuse(const char *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

#define AR_WIRE_TAR_METHODS "methods of the Python runner do: start it by -c first or -c analyzeseq"

/* Appends the text of the entry error in what a method printed, where there is one: what it says of its failure. */
void ar_wire_tar_said(int out, uint64_t n, struct ar_buf *said);

/*
 * Lists the pictures of the answer (entries PREFIX images/NAME; prefix is "" or "L/"), whose bytes stay in map: images is to be
 * released. 0, or -1: AR_CONTENT for one that ar_images_add refuses.
 */
int ar_wire_tar_images(const struct ar_tar_map *map, const char *prefix, struct ar_images *images, struct ar_error *error)
    AR_MUST_USE;

#endif
