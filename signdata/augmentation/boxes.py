"""Bounding boxes of hands, from third-party tables.

::

    image,top_left_x,top_left_y,bottom_right_x,bottom_right_y
    user_1/A0.jpg,83,41,254,217

The right and bottom bounds are exclusive. An image is a path relative to the dataset's root,
the table's folder or its parent, with ``/`` or ``\\``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from signdata.errors import FormatError, MissingError
from signdata.samples import SPLIT_NAMES

COLUMNS = ("image", "top_left_x", "top_left_y", "bottom_right_x", "bottom_right_y")
TABLE = "*_loc.csv"
"""Name pattern of box tables next to the pictures."""


@dataclass(frozen=True)
class Box:
    """One row of a table.

    Attributes
    ----------
    bounds : tuple of int
        left, top, right, bottom in pixels; right and bottom are exclusive.
    table : str
        Name of the table's file.
    line : int
        Line number in the table.
    """

    bounds: tuple[int, int, int, int]
    table: str
    line: int


def read(tables: Iterable[Path], root: Path) -> dict[str, Box]:
    """Boxes by their picture's path relative to `root`, POSIX separators.

    Raises
    ------
    MissingError
        If a table does not exist.
    FormatError
        If it is not a box table, a number is invalid, a box is empty, or a picture has two.
    """
    boxes: dict[str, Box] = {}
    for table in tables:
        for image, box in _rows(table):
            place = _place(image, table.parent, root)
            if place in boxes:
                other = boxes[place]
                raise FormatError(
                    f"a second box of {image}; the first is in {other.table}, line {other.line}",
                    path=table,
                    where=f"line {box.line}",
                )
            boxes[place] = box
    return boxes


def tables_in(root: Path) -> list[Path]:
    """The box tables of a dataset: at its root, in its folders, and in those of a split."""
    found = {*root.glob(TABLE), *root.glob(f"*/{TABLE}")}
    found |= {t for t in root.glob(f"*/*/{TABLE}") if t.parts[-3].casefold() in SPLIT_NAMES}
    return sorted(found)


def parse(text: str) -> tuple[int, int, int, int] | None:
    """Bounds from a manifest cell (``83 41 254 217``), rounded; None if it has none."""
    try:
        bounds = [round(float(word)) for word in text.split()]
    except (ValueError, OverflowError):
        return None
    return (bounds[0], bounds[1], bounds[2], bounds[3]) if len(bounds) == 4 else None


def are_fractions(text: str) -> bool:
    """Whether bounds that `parse` accepts are fractions of the picture's size, not pixels."""
    return all(0 <= float(word) <= 1 for word in text.split())


def _place(image: str, folder: Path, root: Path) -> str:
    path = image.replace("\\", "/").removeprefix("./")
    for base in (root, folder, folder.parent):  # split/user_1/user_1_loc.csv: user_1/A0.jpg
        if base.is_relative_to(root) and (base / path).exists():
            return (base.relative_to(root) / path).as_posix()
    return path


def _rows(table: Path) -> Iterable[tuple[str, Box]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            if tuple(header) != COLUMNS:
                raise FormatError(
                    f"header {','.join(header)[:80]!r}; expected {','.join(COLUMNS)}",
                    path=table,
                    where="line 1",
                )
            for cells in reader:
                if cells:
                    yield _row(cells, table, reader.line_num)
    except FileNotFoundError as err:
        raise MissingError("no such box table", path=table) from err
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=table) from err
    except (UnicodeDecodeError, csv.Error) as err:
        raise FormatError(f"not a CSV ({err})", path=table) from err


def _row(cells: list[str], table: Path, line: int) -> tuple[str, Box]:
    where = f"line {line}"
    if len(cells) != len(COLUMNS):
        found = f"{len(cells)} fields; expected {len(COLUMNS)}"
        raise FormatError(found, path=table, where=where)
    values = []
    for name, cell in zip(COLUMNS[1:], cells[1:], strict=True):
        try:
            number = float(cell)
        except ValueError:
            number = float("nan")
        if not number.is_integer() or abs(number) > 1 << 30:
            raise FormatError(
                f"{cell[:20]!r}; expected whole pixels", path=table, where=f"{where}, {name}"
            )
        values.append(int(number))
    left, top, right, bottom = values
    if right <= left or bottom <= top:
        raise FormatError(f"box {left},{top} to {right},{bottom} is empty", path=table, where=where)
    return cells[0].strip(), Box((left, top, right, bottom), table.name, line)
