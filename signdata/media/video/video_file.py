"""One video file being read: its header, and its frames in one pass.

All clips that are cut from a file share a video. `VideoFile.read_together` reads them in
one pass, whether they overlap or not. Where they are read one after the other, a clip
that begins behind the place where the last one stopped goes on from there.
"""

from __future__ import annotations

import hashlib
import time
import weakref
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import av

from signdata.errors import CrashError, DecodeError, MissingError
from signdata.media.video import container, ffmpeg_decode, header
from signdata.media.video.sharing import Part, Sharing
from signdata.media.video.timeout import alarm

T = TypeVar("T")

MAX_RESTING = 2
"""Files that are kept open where their last clip ended, for the next one to go on."""

PART = 1 << 20
"""Bytes of a file that are read at a time."""

_resting: deque[weakref.ref[VideoFile]] = deque()


@dataclass
class VideoFile:
    """A video file and how far it has been read; light and picklable until it is read.

    Attributes
    ----------
    path : str
        The file.
    decoder : {'pyav', 'ffmpeg'}
        The library, or the ffmpeg program in a process of its own.
    timeout : float or None
        Seconds of decoding after which one pass over the file is given up.
    stamps : list
        Presentation time stamps of the frames of this pass, in ticks.
    """

    path: str
    decoder: str = "pyav"
    timeout: float | None = None
    stamps: list[int | None] = field(default_factory=list, repr=False)
    _header: header.Header | None = field(default=None, repr=False)
    _pass: Generator[Any, None, None] | None = field(default=None, repr=False)
    _busy: bool = field(default=False, repr=False)
    _sharing: Sharing | None = field(default=None, repr=False)
    _took: float = field(default=0.0, repr=False)
    _settled: bool = field(default=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pass": None, "stamps": [], "_busy": False, "_sharing": None}

    def free(self) -> VideoFile:
        """This video, or another one of the same file while this one is being read."""
        if self._sharing is not None or not self._busy:
            return self
        return replace(self, stamps=[], _pass=None, _busy=False)

    @property
    def header(self) -> header.Header:
        """What demuxing, or an earlier pass, says of the file."""
        if self._header is None:
            with alarm(self.timeout):
                self._header = header.read_header(self.path)
        return self._header

    def accept_timestamps(self, stamps: list[int | None]) -> None:
        """Take these frames for what the file holds; the next pass starts anew."""
        self._header = self.header.with_stamps(stamps)
        if not self._busy:
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
        if self._sharing is not None:
            yield from self._sharing.frames(start)
            return
        if self._pass is None or len(self.stamps) > start:
            self.rewind()
        self._busy = True
        try:
            for index, frame in self._onwards():
                if index >= start:
                    yield index, frame
        finally:
            self._busy = False
            self._rest()

    def _onwards(self) -> Generator[tuple[int, av.VideoFrame], None, None]:
        if self._pass is None:
            self._pass, self._took = self._decode(), 0.0
        while True:
            begun = time.monotonic()
            with alarm(self.timeout):
                frame = next(self._pass, None)
            if frame is None:
                return
            self._took += time.monotonic() - begun
            if self.timeout is not None and self._took > self.timeout:
                where = f"frame {len(self.stamps)}"
                raise CrashError("takes too long to decode", path=self.path, where=where)
            self.stamps.append(frame.pts)
            yield len(self.stamps) - 1, frame

    def read_together(self, parts: Sequence[Part[T]]) -> list[T]:
        """Read several clips in one pass; what each of them comes to, in their order."""
        self._sharing = Sharing(self._from_the_start, parts)
        self._busy = True
        try:
            return self._sharing.run()
        finally:
            self._sharing, self._busy = None, False
            self.rewind()

    def _from_the_start(self) -> Generator[tuple[int, av.VideoFrame], None, None]:
        self.rewind()
        yield from self._onwards()

    def resolve(self) -> None:
        """Decode all of the file once, so that its header says what decoding gives.

        Raises
        ------
        DecodeError
            If it is damaged; its header stays as it is.
        """
        if self._settled:
            return
        video = replace(self, stamps=[], _pass=None, _busy=False, _sharing=None)
        for _ in video.frames(0):
            pass
        if len(video.stamps) != len(self.header.timeline):
            self.accept_timestamps(video.stamps)
        self._settled = True

    def _rest(self) -> None:
        """Be one of the few that may go on; of the others the oldest begins anew."""
        others = [ref for ref in _resting if ref() is not None and ref() is not self]
        _resting.clear()
        _resting.extend([*others, weakref.ref(self)])
        while len(_resting) > MAX_RESTING:
            oldest = _resting.popleft()()
            if oldest is not None and not oldest._busy:
                oldest.rewind()

    def _decode(self) -> Generator[Any, None, None]:
        if self.decoder == "ffmpeg":
            deadline = None if self.timeout is None else time.monotonic() + self.timeout
            yield from ffmpeg_decode.decode(self.path, self.header, deadline=deadline)
        else:
            yield from container.decode(self.path)

    def sha256(self) -> str:
        """Digest of the file's bytes."""
        digest = hashlib.sha256()
        for data in self.parts():
            digest.update(data)
        return digest.hexdigest()

    def parts(self) -> Iterator[bytes]:
        """Yield the file's bytes, a part at a time."""
        try:
            with open(self.path, "rb") as file:
                while data := file.read(PART):
                    yield data
        except FileNotFoundError as err:
            raise MissingError("not there", path=self.path) from err
        except OSError as err:
            raise DecodeError(f"cannot be read ({err.strerror})", path=self.path) from err
