/* SPDX-License-Identifier: MIT */
/*
 * The portable twin: eight bytes at a time in a 64-bit register.
 */
#include <endian.h>

#include "codecs/csv_scan.h"

#define ONES UINT64_C(0x0101010101010101)
#define LOW7 UINT64_C(0x7f7f7f7f7f7f7f7f)

/* The high bits of eight bytes, as the low eight bits. */
static inline uint64_t gather(uint64_t high_bits)
{
    return ((high_bits >> 7) * UINT64_C(0x0102040810204080)) >> 56;
}

/* One bit for each byte of word that equals c. */
static inline uint64_t equals(uint64_t word, unsigned char c)
{
    uint64_t x = word ^ (ONES * c);
    return gather(~(((x & LOW7) + LOW7) | x | LOW7));
}

static inline void classify(const char *block, struct ar_csv_masks *m)
{
    *m = (struct ar_csv_masks){ 0 };
    for (unsigned i = 0; i < AR_CSV_BLOCK; i += 8) {
        uint64_t word;
        memcpy(&word, block + i, sizeof word);
        word = le64toh(word);
        m->quote |= equals(word, '"') << i;
        m->comma |= equals(word, ',') << i;
        m->lf |= equals(word, '\n') << i;
        m->cr |= equals(word, '\r') << i;
        m->nul |= equals(word, '\0') << i;
        m->high |= gather(word & ~LOW7) << i;
    }
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
