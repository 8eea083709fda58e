# SPDX-License-Identifier: MIT
"""At every joint of the Python runner's wire our tools stand on either side, and the numbers are the recorded ones.

The other side is wrapper.py, which makes and reads tars with pandas, and the methods in methods/, which test_methods.py holds
against the recorded results.
"""

import json
import math
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import unittest

import numpy
import pandas
from pandas.testing import assert_frame_equal, assert_series_equal

import pipes
import spots
import wrapper
from pipes import GOLDEN, LANES, pipe

CLOSE = 1e-12
OURS = 'ar-analyze -q -m "$MANIFEST" -j 2 -c {} -- "$PYTHON" -W ignore "$METHODS/{}"'


def kind(value):
    """The type of a value, whoever made it."""
    for kinds in ((bool, numpy.bool_), (int, numpy.integer), (float, numpy.floating), (str,), (type(None),)):
        if isinstance(value, kinds):
            return kinds[0]
    raise TypeError(type(value))


class Joint(unittest.TestCase):
    def setUp(self):
        self.run_ = wrapper.Run(pipes.RUN)

    def same_series(self, ours, theirs, **options):
        """Integers and texts are the same, floats close."""
        assert_series_equal(ours, theirs, rtol=CLOSE, atol=0, **options)
        self.assertEqual([kind(value) for value in ours], [kind(value) for value in theirs])
        for name in theirs.index:
            if kind(theirs[name]) is not float:
                self.assertEqual(ours[name], theirs[name])

    def is_golden(self, table, dialect, *options):
        """A table of ours, in which quotes tell text from numbers."""
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            file.write(table)
            file.flush()
            command = [sys.executable, pipes.HERE.parent / "golden.py", *options, file.name, GOLDEN / dialect / "result.csv"]
            done = subprocess.run(command, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout.decode(), done.stderr.decode()), (0, "", ""))

    def pictures(self):
        """Those of spot-stats-py, by lane."""
        done = pipe(f"{pipes.INPUTS} | {pipes.ANALYZE}")
        return {lane: done.entries()[f"{lane}/images/{lane}_curve.png"] for lane in LANES}

    def ok(self, done):
        self.assertEqual((done.status, done.said), (0, ""))
        return done

    def is_error(self, done, status, golden, *more):
        """A tar that says the same as the Python runner's; more: what stands on standard error."""
        answer, wanted = done.answer(), pipes.golden_answer(golden)
        self.assertEqual((done.status, answer.whole), (status, wanted.whole), done.said)
        self.assertEqual(answer.names(), wanted.names())
        self.assertEqual(answer.error().split("\n")[0], wanted.error().split("\n")[0])
        for text in more:
            self.assertIn(text, done.said)


# ---- our method behind their wrapper ---------------------------------------------------------------------------------


