# SPDX-License-Identifier: MIT
"""What pandas writes as pickles, we read as what its own to_csv(index=False) gives of the same frame."""

import pickle
import random
import unittest
import zoneinfo

import numpy
import pandas

from tool import TEXTS, Refused, random_csv, read_csv, tool

try:
    import pyarrow
except ImportError:
    pyarrow = None

PROTOCOLS = range(2, 6)
STRINGS = ["string[python]"]
if pyarrow:
    STRINGS.append("string[pyarrow]")
if pandas.__version__ >= "3":  # what str is there without pyarrow
    STRINGS.append(pandas.StringDtype("python", na_value=numpy.nan))
SIGNED, UNSIGNED = ("int8", "int16", "int32", "int64"), ("uint8", "uint16", "uint32", "uint64")


# ---- random columns --------------------------------------------------------------------------------------------------


def integers(dice, rows, dtype):
    limits = numpy.iinfo(dtype)
    values = [dice.choice([0, 1, limits.min, limits.max, dice.randint(limits.min, limits.max)]) for _ in range(rows)]
    return numpy.array(values, dtype=dtype)


def random_float(dice):
    bits = dice.getrandbits(64).to_bytes(8, "little")
    return dice.choice(
        [
            0.0,
            -0.0,
            float("nan"),
            float("inf"),
            -float("inf"),
            float(dice.randint(-(10**6), 10**6)),
            round(dice.uniform(-100, 100), dice.randint(0, 6)),
            dice.uniform(-1, 1) * 10 ** dice.randint(-20, 25),
            float(numpy.frombuffer(bits, dtype="<f8")[0]),
        ]
    )


def floats(dice, rows, dtype):
    with numpy.errstate(over="ignore"):
        return numpy.array([random_float(dice) for _ in range(rows)], dtype="float64").astype(dtype)


def random_object(dice):
    numbers = [0, -7, 10**30, -(2**63), 0.1, 1e100, numpy.int64(7), numpy.float64(0.1)]
    return dice.choice([None, float("nan"), True, False, numpy.bool_(True), "", *TEXTS, *numbers])


def texts(dice, rows, absent=(None,)):
    return [dice.choice([*TEXTS, "", "0007", "True", "\r\n", "a" * 300, *absent]) for _ in range(rows)]


def nullable(dice, rows, dtype):
    makers = {"Int64": lambda: dice.randint(-(2**63), 2**63 - 1), "UInt8": lambda: dice.randint(0, 255)}
    makers.update({"Float64": lambda: dice.uniform(-9, 9), "boolean": lambda: dice.random() < 0.5})
    return pandas.array([pandas.NA if dice.random() < 0.3 else makers[dtype]() for _ in range(rows)], dtype=dtype)


def column(dice, rows):
    kind = dice.choice(["int", "uint", "float", "float32", "bool", "object", "text", "inferred", "nullable", "string"])
    if kind == "int":
        return integers(dice, rows, dice.choice(SIGNED))
    if kind == "uint":
        return integers(dice, rows, dice.choice(UNSIGNED))
    if kind == "float":
        return floats(dice, rows, "float64")
    if kind == "float32":
        return floats(dice, rows, "float32")
    if kind == "bool":
        return numpy.array([dice.random() < 0.5 for _ in range(rows)], dtype=bool)
    if kind == "object":
        return pandas.Series([random_object(dice) for _ in range(rows)], dtype=object)
    if kind == "text":
        return pandas.Series(texts(dice, rows, (None, float("nan"))), dtype=object)
    if kind == "inferred":
        return texts(dice, rows)
    if kind == "string":
        return pandas.array(texts(dice, rows), dtype=dice.choice(STRINGS))
    return nullable(dice, rows, dice.choice(["Int64", "UInt8", "Float64", "boolean"]))


def reshaped(dice, frame):
    """The same frame as it comes out of different hands: filtered, sliced, sorted, in another order in memory."""
    shape = dice.randrange(8)
    if shape == 0:
        return frame[[dice.random() < 0.5 for _ in range(len(frame))]]
    if shape == 1:
        return frame.iloc[1:-1]
    if shape == 2:
        return frame.iloc[::-2]
    if shape == 3:
        return frame[list(frame.columns)[::-1]]
    if shape == 4:
        return frame.copy()
    if shape == 5:
        return frame.set_index(pandas.Index([f"r{i}" for i in range(len(frame))], name="row"))
    if shape == 6:
        return pandas.concat([frame, frame], ignore_index=dice.random() < 0.5)
    return frame


def random_frame(seed):
    dice = random.Random(seed)
    rows = dice.choice([0, 1, 2, 7, 30])
    names = dice.sample(["n", "Area", "輝点", "a,b", 'q"', "x y", "line\nbreak", "0", "None"], dice.randint(1, 6))
    columns = [pandas.Series(column(dice, rows)) for _ in names]
    return reshaped(dice, pandas.DataFrame(dict(zip(names, columns))))


# ---- tests -----------------------------------------------------------------------------------------------------------


