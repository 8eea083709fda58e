/* SPDX-License-Identifier: MIT */
#include "stats/moments.h"
#include "stats/stats.h"

/* The standard error of the mean. */
static double error_of(const struct ar_moments *moments)
{
    return ldexp(ar_moments_sd(moments, 1) / sqrt((double)moments->of.n), moments->exponent);
}

struct ar_welch ar_welch_t(const double *a, size_t n_a, const double *b, size_t n_b)
{
    struct ar_moments of_a = ar_moments(a, NULL, n_a);
    struct ar_moments of_b = ar_moments(b, NULL, n_b);
    struct ar_welch welch = { .n_a = of_a.of.n, .n_b = of_b.of.n, .error = NAN, .t = NAN, .df = NAN, .p = NAN };
    double rest = ldexp(of_a.rest, of_a.exponent) - ldexp(of_b.rest, of_b.exponent);
    welch.difference = (of_a.of.mean - of_b.of.mean) + rest;
    double error_a = error_of(&of_a);
    double error_b = error_of(&of_b);
    if (isnan(error_a) || isnan(error_b))
        return welch;

    welch.error = hypot(error_a, error_b);
    welch.t = welch.difference / welch.error; /* NaN of 0 / 0 */
    if (welch.error == 0) {
        welch.p = welch.difference == 0 ? NAN : 0;
        return welch;
    }
    /* The formula's parts as shares of the whole: their fourth powers stay in range. */
    double share_a = error_a / welch.error * (error_a / welch.error);
    double share_b = error_b / welch.error * (error_b / welch.error);
    welch.df = 1 / (share_a * share_a / (double)(welch.n_a - 1) + share_b * share_b / (double)(welch.n_b - 1));
    welch.p = ar_student_p(welch.t, welch.df);
    return welch;
}
