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

_COMMA, _NEWLINE, _ZERO, _NINE = ord(","), ord("\n"), ord("0"), ord("9")
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

_WIDEST = 3
_NO_VALUE = 256


def _values() -> NDArray[np.uint16]:
    """The number that ends at a separator, by the low halves of the three bytes before it.

    The low half of a digit is its value; those of a comma and of a newline are above 9.
    """
    hundreds, tens, ones = np.indices((16, 16, 16), np.uint16).reshape(_WIDEST, -1)
    two = tens <= 9
    three = two & (hundreds <= 9)
    values: NDArray[np.uint16] = ones + two * 10 * tens + three * 100 * hundreds
    leading_zero = np.where(three, hundreds == 0, two & (tens == 0))
    values[(ones > 9) | leading_zero | (values > 255)] = _NO_VALUE
    return values


_VALUES = _values()


def _low_halves(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The low halves of the three low bytes of each word, the first byte's highest."""
    halves = words & np.uint32(0x0F0F0F)
    return halves * np.uint32(1 << 24 | 1 << 12 | 1) >> np.uint32(16) & np.uint32(0xFFF)


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
    """Parse rows of unsigned integers without leading zeros; None if there is anything else."""
    newline = layout.dialect.newline.encode()
    if not text.endswith(b"\n"):
        text += newline
    data = np.frombuffer(text, np.uint8)
    separators = np.array([_COMMA] * layout.n_pixels + list(newline), np.uint32)
    found = np.flatnonzero(data < _ZERO)
    if len(found) % len(separators) or data.max() > _NINE:
        return None
    ends = found.reshape(-1, len(separators))
    # Each separator as the highest byte of a word, and in it the three bytes that precede it.
    words = np.ndarray(len(text), "<u4", b"\0" * _WIDEST + text, strides=(1,)).take(ends)
    if ((words >> 24) != separators).any():
        return None
    pixels = slice(1, layout.n_pixels + 1)
    if (ends[:, pixels] - ends[:, : layout.n_pixels]).max() > _WIDEST + 1:
        return None
    values = _VALUES.take(_low_halves(words[:, pixels]))
    if values.max() >= _NO_VALUE:
        return None
    label_ends = ends[:, 0].tolist()
    starts = [0, *(ends[:-1, -1] + 1).tolist()]
    spelled = [text[start:end] for start, end in zip(starts, label_ends, strict=True)]
    if not all(PLAIN.fullmatch(cell) for cell in spelled):
        return None
    return Rows([int(cell) for cell in spelled], values.astype(np.uint8), {}, True)


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
