/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: the step that analyzes lanes. A stream of lane inputs becomes one of lane results.
 */
#ifndef AR_PROGRAM_LANES_STEP_H
#define AR_PROGRAM_LANES_STEP_H

#include "analysisrun.h"
#include "methods/schema.h"
#include "program/lane_child.h"

/*
 * Reads lanes from the descriptor in, many of them or one, and writes their results to out, each as soon as it is there. What is in a
 * regular file is mapped; else a lane's sets are held in memory. schema: of the params, or NULL. log: where each failure is told, or
 * -1. child: analyzes each lane in a process of its own; NULL: this process does. A lane that fails gets its error, and the others go on. 0, or -1: the stream is not what it should be (AR_INPUT), or the system
 * said no.
 */
int ar_lanes_step(const struct ar_method *method, const struct ar_schema *schema, int in, int out, int log, struct ar_lane_child *child,
                  struct ar_error *error) AR_MUST_USE;

#endif
