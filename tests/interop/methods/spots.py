# SPDX-License-Identifier: MIT
"""What the methods in this folder have in common: the numbers of a lane, the judgement over all lanes, and the tars.

The numbers are those of tests/data/golden: see lane_result and judge. The params of a test may hold "fail": the data name of a
lane in which the method raises an exception.
"""

import io
import struct
import tarfile
import zlib

ENTITIES = {"activity_spots": "Activity Spots", "surrounding_spots": "Surrounding Spots"}
FIELDS = range(1, 13)
SET_PREFIX = "image_analysis_results/"


# ---- numbers ---------------------------------------------------------------------------------------------------------


def lanes(frame):
    """The data name of each row."""
    if "Data" in frame.columns:
        return frame["Data"].astype(str)
    return frame["Filename"].astype(str).str.extract(r"_000_([^.]*)", expand=False)


def lane_rows(frame, name, data_name):
    """The rows of a set that are a lane's and of the set's entity."""
    return frame[(lanes(frame) == data_name) & (frame["Entity"] == ENTITIES[name])]


def lane_result(sets, data_name, params):
    """The result of a lane as a dict, and the values that its picture shows."""
    if params.get("fail") == data_name:
        raise ValueError("broken lane")
    spots = lane_rows(sets["activity_spots"], "activity_spots", data_name)
    surrounding = lane_rows(sets["surrounding_spots"], "surrounding_spots", data_name)
    value = spots["Value"]
    notes = sorted({str(note) for note in spots["Note"].dropna()} - {""})
    result = {
        "n": len(spots),
        "total": int(value.sum()),
        "mean": value.mean(),
        "sd": value.std(),
        "above": bool((value > params["threshold"]).all()),
        "fields": len(set(spots["MultiPointIndex"]) & set(FIELDS)),
        "n_surrounding": len(surrounding),
        "area": spots["Area"].sum(),
        "notes": "|".join(notes),
        "note": params["note"],
        "missing": None,
    }
    return result, [float(v) for v in value]


def judge(frame, params):
    """Adds to the lanes' results what only all of them together tell."""
    frame["rel"] = frame["total"] / frame["total"].max()
    frame["judge"] = frame["mean"] > params["threshold"]
    return frame


def picture(values, width=64, height=48):
    """A PNG of the values as bars from left to right, dark on white."""
    top = max(values, default=0) or 1
    bars = [values[x * len(values) // width] * height / top if values else 0 for x in range(width)]
    rows = (bytes([0]) + bytes(40 if bar > height - y - 1 else 255 for bar in bars) for y in range(height))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")


# ---- tars ------------------------------------------------------------------------------------------------------------


def add(stream, name, body, **keywords):
    """Writes an entry with pax keywords: is_file="true" for a file, image_type for a picture."""
    body = body.encode() if isinstance(body, str) else body
    info = tarfile.TarInfo(name)
    info.size = len(body)
    info.pax_headers = keywords
    stream.write(info.tobuf(tarfile.PAX_FORMAT) + body + bytes(-len(body) % tarfile.BLOCKSIZE))


def end(stream):
    """Writes the end-of-archive blocks."""
    stream.write(bytes(2 * tarfile.BLOCKSIZE))


def entries(stream):
    """Reads a tar, gzipped or not, as a dict name -> bytes."""
    with tarfile.open(fileobj=stream, mode="r|*") as tar:
        return {info.name: tar.extractfile(info).read() for info in tar if info.isreg()}


def sets_of(found, load):
    """The sets among the entries, each loaded: a dict name -> frame."""
    return {name[len(SET_PREFIX) :]: load(body) for name, body in found.items() if name.startswith(SET_PREFIX)}
