/* SPDX-License-Identifier: MIT */
/*
 * Lanes completed into the inputs of a method: each with the params; as a stream, or as a tar per lane in a folder.
 *
 * Sets pass through in pieces; where types are looked at, each as a whole. In a folder stand LANE.tar, targets.json, params.json,
 * ledger.json (its index), and rest.tar for unknown entries at the top.
 */
#ifndef AR_LANES_PACKING_H
#define AR_LANES_PACKING_H

#include "lanes/emit.h"
#include "lanes/folder.h"
#include "lanes/mixed_types.h"

/* Zeroed, then make_params, arg, wanted and is_text filled in by the caller. */
struct ar_packing {
    /* Called once, with the params of the stream (empty: it has none), to make of them what is packed. 0 or -1. */
    int (*make_params)(void *arg, struct ar_buf *params, struct ar_error *error);
    void *arg;
    const char **wanted; /* sets that must be there */
    size_t n_wanted;

    ar_mixed_is_text *is_text; /* with arg: looks at the types of columns, and asks which are text; NULL: does not */

    uint64_t rows; /* to read: of all sets */
    struct ar_mixed_types mixed; /* likewise, at the end */

    /* its own: */
    struct ar_stream *stream;
    struct ar_folder *folder;  /* or NULL */
    struct ar_emit emit;       /* where lanes go without a folder */
    struct ar_folder_file lane_file; /* with one: the lane that is written */
    struct ar_emit lane;
    struct ar_folder_file rest_file; /* unknown entries at the top */
    struct ar_emit rest;
    struct ar_buf params, ledger; /* the ledger at the top */
    bool ready;                /* params are what is packed */
    bool lane_params;          /* the lane at hand has them already */
    struct ar_tree types;      /* of the lane at hand: SET → column → type; or empty */
};

/* Packs stream into out, or into folder (then out is NULL); all stay the caller's. */
void ar_packing_init(struct ar_packing *packing, struct ar_stream *stream, struct ar_out *out, struct ar_folder *folder);

/*
 * Takes an entry of the stream. 0, or -1: a set that was not cleansed, a wanted one that is missing, a lane whose file would be
 * rest.tar (AR_INPUT), what make_params refuses, or writing failed.
 */
int ar_packing_take(struct ar_packing *packing, const struct ar_entry *entry, struct ar_error *error) AR_MUST_USE;

/* At the end of the stream: the end blocks, or the index of the folder. */
int ar_packing_finish(struct ar_packing *packing, struct ar_error *error) AR_MUST_USE;

void ar_packing_release(struct ar_packing *packing);

#endif