class DropInFirst(Joint):
    def analyze(self, data_name):
        body = wrapper.first_analyze(self.run_, data_name)
        theirs = pipes.method("first_method.py", body, ANALYSISRUN_METHOD="analyze").answer()
        return self.ok(pipe(pipes.DROP_IN, body, ANALYSISRUN_METHOD="analyze")).answer(), theirs

    def test_a_whole_run(self):
        pictures, series = self.pictures(), []
        for lane in LANES:
            ours, theirs = self.analyze(lane)
            self.assertTrue(ours.whole)
            self.assertEqual([(info.name, info.pax_headers) for info in ours.infos], [(i.name, i.pax_headers) for i in theirs.infos])
            self.same_series(ours.series(), theirs.series())
            self.assertEqual(ours.bodies[f"images/{lane}_curve.png"], pictures[lane])
            series.append(ours.series())
        body = wrapper.first_postprocess(self.run_, series)
        ours = self.ok(pipe(pipes.DROP_IN_POST, body, ANALYSISRUN_METHOD="postprocess")).answer()
        theirs = pipes.method("first_method.py", body, ANALYSISRUN_METHOD="postprocess").answer()
        self.assertEqual((ours.whole, ours.names()), (True, theirs.names()))
        assert_frame_equal(ours.frame("result_csv"), pipes.golden_table("first"), rtol=CLOSE, atol=0)
        for name in ours.names()[1:]:
            self.same_json(json.loads(ours.bodies[name]), json.loads(theirs.bodies[name]))

    def same_json(self, ours, theirs):
        """to_json has ten digits."""
        self.assertEqual(list(ours), list(theirs))
        for name, value in theirs.items():
            self.assertEqual(kind(ours[name]), kind(value))
            self.assertTrue(ours[name] == value or math.isclose(ours[name], value, abs_tol=1e-10), name)

    @unittest.skipIf(pandas.__version__ < "2.2", "the recorded pickles are numpy 2's")
    def test_recorded_inputs(self):
        for lane in ("0000", "0001"):
            done = self.ok(pipe(pipes.DROP_IN, (GOLDEN / f"first/analyze-{lane}.in.tar").read_bytes()))
            recorded = pipes.golden_answer(f"first/analyze-{lane}.out.tar").series()
            self.same_series(done.answer().series(), recorded, check_index_type=False)
        done = self.ok(pipe(pipes.DROP_IN_POST, (GOLDEN / "first/postprocess.in.tar").read_bytes()))
        assert_frame_equal(done.answer().frame("result_csv"), pipes.golden_table("first"), rtol=CLOSE, atol=0)

    def test_a_postprocess_gets_what_pandas_made_of_the_series(self):
        """Our merged stream as their postprocess's input, from our results and from theirs."""
        merged = self.ok(pipe(f"{pipes.INPUTS} | {pipes.ANALYZE} | ar-merge -q | ar-convert -q --to first")).answer()
        body = [wrapper.first_analyze(self.run_, lane) for lane in LANES]
        series = [pipes.method("first_method.py", lane, ANALYSISRUN_METHOD="analyze").answer().series() for lane in body]
        assert_frame_equal(pickle.loads(merged.bodies["analysis_results"]), pandas.DataFrame(series), rtol=CLOSE, atol=0)
        self.assertEqual(json.loads(merged.bodies["params"]), self.run_.params)

    def test_failures(self):
        failing = 'ar-analyze -q -- sh -c "echo broken lane >&2; exit 3"'
        script = pipes.DROP_IN.replace(pipes.ANALYZE, failing)
        body = wrapper.first_analyze(self.run_, "0001")
        self.is_error(pipe(script, body), 1, "first/error-in-method.out.tar", "broken lane", "status 3")
        for body in (b"no tar", b"", body[:3000]):
            self.is_error(pipe(pipes.DROP_IN, body), 2, "first/error-not-a-tar.out.tar")
        script = pipes.DROP_IN_POST.replace('"$SPOTS/judge"', 'sh -c "echo no judge >&2; exit 3"')
        body = wrapper.first_postprocess(self.run_, [self.analyze("0000")[1].series()])
        self.is_error(pipe(script, body), 1, "first/error-in-method.out.tar", "no judge")


class DropInPresent(Joint):
    def test_all_lanes(self):
        body = wrapper.analyzeseq(self.run_)
        ours = self.ok(pipe(pipes.DROP_IN_SEQ, body, ANALYSISRUN_MODE="analyzeseq")).answer()
        theirs = pipes.method("analyzeseq_method.py", body, ANALYSISRUN_MODE="analyzeseq").answer()
        self.assertEqual((ours.whole, ours.names()), (True, theirs.names()))
        pictures = self.pictures()
        for lane in LANES:
            self.assertEqual(ours.bodies[f"{lane}/images/{lane}_curve.png"], pictures[lane])
            name = f"{lane}/analysis_result"
            assert_frame_equal(ours.frame(name), theirs.frame(name), rtol=CLOSE, atol=0)
        self.assertEqual(ours.infos[0].pax_headers, {"is_file": "true", "image_type": "distribution"})

    def test_a_whole_run(self):
        ours = self.ok(pipe(pipes.DROP_IN_RUN, wrapper.whole_run(self.run_))).answer()
        wanted = pipes.golden_answer("present/run.out.tar.gz")
        self.assertEqual((ours.whole, sorted(ours.names())), (True, sorted(wanted.names())))
        assert_frame_equal(ours.frame("result_csv"), pipes.golden_table("present"), rtol=CLOSE, atol=0)
        pictures = self.pictures()
        for lane in LANES:
            self.assertEqual(ours.bodies[f"{lane}/images/{lane}_curve.png"], pictures[lane])
            got, want = (json.loads(answer.bodies[f"{lane}/result_json"]) for answer in (ours, wanted))
            self.assertEqual(list(got), list(want))
            for name, text in want.items():
                number = name in ("mean", "sd", "area", "rel")
                self.assertTrue(math.isclose(float(got[name]), float(text), rel_tol=CLOSE) if number else got[name] == text, name)

    def test_failures(self):
        failing = "ar-analyze -q -- sh -c 'test $AR_DATA_NAME != 0001 && exec \"$METHOD\" || { echo broken lane >&2; exit 3; }'"
        script = pipes.DROP_IN_SEQ.replace(pipes.ANALYZE, failing)
        done = pipe(script, wrapper.analyzeseq(self.run_), ANALYSISRUN_MODE="analyzeseq")
        self.is_error(done, 1, "present/analyzeseq-second-lane-fails.out.tar", "broken lane")
        done = pipe(pipes.DROP_IN_RUN.replace(pipes.ANALYZE, failing), wrapper.whole_run(self.run_))
        answer, wanted = done.answer(), pipes.golden_answer("present/run-one-lane-fails.out.tar.gz")
        self.assertEqual((done.status, answer.whole, answer.names()[-1]), (1, False, "error"))
        self.assertEqual(sorted(answer.names()), sorted(wanted.names()))
        self.assertEqual(done.body[:2], b"\x1f\x8b")
        self.is_error(pipe(pipes.DROP_IN_RUN, b"no tar"), 2, "present/run-not-a-tar.out.tar.gz")


