/* SPDX-License-Identifier: MIT */
/*
 * Private to from: what its parts share.
 */
#ifndef AR_WIRE_FROM_PARTS_H
#define AR_WIRE_FROM_PARTS_H

#include "lanes/emit.h"
#include "wire/from.h"

/* ---- entries of the tar --------------------------------------------------------------------------------------------- */

/* The entry, which must be there. NULL (AR_INPUT). */
const struct ar_tar_item *ar_from_need(const struct ar_wire_from *from, const char *name, struct ar_error *error) AR_MUST_USE;

/* Records that an entry does not belong into a tar of this kind (AR_INPUT). Returns -1. */
int ar_from_fail_place(const struct ar_wire_from *from, const struct ar_tar_item *item, struct ar_error *error);

/* Appends how messages call an entry: "'run.tar': entry 'params'". */
void ar_from_what(const struct ar_wire_from *from, const char *name, struct ar_buf *what);

/* Appends the params of the tar, or, where has is false, the caller's. 0, or -1 (AR_INPUT): there are none, or no JSON object. */
int ar_from_params(const struct ar_wire_from *from, bool has, struct ar_buf *params, struct ar_error *error) AR_MUST_USE;

/* The lanes that stand in folders of their own, and the entries of each. A zeroed struct holds nothing. */
struct ar_from_lanes {
    struct ar_names ids;  /* in order of appearance */
    ssize_t *lane_of;     /* by entry: its lane, or -1 */
    size_t *entry;        /* those of lane 0 in their order, those of lane 1, … */
    size_t *first;        /* by lane: where its entries begin there; one more tells the end */
};
int ar_from_lanes_find(struct ar_from_lanes *lanes, const struct ar_tar_map *tar, struct ar_error *error) AR_MUST_USE;
void ar_from_lanes_release(struct ar_from_lanes *lanes);

/* ---- what is written ------------------------------------------------------------------------------------------------ */

/* The mark of a ledger; made ends with NULL. A new reference, or NULL (memory). */
json_t *ar_from_mark(const struct ar_wire_from *from, const char *const *made, struct ar_error *error) AR_MUST_USE;

/* A ledger with the mark, unless made is NULL. */
int ar_from_ledger(const struct ar_wire_from *from, struct ar_ledger *ledger, const char *const *made, struct ar_error *error)
    AR_MUST_USE;

/* Writes a small entry of a lane (NULL: at the top), and notes it in the ledger. */
int ar_from_put(struct ar_emit *emit, struct ar_ledger *ledger, const char *lane, const char *name, bool is_file,
                const char *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/* Notes an entry of the tar in the ledger under that name. */
int ar_from_note(struct ar_ledger *ledger, const char *name, const struct ar_tar_item *item, struct ar_error *error) AR_MUST_USE;

/* What describes the entry, under that name. */
struct ar_tar_meta ar_from_meta(const struct ar_tar_item *item, const char *name, bool is_file);

/* Writes an entry as it came, but for its name. */
int ar_from_pass(struct ar_emit *emit, const struct ar_tar_item *item, const char *name, bool is_file, struct ar_error *error)
    AR_MUST_USE;

/* Ends the stream: with end blocks, or, where the tar holds an error, with that. */
int ar_from_finish(struct ar_wire_from *from, struct ar_emit *emit, struct ar_error *error) AR_MUST_USE;

/* ---- the kinds ------------------------------------------------------------------------------------------------------ */

/* The outputs of an analyze and of an analyzeseq. */
int ar_from_lane_result(struct ar_wire_from *from, struct ar_out *out, struct ar_error *error) AR_MUST_USE;
int ar_from_lane_results(struct ar_wire_from *from, struct ar_out *out, struct ar_error *error) AR_MUST_USE;

/* The input of a postprocess: a merged stream. Its output, and that of a run: a result stream. */
int ar_from_merged(struct ar_wire_from *from, struct ar_out *out, struct ar_error *error) AR_MUST_USE;

#endif
