/* SPDX-License-Identifier: MIT */
/*
 * A run: the sets of a microscope's run with its samples table and params, from files or from a run tar.
 */
#ifndef AR_LANES_RUN_H
#define AR_LANES_RUN_H

#include "bytes/file.h"
#include "codecs/tar.h"
#include "lanes/lane_key.h"

struct ar_run_set {
    char *name;
    char *source; /* base name of its file, or of its entry */
    char *what;   /* for messages: "'dir/as.csv'", "'run.tar': entry 'image_analysis_results/x'" */
    const char *data;
    uint64_t n;
    struct ar_map map; /* of a file; of a tar's entry the tar's map holds the bytes */
    bool mapped;
};

/* An entry that is not known, to pass through. */
struct ar_run_other {
    char *name, *image_type, *pax;
    size_t pax_len;
    bool is_file;
    const char *data;
    uint64_t n;
};

/* A zeroed struct is an empty run. */
struct ar_run {
    struct ar_run_set *set;
    size_t n_sets;
    struct ar_run_other *other;
    size_t n_others;
    struct ar_buf samples, params; /* of the tar */
    bool has_samples, has_params;
    struct ar_map tar;
    char *tar_name;
    bool from_tar;
    const struct ar_lane_key *keys; /* the caller's, may be none: a set without their column is not read to its end */
    size_t n_keys;
};

void ar_run_init(struct ar_run *run);
void ar_run_release(struct ar_run *run);

/*
 * Adds a set from fd (which stays the caller's): path is what the user called it. 0, or -1 (AR_INPUT): the name is not that of a
 * set, or there already; or reading failed.
 */
int ar_run_add_file(struct ar_run *run, const char *set, int fd, const char *path, struct ar_error *error) AR_MUST_USE;

/* Reads a run tar from fd. 0, or -1: not a whole tar; entries of another stream; one there twice; no set. */
int ar_run_read_tar(struct ar_run *run, int fd, const char *path, struct ar_error *error) AR_MUST_USE;

/* -1 (AR_INPUT) where a mapped file was changed while it was read. */
int ar_run_check(const struct ar_run *run, struct ar_error *error) AR_MUST_USE;

#endif
