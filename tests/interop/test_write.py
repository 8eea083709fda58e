# SPDX-License-Identifier: MIT
"""What we write as pickles, pandas reads as what its own read_csv gives of the same bytes."""

import math
import pathlib
import pickle
import random
import tempfile
import unittest

import numpy
import pandas
from pandas.testing import assert_frame_equal

from tool import Refused, random_csv, read_csv, tool

RUN = pathlib.Path(__file__).parent.parent / "data" / "run-small"


class Frames(unittest.TestCase):
    def same(self, body, text=()):
        made = tool("frame", body, *text)
        expected = read_csv(body, text)
        frame = pickle.loads(made)
        assert_frame_equal(frame, expected)
        return made, frame

    def test_the_sets_of_a_run(self):
        for path in RUN.glob("*_spots.csv"):
            with self.subTest(path.name):
                self.same(path.read_bytes())
                self.same(path.read_bytes(), ["Note", "Filename", "MultiPointIndex"])

    def test_random_tables(self):
        for seed in range(150):
            body, names = random_csv(seed)
            with self.subTest(seed=seed, body=body):
                self.same(body)
                self.same(body, names[::2])
                self.same(body, names)

    def test_text_stays_text(self):
        _, frame = self.same(b'id,n\n0007,1\n"0010",\n,2\nNA,3\n', ["id"])
        self.assertEqual(list(frame["id"][:2]), ["0007", "0010"])
        self.assertTrue(frame["id"][2:].isna().all())
        self.assertEqual(str(frame["id"].dtype), "str" if pandas.__version__ >= "3" else "object")

    def test_no_rows(self):
        self.same(b"a,b\n")
        _, frame = self.same(b"a,b\n", ["b"])
        self.assertEqual((list(frame.columns), len(frame)), (["a", "b"], 0))

    def test_a_column_that_is_not_there_is_no_matter(self):
        frame = pickle.loads(tool("frame", b"a\n01\n", "b"))
        assert_frame_equal(frame, read_csv(b"a\n01\n"))

    def test_both_unpicklers_and_read_pickle(self):
        made, frame = self.same((RUN / "activity_spots.csv").read_bytes(), ["Note"])
        assert_frame_equal(pickle._loads(made), frame)  # the one that is written in Python
        with tempfile.NamedTemporaryFile(suffix=".pkl") as file:
            file.write(made)
            file.flush()
            assert_frame_equal(pandas.read_pickle(file.name), frame)

    def test_it_is_a_frame_like_any_other(self):
        _, frame = self.same((RUN / "activity_spots.csv").read_bytes(), ["Note"])
        for protocol in range(2, 6):
            again = pickle.dumps(frame, protocol=protocol)
            self.assertNotIn(b"read_csv", again)
            assert_frame_equal(pickle.loads(again), frame)

    def test_a_large_table(self):
        """Larger than the pieces in which read_csv finds types, and than a pickle's frame."""
        dice = random.Random(1)
        rows = "".join(f"{i},{dice.random()},{i % 1000:04d},{'a' * (i % 50)}\n" for i in range(200_000))
        self.same(("n,x,id,text\n" + rows).encode(), ["id"])


