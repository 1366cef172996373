"""The arrays of a dataset, in ``.npy`` files or in one ``.npz``, and how blocks of them are read.

An ``.npz`` is a zip of ``.npy`` files. Stored members are read in place, packed ones from the
front to the back.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from signdata.downloads import refuse_failed
from signdata.errors import DecodeError, FormatError, MissingError
from signdata.formats.arrays.npy import Npy, read_header

MAX_MEMBERS = 10_000
MAX_RATIO = 1_100
"""No member packs tighter than this (deflate's limit is 1,032 to 1)."""

_LOCAL = struct.Struct("<4s5H3I2H")


@dataclass(frozen=True)
class Member:
    """One array: in the file `path` from byte `start` on, or packed in its zip as `packed`."""

    path: str
    npy: Npy
    start: int = 0
    packed: str = ""

    def block(self, axis: int, start: int, stop: int) -> NDArray[Any]:
        """The part of the array between two places along an axis."""
        shape = self.npy.shape
        in_order = axis == (len(shape) - 1 if self.npy.fortran else 0)
        if in_order:
            one = self.npy.n_bytes // shape[axis] if shape[axis] else 0
            data = self._bytes(start * one, (stop - start) * one)
            part = (*shape[:axis], stop - start, *shape[axis + 1 :])
            return self._shaped(data, part)
        cut = (slice(None),) * axis + (slice(start, stop),)
        return np.array(self._whole()[cut])

    def load(self) -> NDArray[Any]:
        """All values."""
        return np.array(self._whole())

    def _whole(self) -> NDArray[Any]:
        """The array, mapped where it lies in the file as it is."""
        if not self.npy.n_bytes:
            return np.zeros(self.npy.shape, self.npy.dtype)
        if self.packed:
            return self._shaped(self._bytes(0, self.npy.n_bytes), self.npy.shape)
        offset = self.start + self.npy.offset
        return np.memmap(
            self.path, self.npy.dtype, "r", offset, self.npy.shape, "F" if self.npy.fortran else "C"
        )

    def _shaped(self, data: bytes, shape: tuple[int, ...]) -> NDArray[Any]:
        values: NDArray[Any] = np.frombuffer(data, self.npy.dtype)
        return values.reshape(shape, order="F" if self.npy.fortran else "C")

    def _bytes(self, start: int, length: int) -> bytes:
        place = self.npy.offset + start
        if self.packed:
            changed = os.stat(self.path).st_mtime_ns
            stream = _stream(os.getpid(), self.path, changed, self.packed)
            stream.seek(place)
            data = stream.read(length)
        else:
            with open(self.path, "rb") as file:
                file.seek(self.start + place)
                data = file.read(length)
        if len(data) < length:
            raise DecodeError("cut short", path=self.path)
        return data


@lru_cache(maxsize=2)
def _stream(pid: int, path: str, mtime_ns: int, name: str) -> IO[bytes]:
    """A packed member, open: who reads on where the last block ended unpacks nothing twice.

    Each process has its own.
    """
    return zipfile.ZipFile(path).open(name)


def members_of(paths: list[Path]) -> dict[str, Member]:
    """The arrays of an ``.npz``, or of several ``.npy`` files under the stems of their names.

    Raises
    ------
    MissingError, FormatError
        If a file is not there, is no such file, or is damaged.
    """
    found: dict[str, Member] = {}
    for path in paths:
        if not path.is_file():
            raise MissingError("not there", path=path)
        refuse_failed(path)
        new = _of_npz(path) if path.suffix.lower() == ".npz" else {path.stem: _of_npy(path)}
        twice = next((name for name in new if name in found), None)
        if twice is not None:
            raise FormatError(f"a second array called {twice!r}", path=path)
        found.update(new)
    return found


def _of_npy(path: Path) -> Member:
    try:
        with path.open("rb") as file:
            return Member(str(path), read_header(file, path.stat().st_size, path, ""))
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=path) from err


def _of_npz(path: Path) -> dict[str, Member]:
    found: dict[str, Member] = {}
    with _zip(path) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_MEMBERS:
            raise FormatError(f"more than {MAX_MEMBERS:,} arrays", path=path)
        for entry in entries:
            if not entry.filename.endswith(".npy"):
                raise FormatError(
                    "a file that is no array; expected .npy files alone",
                    path=path,
                    where=entry.filename,
                )
            name = entry.filename.removesuffix(".npy")
            if name in found:
                raise FormatError(f"a second array called {name!r}", path=path)
            found[name] = _of_entry(archive, entry, path, name)
    return found


@contextmanager
def _zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FormatError:
        raise
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror or err})", path=path) from err
    except Exception as err:  # a damaged archive may make the library raise anything
        raise FormatError(f"damaged or cut short ({err})", path=path) from err


def _of_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, name: str) -> Member:
    if entry.flag_bits & 1:
        raise FormatError("encrypted; expected a plain file", path=path, where=name)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FormatError(
            "packed by another method; expected stored or deflate",
            path=path,
            where=name,
            remedy="Save it with numpy.savez or numpy.savez_compressed.",
        )
    packed = entry.compress_type == zipfile.ZIP_DEFLATED
    if entry.file_size > entry.compress_size * (MAX_RATIO if packed else 1):
        what = f"declares {entry.file_size:,} bytes; {entry.compress_size:,} cannot hold them"
        raise FormatError(what, path=path, where=name)
    with archive.open(entry) as file:
        npy = read_header(file, entry.file_size, path, name)
    if packed:
        return Member(str(path), npy, packed=entry.filename)
    return Member(str(path), npy, _start_of(path, entry, name))


def _start_of(path: Path, entry: zipfile.ZipInfo, name: str) -> int:
    """Where the bytes of a stored member begin."""
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        fields = _LOCAL.unpack(file.read(_LOCAL.size))
    start = entry.header_offset + _LOCAL.size + int(fields[-2]) + int(fields[-1])
    if start + entry.file_size > path.stat().st_size:
        raise FormatError("damaged or cut short", path=path, where=name)
    return start
