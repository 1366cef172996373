"""The journal of a run: one line per finished batch, so that a killed run can resume.

A line is an entry, a tab, and the rows of the batch, both as JSON. Journals of earlier versions,
whose rows are compressed and in base64, are read as well.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from signdata.filesystem import write_all
from signdata.formats.writer import ShardSum
from signdata.results import Problem
from signdata.row_blocks import RowBlock, blocks_of
from signdata.sidecars import encode_json


class JournalEntry(msgspec.Struct):
    """One finished batch in the journal, without its rows."""

    key: str
    read: int
    skipped: int
    failed: int
    problems: list[Problem]
    end: int = 0


class JournalRows(msgspec.Struct):
    """What a finished batch stored: manifest rows, and the size in bytes of each encoded item.

    Of an output in shards, also what is recorded of the shard that the batch became. Where all
    samples were stored together, each as one item, `together` and `lengths` stand for rows and
    sizes.
    """

    rows: list[dict[str, str]]
    sizes: list[list[int]]
    shard: ShardSum | None = None
    together: list[RowBlock] = []
    lengths: list[int] = []

    def __len__(self) -> int:
        return len(self.rows) + sum(block.n for block in self.together)

    def add(self, row: dict[str, str], sizes: list[int]) -> None:
        """Record a sample that was stored on its own."""
        if self.together:
            self.rows, self.sizes = self.each(), self.each_size()
            self.together, self.lengths = [], []
        self.rows.append(row)
        self.sizes.append(sizes)

    def add_together(self, block: RowBlock, lengths: list[int]) -> None:
        """Record samples that were stored together."""
        if self.rows:
            self.rows += block.rows()
            self.sizes += ([length] for length in lengths)
        else:
            self.together.append(block)
            self.lengths += lengths

    def each(self) -> list[dict[str, str]]:
        """The rows, one by one."""
        return self.rows or [row for block in self.together for row in block.rows()]

    def blocks(self) -> list[RowBlock]:
        """The rows as columns."""
        return self.together or list(blocks_of(self.rows))

    def each_size(self) -> list[list[int]]:
        """The sizes of the items of each row."""
        return self.sizes or [[length] for length in self.lengths]


class _Sizes(msgspec.Struct):
    """Of `JournalRows`, what is read without making the rows."""

    sizes: list[list[int]]
    lengths: list[int] = []


_decode_rows = msgspec.json.Decoder(JournalRows).decode
_decode_sizes = msgspec.json.Decoder(_Sizes).decode
_decode_entry = msgspec.json.Decoder(JournalEntry).decode


def pack(rows: JournalRows) -> bytes:
    """What a batch stored as one part without a tab or a line break.

    It is mostly digests: compressing them would save a third and take as long as everything else
    that is done for the journal.
    """
    return encode_json(rows)


def unpack(part: bytes) -> JournalRows:
    """The opposite of `pack`."""
    return _decode_rows(_unpacked(part))


def _unpacked(part: bytes) -> bytes:
    if part.startswith(b"{"):
        return part
    return zlib.decompress(base64.b64decode(part))


class Journal:
    """Entries of finished batches. They stay on disk; memory holds where each begins.

    Attributes
    ----------
    read, skipped, failed : int
        Samples of all entries.
    problems : list of Problem
        Problems of all entries.
    end : int
        The highest `JournalEntry.end`.
    """

    def __init__(self, path: Path) -> None:
        self.read = self.skipped = self.failed = self.end = 0
        self.problems: list[Problem] = []
        self._starts: dict[str, int] = {}
        self._size = self._load(path) if path.exists() else 0
        # Unbuffered: what a full disk refused must not be written again on close.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        os.ftruncate(self._file, self._size)

    def _load(self, path: Path) -> int:
        """Read all complete lines; return where they end."""
        size = 0
        with path.open("rb") as file:
            for raw in file:
                if not raw.endswith(b"\n"):  # cut off when the run was killed
                    break
                self._count(_decode_entry(raw[: raw.index(b"\t")]), size)
                size += len(raw)
        return size

    def _count(self, entry: JournalEntry, start: int) -> None:
        self._starts[entry.key] = start
        self.read += entry.read
        self.skipped += entry.skipped
        self.failed += entry.failed
        self.problems += entry.problems
        self.end = max(self.end, entry.end)

    def __contains__(self, key: str) -> bool:
        return key in self._starts

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, entry: JournalEntry, rows: bytes) -> None:
        """Record a finished batch and its packed `JournalRows`."""
        line = b"%b\t%b\n" % (encode_json(entry), rows)
        os.lseek(self._file, self._size, os.SEEK_SET)
        write_all(self._file, line)
        self._count(entry, self._size)
        self._size += len(line)

    def rows_of(self, key: str) -> JournalRows:
        """What the batch `key` stored; empty if it has no entry."""
        return unpack(self._part(key)) if key in self._starts else JournalRows([], [])

    def sizes_of(self, key: str) -> list[list[int]]:
        """Sizes of the encoded items of each sample of the batch `key`; [] if it has no entry."""
        if key not in self._starts:
            return []
        found = _decode_sizes(_unpacked(self._part(key)))
        return found.sizes or [[length] for length in found.lengths]

    def _part(self, key: str) -> bytes:
        """The packed rows in the line of a batch."""
        start, line = self._starts[key], b""
        while not line.endswith(b"\n"):
            more = os.pread(self._file, _AT_ONCE, start + len(line))
            line += more[: more.find(b"\n") + 1 or None]
        return line[line.index(b"\t") + 1 : -1]

    def rows(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield every stored row with the key of its batch."""
        for key in self._starts:
            for row in self.rows_of(key).each():
                yield key, row

    def close(self) -> None:
        """Close the file; what is known of the entries stays in memory."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


_AT_ONCE = 1 << 16
"""Bytes of a line that are read at once."""
