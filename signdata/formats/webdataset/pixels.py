"""Pixels of a sample in a tar: its members are read in one go, from where they begin."""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from signdata.errors import DecodeError, FormatError, MissingError
from signdata.formats import frame_times
from signdata.formats.webdataset import ustar
from signdata.formats.webdataset.fields import (
    CLASS,
    POSE,
    TIMES,
    field_of,
    is_part,
    is_picture,
    is_seen,
)
from signdata.media.image.pixels import CodedPixels


@dataclass(frozen=True, slots=True)
class Extent:
    """Where the members of a sample are.

    Attributes
    ----------
    path : str
        The tar.
    key : str
        What the names of its members start with, up to the first dot.
    offset, length : int
        Where the first begins, and where the last ends.
    """

    path: str
    key: str
    offset: int
    length: int

    def members(self) -> Iterator[tuple[str, memoryview]]:
        """Yield what each member is called behind the key, and its data.

        Raises
        ------
        MissingError
            If the tar is not there.
        DecodeError
            If something else is at the place.
        """
        data = self.read()
        shown = memoryview(data)
        try:
            for member in ustar.members(_in(data), len(data), self.path, self.offset):
                if not is_part(member.name):
                    continue
                key, name = field_of(member.name)
                if key != self.key:
                    what = f"another sample is there: {member.name[:80]!r}"
                    raise self._error(f"{what}; expected {self.key!r}")
                start = member.offset - self.offset
                yield name, shown[start : start + member.size]
        except FormatError as err:
            raise self._error(err.what) from err

    def read(self) -> bytes:
        """All of the sample's members, with their headers.

        Raises
        ------
        MissingError, DecodeError
            If the tar is not there, or ends before.
        """
        try:
            file = _open.get(self.path)
            if (
                file is None
                or file.until < time.monotonic()
                or file.size < self.offset + self.length
            ):
                file = _opened(self.path)
                if file.size < self.offset + self.length:
                    raise self._error("cut short")
            data = os.pread(file.number, self.length, self.offset)
        except FileNotFoundError as err:
            raise MissingError("not there", path=self.path) from err
        except OSError as err:
            raise self._error(f"cannot be read ({err.strerror})") from err
        if len(data) < self.length:
            raise self._error("cut short while it was read")
        return data

    def _error(self, what: str) -> DecodeError:
        return DecodeError(what, path=self.path, where=self.key)


@dataclass(frozen=True)
class VideoBytes:
    """Reads the video of a sample: the field `name`, or the only one."""

    extent: Extent
    name: str

    def __call__(self) -> bytes:
        for name, data in self.extent.members():
            if name == self.name or (not self.name and is_seen(name)):
                return bytes(data)
        raise DecodeError("no video in it", path=self.extent.path, where=self.extent.key)


def _in(data: bytes) -> ustar.Reading:
    return lambda size, offset: data[offset : offset + size]


MAX_OPEN = 64
"""Tars that a process keeps open."""

KNOWN_FOR = 0.1
"""Seconds for which a path is taken to lead to the same tar: asking costs as much as reading."""


@dataclass(slots=True)
class _OpenFile:
    """An open tar: its descriptor, what it is on disk, how long, and until when that is known."""

    number: int
    identity: tuple[int, int]
    size: int
    until: float


_open: dict[str, _OpenFile] = {}


def _opened(path: str) -> _OpenFile:
    """The tar that is at `path` now, opened once."""
    status, until = os.stat(path), time.monotonic() + KNOWN_FOR
    identity = status.st_dev, status.st_ino
    known = _open.get(path)
    if known is not None and known.identity == identity:
        known.size, known.until = status.st_size, until
        return known
    if known is not None:
        os.close(_open.pop(path).number)
    while len(_open) >= MAX_OPEN:
        os.close(_open.pop(next(iter(_open))).number)
    number = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    _open[path] = _OpenFile(number, identity, status.st_size, until)
    return _open[path]


@dataclass(frozen=True)
class TarPixels(CodedPixels):
    """A still, or the frames of a clip, in a tar.

    Attributes
    ----------
    extent : Extent
        Where the sample is.
    names : tuple of str
        What the pictures are called behind the key, in order; () for all that there are.
    """

    extent: Extent
    names: tuple[str, ...] = ()

    reads_together = True

    _digests: list[str] = field(default_factory=list, compare=False, kw_only=True)

    def size_hint(self) -> int:
        return self.extent.length

    def _pictures(self) -> list[tuple[str, memoryview]]:
        members = self.extent.members()
        if not self.names:  # as signdata writes them: before the class
            ours = itertools.takewhile(lambda one: one[0] != CLASS, members)
            found = [(name, data) for name, data in ours if is_picture(name)]
        elif len(self.names) == 1:
            found = list(itertools.islice((one for one in members if one[0] in self.names), 1))
        else:
            known = dict(members)
            found = [(name, known[name]) for name in self.names if name in known]
        if len(found) < max(1, len(self.names)):
            raise DecodeError("no picture in it", path=self.extent.path, where=self.extent.key)
        return found

    def _place(self, name: str) -> str:
        return f"{self.extent.path}:{self.extent.key}.{name}"

    def coded(self) -> Iterator[tuple[bytes, str]]:
        digest = hashlib.sha256()
        for name, data in self._pictures():
            digest.update(data)
            yield bytes(data), self._place(name)
        self._digests[:] = [digest.hexdigest()]

    def source_sha256(self) -> str:
        if self._digests:  # of the reading just done; the next question reads again
            return self._digests.pop()
        digest = hashlib.sha256()
        for _, data in self._pictures():
            digest.update(data)
        return digest.hexdigest()

    def alone(self) -> tuple[bytes, str] | None:
        members = list(self.extent.members())
        chosen = [
            (name, data)
            for name, data in members
            if (name in self.names if self.names else is_picture(name))
        ]
        if len(chosen) != 1 or any(name in (POSE, TIMES) for name, _ in members):
            return None
        name, data = chosen[0]
        return bytes(data), self._place(name)

    def companion(self, number: int) -> tuple[str, bytes] | None:
        members = dict(self.extent.members())
        pictures = self.names or tuple(filter(is_picture, members))
        stem = pictures[number].rpartition(".")[0]
        data = members.get(f"{stem}.json" if stem else POSE)
        return None if data is None else (".json", bytes(data))

    def times(self) -> tuple[float, ...]:
        members = list(self.extent.members())
        data = next((data for name, data in members if name == TIMES), None)
        if data is None:
            return ()
        n = len(self.names) or sum(is_picture(name) for name, _ in members)
        return frame_times.parse(bytes(data), self._place(TIMES), n)
