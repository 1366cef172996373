"""MS-ASL: a JSON for each split, videos of YouTube by their ids.

::

    MSASL_train.json     [{"url": "https://www.youtube.com/watch?v=ABCDEFGHIJK",
                           "start_time": 0.0, "end_time": 2.767, "label": 830,
                           "clean_text": "match", "signer_id": 0,
                           "box": [0.07, 0.22, 1.0, 0.73], ...}]
    MSASL_classes.json   ["hello", "nice", ...]
    videos/ABCDEFGHIJK.mp4

Times are seconds in the video, boxes y0, x0, y1, x1 as shares of the picture. A label is an index
into the classes; without their file it is called by its `clean_text`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import msgspec

from signdata.errors import FormatError
from signdata.formats.clip_tables.layout import ClipLayout, read_json
from signdata.formats.clip_tables.names import youtube_id
from signdata.formats.clip_tables.rows import ClipRow, ClipTable
from signdata.formats.trees.layout import split_word
from signdata.media.video.frame_selection import TimeRange

CLASSES = "MSASL_classes.json"

_MARK = re.compile(r'"(clean_text|org_text)"\s*:')


class _Entry(msgspec.Struct):
    url: str
    label: int
    start_time: float
    end_time: float
    clean_text: str | None = None
    text: str | None = None
    file: str | None = None
    signer_id: int | str | None = None
    box: list[float] | None = None


def matches(head: str) -> bool:
    """Whether a JSON starts as one of MS-ASL."""
    return head.lstrip().startswith("[") and _MARK.search(head) is not None and '"url"' in head


def read(path: Path) -> ClipTable:
    """Read one JSON of MS-ASL."""
    entries: list[_Entry] = read_json(path, list[_Entry], "the JSON of MS-ASL")
    names = path.parent / CLASSES
    classes: list[str] = read_json(names, list[str], "class names") if names.is_file() else []
    split = split_word(path.stem)
    rows = tuple(_row(path, i, entry, classes, split) for i, entry in enumerate(entries))
    return ClipTable(path, rows, (path.parent / "videos", path.parent), tuple(classes))


def _row(path: Path, i: int, entry: _Entry, classes: list[str], split: str) -> ClipRow:
    where = f"$[{i}]"
    label = (entry.clean_text or entry.text or str(entry.label)).strip()
    fault = None
    if classes and 0 <= entry.label < len(classes):
        label = classes[entry.label]
    elif classes:
        what = f"label {entry.label}; expected below {len(classes)} as in {CLASSES}"
        fault = FormatError(what, path=path, where=where)
    video = youtube_id(entry.url)
    y0, x0, y1, x1 = entry.box if entry.box and len(entry.box) == 4 else (0.0,) * 4
    further = {"clean_text": entry.clean_text or "", "url": entry.url}
    return ClipRow(
        where,
        tuple(name for name in (video, entry.file or "") if name) or (entry.url,),
        label,
        id=video,
        span=TimeRange(_seconds(entry.start_time), _seconds(entry.end_time)),
        split=split,
        signer="" if entry.signer_id is None else str(entry.signer_id),
        box=(x0, y0, x1, y1) if entry.box else None,
        meta=further,
        fault=fault,
    )


def _seconds(value: float) -> Fraction:
    return Fraction(repr(value))


LAYOUT = ClipLayout(
    "MS-ASL",
    "`MSASL_{train,val,test}.json` with `videos/YOUTUBE_ID.mp4`",
    ("*.json",),
    (".json",),
    matches,
    read,
)
