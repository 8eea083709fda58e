# SPDX-License-Identifier: MIT
"""The public functions of the shared library for Python: numbers and lists of numbers in, numbers and lists out."""

import ctypes

DOUBLE, SIZE = ctypes.c_double, ctypes.c_size_t


class Welch(ctypes.Structure):
    _fields_ = [("n_a", SIZE), ("n_b", SIZE)] + [(name, DOUBLE) for name in ("difference", "error", "t", "df", "p")]


class Library:
    def __init__(self, path):
        self._library = ctypes.CDLL(path)

    def _call(self, name, result, *arguments):
        function = getattr(self._library, name)
        function.restype = result
        return function(*arguments)

    @staticmethod
    def _array(values):
        return (DOUBLE * len(values))(*values)

    def of(self, name, values, *more, result=DOUBLE):
        """ar_NAME(values, n, …)"""
        array = self._array(values)
        got = self._call("ar_" + name, result, array, SIZE(len(values)), *more)
        assert bytes(array) == bytes(self._array(values)), name + " changed its values"
        return got

    def count(self, values):
        return self.of("count", values, result=SIZE)

    def variance(self, values, ddof):
        return self.of("variance", values, SIZE(ddof))

    def sd(self, values, ddof):
        return self.of("sd", values, SIZE(ddof))

    def ordered(self, name, values, *more):
        """A statistic of order, with memory of its own; and the same with the caller's."""
        got = self.of(name, values, *more, None)
        again = self.of(name, values, *more, self._array(values))
        assert bytes(DOUBLE(got)) == bytes(DOUBLE(again)), name + " depends on whose the memory is"
        return got

    def quantile(self, values, q):
        return self.ordered("quantile", values, DOUBLE(q))

    def robust_z(self, values):
        z = self._array([0.0] * len(values))
        return self.of("robust_z", values, z), list(z)

    def z(self, values, ddof):
        z = self._array([0.0] * len(values))
        return self.of("z", values, SIZE(ddof), z), list(z)

    def pearson(self, x, y):
        return self._call("ar_pearson", DOUBLE, self._array(x), self._array(y), SIZE(len(x)))

    def welch_t(self, a, b):
        return self._call("ar_welch_t", Welch, self._array(a), SIZE(len(a)), self._array(b), SIZE(len(b)))

    def student_p(self, t, df):
        return self._call("ar_student_p", DOUBLE, DOUBLE(t), DOUBLE(df))


def random_values(dice, n=None):
    """n values, else any number: as they come, and equal, far from 0, huge, denormal, NaN, infinite."""
    n = dice.choice([0, 1, 2, 3, dice.randint(4, 60), dice.randint(4, 60)]) if n is None else n
    kind = dice.choice(["normal", "equal", "few", "far", "range", "huge", "tiny", "whole"])
    middle = dice.choice([1e9, -1e9, 1e15, 123456.789])
    value = dice.gauss(0, 1)
    make = {
        "normal": lambda: dice.gauss(3, 2),
        "equal": lambda: value,
        "few": lambda: dice.choice([0.1, 0.2, -0.0, 0.0]),
        "far": lambda: middle + dice.gauss(0, 1) * dice.choice([1e-3, 1]),
        "range": lambda: dice.choice([1, -1]) * 10 ** dice.uniform(-300, 299),
        "huge": lambda: dice.uniform(-1e300, 1e300),
        "tiny": lambda: 5e-324 * dice.randint(-100, 100),
        "whole": lambda: float(dice.randint(-5, 20)),
    }[kind]
    values = [make() for _ in range(n)]
    rare = dice.random()
    for i in range(n):
        if rare < 0.3 and dice.random() < 0.2:
            values[i] = float("nan")
        if rare < 0.1 and dice.random() < 0.1:
            values[i] = dice.choice([float("inf"), float("-inf")])
    return values
