/* SPDX-License-Identifier: MIT */
/*
 * Lane results, gathered from streams in any order, and written as one merged stream.
 *
 * First what is known of the run beforehand (a folder of lane inputs, or a samples table), then stream after stream,
 * then ar_gather_end, which checks that no lane is missing and that the account closes, then ar_gather_write. Pictures
 * and other bodies wait in spools; a lane takes a few hundred bytes of memory, its ledger and its row.
 */
#ifndef AR_LANES_GATHER_H
#define AR_LANES_GATHER_H

#include "bytes/tick.h"
#include "lanes/account.h"
#include "lanes/result.h"
#include "lanes/waiting.h"

/* A run of bytes in a buffer or spool. */
struct ar_gather_span {
    uint64_t start, end;
};

struct ar_gather_lane {
    enum ar_outcome outcome; /* AR_OUTCOME_NONE: nothing of it came yet */
    uint32_t place;          /* number of the input that it came from */
    struct ar_gather_span images, others, error; /* in the spools */
    struct ar_gather_span artifacts, ledger, cause; /* in the buffers */
};

/* A zeroed struct has to be initialised. */
struct ar_gather {
    struct ar_targets targets;
    char *targets_place; /* where they came from, for messages; NULL: they are not known yet */
    struct ar_buf params;
    char *params_place;
    struct ar_ledger top; /* json is NULL where there is none */
    char *top_place;
    struct ar_tree pins; /* of the folder's lanes, see lanes/pins.h; or empty */
    struct ar_gather_lane *lane; /* by number in targets */
    struct ar_merge_table table;
    struct ar_account account;
    struct ar_names places;      /* of the inputs */
    struct ar_names rest_names;  /* unknown entries at the top, and their digests by number */
    char (*rest_xxh3)[AR_DIGEST_HEX + 1];
    uint64_t *rest_bytes;
    struct ar_waiting images, others, errors, rest;
    struct ar_buf artifacts, ledgers, causes;
    struct ar_buf name, result; /* of the lane that is read */
    size_t done, failed;         /* lanes that came */
    struct ar_tick tick;         /* told the lanes that came; may be set by the caller */
};

void ar_gather_init(struct ar_gather *gather);
void ar_gather_release(struct ar_gather *gather);

/*
 * Takes targets, params, ledger and unknown entries from a folder that ar-pack delivered into. 0, or -1 (AR_INPUT): no
 * such folder, one that was not finished, or whose files are not as its ledger says.
 */
int ar_gather_folder(struct ar_gather *gather, const char *path, struct ar_error *error) AR_MUST_USE;

/* Takes the targets from a samples table. */
int ar_gather_samples(struct ar_gather *gather, const char *path, struct ar_error *error) AR_MUST_USE;

/*
 * Takes a stream of lane results, in either shape; what names it in messages. alone: it is the only one, so that one
 * lane may be all of the run. Where several streams hold parts of a run, a lane that is not chosen in one is taken from
 * another. Returns 0; 1 where it is one lane, and the targets are not known yet: then nothing was taken; -1 on failure
 * (AR_INPUT, with both places): a lane that is there twice or not among the targets, other params, targets or ledgers
 * than before, a lane that was not analysed; AR_CONTENT: a stream that failed as a whole, a result that is none.
 */
int ar_gather_take(struct ar_gather *gather, struct ar_in *in, const char *what, bool alone, struct ar_error *error) AR_MUST_USE;

/*
 * All has come. 0, or -1 (AR_INPUT): lanes are missing, or the account does not close. keep_going: missing lanes become
 * failed ones.
 */
int ar_gather_end(struct ar_gather *gather, bool keep_going, struct ar_error *error) AR_MUST_USE;

/* Writes the merged stream, without its end blocks. */
int ar_gather_write(struct ar_gather *gather, struct ar_emit *emit, struct ar_error *error) AR_MUST_USE;

#endif