# ---- their methods in our pipeline -----------------------------------------------------------------------------------


class TheirMethods(Joint):
    def test_first(self):
        post = 'ar-post -q -c first -- "$PYTHON" -W ignore "$METHODS/first_method.py"'
        done = self.ok(pipe(f"{pipes.INPUTS} | {OURS.format('first', 'first_method.py')} | ar-merge -q | {post}")).entries()
        self.is_golden(done["result_csv"], "first")
        for lane in LANES:
            theirs = pipes.method("first_method.py", wrapper.first_analyze(self.run_, lane), ANALYSISRUN_METHOD="analyze").answer()
            name = f"images/{lane}_curve.png"
            self.assertEqual(done[f"{lane}/{name}"], theirs.bodies[name])

    def test_analyzeseq(self):
        theirs = pipes.method("analyzeseq_method.py", wrapper.analyzeseq(self.run_), ANALYSISRUN_MODE="analyzeseq").answer()
        done = self.ok(pipe(f"{pipes.INPUTS} | {OURS.format('analyzeseq', 'analyzeseq_method.py')} | ar-merge -q | "
                            'ar-post -q -- "$SPOTS/judge"')).entries()
        self.is_golden(done["result_csv"], "present")
        for lane in LANES:
            name = f"{lane}/images/{lane}_curve.png"
            self.assertEqual(done[name], theirs.bodies[name])

    def test_one_lane_fails_and_the_others_go_on(self):
        for contract, name in (("first", "first_method.py"), ("analyzeseq", "analyzeseq_method.py")):
            with self.subTest(contract):
                script = f"{pipes.INPUTS} -P fail='\"0001\"' | {OURS.format(contract, name)}"
                done = pipe(script)
                entries = done.entries()
                self.assertEqual(done.status, 1, done.said)
                self.assertIn("ValueError: broken lane", entries["0001/error"].decode())
                self.assertEqual([lane for lane in LANES if f"{lane}/analysis_result" in entries], ["0000", "0007", "0010"])

    def test_a_method_of_the_other_dialect_is_told(self):
        for contract, name, variable in (("first", "analyzeseq_method.py", "MODE=analyzeseq"), ("analyzeseq", "first_method.py", "METHOD=analyze")):
            script = f'{pipes.INPUTS} | ar-analyze -q -c {contract} -- env ANALYSISRUN_{variable} "$PYTHON" "$METHODS/{name}"'
            done = pipe(script)
            self.assertEqual((done.status, len([n for n in done.entries() if n.endswith("/error")])), (1, len(LANES)))


# ---- the frames that methods get -------------------------------------------------------------------------------------


