# SPDX-License-Identifier: MIT
"""The library's statistics are those of pandas, numpy and, where it is installed, scipy."""

import math
import os
import pathlib
import random
import sys
import unittest

import numpy
import pandas

try:
    import scipy.stats
except ImportError:
    scipy = None

sys.path.append(str(pathlib.Path(__file__).parent.parent))
from library import Library, random_values  # noqa: E402

library = Library(os.environ["AR_LIBRARY"])
ROUNDS = 1500


def plain(values):
    """Do the others' sums keep enough digits for these values? (Theirs overflow and underflow, and are not compensated.)"""
    sizes = [abs(v) for v in values if v != 0 and math.isfinite(v)]
    return not sizes or (max(sizes) < 1e150 and min(sizes) > 1e-150 and max(sizes) < 1e6 * min(sizes))


def spread(values):
    """And their variances, and what is divided by them?"""
    return plain(values) and numpy.isfinite(values).all() and values.std() > 1e-6 * abs(values).max()


class Statistics(unittest.TestCase):
    def same(self, got, want, relative=1e-12, absolute=0):
        if math.isnan(want) or math.isinf(want):
            self.assertTrue(got == want or math.isnan(got) and math.isnan(want), f"{got!r}, not {want!r}")
        else:
            self.assertLessEqual(abs(got - want), relative * abs(want) + absolute + 1e-322, f"{got!r}, not {want!r}")

    def each(self, check):
        for seed in range(ROUNDS):
            dice = random.Random(seed)
            values = random_values(dice)
            with self.subTest(seed=seed, values=values), numpy.errstate(all="ignore"):
                check(dice, values, pandas.Series(values, dtype=float))

    def test_any_values(self):
        def check(_dice, values, series):
            self.assertEqual(library.count(values), series.count())
            self.same(library.of("min", values), series.min(), 0)
            self.same(library.of("max", values), series.max(), 0)
            if not series.isin([math.inf, -math.inf]).any():
                self.same(library.ordered("median", values), series.median(), 0)
                self.same(library.ordered("mad", values), (series - series.median()).abs().median(), 0)

        self.each(check)

    def test_sums_and_moments(self):
        def check(_dice, values, series):
            if not plain(values):
                return
            size = series.abs().max() if series.count() else 0
            if math.isinf(size):
                size = 0
            self.same(library.of("sum", values), series.sum(), 1e-12, 1e-13 * size)
            self.same(library.of("mean", values), series.mean(), 1e-12, 1e-14 * size)
            for ddof in 0, 1, 2:
                self.same(library.variance(values, ddof), series.var(ddof=ddof), 1e-11, (1e-14 * size) ** 2)
                self.same(library.sd(values, ddof), series.std(ddof=ddof), 1e-11, 1e-14 * size)

        self.each(check)

    def test_quantiles(self):
        def check(dice, values, series):
            if series.isin([math.inf, -math.inf]).any():
                return  # numpy says NaN between a number and infinity
            for q in 0, 0.1, 0.25, 0.5, 1, dice.random():
                want = series.quantile(q)
                # pandas takes q × 100 and back: its position is another by some roundings.
                self.same(library.quantile(values, q), want, 0, 1e-13 * (series.abs().max() if series.count() else 0))
            if series.count():
                want = float(numpy.quantile(series.dropna(), 0.3))
                self.same(library.quantile(values, 0.3), want, 1e-15, 1e-15 * series.abs().max())

        self.each(check)

    def test_pearson(self):
        def check(dice, values, series):
            other = random_values(dice, len(values))
            partner = pandas.Series(other, dtype=float)
            pairs = pandas.DataFrame({"x": series, "y": partner}).dropna()
            if len(pairs) < 2 or pairs.x.nunique() == 1 or pairs.y.nunique() == 1:
                self.assertTrue(math.isnan(library.pearson(values, other)))
            elif spread(pairs.x) and spread(pairs.y):
                self.same(library.pearson(values, other), series.corr(partner), 1e-9, 1e-9)

        self.each(check)


@unittest.skipUnless(scipy, "scipy is not installed")
class AgainstScipy(unittest.TestCase):
    same = Statistics.same
    each = Statistics.each

    def test_p_values(self):
        dice = random.Random(1)
        for _ in range(10000):
            df = dice.choice([10 ** dice.uniform(-2, 4), float(dice.randint(1, 200)), 10 ** dice.uniform(0, 8)])
            t = dice.choice([dice.uniform(0, 5), dice.uniform(0, 30), 10 ** dice.uniform(-5, 5)])
            want = 2 * float(scipy.stats.t.sf(t, df))
            if want > 1e-290:
                with self.subTest(t=t, df=df):
                    self.same(library.student_p(t, df), want)

    def test_mad(self):
        def check(_dice, values, series):
            there = series.dropna()
            if there.isin([math.inf, -math.inf]).any():
                return
            want = float(scipy.stats.median_abs_deviation(there)) if len(there) else math.nan
            self.same(library.ordered("mad", values), want, 0)
            self.same(library.ordered("mad_scaled", values), want / scipy.stats.norm.ppf(0.75), 1e-15)

        self.each(check)

    def test_welch(self):
        def check(dice, values, series):
            other = [v + dice.gauss(0, 1) for v in values] if dice.random() < 0.5 else random_values(dice)
            samples = [numpy.array([v for v in sample if not math.isnan(v)]) for sample in (values, other)]
            if not all(len(sample) >= 2 and spread(sample) for sample in samples):
                return
            want = scipy.stats.ttest_ind(*samples, equal_var=False)
            got = library.welch_t(values, other)
            self.same(got.t, float(want.statistic), 1e-9, 1e-9)
            self.same(got.df, float(want.df), 1e-8)
            if abs(got.t) < 1000:
                self.same(got.p, float(want.pvalue), 1e-6)

        self.each(check)


if __name__ == "__main__":
    unittest.main()
