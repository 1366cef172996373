"""When the frames of a clip are shown, in a file next to its pictures.

::

    CLIP/times.csv   frame,seconds
                     1,0.400000

Frames are counted as their pictures are, from 1; seconds as the video's time stamps say, from its
first frame on.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from signdata.errors import FormatError

FILE = "times.csv"
HEADER = ["frame", "seconds"]


def dump(times: Sequence[float]) -> bytes:
    """The file for these times."""
    lines = [",".join(HEADER), *(f"{number},{when:.6f}" for number, when in enumerate(times, 1))]
    return "".join(f"{line}\n" for line in lines).encode()


def load(path: str, n: int) -> tuple[float, ...]:
    """The times in a file, one for each of `n` frames.

    Raises
    ------
    FormatError
        If it is damaged, or lists other frames.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as err:
        raise FormatError(f"cannot be read ({err})", path=path) from err
    return parse(data, path, n)


def parse(data: bytes, path: str, n: int) -> tuple[float, ...]:
    """The times in the bytes of a file; see `load`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise FormatError(f"cannot be read ({err})", path=path) from err
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or rows[0] != HEADER:
        raise FormatError("expected frame,seconds", path=path, where="line 1")
    if len(rows) - 1 != n:
        raise FormatError(f"lists {len(rows) - 1} frames; expected {n}", path=path)
    times = []
    for number, row in enumerate(rows[1:], 1):
        try:
            frame, seconds = int(row[0]), float(row[1])
        except (ValueError, IndexError) as err:
            where = f"line {number + 1}"
            raise FormatError("no number and time", path=path, where=where) from err
        if frame != number or not math.isfinite(seconds):
            what = f"frame {frame} at {seconds:g} s; expected frame {number}"
            raise FormatError(what, path=path, where=f"line {number + 1}")
        times.append(seconds)
    return tuple(times)
