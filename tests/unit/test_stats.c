/* SPDX-License-Identifier: MIT */
/*
 * Statistics. Expected values are published ones (said where), worked by hand, or computed with mpmath 1.4.1 of 60 digits from the
 * formulas' definitions. Random arrays are compared with sorting, here, and with Python's fractions in tests/stats.py.
 */
#include <float.h>
#include <math.h>

#include "bytes/base.h"
#include "stats/select.h"
#include "stats/stats.h"
#include "tests/unit/check.h"

#define NEAR(got, want, relative)                                                                                              \
    do {                                                                                                                       \
        double got_ = (got);                                                                                                   \
        double want_ = (want);                                                                                                 \
        CHECK(got_ == want_ || fabs(got_ - want_) <= (relative) * fabs(want_), "%.17g, want %.17g", got_, want_);              \
    } while (0)
#define SAME(got, want) NEAR(got, want, 0)
#define IS_NAN(got) CHECK(isnan(got), "a number")
#define X(...) ((const double[]) { __VA_ARGS__ }), AR_COUNT(((const double[]) { __VA_ARGS__ }))

/* A. A. Michelson's 100 measurements of the velocity of light in air (1879), in km/s less 299000. */
static const short michelson[] = {
    850, 740, 900, 1070, 930, 850, 950, 980, 980, 880, 1000, 980, 930, 650, 760, 810, 1000, 1000, 960, 960, 960, 940, 960, 940, 880,
    800, 850, 880, 900, 840, 830, 790, 810, 880, 880, 830, 800, 790, 760, 800, 880, 880, 880, 860, 720, 720, 620, 860, 970, 950,
    880, 910, 850, 870, 840, 840, 850, 840, 840, 840, 890, 810, 810, 820, 800, 770, 760, 740, 750, 760, 910, 920, 890, 860, 880,
    720, 840, 850, 850, 780, 890, 840, 780, 810, 760, 810, 790, 810, 820, 850, 870, 870, 810, 740, 810, 940, 950, 800, 810, 870,
};

/* A middle value, and 500 pairs of values beside it. */
static void check_nist(double middle, double low, double high, double sd, double digits)
{
    double x[1001] = { middle };
    for (size_t i = 1; i < AR_COUNT(x); i++)
        x[i] = i % 2 ? low : high;
    NEAR(ar_mean(x, AR_COUNT(x)), middle, 1e-15);
    NEAR(ar_sd(x, AR_COUNT(x), 1), sd, digits);
}

/*
 * Certified values of the Statistical Reference Datasets of NIST (https://www.itl.nist.gov/div898/strd/, univariate: Michelso,
 * NumAcc1 … NumAcc4). That doubles cannot hold 10000000.2 leaves the last one nine digits.
 */
static void test_nist(void)
{
    double x[AR_COUNT(michelson)];
    for (size_t i = 0; i < AR_COUNT(x); i++)
        x[i] = 299 + michelson[i] / 1000.;
    NEAR(ar_mean(x, AR_COUNT(x)), 299.8524, 1e-15);
    NEAR(ar_sd(x, AR_COUNT(x), 1), 0.0790105478190518, 1e-13);
    SAME(ar_mean(X(10000001, 10000003, 10000002)), 10000002);
    SAME(ar_sd(X(10000001, 10000003, 10000002), 1), 1);
    check_nist(1.2, 1.1, 1.3, 0.1, 1e-14);
    check_nist(1000000.2, 1000000.1, 1000000.3, 0.1, 1e-9);
    check_nist(10000000.2, 10000000.1, 10000000.3, 0.1, 1e-8);
}

