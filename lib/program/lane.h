/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: a lane as analyze sees it, and what it answers.
 */
#ifndef AR_PROGRAM_LANE_H
#define AR_PROGRAM_LANE_H

#include "lanes/targets.h"
#include "program/param.h"
#include "program/set.h"

/* A picture that was given. */
struct ar_picture {
    char *name;
    char *type;  /* or NULL */
    char *bytes; /* or NULL: it is in the file path */
    size_t n;
    char *path;
};

/* One lane after the other lives in the same struct: what was read of the last one goes, its memory stays. */
struct ar_lane {
    const struct ar_method *method;
    int fields;
    const struct ar_target *target; /* its names */
    struct ar_params params;
    struct ar_set **set;            /* all that were seen so far; those of this lane are present */
    size_t n_sets;
    struct ar_failure failure;
    struct ar_arena texts;
    bool none;                      /* it has no result */
    struct ar_names values;         /* the names of the result's values */
    struct ar_buf header, row;      /* of the result */
    struct ar_picture *picture;     /* in the order in which they were given */
    size_t n_pictures, picture_room;
};

void ar_lane_init(struct ar_lane *lane, const struct ar_method *method, int fields);
void ar_lane_release(struct ar_lane *lane);

/* Begins another lane. */
void ar_lane_begin(struct ar_lane *lane, const struct ar_target *target);

/* The set of that name in this lane, empty as yet. NULL when memory ran out. */
struct ar_set *ar_lane_add_set(struct ar_lane *lane, const char *name) AR_MUST_USE;

/* Has the method look at the lane. What comes of it is in lane: failure, none, header and row, pictures. */
void ar_lane_analyze(struct ar_lane *lane);

/* The fields of a run: those that the method declares, else those of AR_FIELDS, else 12. */
int ar_lane_fields_of(const struct ar_method *method);

#endif
