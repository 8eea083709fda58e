/* SPDX-License-Identifier: MIT */
/*
 * The twin for x86-64 with AVX2, BMI2 and carry-less multiplication. Which one runs is decided in csv_scan.c.
 */
#ifdef __x86_64__

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt,pclmul"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2,popcnt,lzcnt,pclmul")
#endif
#include <immintrin.h>

#include "codecs/csv_scan.h"

static inline uint64_t equals(__m256i low, __m256i high, char c)
{
    __m256i pattern = _mm256_set1_epi8(c);
    uint64_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, pattern));
    uint64_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, pattern));
    return a | b << 32;
}

static inline void classify(const char *block, struct ar_csv_masks *m)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)block);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(block + 32));
    m->quote = equals(low, high, '"');
    m->comma = equals(low, high, ',');
    m->lf = equals(low, high, '\n');
    m->cr = equals(low, high, '\r');
    m->nul = equals(low, high, '\0');
    m->high = (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline uint64_t prefix_xor(uint64_t bits)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)bits), _mm_set1_epi8((char)0xff), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

static inline unsigned select_bit(uint64_t bits, unsigned k)
{
    return (unsigned)__builtin_ctzll(_pdep_u64(UINT64_C(1) << k, bits));
}

#define AR_CSV_FILL ar_csv_fill_avx2
#include "codecs/csv_walk.h"

#define AR_CSV_INDEX ar_csv_index_avx2
#include "codecs/csv_index_walk.h"

#ifdef __clang__
#pragma clang attribute pop
#endif

#else
typedef int ar_csv_scan_avx2_is_for_x86_64; /* a file must not be empty */
#endif
