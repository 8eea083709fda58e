/* SPDX-License-Identifier: MIT */
/*
 * The walk from masks to rows, included by each twin, which defines before
 *
 *     static inline void classify(const char *block, struct ar_csv_masks *masks);   64 bytes
 *     static inline uint64_t prefix_xor(uint64_t bits);                             bit i = xor of bits 0..i
 *     static inline unsigned select_bit(uint64_t bits, unsigned k);                 position of the k-th set bit, from 0
 *     AR_CSV_FILL                                                                   the name of its fill function
 *
 * How quotes are decided: where every quote opens a quoted cell, closes one, or is one of two in a row within one, the bytes
 * inside quoted cells are those behind an odd number of quotes (the prefix xor of the quote mask). Masks tell whether that is
 * so; a block in which it is not is walked byte by byte.
 */
#include "codecs/csv_scan.h"

static inline void note_fault(struct ar_csv_scan *scan, enum ar_csv_fault fault, uint64_t offset)
{
    scan->seen.fault = fault;
    scan->seen.fault_offset = offset;
    scan->seen.fault_row = scan->row_start;
}

/* Finds the bounds of tracked cells at the commas of one row in one block, and counts the commas. */
static inline void take_commas(struct ar_csv_scan *scan, uint64_t base, uint64_t commas)
{
    uint64_t before = scan->commas;
    uint64_t now = before + (uint64_t)__builtin_popcountll(commas);
    while (scan->bound < scan->n_bounds && scan->bounds[scan->bound] <= now) {
        uint64_t comma = base + select_bit(commas, (unsigned)(scan->bounds[scan->bound] - before - 1));
        scan->cell[scan->n_rows * scan->n_bounds + scan->bound] = comma + !(scan->bound & 1);
        scan->bound++;
    }
    scan->commas = now;
}

/* Ends the row at offset end; the next one starts at next. False at a fault. */
static inline bool take_row(struct ar_csv_scan *scan, uint64_t end, uint64_t next)
{
    if (AR_UNLIKELY(end == scan->row_start)) {
        scan->seen.blank_lines++;
    } else {
        uint64_t cells = scan->commas + 1;
        if (AR_UNLIKELY(cells != scan->seen.cells)) {
            if (scan->seen.cells) {
                scan->seen.fault_cells = cells;
                note_fault(scan, AR_CSV_RAGGED, scan->row_start);
                return false;
            }
            scan->seen.cells = cells;
        }
        uint64_t *cell = scan->cell + scan->n_rows * scan->n_bounds;
        if (scan->bound < scan->n_bounds)
            cell[scan->bound] = end; /* the last column's end */
        if (scan->first_bound)
            cell[0] = scan->row_start;
        scan->row[scan->n_rows] = (struct ar_csv_row){ scan->row_start, end, next, cell };
        scan->n_rows++;
    }
    scan->row_start = next;
    scan->commas = 0;
    scan->bound = scan->first_bound;
    return true;
}

/* Walks the separators and line ends of a block of which valid bytes count. False at a fault. */
static inline bool take_block(struct ar_csv_scan *scan, uint64_t base, uint64_t separators, uint64_t ends)
{
    while (ends) {
        uint64_t bit = ends & -ends;
        take_commas(scan, base, separators & (bit - 1));
        separators &= ~(bit - 1);
        uint64_t end = base + (unsigned)__builtin_ctzll(ends);
        uint64_t next = end + 1;
        if (AR_UNLIKELY(scan->data[end] == '\r')) {
            scan->seen.cr = true;
            if (next < scan->n && scan->data[next] == '\n')
                next++;
        }
        if (AR_UNLIKELY(!take_row(scan, end, next)))
            return false;
        ends &= ends - 1;
    }
    if (separators)
        take_commas(scan, base, separators);
    return true;
}

/* The masks of a block with quotes, or within a quoted cell. False where it must be walked byte by byte. */
static inline bool resolve_quotes(const struct ar_csv_masks *m, uint64_t valid, struct ar_csv_carry *carry, uint64_t *inside)
{
    uint64_t in = prefix_xor(m->quote) ^ carry->in_quote;
    uint64_t separator = m->comma | m->lf | m->cr;
    uint64_t opening = m->quote & in;
    uint64_t closing = m->quote & ~in;
    uint64_t behind_separator = ((separator & ~in) << 1) | carry->cell_start;
    uint64_t behind_closing = (closing << 1) | carry->closed;
    uint64_t irregular = (opening & ~(behind_separator | behind_closing)) | (behind_closing & ~(separator | m->quote) & valid);
    if (irregular)
        return false;
    carry->in_quote = -(in >> 63);
    carry->closed = closing >> 63;
    *inside = in;
    return true;
}

