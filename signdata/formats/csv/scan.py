"""A pixel CSV as one pass over its bytes shows it: where its rows are, and how they are written."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from signdata.downloads import refuse_failed
from signdata.errors import FormatError
from signdata.filesystem import not_there
from signdata.formats.compressed import ERRORS as DAMAGE
from signdata.formats.compressed import is_compressed, opened
from signdata.formats.csv import rows as arranging
from signdata.formats.csv.columns import Columns
from signdata.formats.csv.dialect import Dialect
from signdata.formats.csv.header import MAX_LINE, read_header

BLOCK = 1 << 18
MOST_LABELS = 1000
"""Labels after which no more are collected."""

MAX_DIGITS = 18
"""Integers of more digits are no labels, and would not fit into 64 bits."""

PLAIN = re.compile(rb"0|[1-9][0-9]{0,%d}" % (MAX_DIGITS - 1))

FIRST_LINES = 10
"""Lines among which the first row with something in it is looked for."""


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
    black : bool
        Whether the first pictures have the values 0 and 1 alone.
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
    black: bool = False
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
        raise not_there(path) from err
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
        arranging.are_black(values, lines.first, columns),
        dict(lines.uses),
        frozenset(int(cell) for cell in lines.labels if PLAIN.fullmatch(cell)),
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
    first: list[bytes] = field(default_factory=list)

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
        if self.first and self.columns.label == 0 and self.columns.use is None:
            self._add_labels(data, length)
            return made
        lines = data[:length].removesuffix(b"\n").split(b"\n")
        self.first = self.first or lines
        if self.columns.use is not None:
            self.uses.update(arranging.arrange(lines, self.columns, False).uses)
        if self.columns.label is not None and len(self.labels) <= MOST_LABELS:
            self.labels.update(arranging.labels_of(lines, self.columns))
        return made

    def _add_labels(self, data: bytes, length: int) -> None:
        """The labels of lines that begin with them, none of which has to be taken out for it."""
        start = 0
        while start < length and len(self.labels) <= MOST_LABELS:
            end = data.find(b"\n", start, length)
            end = length if end < 0 else end
            comma = data.find(b",", start, end)
            self.labels.add(data[start : end if comma < 0 else comma].strip(arranging.AROUND))
            start = end + 1


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
