/* SPDX-License-Identifier: MIT */
/*
 * The scanner: what its two twins share.
 */
#include "codecs/csv_scan.h"

#include "bytes/text.h"
#include "codecs/csv_index.h"

#if defined(__x86_64__) && !defined(AR_PORTABLE)
static bool have_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("popcnt");
}
#endif

struct ar_csv_scan *ar_csv_scan_new(const char *data, uint64_t n, uint64_t cells, const size_t *track, size_t n_track,
                                    enum ar_csv_twin twin)
{
    struct ar_csv_scan *scan = malloc(sizeof *scan);
    if (!scan)
        return NULL;
    memset(scan, 0, offsetof(struct ar_csv_scan, row));
    scan->bounds = calloc(2 * n_track + 1, sizeof *scan->bounds);
    scan->cell = reallocarray(NULL, AR_CSV_BATCH + 1, (2 * n_track + 1) * sizeof *scan->cell);
    if (!scan->bounds || !scan->cell) {
        ar_csv_scan_free(scan);
        return NULL;
    }
    scan->data = data;
    scan->n = n;
    scan->whole = true;
    scan->seen.cells = cells;
    scan->high_start = UINT64_MAX;
    scan->carry.cell_start = 1;
    scan->n_bounds = 2 * n_track;
    for (size_t i = 0; i < n_track; i++) {
        scan->bounds[2 * i] = track[i];
        scan->bounds[2 * i + 1] = track[i] + 1;
    }
    scan->first_bound = n_track && track[0] == 0;
    scan->bound = scan->first_bound;
    scan->fill = ar_csv_fill_portable;
    scan->index = ar_csv_index_portable;
#if defined(__x86_64__) && !defined(AR_PORTABLE)
    if (twin != AR_CSV_PORTABLE && have_avx2()) {
        scan->fill = ar_csv_fill_avx2;
        scan->index = ar_csv_index_avx2;
    }
#else
    (void)twin;
#endif
    return scan;
}

void ar_csv_scan_free(struct ar_csv_scan *scan)
{
    if (!scan)
        return;
    free(scan->bounds);
    free(scan->cell);
    free(scan);
}

const struct ar_csv_seen *ar_csv_scan_seen(const struct ar_csv_scan *scan)
{
    return &scan->seen;
}

/* Where the quoted cell begins that the end of the data cuts: the row is walked again. */
static uint64_t find_open_quote(const struct ar_csv_scan *scan)
{
    uint64_t open = scan->row_start;
    bool cell_start = true;
    bool inside = false;
    for (uint64_t i = scan->row_start; i < scan->n; i++) {
        char c = scan->data[i];
        if (inside) {
            if (c == '"' && i + 1 < scan->n && scan->data[i + 1] == '"')
                i++;
            else if (c == '"')
                inside = false;
            cell_start = false;
        } else {
            inside = c == '"' && cell_start;
            if (inside)
                open = i;
            cell_start = c == ',';
        }
    }
    return open;
}

/* At a fault, bytes of the rows before it may still wait to be checked. */
static void check_rows_before(struct ar_csv_scan *scan)
{
    if (scan->seen.fault != AR_CSV_OK && scan->seen.fault != AR_CSV_UTF8 && scan->high_start < scan->seen.fault_row)
        (void)ar_csv_check_high(scan, scan->seen.fault_row, true);
}

/* Takes back the rows behind a byte that is no UTF-8: such bytes are looked for when the rows of a batch are found already. */
static ssize_t rows_before_fault(struct ar_csv_scan *scan, ssize_t n)
{
    while (n > 0 && scan->row[n - 1].end > scan->seen.fault_offset) {
        n--;
        scan->seen.rows--;
    }
    return n;
}

void ar_csv_scan_arrived(struct ar_csv_scan *scan, uint64_t n, bool whole)
{
    scan->n = n;
    scan->whole = whole;
}

uint64_t ar_csv_scan_spent(const struct ar_csv_scan *scan)
{
    uint64_t needed = scan->row_start < scan->high_start ? scan->row_start : scan->high_start;
    if (needed > scan->at)
        needed = scan->at;
    needed -= needed % AR_CSV_BLOCK;
    while (needed && scan->data[needed - 1] == '\r') /* a CRLF is not cut in two */
        needed -= AR_CSV_BLOCK;
    return needed;
}

