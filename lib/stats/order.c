/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "stats/select.h"
#include "stats/stats.h"

/* Copies the values that are not NaN; returns how many. */
static size_t collect(const double *x, size_t n, double *to)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            to[count++] = x[i];
    return count;
}

/* a + part (b - a), for a <= b and 0 < part < 1. */
static double between(double a, double b, double part)
{
    if (a == b)
        return a;
    if (isinf(a) || isinf(b))
        return a + b;
    if (part == 0.5)
        return isinf(a + b) ? a / 2 + b / 2 : (a + b) / 2;
    double distance = b - a;
    double value = isinf(distance) ? 2 * (a / 2 + part * (b / 2 - a / 2)) : a + part * distance;
    return fmin(b, fmax(a, value));
}

/* The quantile of n values without NaN, which are moved. */
static double quantile_of(double *x, size_t n, double q)
{
    if (n == 0 || !(q >= 0 && q <= 1))
        return NAN;
    double position = (double)(n - 1) * q;
    size_t k = (size_t)position;
    if (k >= n) /* n - 1 itself may have been rounded */
        k = n - 1;
    double part = position - (double)k;
    ar_select(x, n, k, AR_SELECT_PATIENCE);
    if (part <= 0 || k == n - 1)
        return x[k];
    double next = x[k + 1];
    for (size_t i = k + 2; i < n; i++)
        if (x[i] < next)
            next = x[i];
    return between(x[k], next, part);
}

/* The MAD; the median as well. */
static double mad_of(const double *x, size_t n, double *scratch, double *median)
{
    size_t count = collect(x, n, scratch);
    *median = quantile_of(scratch, count, 0.5);
    if (!isfinite(*median))
        return NAN;
    for (size_t i = 0; i < count; i++)
        scratch[i] = fabs(scratch[i] - *median);
    return quantile_of(scratch, count, 0.5);
}

/* Room for n values: the caller's, or new, in *own to be freed. NULL without memory. */
static double *room(double *scratch, size_t n, double **own)
{
    *own = NULL;
    if (scratch)
        return scratch;
    if (n > SIZE_MAX / sizeof(double)) {
        errno = ENOMEM;
        return NULL;
    }
    *own = malloc(n > 0 ? n * sizeof(double) : 1);
    return *own;
}

double ar_quantile(const double *x, size_t n, double q, double *scratch)
{
    double *own;
    double *copy = room(scratch, n, &own);
    double result = copy ? quantile_of(copy, collect(x, n, copy), q) : NAN;
    free(own);
    return result;
}

double ar_median(const double *x, size_t n, double *scratch)
{
    return ar_quantile(x, n, 0.5, scratch);
}

double ar_mad(const double *x, size_t n, double *scratch)
{
    double *own;
    double median;
    double *copy = room(scratch, n, &own);
    double result = copy ? mad_of(x, n, copy, &median) : NAN;
    free(own);
    return result;
}

double ar_mad_scaled(const double *x, size_t n, double *scratch)
{
    return AR_MAD_TO_SD * ar_mad(x, n, scratch);
}

double ar_robust_z(const double *x, size_t n, double *z)
{
    double median;
    double scale = AR_MAD_TO_SD * mad_of(x, n, z, &median);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(scale))
            z[i] = NAN;
        else
            z[i] = scale == 0 && x[i] == median ? 0 : (x[i] - median) / scale;
    }
    return scale;
}
