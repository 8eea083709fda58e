/* SPDX-License-Identifier: MIT */
/*
 * Statistics of arrays of doubles. Part of the public interface of libanalysisrun.
 *
 * What holds for every function here:
 *
 * - An array is given as its address and its number of values; the address may be NULL where the number is 0. It is only read.
 * - NaN stands for a value that is missing, and is left out, as pandas does. "n" below is the number of values that are not
 *   NaN; ar_count tells it. Nothing else is left out.
 * - Where there are too few values for an answer, it is NaN; no value is made up.
 * - -INFINITY and INFINITY are values: the smallest and the largest. What they make of each result is said below.
 * - The unit of a result is that of the values; of a variance it is the square of that; scores, t, p and r have none.
 * - Nothing is printed and no state is kept, so that threads may call them at the same time. Memory is allocated only where a
 *   "scratch" is NULL.
 * - A result beyond the range of a double is infinite. In between nothing overflows or underflows for finite values up to 1e300.
 * - Results are right to a few units of their last place; where parts cancel out (a sum, a difference, t, r or a score near 0),
 *   to a few units of the last place of these parts.
 */
#ifndef AR_STATS_STATS_H
#define AR_STATS_STATS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* ---- sums and moments ---------------------------------------------------------------------------------------------- */

/* The number of values that are not NaN. */
size_t ar_count(const double *x, size_t n);

/*
 * The sum: 0 of no values, as in pandas. INFINITY and -INFINITY together give NaN, one of them itself.
 * Compensated: its error is about one rounding of the sum plus n × 1e-32 of the sum of the sizes, so that 1, 1e100, 1, -1e100
 * sums to 2.
 * Source: A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen, ZAMM 54 (1974) 39-51,
 * doi:10.1002/zamm.19740540106.
 */
double ar_sum(const double *x, size_t n);

/* The smallest and the largest value; NaN where n = 0. */
double ar_min(const double *x, size_t n);
double ar_max(const double *x, size_t n);

/*
 * The arithmetic mean: the sum as above, divided by n; NaN where n = 0. Never below the smallest value or above the largest. The
 * mean of equal values is that value.
 */
double ar_mean(const double *x, size_t n);

/*
 * The variance: the sum of the squared distances from the mean, divided by n - ddof. ddof 1 gives the estimate from a sample (as
 * pandas without asking), 0 that of a whole population (as numpy without asking). NaN where n <= ddof, or a value is infinite; 0
 * where all values are equal.
 * In two passes, corrected for the rounding of the mean, so that values such as 1e9 + 0.001 keep their digits.
 * Source: T. F. Chan, G. H. Golub, R. J. LeVeque, Algorithms for computing the sample variance, The American Statistician 37
 * (1983) 242-247, doi:10.1080/00031305.1983.10483115.
 */
double ar_variance(const double *x, size_t n, size_t ddof);

/* The standard deviation: the square root of that variance; right also where the variance is too large or small for a double. */
double ar_sd(const double *x, size_t n, size_t ddof);

/*
 * Standard scores: z[i] = (x[i] - mean) / sd; NaN where x[i] is NaN. z has room for n values; it may be x itself. Returns the
 * standard deviation. Where that is 0, all values are equal, and their scores 0. Where it is NaN, all scores are NaN.
 */
double ar_z(const double *x, size_t n, size_t ddof, double *z);

/*
 * Pearson's correlation coefficient of the pairs x[i], y[i], from -1 to 1. A pair in which either is NaN is left out. NaN where
 * there are less than two pairs, where all values of x or of y are equal, or where one is infinite.
 */
double ar_pearson(const double *x, const double *y, size_t n);

/* ---- order --------------------------------------------------------------------------------------------------------- */

/*
 * These work on a copy of the values: in scratch, which has room for n doubles, lies apart from x and is left with anything in
 * it; or, where scratch is NULL, in memory that they allocate and free. Where that cannot be had they return NaN and set errno
 * to ENOMEM; errno is not changed otherwise. They take time in proportion to n, whatever the order of the values.
 */

/*
 * The quantile q, from 0 (the smallest value) to 1 (the largest), in between linear between the two values nearest to position
 * (n - 1) q, counted from 0 ("type 7", what numpy, pandas and R do without asking). NaN where n = 0, or q is not within 0 to 1.
 * Between a finite and an infinite value lies the infinite one, between -INFINITY and INFINITY lies NaN.
 * Source: R. J. Hyndman, Y. Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996) 361-365,
 * doi:10.1080/00031305.1996.10473566, definition 7.
 */
