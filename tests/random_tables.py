#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cuts random tables into lanes with ar-split, filters them with ar-cleanse, and holds the outcome against other programs.

usage: random_tables.py python|miller TABLES SEED

Many tables go through one process, as the sets of a run. What must come out is known three times over: from the rows as they were
generated (bytes), from Python's csv module or Miller (cells), and from the ledger (counts).
"""
import collections
import csv
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile

BATCH = 250
LANES = ['0000', '007', '7', '-rf', 'a b', 'caf\u00e9', 'cafe\u0301', '"q"', 'x,y', '\u65e5\u672c', '1e3', 'None']
NAMED, UNNAMED = LANES[:9], LANES[9:]
PIECES = ['', '', '0', '5.80', '007', '-0', '1e3', 'true', 'null', 'NaN', ' ', '  pad ', '\t', 'a', 'Spots', '\u00e9', 'e\u0301',
          '\u8f1d\u70b9', '\U0001f52c', '\u2028', ',', '"', '""', '\n', '\r\n', '\r', '\n\n', "'", '\\', ';', '#', '=', '-', '\ufeff', '\x1b[1m']


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


class Table:
    """A random table: its bytes, and each row as cells and as bytes (without the line end)."""

    def __init__(self, rng, careful):
        """careful: nothing in which Miller's reader differs by design: CR, a quote within a bare cell, a blank line, a BOM."""
        self.rng, self.careful = rng, careful
        self.ends = ['\n'] if careful else rng.choice([['\n'], ['\n'], ['\r\n'], ['\r'], ['\n', '\r\n', '\r']])
        columns = rng.choice([1, 1, 2, 3, 5, 8, 30])
        self.header = []
        while len(self.header) < columns:
            name = self.text(lambda: rng.choice(PIECES)) + rng.choice('abc')
            if name.lstrip('\ufeff') not in [other.lstrip('\ufeff') for other in self.header]:
                self.header.append(name)
        self.key = rng.randrange(columns)
        self.header[0] = self.header[0].lstrip('\ufeff')  # at the start of a file it is a BOM
        self.header[self.key] = 'key'
        self.where = None
        if columns > 1:
            self.where = rng.choice([i for i in range(columns) if i != self.key])
            self.header[self.where] = 'where'
        self.rows = [self.row() for _ in range(rng.choice([0, 1, 2, 10, 40]))]
        if self.rows:  # one at least of a lane that is named: a set without any is refused
            self.rows[rng.randrange(len(self.rows))][self.key] = rng.choice(NAMED)
        self.raw = [self.raw_row(row) for row in [self.header] + self.rows]
        self.bytes = self.join().encode()

    def text(self, piece):
        text = ''.join(piece() for _ in range(self.rng.choice([0, 1, 1, 1, 2, 4])))
        return text.replace('\r', '').replace('\ufeff', '') if self.careful else text

    def row(self):
        row = [self.text(lambda: self.rng.choice(PIECES)) for _ in self.header]
        row[self.key] = self.rng.choice(LANES + ['']) if self.rng.random() < .9 else self.rng.choice(NAMED)
        if self.where is not None:
            row[self.where] = self.rng.choice(['Spots', 'spots', 'a,b', 'x"y', '\n', '', '5.80', '5.8'])
        for i in reversed(range(len(row))):  # trailing empty cells
            if i in (self.key, self.where) or self.rng.random() < .6:
                break
            row[i] = ''
        return row

    def raw_row(self, row):
        cells = []
        for cell in row:
            bare = not any(c in cell for c in ',\n\r') and not cell.startswith('"')
            if self.careful:
                bare = bare and '"' not in cell
            bare = bare and self.rng.random() < .8
            cells.append(cell if bare else quoted(cell))
        text = ','.join(cells)
        return text or '""'  # nothing at all would be a blank line

    def join(self):
        text = '\ufeff' if not self.careful and self.rng.random() < .2 else ''
        for i, raw in enumerate(self.raw):
            if not self.careful and self.rng.random() < .1:
                text += self.rng.choice(self.ends)
            text += raw
            if i + 1 < len(self.raw) or self.rng.random() < .8:
                text += self.rng.choice(self.ends)
        return text

    def lane_of(self, row):
        return row[self.key]


def fail(*words):
    sys.exit(' '.join(str(w) for w in words))


def check(what, got, wanted):
    if got != wanted:
        fail(f'{what}:\n got    {got!r}\n wanted {wanted!r}')


def read_csv(data):
    """Header and rows, by Python's csv module in strict mode."""
    csv.field_size_limit(1 << 30)
    rows = [row for row in csv.reader(io.StringIO(data.decode('utf-8-sig'), newline=''), strict=True) if row]
    return rows[0], rows[1:]


