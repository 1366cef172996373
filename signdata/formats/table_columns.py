"""What the header of a table says: which column has paths, which has labels.

Strict: a CSV of pixels is no table of files, and two columns of the same kind are a question.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from signdata.errors import DecodeError, FormatError, UsageError
from signdata.formats.clip_tables import known
from signdata.formats.clip_tables.header import names_clips

PATHS = (
    "file_name",
    "path",
    "image",
    "filename",
    "file",
    "image_path",
    "filepath",
    "file_path",
    "image_name",
    "img",
)
IDS = ("id", "image_id", "img_id")
LABELS = ("label", "class", "gloss", "target", "class_name", "category", "letter")

MAX_LINE = 1 << 20
_PIXEL = re.compile(r"(pixel|px|p)?_?\d+(x\d+)?|pixels")


@dataclass(frozen=True)
class Roles:
    """Which columns hold what.

    Attributes
    ----------
    path : str
        The column of paths, or of names without suffix where `is_id`.
    label : str
        The column of labels, or '' where `one_hot` has one column a class.
    one_hot : tuple of str
        Columns of 0 and 1.
    is_id : bool
        Whether names lack their suffix.
    """

    path: str
    label: str
    one_hot: tuple[str, ...] = ()
    is_id: bool = False


def roles_of(
    columns: Sequence[str],
    first: Mapping[str, str],
    path: Path,
    path_column: str | None = None,
    label_column: str | None = None,
) -> Roles | None:
    """Which columns of a table hold paths and labels; None where it is no table of files.

    Parameters
    ----------
    columns : sequence of str
        The header.
    first : mapping
        The first row, by which one-hot columns are known.
    path : Path
        What errors name.
    path_column, label_column : str, optional
        What the user said.

    Raises
    ------
    FormatError
        If two columns could be meant.
    UsageError
        If a column that the user named is not there.
    """
    for option, name in (("path-column", path_column), ("label-column", label_column)):
        if name is not None and name not in columns:
            raise UsageError(f"--{option} {name}; expected one of {', '.join(columns)}", path=path)
    if path_column is None and any(_PIXEL.fullmatch(name.strip().lower()) for name in columns):
        return None
    found = path_column or _only(columns, PATHS, path, "paths", "--path-column")
    is_id = False
    if not found:
        found, is_id = _only(columns, IDS, path, "ids", "--path-column"), True
    if not found:
        return None
    rest = [name for name in columns if name != found]
    label = label_column or _only(rest, LABELS, path, "labels", "--label-column")
    if label:
        return Roles(found, label, is_id=is_id)
    one_hot = tuple(rest)
    if len(one_hot) > 1 and not is_id and class_of(first, one_hot) is not None:
        return Roles(found, "", one_hot)
    return None


def class_of(row: Mapping[str, str], one_hot: Sequence[str]) -> str | None:
    """The class whose column has the single 1 of a one-hot row; None if it is none."""
    cells = {name: row.get(name, "").strip() for name in one_hot}
    chosen = [name for name, cell in cells.items() if cell in ("1", "1.0")]
    if len(chosen) != 1 or any(cell not in ("0", "0.0", "1", "1.0") for cell in cells.values()):
        return None
    return chosen[0].strip()


def _only(columns: Sequence[str], known: Sequence[str], path: Path, what: str, option: str) -> str:
    found = [name for name in columns if name.strip().lower() in known]
    if len(found) > 1:
        raise FormatError(
            f"two readings: {what} in column {found[0]} or in column {found[1]}",
            path=path,
            where="line 1",
            remedy=f"Say {option} {found[0]} or {option} {found[1]}.",
        )
    return found[0] if found else ""


def delimiter_of(path: Path) -> str:
    """What stands between the cells of a table of this name."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


def is_table(path: Path) -> bool:
    """Whether the first two lines of a CSV or TSV are those of a table of files.

    A header in which two columns could be meant is one as well.
    """
    if known.layout_at(path) is not None:
        return True
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [file.readline(MAX_LINE) for _ in range(2)]
        header, *rows = csv.reader(lines, delimiter=delimiter_of(path))
    except OSError as err:
        raise DecodeError(f"cannot be read ({err.strerror})", path=path) from err
    except (UnicodeDecodeError, csv.Error, ValueError):
        return False
    if names_clips(header):
        return True
    first = dict(zip(header, rows[0] if rows else [], strict=False))
    try:
        return roles_of(header, first, path) is not None
    except FormatError:
        return True
