/* SPDX-License-Identifier: MIT */
/*
 * What the index of a folder of lanes pins of each of them, so that a lane of another run, or one that was changed and sealed
 * again, is not taken for it: a JSON object, data name → {"ledger":HEX,"sets":HEX}. ledger: the digest of the lane's ledger,
 * which has those of all else in the lane. sets: that of the member sets in it, as compact JSON, less the records of analyze
 * and merge; so it holds for the lane's result, too, since stages only append.
 */
#ifndef AR_LANES_PINS_H
#define AR_LANES_PINS_H

#include "lanes/ledger.h"

/* Pins a lane: its ledger, and the text of it that was written. 0, or -1 when memory ran out. */
int ar_pins_add(struct ar_tree *pins, const char *lane, const struct ar_ledger *ledger, const struct ar_buf *text,
                struct ar_error *error) AR_MUST_USE;

/* Is the text of a lane's ledger the one that is pinned? 0, or -1 (AR_INPUT). pins: empty where nothing is pinned. */
int ar_pins_check_lane(const struct ar_tree *pins, const char *lane, const char *text, size_t n, struct ar_error *error) AR_MUST_USE;

/* Does a later ledger of the lane continue the one that is pinned? The same; folder names where it is pinned. */
int ar_pins_check_result(const struct ar_tree *pins, const char *lane, const struct ar_ledger *ledger, const char *folder,
                         struct ar_error *error) AR_MUST_USE;

#endif
