"""The text of a pixel CSV: its header, its rows, both ways.

Rows are parsed a block at a time. A block of plain integers takes a few passes
of numpy over its bytes; anything else in it - a float, a quote, a fault - sends
the block through a parser that looks at every cell and can name it.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from signdata.downloads import refuse_failed
from signdata.errors import FormatError, MissingError
from signdata.formats.compressed import ERRORS as DAMAGE
from signdata.formats.compressed import is_compressed, opened
from signdata.formats.csv import rows as arranging
from signdata.formats.csv.columns import Colour, Columns, unquote
from signdata.formats.csv.dialect import Dialect
from signdata.formats.csv.header import MAX_LINE, NUMBER, read_header
from signdata.formats.csv.rows import Fault

BLOCK = 1 << 18
MOST_LABELS = 1000
"""Labels after which no more are collected."""

MAX_DIGITS = 18
"""Integers of more digits are no labels, and would not fit into 64 bits."""

_COMMA, _NEWLINE, _ZERO, _NINE = ord(","), ord("\n"), ord("0"), ord("9")
_PLAIN = re.compile(rb"0|[1-9][0-9]{0,%d}" % (MAX_DIGITS - 1))
_INTEGER = re.compile(r"[+-]?[0-9]+")
_BLANKS = " \t"
"""What may stand around a number; any other white space is a fault."""

FIRST_LINES = 10
"""Lines among which the first row with something in it is looked for."""

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
class Block:
    """Whole lines of a file: where they are, and the 1-based number of the first row.

    Attributes
    ----------
    text : bytes or None
        The lines themselves, where the file cannot be opened in the middle.
    """

    offset: int
    length: int
    first_row: int
    text: bytes | None = None


@dataclass(frozen=True)
class Layout:
    """A CSV file as one pass over its bytes shows it.

    Attributes
    ----------
    shares : bool
        Whether pixels are written as shares of 255.
    uses : mapping of str to int
        How many rows each word has in the column of splits, where there is one.
    codes : frozenset of int
        Which plain integers are labels.
    """

    path: Path
    dialect: Dialect
    columns: Columns
    n_rows: int
    sha256: str
    blocks: tuple[Block, ...]
    shares: bool = False
    uses: Mapping[str, int] = field(default_factory=dict)
    codes: frozenset[int] = frozenset()

    @property
    def n_pixels(self) -> int:
        """Values of a picture."""
        return self.columns.n_pixels

    @property
    def header_lines(self) -> int:
        """Lines before the first row."""
        return 0 if self.dialect.header == "" else 1


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


def scan(path: Path, *, header: bool, text_labels: bool | None = None) -> Layout:
    """Read a CSV once: check its header, find its lines, take its digest.

    Parameters
    ----------
    path : Path
        The file, compressed or not.
    header : bool
        Whether its first line is a header.
    text_labels : bool, optional
        Whether labels are class names; by default if that of the first row is one.

    Raises
    ------
    MissingError
        If it is not there.
    FormatError
        If the header is not that of a pixel CSV, or there is no row.
    """
    refuse_failed(path)
    try:
        with opened(path) as file:
            first = file.readline(MAX_LINE + 1)
            dialect, columns = read_header(first, path, header)
            row = _first_row(file, first if not header else b"")
            start = len(first) if header else len(codecs.BOM_UTF8) * dialect.bom
            file.seek(0)
            digest = hashlib.sha256(file.read(start))
            lines = _Lines(path, columns)
            blocks = tuple(lines.blocks(file, start, digest))
        if is_compressed(path):
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256")
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except (OSError, *DAMAGE) as err:
        why = getattr(err, "strerror", None) or err
        raise FormatError(f"cannot be read ({why})", path=path) from err
    if not blocks:
        raise FormatError("a header without rows; expected one picture a row", path=path)
    values = arranging.values_of(row, columns)
    if columns.one_cell:
        columns = replace(columns, n_pixels=len(values))
    if text_labels is None:
        text_labels = arranging.label_is_text(row, columns)
    dialect = replace(dialect, final_newline=lines.final_newline, text_labels=text_labels)
    return Layout(
        path,
        dialect,
        columns,
        lines.n_rows,
        digest.hexdigest(),
        blocks,
        arranging.are_shares(values),
        dict(lines.uses),
        frozenset(int(cell) for cell in lines.labels if _PLAIN.fullmatch(cell)),
    )


def _first_row(file: IO[bytes], line: bytes) -> bytes:
    """The first line with something in it, by which labels and values are known."""
    for _ in range(FIRST_LINES):
        line = line or file.readline(MAX_LINE + 1)
        if line.strip() or not line:
            break
        line = b""
    return line.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")


@dataclass
class _Lines:
    """The lines of a file as they are read."""

    path: Path
    columns: Columns
    n_rows: int = 0
    final_newline: bool = True
    uses: Counter[str] = field(default_factory=Counter)
    labels: set[bytes] = field(default_factory=set)

    def blocks(self, file: IO[bytes], offset: int, digest: hashlib._Hash) -> Iterator[Block]:
        """Yield whole lines until the file ends."""
        rest = b""
        while data := file.read(BLOCK):
            digest.update(data)
            data = rest + data
            cut = data.rfind(b"\n") + 1
            if not cut and len(data) > MAX_LINE:
                where = f"row {self.n_rows + 1}"
                raise FormatError(f"a line of over {MAX_LINE:,} bytes", path=self.path, where=where)
            rest = data[cut:]
            if cut:
                yield self._block(offset, cut, data, data.count(b"\n", 0, cut))
                offset += cut
        if rest:
            self.final_newline = False
            yield self._block(offset, len(rest), rest, 1)

    def _block(self, offset: int, length: int, data: bytes, n: int) -> Block:
        made = Block(offset, length, self.n_rows + 1)
        self.n_rows += n
        lines = data[:length].removesuffix(b"\n").split(b"\n")
        if self.columns.use is not None:
            self.uses.update(arranging.arrange(lines, self.columns, False).uses)
        if self.columns.label is not None and len(self.labels) <= MOST_LABELS:
            self.labels.update(arranging.labels_of(lines, self.columns))
        return made


def with_texts(layout: Layout) -> Iterator[Block]:
    """The blocks of a file; of a compressed one with their text, as it is read from the start."""
    if not is_compressed(layout.path):
        yield from layout.blocks
        return
    try:
        with opened(layout.path) as file:
            file.read(layout.blocks[0].offset)
            for block in layout.blocks:
                yield replace(block, text=file.read(block.length))
    except (OSError, *DAMAGE) as err:
        raise FormatError(f"cannot be read ({err})", path=layout.path) from err


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
    if not all(_PLAIN.fullmatch(cell) for cell in spelled):
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
