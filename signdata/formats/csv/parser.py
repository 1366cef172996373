"""The rows of a pixel CSV, both ways.

Rows are parsed a block at a time. A block of plain integers takes a few passes
of numpy over its bytes; anything else in it - a float, a quote, a fault - sends
the block through a parser that looks at every cell and can name it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError
from signdata.formats.csv import rows as arranging
from signdata.formats.csv.columns import Colour, unquote
from signdata.formats.csv.header import NUMBER
from signdata.formats.csv.rows import Fault
from signdata.formats.csv.scan import MAX_DIGITS, PLAIN, Block, Layout

_COMMA, _ZERO = ord(","), ord("0")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_BLANKS = " \t"
"""What may stand around a number; any other white space is a fault."""

_SHOWN = 30
"""Characters of a faulty cell that an error repeats."""


def _cells(end: str) -> NDArray[np.uint32]:
    """Each value as text before `end`, filled up with NUL to four bytes."""
    texts = [f"{value}{end}".encode() for value in range(256)]
    return np.array(texts, "S4").view(np.uint32)


_CELLS, _LAST_CELLS = _cells(","), _cells("\n")

_BEFORE = 3
"""Bytes before the text that are no digits, so that what precedes a digit can be looked at."""


@dataclass(frozen=True)
class Rows:
    """Parsed rows.

    Attributes
    ----------
    labels : list of int
        The label cells; 0 where labels are class names.
    pixels : ndarray
        (R, N) uint8; zeros where a row is faulty.
    faults : dict
        Fault of each bad row, by its position.
    plain : bool
        Whether every cell is written as a plain integer, so that writing the values
        again gives the same text.
    names : list of str
        Class names, where labels are such; else [].
    uses : list of str
        What the column of splits says, where there is one; else [].
    """

    labels: list[int]
    pixels: NDArray[np.uint8]
    faults: dict[int, Fault]
    plain: bool
    names: list[str] = field(default_factory=list)
    uses: list[str] = field(default_factory=list)


def read_rows(layout: Layout, block: Block) -> Rows:
    """Parse the rows of one block."""
    text = block.text
    if text is None:
        try:
            with layout.path.open("rb") as file:
                file.seek(block.offset)
                text = file.read(block.length)
        except OSError as err:
            raise FormatError(f"cannot be read ({err.strerror})", path=layout.path) from err
    if layout.columns.is_usual and not layout.dialect.text_labels:
        return _parse_plain(text, layout) or _parse_each(_lines_of(text), layout, block)
    return _parse_arranged(text, layout, block)


def _lines_of(text: bytes) -> list[bytes]:
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _parse_arranged(text: bytes, layout: Layout, block: Block) -> Rows:
    """Parse rows of another spelling: brought into the usual order first."""
    made = arranging.arrange(_lines_of(text), layout.columns, layout.dialect.text_labels)
    usual = [line for line in made.lines if isinstance(line, bytes)]
    rows = None
    if len(usual) == len(made.lines):
        end = b"\n" if text.endswith(b"\n") else b""
        rows = _parse_plain(b"\n".join(usual) + end, layout)
    rows = rows or _parse_each(made.lines, layout, block)
    return replace(
        rows,
        plain=rows.plain and made.plain,
        names=made.names if layout.dialect.text_labels else [],
        uses=made.uses if layout.columns.use is not None else [],
    )


def _parse_plain(text: bytes, layout: Layout) -> Rows | None:
    """Parse rows of unsigned integers without leading zeros; None if there is anything else.

    A few passes over the bytes, each of them one instruction for many: the number that ends at a
    byte is this digit, ten times the one before and a hundred times the one before that.
    """
    newline = layout.dialect.newline.encode()
    if not text.endswith(b"\n"):
        text += newline
    spelled = _labels_of(text)
    if max(map(len, spelled)) > 2:  # a label has a row's start for itself, whatever its length
        text = _with_short_labels(text, spelled)
    n_ends = layout.n_pixels + len(newline)
    digits = np.full(len(text) + _BEFORE, _OTHER, np.uint8)
    np.subtract(np.frombuffer(text, np.uint8), _ZERO, out=digits[_BEFORE:])
    is_digit = digits <= 9
    all_ends = np.flatnonzero(~is_digit[_BEFORE:])
    if len(all_ends) % n_ends:
        return None
    ends = all_ends.reshape(-1, n_ends)
    values = _values(digits, is_digit)
    if values is None or not _are_rows(digits[_BEFORE:], ends, newline):
        return None
    numbers = {cell: int(cell) for cell in set(spelled) if PLAIN.fullmatch(cell)}
    if not numbers.keys() >= set(spelled) or len(spelled) != len(ends):
        return None
    pixels = values.take(ends)[:, 1 : layout.n_pixels + 1]
    return Rows([numbers[cell] for cell in spelled], pixels, {}, True)


_OTHER = 255


def _labels_of(text: bytes) -> list[bytes]:
    """What stands before the first comma of each line."""
    found, start = [], 0
    while start < len(text):
        end = text.find(b",", start)
        found.append(text[start:end])
        start = text.find(b"\n", start) + 1
    return found


def _with_short_labels(text: bytes, labels: Sequence[bytes]) -> bytes:
    """The same rows, each with a label of one digit."""
    lines = text.split(b"\n")[:-1]
    short = (b"0" + line[len(label) :] for label, line in zip(labels, lines, strict=True))
    return b"\n".join(short) + b"\n"


def _are_rows(digits: NDArray[np.uint8], ends: NDArray[np.int64], newline: bytes) -> bool:
    """Whether rows have commas between their values and end as lines do, and nothing else."""
    n_rows, n_ends = ends.shape
    n_last = len(newline)
    last = ends[:, -n_last:]
    expected = np.frombuffer(newline, np.uint8) - np.uint8(_ZERO)
    if (digits[last] != expected).any() or (last[:, 0] + n_last - 1 != last[:, -1]).any():
        return False
    comma = np.uint8(_COMMA - _ZERO & 0xFF)
    if np.count_nonzero(digits == comma) != n_rows * (n_ends - n_last):
        return False
    is_end = digits > 9
    empty = np.count_nonzero(is_end[1:] & is_end[:-1]) - n_rows * (n_last - 1)
    return not empty and not is_end[0]


def _values(digits: NDArray[np.uint8], is_digit: NDArray[np.bool_]) -> NDArray[np.uint8] | None:
    """The number of up to three digits that ends before each byte of the text.

    None where one has more digits, a leading zero or is above 255.
    """
    two = is_digit[1:] & is_digit[:-1]
    if (two[2:] & two[:-2]).any():  # four digits
        return None
    if ((two[1:] & (digits[1:-1] == 0)) > is_digit[:-2]).any():  # a zero that begins a number
        return None
    values = digits * is_digit
    hundreds = values[:-2] * is_digit[1:-1]
    hundreds *= is_digit[2:]
    if hundreds.max() > 2:
        return None
    hundreds *= np.uint8(100)
    values[1:] += np.uint8(10) * values[:-1]
    values = values[_BEFORE - 1 :]
    values += hundreds
    return None if (values < hundreds).any() else values  # it went beyond 255 and began at 0


def _parse_each(lines: Sequence[bytes | Fault], layout: Layout, block: Block) -> Rows:
    """Parse every cell, keeping what is wrong with each row."""
    pixels = np.zeros((len(lines), layout.n_pixels), np.uint8)
    labels: list[int] = []
    faults: dict[int, Fault] = {}
    plain = True
    for i, line in enumerate(lines):
        is_last = block.first_row + i == layout.n_rows and not layout.dialect.final_newline
        row = line if isinstance(line, Fault) else _parse_line(line, layout, is_last)
        if isinstance(row, Fault):
            faults[i] = row
            labels.append(-1)
            continue
        label, values, row_plain = row
        labels.append(label)
        pixels[i] = values
        plain &= row_plain
    return Rows(labels, pixels, faults, plain)


def _parse_line(raw: bytes, layout: Layout, cut_off: bool) -> Fault | tuple[int, list[int], bool]:
    newline, columns = layout.dialect.newline, layout.columns
    plain = raw.endswith(b"\r") == (newline == "\r\n" and not cut_off)
    line = raw.removesuffix(b"\r")
    if not line.strip():
        return Fault("a blank line; expected a picture", remedy="Remove it.")
    if b"\0" in line:
        column = columns.number(line[: line.index(b"\0")].count(b","))
        return Fault("a NUL byte; expected text", f"column {column}")
    try:
        cells = line.decode("ascii").split(",")
    except UnicodeDecodeError as err:
        column = columns.number(line[: err.start].count(b","))
        return Fault(f"byte {line[err.start]:#04x}; expected digits", f"column {column}")
    if unquote(cells[0]).strip() == columns.label_name != "0":
        return Fault("a second header; expected a picture", remedy="Remove it.")
    if len(cells) != layout.n_pixels + 1:
        ends = " (the file ends inside this row)" if cut_off else ""
        kind = "; fields are separated by ';'" if len(cells) == 1 and b";" in line else ""
        return Fault(
            f"{columns.counted(len(cells))}{ends}{kind}; "
            f"expected {layout.n_pixels + 1 - columns.misses_label}",
            remedy="It may be cut short: fetch the file again." if cut_off else "",
        )
    values = []
    for i, cell in enumerate(cells):
        value = _parse_share(cell) if i and layout.shares else _parse_cell(cell)
        name = f"column {columns.column(i)}"
        if isinstance(value, str):
            return Fault(value, name, _remedy(i, value))
        if i and not 0 <= value <= 255:
            return Fault(f"pixel value {value}; expected 0..255", name)
        plain &= cell == str(value)
        values.append(value)
    return values[0], values[1:], plain and not layout.shares


def _remedy(i: int, fault: str) -> str:
    """What reads a label that is no number."""
    is_name = not i and fault.startswith("value '")
    return "Say --labels text if labels are class names." if is_name else ""


def _parse_share(cell: str) -> int | str:
    """The grey level that a share of 255 stands for, or what is wrong with it."""
    text = cell.strip(_BLANKS)
    if not NUMBER.fullmatch(text) or not 0 <= float(text) <= 1:
        return f"pixel value {text[:20]!r}; expected 0..1 as in the first row"
    return int(float(text) * 255 + 0.5)


def _parse_cell(cell: str) -> int | str:
    """The integer that a cell stands for, or what is wrong with it."""
    text = unquote(cell.strip(_BLANKS)).strip(_BLANKS)
    if _INTEGER.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text)
    if not text:
        return "an empty field; expected an integer"
    if not NUMBER.fullmatch(text):
        return f"value {text[:20]!r}; expected an integer"
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    try:
        number = Decimal(text)  # exact, as a float is not
    except InvalidOperation:
        return f"value {shown}; expected a small integer"
    if number and number.adjusted() >= MAX_DIGITS:
        return f"value {shown}; expected a small integer"
    if number and (number.adjusted() < 0 or number != number.to_integral_value()):
        return f"value {shown}; expected an integer"
    return int(number)


def cells_of(frames: NDArray[np.uint8], colour: Colour) -> list[bytes]:
    """The values of each of several pictures, (N, H, W, C), with commas between them."""
    pictures = frames.transpose(0, 3, 1, 2) if colour == "planes" else frames
    values = pictures.reshape(len(frames), -1)
    cells = _CELLS[values]
    cells[:, -1] = _LAST_CELLS[values[:, -1]]
    return cells.tobytes().translate(None, b"\0").split(b"\n")[:-1]