static void test_too_few_values(void)
{
    IS_NAN(ar_mean(NULL, 0));
    IS_NAN(ar_min(NULL, 0));
    IS_NAN(ar_max(NULL, 0));
    IS_NAN(ar_variance(NULL, 0, 0));
    IS_NAN(ar_sd(NULL, 0, 1));
    IS_NAN(ar_median(NULL, 0, NULL));
    IS_NAN(ar_mad(NULL, 0, NULL));
    IS_NAN(ar_robust_z(NULL, 0, NULL));
    IS_NAN(ar_z(NULL, 0, 0, NULL));
    IS_NAN(ar_pearson(NULL, NULL, 0));
    IS_NAN(ar_welch_t(NULL, 0, NULL, 0).p);
    CHECK(ar_count(NULL, 0) == 0 && ar_sum(NULL, 0) == 0, "nothing is something");

    SAME(ar_mean(X(7)), 7);
    SAME(ar_variance(X(7), 0), 0);
    IS_NAN(ar_variance(X(7), 1));
    IS_NAN(ar_variance(X(7, 8), 2));
    IS_NAN(ar_sd(X(7), SIZE_MAX));
    SAME(ar_median(X(7), NULL), 7);
    SAME(ar_mad(X(7), NULL), 0);
    IS_NAN(ar_pearson((const double[]) { 7 }, (const double[]) { 7 }, 1));
    IS_NAN(ar_welch_t(X(7), X(1, 2)).p);
    IS_NAN(ar_welch_t(X(1, 2), X(7)).error);
    SAME(ar_welch_t(X(1, 2), X(7)).difference, -5.5);
}

static void test_missing_values(void)
{
    CHECK(ar_count(X(NAN, 1, -NAN, INFINITY, 2)) == 3, "NaN counts");
    SAME(ar_sum(X(NAN, 1, 2)), 3);
    SAME(ar_mean(X(1, NAN, 2)), 1.5);
    SAME(ar_min(X(NAN, 3, 2)), 2);
    SAME(ar_max(X(3, 2, NAN)), 3);
    SAME(ar_variance(X(NAN, 1, 3), 1), 2);
    SAME(ar_median(X(NAN, 5, NAN, 1, 2), NULL), 2);
    SAME(ar_mad(X(NAN, 5, NAN, 1, 2), NULL), 1);
    SAME(ar_sum(X(NAN, NAN)), 0);
    IS_NAN(ar_mean(X(NAN, NAN)));
    IS_NAN(ar_min(X(NAN)));
    IS_NAN(ar_median(X(NAN, NAN), NULL));
    SAME(ar_pearson((const double[]) { 1, 2, NAN, 9, 3 }, (const double[]) { 2, 4, 7, NAN, 6 }, 5), 1);
    struct ar_welch welch = ar_welch_t(X(1, NAN, 2, 3), X(4, 5, NAN, NAN));
    CHECK(welch.n_a == 3 && welch.n_b == 2, "%zu, %zu", welch.n_a, welch.n_b);
    SAME(welch.difference, -2.5);
}

static void test_infinite_values(void)
{
    SAME(ar_sum(X(1, INFINITY, 1e308)), INFINITY);
    SAME(ar_mean(X(1, -INFINITY)), -INFINITY);
    IS_NAN(ar_sum(X(INFINITY, -INFINITY)));
    IS_NAN(ar_mean(X(INFINITY, 3, -INFINITY)));
    SAME(ar_max(X(INFINITY, 3)), INFINITY);
    IS_NAN(ar_variance(X(INFINITY, 3, 4), 1));
    IS_NAN(ar_pearson((const double[]) { 1, 2, INFINITY }, (const double[]) { 1, 2, 3 }, 3));
    IS_NAN(ar_welch_t(X(1, 2, INFINITY), X(1, 2)).t);
    SAME(ar_median(X(INFINITY, 3, 1), NULL), 3);
    SAME(ar_quantile(X(1, INFINITY), 0.01, NULL), INFINITY);
    SAME(ar_quantile(X(-INFINITY, 1), 0.99, NULL), -INFINITY);
    SAME(ar_quantile(X(1, INFINITY), 0, NULL), 1);
    SAME(ar_quantile(X(INFINITY, INFINITY), 0.3, NULL), INFINITY);
    IS_NAN(ar_median(X(-INFINITY, INFINITY), NULL));
    IS_NAN(ar_quantile(X(-INFINITY, INFINITY), 0.3, NULL));
    SAME(ar_mad(X(1, 2, 3, 4, INFINITY), NULL), 1);
    IS_NAN(ar_mad(X(1, INFINITY, INFINITY), NULL));
    SAME(ar_mad(X(-INFINITY, 1, INFINITY), NULL), INFINITY);
}

