# SPDX-License-Identifier: MIT
"""stats.py LIBRARY ROUNDS: so many random arrays against exact arithmetic (fractions), and Python's own statistics."""

import math
import random
import statistics
import sys
import unittest
from fractions import Fraction

from library import Library, random_values

EPSILON = Fraction(1, 2**52)
BEYOND = Fraction(2) ** 1024 - Fraction(2) ** 970  # from here on a double is infinite
DENORMAL = Fraction(1, 2**1074)


def rounded(exact):
    """The double that is nearest."""
    if abs(exact) >= BEYOND:
        return math.copysign(math.inf, exact)
    return exact.numerator / exact.denominator


def each(test):
    """Runs the test with random arrays, and their values that are not NaN."""

    def run(self):
        for seed in range(rounds):
            dice = random.Random(seed)
            values = random_values(dice)
            with self.subTest(seed=seed, values=values):
                test(self, dice, values, [v for v in values if not math.isnan(v)])

    return run


def each_finite(test):
    """The same with fractions, and without infinite values."""

    def run(self, dice, values, there):
        if not any(map(math.isinf, there)):
            test(self, dice, values, [Fraction(v) for v in there])

    return each(run)


class Statistics(unittest.TestCase):
    def near(self, got, exact, ulps, absolute=0):
        """got is exact but for so many units of the last place (or this much)."""
        if math.isinf(got):
            self.assertGreater(abs(exact) * (1 + ulps * EPSILON), BEYOND * (1 - 4 * EPSILON))
            self.assertEqual(got > 0, exact > 0)
            return
        self.assertFalse(math.isnan(got), f"NaN, not {rounded(exact)!r}")
        error = abs(Fraction(got) - exact)
        self.assertLessEqual(error, abs(exact) * ulps * EPSILON + absolute + DENORMAL, f"{got!r}, not {rounded(exact)!r}")

    @each
    def test_count_smallest_and_largest(self, _dice, values, there):
        self.assertEqual(library.count(values), len(there))
        if there:
            self.assertEqual((library.of("min", values), library.of("max", values)), (min(there), max(there)))
        else:
            self.assertTrue(math.isnan(library.of("min", values)) and math.isnan(library.of("max", values)))

    @each_finite
    def test_sum_and_mean(self, _dice, values, exact):
        lost = sum(map(abs, exact), Fraction(0)) * EPSILON**2 * (len(exact) + 2)
        self.near(library.of("sum", values), sum(exact, Fraction(0)), 1, lost)
        if exact:
            self.near(library.of("mean", values), sum(exact) / len(exact), 2, lost)
        else:
            self.assertTrue(math.isnan(library.of("mean", values)))

    @each
    def test_infinite_sum_and_mean(self, _dice, values, there):
        if any(map(math.isinf, there)):
            want = sum(v for v in there if math.isinf(v))
            for got in library.of("sum", values), library.of("mean", values):
                self.assertTrue(got == want or math.isnan(got) and math.isnan(want))
            self.assertTrue(math.isnan(library.sd(values, 0)))

    @each_finite
    def test_variance_and_sd(self, dice, values, exact):
        ddof = dice.choice([0, 1, 1, 2])
        if len(exact) <= ddof:
            self.assertTrue(math.isnan(library.variance(values, ddof)) and math.isnan(library.sd(values, ddof)))
            return
        mean = sum(exact) / len(exact)
        variance = sum((v - mean) ** 2 for v in exact) / (len(exact) - ddof)
        self.near(library.variance(values, ddof), variance, 12)
        sd = library.sd(values, ddof)
        if sd > 1e-300:
            self.near(sd, Fraction(math.isqrt(int(variance * 2**2400))) / 2**1200, 8)
        else:  # denormal: its square is compared, with its last place
            bound = (2 * Fraction(sd) + DENORMAL) * DENORMAL + variance * 20 * EPSILON
            self.assertLessEqual(abs(Fraction(sd) ** 2 - variance), bound)

    @each_finite
    def test_quantiles(self, dice, values, exact):
        q = dice.choice([0.0, 1.0, 0.25, 0.75, 0.1, dice.random(), dice.random()])
        got = library.quantile(values, q)
        if not exact:
            self.assertTrue(math.isnan(got))
            return
        exact.sort()
        position = (len(exact) - 1) * q
        k = int(position)
        above = exact[min(k + 1, len(exact) - 1)]
        self.near(got, exact[k] + Fraction(position - k) * (above - exact[k]), 1, 2 * EPSILON * max(abs(exact[k]), abs(above)))
        self.assertTrue(exact[k] <= got <= above)

    @each
    def test_median_and_mad(self, _dice, values, there):
        median, mad = library.ordered("median", values), library.ordered("mad", values)
        want = statistics.median(there) if there else math.nan
        self.assertTrue(median == want or math.isnan(median) and math.isnan(want), f"{median!r}, not {want!r}")
        want = statistics.median(abs(v - want) for v in there) if math.isfinite(want) else math.nan
        self.assertTrue(mad == want or math.isnan(mad) and math.isnan(want), f"{mad!r}, not {want!r}")
        scaled = library.ordered("mad_scaled", values)
        self.assertTrue(scaled == 1.4826022185056018 * mad or math.isnan(scaled) and math.isnan(mad))

    @each
    def test_scores(self, _dice, values, _there):
        median = library.ordered("median", values)
        scale, scores = library.robust_z(values)
        for value, score in zip(values, scores):
            if math.isnan(value) or not math.isfinite(scale):
                self.assertTrue(math.isnan(score))
            elif scale == 0:
                self.assertEqual(score, 0 if value == median else math.inf if value > median else -math.inf)
            else:
                self.assertEqual(score, (value - median) / scale)

    @each_finite
    def test_standard_scores(self, _dice, values, exact):
        sd, scores = library.z(values, 1)
        for value, score in zip(values, scores):
            if math.isnan(value) or math.isnan(sd):
                self.assertTrue(math.isnan(score))
            elif sd == 0:
                self.assertEqual(score, 0)
            elif sd > 1e-300:
                mean = sum(exact) / len(exact)
                self.near(score, (Fraction(value) - mean) / Fraction(sd), 4, 4 * EPSILON)

    @each
    def test_pearson(self, dice, x, _there):
        y = random_values(dice, len(x))
        if dice.random() < 0.3:
            y = [dice.choice([u, v]) for u, v in zip(x, y)]
        pairs = [(u, v) for u, v in zip(x, y) if not math.isnan(u) and not math.isnan(v)]
        got = library.pearson(x, y)
        if len(pairs) < 2 or any(map(math.isinf, sum(pairs, ()))):
            self.assertTrue(math.isnan(got))
            return
        n = len(pairs)
        us, vs = [[Fraction(v) for v in column] for column in zip(*pairs)]
        us, vs = [v - sum(us) / n for v in us], [v - sum(vs) / n for v in vs]
        squares = sum(v * v for v in us) * sum(v * v for v in vs)
        if squares == 0:
            self.assertTrue(math.isnan(got))
            return
        products = sum(u * v for u, v in zip(us, vs))
        r = math.sqrt(rounded(products**2 / squares)) * (1 if products > 0 else -1)
        self.assertLessEqual(abs(got - r), 2e-14)
        self.assertLessEqual(abs(got), 1)

    @each
    def test_welch(self, dice, a, _there):
        b = random_values(dice) if dice.random() < 0.5 else [v + dice.choice([0, 0, 1]) for v in a]
        got = library.welch_t(a, b)
        parts = [[v for v in part if not math.isnan(v)] for part in (a, b)]
        self.assertEqual((got.n_a, got.n_b), (len(parts[0]), len(parts[1])))
        if min(map(len, parts)) < 2 or any(map(math.isinf, sum(parts, []))):
            self.assertTrue(all(map(math.isnan, (got.error, got.t, got.df, got.p))))
            return
        n = [len(part) for part in parts]
        exact = [[Fraction(v) for v in part] for part in parts]
        means = [sum(part) / len(part) for part in exact]
        errors = [sum((v - m) ** 2 for v in part) / (k - 1) / k for part, m, k in zip(exact, means, n)]
        if sum(errors) == 0:
            self.assertTrue(got.error == 0 and math.isnan(got.df))
            self.assertTrue(got.p == 0 if got.difference else math.isnan(got.p))
            return
        if sum(errors) < Fraction(1, 10**600):  # denormal
            return
        df = sum(errors) ** 2 / (errors[0] ** 2 / (n[0] - 1) + errors[1] ** 2 / (n[1] - 1))
        self.near(got.df, df, 100)
        error = Fraction(math.isqrt(int(sum(errors) * 2**2400))) / 2**1200
        self.near(got.error, error, 20)
        t = (means[0] - means[1]) / error
        self.near(got.t, t, 100, 100 * EPSILON)
        self.assertEqual(got.p, library.student_p(got.t, got.df))


if __name__ == "__main__":
    library = Library(sys.argv.pop(1))
    rounds = int(sys.argv.pop(1))
    unittest.main()
