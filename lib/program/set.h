/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: a set of a lane. What stands in it is found when it is first asked for.
 */
#ifndef AR_PROGRAM_SET_H
#define AR_PROGRAM_SET_H

#include "analysisrun.h"
#include "bytes/region.h"
#include "codecs/csv_index.h"
#include "program/arena.h"
#include "program/failure.h"

/* What was read of a column: arrays of malloc, or NULL. */
struct ar_set_cache {
    double *reals;
    int64_t *integers;
    const char **texts; /* the texts stand behind the pointers */
};

struct ar_set {
    struct ar_lane *lane;
    const struct ar_method_set *declared; /* or NULL */
    struct ar_failure *failure;           /* the lane's */
    struct ar_arena *texts;               /* the lane's */
    char *name;
    char *method;                         /* image-analysis method, or NULL */
    bool present;                         /* the lane has it */
    const char *data;                     /* CSV */
    uint64_t n;
    struct ar_region body;                /* where data stands, unless it is mapped */
    uint64_t rows_in;                     /* by the lane's ledger */
    enum { AR_SET_UNREAD, AR_SET_READY, AR_SET_BROKEN } state;
    struct ar_csv_header header;
    struct ar_csv_index index;
    struct ar_set_cache *cache;           /* by column */
    int fields;
    size_t *field_rows, *field_start;     /* rows by field (0: of none), and where each begins; or NULL */
};

/* Empties it for the next lane; the memory of its index stays. */
void ar_set_clear(struct ar_set *set);
void ar_set_release(struct ar_set *set);

/* Makes its index, and drops the rows that the method does not keep. True where it can be used; else that is on record. */
bool ar_set_ready(struct ar_set *set);

/* Forgets what was read of the columns. */
void ar_set_forget(struct ar_set *set);

/* The number of a column, or -1 with the failure on record. */
ptrdiff_t ar_set_need(struct ar_set *set, const char *column);

/* The bytes of a cell without the quotes around it. */
static inline const char *ar_set_raw(const struct ar_set *set, const struct ar_csv_piece *piece, size_t row, size_t column, size_t *n)
{
    const char *text = ar_csv_index_cell(&set->index, piece, row, column, n);
    if (*n >= 2 && *text == '"') {
        *n -= 2;
        text++;
    }
    return text;
}

/* Records that a cell is not what is wanted. Returns -1. */
int ar_set_fail_cell(struct ar_set *set, size_t row, size_t column, const char *wanted);

#endif