static void test_edges_of_double(void)
{
    SAME(ar_sum(X(1, 1e100, 1, -1e100)), 2); /* Neumaier's own example */
    SAME(ar_sum(X(1e308, 1e308, -1e308, -5e307)), 5e307);
    SAME(ar_sum(X(1e308, 1e308)), INFINITY);
    SAME(ar_mean(X(1.5e308, 1.7e308)), 1.6e308);
    SAME(ar_mean(X(DBL_MAX, DBL_MAX, DBL_MAX)), DBL_MAX);
    SAME(ar_mean(X(0.99, 0.99, 0.99)), 0.99); /* a third of the rounded sum is less */
    SAME(ar_mean(X(0.2, 0.2, 0.2)), 0.2);     /* or more */
    SAME(ar_variance(X(0.99, 0.99, 0.99), 1), 0);
    SAME(ar_variance(X(1e9, 1e9 + 0.25, 1e9 + 0.5), 1), 0.0625);
    SAME(ar_variance(X(1e200, 3e200), 1), INFINITY);
    NEAR(ar_sd(X(1e200, 3e200), 1), M_SQRT2 * 1e200, 1e-15);
    NEAR(ar_sd(X(1e-200, 3e-200), 1), M_SQRT2 * 1e-200, 1e-15);
    SAME(ar_sd(X(0, 2 * DBL_TRUE_MIN), 0), DBL_TRUE_MIN);
    SAME(ar_sd(X(-DBL_MAX, DBL_MAX), 0), DBL_MAX);
    SAME(ar_median(X(1.5e308, 1.7e308), NULL), 1.6e308);
    SAME(ar_quantile(X(-DBL_MAX, DBL_MAX), 0.25, NULL), -DBL_MAX / 2);
    SAME(ar_median(X(DBL_TRUE_MIN, 3 * DBL_TRUE_MIN), NULL), 2 * DBL_TRUE_MIN);
    NEAR(ar_pearson((const double[]) { 1e200, 2e200, 4e200 }, (const double[]) { 1e-200, 2e-200, 3e-200 }, 3),
         0.98198050606196572, 1e-15); /* √(27/28) */
    NEAR(ar_welch_t(X(1e200, 2e200), X(1e200, 4e200)).df, 1.2195121951219512, 1e-14); /* (1/4 + 9/4)² / (1/16 + 81/16) = 50/41 */
}

static void test_quantiles(void)
{
    static const double five[] = { 15, 20, 35, 40, 50 };
    SAME(ar_quantile(five, 5, 0, NULL), 15);
    SAME(ar_quantile(five, 5, 0.4, NULL), 29); /* position 1.6, numpy's answer as well */
    SAME(ar_quantile(five, 5, 0.75, NULL), 40);
    SAME(ar_quantile(five, 5, 1, NULL), 50);
    SAME(ar_quantile(X(4, 1, 3, 2), 0.25, NULL), 1.75);
    IS_NAN(ar_quantile(five, 5, -0.1, NULL));
    IS_NAN(ar_quantile(five, 5, 1.1, NULL));
    IS_NAN(ar_quantile(five, 5, NAN, NULL));
    SAME(ar_mad(X(1, 1, 2, 2, 4, 6, 9), NULL), 1);
    SAME(ar_mad_scaled(X(1, 1, 2, 2, 4, 6, 9), NULL), 1.4826022185056018605);

    double scratch[5];
    const double unsorted[] = { 50, 15, 40, 35, 20 };
    const double before[] = { 50, 15, 40, 35, 20 };
    SAME(ar_median(unsorted, 5, scratch), 35);
    SAME(ar_mad(unsorted, 5, scratch), 15);
    CHECK(memcmp(unsorted, before, sizeof(before)) == 0, "the values were moved");
}

