"""Videos, decoded by PyAV one frame at a time.

What a container says of itself (frame count, rate, duration) is never believed:
frames are counted as they are decoded. Every file is treated as hostile: it is
opened by its own path only, with lists of the containers and protocols allowed,
so that a playlist in disguise reaches neither another file nor the network.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np

from signdata.errors import DecodeError, MissingError
from signdata.media.image import MAX_PIXELS
from signdata.samples import Frame, Pixels, ReadAgain

_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,swf,asf,ogg",
}


@dataclass(frozen=True)
class FrameSize:
    """The size that frames are scaled to while they are decoded.

    Attributes
    ----------
    short_side : int or None
        Length of the shorter side in pixels, the other in proportion.
    size_hw : tuple of int or None
        Height and width, whatever the proportions; goes before `short_side`.
    """

    short_side: int | None = None
    size_hw: tuple[int, int] | None = None

    def of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output for a source of `height` x `width`."""
        if self.size_hw is not None:
            return self.size_hw
        if self.short_side is None:
            return height, width
        scale = self.short_side / min(height, width)
        return max(1, round(height * scale)), max(1, round(width * scale))


@dataclass(frozen=True)
class VideoPixels(Pixels):
    """The frames of a video file: all of them, or `n_frames` evenly spaced ones."""

    path: str
    n_frames: int | None = None
    size: FrameSize = FrameSize()
    _counted: list[int] = field(default_factory=list, compare=False)

    def frames(self) -> Iterator[Frame]:
        if self.n_frames is None:
            for frame in decoded(self.path):
                yield to_rgb(frame, self.size)
            return
        length = self._counted[0] if self._counted else count_packets(self.path)
        wanted = iter(evenly(self.n_frames, length))
        index = next(wanted)
        n_decoded = 0
        for frame in decoded(self.path):
            while index == n_decoded:
                yield to_rgb(frame, self.size)
                index = next(wanted, -1)
            n_decoded += 1
        if n_decoded != length:
            if self._counted:
                raise DecodeError(
                    f"decodes to {length} frames, then to {n_decoded}", path=self.path
                )
            self._counted.append(n_decoded)
            raise ReadAgain

    def source_sha256(self) -> str:
        try:
            with open(self.path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError as err:
            raise MissingError("not there", path=self.path) from err
        except OSError as err:
            raise DecodeError(f"cannot be read ({err.strerror})", path=self.path) from err


def evenly(n: int, length: int) -> list[int]:
    """Indices of `n` evenly spaced frames of `length`: floor((k + 0.5) * length / n).

    A `length` below `n` repeats frames; the result never decreases.
    """
    return [(2 * k + 1) * length // (2 * n) for k in range(n)]


def count_packets(path: str) -> int:
    """How many coded pictures a video's index lists; decoding may give fewer.

    Raises
    ------
    DecodeError
        If there is none.
    """
    with _open(path) as container, _as_decode_error(path):
        n = sum(1 for packet in container.demux(_stream(container, path)) if packet.size)
    if not n:
        raise DecodeError("a video without a frame", path=path)
    return n


def decoded(path: str) -> Iterator[av.VideoFrame]:
    """Yield every frame of a video in the order of display.

    Raises
    ------
    DecodeError
        If the file is no video of a known kind, is damaged, or holds no frame.
    """
    n = 0
    with _open(path) as container, _as_decode_error(path, lambda: f"frame {n}"):
        for frame in container.decode(_stream(container, path)):
            if isinstance(frame, av.VideoFrame):
                yield frame
                n += 1
    if not n:
        raise DecodeError("a video without a frame", path=path)


def to_rgb(frame: av.VideoFrame, size: FrameSize) -> Frame:
    """Scale, convert and turn a decoded frame into (H, W, 3) uint8 RGB."""
    turns = round(frame.rotation / 90) % 4
    height, width = frame.height, frame.width
    if turns % 2:
        height, width = width, height
    height, width = size.of(height, width)
    if turns % 2:
        height, width = width, height
    array = np.asarray(
        frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA"),
        np.uint8,
    )
    return np.ascontiguousarray(np.rot90(array, turns)) if turns else array


def _open(path: str) -> Any:
    if not os.path.exists(path):
        raise MissingError("not there", path=path)
    with _as_decode_error(path):
        return av.open(f"file:{path}", options=_OPTIONS, metadata_errors="ignore")


def _stream(container: Any, path: str) -> Any:
    if not container.streams.video:
        raise DecodeError("no video stream in it", path=path)
    stream = container.streams.video[0]
    stream.thread_type = "NONE"  # one process a video beats threads inside one
    if stream.width * stream.height > MAX_PIXELS:
        raise DecodeError(f"frames of {stream.width}x{stream.height}", path=path)
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream


@contextlib.contextmanager
def _as_decode_error(path: str, where: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Turn whatever a decoder raises on foreign bytes into a `DecodeError`."""
    try:
        yield
    except (DecodeError, GeneratorExit):
        raise
    except Exception as err:
        what = str(err).partition(":")[0].removeprefix("[Errno 1094995529] ")
        raise DecodeError(
            f"cannot be decoded ({what or type(err).__name__})", path=path, where=where()
        ) from err
