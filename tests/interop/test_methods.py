# SPDX-License-Identifier: MIT
"""The methods of the older dialects give the recorded results, in every version of pandas."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

from pandas.testing import assert_frame_equal

import wrapper

HERE = pathlib.Path(__file__).parent
DATA = HERE.parent / "data"
TEXT = {"data": str, "data_name": str, "sample_name": str}


def run_method(name, body, **variables):
    """Runs a method. Returns its answer and its status."""
    environment = {**os.environ, **variables}
    command = [sys.executable, str(HERE / "methods" / name)]
    done = subprocess.run(command, input=body, capture_output=True, check=False, env=environment)
    return wrapper.Answer(done.stdout), done.returncode


def golden(dialect):
    return wrapper.pandas.read_csv(DATA / "golden" / dialect / "result.csv", dtype=TEXT)


class First(unittest.TestCase):
    def setUp(self):
        self.run_ = wrapper.Run(DATA / "run-small")

    def analyze(self, data_name):
        return run_method("first_method.py", wrapper.first_analyze(self.run_, data_name), ANALYSISRUN_METHOD="analyze")

    def test_a_whole_run(self):
        lanes = {data_name: self.analyze(data_name) for data_name in self.run_.targets()}
        for data_name, (answer, status) in lanes.items():
            self.assertEqual((status, answer.whole), (0, True))
            self.assertEqual(answer.names(), ["analysis_result", f"images/{data_name}_curve.png"])
        body = wrapper.first_postprocess(self.run_, [answer.series() for answer, _ in lanes.values()])
        answer, status = run_method("first_method.py", body, ANALYSISRUN_METHOD="postprocess")
        self.assertEqual((status, answer.whole), (0, True))
        self.assertEqual(answer.names(), ["result_csv"] + [f"result_json/{data_name}" for data_name in lanes])
        assert_frame_equal(answer.frame("result_csv"), golden("first"))
        self.assertEqual(json.loads(answer.bodies["result_json/0007"])["mean"], 4035.3333333333)

    def test_failures(self):
        self.run_.params["fail"] = "0001"
        answer, status = self.analyze("0001")
        self.assertEqual((status, answer.names(), answer.error()), (1, ["error"], "ValueError: broken lane"))
        answer, status = run_method("first_method.py", b"no tar", ANALYSISRUN_METHOD="analyze")
        self.assertEqual((status, answer.names()), (2, ["error"]))


class Analyzeseq(unittest.TestCase):
    def setUp(self):
        self.run_ = wrapper.Run(DATA / "run-small")

    def analyze(self, body):
        return run_method("analyzeseq_method.py", body, ANALYSISRUN_MODE="analyzeseq")

    def test_all_lanes(self):
        answer, status = self.analyze(wrapper.analyzeseq(self.run_))
        self.assertEqual((status, answer.whole), (0, True))
        lanes = list(self.run_.targets())
        files = ("images/{0}_curve.png", "analysis_result")
        self.assertEqual(answer.names(), [f"{lane}/{name.format(lane)}" for lane in lanes for name in files])
        self.assertEqual(answer.infos[0].pax_headers, {"is_file": "true", "image_type": "line"})
        expected = golden("present").drop(columns=["rel", "judge"])
        for row, lane in enumerate(lanes):
            got = answer.frame(f"{lane}/analysis_result")
            assert_frame_equal(got, expected[row : row + 1].reset_index(drop=True), check_dtype=False)

    def test_failures(self):
        self.run_.params["fail"] = "0001"
        answer, status = self.analyze(wrapper.analyzeseq(self.run_))
        self.assertEqual((status, answer.whole), (1, False))
        self.assertEqual(answer.names(), ["0000/images/0000_curve.png", "0000/analysis_result", "error"])
        answer, status = self.analyze(b"no tar")
        self.assertEqual((status, answer.names(), answer.whole), (2, ["error"], False))


if __name__ == "__main__":
    unittest.main()