void ar_csv_scan_drop(struct ar_csv_scan *scan, uint64_t n, const char *data)
{
    uint64_t *cell = scan->cell + scan->n_rows * scan->n_bounds;
    if (n > 0) {
        uint64_t left = ar_csv_line_ends(scan->data + n, scan->at - n);
        scan->seen.lines_dropped += scan->line_ends - left;
        scan->line_ends = left;
    }
    for (size_t i = scan->first_bound; i < scan->bound; i++)
        cell[i] -= n;
    scan->data = data;
    scan->n -= n;
    scan->at -= n;
    scan->row_start -= n;
    if (scan->high_start != UINT64_MAX)
        scan->high_start -= n;
}

ssize_t ar_csv_scan_rows(struct ar_csv_scan *scan, const struct ar_csv_row **rows)
{
    ssize_t n = 0;
    while (n == 0 && scan->seen.fault == AR_CSV_OK && !scan->ended && (scan->whole || scan->at < ar_csv_blocks_end(scan)))
        n = scan->fill(scan);
    check_rows_before(scan);
    if (scan->seen.fault == AR_CSV_UTF8)
        n = rows_before_fault(scan, n);
    if (n == 0 && scan->seen.fault != AR_CSV_OK) {
        if (scan->seen.fault == AR_CSV_UNTERMINATED)
            scan->seen.fault_offset = find_open_quote(scan);
        return -1;
    }
    *rows = scan->row;
    return n;
}

void ar_csv_scan_index(struct ar_csv_scan *scan, struct ar_csv_indexer *indexer)
{
    scan->index(scan, indexer);
    check_rows_before(scan);
    if (scan->seen.fault == AR_CSV_UNTERMINATED)
        scan->seen.fault_offset = find_open_quote(scan);
}

unsigned ar_csv_walk_bytes(struct ar_csv_scan *scan, const char *bytes, unsigned n, uint64_t *separators, uint64_t *ends)
{
    struct ar_csv_carry *carry = &scan->carry;
    *separators = *ends = 0;
    for (unsigned i = 0; i < n; i++) {
        char c = bytes[i];
        bool after_cr = carry->cr;
        carry->cr = 0;
        if (carry->in_quote) {
            if (c == '"') {
                carry->in_quote = 0;
                carry->closed = 1;
            }
        } else if (c == ',' || c == '\n' || c == '\r') {
            if (c == ',')
                *separators |= UINT64_C(1) << i;
            else if (c == '\r' || !after_cr)
                *ends |= UINT64_C(1) << i;
            carry->closed = 0;
            carry->cell_start = 1;
            carry->cr = c == '\r';
        } else if (c == '"' && (carry->cell_start || carry->closed)) {
            carry->in_quote = ~UINT64_C(0);
            carry->closed = carry->cell_start = 0;
        } else if (carry->closed) {
            scan->seen.fault = AR_CSV_AFTER_QUOTE;
            scan->seen.fault_offset = i;
            return i;
        } else {
            carry->cell_start = 0;
        }
    }
    return n;
}

/* Bytes of the UTF-8 sequence that c starts. */
static unsigned sequence_length(unsigned char c)
{
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

int ar_csv_check_high(struct ar_csv_scan *scan, uint64_t end, bool last)
{
    uint64_t start = scan->high_start;
    uint64_t stop = end;
    if (!last) {
        /* A sequence that end may cut waits for the rest of it. */
        for (uint64_t i = end; i > start && end - i < 4; i--) {
            unsigned char c = (unsigned char)scan->data[i - 1];
            if (c >= 0xc0) {
                if (i - 1 + sequence_length(c) > end)
                    stop = i - 1;
                break;
            }
            if (c < 0x80)
                break;
        }
    }
    size_t n = (size_t)(stop - start);
    size_t good = ar_utf8_check(scan->data + start, n);
    if (good < n) {
        scan->seen.fault = AR_CSV_UTF8;
        scan->seen.fault_offset = start + good;
        return -1;
    }
    scan->high_start = stop < end ? stop : UINT64_MAX;
    return 0;
}