static void test_scores(void)
{
    double z[7];
    SAME(ar_robust_z(X(1, 1, 2, NAN, 4, INFINITY, -2), z), 1.5 * AR_MAD_TO_SD); /* by hand, median 1.5 */
    SAME(z[0], -0.5 / (1.5 * AR_MAD_TO_SD));
    IS_NAN(z[3]);
    SAME(z[5], INFINITY);
    SAME(ar_robust_z(X(3, 3, 3, 5, 1, NAN), z), 0);
    CHECK(z[0] == 0 && z[2] == 0 && z[3] == INFINITY && z[4] == -INFINITY && isnan(z[5]), "%g %g %g", z[0], z[3], z[4]);
    IS_NAN(ar_robust_z(X(1, INFINITY, INFINITY), z));
    CHECK(isnan(z[0]) && isnan(z[1]), "scores without a scale");
    SAME(ar_robust_z(X(-INFINITY, 1, INFINITY), z), INFINITY);
    IS_NAN(z[1]);

    double x[] = { 2, 4, NAN, 4, 4, 5, 5, 7, 9 };
    SAME(ar_z(x, 9, 0, x), 2); /* mean 5 */
    CHECK(x[0] == -1.5 && isnan(x[2]) && x[5] == 0 && x[8] == 2, "%g %g %g", x[0], x[5], x[8]);
    SAME(ar_z(X(0.1, 0.1, 0.1), 1, z), 0);
    CHECK(z[0] == 0 && z[2] == 0, "%g", z[0]);
    IS_NAN(ar_z(X(3), 1, z));
    IS_NAN(z[0]);
}

/* F. J. Anscombe, Graphs in statistical analysis, The American Statistician 27 (1973) 17-21: the first of his four sets. */
static void test_pearson(void)
{
    static const double x[] = { 10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5 };
    static const double y[] = { 8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68 };
    NEAR(ar_pearson(x, y, 11), 0.81642051634483984, 1e-15);
    SAME(ar_pearson(x, x, 11), 1);
    double down[11];
    for (size_t i = 0; i < 11; i++)
        down[i] = -1e9 - 3 * x[i];
    SAME(ar_pearson(x, down, 11), -1);
    static const double flat[11] = { 0 };
    IS_NAN(ar_pearson(x, flat, 11));
}

/* Student's sleep data (Biometrika 6 (1908) 1-25); R's documentation says of them t = -1.8608, df = 17.776, p-value = 0.07939. */
static void test_welch(void)
{
    static const double a[] = { 0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0 };
    static const double b[] = { 1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4 };
    struct ar_welch welch = ar_welch_t(a, 10, b, 10);
    NEAR(welch.difference, -1.58, 1e-15);
    NEAR(welch.error, 0.84909101723876196, 1e-15);
    NEAR(welch.t, -1.8608134674868531, 1e-15);
    NEAR(welch.df, 17.77647351617849, 1e-15);
    NEAR(welch.p, 0.079394140187358138, 1e-14);

    /* Near 1e9 doubles are multiples of 2^-23, and the means here lie between them: by hand, of 1 0 0 and 0 0 1 2 such steps. */
    const double step = ldexp(1, -23);
    welch = ar_welch_t(X(1e9 + step, 1e9, 1e9), X(1e9, 1e9, 1e9 + step, 1e9 + 2 * step));
    NEAR(welch.difference, (1. / 3 - 3. / 4) * step, 1e-15);
    NEAR(welch.error, sqrt(1. / 9 + 11. / 48) * step, 1e-15); /* variances 1/3 and 11/12 */

    welch = ar_welch_t(X(3, 3), X(4, 4, 4));
    CHECK(welch.error == 0 && welch.t == -INFINITY && isnan(welch.df) && welch.p == 0, "t %g p %g", welch.t, welch.p);
    welch = ar_welch_t(X(3, 3), X(3, 3, 3));
    CHECK(welch.error == 0 && isnan(welch.t) && isnan(welch.p), "t %g p %g", welch.t, welch.p);
    welch = ar_welch_t(X(3, 3), X(1, 3)); /* one sample without any variance */
    CHECK(welch.df == 1 && welch.t == 1, "t %g df %g", welch.t, welch.df);
    NEAR(welch.p, 0.5, 1e-15);
}

