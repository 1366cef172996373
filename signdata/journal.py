"""The journal of a run: one line a finished batch, so that a killed run can go on."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from signdata.results import Problem


class Line(msgspec.Struct):
    """What the journal says of one finished batch, without its rows."""

    key: str
    read: int
    skipped: int
    failed: int
    problems: list[Problem]
    end: int = 0


class Body(msgspec.Struct):
    """What a finished batch stored: manifest rows, and the length in bytes of each piece."""

    rows: list[dict[str, str]]
    sizes: list[list[int]]


class Journal:
    """Lines of finished batches on disk; in memory only where each is."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+b")
        self.lines: dict[str, Line] = {}
        self._bodies: dict[str, tuple[int, int]] = {}
        self._decode = msgspec.json.Decoder(Body).decode
        self._load()

    def _load(self) -> None:
        decode = msgspec.json.Decoder(Line).decode
        self._file.seek(0)
        end = 0
        for raw in self._file:
            if not raw.endswith(b"\n"):  # torn by a kill
                break
            head, _, body = raw.partition(b"\t")
            line = decode(head)
            self.lines[line.key] = line
            self._bodies[line.key] = (end + len(head) + 1, len(body))
            end += len(raw)
        self._file.truncate(end)
        self._file.seek(end)

    def add(self, line: Line, body: bytes) -> None:
        """Record a finished batch."""
        head = msgspec.json.encode(line) + b"\t"
        start = self._file.tell()
        self._file.write(head + body + b"\n")
        self._file.flush()
        self.lines[line.key] = line
        self._bodies[line.key] = (start + len(head), len(body) + 1)

    def body(self, key: str) -> Body:
        """What the batch `key` stored."""
        start, length = self._bodies[key]
        return self._decode(os.pread(self._file.fileno(), length, start))

    def close(self) -> None:
        self._file.close()
