"""What the header of a table says: which column has paths, which has labels.

Strict: a CSV of pixels is no table of files, and two columns of the same kind are a question.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from signdata.errors import DecodeError, FormatError, UsageError
from signdata.formats.clip_tables import known
from signdata.formats.clip_tables.header import names_clips
from signdata.formats.text_tables import delimiter_of, text_of

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
MOST_COLUMNS = 30
"""Columns of numbers that no published table of clips has."""

SEEN = 20
"""Rows at which is looked to tell one-hot columns."""

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
    rows: Iterable[Mapping[str, str]],
    path: Path,
    path_column: str | None = None,
    label_column: str | None = None,
) -> Roles | None:
    """Which columns of a table hold paths and labels; None where it is no table of files.

    Parameters
    ----------
    columns : sequence of str
        The header.
    rows : iterable of mapping
        The rows, of which the first `SEEN` tell one-hot columns.
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
    if len(one_hot) > 1 and not is_id and _are_one_hot(one_hot, islice(rows, SEEN)):
        return Roles(found, "", one_hot)
    return None


def _are_one_hot(names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bool:
    """Whether columns are one-hot in some row, or at least 0 and 1 in all."""
    seen = list(rows)
    if any(class_of(row, names) is not None for row in seen):
        return True  # a bad row before it hides nothing
    cells = [row.get(name, "").strip() for row in seen for name in names]
    return bool(cells) and set(cells) <= {"0", "0.0", "1", "1.0"}


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


def is_table(path: Path) -> bool:
    """Whether the first lines of a CSV or TSV are those of a table of files.

    A header in which two columns could be meant is one as well.
    """
    try:
        with text_of(path) as file:
            lines = iter(lambda: file.readline(MAX_LINE), "")
            reader = csv.reader(lines, delimiter=delimiter_of(path))
            header = next(reader, [])
            if _are_pixels(header):
                return False
            if known.layout_at(path) is not None or names_clips(header):
                return True
            rows = (dict(zip(header, cells, strict=False)) for cells in reader)
            return _is_of_files(header, rows, path)
    except OSError as err:
        raise DecodeError(f"cannot be read ({err.strerror or err})", path=path) from err
    except (UnicodeDecodeError, csv.Error):
        return known.layout_at(path) is not None


def _are_pixels(header: Sequence[str]) -> bool:
    """Whether all columns but one are pixels, and there are more than any table of clips has."""
    pixels = sum(_PIXEL.fullmatch(name.strip().lower()) is not None for name in header)
    return pixels >= max(MOST_COLUMNS, len(header) - 1)


def _is_of_files(header: Sequence[str], rows: Iterable[Mapping[str, str]], path: Path) -> bool:
    try:
        return roles_of(header, rows, path) is not None
    except FormatError:
        return True
