/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: a table of results in memory. A cell keeps its text, its type and its quotes until it is changed.
 */
#ifndef AR_PROGRAM_FRAME_H
#define AR_PROGRAM_FRAME_H

#include "analysisrun.h"
#include "codecs/value.h"
#include "program/arena.h"
#include "program/failure.h"

struct ar_frame_cell {
    const char *text;
    size_t len;
    enum ar_kind kind;
    bool as_it_came; /* written with the quotes that it had, or had not */
    bool quoted;
};

struct ar_frame_column {
    const char *name;
    struct ar_frame_cell *cell; /* by row */
};

struct ar_frame {
    struct ar_frame_column *column;
    size_t columns, rows;
    struct ar_arena texts;
    struct ar_failure *failure; /* where mistakes are recorded, or NULL */
};

/* Reads a CSV with typed values; what names it. NULL on failure (AR_INPUT, memory). Freed by ar_frame_free. */
struct ar_frame *ar_frame_read(const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;

/* Appends the table as CSV. */
void ar_frame_write(const struct ar_frame *frame, struct ar_buf *out);

#endif