class Frames(Joint):
    """What our tools hand to a method is what the Python runner's method sees, types included."""

    KEEP = 'sh -c \'d=$(mktemp -d "$KEPT/XXXXXX"); tee "$d/tar" | "$PYTHON" -W ignore "$METHODS/{}"\''

    def wanted(self, name, lanes):
        """The rows of these lanes that pass the cleansing, of the set as the runner reads it."""
        frame = pandas.read_csv(pipes.RUN / f"{name}.csv")
        rows = [spots.lane_rows(frame, name, lane) for lane in lanes]
        return pandas.concat(rows).reset_index(drop=True)

    def same(self, body, lanes):
        entries = wrapper.Answer(body).bodies
        for name in spots.ENTITIES:
            assert_frame_equal(pickle.loads(entries[spots.SET_PREFIX + name]), self.wanted(name, lanes))
        return entries

    def manifests(self, folder):
        """The method's own, and one that lists a column as text."""
        manifest = json.loads((pipes.SPOTS / "manifest.json").read_text())
        yield pipes.SPOTS / "manifest.json"
        for one in manifest["image_analysis_results"].values():
            one["text"] = ["Note"]
        manifest.update(analyze=[str(pipes.SPOTS / "analyze")], postprocess=[str(pipes.SPOTS / "judge")])
        path = pathlib.Path(folder) / "text.json"
        path.write_text(json.dumps(manifest))
        yield path

    def test_converted(self):
        with tempfile.TemporaryDirectory() as folder:
            for manifest in self.manifests(folder):
                lanes = pathlib.Path(folder) / manifest.stem
                self.ok(pipe(f'{pipes.INPUTS} -d "$OUT"', MANIFEST=manifest, OUT=lanes))
                for lane in LANES:
                    done = self.ok(pipe('ar-convert -q --to first -m "$MANIFEST"', (lanes / f"{lane}.tar").read_bytes(), MANIFEST=manifest))
                    self.same(done.body, [lane])
                self.same(self.ok(pipe(f'{pipes.INPUTS} | ar-convert -q --to present -m "$MANIFEST"', MANIFEST=manifest)).body, LANES)

    def test_handed_to_a_method(self):
        for contract, name in (("first", "first_method.py"), ("analyzeseq", "analyzeseq_method.py")):
            with tempfile.TemporaryDirectory() as folder:
                for manifest in self.manifests(folder):
                    script = f'{pipes.INPUTS} | ar-analyze -q -j 2 -m "$MANIFEST" -c {contract} -- {self.KEEP.format(name)}'
                    self.ok(pipe(script, MANIFEST=manifest, KEPT=folder))
                seen = []
                for tar in pathlib.Path(folder).glob("*/tar"):
                    entries = wrapper.Answer(tar.read_bytes()).bodies
                    lanes = [entries["data_name"].decode()] if contract == "first" else list(json.loads(entries["targets"]))
                    self.same(tar.read_bytes(), lanes)
                    seen += lanes
                self.assertEqual(sorted(seen), sorted(2 * LANES))

    @unittest.skipUnless(pandas.__version__.startswith("2."), "the types of the recorded frames are those of pandas 2")
    def test_recorded_sets(self):
        body = (GOLDEN / "first/analyze-0001.in.tar").read_bytes()
        script = f"ar-convert -q --from first | {pipes.CLEANSE} | {pipes.PACK} | ar-convert -q --to first"
        entries, recorded = self.same(self.ok(pipe(script, body)).body, ["0001"]), wrapper.Answer(body).bodies
        for name in spots.ENTITIES:
            frame = pickle.loads(recorded[spots.SET_PREFIX + name])
            wanted = spots.lane_rows(frame, name, "0001").reset_index(drop=True)
            assert_frame_equal(pickle.loads(entries[spots.SET_PREFIX + name]), wanted)


# ---- what may come in ------------------------------------------------------------------------------------------------


def bomb():
    """A pickle that ends the process of whoever loads it."""

    class Bomb:
        def __reduce__(self):
            return os._exit, (99,)

    return pickle.dumps(Bomb())


