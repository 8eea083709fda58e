/* SPDX-License-Identifier: MIT */
/*
 * Random tables: the same in every run.
 */
#ifndef AR_TESTS_RANDOM_CSV_H
#define AR_TESTS_RANDOM_CSV_H

#include "bytes/buf.h"

static uint64_t state = 1;

static unsigned below(unsigned n)
{
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(state >> 33) % n;
}

/* A table of rows that may have everything that a CSV may have; sometimes a mistake. */
static void make_table(struct ar_buf *out, size_t cells, unsigned mistakes)
{
    static const char *const cell[] = { "", "a", "12.5", "\"q\"", "\"a,b\"", "\"x\"\"y\"", "\"line\nbreak\"", "\xe8\xbc\x9d", "a\"b",
                                        "\"\"", "a rather long cell that fills more than a block of sixty-four bytes by itself, no",
                                        "\"cr\rlf\r\n\"" };
    static const char *const end[] = { "\n", "\n", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n\n" };
    static const char *const wrong[] = { "\"a\"b", "\"open", "\xff", "extra,cell", "\xe8\xbc" };
    unsigned rows = below(60);
    ar_buf_clear(out);
    for (unsigned r = 0; r < rows; r++) {
        for (size_t c = 0; c < cells; c++) {
            const char *text = cell[below(AR_COUNT(cell))];
            if (mistakes && below(60) == 0)
                text = wrong[below(AR_COUNT(wrong))];
            if (cells == 1 && !*text)
                text = "\"\"";
            ar_buf_add_text(out, strncmp(text, "a rather", 8) == 0 ? "a rather long cell that fills more than a block of bytes by itself" : text);
            if (c + 1 < cells)
                ar_buf_add_char(out, ',');
        }
        ar_buf_add_text(out, r + 1 == rows && below(2) ? "" : end[below(AR_COUNT(end))]);
    }
}

#endif
