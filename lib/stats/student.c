/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "stats/stats.h"

#define PI 3.14159265358979323846
#define STEPS_MAX 10000 /* some hundred are needed at most */
#define NORMAL 1e30     /* degrees of freedom from which on there is no difference to the normal distribution */
#define FAR 1e8         /* 1 + FAR² is FAR² */

/*
 * Γ(a + 1/2) / Γ(a), a > 0. Its logarithm is log(a) / 2 + Σ (2^(1-k) - 2) B_k / (k (k - 1) a^(k-1)), k = 2, 4, …, by DLMF 5.11.8;
 * from a = 20 on five terms are enough, and smaller a are raised by Γ(a + 1) = a Γ(a).
 */
static double gamma_ratio(double a)
{
    double factor = 1;
    for (; a < 20; a++)
        factor *= a / (a + 0.5);
    double s = 1 / (a * a);
    double series = -1. / 8 + s * (1. / 192 + s * (-1. / 640 + s * (17. / 14336 + s * (-31. / 18432))));
    return factor * sqrt(a) * exp(series / a);
}

/*
 * The even part of the continued fraction of DLMF 8.17.22, each term times a + 2 n: I_x(a, b) is x^a y^b / B(a, b) times this,
 * where y is 1 - x, and lambda, which is not negative here, is a y - b x. That both are given saves the digits that 1 - x would
 * lose.
 * Its value is 1 / (beta_0 + alpha_1 / (beta_1 + alpha_2 / …)), found by the modified method of Lentz.
 */
static double beta_fraction(double a, double b, double x, double y, double lambda)
{
    double value = a * (lambda + 1) / (a + 1);
    double c = value;
    double d = 0;
    for (int n = 1; n < STEPS_MAX; n++) {
        double middle = a + 2 * n - 1;
        double alpha = (a + n - 1) / middle * ((a + b + n - 1) / middle) * n * x * ((b - n) * x);
        double beta = n + n * (b - n) * x / middle + (a + n) * (lambda + 1 + n * (1 + y)) / (middle + 2);
        d = beta + alpha * d;
        c = beta + alpha / c;
        if (d == 0)
            d = DBL_MIN;
        if (c == 0)
            c = DBL_MIN;
        d = 1 / d;
        value *= c * d;
        if (fabs(c * d - 1) <= DBL_EPSILON)
            break;
    }
    return 1 / value;
}

double ar_student_p(double t, double df)
{
    t = fabs(t);
    if (isnan(t) || !(df > 0))
        return NAN;
    if (t == 0 || isinf(t))
        return t == 0 ? 1 : 0;
    if (df > NORMAL)
        return erfc(t / sqrt(2));
    if (df < DBL_MIN)
        return 1; /* (t²)^(-df / 2), but for a factor as close to 1 */

    /* x = 1 / (1 + u²), y = 1 - x = u² / (1 + u²), a y - x / 2 = x (t² - 1) / 2 */
    double a = df / 2;
    double u = t / sqrt(df);
    bool far = u > FAR;
    double log_x = far ? log(df) - 2 * log(t) : -log1p(u * u);
    double x = far ? 0 : 1 / (1 + u * u);
    double root_y = far ? 1 : u / sqrt(1 + u * u);
    double y = root_y * root_y;
    double lambda = far ? a : x * (t - 1) * (t + 1) / 2;
    double common = exp(a * log_x) * root_y * gamma_ratio(a) / sqrt(PI); /* x^a y^(1/2) / B(a, 1/2) */
    if (lambda >= 0)
        return fmin(1, common * beta_fraction(a, 0.5, x, y, lambda));
    return 1 - common * beta_fraction(0.5, a, y, x, -lambda);
}
