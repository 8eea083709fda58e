/* SPDX-License-Identifier: MIT */
/*
 * Private to the way from our streams to their tars: what its files share.
 */
#ifndef AR_WIRE_TO_PARTS_H
#define AR_WIRE_TO_PARTS_H

#include "lanes/listing_note.h"
#include "lanes/waiting.h"
#include "wire/to.h"

/* A set, put together from the lanes. */
struct ar_to_set {
    char *name;
    char *header; /* its row, without a line end */
    size_t header_len;
    struct ar_out *spool; /* the header and the rows */
    int fd;
    bool open_line; /* what is in the spool does not end with a line end */
};

/* Where we are between reading and writing. */
struct ar_to {
    struct ar_wire_to *to;
    struct ar_in *in;
    struct ar_stream *stream;
    struct ar_error *error;

    struct ar_out *out; /* once it was opened */
    struct ar_tar_writer tar;
    bool broken; /* writing failed: nothing more can be written */
    bool kind_known;

    bool pictures_done; /* they were written from another stream */
    bool has_params, in_lanes; /* in_lanes: an entry of a lane has come */
    struct ar_buf params;
    struct ar_to_set *set;
    size_t n_sets;
    struct ar_waiting images; /* of the lane, or of all of them */
    struct ar_waiting rest;   /* unknown entries that the dialect has a place for; all entries of a run */
    struct ar_names rest_names;

    struct ar_buf result;     /* the lane's analysis_result; the table of a merged or result stream */
    bool has_result;
    struct ar_buf artifacts;
    struct ar_listing listing; /* holds what merged lanes left against their ledger */
    struct ar_buf scratch;

    ssize_t first_failed;      /* number of the lane that failed first, or -1 */
    struct ar_buf failed_text; /* a line for each lane that failed, for the other side */
};

/* All of these return 0, or -1 with error filled in. */

/* The stream is of that kind. -1 where it was of another one before. */
int ar_to_is(struct ar_to *s, enum ar_wire_kind kind) AR_MUST_USE;

/* Writes an entry; opens the output before the first. */
int ar_to_put(struct ar_to *s, const char *name, bool is_file, const void *bytes, size_t n) AR_MUST_USE;

/* Begins an entry; what follows is the caller's to write, who says by ar_to_broke that it could not. */
int ar_to_begin(struct ar_to *s, const char *name, uint64_t size) AR_MUST_USE;
int ar_to_broke(struct ar_to *s);

/* Writes the entries that wait. */
int ar_to_send(struct ar_to *s, struct ar_waiting *waiting) AR_MUST_USE;

/* Takes a set of a lane. */
int ar_to_take_set(struct ar_to *s, const struct ar_entry *entry) AR_MUST_USE;

/* Writes all sets, as pickled frames. */
int ar_to_write_sets(struct ar_to *s) AR_MUST_USE;
void ar_to_release_sets(struct ar_to *s);

/* Takes an entry at the top of a merged or result stream; checks the whole at its end. */
int ar_to_take_merged(struct ar_to *s, const struct ar_entry *entry) AR_MUST_USE;
int ar_to_check_merged(struct ar_to *s) AR_MUST_USE;

/* Writes what was read, as the kind has it; all of it was checked, and no lane failed. */
int ar_to_write_all(struct ar_to *s) AR_MUST_USE;

/* Writes a lane of an analyzeseq's output. */
int ar_to_write_lane(struct ar_to *s, const struct ar_target *target) AR_MUST_USE;

/* Writes the error of the lanes that failed, or, where there are none, of to->cause; ends the tar where it stands alone. */
int ar_to_write_error(struct ar_to *s) AR_MUST_USE;

#endif
