/* SPDX-License-Identifier: MIT */
#include "codecs/csv_index.h"

#include "bytes/region.h"
#include "codecs/csv_scan.h"

enum {
    ROOM_STEP = 64 * AR_CSV_BLOCK + 64, /* offsets that the blocks between two looks may have, and those of one write more */
    TOUCH_STEP = 1 << 20,               /* offsets */
};

void ar_csv_index_release(struct ar_csv_index *index)
{
    free(index->end);
    free(index->start);
    free(index->piece);
    *index = (struct ar_csv_index){ 0 };
}

/* ---- making it ------------------------------------------------------------------------------------------------------ */

/* Room for more offsets: half as many again, or what the part that was read lets expect for the whole. */
static bool grow(struct ar_csv_indexer *x, uint64_t at)
{
    struct ar_csv_index *index = x->index;
    size_t room = index->room + index->room / 2 + ROOM_STEP;
    if (at > 0) {
        double expected = (double)x->n / (double)at * (double)index->n * 1.02;
        if (expected > (double)room && expected < (double)SIZE_MAX / 16)
            room = (size_t)expected + ROOM_STEP;
    }
    uint32_t *grown = reallocarray(index->end, room, sizeof *grown);
    if (!grown)
        return false;
    index->end = grown;
    index->room = room;
    x->touched = x->n;
    return true;
}

/* New memory is taken in steps. */
static void touch(struct ar_csv_indexer *x)
{
    struct ar_csv_index *index = x->index;
    size_t left = index->room - x->touched, n = left < TOUCH_STEP ? left : TOUCH_STEP;
    ar_memory_touch(index->end + x->touched, n * sizeof *index->end);
    x->touched += n;
}

static bool add_piece(struct ar_csv_index *index, size_t row, uint64_t origin)
{
    if (index->n_pieces == index->piece_room) {
        struct ar_csv_piece *grown = reallocarray(index->piece, index->piece_room + 4, sizeof *grown);
        if (!grown)
            return false;
        index->piece = grown;
        index->piece_room += 4;
    }
    index->piece[index->n_pieces++] = (struct ar_csv_piece){ row, origin };
    return true;
}

/* The next piece begins with the row that is not at its end yet, whose offsets move. */
static bool begin_piece(struct ar_csv_indexer *x, uint64_t at)
{
    struct ar_csv_index *index = x->index;
    uint64_t origin = index->piece[index->n_pieces - 1].origin;
    if (at - x->row_start > x->piece_max) {
        x->too_long = true;
        return false;
    }
    size_t row = x->row_end / index->cells;
    for (size_t i = row * index->cells; i < x->n; i++)
        index->end[i] -= (uint32_t)(x->row_start - origin);
    x->memory = !add_piece(index, row, x->row_start);
    return !x->memory;
}

bool ar_csv_index_prepare(struct ar_csv_indexer *x, uint64_t at)
{
    struct ar_csv_index *index = x->index;
    if (index->room < x->n + ROOM_STEP && !grow(x, at)) {
        x->memory = true;
        return false;
    }
    if (x->n + ROOM_STEP > x->touched)
        touch(x);
    return at - index->piece[index->n_pieces - 1].origin <= x->piece_max || begin_piece(x, at);
}

/* The last row may lack its line end. */
static void end_last_row(struct ar_csv_scan *scan, struct ar_csv_indexer *x)
{
    struct ar_csv_index *index = x->index;
    if (x->row_start >= scan->n || scan->seen.fault != AR_CSV_OK || x->memory || x->too_long)
        return;
    if (x->n == x->row_end) {
        index->end[x->n++] = (uint32_t)(scan->n - index->piece[index->n_pieces - 1].origin);
        x->row_end += index->cells;
        return;
    }
    scan->seen.fault = AR_CSV_RAGGED;
    scan->seen.fault_cells = x->n + index->cells - x->row_end;
    scan->seen.fault_offset = scan->seen.fault_row = x->row_start;
}

int ar_csv_index_make(struct ar_csv_index *index, const char *data, uint64_t n, size_t cells, uint64_t piece_max, enum ar_csv_twin twin,
                      uint64_t first_line, const char *what, struct ar_error *error)
{
    struct ar_csv_scan *scan = ar_csv_scan_new(data, n, cells, NULL, 0, twin);
    struct ar_csv_indexer x = { .index = index, .piece_max = piece_max, .row_end = cells - 1, .touched = index->room };
    free(index->start);
    index->start = NULL;
    index->data = data;
    index->n = n;
    index->cells = cells;
    index->rows = index->n_pieces = 0;
    index->quotes = n > 0 && memchr(data, '"', n) != NULL;
    if (!scan || !add_piece(index, 0, 0)) {
        ar_csv_scan_free(scan);
        return ar_fail_memory(error);
    }
    ar_csv_scan_index(scan, &x);
    end_last_row(scan, &x);
    int result = 0;
    if (x.memory)
        result = ar_fail_memory(error);
    else if (x.too_long)
        result = ar_fail(error, AR_INPUT, "%s: a row is larger than 4 GiB", what);
    else if (ar_csv_scan_seen(scan)->fault != AR_CSV_OK)
        result = ar_csv_fail(ar_csv_scan_seen(scan), data, n, first_line, what, error);
    ar_csv_scan_free(scan);
    if (result == 0)
        index->rows = x.row_end / cells;
    return result;
}

/* ---- dropping rows -------------------------------------------------------------------------------------------------- */

int ar_csv_index_select(struct ar_csv_index *index, bool (*keep)(void *arg, size_t row), void *arg, struct ar_error *error)
{
    uint32_t *start = reallocarray(NULL, index->rows + 1, sizeof *start);
    bool *kept = malloc(index->rows + 1);
    if (!start || !kept) {
        free(start);
        free(kept);
        return ar_fail_memory(error);
    }
    for (size_t row = 0; row < index->rows; row++) /* before anything moves: it looks at them */
        kept[row] = keep(arg, row);
    size_t rows = 0, cells = index->cells;
    for (size_t p = 0; p < index->n_pieces; p++) {
        struct ar_csv_piece piece = index->piece[p];
        size_t end = p + 1 < index->n_pieces ? index->piece[p + 1].row : index->rows;
        index->piece[p].row = rows;
        for (size_t row = piece.row; row < end; row++) {
            if (!kept[row])
                continue;
            start[rows] = (uint32_t)(ar_csv_index_start(index, &piece, row) - (index->data + piece.origin));
            memmove(index->end + rows * cells, index->end + row * cells, cells * sizeof *index->end);
            rows++;
        }
    }
    free(kept);
    free(index->start);
    index->start = start;
    index->rows = rows;
    return 0;
}
