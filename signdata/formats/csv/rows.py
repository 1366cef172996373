"""Rows of other spellings, brought into the order of the usual one: label, then pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from signdata.formats.csv.columns import Columns
from signdata.formats.csv.header import NUMBER

_BLANKS = b" \t"
AROUND = b'" \t\r'
"""What may stand around a label."""

_NO_NAMES = frozenset({"nan", "na", "n/a", "null", "none", "inf", "-inf", "infinity"})
"""What is written for a label that is missing."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one row."""

    what: str
    column: str = ""
    remedy: str = ""


@dataclass
class Arranged:
    """Rows in the usual order, their label a 0 where it is a class name.

    Attributes
    ----------
    lines : list of bytes or Fault
        The rows; why it is none, where one is none.
    names : list of str
        The class name of each row, where labels are names.
    uses : list of str
        What each row's column of splits says, where there is one.
    plain : bool
        Whether nothing was quoted or blank around what was taken out.
    """

    lines: list[bytes | Fault] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    uses: list[str] = field(default_factory=list)
    plain: bool = True


def arrange(lines: Sequence[bytes], columns: Columns, text_labels: bool) -> Arranged:
    """Bring rows into the usual order."""
    made = Arranged()
    for raw in lines:
        line = raw.removesuffix(b"\r")
        parts = _parts(line, columns) if line.strip() else raw
        if isinstance(parts, bytes | Fault):
            made.lines.append(parts)
            made.names.append("")
            made.uses.append("")
            continue
        label, pixels, use = parts
        made.uses.append(_text(use, made))
        made.names.append(_text(label, made) if text_labels else "")
        if text_labels and made.names[-1] in ("", columns.label_name):
            made.lines.append(_no_name(made.names[-1], columns))
            continue
        if columns.one_cell:
            pixels = _unquoted(pixels, made).replace(b" ", b",")
        label = b"0" if text_labels or columns.label is None else label
        made.lines.append(label + b"," + pixels + raw[len(line) :])
    return made


def _no_name(name: str, columns: Columns) -> Fault:
    if name:
        return Fault("a second header; expected a picture", remedy="Remove it.")
    return Fault("an empty field; expected a class name", f"column {columns.label_name}")


def _parts(line: bytes, columns: Columns) -> tuple[bytes, bytes, bytes] | Fault:
    """Label, pixels and split of a row."""
    if columns.one_cell:
        cells = line.split(b",")
        if len(cells) != columns.n_cells:
            return Fault(f"{len(cells)} fields; expected {columns.n_cells}")
        label = cells[columns.label] if columns.label is not None else b""
        return label, cells[columns.first], cells[columns.use] if columns.use is not None else b""
    if columns.label is None:
        return b"", line, b""
    label, _, pixels = line.partition(b",")
    if columns.label:
        pixels, _, label = line.rpartition(b",")
    return label, pixels, b""


def _text(cell: bytes, made: Arranged) -> str:
    return _unquoted(cell, made).decode("utf-8", "replace")


def _unquoted(cell: bytes, made: Arranged) -> bytes:
    bare = cell.strip(_BLANKS)
    if len(bare) >= 2 and bare[:1] == bare[-1:] == b'"':
        bare = bare[1:-1].strip(_BLANKS)
    made.plain &= bare == cell
    return bare


def label_is_text(row: bytes, columns: Columns) -> bool:
    """Whether the label of a row is a class name, and no number or nothing."""
    parts = _parts(row, columns)
    if columns.label is None or isinstance(parts, Fault):
        return False
    name = _text(parts[0], Arranged())
    return bool(name) and not NUMBER.fullmatch(name) and name.casefold() not in _NO_NAMES


def labels_of(lines: Sequence[bytes], columns: Columns) -> set[bytes]:
    """The cells of labels in some rows, as they are written."""
    if columns.label == 0:
        cells = (line.partition(b",")[0] for line in lines)
    elif columns.label == columns.n_cells - 1:
        cells = (line.rpartition(b",")[2] for line in lines)
    else:
        cells = (line.split(b",", columns.label or 0)[-1].partition(b",")[0] for line in lines)
    return {cell.strip(AROUND) for cell in cells}


def values_of(row: bytes, columns: Columns) -> list[str]:
    """The cells of a row's pixels, or its values where one cell has all; [] if it is no row."""
    parts = _parts(row, columns)
    if isinstance(parts, Fault):
        return []
    pixels = _unquoted(parts[1], Arranged()).decode("ascii", "replace")
    return pixels.split() if columns.one_cell else pixels.split(",")


PEEKED = 64
"""Lines whose values are looked at."""

_BLACK = {"0", "1"}


def are_shares(values: Sequence[str]) -> bool:
    """Whether pixel values are shares of 255: all in 0..1, and one of them no integer."""
    if not all(NUMBER.fullmatch(value.strip()) for value in values):
        return False
    numbers = [float(value) for value in values]
    return all(0 <= one <= 1 for one in numbers) and any(one % 1 for one in numbers)


def are_black(values: Sequence[str], lines: Sequence[bytes], columns: Columns) -> bool:
    """Whether the values of the first row and of the next lines are 0 and 1 alone, and both."""
    found: set[str] = set(values)
    for line in lines[:PEEKED] if found <= _BLACK else ():
        found.update(values_of(line.rstrip(b"\r"), columns))
    return found == _BLACK
