/* SPDX-License-Identifier: MIT */
/*
 * The portable twin: vectors of 16 bytes as the compiler has them (SSE2, NEON, or plain registers), and no intrinsics.
 */
#include <endian.h>

#include "codecs/csv_scan.h"

typedef uint8_t vector __attribute__((vector_size(16)));
typedef int8_t truth __attribute__((vector_size(16))); /* of a comparison: all bits of a byte, or none */

enum { VECTORS = AR_CSV_BLOCK / 16 };

/* One bit for each of 16 bytes that are all ones or zero. */
static inline uint64_t gather(truth bytes)
{
    uint64_t half[2];
    memcpy(half, &bytes, sizeof half);
    uint64_t low = (le64toh(half[0]) & UINT64_C(0x8040201008040201)) * UINT64_C(0x0101010101010101) >> 56;
    uint64_t high = (le64toh(half[1]) & UINT64_C(0x8040201008040201)) * UINT64_C(0x0101010101010101) >> 56;
    return low | high << 8;
}

static inline uint64_t equals(const vector *v, uint8_t c)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < VECTORS; i++)
        bits |= gather(v[i] == c) << (16 * i);
    return bits;
}

static inline bool any(truth bytes)
{
    uint64_t half[2];
    memcpy(half, &bytes, sizeof half);
    return (half[0] | half[1]) != 0;
}

/* Commas and LFs are in every block; the others are looked for together first. */
static inline void classify(const char *block, struct ar_csv_masks *m)
{
    vector v[VECTORS];
    truth rare = { 0 };
    memcpy(v, block, sizeof v);
    for (unsigned i = 0; i < VECTORS; i++)
        rare |= (v[i] == '"') | (v[i] == '\r') | (v[i] == '\0') | (v[i] >= 0x80);
    *m = (struct ar_csv_masks){ .comma = equals(v, ','), .lf = equals(v, '\n') };
    if (!any(rare))
        return;
    m->quote = equals(v, '"');
    m->cr = equals(v, '\r');
    m->nul = equals(v, '\0');
    for (unsigned i = 0; i < VECTORS; i++)
        m->high |= gather(v[i] >= 0x80) << (16 * i);
}

static inline uint64_t prefix_xor(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

static inline unsigned select_bit(uint64_t bits, unsigned k)
{
    while (k--)
        bits &= bits - 1;
    return (unsigned)__builtin_ctzll(bits);
}

#define AR_CSV_FILL ar_csv_fill_portable
#include "codecs/csv_walk.h"

#define AR_CSV_INDEX ar_csv_index_portable
#include "codecs/csv_index_walk.h"
