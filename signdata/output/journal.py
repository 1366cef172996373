"""The journal of a run: one line per finished batch, so that a killed run can resume."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from signdata.filesystem import write_all
from signdata.formats.writer import ShardSum
from signdata.results import Problem


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

    Of an output in shards, also what is recorded of the shard that the batch became.
    """

    rows: list[dict[str, str]]
    sizes: list[list[int]]
    shard: ShardSum | None = None


class _Sizes(msgspec.Struct):
    """Of `JournalRows`, what is read without making the rows."""

    sizes: list[list[int]]


class Journal:
    """Entries of finished batches. Their rows stay on disk; memory holds only their offsets."""

    def __init__(self, path: Path) -> None:
        self.entries: dict[str, JournalEntry] = {}
        self._extents: dict[str, tuple[int, int]] = {}
        self._decode = msgspec.json.Decoder(JournalRows).decode
        self._decode_sizes = msgspec.json.Decoder(_Sizes).decode
        self._end = self._load(path) if path.exists() else 0
        # Unbuffered: what a full disk refused must not be written again on close.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        os.ftruncate(self._file, self._end)

    def _load(self, path: Path) -> int:
        """Read all complete lines; return where they end."""
        decode = msgspec.json.Decoder(JournalEntry).decode
        end = 0
        with path.open("rb") as file:
            for raw in file:
                head, _, rows = raw.partition(b"\t")
                if not raw.endswith(b"\n"):  # cut off when the run was killed
                    break
                entry = decode(head)
                self.entries[entry.key] = entry
                self._extents[entry.key] = (end + len(head) + 1, len(rows))
                end += len(raw)
        return end

    def add(self, entry: JournalEntry, rows: bytes) -> None:
        """Record a finished batch and its encoded `JournalRows`."""
        head = msgspec.json.encode(entry) + b"\t"
        os.lseek(self._file, self._end, os.SEEK_SET)
        write_all(self._file, head + rows + b"\n")
        self.entries[entry.key] = entry
        self._extents[entry.key] = (self._end + len(head), len(rows) + 1)
        self._end += len(head) + len(rows) + 1

    def rows_of(self, key: str) -> JournalRows:
        """What the batch `key` stored; empty if it has no entry."""
        return self._decode(self._stored(key)) if key in self._extents else JournalRows([], [])

    def sizes_of(self, key: str) -> list[list[int]]:
        """Sizes of the encoded items of each sample of the batch `key`; [] if it has no entry."""
        return self._decode_sizes(self._stored(key)).sizes if key in self._extents else []

    def _stored(self, key: str) -> bytes:
        start, length = self._extents[key]
        return os.pread(self._file, length, start)

    def rows(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield every stored row with the key of its batch."""
        for key in self.entries:
            for row in self.rows_of(key).rows:
                yield key, row

    def close(self) -> None:
        """Close the file; the entries stay in memory."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
