#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A method in the present dialect, ANALYSISRUN_MODE=analyzeseq: all lanes of `targets`, one after the other, in one process.

Sets are pickles with the rows of all lanes; the whole tar may be gzipped. Results are CSV, and each lane's are written as soon
as it is done. After a failure an entry `error` ends the tar, without end-of-archive blocks; the status is 1, or 2 where the
input is no such tar.
"""

import json
import os
import pickle
import sys
import traceback

import pandas

import spots


def analyze(out, sets, params, data_name, sample_name):
    result, values = spots.lane_result(sets, data_name, params)
    row = pandas.DataFrame([{**result, "data": data_name, "sample_name": sample_name}])
    name = f"{data_name}/images/{data_name}_curve.png"
    spots.add(out, name, spots.picture(values), is_file="true", image_type="line")
    spots.add(out, f"{data_name}/analysis_result", row.to_csv(index=False), is_file="true")


def run(stream, out):
    """Returns the exit status."""
    status, where = 2, "input"
    try:
        found = spots.entries(stream)
        params, targets = json.loads(found["params"]), json.loads(found["targets"])
        sets = spots.sets_of(found, pickle.loads)
        status = 1
        for data_name, sample_name in targets.items():
            where = f"{data_name} ({sample_name})"
            analyze(out, sets, params, data_name, sample_name)
            out.flush()
        spots.end(out)
        status = 0
    except Exception as error:
        traceback.print_exc()
        spots.add(out, "error", f"{where}: {type(error).__name__}: {error}")
    return status


def main():
    if os.environ.get("ANALYSISRUN_MODE") != "analyzeseq":
        sys.exit("analyzeseq_method: ANALYSISRUN_MODE is not analyzeseq")
    status = run(sys.stdin.buffer, sys.stdout.buffer)
    sys.stdout.flush()
    sys.exit(status)


if __name__ == "__main__":
    main()
