/* SPDX-License-Identifier: MIT */
#include "stats/moments.h"

#define EXPONENT_LIMIT 1000 /* 2^±1000 is a normal number */
#define SUM_EXPONENT 64     /* no array has 2^64 values */

static double sum_scaled(const double *x, const double *y, size_t n, double scale)
{
    struct ar_sum sum = { 0, 0 };
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]) && !(y && isnan(y[i])))
            ar_sum_add(&sum, x[i] * scale);
    return sum.high + sum.low;
}

/* The sum and the mean, where the plain sum is no number. */
static void sum_beyond_range(struct ar_survey *survey, const double *x, const double *y, size_t n)
{
    if (isinf(survey->min) || isinf(survey->max)) {
        survey->sum = (isinf(survey->min) ? survey->min : 0) + (isinf(survey->max) ? survey->max : 0);
        survey->mean = survey->sum;
        return;
    }
    double sum = sum_scaled(x, y, n, ldexp(1, -SUM_EXPONENT));
    survey->sum = ldexp(sum, SUM_EXPONENT);
    survey->mean = ldexp(sum / (double)survey->n, SUM_EXPONENT);
}

struct ar_survey ar_survey(const double *x, const double *y, size_t n)
{
    struct ar_survey survey = { .min = INFINITY, .max = -INFINITY };
    struct ar_sum sum = { 0, 0 };
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]) || (y && isnan(y[i])))
            continue;
        survey.n++;
        if (x[i] < survey.min)
            survey.min = x[i];
        if (x[i] > survey.max)
            survey.max = x[i];
        ar_sum_add(&sum, x[i]);
    }
    survey.sum = sum.high + sum.low;
    survey.mean = survey.n ? survey.sum / (double)survey.n : NAN;
    if (!isfinite(survey.sum))
        sum_beyond_range(&survey, x, y, n);
    if (survey.mean < survey.min)
        survey.mean = survey.min;
    if (survey.mean > survey.max)
        survey.mean = survey.max;
    return survey;
}

/* An exponent for the distances from the mean. */
static int exponent_of(const struct ar_survey *survey)
{
    double widest = fmax(survey->max - survey->mean, survey->mean - survey->min);
    int exponent = EXPONENT_LIMIT;
    if (isfinite(widest))
        (void)frexp(widest, &exponent);
    return exponent > EXPONENT_LIMIT ? EXPONENT_LIMIT : exponent < -EXPONENT_LIMIT ? -EXPONENT_LIMIT : exponent;
}

struct ar_moments ar_moments(const double *x, const double *y, size_t n)
{
    struct ar_moments moments = { .of = ar_survey(x, y, n), .scale = 1 };
    if (moments.of.n == 0)
        return moments;
    if (isinf(moments.of.min) || isinf(moments.of.max)) {
        moments.square = NAN;
        return moments;
    }
    moments.exponent = exponent_of(&moments.of);
    moments.scale = ldexp(1, -moments.exponent);
    struct ar_sum plain = { 0, 0 };
    struct ar_sum squares = { 0, 0 };
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]) || (y && isnan(y[i])))
            continue;
        double distance = ar_distance(&moments, x[i]);
        ar_sum_add(&plain, distance);
        ar_sum_add(&squares, distance * distance);
    }
    moments.rest = (plain.high + plain.low) / (double)moments.of.n;
    moments.square = fmax(0, squares.high + squares.low - moments.rest * moments.rest * (double)moments.of.n);
    return moments;
}

double ar_moments_sd(const struct ar_moments *moments, size_t ddof)
{
    if (moments->of.n <= ddof)
        return NAN;
    return sqrt(moments->square / (double)(moments->of.n - ddof));
}
