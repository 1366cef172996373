"""ASL Citizen: a CSV for each split, all videos in one folder.

::

    splits/train.csv   Participant ID,Video file,Gloss,ASL-LEX Code
                       P52,15890366051589533-APPLE.mp4,APPLE,C_02_006
    videos/15890366051589533-APPLE.mp4
"""

from __future__ import annotations

from pathlib import Path

from signdata.formats.clip_tables.layout import ClipLayout, header_of, rows_of
from signdata.formats.clip_tables.rows import ClipRow, ClipTable
from signdata.formats.trees.layout import split_word


def matches(head: str) -> bool:
    """Whether the columns are those of ASL Citizen."""
    return {"Participant ID", "Video file", "Gloss"} <= set(header_of(head))


def read(path: Path) -> ClipTable:
    """Read one CSV of ASL Citizen."""
    split, root = split_word(path.stem), path.parent.parent
    rows = tuple(
        ClipRow(
            where,
            (row["Video file"],),
            row["Gloss"],
            split=split,
            signer=row["Participant ID"],
            meta={"asl_lex_code": row.get("ASL-LEX Code", "")},
        )
        for where, row in rows_of(path)
    )
    return ClipTable(path, rows, (root / "videos", path.parent / "videos", path.parent))


LAYOUT = ClipLayout(
    "ASL Citizen",
    "`splits/{train,val,test}.csv` with `videos/`",
    ("splits/*.csv", "*.csv"),
    (".csv",),
    matches,
    read,
)
