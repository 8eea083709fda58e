# SPDX-License-Identifier: MIT
"""Runs the tests of this folder with one version of pandas."""

import io
import pathlib
import sys
import unittest

import pandas

HERE = pathlib.Path(__file__).parent

said = io.StringIO()
suite = unittest.defaultTestLoader.discover(str(HERE), top_level_dir=str(HERE))
result = unittest.TextTestRunner(verbosity=0, stream=said).run(suite)
# A test may fail in several of its parts.
failed = len({getattr(case, "test_case", case).id() for case, _ in result.failures + result.errors})
skipped = len(result.skipped)
good = result.wasSuccessful() and result.testsRun > 0
if not good:
    print(said.getvalue())
passed = f"{result.testsRun - failed - skipped} passed" + (f", {skipped} skipped" if skipped else "")
print(f"pandas {pandas.__version__}: {passed}" + (f", {failed} failed" if failed else ""))
sys.exit(0 if good else 1)
