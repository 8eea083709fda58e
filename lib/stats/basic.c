/* SPDX-License-Identifier: MIT */
#include "stats/moments.h"
#include "stats/stats.h"

size_t ar_count(const double *x, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += !isnan(x[i]);
    return count;
}

double ar_sum(const double *x, size_t n)
{
    return ar_survey(x, NULL, n).sum;
}

double ar_min(const double *x, size_t n)
{
    struct ar_survey survey = ar_survey(x, NULL, n);
    return survey.n ? survey.min : NAN;
}

double ar_max(const double *x, size_t n)
{
    struct ar_survey survey = ar_survey(x, NULL, n);
    return survey.n ? survey.max : NAN;
}

double ar_mean(const double *x, size_t n)
{
    return ar_survey(x, NULL, n).mean;
}

double ar_variance(const double *x, size_t n, size_t ddof)
{
    struct ar_moments moments = ar_moments(x, NULL, n);
    if (moments.of.n <= ddof)
        return NAN;
    return ldexp(moments.square / (double)(moments.of.n - ddof), 2 * moments.exponent);
}

double ar_sd(const double *x, size_t n, size_t ddof)
{
    struct ar_moments moments = ar_moments(x, NULL, n);
    return ldexp(ar_moments_sd(&moments, ddof), moments.exponent);
}

double ar_z(const double *x, size_t n, size_t ddof, double *z)
{
    struct ar_moments moments = ar_moments(x, NULL, n);
    double sd = ar_moments_sd(&moments, ddof);
    for (size_t i = 0; i < n; i++) {
        double distance = ar_distance(&moments, x[i]);
        z[i] = sd == 0 && distance == 0 ? 0 : distance / sd;
    }
    return ldexp(sd, moments.exponent);
}

double ar_pearson(const double *x, const double *y, size_t n)
{
    struct ar_moments of_x = ar_moments(x, y, n);
    struct ar_moments of_y = ar_moments(y, x, n);
    if (!(of_x.square > 0) || !(of_y.square > 0))
        return NAN;
    struct ar_sum products = { 0, 0 };
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]) && !isnan(y[i]))
            ar_sum_add(&products, ar_distance(&of_x, x[i]) * ar_distance(&of_y, y[i]));
    double r = (products.high + products.low) / sqrt(of_x.square * of_y.square);
    return fmin(1, fmax(-1, r));
}
