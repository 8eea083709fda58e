/* SPDX-License-Identifier: MIT */
/*
 * What a process answered by the contract "lanes": a stream of lane results, sorted by its lanes.
 *
 * A lane is whole when its ledger is there, which stands behind its other entries. Entries at the top (targets, params, ledger) are
 * no matter. What is wrong with a lane's entries is that lane's fault; what is wrong with the tar, is of no lane, or comes behind a
 * lane's ledger, the process'.
 */
#ifndef AR_METHODS_LANE_ANSWER_H
#define AR_METHODS_LANE_ANSWER_H

#include "bytes/file.h"
#include "bytes/names.h"
#include "codecs/tar.h"
#include "lanes/targets.h"
#include "methods/images.h"

struct ar_lane_text {
    const char *text; /* in the map; NULL: it is not there */
    size_t n;
};

struct ar_lane_answer {
    bool whole;
    struct ar_lane_text result, error, ledger;
    struct ar_images images; /* as they came, not completed */
    struct ar_error *fault;  /* AR_CONTENT: it is no answer; or NULL */
};

/*
 * Zeroed, it may be released. What is read piece by piece (ar_lane_answers_part) is that in the lanes' order: the first n_parted were
 * answered in the pieces so far.
 */
struct ar_lane_answers {
    struct ar_lane_answer *lane; /* as added */
    struct ar_names names;       /* their data names */
    const struct ar_target **target;
    size_t room;
    size_t n_parted;
    uint64_t from;               /* where the entries begin of the last of them, in the file */
    struct ar_map map;
    bool mapped;
};

/* Another lane that the process was given; target must stay. 0, or -1 when memory ran out. */
int ar_lane_answers_add(struct ar_lane_answers *answers, const struct ar_target *target, struct ar_error *error) AR_MUST_USE;

/*
 * Reads what is there of a file out that is still written to, as long as the next lanes are answered, whole and without a fault; the
 * last lane is not: how its process ends belongs to it. Their number (the first is the lane n_parted, which then counts them), or -1
 * (AR_SYSTEM). What was read before is no longer valid.
 */
ssize_t ar_lane_answers_part(struct ar_lane_answers *answers, int out, struct ar_error *error) AR_MUST_USE;

/*
 * Reads the n bytes from the start of the file out, as much of them as is a tar, or what lies behind the pieces that were read before; the
 * process' fault, where there is one, goes to fault (AR_CONTENT). 0, or -1 (AR_SYSTEM).
 */
int ar_lane_answers_read(struct ar_lane_answers *answers, int out, uint64_t n, struct ar_error *fault, struct ar_error *error)
    AR_MUST_USE;

void ar_lane_answers_release(struct ar_lane_answers *answers);

#endif
