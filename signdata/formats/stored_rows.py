"""The rows of a manifest of any length, read from it when they are asked for."""

from __future__ import annotations

import csv
import io
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from signdata.errors import FormatError
from signdata.sidecars import Row, refuse_repeated_ids, row_blocks


@dataclass(frozen=True)
class RowRange:
    """Some rows that follow each other in a manifest. Small, so that it goes to a worker.

    Attributes
    ----------
    path : Path
        The manifest.
    header : sequence of str
        Its columns.
    offset, length : int
        Where the rows are, in bytes.
    n : int
        How many there are.
    prefix : str
        What the ids are to begin with.
    """

    path: Path
    header: Sequence[str]
    offset: int
    length: int
    n: int
    prefix: str = ""

    def read(self) -> list[Row]:
        """The rows.

        Raises
        ------
        FormatError
            If the file is not what it was.
        """
        rows = [dict(zip(self.header, cells, strict=False)) for cells in self._cells()]
        if self.prefix:
            rows = [{**row, "id": f"{self.prefix}{row['id']}"} for row in rows]
        return rows

    def columns(self) -> dict[str, list[str]]:
        """The same rows as columns.

        Raises
        ------
        FormatError
            If the file is not what it was.
        """
        cells = self._cells()
        if any(len(row) != len(self.header) for row in cells):
            raise FormatError("changed while it was read", path=self.path)
        columns = dict(zip(self.header, map(list, zip(*cells, strict=True)), strict=True))
        if self.prefix:
            columns["id"] = [f"{self.prefix}{one}" for one in columns["id"]]
        return columns

    def _cells(self) -> list[list[str]]:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read(self.length)
        text = io.StringIO(data.decode("utf-8", "replace"), newline="")
        cells = list(csv.reader(text))
        if len(data) < self.length or len(cells) != self.n:
            raise FormatError("changed while it was read", path=self.path)
        return cells


@dataclass(frozen=True)
class StoredRows:
    """All rows of a manifest, checked. A row takes 16 bytes of memory.

    Attributes
    ----------
    path : Path
        The manifest.
    header : sequence of str
        Its columns.
    splits : mapping of str to int
        How many rows each split has.
    offsets : array of int
        Where each row begins, and where the last one ends.
    hashes : array of int
        Of the ids.
    prefix : str
        What the ids are to begin with.
    """

    path: Path
    header: Sequence[str]
    splits: Mapping[str, int]
    offsets: array[int]
    hashes: array[int]
    prefix: str = ""

    @classmethod
    def scan(cls, path: Path) -> StoredRows:
        """Read a manifest once; see `signdata.sidecars.read_rows` for what it may raise."""
        offsets, hashes = array("q"), array("q")
        splits: Counter[str] = Counter()
        header: Sequence[str] = ()
        for header, rows in row_blocks(path, offsets):
            ids = header.index("id")
            hashes.extend(hash(cells[ids]) for cells in rows)
            if "split" in header:
                of_split = header.index("split")
                splits.update(cells[of_split] for cells in rows)
            else:
                splits[""] += len(rows)
        refuse_repeated_ids(path, hashes)
        return cls(path, tuple(header), splits, offsets, hashes)

    def __len__(self) -> int:
        return len(self.hashes)

    def between(self, start: int, stop: int) -> RowRange:
        """Rows `start` up to `stop`."""
        first, end = self.offsets[start], self.offsets[stop]
        return RowRange(self.path, self.header, first, end - first, stop - start, self.prefix)

    def prefixed(self, prefix: str) -> StoredRows:
        """The same rows, their ids with something in front."""
        return replace(self, prefix=prefix)
