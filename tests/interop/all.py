# SPDX-License-Identifier: MIT
"""Runs the tests of this folder with one version of pandas."""

import pathlib
import sys
import unittest

import pandas

HERE = pathlib.Path(__file__).parent

suite = unittest.defaultTestLoader.discover(str(HERE), top_level_dir=str(HERE))
result = unittest.TextTestRunner(verbosity=0, stream=sys.stderr).run(suite)
failed = len(result.failures) + len(result.errors)
print(f"pandas {pandas.__version__}: " + (f"{failed} failures" if failed else f"{result.testsRun} passed"))
sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
