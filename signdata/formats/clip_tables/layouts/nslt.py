"""Subsets of WLASL, ``nslt_100.json`` and its like, as an index of their own.

::

    nslt_100.json           {"05237": {"subset": "train", "action": [77, 1, 55]}, ...}
    wlasl_class_list.txt    77<tab>bed
    videos/05237.mp4

An action is a class, the first and the last frame of a range, counted as WLASL counts them.
Classes have their names where their list is there, else their numbers.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from signdata.errors import FormatError
from signdata.formats.clip_tables.layout import ClipLayout, lines_of, read_json
from signdata.formats.clip_tables.rows import ClipRow, ClipTable
from signdata.media.video.frame_selection import Range
from signdata.samples import SPLIT_NAMES

CLASS_LIST = "wlasl_class_list.txt"

_MARK = re.compile(r'\s*\{\s*"[^"]*"\s*:\s*\{\s*"(subset|action)"')


class _Entry(msgspec.Struct):
    subset: str
    action: list[int]


def matches(head: str) -> bool:
    """Whether a JSON starts as such a subset."""
    return _MARK.match(head) is not None


def read(path: Path) -> ClipTable:
    """Read one subset."""
    expected = "{video_id: {subset, action: [class, first, last]}}"
    entries: dict[str, _Entry] = read_json(path, dict[str, _Entry], expected)
    names = _class_names(path.parent / CLASS_LIST)
    rows = tuple(_row(path, video_id, entry, names) for video_id, entry in entries.items())
    used = {entry.action[0] for entry in entries.values() if entry.action}
    classes = tuple(names[number] for number in sorted(used) if number in names)
    return ClipTable(path, rows, (path.parent / "videos", path.parent), classes)


def _row(path: Path, video_id: str, entry: _Entry, names: dict[int, str]) -> ClipRow:
    where = f"$[{video_id[:40]!r}]"
    split = SPLIT_NAMES.get(entry.subset.casefold(), "")
    if not split:
        what = f"subset {entry.subset[:40]!r}; expected train, val or test"
        raise FormatError(what, path=path, where=where)
    number, *ends = entry.action or [-1]
    fault = None
    if len(ends) not in (0, 2) or number < 0:
        what = f"action {entry.action}; expected [class, first, last]"
        fault = FormatError(what, path=path, where=where)
    elif names and number not in names:
        fault = FormatError(f"class {number} is not in {CLASS_LIST}", path=path, where=where)
    return ClipRow(
        where,
        (video_id,),
        names.get(number, str(number)),
        id=video_id,
        span=Range(ends[0], ends[1]) if len(ends) == 2 else Range(),
        split=split,
        fault=fault,
    )


def _class_names(path: Path) -> dict[int, str]:
    """The name of each class by its number; {} without their list."""
    if not path.is_file():
        return {}
    names = {}
    for where, cells in lines_of(path, "\t"):
        if len(cells) != 2 or not cells[0].strip().isdecimal():
            raise FormatError("not a number and a name with a tab between", path=path, where=where)
        names[int(cells[0])] = cells[1].strip()
    return names


LAYOUT = ClipLayout(
    "WLASL subset",
    "`nslt_100.json` with `videos/VIDEO_ID.mp4`",
    ("nslt_*.json",),
    (".json",),
    matches,
    read,
    one_table=True,
    part_of='"gloss"',
)
