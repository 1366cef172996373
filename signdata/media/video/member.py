"""A video inside another file, such as a tar.

What reads videos wants a file of its own. On Linux that is one in memory, which has a name as long
as it is open; elsewhere a temporary file. Only a few are kept.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from signdata.errors import SigndataError
from signdata.media.video import header
from signdata.media.video.video_file import VideoFile

MAX_KEPT = 2
"""Videos that are kept as files of their own, for further clips of them."""

_kept: OrderedDict[tuple[int, str, int], _Copy] = OrderedDict()


@dataclass(frozen=True)
class _Copy:
    """A video as a file of its own."""

    path: str
    close: Callable[[], None]


@dataclass
class VideoMember(VideoFile):
    """A video in another file.

    Attributes
    ----------
    read : callable
        Returns the video's bytes. Picklable.
    place : str
        What it is called, for messages.
    offset : int
        Where it is in the file.
    """

    read: Callable[[], bytes] = bytes
    place: str = ""
    offset: int = 0
    length: int = 0

    @property
    def suffix(self) -> str:
        return os.path.splitext(self.place)[1] or super().suffix

    def size_hint(self) -> int:
        return self.length

    def local(self) -> str:
        key = (os.getpid(), self.path, self.offset)
        if key not in _kept:
            _kept[key] = _copy_of(self.read())
            while len(_kept) > MAX_KEPT:
                _kept.popitem(last=False)[1].close()
        _kept.move_to_end(key)
        return _kept[key].path

    @property
    def header(self) -> header.Header:
        with self._naming():
            return super().header

    def _decode(self) -> Generator[Any, None, None]:
        with self._naming():
            yield from super()._decode()

    def parts(self) -> Iterator[bytes]:
        yield self.read()

    @contextlib.contextmanager
    def _naming(self) -> Iterator[None]:
        """Let errors tell of the file that it is in, not of its copy."""
        try:
            yield
        except SigndataError as err:
            if err.path == self.path:
                raise
            where = ":".join(filter(None, (self.place, err.where)))
            raise type(err)(err.what, path=self.path, where=where, remedy=err.remedy) from err


def _copy_of(data: bytes) -> _Copy:
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("video")
        with open(file, "wb", closefd=False) as copy:
            copy.write(data)
        # By the process's number, so that a program that it starts finds it, too.
        return _Copy(f"/proc/{os.getpid()}/fd/{file}", lambda: os.close(file))
    file, path = tempfile.mkstemp(prefix="signdata-")
    with open(file, "wb") as copy:
        copy.write(data)
    return _Copy(path, lambda: os.unlink(path))


@atexit.register
def _close_all() -> None:
    while _kept:
        with contextlib.suppress(OSError):
            _kept.popitem()[1].close()
