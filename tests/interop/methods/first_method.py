#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A method in the first dialect: ANALYSISRUN_METHOD=analyze or postprocess, one tar in, one tar out.

Sets and results are pickles. What goes wrong is an entry `error`: with status 1 where the method fails, with status 2 where
the input is no such tar.
"""

import io
import json
import os
import pickle
import sys
import traceback

import pandas

import spots


def analyze(found, out):
    data_name, sample_name = found["data_name"].decode(), found["sample_name"].decode()
    result, values = spots.lane_result(spots.sets_of(found, pickle.loads), data_name, json.loads(found["params"]))
    series = pandas.Series({**result, "data_name": data_name, "sample_name": sample_name})
    spots.add(out, "analysis_result", pickle.dumps(series, protocol=5), is_file="true")
    spots.add(out, f"images/{data_name}_curve.png", spots.picture(values), is_file="true")


def postprocess(found, out):
    frame = spots.judge(pickle.loads(found["analysis_results"]), json.loads(found["params"]))
    spots.add(out, "result_csv", frame.to_csv(index=False), is_file="true")
    for _, row in frame.iterrows():
        spots.add(out, f"result_json/{row['data_name']}", row.to_json(), is_file="true")


def answer(step, stream):
    """Runs a step. Returns its tar, and the exit status."""
    out, status = io.BytesIO(), 2
    try:
        found = spots.entries(stream)
        status = 1
        step(found, out)
        status = 0
    except Exception as error:
        traceback.print_exc()
        out = io.BytesIO()
        spots.add(out, "error", f"{type(error).__name__}: {error}")
    spots.end(out)
    return out.getvalue(), status


def main():
    steps = {"analyze": analyze, "postprocess": postprocess}
    name = os.environ.get("ANALYSISRUN_METHOD")
    if name not in steps:
        sys.exit(f"first_method: ANALYSISRUN_METHOD is {name!r}, not analyze or postprocess")
    body, status = answer(steps[name], sys.stdin.buffer)
    sys.stdout.buffer.write(body)
    sys.stdout.flush()
    sys.exit(status)


if __name__ == "__main__":
    main()
