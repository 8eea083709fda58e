/* SPDX-License-Identifier: MIT */
/*
 * What the statistics of moments are made of, with more digits than their results have.
 */
#ifndef AR_STATS_MOMENTS_H
#define AR_STATS_MOMENTS_H

#include <math.h>
#include <stddef.h>

#ifdef __FAST_MATH__
#error "these sums are exact only without -ffast-math"
#endif

/* A compensated sum (Neumaier): high + low. */
struct ar_sum {
    double high;
    double low;
};

static inline void ar_sum_add(struct ar_sum *sum, double x)
{
    double high = sum->high + x;
    sum->low += fabs(sum->high) >= fabs(x) ? (sum->high - high) + x : (x - high) + sum->high;
    sum->high = high;
}

/* What one pass tells. */
struct ar_survey {
    size_t n;    /* values that are not NaN */
    double min;  /* INFINITY where n = 0 */
    double max;  /* -INFINITY where n = 0 */
    double sum;  /* NaN where both infinities are there */
    double mean; /* the same; NaN where n = 0 */
};

/* The values of x that are not NaN and, where y is not NULL, whose partners in y are not. */
struct ar_survey ar_survey(const double *x, const double *y, size_t n);

/*
 * What the second pass adds. Distances are taken × 2^-exponent, so that neither they nor their squares leave the range of a
 * double.
 */
struct ar_moments {
    struct ar_survey of;
    int exponent;  /* the largest distance from the mean is less than about 2^exponent */
    double scale;  /* 2^-exponent */
    double rest;   /* (the true mean - of.mean) × scale */
    double square; /* the sum of the squared distances from the true mean × scale²; NaN where a value is infinite */
};

struct ar_moments ar_moments(const double *x, const double *y, size_t n);

/* The distance of a value from the true mean, × scale. */
static inline double ar_distance(const struct ar_moments *moments, double x)
{
    return x * moments->scale - moments->of.mean * moments->scale - moments->rest;
}

/* The standard deviation × scale; NaN where n <= ddof. */
double ar_moments_sd(const struct ar_moments *moments, size_t ddof);

#endif
