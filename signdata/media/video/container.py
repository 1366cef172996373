"""Videos, decoded by PyAV one frame at a time.

What a container says of itself (frame count, rate, duration) is never believed:
time stamps are read packet by packet, frames are counted as they are decoded.
Every file is treated as hostile: it is opened by its own path only, with lists
of the containers and protocols allowed, so that a playlist in disguise reaches
neither another file nor the network.
"""

from __future__ import annotations

import contextlib
import os
import stat
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import av
import av.logging

from signdata.errors import DecodeError, MissingError
from signdata.media.image.decode import MAX_PIXELS
from signdata.media.video.frame_selection import Timeline

PROTOCOLS = "file"
CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,swf,asf,ogg,h264,hevc,m4v"

UNTIMED = frozenset({"h264", "hevc"})
"""Containers that are none: a bare stream, for which the library makes up 25 frames a second."""

SHORT_BY = Fraction(1, 5)
"""Seconds that a file may end before its declared length and still be whole."""


def open_container(path: str) -> Any:
    """Open a video file for demuxing.

    Raises
    ------
    MissingError
        If it is not there.
    DecodeError
        If it is no regular file, or no container of a known kind.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as err:
        raise MissingError("not there", path=path) from err
    if not stat.S_ISREG(mode):
        raise DecodeError("no regular file", path=path)
    options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": CONTAINERS}
    with as_decode_error(path):
        return av.open(f"file:{path}", options=options, metadata_errors="ignore")


def video_stream(container: Any, path: str) -> Any:
    """The first video stream of a container, ready to be decoded.

    Raises
    ------
    DecodeError
        If there is none, or its frames are over the limit of pixels.
    """
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams:
        raise DecodeError("no video stream in it", path=path)
    stream = streams[0]
    if stream.width * stream.height > MAX_PIXELS:
        raise DecodeError(f"frames of {stream.width}x{stream.height} pixels", path=path)
    stream.thread_type = "NONE"  # one process a video beats threads inside one
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream


def _is_cover(stream: Any) -> bool:
    """Whether a stream is a picture attached to a recording, not its video."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


@contextlib.contextmanager
def as_decode_error(path: str, where: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Turn whatever a decoder raises on foreign bytes into a `DecodeError`."""
    try:
        yield
    except (DecodeError, MissingError, GeneratorExit):
        raise
    except Exception as err:
        what = getattr(err, "strerror", None) or str(err) or type(err).__name__
        raise DecodeError(f"cannot be decoded ({what})", path=path, where=where()) from err


@dataclass(frozen=True)
class Header:
    """What demuxing says of a video.

    Attributes
    ----------
    timeline : Timeline
        When each coded picture is to be shown.
    time_base, rate : Fraction
        Seconds of one tick of a stamp; frames a second on average.
    aspect : Fraction or None
        Width of a pixel over its height.
    ends_early : str
        Why the file is taken for cut off, or ''.
    first : int
        Stamp of the first picture.
    untimed : bool
        Whether the file says nothing of times, so that they are made up.
    """

    timeline: Timeline
    time_base: Fraction
    rate: Fraction
    aspect: Fraction | None
    ends_early: str
    first: int = 0
    untimed: bool = False

    def with_stamps(self, stamps: list[int | None]) -> Header:
        """The same video with the frames that decoding really gave."""
        timeline = make_timeline(stamps, self.time_base, 0, self.rate)
        return replace(self, timeline=timeline, first=_first(stamps))

    def index_of(self, stamp: int | None) -> int:
        """How many pictures are to be shown before this stamp."""
        if stamp is None:
            return 0
        return bisect_left(self.timeline.times, (stamp - self.first) * self.time_base)


def read_header(path: str) -> Header:
    """Read the time stamp of every coded picture, decoding nothing.

    Raises
    ------
    DecodeError
        If there is no picture.
    """
    stamps: list[int | None] = []
    last = 0
    with open_container(path) as container, captured_log() as log:
        stream = video_stream(container, path)
        time_base = Fraction(stream.time_base)
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        aspect = stream.sample_aspect_ratio
        if aspect and stream.width * stream.height * aspect > MAX_PIXELS:
            raise DecodeError(f"pixels {float(aspect):g} times as wide as high", path=path)
        declared, from_zero = _declared(container, stream), not stream.duration
        untimed = container.format.name in UNTIMED
        with contextlib.suppress(DecodeError), as_decode_error(path):
            for packet in container.demux(stream):
                if packet.size and not packet.is_discard:
                    stamps.append(packet.pts)
                    last = packet.duration or last
        early = any("prematurely" in text for _, _, text in log)
    if not stamps:
        raise DecodeError("a video without a frame", path=path)
    timeline = make_timeline(stamps, time_base, last, rate)
    if declared is not None and from_zero:  # not from the first frame
        declared -= max(0, _first(stamps)) * time_base
    ends_early = _ends_early(timeline, declared, early)
    return Header(timeline, time_base, rate, aspect, ends_early, _first(stamps), untimed)


def _first(stamps: list[int | None]) -> int:
    return min((stamp for stamp in stamps if stamp is not None), default=0)


def _ends_early(timeline: Timeline, declared: Fraction | None, noticed: bool) -> str:
    length = float(timeline.end)
    if declared is not None and declared - timeline.end > max(SHORT_BY, declared / 20):
        return f"{length:.2f} s of {float(declared):.2f} s"
    return f"cut off after {length:.2f} s" if noticed else ""


def make_timeline(
    stamps: list[int | None], time_base: Fraction, duration: int, rate: Fraction
) -> Timeline:
    """Times from the first frame on; frames without a stamp, or with a stamp that another
    frame has, are spaced by the average rate.
    """
    known = sorted(stamp for stamp in stamps if stamp is not None)
    if len(known) != len(stamps) or len(set(known)) != len(known) or not known:
        times = [i / rate for i in range(len(stamps))]
        return Timeline(times, len(stamps) / rate)
    times = [(stamp - known[0]) * time_base for stamp in known]
    step = duration * time_base or (times[-1] / (len(times) - 1) if len(times) > 1 else 1 / rate)
    return Timeline(times, times[-1] + step)


def _declared(container: Any, stream: Any) -> Fraction | None:
    if stream.duration:
        return Fraction(stream.duration * stream.time_base)
    text = stream.metadata.get("DURATION", "")
    with contextlib.suppress(ValueError):
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    if container.duration and len(container.streams) == 1:
        return Fraction(container.duration, av.time_base)
    return None


@contextlib.contextmanager
def captured_log() -> Iterator[list[Any]]:
    """Collect what the decoding library complains of: some damage it only logs."""
    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as logs:
            yield logs
    finally:
        av.logging.set_level(before)


def decode(path: str) -> Iterator[av.VideoFrame]:
    """Yield every frame of a video in the order of display.

    Parameters
    ----------
    path : str
        The file.

    Raises
    ------
    DecodeError
        If the file is no video of a known kind, is damaged, or holds no frame.
    """
    n = 0
    with open_container(path) as container, as_decode_error(path, lambda: f"frame {n}"):
        for frame in container.decode(video_stream(container, path)):
            if frame.is_corrupt:
                raise DecodeError("a damaged picture", path=path, where=f"frame {n}")
            yield frame
            n += 1
    if not n:
        raise DecodeError("a video without a frame", path=path)
