"""The journal of a run: one line a finished batch, so that a killed run can go on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from signdata.filesystem import write_all
from signdata.results import Problem


class JournalEntry(msgspec.Struct):
    """What the journal says of one finished batch, without its rows."""

    key: str
    read: int
    skipped: int
    failed: int
    problems: list[Problem]
    end: int = 0


class JournalRows(msgspec.Struct):
    """What a finished batch stored: manifest rows, and the length in bytes of each piece."""

    rows: list[dict[str, str]]
    sizes: list[list[int]]


class Journal:
    """Lines of finished batches on disk; in memory only where each is."""

    def __init__(self, path: Path) -> None:
        self.lines: dict[str, JournalEntry] = {}
        self._bodies: dict[str, tuple[int, int]] = {}
        self._decode = msgspec.json.Decoder(JournalRows).decode
        self._end = self._load(path) if path.exists() else 0
        # Unbuffered: what a full disk did not take must not be tried again at the end.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        os.ftruncate(self._file, self._end)

    def _load(self, path: Path) -> int:
        """Take in every whole line; return where they end."""
        decode = msgspec.json.Decoder(JournalEntry).decode
        end = 0
        with path.open("rb") as file:
            for raw in file:
                head, _, body = raw.partition(b"\t")
                if not raw.endswith(b"\n"):  # torn by a kill
                    break
                line = decode(head)
                self.lines[line.key] = line
                self._bodies[line.key] = (end + len(head) + 1, len(body))
                end += len(raw)
        return end

    def add(self, line: JournalEntry, body: bytes) -> None:
        """Record a finished batch."""
        head = msgspec.json.encode(line) + b"\t"
        os.lseek(self._file, self._end, os.SEEK_SET)
        write_all(self._file, head + body + b"\n")
        self.lines[line.key] = line
        self._bodies[line.key] = (self._end + len(head), len(body) + 1)
        self._end += len(head) + len(body) + 1

    def body(self, key: str) -> JournalRows:
        """What the batch `key` stored; nothing if it has no line."""
        if key not in self._bodies:
            return JournalRows([], [])
        start, length = self._bodies[key]
        return self._decode(os.pread(self._file, length, start))

    def rows(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield every stored row with the key of its batch."""
        for key in self.lines:
            for row in self.body(key).rows:
                yield key, row

    def close(self) -> None:
        """Let go of the file; the lines stay known."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
