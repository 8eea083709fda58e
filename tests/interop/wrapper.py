#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The other side of a method's wire, as the Python runner and the web service's wrapper speak it.

    wrapper.py first-analyze RUN DATA             the input of a first-dialect method for a lane
    wrapper.py first-postprocess RUN RESULT…      the same for its postprocess, from the lanes' result tars
    wrapper.py analyzeseq RUN                     the input of a present-dialect method: all lanes, gzipped
    wrapper.py run RUN                            the input of a whole run in the present dialect, gzipped
    wrapper.py read                               reads what came back: what each entry is, as JSON

RUN is a folder with params.json, samples.csv and a CSV for each set. A tar is written to standard output; read reads one from
standard input. --param NAME=JSON changes a param.
"""

import argparse
import gzip
import io
import json
import pathlib
import pickle
import sys
import tarfile

import pandas

sys.path.insert(0, str(pathlib.Path(__file__).parent / "methods"))
import spots  # noqa: E402


class Run:
    """The files of a run."""

    def __init__(self, folder, changes=()):
        folder = pathlib.Path(folder)
        self.params = json.loads((folder / "params.json").read_text())
        self.params.update((name, json.loads(value)) for name, value in (change.split("=", 1) for change in changes))
        self.samples = (folder / "samples.csv").read_bytes()
        self.sets = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.csv")) if path.name != "samples.csv"}

    def params_json(self):
        return json.dumps(self.params, ensure_ascii=False)

    def targets(self):
        table = pandas.read_csv(io.BytesIO(self.samples), dtype=str, keep_default_na=False)
        return dict(zip(table["data"], table["sample"]))

    def frames(self):
        return {name: pandas.read_csv(io.BytesIO(body)) for name, body in self.sets.items()}

    def add_sets(self, out, sets):
        for name, body in sets.items():
            spots.add(out, spots.SET_PREFIX + name, body, is_file="true")


# ---- what is sent ----------------------------------------------------------------------------------------------------


def finish(out):
    """Ends the tar and fills its last record, as tarfile does."""
    spots.end(out)
    return out.getvalue() + bytes(-len(out.getvalue()) % tarfile.RECORDSIZE)


def first_analyze(run, data_name):
    """The whole sets, of all lanes, and which lane to take."""
    out = io.BytesIO()
    spots.add(out, "data_name", data_name)
    spots.add(out, "sample_name", run.targets()[data_name])
    spots.add(out, "params", run.params_json())
    run.add_sets(out, {name: pickle.dumps(frame, protocol=5) for name, frame in run.frames().items()})
    return finish(out)


def first_postprocess(run, results):
    """results: the Series of the lanes."""
    out = io.BytesIO()
    spots.add(out, "analysis_results", pickle.dumps(pandas.DataFrame(results), protocol=5), is_file="true")
    spots.add(out, "params", run.params_json())
    return finish(out)


def analyzeseq(run):
    """The sets with the rows of all targets, cleansed."""
    targets, frames = run.targets(), {}
    for name, frame in run.frames().items():
        frame = frame[frame["Entity"] == spots.ENTITIES[name]]
        frames[name] = frame[spots.lanes(frame).isin(list(targets))]
    out = io.BytesIO()
    spots.add(out, "targets", json.dumps(targets, ensure_ascii=False))
    spots.add(out, "params", run.params_json())
    run.add_sets(out, {name: pickle.dumps(frame, protocol=5) for name, frame in frames.items()})
    return gzip.compress(finish(out), mtime=0)


def whole_run(run):
    """The sets as they came."""
    out = io.BytesIO()
    spots.add(out, "params", run.params_json())
    spots.add(out, "sample_names", run.samples, is_file="true")
    run.add_sets(out, run.sets)
    return gzip.compress(finish(out), mtime=0)


# ---- what comes back -------------------------------------------------------------------------------------------------


class Answer:
    """A tar that came back: its entries in their order, and whether it ends as a whole tar does."""

    def __init__(self, body):
        body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        self.infos, self.bodies, behind = [], {}, 0
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            for info in tar:
                self.infos.append(info)
                self.bodies[info.name] = tar.extractfile(info).read()
                behind = info.offset_data + -(-info.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        self.whole = len(body) >= behind + 2 * tarfile.BLOCKSIZE

    def names(self):
        return [info.name for info in self.infos]

    def error(self):
        return self.bodies["error"].decode() if "error" in self.bodies else None

    def series(self):
        """The lane's result in the first dialect."""
        return pickle.loads(self.bodies["analysis_result"])

    def frame(self, name):
        """A table that came as CSV."""
        return pandas.read_csv(io.BytesIO(self.bodies[name]), dtype={"data": str, "data_name": str, "sample_name": str})

    def describe(self):
        """One JSON object per entry."""
        for info in self.infos:
            body = self.bodies[info.name]
            line = {"name": info.name, "bytes": info.size, **info.pax_headers}
            if body[:1] == b"\x80":
                value = pickle.loads(body)
                line["type"] = type(value).__name__
                line["csv"] = (value.to_frame().T if isinstance(value, pandas.Series) else value).to_csv(index=False)
            elif body[:4] != b"\x89PNG":
                line["text"] = body.decode()
            yield json.dumps(line, ensure_ascii=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("first-analyze", "first-postprocess", "analyzeseq", "run", "read"))
    parser.add_argument("arguments", nargs="*")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=JSON")
    options = parser.parse_args()
    if options.what == "read":
        answer = Answer(sys.stdin.buffer.read())
        print(*answer.describe(), sep="\n")
        sys.exit(0 if answer.whole and answer.error() is None else 1)
    if not options.arguments:
        parser.error("which run?")
    run, rest = Run(options.arguments[0], options.param), options.arguments[1:]
    if options.what == "first-analyze":
        body = first_analyze(run, *rest)
    elif options.what == "first-postprocess":
        body = first_postprocess(run, [Answer(pathlib.Path(path).read_bytes()).series() for path in rest])
    else:
        body = {"analyzeseq": analyzeseq, "run": whole_run}[options.what](run)
    sys.stdout.buffer.write(body)


if __name__ == "__main__":
    main()
