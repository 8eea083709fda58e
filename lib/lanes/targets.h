/* SPDX-License-Identifier: MIT */
/*
 * The targets of a run: the ordered map from data name (a lane's id) to sample name. A zeroed struct is empty.
 */
#ifndef AR_LANES_TARGETS_H
#define AR_LANES_TARGETS_H

#include "bytes/buf.h"
#include "bytes/names.h"

#define AR_LANE_ID_MAX 200 /* bytes */
#define AR_SAMPLE_NAME_MAX 65536 /* bytes */

struct ar_target {
    const char *data;   /* data name, a valid lane id; NUL-terminated */
    size_t data_len;
    char *sample;       /* sample name, UTF-8 without NUL, may be empty; NUL-terminated */
    size_t sample_len;
    uint64_t line;      /* where it stands in the samples table, 0 where it came from elsewhere */
};

struct ar_targets {
    size_t count;
    struct ar_target *entry; /* in their order */
    size_t room;
    struct ar_names ids;     /* the data names; numbers as in entry */
};

void ar_targets_release(struct ar_targets *targets);

/*
 * Appends a lane; both texts are copied. 0, or -1 (AR_INPUT): the id is refused (see ar_lane_id_check) or there already,
 * or the sample name is not UTF-8 or holds a NUL.
 */
int ar_targets_add(struct ar_targets *targets, const char *data, size_t data_len, const char *sample, size_t sample_len,
                   struct ar_error *error) AR_MUST_USE;

/* The number of the lane with this data name (bytes compared), or -1. */
ssize_t ar_targets_find(const struct ar_targets *targets, const char *data, size_t n);

/* Is each of the n names a lane's? 0, or -1 (AR_INPUT), with the names that there are. */
int ar_targets_check_named(const struct ar_targets *targets, const char *const *names, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * The number of a lane whose data name differs from this one in its Unicode form only, or -1: for a hint where a lane
 * was not found.
 */
ssize_t ar_targets_find_form(const struct ar_targets *targets, const char *data, size_t n);

/*
 * Finds the first lane whose data name differs from that of an earlier one in its Unicode form only: 1 with both numbers, 0 where
 * there is none, -1 when memory ran out.
 */
int ar_targets_find_forms(const struct ar_targets *targets, size_t *earlier, size_t *later) AR_MUST_USE;

/*
 * Appends the members of a JSON object, data name → sample name, in their order. what names the text in messages. 0, or
 * -1 (AR_INPUT): no such object, or what ar_targets_add refuses; targets then holds a part of them.
 */
int ar_targets_parse(struct ar_targets *targets, const char *json, size_t n, const char *what,
                     struct ar_error *error) AR_MUST_USE;

/* Appends them as a JSON object in one line, without spaces and without a line end. */
void ar_targets_write(const struct ar_targets *targets, struct ar_buf *out);

/*
 * May this be the id of a lane? 0, or -1 with *why: "is empty", "is longer than 200 bytes", "is not UTF-8", "starts with
 * '.'", "holds '/'", "holds a control character", or "is a reserved name" (it would be taken for another entry of a
 * stream).
 */
int ar_lane_id_check(const char *id, size_t n, const char **why) AR_MUST_USE;

/* True where two ids differ in bytes, but are the same text to the eye: equal after Unicode normalisation (NFC). */
bool ar_lane_id_same_form(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
