"""Interlaced frames made whole: each line that the other field fills is drawn again.

The frames of a camcorder or a broadcast hold two moments, one in the even lines and one in the
odd ones; whatever moves has combs at its edges. Both decoders give frames with their flags, and
the same filter (bwdif) makes pictures of the first moment of each: as many as there were frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any

import av
import av.filter

from signdata.errors import DecodeError
from signdata.media.video.filters import chain

METHOD = "bwdif"

MIN_WIDTH, MIN_HEIGHT = 3, 4
"""What the filter needs of a frame."""

PROGRESSIVE = 1
"""The field order of streams that say that they are not interlaced."""

MAY_BE_INTERLACED = frozenset(
    [
        "h264",
        "mpeg2video",
        "mpeg4",
        "vc1",
        "wmv3",
        "dvvideo",
        "prores",
        "dnxhd",
        "mjpeg",
        "hevc",
        "ffv1",
        "huffyuv",
        "rawvideo",
        "v210",
        "cavs",
    ]
)
"""Codecs that have interlaced frames."""

MIXES = frozenset({"mpegts", "mpeg", "mxf"})
"""Containers in which a stream may begin with one kind of frames and go on with the other."""


def may_be_interlaced(container: Any, stream: Any) -> bool:
    """Whether a stream may hold interlaced frames, as far as can be said before decoding it."""
    codec = stream.codec_context
    mixes = not MIXES.isdisjoint(container.format.name.split(","))
    return codec.name in MAY_BE_INTERLACED and (codec.field_order != PROGRESSIVE or mixes)


def deinterlaced(
    frames: Iterator[av.VideoFrame], was_interlaced: Callable[[], None]
) -> Generator[av.VideoFrame, None, None]:
    """Yield a whole frame for each frame, in order, with its time.

    Parameters
    ----------
    frames : iterator of av.VideoFrame
        As they were decoded.
    was_interlaced : callable
        Called before each frame is yielded that was interlaced.
    """
    weaver: _Weaver | None = None
    try:
        for frame in frames:
            if weaver is None and not frame.interlaced_frame:
                yield frame
                continue
            if weaver is not None and not weaver.takes(frame):
                yield from weaver.finish()
                weaver = None
            weaver = weaver or _Weaver(frame, was_interlaced)
            yield from weaver.of(frame)
    except DecodeError:
        if weaver is not None:  # the last whole frame before the damage
            yield from weaver.finish()
        raise
    if weaver is not None:
        yield from weaver.finish()


class _Weaver:
    """One run of the filter over frames of one size and format. It is a frame behind."""

    def __init__(self, frame: av.VideoFrame, was_interlaced: Callable[[], None]) -> None:
        self._kind = _kind(frame)
        self._waiting: deque[av.VideoFrame] = deque()
        self._was_interlaced = was_interlaced
        self._graph: av.filter.Graph | None = None
        if frame.width >= MIN_WIDTH and frame.height >= MIN_HEIGHT:
            self._graph = _graph(frame)

    def takes(self, frame: av.VideoFrame) -> bool:
        """Whether a frame is of the kind that this is made for."""
        return _kind(frame) == self._kind

    def of(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Give it a frame; yield what is whole."""
        if self._graph is None:
            yield frame
            return
        self._waiting.append(frame)
        self._graph.push(frame)
        yield from self._ready(self._graph)

    def finish(self) -> Iterator[av.VideoFrame]:
        """Yield what it still holds."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._ready(self._graph)

    def _ready(self, graph: av.filter.Graph) -> Iterator[av.VideoFrame]:
        while self._waiting:
            try:
                whole = graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(whole, av.VideoFrame)
            before = self._waiting.popleft()
            whole.pts, whole.time_base = before.pts, before.time_base
            if before.interlaced_frame:
                self._was_interlaced()
            yield whole


def _kind(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


def _graph(frame: av.VideoFrame) -> av.filter.Graph:
    how = {"mode": "send_frame", "deint": "interlaced"}
    return chain(frame, (METHOD, how), ("format", {"pix_fmts": frame.format.name}))