def read_miller(folder, names):
    """Rows of all files at once, by Miller. Its JSON does not escape all that must be: so separators that no cell holds."""
    out = subprocess.run(['mlr', '-S', '--icsv', '--odkvp', '--ofs', '\x1f', '--ops', '\x1d', '--ors', '\x1e', 'put', '$file=FILENAME'] + names,
                         cwd=folder, check=True, stdout=subprocess.PIPE).stdout.decode()
    rows = {name: [] for name in names}
    for record in out.split('\x1e')[:-1]:
        *row, name = [field.split('\x1d')[1] for field in record.split('\x1f')]
        rows[name].append(row)
    return rows


def read_tar(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def run(argv, folder, data=b''):
    done = subprocess.run(argv, cwd=folder, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        fail(argv[0], 'ended with', done.returncode, done.stderr.decode(errors='replace')[-2000:])
    return done.stdout


def check_lanes(tables, entries, keep, judge):
    """Each lane of each set holds the rows that keep() says, to the byte, and as the judge reads them."""
    for name, table in tables.items():
        lanes = collections.defaultdict(list)
        for row, raw in zip(table.rows, table.raw[1:]):
            if keep(table, row):
                lanes[table.lane_of(row)].append((row, raw))
        for lane in NAMED:
            body = entries[f'{lane}/image_analysis_results/{name}']
            wanted = ''.join(raw + '\n' for raw in [table.raw[0]] + [raw for _, raw in lanes[lane]])
            check(f'bytes of {name}, lane {lane}', body, wanted.encode())
            header, rows = read_csv(body)
            check(f'header of {name}', header, table.header)
            check(f'rows of {name}, lane {lane}', rows, judge(name, lane, keep))


def check_ledgers(tables, entries):
    """rows of the source = rows of its lanes + rows dropped, by counts that are Python's."""
    top = json.loads(entries['ledger'])['sets']
    of_lane = {lane: json.loads(entries[f'{lane}/ledger'])['sets'] for lane in NAMED}
    check('sets of the ledger', sorted(top), sorted(tables))
    for name, table in tables.items():
        count = collections.Counter(table.lane_of(row) for row in table.rows)
        account = top[name]
        check(f'{name}: rows', account['rows'], len(table.rows))
        check(f'{name}: rows_by_lane', {k: v for k, v in account['rows_by_lane'].items() if v}, {k: count[k] for k in NAMED if count[k]})
        dropped = account.get('dropped', {})
        check(f'{name}: no lane', dropped.get('no_lane', 0), count[''])
        check(f'{name}: not named', dropped.get('not_in_samples', 0), sum(count[k] for k in UNNAMED))
        check(f'{name}: the account closes', sum(account['rows_by_lane'].values()) + sum(dropped.values()), account['rows'])
        for lane in NAMED:
            record = of_lane[lane][name][-1]
            check(f'{name}, lane {lane}: bytes', record['bytes'], len(entries[f'{lane}/image_analysis_results/{name}']))
            check(f'{name}, lane {lane}: rows and dropped', record['rows'] + sum(record.get('dropped', {}).values()), count[lane])


def python_judge(tables):
    read = {name: read_csv(table.bytes)[1] for name, table in tables.items()}

    def judge(name, lane, keep):
        table = tables[name]
        return [row for row in read[name] if row[table.key] == lane and keep(table, row)]
    return judge


def miller_judge(tables, folder):
    read = read_miller(folder, [f'{name}.csv' for name in tables])

    def judge(name, lane, keep):
        table = tables[name]
        return [row for row in read[f'{name}.csv'] if row[table.key] == lane and keep(table, row)]
    return judge


def try_batch(rng, n, other):
    tables = {f't{i}': Table(rng, other == 'miller') for i in range(n)}
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables.items():
            with open(os.path.join(folder, f'{name}.csv'), 'wb') as f:
                f.write(table.bytes)
        with open(os.path.join(folder, 'samples'), 'w', encoding='utf-8', newline='') as f:
            csv.writer(f).writerows([['data', 'sample']] + [[lane, f'sample {lane}'] for lane in NAMED])
        judge = miller_judge(tables, folder) if other == 'miller' else python_judge(tables)
        split = run(['ar-split', '-q', '--lane-key', 'key', '-s', 'samples'] + [f'{name}={name}.csv' for name in tables], folder)
        entries = read_tar(split)
        check_lanes(tables, entries, lambda table, row: True, judge)
        check_ledgers(tables, entries)
        wanted = {name: rng.choice(['Spots', 'a,b', 'x"y', '\n', '', '5.80']) for name in tables}
        rules = []
        for name, table in tables.items():
            rules += ['--none', name] if table.where is None else ['-w', f'{name}=where=={wanted[name]}']
            table.wanted = wanted[name]
        entries = read_tar(run(['ar-cleanse', '-q'] + rules, folder, split))
        check_lanes(tables, entries, lambda table, row: table.where is None or row[table.where] == table.wanted, judge)
        check_ledgers(tables, entries)
    return sum(len(table.rows) for table in tables.values())


def main():
    other, n, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(f'seed {seed}')
    rng = random.Random(seed)
    rows = 0
    for start in range(0, n, BATCH):
        rows += try_batch(rng, min(BATCH, n - start), other)
    print(f'{n} tables, {rows} rows')


main()