double ar_quantile(const double *x, size_t n, double q, double *scratch);

/* The median: the quantile 0.5; for an even n half the sum of the two values in the middle. */
double ar_median(const double *x, size_t n, double *scratch);

/*
 * The median absolute deviation: the median of the distances of all values from their median. NaN where n = 0, or the median
 * is infinite or NaN. It is 0 where more than half of the values are equal.
 * Source: F. R. Hampel, The influence curve and its role in robust estimation, Journal of the American Statistical Association 69
 * (1974) 383-393, doi:10.1080/01621459.1974.10482962.
 */
double ar_mad(const double *x, size_t n, double *scratch);

/*
 * The same × AR_MAD_TO_SD: an estimate of the standard deviation of normally distributed values that up to half of the values,
 * however wrong, cannot carry away. AR_MAD_TO_SD is 1 / (the 0.75 quantile of the standard normal distribution).
 * Source: P. J. Rousseeuw, C. Croux, Alternatives to the median absolute deviation, Journal of the American Statistical
 * Association 88 (1993) 1273-1283, doi:10.1080/01621459.1993.10476408.
 */
#define AR_MAD_TO_SD 1.4826022185056018
double ar_mad_scaled(const double *x, size_t n, double *scratch);

/*
 * Robust scores: z[i] = (x[i] - median) / scaled MAD; NaN where x[i] is NaN. z has room for n values and lies apart from x;
 * nothing is allocated. Returns the scaled MAD.
 * Where that is 0 (more than half of the values are equal), there is no scale to measure by: the score of a value that equals
 * the median is 0, of any other INFINITY or -INFINITY; no other scale is put in its place. Where it is NaN or infinite, all
 * scores are NaN.
 * Beyond ±3.5 Iglewicz and Hoaglin call a value a potential outlier.
 * Source: B. Iglewicz, D. C. Hoaglin, How to detect and handle outliers, ASQC Quality Press 1993, ISBN 0-87389-247-X (their
 * factor 0.6745 is 1 / 1.4826 rounded).
 */
double ar_robust_z(const double *x, size_t n, double *z);

/* ---- Welch's t test ------------------------------------------------------------------------------------------------ */

struct ar_welch {
    size_t n_a;        /* values of a and of b that are not NaN */
    size_t n_b;
    double difference; /* mean of a - mean of b */
    double error;      /* standard error of the difference */
    double t;          /* difference / error */
    double df;         /* degrees of freedom by Welch and Satterthwaite */
    double p;          /* two-sided: how probable a |t| as large or larger is where the true means are equal */
};

/*
 * Do two samples, whose variances may differ, come from distributions of equal mean?
 * error, t, df and p are NaN where a sample has less than two values or an infinite one. Where all values of a are equal, and all
 * of b, error is 0 and df NaN; then t is infinite and p is 0 where the means differ, and both are NaN where they do not.
 * Sources: B. L. Welch, The generalization of "Student's" problem when several different population variances are involved,
 * Biometrika 34 (1947) 28-35, doi:10.1093/biomet/34.1-2.28; F. E. Satterthwaite, An approximate distribution of estimates of
 * variance components, Biometrics Bulletin 2 (1946) 110-114, doi:10.2307/3002019.
 */
struct ar_welch ar_welch_t(const double *a, size_t n_a, const double *b, size_t n_b);

/*
 * The two-sided p value of Student's t with df degrees of freedom (df > 0, not only whole numbers; INFINITY is the normal
 * distribution): how probable a |t| as large or larger is. NaN where t or df is NaN or df <= 0.
 * The relative error is below 1e-12 where p >= 1e-300; still smaller p end in 0.
 * It is the regularized incomplete beta function I_x(df / 2, 1 / 2) at x = df / (df + t²).
 * Sources: DLMF, https://dlmf.nist.gov/, 8.17.22 (continued fraction; here its even part) and 5.11.8 (ratio of gamma functions);
 * evaluated by the method of W. J. Lentz, Applied Optics 15 (1976) 668-671, doi:10.1364/AO.15.000668, as modified by I. J.
 * Thompson, A. R. Barnett, Journal of Computational Physics 64 (1986) 490-509, doi:10.1016/0021-9991(86)90046-X.
 */
double ar_student_p(double t, double df);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
