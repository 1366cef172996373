"""RWTH-PHOENIX-Weather 2014 and 2014T: a corpus with bars for each split, folders of frames.

::

    annotations/manual/PHOENIX-2014-T.train.corpus.csv
        name|video|start|end|speaker|orth|translation
        11August_2010-1|11August_2010-1/1/*.png|-1|-1|Signer08|JETZT WETTER MORGEN|und nun ...
    features/fullFrame-210x260px/train/11August_2010-1/images0001.png

The glosses of a sentence, as they stand, are the label of its clip. Pictures are 25 a second.
"""

from __future__ import annotations

from pathlib import Path

from signdata.formats.clip_tables.layout import ClipLayout, header_of, rows_of
from signdata.formats.clip_tables.rows import ClipRow, ClipTable
from signdata.formats.trees.layout import split_word

_COLUMNS = ({"name", "video", "orth"}, {"id", "folder", "annotation"})
"""Of 2014T, and of 2014."""


def matches(head: str) -> bool:
    """Whether the columns are those of a PHOENIX corpus."""
    names = set(header_of(head, "|"))
    return any(columns <= names for columns in _COLUMNS)


def read(path: Path) -> ClipTable:
    """Read one corpus."""
    split = split_word(path.name.partition(".corpus")[0])
    root = path.parent.parent.parent
    rows = tuple(_row(where, row, split) for where, row in rows_of(path, "|"))
    features = sorted((root / "features").glob("*"))
    return ClipTable(path, rows, (*features, path.parent / "videos", path.parent))


def _row(where: str, row: dict[str, str], split: str) -> ClipRow:
    name = row.get("name") or row.get("id", "")
    pattern = row.get("video") or row.get("folder", "")
    inner = pattern.rpartition("/")[0]
    meta = {"translation": row["translation"]} if "translation" in row else {}
    return ClipRow(
        where,
        tuple(dict.fromkeys(one for one in (inner, inner.partition("/")[0], name) if one)),
        row.get("orth") or row.get("annotation", ""),
        id=name,
        split=split,
        signer=row.get("speaker") or row.get("signer", ""),
        meta=meta,
    )


LAYOUT = ClipLayout(
    "PHOENIX-2014T",
    "`annotations/manual/*.corpus.csv` with `features/`",
    ("annotations/manual/*.*.corpus.csv", "annotations/manual/*.corpus.csv", "*.corpus.csv"),
    (".corpus.csv",),
    matches,
    read,
)
