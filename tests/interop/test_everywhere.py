# SPDX-License-Identifier: MIT
"""The notebook's cell of analysisrun-everywhere(7), run as it stands there."""

import os
import pathlib
import re
import shutil
import tempfile
import unittest

from pandas.testing import assert_frame_equal

import wrapper

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
DATA = HERE.parent / "data"


def cell():
    page = (ROOT / "man" / "analysisrun-everywhere.7").read_text(encoding="utf-8")
    return re.search(r'^\.\\" cell\n\.Bd [^\n]*\n(.*?)^\.Ed$', page, re.M | re.S)[1]


class Cell(unittest.TestCase):
    def test_the_table_is_the_one_recorded(self):
        before, path = os.getcwd(), os.environ["PATH"]
        with tempfile.TemporaryDirectory() as folder:
            for name, target in (("samples", "samples"), ("activity_spots", "as"), ("surrounding_spots", "ss")):
                shutil.copy(DATA / "run-small" / f"{name}.csv", os.path.join(folder, f"{target}.csv"))
            shutil.copy(DATA / "run-small" / "params.json", folder)
            os.symlink(ROOT / "share" / "methods" / "spot-stats-sh", os.path.join(folder, "method"))
            names = {}
            os.environ["PATH"] = os.environ["AR_BIN"] + os.pathsep + path
            os.chdir(folder)
            try:
                exec(compile(cell(), "cell", "exec"), names)
            finally:
                os.chdir(before)
                os.environ["PATH"] = path
        table = names["table"]
        self.assertEqual(list(table["data"]), ["0000", "0001", "0007", "0010"])
        self.assertEqual(table["sample_name"][3], "007")
        wanted = wrapper.pandas.read_csv(DATA / "golden" / "first" / "result.csv", dtype={"data_name": str, "sample_name": str})
        assert_frame_equal(table, wanted.rename(columns={"data_name": "data"})[list(table.columns)])


if __name__ == "__main__":
    unittest.main()
