"""One video file being read: its header, and its frames in one pass.

All clips that are cut from a file share a reel. A clip that begins behind the
place where the last one stopped goes on from there, so that a file is decoded
once for all its clips unless they overlap.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import av

from signdata.errors import DecodeError, MissingError
from signdata.media import video
from signdata.media.alarm import alarm


@dataclass
class Reel:
    """A video file and how far it has been read; light and picklable until it is read.

    Attributes
    ----------
    path : str
        The file.
    decoder : {'pyav', 'ffmpeg'}
        The library, or the ffmpeg program in a process of its own.
    timeout : float or None
        Seconds after which one pass over the file is given up.
    stamps : list
        Presentation time stamps of the frames of this pass, in ticks.
    """

    path: str
    decoder: str = "pyav"
    timeout: float | None = None
    stamps: list[int | None] = field(default_factory=list, repr=False)
    _header: video.Header | None = field(default=None, repr=False)
    _pass: Generator[Any, None, None] | None = field(default=None, repr=False)

    @property
    def header(self) -> video.Header:
        """What demuxing, or an earlier pass, says of the file."""
        if self._header is None:
            with alarm(self.timeout):
                self._header = video.read_header(self.path)
        return self._header

    def believe(self, stamps: list[int | None]) -> None:
        """Take the frames of the last pass for what the file holds; the next one starts anew."""
        self._header = self.header.with_stamps(stamps)
        self.rewind()

    def rewind(self) -> None:
        """Begin again with the first frame."""
        if self._pass is not None:
            self._pass.close()
        self._pass = None
        self.stamps = []

    def frames(self, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield each frame from index `start` on, with its index, going on where that can be.

        Raises
        ------
        DecodeError
            If the file is damaged at the place, or the time is over.
        """
        if self._pass is None or len(self.stamps) > start:
            self.rewind()
            self._pass = self._decode()
        while True:
            with alarm(self.timeout):
                frame = next(self._pass, None)
            if frame is None:
                return
            index = len(self.stamps)
            self.stamps.append(frame.pts)
            if index >= start:
                yield index, frame

    def _decode(self) -> Generator[Any, None, None]:
        deadline = None if self.timeout is None else time.monotonic() + self.timeout
        if self.decoder == "ffmpeg":
            from signdata.media import ffmpeg

            yield from ffmpeg.decode(self.path, self.header, deadline=deadline)
        else:
            yield from video.decode(self.path, deadline=deadline)

    def sha256(self) -> str:
        """Digest of the file's bytes."""
        try:
            with open(self.path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError as err:
            raise MissingError("not there", path=self.path) from err
        except OSError as err:
            raise DecodeError(f"cannot be read ({err.strerror})", path=self.path) from err
