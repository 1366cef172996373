"""The text of a pixel CSV: its header, its rows, both ways.

Rows are parsed a block at a time. A block of plain integers takes a few passes
of numpy over its bytes; anything else in it - a float, a quote, a fault - sends
the block through a parser that looks at every cell and can name it.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError, MissingError

BLOCK = 1 << 18
MAX_LINE = 1 << 20
MAX_DIGITS = 18
"""Integers of more digits are no labels, and would not fit into 64 bits."""

_COMMA, _NEWLINE, _ZERO, _NINE = ord(","), ord("\n"), ord("0"), ord("9")
_PLAIN = re.compile(rb"0|[1-9][0-9]{0,%d}" % (MAX_DIGITS - 1))
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BLANKS = " \t"
"""What may stand around a number; any other white space is a fault."""

_SHOWN = 30
"""Characters of a faulty cell that an error repeats."""

_INDEX_NAMES = {"", "index", "id", "unnamed: 0"}

_CELLS = np.zeros(256, np.uint32)
for _value in range(256):
    _CELLS[_value] = int.from_bytes(f"{_value},".encode().ljust(4, b"\0"), "little")
_CELLS = _CELLS.astype("<u4")

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


Newline: TypeAlias = Literal["\n", "\r\n"]


@dataclass(frozen=True)
class Dialect:
    """How a CSV is spelled beyond its values.

    Attributes
    ----------
    header : str or None
        The header line as it stands; '' for none; None for ``label,pixel1,...``.
    bom : bool
        Whether the file starts with a UTF-8 byte order mark.
    newline : str
        ``\\n`` or ``\\r\\n``.
    final_newline : bool
        Whether the last row ends with one.
    """

    header: str | None = None
    bom: bool = False
    newline: Newline = "\n"
    final_newline: bool = True

    def start(self, n_pixels: int) -> bytes:
        """The bytes before the first row; a header of other pictures is not repeated."""
        header = self.header
        if header is None or (header and header.count(",") != n_pixels):
            header = standard_header(n_pixels)
        text = header + self.newline if header else ""
        return (codecs.BOM_UTF8 if self.bom else b"") + text.encode()


@dataclass(frozen=True)
class Block:
    """Whole lines of a file: where they are, and the 1-based number of the first row."""

    offset: int
    length: int
    first_row: int


@dataclass(frozen=True)
class Layout:
    """A CSV file as one pass over its bytes shows it."""

    path: Path
    dialect: Dialect
    n_pixels: int
    n_rows: int
    sha256: str
    blocks: tuple[Block, ...]

    @property
    def header_lines(self) -> int:
        """Lines before the first row."""
        return 0 if self.dialect.header == "" else 1


@dataclass(frozen=True)
class Fault:
    """What is wrong with one row."""

    what: str
    column: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Rows:
    """Parsed rows.

    Attributes
    ----------
    labels : list of int
        The label cells.
    pixels : ndarray
        (R, N) uint8; zeros where a row is faulty.
    faults : dict
        Fault of each bad row, by its position.
    plain : bool
        Whether every cell is written as a plain integer, so that writing the values
        again gives the same text.
    """

    labels: list[int]
    pixels: NDArray[np.uint8]
    faults: dict[int, Fault]
    plain: bool


def standard_header(n_pixels: int) -> str:
    """``label,pixel1,...,pixelN``."""
    return ",".join(["label", *(f"pixel{i}" for i in range(1, n_pixels + 1))])


def scan(path: Path, *, header: bool) -> Layout:
    """Read a CSV once: check its header, find its lines, take its digest.

    Raises
    ------
    MissingError
        If it is not there.
    FormatError
        If the header is not that of a pixel CSV, or there is no row.
    """
    digest = hashlib.sha256()
    blocks: list[Block] = []
    try:
        with path.open("rb") as file:
            first = file.readline(MAX_LINE + 1)
            dialect, n_pixels = _read_header(first, path, header)
            start = len(first) if header else len(codecs.BOM_UTF8) * dialect.bom
            file.seek(0)
            digest.update(file.read(start))
            row, rest, offset = 1, b"", start
            while data := file.read(BLOCK):
                digest.update(data)
                data = rest + data
                cut = data.rfind(b"\n") + 1
                if not cut and len(data) > MAX_LINE:
                    where = f"row {row}"
                    raise FormatError(f"a line of over {MAX_LINE:,} bytes", path=path, where=where)
                rest = data[cut:]
                if cut:
                    blocks.append(Block(offset, cut, row))
                    offset += cut
                    row += data.count(b"\n", 0, cut)
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=path) from err
    if rest:
        blocks.append(Block(offset, len(rest), row))
        row += 1
    if row == 1:
        raise FormatError("a header without rows; expected one picture a row", path=path)
    dialect = Dialect(dialect.header, dialect.bom, dialect.newline, not rest)
    return Layout(path, dialect, n_pixels, row - 1, digest.hexdigest(), tuple(blocks))


def _read_header(first: bytes, path: Path, header: bool) -> tuple[Dialect, int]:
    where = "line 1"
    if not first.strip():
        found = "an empty file" if not first else "a blank line"
        raise FormatError(f"no CSV; expected a header, found {found}", path=path, where=where)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in first[:64]:
        raise FormatError(
            "UTF-16 or binary; expected plain text", path=path, where=where, remedy="Save as UTF-8."
        )
    if len(first) > MAX_LINE:
        raise FormatError(f"a line of over {MAX_LINE:,} bytes", path=path, where=where)
    bom = first.startswith(codecs.BOM_UTF8)
    try:
        line = first[len(codecs.BOM_UTF8) * bom :].decode("utf-8")
    except UnicodeDecodeError as err:
        raise FormatError(f"no CSV ({err.reason}); expected text", path=path, where=where) from err
    newline: Newline = "\r\n" if line.endswith("\r\n") else "\n"
    line = line.removesuffix(newline)
    if "\r" in line:
        raise FormatError("line ends of old Macs (CR); expected LF or CRLF", path=path, where=where)
    cells = [_unquote(cell) for cell in line.split(",")]
    if len(cells) == 1:
        _refuse_separator(line, path)
    if not header:
        if not all(_NUMBER.fullmatch(cell.strip()) for cell in cells):
            raise FormatError(
                f"--no-header, but the first line starts with {cells[0][:20]!r}; expected numbers",
                path=path,
                where=where,
            )
        return Dialect("", bom, newline), len(cells) - 1
    _check_names(cells, path)
    n_pixels = len(cells) - 1
    return Dialect(None if line == standard_header(n_pixels) else line, bom, newline), n_pixels


def _refuse_separator(line: str, path: Path) -> None:
    for separator, name in ((";", "';'"), ("\t", "tabs"), ("|", "'|'")):
        if separator in line:
            raise FormatError(
                f"fields are separated by {name}; expected ','",
                path=path,
                where="line 1",
                remedy="Save it with commas.",
            )
    raise FormatError(
        f"no pixel CSV; expected label,pixel1,..., found {line[:40]!r}", path=path, where="line 1"
    )


def _check_names(cells: list[str], path: Path) -> None:
    where = "line 1"
    if all(_NUMBER.fullmatch(cell.strip()) for cell in cells):
        raise FormatError(
            "no header; expected label,pixel1,..., found numbers",
            path=path,
            where=where,
            remedy="Say --no-header if the first line is a picture.",
        )
    if cells[0].casefold() in _INDEX_NAMES and "label" in cells[1:2]:
        raise FormatError(
            f"an index column ({cells[0]!r}) before label; expected label first",
            path=path,
            where="line 1, column 1",
            remedy="Save it without the index: to_csv(..., index=False).",
        )
    for i, cell in enumerate(cells):
        wanted = f"pixel{i}" if i else "label"
        if cell != wanted:
            twice = " (it appears twice)" if cell in cells[:i] else ""
            raise FormatError(
                f"column {cell[:40]!r}{twice}; expected {wanted!r}",
                path=path,
                where=f"line 1, column {i + 1}",
                remedy="Expected is label,pixel1,...,pixelN.",
            )


def _unquote(cell: str) -> str:
    return cell[1:-1] if len(cell) >= 2 and cell[0] == cell[-1] == '"' else cell


def read_rows(layout: Layout, block: Block) -> Rows:
    """Parse the rows of one block."""
    try:
        with layout.path.open("rb") as file:
            file.seek(block.offset)
            text = file.read(block.length)
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=layout.path) from err
    return _parse_plain(text, layout) or _parse_each(text, layout, block)


def _parse_plain(text: bytes, layout: Layout) -> Rows | None:
    """Parse rows of unsigned integers without leading zeros; None if there is anything else."""
    newline = layout.dialect.newline.encode()
    if not text.endswith(b"\n"):
        text += newline
    data = np.frombuffer(text, np.uint8)
    separators = np.array([_COMMA] * layout.n_pixels + list(newline), np.uint8)
    found = np.flatnonzero(data < _ZERO)
    if len(found) % len(separators) or data.max() > _NINE:
        return None
    if (data[found].reshape(-1, len(separators)) != separators).any():
        return None
    ends = found.reshape(-1, len(separators))
    pixel_ends = ends[:, 1 : layout.n_pixels + 1]
    widths = pixel_ends - ends[:, : layout.n_pixels] - 1
    if widths.min() < 1 or widths.max() > _WIDEST:
        return None
    # The three bytes before each place; a label and a comma precede the first that is asked for.
    low = (data & 15).astype(np.uint16)
    key = low[:-2] << 8
    key |= low[1:-1] << 4
    key |= low[2:]
    values = _VALUES[key[pixel_ends - _WIDEST]]
    if values.max() >= _NO_VALUE:
        return None
    label_ends = ends[:, 0].tolist()
    starts = [0, *(ends[:-1, -1] + 1).tolist()]
    spelled = [text[start:end] for start, end in zip(starts, label_ends, strict=True)]
    if not all(_PLAIN.fullmatch(cell) for cell in spelled):
        return None
    return Rows([int(cell) for cell in spelled], values.astype(np.uint8), {}, True)


def _parse_each(text: bytes, layout: Layout, block: Block) -> Rows:
    """Parse every cell, keeping what is wrong with each row."""
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    pixels = np.zeros((len(lines), layout.n_pixels), np.uint8)
    labels: list[int] = []
    faults: dict[int, Fault] = {}
    plain = True
    for i, line in enumerate(lines):
        is_last = block.first_row + i == layout.n_rows and not layout.dialect.final_newline
        row = _parse_line(line, layout, is_last)
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
    newline = layout.dialect.newline
    plain = raw.endswith(b"\r") == (newline == "\r\n" and not cut_off)
    line = raw.removesuffix(b"\r")
    if not line.strip():
        return Fault("a blank line; expected a picture", remedy="Remove it.")
    if b"\0" in line:
        column = line[: line.index(b"\0")].count(b",") + 1
        return Fault("a NUL byte; expected text", f"column {column}")
    try:
        cells = line.decode("ascii").split(",")
    except UnicodeDecodeError as err:
        column = line[: err.start].count(b",") + 1
        return Fault(f"byte {line[err.start]:#04x}; expected digits", f"column {column}")
    if _unquote(cells[0]).strip() == "label":
        return Fault("a second header; expected a picture", remedy="Remove it.")
    if len(cells) != layout.n_pixels + 1:
        ends = " (the file ends inside this row)" if cut_off else ""
        kind = "; fields are separated by ';'" if len(cells) == 1 and b";" in line else ""
        return Fault(
            f"{len(cells)} fields{ends}{kind}; expected {layout.n_pixels + 1}",
            remedy="It may be cut short: fetch the file again." if cut_off else "",
        )
    values = []
    for i, cell in enumerate(cells):
        value = _parse_cell(cell)
        name = f"column pixel{i}" if i else "column label"
        if isinstance(value, str):
            return Fault(value, name)
        if i and not 0 <= value <= 255:
            return Fault(f"pixel value {value}; expected 0..255", name)
        plain &= cell == str(value)
        values.append(value)
    return values[0], values[1:], plain


def _parse_cell(cell: str) -> int | str:
    """The integer that a cell stands for, or what is wrong with it."""
    text = _unquote(cell.strip(_BLANKS)).strip(_BLANKS)
    if _INTEGER.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text)
    if not text:
        return "an empty field; expected an integer"
    if not _NUMBER.fullmatch(text):
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


def row_text(code: int, pixels: NDArray[np.uint8], newline: str) -> bytes:
    """One row: the label's code, the pixels row by row, the line's end.

    Parameters
    ----------
    code : int
        The label.
    pixels : ndarray
        (H, W) uint8.
    newline : str
        What ends the line.
    """
    cells = _CELLS[pixels.ravel()].tobytes().translate(None, b"\0")
    return b"%d,%s%s" % (code, cells[:-1], newline.encode())
