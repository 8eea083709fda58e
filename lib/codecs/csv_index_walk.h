/* SPDX-License-Identifier: MIT */
/*
 * The walk from masks to an index, included by each twin of the scanner behind csv_walk.h. AR_CSV_INDEX is the name of its function.
 */
#include "codecs/csv_index.h"

enum { INDEX_BLOCKS = 64 }; /* blocks between two looks at the room */

/* Appends the offsets of all set bits. There is room for 8 more than needed. */
static inline void put_offsets(uint32_t *out, uint32_t base, uint64_t bits)
{
    unsigned n = (unsigned)__builtin_popcountll(bits);
    for (unsigned done = 0; done < n; done += 8)
        for (unsigned i = 0; i < 8; i++) {
            out[done + i] = base + (unsigned)__builtin_ctzll(bits | UINT64_C(1) << 63);
            bits &= bits - 1;
        }
}

/*
 * Looks at the line ends of a block: each must be where a row ends. Takes those of blank lines out of *all. False at a row with
 * another number of cells; *all then ends before it.
 */
static inline bool check_ends(struct ar_csv_scan *scan, struct ar_csv_indexer *x, uint64_t base, uint64_t ends, uint64_t *all)
{
    while (ends) {
        uint64_t bit = ends & -ends, end = base + (unsigned)__builtin_ctzll(ends);
        size_t number = x->n + (size_t)__builtin_popcountll(*all & (bit - 1));
        ends &= ends - 1;
        if (AR_UNLIKELY(end == x->row_start)) {
            *all &= ~bit;
        } else if (AR_LIKELY(number == x->row_end)) {
            x->row_end += x->index->cells;
        } else {
            scan->seen.fault_cells = number + x->index->cells - x->row_end;
            scan->row_start = x->row_start;
            note_fault(scan, AR_CSV_RAGGED, x->row_start);
            *all &= bit - 1;
            return false;
        }
        x->row_start = end + 1;
        if (AR_UNLIKELY(scan->data[end] == '\r') && end + 1 < scan->n && scan->data[end + 1] == '\n')
            x->row_start++;
    }
    return true;
}

static inline bool index_block(struct ar_csv_scan *scan, struct ar_csv_indexer *x, const char *block, uint64_t base, uint64_t valid)
{
    uint64_t separators, ends;
    bool whole = separate_block(scan, block, base, valid, &separators, &ends);
    uint64_t all = separators | ends;
    struct ar_csv_seen seen = scan->seen;
    if (!check_ends(scan, x, base, ends, &all))
        return false;
    if (AR_UNLIKELY(!whole)) {
        scan->seen = seen;
        scan->seen.fault_row = x->row_start;
        return false;
    }
    struct ar_csv_index *index = x->index;
    put_offsets(index->end + x->n, (uint32_t)(base - index->piece[index->n_pieces - 1].origin), all);
    x->n += (size_t)__builtin_popcountll(all);
    return true;
}

void AR_CSV_INDEX(struct ar_csv_scan *scan, struct ar_csv_indexer *x)
{
    uint64_t at = 0, blocks_end = scan->n - scan->n % AR_CSV_BLOCK;
    bool going = true;
    while (at < blocks_end && going) {
        uint64_t stop = blocks_end - at > INDEX_BLOCKS * AR_CSV_BLOCK ? at + INDEX_BLOCKS * AR_CSV_BLOCK : blocks_end;
        going = ar_csv_index_prepare(x, at);
        for (; at < stop && going; at += AR_CSV_BLOCK)
            going = index_block(scan, x, scan->data + at, at, ~UINT64_C(0));
    }
    if (going)
        going = ar_csv_index_prepare(x, at);
    if (going && at < scan->n) {
        char block[AR_CSV_BLOCK] = { 0 };
        unsigned n = (unsigned)(scan->n - at);
        memcpy(block, scan->data + at, n);
        going = index_block(scan, x, block, at, (UINT64_C(1) << n) - 1);
    }
    if (going && scan->high_start != UINT64_MAX)
        going = ar_csv_check_high(scan, scan->n, true) == 0;
    scan->row_start = x->row_start;
    if (going && scan->carry.in_quote)
        note_fault(scan, AR_CSV_UNTERMINATED, scan->n);
}
