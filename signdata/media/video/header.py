"""What a video says of itself before it is decoded."""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import av
import av.logging

from signdata.errors import DecodeError
from signdata.limits import MAX_PIXELS
from signdata.media.video.container import (
    as_decode_error,
    captured_log,
    open_container,
    video_stream,
)
from signdata.media.video.frame_selection import Timeline

UNTIMED = frozenset({"h264", "hevc"})
"""Containers that are none: a bare stream, for which the library makes up 25 frames a second."""


SHORT_BY = Fraction(1, 5)
"""Seconds that a file may end before its declared length and still be whole."""


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