class Frames(unittest.TestCase):
    def same(self, frame, protocols=PROTOCOLS):
        expected = frame.to_csv(index=False).encode()
        for protocol in protocols:
            self.assertEqual(tool("pandas", pickle.dumps(frame, protocol=protocol)), expected)

    def test_random_frames(self):
        for seed in range(250):
            frame = random_frame(seed)
            with self.subTest(seed=seed, types=[str(dtype) for dtype in frame.dtypes]):
                self.same(frame)

    def test_what_read_csv_gives(self):
        for seed in range(100):
            body, _ = random_csv(seed)
            with self.subTest(seed=seed, body=body):
                self.same(read_csv(body), (4, 5))

    def test_one_block_of_floats_in_both_orders(self):
        values = numpy.arange(12.0).reshape(4, 3) / 7
        for order in "CF":
            self.same(pandas.DataFrame(numpy.array(values, order=order), columns=["a", "b", "c"]))
        self.same(pandas.DataFrame(values.T, columns=list("abcd")))

    def test_a_large_frame(self):
        dice = numpy.random.default_rng(4)
        n = numpy.arange(20_000)
        frame = pandas.DataFrame({"n": n, "x": dice.normal(size=len(n)), "id": [f"{i:05d}" for i in n]})
        self.same(frame, (4, 5))
        self.same(frame[frame["x"] > 0], (4, 5))

    def test_a_lone_cr_is_quoted(self):
        """It would end a row; Python's csv module, which pandas calls, quotes it from 3.13 on only."""
        self.assertEqual(tool("pandas", pickle.dumps(pandas.DataFrame({"a": ["\r", "b\rc"]}))), b'a\n"\r"\n"b\rc"\n')

    def test_what_cannot_be_a_table_of_ours(self):
        times = pandas.to_datetime(["2001-02-03"])
        zones = [times.tz_localize(zone) for zone in ("UTC", "Asia/Tokyo", zoneinfo.ZoneInfo("Asia/Tokyo"))]
        more = [times.to_period("M"), pandas.IntervalIndex.from_breaks([0, 1]), pandas.arrays.SparseArray([0]), [{1}], ["\ud800"]]
        for value in (times, pandas.Categorical(["a"]), [1 + 2j], [[1, 2]], times - times, *zones, *more):
            value = value if not isinstance(value, list) else pandas.Series(value, dtype=object)
            frame = pandas.DataFrame({"fine": [1], "bad": value, "too": value})
            for protocol in PROTOCOLS:
                with self.subTest(frame.dtypes["bad"], protocol=protocol):
                    self.assertRaisesRegex(Refused, "column 'bad'", tool, "pandas", pickle.dumps(frame, protocol=protocol))

    def test_rows_that_times_name(self):
        days = pandas.date_range("2001-02-03", periods=2)
        for rows in (days, days.tz_localize("UTC"), days.to_period("D"), days - days[0], pandas.timedelta_range("1h", periods=2)):
            with self.subTest(rows):
                self.same(pandas.DataFrame({"n": [1, 2]}, index=rows))

    def test_what_is_no_table(self):
        for value in ({"a": 1}, [1], "text", None, print, pandas.Timestamp(0)):
            self.assertRaises(Refused, tool, "pandas", pickle.dumps(value))

    def test_our_own(self):
        for body, text in ((b"a,b\n007,1\n", ["a"]), (b"a\n", []), ('"x, y",輝点\n"""",\n'.encode(), ["x, y", "輝点"])):
            self.assertEqual(tool("pandas", tool("frame", body, *text)), body)
            self.assertEqual(tool("typed", tool("frame", body, *text)), body)


class Series(unittest.TestCase):
    def test_results(self):
        values = {"n": 3, "x": numpy.float64(0.1), "i": numpy.int64(-7), "ok": True, "b": numpy.bool_(False), "none": None}
        values.update({"nan": float("nan"), "big": 10**40, "text": "007", "many": 'a,"b"\nc', "data_name": "0001"})
        series = pandas.Series(values)
        expected = series.to_frame().T.to_csv(index=False).encode()
        for protocol in PROTOCOLS:
            self.assertEqual(tool("pandas", pickle.dumps(series, protocol=protocol)), expected)
        typed = 'n,x,i,ok,b,none,nan,big,text,many,data_name\n3,0.1,-7,true,false,,,%d,007,"a,""b""\nc",0001\n' % 10**40
        self.assertEqual(tool("typed", pickle.dumps(series)).decode(), typed)

    def test_floats_only(self):
        for values in ([0.5, 1.0, float("nan")], [1, 2, 3], [True, False, True], ["a", "b", "c"]):
            series = pandas.Series(values, index=["a", "b", "c"])
            expected = series.to_frame().T.to_csv(index=False).encode()
            self.assertEqual(tool("pandas", pickle.dumps(series)), expected)

    def test_typed_values_come_back_as_they_went(self):
        body = 'n,x,ok,none,digits,word,empty,text\n3,0.5,true,,"12","true","",007\n'.encode()
        self.assertEqual(tool("typed", tool("series", body)), body)


if __name__ == "__main__":
    unittest.main()
