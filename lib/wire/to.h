/* SPDX-License-Identifier: MIT */
/*
 * From a stream of our own to a tar of the Python runner:
 *
 *     to first    lanes, lane inputs (one lane)   the input of an analyze
 *                 a lane result (one lane)        the output of an analyze
 *                 a merged stream                 the input of a postprocess
 *                 a result stream                 the output of a postprocess
 *     to present  lanes, lane inputs              the input of an analyzeseq
 *                 lane results                    the output of an analyzeseq
 *                 a run                           a run
 *                 a result stream                 the output of a run (compressed by gzip unless the output has a filter)
 *
 * A stream with a lane that failed, a failed stream, and one that cannot be read become an error: what the other side would have written by then, and the entry error, without end blocks.
 */
#ifndef AR_WIRE_TO_H
#define AR_WIRE_TO_H

#include "bytes/tick.h"
#include "lanes/stream.h"
#include "lanes/targets.h"
#include "wire/wire.h"

/* Columns of a set that are text (a manifest's). */
struct ar_wire_text {
    const char *set;
    char *const *columns; /* ends with NULL */
};

/* Zeroed, then filled in by the caller: */
struct ar_wire_to {
    enum ar_dialect dialect; /* not native */
    enum ar_language language;
    const struct ar_wire_text *text;
    size_t n_text;
    struct ar_tick tick;

    /* to read: */
    enum ar_wire_kind kind;  /* what was written; known before the first byte, see open */
    size_t lanes;
    struct ar_names failed;  /* "L (SAMPLE): first line of its error" of each lane that failed */
    enum ar_status status;   /* AR_OK, or that of the error that was written: AR_CONTENT, AR_INPUT */
    struct ar_error cause;   /* of an error that is none of a lane */

    /* Called once, before the first byte, when kind is known: opens the output, which stays the caller's. NULL on failure. */
    struct ar_out *(*open)(void *arg, enum ar_wire_kind kind, struct ar_error *error);
    void *arg;
};

/*
 * Reads the stream from in, which stays the caller's, and writes the tar. 0 where a whole tar was written, be it an error's (see status, cause and failed); -1 where writing failed, or what was
 * asked for does not exist (AR_INPUT: several lanes to a dialect that has one, a merged stream to the present one).
 */
int ar_wire_to_write(struct ar_wire_to *to, struct ar_in *in, struct ar_error *error) AR_MUST_USE;
void ar_wire_to_release(struct ar_wire_to *to);

/* Writes the tar of an error alone: for an input that cannot even be opened. */
int ar_wire_to_error(const struct ar_wire_to *to, struct ar_out *out, const struct ar_error *cause, struct ar_error *error) AR_MUST_USE;

#endif
