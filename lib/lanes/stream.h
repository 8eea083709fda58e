/* SPDX-License-Identifier: MIT */
/*
 * Reading the streams of ar-stream(5): entries in their order, each with its lane, checked against what the ledgers say.
 *
 * The reader knows both shapes (many lanes, one lane), and keeps the promises about what is read: no lane is missing, none is
 * there twice, nothing is there twice within one; every set and file has the digest that its lane's ledger says; a set's rows
 * are those of the account at the top; the archive is whole. What is wrong is an error that names entry and lane (AR_INPUT).
 */
#ifndef AR_LANES_STREAM_H
#define AR_LANES_STREAM_H

#include "codecs/tar.h"
#include "lanes/ledger.h"
#include "lanes/seen.h"
#include "lanes/targets.h"

enum ar_shape {
    AR_SHAPE_UNKNOWN, /* nothing was read yet that tells it */
    AR_SHAPE_RUN,     /* params, sample_names, image_analysis_results/SET */
    AR_SHAPE_LANES,   /* many lanes, each in its folder and with its ledger: lanes, lane inputs, lane results */
    AR_SHAPE_ONE,     /* one lane, without its folder */
    AR_SHAPE_MERGED,  /* many lanes, after ar-merge or ar-post: no ledgers in the lanes */
};

enum ar_entry_kind {
    /* at the top; in the shape of one lane PARAMS, LEDGER and ERROR are the lane's */
    AR_ENTRY_TARGETS,
    AR_ENTRY_PARAMS,
    AR_ENTRY_LEDGER,
    AR_ENTRY_ERROR,
    AR_ENTRY_SAMPLE_NAMES,
    AR_ENTRY_ANALYSIS_RESULTS,
    AR_ENTRY_ARTIFACTS,
    AR_ENTRY_RESULT_CSV,
    AR_ENTRY_RESULT_JSON,
    /* in a lane, PARAMS, LEDGER and ERROR too */
    AR_ENTRY_DATA_NAME,
    AR_ENTRY_SAMPLE_NAME,
    AR_ENTRY_SET,
    AR_ENTRY_IMAGE,
    AR_ENTRY_RESULT,
    AR_ENTRY_OTHER, /* unknown: to pass through */
};

#define AR_NO_LANE (-1)

struct ar_entry {
    enum ar_entry_kind kind;
    ssize_t lane;     /* its number in the targets, or AR_NO_LANE at the top */
    const char *name; /* below its lane's folder, or at the top: "image_analysis_results/activity_spots" */
    const char *base; /* behind the last known folder: set, picture, lane of result_json */
    const struct ar_tar_entry *tar;
    const char *text; /* the body of a small entry, read already, NUL-terminated; else NULL */
    size_t len;
};

enum {
    AR_STREAM_RUN = 1,    /* take a run stream, too */
    AR_STREAM_MERGED = 2, /* take a merged or result stream, too */
    AR_STREAM_LANES = 4,  /* take lanes */
    AR_STREAM_SKIP = 8,   /* bodies that the caller does not read are passed over: only their sizes are checked */
};

struct ar_stream;

/* Reads in, which stays the caller's. NULL when memory ran out. */
struct ar_stream *ar_stream_new(struct ar_in *in, unsigned flags, struct ar_error *error) AR_MUST_USE;
void ar_stream_free(struct ar_stream *stream);

/*
 * The next entry; what was not read of the last one is read, and checked. The pointers in it are valid until the next call.
 * Targets, params, ledgers, errors, data and sample names and analysis results are read whole (and parsed, see below). At a
 * lane's ledger all that the lane holds was checked. Returns 1; 0 at the end, when everything was checked; -1 on failure.
 *
 * A top-level error entry of many lanes means that the whole stream failed; the caller decides what to make of it.
 */
int ar_stream_next(struct ar_stream *stream, struct ar_entry *entry, struct ar_error *error) AR_MUST_USE;

/* The body of an entry that was not read yet: as ar_tar_view, ar_tar_read, ar_tar_read_all. */
ssize_t ar_stream_view(struct ar_stream *stream, const char **bytes, size_t max, struct ar_error *error) AR_MUST_USE;
ssize_t ar_stream_read(struct ar_stream *stream, void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;
int ar_stream_read_all(struct ar_stream *stream, struct ar_buf *buf, struct ar_error *error) AR_MUST_USE;

/*
 * Has the body of an entry that was read before be read once more, by ar_stream_view: its n bytes, which must stay. It is not
 * noted again. The next ar_stream_next forgets what is left of it.
 */
void ar_stream_replay(struct ar_stream *stream, const char *bytes, size_t n);

/* The digest of the entry, all of which was read. */
void ar_stream_digest(const struct ar_stream *stream, char xxh3[AR_DIGEST_HEX + 1]);

enum ar_shape ar_stream_shape(const struct ar_stream *stream);

/* The lanes of the stream; in the shape of one lane that one, once its names were read. */
const struct ar_targets *ar_stream_targets(const struct ar_stream *stream);

/* The ledger of the lane whose ledger entry was the last; the caller may append to it. */
struct ar_ledger *ar_stream_lane_ledger(struct ar_stream *stream);

/*
 * The ledger at the top; json is NULL where none was read (yet), and always where lanes were merged: that one is large, and the
 * caller's to read.
 */
struct ar_ledger *ar_stream_top_ledger(struct ar_stream *stream);

/* The entries at the top that were read so far, of a merged stream all but ledgers. Borrowed. */
const struct ar_seen *ar_stream_seen(const struct ar_stream *stream);

#endif
