/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: a lane's answer in the stream of lane results.
 */
#ifndef AR_PROGRAM_ANSWER_H
#define AR_PROGRAM_ANSWER_H

#include "lanes/emit.h"
#include "program/lane.h"

/*
 * Writes the lane: names, params, pictures in byte order of their names, result or error, and its ledger, which has digests and an
 * outcome then, and of each set a record of what was handed over, and another one of the rows that the method dropped. A picture
 * that cannot be read fails the lane. params: as they came; rest: further entries, as blocks of a tar. 0, or -1: the system said no.
 */
int ar_answer_write(struct ar_lane *lane, struct ar_emit *emit, const struct ar_buf *params, const struct ar_buf *rest,
                    struct ar_ledger *ledger, struct ar_error *error) AR_MUST_USE;

#endif
