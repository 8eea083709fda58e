#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""golden.py [--tolerance T] [--ignore COLUMN]… RESULT GOLDEN

Compares a result table (RESULT, in which quotes tell text from numbers) with the one that the Python runner wrote (GOLDEN, as
pandas writes CSV). Rows are matched by data name. Integers, text and booleans must be the same, other numbers agree to a
relative 1e-12. What pandas writes True is true here, what it names data_name is data. Prints each difference; the status is 0
when there is none, 1 when there are some, 2 when a file cannot be read.
"""

import argparse
import math
import re
import sys

CELL = re.compile(r'("(?:[^"]|"")*"|[^,\r\n]*)(,|\r\n|\n|$)')
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)$")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$")
TEXT_COLUMNS = ("data", "sample_name")


def raw_rows(path):
    """Yields the rows of a CSV file as lists of raw cells."""
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    row, at = [], 0
    while at < len(text):
        match = CELL.match(text, at)
        at = match.end()
        row.append(match[1])
        if match[2] != ",":
            if row != [""]:
                yield row
            row = []
            if match[2] == "" and at < len(text):
                raise ValueError(f"{path}: text behind a quoted cell at character {at}")
    if row:
        yield row + [""]


def plain(cell):
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def table(path, names=()):
    """Returns the column names, and a dict data name -> {column: raw cell}."""
    header, *rows = raw_rows(path)
    columns = [dict(names).get(plain(cell), plain(cell)) for cell in header]
    if "data" not in columns:
        raise ValueError(f"{path}: no column data")
    lanes = {}
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"{path}: a row of {len(row)} cells where the header has {len(columns)}: {row}")
        lane = dict(zip(columns, row))
        if plain(lane["data"]) in lanes:
            raise ValueError(f"{path}: two rows of lane {lane['data']}")
        lanes[plain(lane["data"])] = lane
    return columns, lanes


def same(column, cell, golden, tolerance):
    """Whether a raw cell of the result is what the golden one says."""
    value = plain(golden)
    if column in TEXT_COLUMNS:
        return plain(cell) == value
    if value in ("True", "False"):
        return cell == value.lower()
    if value == "":  # pandas writes the empty text and what is missing alike
        return plain(cell) in ("", "null")
    if INTEGER.match(value):
        return cell == value
    if NUMBER.match(value):
        return bool(NUMBER.match(cell)) and math.isclose(float(cell), float(value), rel_tol=tolerance, abs_tol=0.0)
    return plain(cell) == value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result")
    parser.add_argument("golden")
    parser.add_argument("--tolerance", type=float, default=1e-12, metavar="T")
    parser.add_argument("--ignore", action="append", default=[], metavar="COLUMN", help="a column that is not compared")
    args = parser.parse_args()
    try:
        columns, lanes = table(args.result)
        golden_columns, golden = table(args.golden, {"data_name": "data"}.items())
    except (OSError, ValueError) as error:
        print(f"golden.py: {error}", file=sys.stderr)
        return 2

    differences = []
    if [c for c in columns if c not in args.ignore] != [c for c in golden_columns if c not in args.ignore]:
        differences.append(f"columns: {','.join(columns)}\ngolden:  {','.join(golden_columns)}")
    if list(lanes) != list(golden):
        differences.append(f"lanes: {' '.join(lanes)}\ngolden: {' '.join(golden)}")
    for name in golden:
        for column in golden_columns:
            if name in lanes and column in columns and column not in args.ignore:
                cell, want = lanes[name][column], golden[name][column]
                if not same(column, cell, want, args.tolerance):
                    differences.append(f"lane {name}, {column}: {cell}\n    golden: {want}")
    print("\n".join(differences), end="\n" if differences else "")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
