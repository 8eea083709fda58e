/* SPDX-License-Identifier: MIT */
/*
 * Which part of a process' log is of which lane of its share. The process may say so: AR_LOG_MARK, the data name of a lane, and LF say
 * that what follows is of that lane.
 */
#ifndef AR_METHODS_SHARE_LOG_H
#define AR_METHODS_SHARE_LOG_H

#include "lanes/targets.h"

#define AR_LOG_LANES "AR_LOG_LANES" /* the variable that asks a process for it */
#define AR_LOG_MARK '\x1e'          /* the record separator of ASCII */

/* A part of the log's file. */
struct ar_log_part {
    uint64_t from, to;
};

/* Zeroed, it may be released. */
struct ar_share_log {
    struct ar_log_part *part; /* by lane of the share */
    struct ar_log_part first; /* the first mark, where it is that of the first lane */
    uint32_t n;
    uint32_t at;              /* the lane of which text comes */
    uint64_t seen;            /* up to here the file was looked at */
    bool marked;              /* the process says so */
};

/* n lanes, the first of which has what stands before the first mark. 0, or -1 when memory ran out. */
int ar_share_log_init(struct ar_share_log *log, uint32_t n, struct ar_error *error) AR_MUST_USE;
void ar_share_log_release(struct ar_share_log *log);

/*
 * Reads on in the file, up to the offset end. name_of tells the data name of a lane of the share. A mark of a lane before that of which
 * text comes is text. 0, or -1 (AR_SYSTEM).
 */
typedef const struct ar_target *ar_share_log_name(const void *arg, uint32_t lane);
int ar_share_log_read(struct ar_share_log *log, int fd, uint64_t end, ar_share_log_name *name_of, const void *arg,
                      struct ar_error *error) AR_MUST_USE;

/* Appends the text of a lane, without marks. 0, or -1 (AR_SYSTEM). */
int ar_share_log_text(const struct ar_share_log *log, int fd, uint32_t lane, struct ar_buf *text, struct ar_error *error) AR_MUST_USE;

#endif
