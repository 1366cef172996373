"""What a worker reports of a batch that it has stored."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from signdata.errors import (
    SigndataError,
)
from signdata.filesystem import (
    unique_name,
)
from signdata.results import Problem
from signdata.samples import Sample

IN_MEMORY = 1 << 20
"""Bytes that a batch sends to the parent directly; more are sent through a file."""

DIED = "the worker process died on every attempt (out of memory, or the decoder crashed or hung)"
"""What is said of a sample that kills its worker."""


@dataclass
class ItemBytes:
    """Bytes for a single-file output, sent from a worker to the parent."""

    folder: Path | None
    length: int = 0
    _data: bytearray = field(default_factory=bytearray)
    _file: Path | None = None
    _in_file: int = 0

    def add(self, data: bytes) -> None:
        """Append bytes."""
        if self.folder is None:
            return
        self.length += len(data)
        self._data += data
        if len(self._data) > IN_MEMORY:
            self._file = self._file or self.folder / unique_name()
            with self._file.open("ab") as file:
                file.write(self._data)
            self._in_file += len(self._data)
            self._data.clear()

    def cut(self, length: int) -> None:
        """Drop all bytes after the first `length`."""
        self.length = length
        if self._file is not None and length < self._in_file:
            os.truncate(self._file, length)
            self._in_file = length
        del self._data[length - self._in_file :]

    def take(self) -> Iterator[bytes | bytearray]:
        """Yield the bytes in parts and remove their file."""
        if self._file is not None:
            with self._file.open("rb") as file:
                while data := file.read(IN_MEMORY):
                    yield data
            self._file.unlink()
        yield self._data


@dataclass
class Outcome:
    """What a worker reports of one batch."""

    read: int = 0
    skipped: int = 0
    failed: int = 0
    problems: list[Problem] = field(default_factory=list)
    rows: bytes = b""
    items: list[ItemBytes] = field(default_factory=list)
    fatal: SigndataError | None = None


def problem_of(sample: Sample, error: SigndataError) -> Problem:
    """The problem for an error that cost a sample, without paths specific to this machine."""
    name = sample.source or sample.id
    file = os.path.basename(error.path)
    where = error.where
    if file and file != os.path.basename(name):
        where = f"{file}:{where}" if where else file
    placed = SigndataError(error.what, where=where, remedy=error.remedy)
    return Problem.from_error(placed, error.kind, name)
