/* SPDX-License-Identifier: MIT */
/*
 * Whatever the bytes are: a pickle is refused with a reason, or is a table whose rows come as CSV, the same in pieces as at once;
 * and the CSV has as many rows as the table, and as many cells in each as the table has columns.
 */
#include "fuzz.h"
#include "codecs/csv.h"
#include "codecs/pickle.h"

#define CELLS_MAX 100000 /* of a table that is written whole */

static void add_all(const struct ar_pickle *pickle, enum ar_pickle_style style, uint64_t piece, struct ar_buf *out)
{
    struct ar_error error = { 0 };
    FUZZ_CHECK(ar_pickle_header(pickle, style, out, &error) == 0);
    for (uint64_t row = 0; row < ar_pickle_rows(pickle); row += piece)
        FUZZ_CHECK(ar_pickle_add_rows(pickle, style, row, piece, out, &error) == 0);
}

/* As our own scanner reads it; texts may hold NUL, which it refuses. */
static void check_csv(const struct ar_pickle *pickle, const struct ar_buf *csv)
{
    const struct ar_csv_row *rows;
    ssize_t got;
    uint64_t seen = 0;
    if (ar_pickle_columns(pickle) == 0 || memchr(csv->data, '\0', csv->len))
        return;
    struct ar_csv_scan *scan = ar_csv_scan_new(csv->data, csv->len, ar_pickle_columns(pickle), NULL, 0, AR_CSV_BEST);
    FUZZ_CHECK(scan);
    while ((got = ar_csv_scan_rows(scan, &rows)) > 0)
        seen += (uint64_t)got;
    FUZZ_CHECK(got == 0 && seen == ar_pickle_rows(pickle) + 1);
    ar_csv_scan_free(scan);
}

static void check_table(const struct ar_pickle *pickle, enum ar_pickle_style style)
{
    struct ar_buf whole, pieces;
    ar_buf_init(&whole);
    ar_buf_init(&pieces);
    add_all(pickle, style, UINT32_MAX, &whole);
    add_all(pickle, style, 3, &pieces);
    FUZZ_CHECK(whole.len == pieces.len && memcmp(whole.data, pieces.data, whole.len) == 0);
    check_csv(pickle, &whole);
    ar_buf_release(&whole);
    ar_buf_release(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ar_error error = { 0 };
    struct ar_pickle *pickle = ar_pickle_read((const char *)data, size, "input", &error);
    if (pickle == NULL) {
        fuzz_check_error(&error);
        return 0;
    }
    size_t n;
    const char *csv = ar_pickle_csv(pickle, &n);
    if (ar_pickle_kind(pickle) == AR_PICKLE_CSV) {
        FUZZ_CHECK(n == 0 || (csv >= (const char *)data && n <= size && csv + n <= (const char *)data + size));
    } else if (ar_pickle_columns(pickle) < CELLS_MAX && ar_pickle_rows(pickle) < CELLS_MAX / (ar_pickle_columns(pickle) + 1)) {
        check_table(pickle, AR_PICKLE_PANDAS);
        check_table(pickle, AR_PICKLE_TYPED);
    }
    ar_pickle_free(pickle);
    return 0;
}