static void test_student(void)
{
    static const struct {
        double t;
        double df;
        double p;
    } known[] = {
        { 1e-8, 3, 9.9999999264894806e-1 },      { 0.5, 0.001, 9.9655149409384034e-1 },    { 0.5, 3, 6.5144796484815099e-1 },
        { 0.999, 7.5, 3.4892965654890625e-1 },   { 1, 4, 3.7390096630005889e-1 },          { 1.001, 1e6, 3.1682705059707357e-1 },
        { 2, 1, 2.9516723530086655e-1 },         { 2.228, 10, 5.0011771817111365e-2 },     { 2.5, 4e5, 1.2419727779533776e-2 },
        { 3.3, 17.25, 4.1644420183904561e-3 },   { 5, 1e9, 5.7330324039516284e-7 },        { 8, 2.5, 7.6566441310434466e-3 },
        { 12, 120, 2.7847497704371139e-22 },     { 30, 200, 5.7241612088278519e-76 },      { 36, 1e8, 8.4005021032939083e-284 },
        { 37, 1e12, 1.1451147818207014e-299 },   { 1000, 1, 6.3661956016111788e-4 },       { 1e5, 30, 2.072906840146629e-129 },
        { 1e20, 12.5, 1.5867040920612937e-244 }, { 1e100, 2, 9.9999999999999997e-201 },
        { 1e200, 1, 6.3661977236758134e-201 },
    };
    for (size_t i = 0; i < AR_COUNT(known); i++) {
        NEAR(ar_student_p(known[i].t, known[i].df), known[i].p, 5e-13);
        SAME(ar_student_p(-known[i].t, known[i].df), ar_student_p(known[i].t, known[i].df));
    }
    NEAR(ar_student_p(1.959963984540054, INFINITY), 0.05, 1e-14); /* the normal distribution's */
    NEAR(ar_student_p(1.959963984540054, 1e29), 0.05, 1e-14);
    SAME(ar_student_p(0, 5), 1);
    SAME(ar_student_p(DBL_TRUE_MIN, DBL_TRUE_MIN), 1);
    SAME(ar_student_p(1e308, 1e-300), 1);
    SAME(ar_student_p(-INFINITY, 5), 0);
    SAME(ar_student_p(1e300, 1e6), 0);
    IS_NAN(ar_student_p(NAN, 5));
    IS_NAN(ar_student_p(1, NAN));
    IS_NAN(ar_student_p(1, 0));
    IS_NAN(ar_student_p(1, -1));
}

/* The closed forms for one and two degrees of freedom, where they lose no digits: 1 - 2 atan(t) / π, 1 - t / √(2 + t²). */
static void test_student_closed_forms(void)
{
    for (double t = 0.01; t < 4; t += 0.01) {
        NEAR(ar_student_p(t, 1), 1 - 2 * atan(t) / M_PI, 4e-15);
        NEAR(ar_student_p(t, 2), 1 - t / sqrt(2 + t * t), 8e-15);
    }
}

/* ---- selection ----------------------------------------------------------------------------------------------------- */

static uint64_t seed = 1;