/* Counts the lines that end in a block, within quoted cells as well. */
static inline void count_lines(struct ar_csv_scan *scan, const struct ar_csv_masks *m, uint64_t valid)
{
    uint64_t ends = m->lf & valid;
    uint64_t cr = m->cr & valid;
    if (AR_UNLIKELY(cr | scan->carry.any_cr)) {
        ends = (ends & ~((cr << 1) | scan->carry.any_cr)) | cr;
        scan->carry.any_cr = cr >> 63;
    }
    scan->line_ends += (uint64_t)__builtin_popcountll(ends);
}

/*
 * Finds the separators and line ends of one block of valid bytes (all ones but for the last block). False at a fault, which is in
 * scan->seen with its offset; the masks have what stands before it.
 */
__attribute__((always_inline)) static inline bool separate_block(struct ar_csv_scan *scan, const char *block, uint64_t base, uint64_t valid,
                                                                 uint64_t *separators, uint64_t *ends)
{
    struct ar_csv_masks m;
    classify(block, &m);
    count_lines(scan, &m, valid);
    *separators = *ends = 0;
    if (AR_UNLIKELY(m.nul & valid)) {
        note_fault(scan, AR_CSV_NUL, base + (unsigned)__builtin_ctzll(m.nul & valid));
        return false;
    }
    if (AR_UNLIKELY(m.high != 0)) {
        if (scan->high_start == UINT64_MAX)
            scan->high_start = base;
    } else if (AR_UNLIKELY(scan->high_start != UINT64_MAX) && ar_csv_check_high(scan, base, true) != 0) {
        return false;
    }
    struct ar_csv_carry *carry = &scan->carry;
    uint64_t inside = 0;
    if ((m.quote | carry->in_quote | carry->closed) && !resolve_quotes(&m, valid, carry, &inside)) {
        unsigned n = (unsigned)__builtin_popcountll(valid);
        if (ar_csv_walk_bytes(scan, block, n, separators, ends) == n)
            return true;
        scan->seen.fault_offset += base;
        return false;
    }
    uint64_t lf = m.lf & ~inside;
    uint64_t cr = m.cr & ~inside;
    *ends = lf;
    if (AR_UNLIKELY(cr | carry->cr))
        *ends = (lf & ~((cr << 1) | carry->cr)) | cr;
    carry->cr = cr >> 63;
    carry->cell_start = ((m.comma | m.lf | m.cr) & ~inside) >> 63;
    *separators = m.comma & ~inside;
    return true;
}

/* Takes what stands before the fault that was found in a block: a fault in there comes first. False. */
static bool end_at_fault(struct ar_csv_scan *scan, uint64_t base, uint64_t separators, uint64_t ends)
{
    enum ar_csv_fault fault = scan->seen.fault;
    uint64_t offset = scan->seen.fault_offset;
    scan->seen.fault = AR_CSV_OK;
    if (take_block(scan, base, separators, ends))
        note_fault(scan, fault, offset);
    return false;
}

/* Walks one block of valid bytes. False at a fault. */
static inline bool walk_block(struct ar_csv_scan *scan, const char *block, uint64_t base, uint64_t valid)
{
    uint64_t separators, ends;
    if (AR_UNLIKELY(!separate_block(scan, block, base, valid, &separators, &ends)))
        return end_at_fault(scan, base, separators, ends);
    return take_block(scan, base, separators, ends);
}

ssize_t AR_CSV_FILL(struct ar_csv_scan *scan)
{
    /* What was found of the row that the last batch ended in is the first of this one. */
    if (scan->n_rows && scan->n_bounds)
        memmove(scan->cell, scan->cell + scan->n_rows * scan->n_bounds, scan->bound * sizeof *scan->cell);
    scan->n_rows = 0;
    uint64_t blocks_end = ar_csv_blocks_end(scan);
    uint64_t at = scan->at;
    bool going = true;
    while (at < blocks_end && scan->n_rows <= AR_CSV_BATCH - AR_CSV_BLOCK && going) {
        going = walk_block(scan, scan->data + at, at, ~UINT64_C(0));
        at += AR_CSV_BLOCK;
    }
    if (going && scan->whole && at == blocks_end && at < scan->n && scan->n_rows <= AR_CSV_BATCH - AR_CSV_BLOCK) {
        char block[AR_CSV_BLOCK] = { 0 };
        unsigned n = (unsigned)(scan->n - at);
        memcpy(block, scan->data + at, n);
        going = walk_block(scan, block, at, (UINT64_C(1) << n) - 1);
        at = scan->n;
    }
    scan->at = at;
    if (going && scan->high_start != UINT64_MAX)
        going = ar_csv_check_high(scan, at, scan->whole && at == scan->n) == 0;
    if (going && scan->whole && at == scan->n && !scan->ended && scan->n_rows <= AR_CSV_BATCH - AR_CSV_BLOCK) {
        scan->ended = true;
        if (scan->carry.in_quote)
            note_fault(scan, AR_CSV_UNTERMINATED, scan->n);
        else if (scan->row_start < scan->n)
            take_row(scan, scan->n, scan->n);
    }
    scan->seen.rows += scan->n_rows;
    return (ssize_t)scan->n_rows;
}
