"""Where HDF5 keeps text of any length: checked before the library reads it.

The library walks a heap from object to object by the sizes that are stored there, and one of 0
makes it walk on the spot for ever.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from signdata.errors import FormatError

_SIGNATURE = b"GCOL\x01\0\0\0"
_INDEX = 2
"""Bytes of an object's number, which is 0 for what is free."""


def check(path: Path, size_bytes: int, arrays: list[tuple[int, int]]) -> None:
    """Raise `FormatError` if a heap of a file has an object that leads nowhere.

    Parameters
    ----------
    path : Path
        The file.
    size_bytes : int
        How many bytes a size takes in it.
    arrays : list of tuple of int
        Offset and length of each contiguous array: no heap is there, and they are most of a file.
    """
    with path.open("rb") as file:
        length = path.stat().st_size
        if not length:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for start, stop in _gaps(arrays, length):
                place = data.find(_SIGNATURE, start, stop)
                while place >= 0:
                    if not _ends(data, place, size_bytes):
                        raise FormatError("damaged (a heap of text that has no end)", path=path)
                    place = data.find(_SIGNATURE, place + 1, stop)


def _gaps(arrays: list[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """What lies between the arrays of a file."""
    start = 0
    for offset, size in sorted(arrays):
        if start < offset:
            yield start, min(offset, length)
        start = max(start, offset + size)
    if start < length:
        yield start, length


def _ends(data: mmap.mmap, place: int, size_bytes: int) -> bool:
    """Whether each object of a heap leads to a later one."""
    header = _aligned(8 + size_bytes)
    end = min(place + _number(data, place + 8, size_bytes), len(data))
    at = place + header
    while at + header <= end:
        size = _number(data, at + 8, size_bytes)
        step = header + _aligned(size) if _number(data, at, _INDEX) else size
        if step < 1:
            return False
        at += step
    return True


def _aligned(size: int) -> int:
    return -(-size // 8) * 8


def _number(data: mmap.mmap, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")
