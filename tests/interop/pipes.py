# SPDX-License-Identifier: MIT
"""Our tools in pipelines, as a shell composes them, with real pandas on the other side."""

import io
import os
import pathlib
import re
import subprocess
import sys
import tarfile

import pandas
import wrapper

HERE = pathlib.Path(__file__).parent
DATA = HERE.parent / "data"
GOLDEN = DATA / "golden"
RUN = DATA / "run-small"
SPOTS = HERE.parent.parent / "share" / "methods" / "spot-stats-py"
TEXT = {"data": str, "data_name": str, "sample_name": str}
LANES = ["0000", "0001", "0007", "0010"]

# The two ends of a pipeline of lanes, from the run's CSV files to lane inputs.
SPLIT = 'ar-split -q -s "$RUN/samples.csv" activity_spots="$RUN/activity_spots.csv" surrounding_spots="$RUN/surrounding_spots.csv" 2>/dev/null'
CLEANSE = 'ar-cleanse -q -m "$MANIFEST"'
PACK = 'ar-pack -q -m "$MANIFEST"'
ANALYZE = 'ar-analyze -q -m "$MANIFEST" -- "$METHOD"'
# Of the rows of the run some have such an entity, and what passes is for the rules to say.
NEAR = "ar-cleanse: warning: dropped for case or blanks alone: .*\n"
INPUTS = f'{SPLIT} | {CLEANSE} | {PACK} -p "$RUN/params.json"'

# What stands in for a method of the Python runner.
DROP_IN = f"ar-convert -q --from first | {CLEANSE} | {PACK} | {ANALYZE} | ar-convert -q --to first"
DROP_IN_POST = 'ar-convert -q --from first | ar-post -q -- "$SPOTS/judge" | ar-convert -q --to first'
DROP_IN_SEQ = f"ar-convert -q --from present | {CLEANSE} | {PACK} | {ANALYZE} | ar-convert -q --to present"
DROP_IN_RUN = f'ar-convert -q --from present | ar-split -q 2>/dev/null | {CLEANSE} | {PACK} | {ANALYZE} | ar-merge -q | \
    ar-post -q -- "$SPOTS/judge" | ar-convert -q --to present'


class Done:
    """What a pipeline gave."""

    def __init__(self, done):
        self.body, self.status, self.said = done.stdout, done.returncode, re.sub(NEAR, "", done.stderr.decode())

    def answer(self):
        return wrapper.Answer(self.body)

    def entries(self):
        """Those of a stream of ours, as a dict name -> bytes."""
        with tarfile.open(fileobj=io.BytesIO(self.body)) as tar:
            return {info.name: tar.extractfile(info).read() for info in tar}


def pipe(script, body=b"", **variables):
    """Runs a pipeline; its status is that of the last command that failed."""
    environment = {name: value for name, value in os.environ.items() if name != "AR_LANG" and not name.startswith("ANALYSISRUN_")}
    environment.update(PATH=os.environ["AR_BIN"] + ":" + os.environ["PATH"], LC_ALL="C.UTF-8", PYTHON=sys.executable)
    environment.update(RUN=str(RUN), SPOTS=str(SPOTS), METHODS=str(HERE / "methods"))
    environment.update(MANIFEST=str(SPOTS / "manifest.json"), METHOD=str(SPOTS / "analyze"))
    environment.update((name, str(value)) for name, value in variables.items())
    command = ["bash", "-o", "pipefail", "-c", script]
    return Done(subprocess.run(command, input=body, capture_output=True, check=False, env=environment))


def method(name, body, **variables):
    """Runs one of the methods in this folder by itself."""
    return pipe(f'"$PYTHON" -W ignore "$METHODS/{name}"', body, **variables)


def golden_table(dialect):
    return pandas.read_csv(GOLDEN / dialect / "result.csv", dtype=TEXT)


def golden_answer(name):
    return wrapper.Answer((GOLDEN / name).read_bytes())
