"""Where HDF5 keeps text of any length: checked before the library reads it.

The library walks a heap from object to object by the sizes that are stored there, and one of 0
makes it walk on the spot for ever.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError

_SIGNATURE = re.compile(rb"GCOL\x01\0\0\0")
_OVERLAP = 7
"""Bytes that two parts have in common: a signature has one more."""

_SIZE = {2: "<u2", 4: "<u4", 8: "<u8"}
"""The type of a size, by how many bytes it takes; eight bytes of an object come before it."""


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
    if size_bytes not in _SIZE:
        raise FormatError(f"sizes of {size_bytes} bytes; expected 2, 4 or 8", path=path)
    length = path.stat().st_size
    room = memoryview(bytearray(min(_WINDOW + _OVERLAP, length)))
    with path.open("rb", buffering=0) as file:
        for start, stop in _gaps(arrays, length):
            for window in range(start, stop, _WINDOW):
                file.seek(window)
                part = room[: file.readinto(room[: stop - window])]
                begin = _heaps(part)
                inside = _inside(part, begin, size_bytes)
                beyond = begin[~inside] + window
                if not _all_end(part, begin[inside], size_bytes) or (
                    len(beyond) and not _all_end_in_file(file, beyond, size_bytes)
                ):
                    raise FormatError("damaged (a heap of text that has no end)", path=path)


_WINDOW = 1 << 25
"""Bytes that are looked through at once."""


def _heaps(part: memoryview) -> NDArray[np.int64]:
    """Where heaps may begin in a part of a file."""
    return np.array([found.start() for found in _SIGNATURE.finditer(part)], np.int64)


def _inside(part: memoryview, begin: NDArray[np.int64], size_bytes: int) -> NDArray[np.bool_]:
    """Which heaps of a part of a file are in it as a whole."""
    found = begin + 8 + size_bytes <= len(part)
    sizes = _everywhere(part, _SIZE[size_bytes], 8)[begin[found]]
    found[found] = sizes <= (len(part) - begin[found]).astype(np.uint64)
    return found


def _all_end_in_file(file: FileIO, begin: NDArray[np.int64], size_bytes: int) -> bool:
    """The same as `_all_end` for the few heaps that reach over the part they were found in."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return all(_all_end(data, begin[i : i + 1], size_bytes) for i in range(len(begin)))


def _gaps(arrays: list[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """What lies between the arrays of a file."""
    start = 0
    for offset, size in sorted(arrays):
        if start < offset:
            yield start, min(offset, length)
        start = max(start, offset + size)
    if start < length:
        yield start, length


def _all_end(data: memoryview | mmap.mmap, begin: NDArray[np.int64], size_bytes: int) -> bool:
    """Whether each object of each heap leads to a later one: one step in all heaps at a time."""
    header = 8 + -(-size_bytes // 8) * 8
    numbers = _everywhere(data, "<u2", 0)
    sizes = _everywhere(data, _SIZE[size_bytes], 8)
    begin = begin[begin + header <= len(data)]
    # What reaches beyond the file ends with it; so do sizes that no 64 bits with a sign hold.
    room = (len(data) - begin).astype(np.uint64)
    end = begin + np.minimum(sizes[begin], room).astype(np.int64)
    at = begin + header
    while len(at):
        inside = at + header <= end
        if not inside.all():
            at, end = at[inside], end[inside]
        size = np.minimum(sizes[at], len(data)).astype(np.int64)
        step = np.where(numbers[at] > 0, header + (size + 7 & ~7), size)
        if (step < 1).any():
            return False
        at = at + step
    return True


def _everywhere(
    data: memoryview | mmap.mmap, kind: str, skipped: int
) -> NDArray[np.unsignedinteger]:
    """The number at every byte of a file, after some that are skipped."""
    dtype = np.dtype(kind)
    n = max(0, len(data) - skipped - dtype.itemsize + 1)
    return np.ndarray((n,), dtype, data, skipped if n else 0, (1,))
