"""Where HDF5 keeps text of any length: checked before the library reads it.

The library walks a heap from object to object by the sizes that are stored there, and one of 0
makes it walk on the spot for ever.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from signdata.errors import FormatError

_SIGNATURE = b"GCOL\x01\0\0\0"
_OBJECT = {size: struct.Struct(f"<H6x{code}") for size, code in ((2, "H"), (4, "I"), (8, "Q"))}
"""An object's number, 0 for what is free, and its size; by how many bytes a size takes."""


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
    if size_bytes not in _OBJECT:
        raise FormatError(f"sizes of {size_bytes} bytes; expected 2, 4 or 8", path=path)
    with path.open("rb") as file:
        length = path.stat().st_size
        if not length:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for start, stop in _gaps(arrays, length):
                for place in _heaps(data, start, stop):
                    if not _ends(data, place, size_bytes):
                        raise FormatError("damaged (a heap of text that has no end)", path=path)


_WINDOW = 1 << 23
"""Bytes after which the memory of those before them is given back."""


def _heaps(data: mmap.mmap, start: int, stop: int) -> Iterator[int]:
    """Yield where heaps may begin; what lies behind is dropped from memory."""
    for window in range(start, stop, _WINDOW):
        end = min(window + _WINDOW, stop)
        place = data.find(_SIGNATURE, window, min(end + len(_SIGNATURE) - 1, stop))
        while place >= 0:
            yield place
            place = data.find(_SIGNATURE, place + 1, min(end + len(_SIGNATURE) - 1, stop))
        if hasattr(mmap, "MADV_DONTNEED"):
            page = window - window % mmap.ALLOCATIONGRANULARITY
            data.madvise(mmap.MADV_DONTNEED, page, end - page)


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
    header = 8 + -(-size_bytes // 8) * 8
    object_at = _OBJECT[size_bytes].unpack_from
    if place + header > len(data):
        return True
    end = min(place + object_at(data, place)[1], len(data))
    at = place + header
    while at + header <= end:
        index, size = object_at(data, at)
        step = header + (size + 7 & ~7) if index else size
        if step < 1:
            return False
        at += step
    return True
