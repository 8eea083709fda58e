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
 *                 a result stream                 the output of a run
 *
 * A stream with a lane that failed, a failed stream, and one that cannot be read become an error: what the other side would have
 * written by then, and the entry error. An error that stands alone has end blocks; one behind other entries has none: so does the
 * Python runner.
 *
 * Nothing is written before it was checked: a lane of an analyzeseq's output when its ledger was, everything else when the whole
 * stream was read. Until then it waits in spools.
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
    struct ar_tick tick;     /* told the bytes of input that were taken */
    bool incomplete;         /* a result that was made although lanes failed is written, and no error; status says AR_CONTENT then */

    /* Called once, before the first byte, when kind is known: opens the output, which stays the caller's. NULL on failure. */
    struct ar_out *(*open)(void *arg, enum ar_wire_kind kind, struct ar_error *error);
    /*
     * May be NULL. Called once, where the stream is not what it should be: with which status did whoever wrote it end? AR_SYSTEM is that of
     * the error then, since an input that was cut for want of room is not to be blamed.
     */
    enum ar_status (*ask)(void *arg);
    void *arg; /* of both */

    /* to read: */
    enum ar_wire_kind kind;   /* what it is; AR_WIRE_ERROR where the input ended before it told. Known when open is called */
    size_t lanes;             /* that were read */
    uint64_t rows;            /* of their sets, as far as these were written */
    size_t results;           /* rows of results that were written */
    struct ar_names failed;   /* "L (SAMPLE): text of its error" of each lane that failed */
    struct ar_names left_out; /* names of entries that have no place in the dialect */
    bool withheld;            /* no lane failed, but there is no result, since lanes are missing */
    enum ar_status status;    /* AR_OK, or that of the error that was written */
    struct ar_error cause;    /* of an error that is none of a lane */
};

/*
 * Reads the stream from in, which stays the caller's, and writes the tar. 0 where a tar was written, be it an error's: status
 * then says AR_CONTENT (lanes failed, or the stream says that it did), AR_INPUT (it cannot be read; it has several lanes, and the
 * dialect one; it is a merged stream, and the dialect has none) or AR_SYSTEM (reading failed, memory). -1 where writing failed,
 * or tick said to stop.
 */
int ar_wire_to_write(struct ar_wire_to *to, struct ar_in *in, struct ar_error *error) AR_MUST_USE;

/*
 * The output of a run in the present dialect from two streams: lanes, its lane results, whose pictures are written lane by lane as
 * soon as each lane was read and checked; and result (a descriptor, which is read when lanes has ended, and not before: opening an ar_in
 * reads from it), its result stream, of which all else is. What is wrong in lanes is left to
 * whoever made result of them: then that has an error to tell. Else as ar_wire_to_write.
 */
int ar_wire_to_write_run(struct ar_wire_to *to, struct ar_in *lanes, int result, struct ar_error *error) AR_MUST_USE;
void ar_wire_to_release(struct ar_wire_to *to);

/* Writes the tar of an error alone: for an input that cannot even be opened. */
int ar_wire_to_error(const struct ar_wire_to *to, struct ar_out *out, const struct ar_error *cause,
                     struct ar_error *error) AR_MUST_USE;

#endif