class Series(unittest.TestCase):
    BODY = (
        'n,big,minus,mean,tiny,huge,ok,no,empty,null,nan,text,zeros,quoted,none,data,sample_name,長い 名前\n'
        '3,123456789012345678901234567890,-9223372036854775809,0.1,5e-324,1e999,true,false,,null,nan,'
        '輝点,007,"12","",10,7,"a,""b""\nc"\n'
    ).encode()
    VALUES = [3, 123456789012345678901234567890, -9223372036854775809, 0.1, 5e-324, math.inf, True, False, None, None, math.nan]
    VALUES += ["輝点", "007", "12", "", "10", "7", 'a,"b"\nc']

    def test_values_and_their_types(self):
        series = pickle.loads(tool("series", self.BODY))
        self.assertEqual([type(value) for value in series], [type(value) for value in self.VALUES])
        self.assertEqual(repr(list(series)), repr(self.VALUES))
        self.assertEqual(list(series.index), read_csv(self.BODY).columns.tolist())
        self.assertEqual(series.dtype, numpy.dtype(object))
        self.assertIsNone(series.name)

    def test_it_is_as_a_method_makes_it(self):
        names = self.BODY.decode().split("\n")[0].split(",")
        made = pandas.Series(dict(zip(names, self.VALUES)))
        pandas.testing.assert_series_equal(pickle.loads(tool("series", self.BODY)), made)

    def test_a_frame_of_results_has_the_types_of_its_columns(self):
        lanes = [b"n,x,ok,no,data\n1,0.5,true,,0000\n", b"n,x,ok,no,data\n2,,false,,0001\n"]
        frame = pandas.DataFrame([pickle.loads(tool("series", lane)) for lane in lanes])
        self.assertEqual([kind.kind for kind in frame.dtypes][:4], ["i", "f", "b", "O"])
        self.assertEqual(frame["no"].tolist(), [None, None])
        self.assertEqual(frame["data"].tolist(), ["0000", "0001"])

    def test_integers_around_the_borders_of_their_bytes(self):
        powers = [2**bits for bits in (7, 15, 31, 63, 64, 127, 2039, 2040, 5000)]
        values = [sign * (power + step) for power in powers for sign in (1, -1) for step in (-1, 0, 1)]
        body = ",".join(f"c{i}" for i in range(len(values))) + "\n" + ",".join(str(value) for value in values) + "\n"
        self.assertEqual(list(pickle.loads(tool("series", body.encode()))), values)

    def test_floats_are_read_as_python_reads_them(self):
        dice = random.Random(2)
        values = [dice.uniform(-1, 1) * 10 ** dice.randint(-300, 300) for _ in range(500)]
        body = ",".join(f"c{i}" for i in range(len(values))) + "\n" + ",".join(repr(value) for value in values) + "\n"
        self.assertEqual(list(pickle.loads(tool("series", body.encode()))), values)

    def test_an_integer_that_python_does_not_read(self):
        self.assertEqual(pickle.loads(tool("series", b"a\n" + b"9" * 4300 + b"\n"))["a"], int("9" * 4300))
        with self.assertRaises(Refused) as refused:
            tool("series", b"a\n" + b"9" * 4301 + b"\n")
        self.assertEqual(refused.exception.args, (1, "pickle-tool: column 'a': an integer of 4301 digits"))


class Tables(unittest.TestCase):
    """A table of results is the frame that pandas makes of the lanes' series."""

    CELLS = ["", "7", "-3", "0.5", "1e300", "true", "false", "nan", "x", '"12"', '"true"', '""', '"NA"', "NA", "null", "007", "9" * 25]

    def same(self, body):
        header, *rows = body.split(b"\n")[:-1]
        series = [pickle.loads(tool("series", header + b"\n" + row + b"\n")) for row in rows]
        frame, wanted = pickle.loads(tool("table", body)), pandas.DataFrame(series)
        assert_frame_equal(frame, wanted)
        for name in wanted:
            self.assertEqual([type(value) for value in frame[name]], [type(value) for value in wanted[name]])
        return frame

    def test_columns_of_one_kind_and_of_many(self):
        dice = random.Random(5)
        for seed in range(80):
            columns = [dice.sample(self.CELLS, dice.choice([1, 1, 2, 3, len(self.CELLS)])) for _ in range(dice.randint(1, 6))]
            rows = [[dice.choice(cells) for cells in columns] for _ in range(dice.randint(1, 9))]
            lines = [[f"c{i}" for i in range(len(columns))] + ["data"]] + [row + [f"{i:04d}"] for i, row in enumerate(rows)]
            body = "".join(",".join(line) + "\n" for line in lines).encode()
            with self.subTest(seed=seed, body=body):
                self.same(body)

    def test_what_read_csv_would_take_for_missing_stays(self):
        frame = self.same(b'text,none,data\nNA,,0001\n"",,0002\nnull5,,0003\n')
        self.assertEqual(frame["text"].tolist(), ["NA", "", "null5"])
        self.assertEqual(frame["none"].tolist(), [None, None, None])

    def test_no_lane_has_a_row(self):
        frame = pickle.loads(tool("table", b"data,sample_name\n"))
        self.assertEqual((list(frame.columns), len(frame)), (["data", "sample_name"], 0))


if __name__ == "__main__":
    unittest.main()
