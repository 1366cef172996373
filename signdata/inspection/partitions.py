"""Rows of manifests of any size, brought together by a key without keeping them in memory.

Rows with the same key have the same number modulo `PARTS`, so two sets of rows can be joined one
part at a time. What does not fit into the buffers waits in a temporary file without a name.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, Self

import msgspec

from signdata.filesystem import writing

PARTS = 256
"""Of ten million rows, one part takes 16 MB."""

BUFFERED = 128
"""Rows of a part that are kept in memory before they are written."""


class Item(NamedTuple):
    """What a manifest says of a sample, as far as it is compared.

    Attributes
    ----------
    digest : str
        Checksum of the stored bytes, '' if none is recorded.
    """

    id: str
    label: str
    split: str
    group: str
    digest: str


class Partitions:
    """Items in `PARTS` parts, by a key of each. A context manager, which frees the disk."""

    def __init__(self) -> None:
        self._waiting: list[list[Item]] = [[] for _ in range(PARTS)]
        self._extents: list[list[tuple[int, int]]] = [[] for _ in range(PARTS)]
        self._decode = msgspec.msgpack.Decoder(list[Item]).decode
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, key: str, item: Item) -> None:
        """Put an item into the part of its key."""
        number = zlib.crc32(key.encode("utf-8", "surrogatepass")) % PARTS
        waiting = self._waiting[number]
        waiting.append(item)
        if len(waiting) == BUFFERED:
            self._extents[number].append(self._store(msgspec.msgpack.encode(waiting)))
            waiting.clear()

    def _store(self, data: bytes) -> tuple[int, int]:
        with writing(Path(tempfile.gettempdir())):
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
            start = self._file.seek(0, 2)
            self._file.write(data)
        return start, len(data)

    def __iter__(self) -> Iterator[list[Item]]:
        """Yield each part, in the same order for all partitions."""
        for waiting, extents in zip(self._waiting, self._extents, strict=True):
            items: list[Item] = []
            for start, length in extents:
                assert self._file is not None
                self._file.seek(start)
                items += self._decode(self._file.read(length))
            yield items + waiting
