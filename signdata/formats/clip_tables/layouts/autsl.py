"""AUTSL: a CSV without a header for each split, a folder of videos for each.

::

    train_labels.csv   signer0_sample1,41
    train/signer0_sample1_color.mp4   train/signer0_sample1_depth.mp4
    SignList_ClassId_TR_EN.csv        ClassId,TR,EN

Classes have their English names where the list of signs is there, else their numbers. The films
of depth are not read.
"""

from __future__ import annotations

import re
from pathlib import Path

from signdata.errors import FormatError
from signdata.formats.clip_tables.layout import ClipLayout, lines_of, rows_of
from signdata.formats.clip_tables.rows import ClipRow, ClipTable
from signdata.formats.trees.layout import split_word

SIGNS = "SignList_ClassId_TR_EN.csv"

_LINE = re.compile(r"signer[0-9]+_sample[0-9]+,[0-9]+\s*")
_NAME = re.compile(r"(signer([0-9]+)_sample[0-9]+)(?:_color)?(?:\.mp4)?")


def matches(head: str) -> bool:
    """Whether the first line is one of AUTSL."""
    return _LINE.fullmatch(head.partition("\n")[0]) is not None


def read(path: Path) -> ClipTable:
    """Read one CSV of AUTSL."""
    classes = _classes(path.parent / SIGNS)
    split = split_word(path.stem)
    rows = tuple(_row(path, where, cells, classes, split) for where, cells in lines_of(path))
    names = tuple(classes[number] for number in sorted(classes))
    return ClipTable(path, rows, (path.parent, path.parent / "videos"), names)


def _row(path: Path, where: str, cells: list[str], classes: dict[int, str], split: str) -> ClipRow:
    name = _NAME.fullmatch(cells[0].strip())
    if name is None or len(cells) != 2 or not cells[1].strip().isdecimal():
        what = f"{','.join(cells)[:60]!r}; expected signerX_sampleY,CLASS"
        raise FormatError(what, path=path, where=where)
    number = int(cells[1])
    fault = None
    if classes and number not in classes:
        fault = FormatError(f"class {number} is not in {SIGNS}", path=path, where=where)
    return ClipRow(
        where,
        (f"{name[1]}_color", name[1]),
        classes.get(number, str(number)),
        id=name[1],
        split=split,
        signer=name[2],
        meta={"class_id": str(number)},
        fault=fault,
    )


def _classes(path: Path) -> dict[int, str]:
    """The name of each class by its number; {} where no two may be called the same but are."""
    if not path.is_file():
        return {}
    signs = [row for _, row in rows_of(path)]
    for language in ("EN", "TR"):
        names = [row.get(language, "") for row in signs]
        if all(names) and len(set(names)) == len(names):
            return {int(row["ClassId"]): name for row, name in zip(signs, names, strict=True)}
    return {}


LAYOUT = ClipLayout(
    "AUTSL",
    "`train_labels.csv` with `train/signerX_sampleY_color.mp4`",
    ("*.csv",),
    (".csv",),
    matches,
    read,
)
