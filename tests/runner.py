# SPDX-License-Identifier: MIT
# What the methods have in common: their tars, and stand-ins for pandas.
import csv, functools, io, json, os, pickle, signal, sys, tarfile, types

class Series:
    def __init__(self, values, labels, dtype):
        self.row = dict(zip(labels, values, strict=True))
    def __reduce__(self):
        return Series, (list(self.row.values()), list(self.row), 'object')
Series.__module__ = 'pandas'

def read_csv(source, dtype={}):
    rows = list(csv.DictReader(io.TextIOWrapper(source, encoding='utf-8', newline='')))
    return types.SimpleNamespace(rows=rows, text=sorted(dtype))

def DataFrame(rows, index, columns):
    return types.SimpleNamespace(rows=[dict(zip(columns, row, strict=True)) for row in rows], columns=columns)

class Reader(pickle.Unpickler):
    known = {('functools', 'partial'): functools.partial, ('io', 'BytesIO'): io.BytesIO, ('pandas', 'read_csv'): read_csv,
             ('pandas', 'DataFrame'): DataFrame, ('pandas', 'Series'): Series}
    def find_class(self, module, name):
        return self.known[module, name]

def load(bytes):
    return Reader(io.BytesIO(bytes)).load()

def series(**values):
    sys.modules['pandas'] = types.SimpleNamespace(Series=Series)
    return pickle.dumps(Series(values.values(), values, 'object'), 4)

def asked():
    with tarfile.open(fileobj=sys.stdin.buffer, mode='r|') as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}

printed = [0] # bytes
def add(name, body, **keywords):
    info = tarfile.TarInfo(name)
    body = body.encode() if isinstance(body, str) else body
    info.size, info.pax_headers = len(body), keywords
    text = info.tobuf(tarfile.PAX_FORMAT) + body + bytes(-len(body) % 512)
    sys.stdout.buffer.write(text)
    sys.stdout.flush()
    printed[0] += len(text)

def end():
    sys.stdout.buffer.write(bytes(1024))
    sys.stdout.flush()

# When the worker has what was printed so far (it collects that in a file of the work folder), kills it.
def kill_worker():
    import glob, time
    while sum(map(os.path.getsize, glob.glob('../.*.out'))) < printed[0]:
        time.sleep(0.01)
    os.kill(os.getppid(), signal.SIGKILL)
    signal.pause()
