# SPDX-License-Identifier: MIT
"""pickle-tool, and tables to try it on."""

import io
import os
import random
import subprocess

import pandas

TOOL = os.environ["PICKLE_TOOL"]


class Refused(Exception):
    """The tool's status and message."""


def tool(what, body, *columns):
    """Runs pickle-tool over body."""
    done = subprocess.run([TOOL, what, *columns], input=body, capture_output=True, check=False)
    if done.returncode != 0:
        raise Refused(done.returncode, done.stderr.decode().strip())
    return done.stdout


def read_csv(body, text=()):
    """What pandas' own reader gives."""
    return pandas.read_csv(io.BytesIO(body), dtype={name: str for name in text})


# ---- cells -----------------------------------------------------------------------------------------------------------

INTEGERS = ["0", "7", "-7", "+7", "007", " 7", "7 ", "12345", "9223372036854775807", "-922337203685477580", "-0"]
FLOATS = ["1.5", ".5", "5.", "-0.25", "1e5", "1E-5", "5.80", "inf", "-Infinity", "1234567.890123", "0.1", "1e-300", "+1.e3"]
BOOLEANS = ["True", "false", "TRUE", "tRue"]
MISSING = ["", "NA", "nan", "null", "N/A", "#N/A N/A", "-1.#IND", "<NA>", "1.#QNAN", "-NaN"]
TEXTS = ["x", "輝点", "a,b", 'say "hi"', "line\nbreak", "1e", "--1", "1 2", "2001-01-01", "NAN", " ", "0x10", "+", ".", "é", "1_0"]
KINDS = {"integer": INTEGERS, "float": FLOATS, "boolean": BOOLEANS, "missing": MISSING, "text": TEXTS}


def quoted(cell, dice):
    if any(c in cell for c in ',"\n\r') or dice.random() < 0.1:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def random_csv(seed):
    """A CSV in whose columns one kind of cells, or a few, are; a few rows, or none."""
    dice = random.Random(seed)
    columns = dice.randint(1, 6)
    kinds = [dice.sample(sorted(KINDS), dice.choice([1, 1, 2, 3])) for _ in range(columns)]
    rows = dice.choice([0, 1, 2, 5, 20])
    lines = [[f"c{i} 列" for i in range(columns)]]
    lines += [[dice.choice(KINDS[dice.choice(kind)]) for kind in kinds] for _ in range(rows)]
    text = "".join(",".join(quoted(cell, dice) for cell in line) + "\n" for line in lines)
    return text.encode(), lines[0]
