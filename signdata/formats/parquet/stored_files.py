"""One Parquet or Arrow file: its schema, its groups of rows, and the values of columns.

A group is what is stored together: a row group of Parquet, a record batch of Arrow. Arrow files
are what Hugging Face's ``save_to_disk`` writes; they are mapped into memory, not read.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, repeat
from pathlib import Path
from typing import Any, TypeAlias

from signdata.formats.parquet.library import arrow, as_format_error

AT_ONCE = 64
"""Rows of a column of pictures that are in memory at once, where a file's groups are larger."""

BYTES_AT_ONCE = 8 << 20
"""Bytes of pictures up to which so many rows are."""


def is_arrow(path: str) -> bool:
    """Whether a file is named like one of Arrow; any other is Parquet."""
    return path.lower().endswith(".arrow")


def schema_of(path: Path) -> Any:
    """The schema of a file; `FormatError` if it is damaged."""
    if is_arrow(path.name):
        return _record_batches(str(path), _changed(str(path)))[0]
    with as_format_error(path), arrow("pyarrow.parquet").ParquetFile(path) as file:
        return file.schema_arrow


def n_rows_of(path: Path) -> int:
    """How many rows a file has; `FormatError` if it is damaged."""
    return _groups(str(path), _changed(str(path))).n_rows


def values_of(path: Path, columns: Sequence[str]) -> dict[str, list[Any]]:
    """All values of some columns, by name."""
    if is_arrow(path.name):
        schema, batches = _record_batches(str(path), _changed(str(path)))
        table = arrow().Table.from_batches(batches, schema)
    else:
        with as_format_error(path), arrow("pyarrow.parquet").ParquetFile(path) as file:
            table = file.read(columns=list(columns), use_threads=False)
    with as_format_error(path):
        return {name: table.column(name).to_pylist() for name in columns}


Cell: TypeAlias = tuple[bytes | None, str | None]
"""The bytes of a picture, and its path, as far as there are some."""


def cell(path: str, row: int, column: str) -> Cell:
    """One picture of a column, quickly where the rows of a file are asked in order.

    Raises
    ------
    IndexError
        If there is no such row.
    """
    changed = _changed(path)
    groups = _groups(path, changed)
    group, inside = groups.place_of(row)
    if is_arrow(path):
        batch = _record_batches(path, changed)[1][group]
        return _cells(batch.column(column).slice(inside, 1))[0]
    at_once, thread = groups.at_once(group), threading.get_ident()
    return _rows(path, changed, group, column, at_once, thread).cell(inside)


def _cells(values: Any) -> list[Cell]:
    """The pictures of a few rows: of structs of bytes and path, or of bytes."""
    if not arrow("pyarrow.types").is_struct(values.type):
        return [(data, None) for data in values.to_pylist()]
    paths: Iterable[str | None] = repeat(None)
    if values.type.get_field_index("path") >= 0:
        paths = values.field("path").to_pylist()
    return list(zip(values.field("bytes").to_pylist(), paths, strict=False))


def _changed(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size


@dataclass(frozen=True)
class _Groups:
    """The groups of a file.

    Attributes
    ----------
    starts : list of int
        The first row of each, and the number of all rows.
    sizes : list of int
        Bytes of a row of each, about: of its picture, nearly all.
    """

    starts: list[int]
    sizes: list[int]

    @classmethod
    def of(cls, lengths: Sequence[tuple[int, int]]) -> _Groups:
        """Groups of so many rows and so many bytes each."""
        starts = list(accumulate((n_rows for n_rows, _ in lengths), initial=0))
        return cls(starts, [n_bytes // max(1, n_rows) for n_rows, n_bytes in lengths])

    @property
    def n_rows(self) -> int:
        return self.starts[-1]

    def place_of(self, row: int) -> tuple[int, int]:
        """The group of a row, and the row in it."""
        if not 0 <= row < self.n_rows:
            raise IndexError(f"no row {row + 1} of {self.n_rows}")
        group = bisect_right(self.starts, row) - 1
        return group, row - self.starts[group]

    def at_once(self, group: int) -> int:
        """How many rows of a group are read at once."""
        return max(1, min(AT_ONCE, BYTES_AT_ONCE // max(1, self.sizes[group])))


@lru_cache(maxsize=16)
def _groups(path: str, changed: tuple[int, int]) -> _Groups:
    if is_arrow(path):
        batches = _record_batches(path, changed)[1]
        return _Groups.of([(batch.num_rows, batch.nbytes) for batch in batches])
    with as_format_error(path), arrow("pyarrow.parquet").ParquetFile(path) as file:
        # Of a column's own size it is not asked: damage there ends the process.
        groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
        return _Groups.of([(one.num_rows, one.total_byte_size) for one in groups])


class _Rows:
    """A column of one row group, of which a few rows are in memory: those asked for last."""

    def __init__(self, path: str, group: int, column: str, at_once: int) -> None:
        self._path, self._group, self._column, self._at_once = path, group, column, at_once
        self._start = 0
        self._cells: list[Cell] = []
        self._parts: Iterator[Any] | None = None

    def cell(self, row: int) -> Cell:
        """The picture in one row of the group."""
        if self._parts is None or row < self._start:
            self._start, self._cells, self._parts = 0, [], self._begin()
        while row >= self._start + len(self._cells):
            self._start += len(self._cells)
            self._cells = _cells(next(self._parts).column(0))
        return self._cells[row - self._start]

    def _begin(self) -> Iterator[Any]:
        parts: Iterator[Any] = _file(self._path, _changed(self._path)).iter_batches(
            self._at_once, row_groups=[self._group], columns=[self._column], use_threads=False
        )
        return parts


@lru_cache(maxsize=4)  # one for each split, where samples of all are read in turn
def _rows(
    path: str, changed: tuple[int, int], group: int, column: str, at_once: int, thread: int
) -> _Rows:
    return _Rows(path, group, column, at_once)


@lru_cache(maxsize=4)
def _file(path: str, changed: tuple[int, int]) -> Any:
    return arrow("pyarrow.parquet").ParquetFile(path, buffer_size=1 << 20)


@lru_cache(maxsize=8)
def _record_batches(path: str, changed: tuple[int, int]) -> tuple[Any, tuple[Any, ...]]:
    """The schema and the checked record batches of an Arrow file, streamed or with a footer."""
    pyarrow = arrow()
    with as_format_error(path, "Arrow"):
        file = pyarrow.memory_map(path)
        try:
            stream = pyarrow.ipc.open_stream(file)
            batches = tuple(stream)
        except pyarrow.ArrowInvalid:
            stream = pyarrow.ipc.open_file(pyarrow.memory_map(path))
            batches = tuple(stream.get_batch(i) for i in range(stream.num_record_batches))
        for batch in batches:
            batch.validate(full=True)  # a damaged one would be read outside of the file
        return stream.schema, batches
