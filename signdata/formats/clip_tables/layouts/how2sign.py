"""How2Sign: a table for each split, with tabs, whose rows are sentences.

::

    how2sign_realigned_train.csv   VIDEO_ID  VIDEO_NAME  SENTENCE_ID  SENTENCE_NAME
                                   START_REALIGNED  END_REALIGNED  SENTENCE
    raw_videos/VIDEO_NAME.mp4      whole recordings, or clips that are cut already:
    raw_videos/SENTENCE_NAME.mp4

Times are seconds in the recording. A sentence is the label of its clip.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from signdata.errors import FormatError
from signdata.formats.clip_tables.layout import ClipLayout, header_of, rows_of
from signdata.formats.clip_tables.rows import ClipRow, ClipTable
from signdata.formats.trees.layout import split_word
from signdata.media.video.frame_selection import TimeRange

VIDEO_FOLDERS = ("raw_videos", "videos", "clips")


def matches(head: str) -> bool:
    """Whether the columns are those of How2Sign."""
    names = set(header_of(head, "\t"))
    times = {"START_REALIGNED", "END_REALIGNED"} <= names or {"START", "END"} <= names
    return {"VIDEO_NAME", "SENTENCE_NAME", "SENTENCE"} <= names and times


def read(path: Path) -> ClipTable:
    """Read one table of How2Sign."""
    split = split_word(path.stem)
    rows = tuple(_row(path, where, row, split) for where, row in rows_of(path, "\t"))
    folders = tuple(path.parent / name for name in VIDEO_FOLDERS)
    return ClipTable(path, rows, (*folders, path.parent))


def _row(path: Path, where: str, row: dict[str, str], split: str) -> ClipRow:
    realigned = "_REALIGNED" if "START_REALIGNED" in row else ""
    span, fault = TimeRange(), None
    try:
        span = TimeRange(Fraction(row[f"START{realigned}"]), Fraction(row[f"END{realigned}"]))
    except (ValueError, ZeroDivisionError):
        shown = f"{row[f'START{realigned}']} to {row[f'END{realigned}']}"
        fault = FormatError(f"times {shown}; expected seconds", path=path, where=where)
    return ClipRow(
        where,
        (row["VIDEO_NAME"],),
        row["SENTENCE"],
        cut_files=(row["SENTENCE_NAME"],),
        id=row["SENTENCE_NAME"],
        span=span,
        split=split,
        meta={"video_name": row["VIDEO_NAME"], "sentence_id": row.get("SENTENCE_ID", "")},
        fault=fault,
    )


LAYOUT = ClipLayout(
    "How2Sign",
    "`how2sign_realigned_{train,val,test}.csv` with `raw_videos/`",
    ("*.csv", "*.tsv"),
    (".csv", ".tsv"),
    matches,
    read,
)