class Inputs(Joint):
    def tar(self, entries):
        out = wrapper.io.BytesIO()
        for name, body in entries:
            spots.add(out, name, body, **({"is_file": "true"} if name.startswith(spots.SET_PREFIX) else {}))
        return wrapper.finish(out)

    def first(self, lane="0001", frames=None, **changes):
        """The entries of an analyze's input."""
        entries = {"data_name": lane, "sample_name": self.run_.targets().get(lane, lane), "params": self.run_.params_json(), **changes}
        sets = {spots.SET_PREFIX + name: pickle.dumps(frame) for name, frame in (frames or self.run_.frames()).items()}
        return list({**entries, **sets}.items())

    def series(self, entries, *said):
        done = pipe(pipes.DROP_IN, self.tar(entries))
        self.assertEqual((done.status, done.said == ""), (0, not said), done.said)
        for text in said:
            self.assertIn(text, done.said)
        return done.answer().series()

    def test_sets_of_the_run_and_of_the_lane_cleansed_and_not(self):
        frames = self.run_.frames()
        of_lane = {name: frame[spots.lanes(frame) == "0001"] for name, frame in frames.items()}
        cleansed = {name: frame[frame["Entity"] == spots.ENTITIES[name]] for name, frame in frames.items()}
        both = {name: spots.lane_rows(frame, name, "0001") for name, frame in frames.items()}
        wanted = self.series(self.first())
        for made in (of_lane, cleansed, both, {name: frame.reset_index(drop=True) for name, frame in both.items()}):
            self.same_series(self.series(self.first(frames=made)), wanted)

    def test_entries_in_any_order(self):
        entries = self.first()
        self.same_series(self.series(entries[::-1]), self.series(entries))

    def test_an_empty_lane(self):
        series = self.series(self.first("0099"), "no row of the set 'activity_spots' is of the lane '0099'; its rows are of '0000', '0001'")
        self.assertEqual((series["n"], series["total"], series["mean"], series["data_name"]), (0, 0, None, "0099"))
        none = {name: frame[:0] for name, frame in self.run_.frames().items()}
        self.same_series(self.series(self.first("0099", none)), series)

    def test_a_lane_of_the_targets_that_no_set_holds(self):
        entries = dict(self.first())
        del entries["data_name"], entries["sample_name"]
        entries["targets"] = json.dumps({"0001": "one", "0099": "none", "0000": "zero"})
        answer = self.ok(pipe(pipes.DROP_IN_SEQ, self.tar(entries.items()), ANALYSISRUN_MODE="analyzeseq")).answer()
        self.assertEqual([answer.frame(f"{lane}/analysis_result")["n"][0] for lane in ("0001", "0099", "0000")], [36, 0, 30])

    def test_lanes_in_columns(self):
        """As texts they are lanes; once pandas has read them as numbers their zeros are gone, which is said."""
        frames = self.run_.frames()
        for frame in frames.values():
            frame["Data"] = spots.lanes(frame)
            frame["ImageAnalysisMethod"] = "ImgAnalysisV1"
        self.same_series(self.series(self.first(frames=frames)), self.series(self.first()))
        for frame in frames.values():
            frame["Data"] = frame["Data"].astype(int)
        done = pipe("ar-convert -q --from first", self.tar(self.first(frames=frames)))
        self.assertEqual(done.status, 0)
        self.assertIn("is of the lane '0001'; its rows are of '0', '1', '7', '10', '9999'", done.said)
        self.assertIn("zeros count", done.said)

    def test_what_cannot_be_used(self):
        entries = self.first()
        cases = {
            "params that are no JSON": (self.first(params="{"), "params"),
            "params that are no object": (self.first(params="[1]"), "params"),
            "a set that is no frame": (entries + [(spots.SET_PREFIX + "more", pickle.dumps({"a": 1}))], "more"),
            "a set that executes something": (entries + [(spots.SET_PREFIX + "more", bomb())], "_exit"),
            "a series for a set": (entries + [(spots.SET_PREFIX + "more", pickle.dumps(pandas.Series([1])))], "series"),
        }
        for name in [name for name, _ in entries if not name.startswith(spots.SET_PREFIX)]:
            cases[f"without {name}"] = ([entry for entry in entries if entry[0] != name], name)
            cases[f"{name} twice"] = (entries + [entry for entry in entries if entry[0] == name], name)
        for what, (made, said) in cases.items():
            with self.subTest(what):
                self.is_error(pipe(pipes.DROP_IN, self.tar(made)), 2, "first/error-not-a-tar.out.tar", said)

    def test_preprocessed_data_is_handed_on_and_never_read(self):
        entries = dict(self.first())
        del entries["data_name"], entries["sample_name"]
        entries.update(targets=json.dumps(self.run_.targets()), preprocessed_data=bomb())
        script = f"ar-convert -q --from present | {pipes.CLEANSE} | {pipes.PACK} | ar-convert -q --to present"
        answer = self.ok(pipe(script, self.tar(entries.items()))).answer()
        self.assertEqual(answer.bodies["preprocessed_data"], bomb())
        answer = self.ok(pipe(pipes.DROP_IN_SEQ, self.tar(entries.items()), ANALYSISRUN_MODE="analyzeseq")).answer()
        self.assertEqual(len(answer.names()), 2 * len(LANES))


if __name__ == "__main__":
    unittest.main()
