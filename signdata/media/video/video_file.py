"""One video file: its header, and its frames in as few passes as its clips allow.

All clips that are cut from a file share a `VideoFile`. A clip that begins behind the place
where the last one stopped goes on from there; any other one costs a pass of its own.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
import weakref
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import av

from signdata.errors import CrashError, DecodeError, MissingError
from signdata.media.suffixes import VIDEO_SUFFIXES, suffix_of
from signdata.media.video import animation, container, header, moving
from signdata.media.video.deinterlacing import deinterlaced
from signdata.media.video.timeout import Alarm

MAX_RESTING = 2
"""Passes that are kept open where their last clip ended, for the next one to go on."""

PART = 1 << 20
"""Bytes of a file that are read at a time."""

_resting: deque[weakref.ref[Pass]] = deque()


class Pass:
    """One run of the decoder over a file, from its first frame on.

    Attributes
    ----------
    stamps : list
        Presentation time stamps of the frames so far, in ticks.
    over : bool
        Whether nothing comes any more: the file has ended, or decoding it has failed.
    resting : bool
        Whether nobody is reading it.
    deinterlaced : set of int
        Indices of the frames that were interlaced and are not any more.
    """

    def __init__(
        self,
        frames: Generator[av.VideoFrame, None, None],
        path: str,
        timeout: float | None,
        *,
        deinterlace: bool,
    ) -> None:
        self.stamps: list[int | None] = []
        self.deinterlaced: set[int] = set()
        self.over = self.resting = False
        if deinterlace:
            frames = deinterlaced(frames, lambda: self.deinterlaced.add(len(self.stamps)))
        self._frames, self._path, self._timeout = frames, path, timeout
        self._took = 0.0

    def frames(self, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield each frame from index `start` on, with its index.

        Raises
        ------
        DecodeError
            If the file is damaged at the place, or the time is over.
        """
        alarm, stamps = Alarm(self._timeout), self.stamps
        latest = math.inf if self._timeout is None else self._timeout
        while True:
            self.over = True
            begun = time.monotonic()
            with alarm:
                frame = next(self._frames, None)
            self._took += time.monotonic() - begun
            if frame is None:
                return
            if self._took > latest:
                where = f"frame {len(stamps)}"
                raise CrashError("takes too long to decode", path=self._path, where=where)
            self.over = False
            stamps.append(frame.pts)
            if len(stamps) > start:
                yield len(stamps) - 1, frame

    def close(self) -> None:
        """Let go of the file."""
        self.over = True
        self._frames.close()


@dataclass
class VideoFile:
    """A video file; light and picklable until it is read.

    Attributes
    ----------
    path : str
        The file.
    decoder : {'pyav', 'ffmpeg'}
        The library, or the ffmpeg program in a process of its own.
    timeout : float or None
        Seconds of decoding after which one pass over the file is given up.
    deinterlace : bool
        Whether interlaced frames are made whole.
    size_changes : bool
        Whether the ffmpeg program has brought frames of another size to that of the first ones.
    """

    path: str
    decoder: str = "pyav"
    timeout: float | None = None
    deinterlace: bool = True
    size_changes: bool = field(default=False, repr=False, compare=False)
    _header: header.Header | None = field(default=None, repr=False)
    _pass: Pass | None = field(default=None, repr=False, compare=False)
    _settled: bool = field(default=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pass": None}

    @property
    def header(self) -> header.Header:
        """What demuxing, or an earlier pass, says of the file."""
        if self._header is None:
            with Alarm(self.timeout):
                path = self.local()
                kind = moving.kind_of(path)
                self._header = (
                    animation.read_header(path, kind) if kind else header.read_header(path)
                )
        return self._header

    def local(self) -> str:
        """The file that holds the video and nothing else."""
        return self.path

    def accept_timestamps(self, stamps: list[int | None]) -> None:
        """Take these frames for what the file holds."""
        self._header = self.header.with_stamps(stamps)

    @contextmanager
    def reading(self, start: int) -> Iterator[Pass]:
        """A pass that gives the frames from index `start` on: one that rests before, or a new one.

        Where it is left, it rests for the next clip; while it is read, another clip that is read
        at the same time gets a pass of its own.
        """
        current, self._pass = self._pass, None
        if current is not None and len(current.stamps) > start:
            current.close()
        if current is None or current.over:
            current = Pass(self._decode(), self.path, self.timeout, deinterlace=self.deinterlace)
        current.resting = False
        try:
            yield current
        finally:
            if self._pass is not None or current.over:
                current.close()
            else:
                self._pass = current
                _rest(current)

    def resolve(self) -> None:
        """Decode all of the file once, so that its header says what decoding gives.

        Raises
        ------
        DecodeError
            If it is damaged; its header stays as it is.
        """
        if self._settled:
            return
        with self.reading(0) as whole:
            for _ in whole.frames(0):
                pass
        if len(whole.stamps) != len(self.header.timeline):
            self.accept_timestamps(whole.stamps)
        self._settled = True

    def _decode(self) -> Generator[Any, None, None]:
        path = self.local()
        if moving.kind_of(path):
            yield from animation.decode(path, self.header)
        elif self.decoder == "ffmpeg":
            from signdata.media.video import ffmpeg_decode  # it takes a while to import

            deadline = None if self.timeout is None else time.monotonic() + self.timeout
            yield from ffmpeg_decode.decode(
                path, self.header, deadline=deadline, size_changes=self._note_sizes
            )
        elif not self.header.n_joints:
            yield from container.decode(path, index=self.header.stream)
        else:
            stamps = iter(self.header.stamps)
            for frame in container.decode(path, index=self.header.stream):
                frame.pts = next(stamps, None)
                yield frame

    def _note_sizes(self) -> None:
        self.size_changes = True

    @property
    def suffix(self) -> str:
        """The suffix of its name, lower-cased; ``.mp4`` where that tells of no video."""
        suffix = suffix_of(self.path)
        return suffix if suffix in VIDEO_SUFFIXES or suffix in moving.MAY_MOVE else ".mp4"

    def size_hint(self) -> int:
        """The file's length in bytes; 0 if it is not there."""
        return os.path.getsize(self.path) if os.path.exists(self.path) else 0

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


def _rest(current: Pass) -> None:
    """Let a pass be one of the few that stay open; the oldest of them is closed."""
    current.resting = True
    others = [ref for ref in _resting if ref() not in (None, current)]
    _resting.clear()
    _resting.extend([*others, weakref.ref(current)])
    while len(_resting) > MAX_RESTING:
        oldest = _resting.popleft()()
        if oldest is not None and oldest.resting:
            oldest.close()
