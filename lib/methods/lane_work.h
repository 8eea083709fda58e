/* SPDX-License-Identifier: MIT */
/*
 * Private to the jobs of workers: a lane at work, from its folder to its entries, and how its failure is told.
 */
#ifndef AR_METHODS_LANE_WORK_H
#define AR_METHODS_LANE_WORK_H

#include "methods/lane_job.h"
#include "methods/lane_write.h"

struct ar_lane_work {
    struct ar_lane_jobs *jobs;
    int log; /* of its method's standard error, or -1 */
    struct ar_contract_lane lane;
    struct ar_contract_answer answer;
    struct ar_buf sample, error_text;
    struct ar_lane_writer writer;
};

/* The target's data name is the caller's to set. */
void ar_lane_work_init(struct ar_lane_work *work, struct ar_lane_jobs *jobs, unsigned spool);
void ar_lane_work_release(struct ar_lane_work *work);

/* Opens its folder, and reads what is needed later, before a method can change it. 0 or -1. */
int ar_lane_work_open(struct ar_lane_work *work, struct ar_error *error) AR_MUST_USE;

/* Empties the log that is kept of the lane, or makes it. A descriptor, the caller's, or -1. */
int ar_lane_work_open_log(const struct ar_lane_work *work, struct ar_error *error) AR_MUST_USE;

/* Opens an empty log. 0 or -1. */
int ar_lane_work_log(struct ar_lane_work *work, struct ar_error *error) AR_MUST_USE;

/* This worker's file for what a method prints, which is held in memory where it can be little only. A descriptor, or -1. */
int ar_lane_work_printed(struct ar_lane_jobs *jobs, struct ar_error *error) AR_MUST_USE;

/* The lane failed by what stands in error: tells it in done, and, with the end of its log, in error_text. 1; -1 where the system said no. */
int ar_lane_work_blame(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error) AR_MUST_USE;

/*
 * Its method ended otherwise than with status 0, with end->out_bytes in the file out. As ar_lane_work_blame; -1 also where it
 * could not be started at all: that is a mistake in the command, and no lane's.
 */
int ar_lane_work_fail_end(struct ar_lane_work *work, struct ar_lane_done *done, const struct ar_proc_end *end, int out,
                          struct ar_error *error) AR_MUST_USE;

/* Writes the answer's entries. 0; 1: a picture is not what it should be, and error_text says why; -1. */
int ar_lane_work_write(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error) AR_MUST_USE;

/* The lane failed as error_text says: writes its entries, unless it is run again. 0 or -1. */
int ar_lane_work_failed(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error) AR_MUST_USE;

/* Empties the lane's folder, or deletes it, unless the lane failed and is run again. What cannot be deleted stays: it is the method's doing, and its lane is none the worse. */
void ar_lane_work_close(struct ar_lane_work *work, struct ar_lane_done *done);

/* Notes why something stays. */
void ar_lane_work_left(struct ar_lane_done *done, const struct ar_error *error);

#endif