static uint64_t next(uint64_t below) /* Knuth's linear generator MMIX */
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

enum { PATTERNS = 8 };

static double pattern(int kind, size_t i, size_t n)
{
    switch (kind) {
    case 0: return (double)i;
    case 1: return (double)(n - i);
    case 2: return (double)(i < n / 2 ? i : n - i); /* organ pipe */
    case 3: return 7;
    case 4: return (double)(i % 2);
    case 5: return (double)((i * 7919) % 101);
    case 6: return i % 50 == 0 ? INFINITY : i % 50 == 1 ? -INFINITY : (double)next(3);
    default: return (double)next(1000000) / 7 - 50000;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The k-th is the k-th of the sorted values, divides the others, and took time in proportion. */
static void check_select(const double *x, const double *sorted, double *scratch, size_t n, size_t k, unsigned patience)
{
    memcpy(scratch, x, n * sizeof(*x));
    size_t looked = ar_select(scratch, n, k, patience);
    bool divided = scratch[k] == sorted[k];
    for (size_t i = 0; i < n; i++)
        divided = divided && (i < k ? scratch[i] <= scratch[k] : scratch[i] >= scratch[k]);
    CHECK(divided, "%zu of %zu: %g, not %g", k, n, scratch[k], sorted[k]);
    CHECK(looked <= 24 * n + 16, "looked at %zu of %zu", looked, n);
    qsort(scratch, n, sizeof(*scratch), compare);
    CHECK(memcmp(scratch, sorted, n * sizeof(*sorted)) == 0, "other values");
}

static void test_select(void)
{
    enum { MAX = 3000 };
    static double x[MAX];
    static double sorted[MAX];
    static double scratch[MAX];
    for (int round = 0; round < 300; round++) {
        size_t n = round < 60 ? (size_t)round + 1 : 1 + (size_t)next(MAX);
        for (size_t i = 0; i < n; i++)
            x[i] = pattern(round % PATTERNS, i, n);
        memcpy(sorted, x, n * sizeof(*x));
        qsort(sorted, n, sizeof(*sorted), compare);
        const size_t which[] = { 0, n - 1, n / 2, (size_t)next(n) };
        for (size_t i = 0; i < AR_COUNT(which); i++)
            for (unsigned patience = 0; patience <= AR_SELECT_PATIENCE; patience += AR_SELECT_PATIENCE / 2)
                check_select(x, sorted, scratch, n, which[i], patience);
    }
}

/* Quantiles of random arrays are those of the sorted ones. */
static void test_quantiles_by_sorting(void)
{
    enum { MAX = 700 };
    double x[MAX];
    double sorted[MAX];
    double scratch[MAX];
    for (int round = 0; round < CHECK_ROUNDS(4000); round++) {
        size_t n = 1 + (size_t)next(round % 10 ? 50 : MAX);
        for (size_t i = 0; i < n; i++)
            sorted[i] = x[i] = pattern(round % 2 ? 5 : 7, i, n);
        qsort(sorted, n, sizeof(*sorted), compare);
        double q = (double)next(1001) / 1000;
        size_t k = (size_t)((double)(n - 1) * q);
        double part = (double)(n - 1) * q - (double)k;
        double above = sorted[k + 1 < n ? k + 1 : k];
        double got = ar_quantile(x, n, q, scratch);
        CHECK(got >= sorted[k] && got <= above, "%g", got);
        CHECK(fabs(got - (sorted[k] + part * (above - sorted[k]))) <= 1e-15 * (fabs(above) + fabs(sorted[k])), "%.17g", got);
    }
}

int main(void)
{
    test_nist();
    test_too_few_values();
    test_missing_values();
    test_infinite_values();
    test_edges_of_double();
    test_quantiles();
    test_scores();
    test_pearson();
    test_welch();
    test_student();
    test_student_closed_forms();
    test_select();
    test_quantiles_by_sorting();
    return check_done();
}
