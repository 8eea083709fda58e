/* SPDX-License-Identifier: MIT */
/*
 * Private to listings: how their readers note what they find. All return 0, or -1 with error filled in.
 */
#ifndef AR_LANES_LISTING_NOTE_H
#define AR_LANES_LISTING_NOTE_H

#include "lanes/listing.h"

/* The number of the lane in the listing, added where it is new. -1 on failure. */
ssize_t ar_listing_lane(struct ar_listing *listing, const struct ar_target *target, struct ar_error *error) AR_MUST_USE;

/* Room for all lanes of listing->targets. */
int ar_listing_lanes(struct ar_listing *listing, struct ar_error *error) AR_MUST_USE;

/* The number of the set, added where it is new. -1 on failure. */
ssize_t ar_listing_set(struct ar_listing *listing, const char *name, struct ar_error *error) AR_MUST_USE;

/* The part of a lane, made where there is none; valid until the next one is made. NULL when memory ran out. */
struct ar_listed_part *ar_listing_part_new(struct ar_listing *listing, size_t lane, size_t set,
                                           struct ar_error *error) AR_MUST_USE;

/* The state and text of a lane's error. */
int ar_listing_fail_lane(struct ar_listing *listing, size_t lane, const char *text, size_t n, struct ar_error *error) AR_MUST_USE;

/* An error of the whole. */
int ar_listing_error(struct ar_listing *listing, const char *text, size_t n, struct ar_error *error) AR_MUST_USE;

/* The ledger at the top: the accounts of its sets. */
int ar_listing_top(struct ar_listing *listing, const struct ar_ledger *top, struct ar_error *error) AR_MUST_USE;

/*
 * The ledger of a lane; where the part was scanned, its rows are compared; with verify, its records must follow from
 * one another.
 */
int ar_listing_ledger(struct ar_listing *listing, size_t lane, const struct ar_ledger *ledger,
                      struct ar_error *error) AR_MUST_USE;

/* Once all was read: does the account of rows close? Nothing is checked without verify. */
int ar_listing_check(struct ar_listing *listing, struct ar_error *error) AR_MUST_USE;

/* The kind is this one, or one further on. */
void ar_listing_at_least(struct ar_listing *listing, enum ar_listed_kind kind);

/* The columns of a table, once. */
int ar_listing_columns(json_t **columns, const struct ar_csv_header *header, struct ar_error *error) AR_MUST_USE;

/*
 * Reads a whole CSV: counts its rows, and its entities where that is wished, for the lane, or, where lane is AR_NO_LANE, for
 * the set alone. what names it in messages.
 */
int ar_listing_scan(struct ar_listing *listing, size_t set, ssize_t lane, const char *data, uint64_t n, const char *what,
                    struct ar_error *error) AR_MUST_USE;

/* ---- parts (listing->parts) ---------------------------------------------------------------------------------------- */

/* A new one begins, which is called path. */
int ar_listing_part_begin(struct ar_listing *listing, const char *path, struct ar_error *error) AR_MUST_USE;

/* Does the lane stand in an earlier part, with more than that it was not chosen? Then it may only be not chosen in this one. */
bool ar_listing_part_has(const struct ar_listing *listing, size_t lane);

/* The lane belongs to the part at hand. */
void ar_listing_part_take(struct ar_listing *listing, size_t lane);

/* For a lane that ar_listing_part_has: -1, unless its ledger here says that it was not chosen. */
int ar_listing_part_twice(const struct ar_listing *listing, size_t lane, const struct ar_ledger *ledger,
                          struct ar_error *error) AR_MUST_USE;

/* -1: the part at hand is a stream that cannot be one; kind says what it is. */
int ar_listing_part_refuse(const struct ar_listing *listing, const char *kind, struct ar_error *error);

/* ---- merged streams ------------------------------------------------------------------------------------------------ */

/* The ledger of a merged stream: its lanes one by one. */
int ar_listing_merged_ledger(struct ar_listing *listing, const char *text, size_t n, const struct ar_seen *seen, const char *what,
                             struct ar_error *error) AR_MUST_USE;

/*
 * The table of artifacts: counts by kind. With seen (entries by name, see lanes/seen.h), each must be there as the
 * table says.
 */
int ar_listing_artifacts(struct ar_listing *listing, const char *text, size_t n, const struct ar_seen *seen, const char *what,
                         struct ar_error *error) AR_MUST_USE;

/* Holds an entry (or file) against what is said of it: xxh3 may be NULL, what names who says so. seen as above. */
int ar_listing_check_entry(const struct ar_seen *seen, const char *name, uint64_t bytes, const char *xxh3, const char *what,
                           struct ar_error *error) AR_MUST_USE;

/* A result table. */
int ar_listing_table(struct ar_listed_table *table, const char *text, size_t n, const char *what,
                     struct ar_error *error) AR_MUST_USE;

#endif
