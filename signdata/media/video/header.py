"""What a video says of itself before it is decoded."""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import av
import av.logging

from signdata.errors import DecodeError
from signdata.limits import max_pixels
from signdata.media.video.completeness import cut_off, without_index
from signdata.media.video.container import (
    as_decode_error,
    captured_log,
    film_of,
    open_container,
    video_stream,
)
from signdata.media.video.frame_selection import Timeline
from signdata.media.video.shown_pictures import Shown
from signdata.media.video.timestamps import (
    CodedPicture,
    are_distinct,
    close_joints,
    first_of,
    holes,
    longest_pause,
    make_timeline,
)

UNTIMED = frozenset({"h264", "hevc"})
"""Containers that are none: a bare stream, for which the library makes up 25 frames a second."""


MAY_BE_JOINED = frozenset({"mpegts", "mpeg", "ogg"})
"""Containers that can be put behind one another, whose stamps may jump."""

DECLARE_A_LENGTH = frozenset({"flv", "matroska", "asf"})
"""Containers that say how long all of them is, where others are measured or estimated."""

ONE_JUMP = "1 jump in its times was closed"

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
    spaced : bool
        Whether pictures lack stamps, or share them, so that they are spaced by the rate.
    n_joints : int
        How often the stamps jumped; each part was brought behind the one before it.
    has_seams : bool
        Whether parts were put behind one another, whatever their stamps.
    stream : int or None
        Which stream holds the film, where there are several.
    passed_over : bool
        Whether a picture in a stream of its own comes before it.
    without_index : bool
        Whether the file lacks nothing but the index at its end.
    damaged_at : int or None
        Which picture in the middle is not all there.
    """

    timeline: Timeline
    time_base: Fraction
    rate: Fraction
    aspect: Fraction | None
    ends_early: str
    first: int = 0
    untimed: bool = False
    spaced: bool = False
    n_joints: int = 0
    has_seams: bool = False
    stream: int | None = None
    passed_over: bool = False
    without_index: bool = False
    damaged_at: int | None = None

    def notes(self) -> Iterator[str]:
        """What is unusual about the file, and nothing that makes it short."""
        if self.untimed:
            yield f"a bare stream without times: {float(self.rate):g} frames a second are assumed"
        if self.passed_over:
            yield "a picture in a track of its own stands before the film: passed over"
        if self.n_joints:
            yield (
                f"{self.n_joints} jumps in its times were closed" if self.n_joints > 1 else ONE_JUMP
            )
        elif not self.spaced and (pause := longest_pause(self.timeline.times)):
            yield f"its times leave out {float(pause[1]):.1f} s behind frame {pause[0]}"
        if self.without_index:
            yield "the index at its end is missing; all pictures are there"

    def with_stamps(self, stamps: list[int | None]) -> Header:
        """The same video with the frames that decoding really gave."""
        timeline = make_timeline(stamps, self.time_base, 0, self.rate)
        spaced = not are_distinct(stamps)
        return replace(self, timeline=timeline, first=first_of(stamps), spaced=spaced)

    def lost(self, found: Sequence[int | None]) -> int:
        """How many coded pictures no frame stands for; see `timestamps.holes`."""
        stamps = sorted(stamp for stamp in found if stamp is not None)
        if len(stamps) < len(found) or not found or self.spaced:
            return 0
        shown = [(stamp - self.first) * self.time_base for stamp in stamps]
        return holes(self.timeline.times, shown, 1 / self.rate)

    @property
    def stamps(self) -> list[int]:
        """Stamp of each picture in the order of display."""
        return [self.first + round(when / self.time_base) for when in self.timeline.times]

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
    with open_container(path) as container, captured_log() as log:
        index, passed_over = film_of(container, path)
        stream = video_stream(container, path, index)
        time_base = Fraction(stream.time_base)
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        aspect = stream.sample_aspect_ratio
        if aspect and stream.width * stream.height * aspect > max_pixels():
            raise DecodeError(f"pixels {float(aspect):g} times as wide as high", path=path)
        declared = _declared(container, stream)
        names = set(container.format.name.split(","))
        demuxed = _demux(path, container, stream, everything=declared.by_all)
        early = any("prematurely" in text for _, _, text in log)
    pictures = demuxed.pictures
    if not pictures:
        raise DecodeError("a video without a frame", path=path)
    stamps: list[int | None] = [one.shown for one in pictures]
    closed, n_joints = close_joints(pictures, time_base) if names & MAY_BE_JOINED else ([], 0)
    if closed and n_joints:
        stamps, declared = [*closed], _Declared()
    last = next((one.duration for one in reversed(pictures) if one.duration), 0)
    timeline, first = make_timeline(stamps, time_base, last, rate), first_of(stamps)
    begun = max(0, first) * time_base if declared.from_zero else 0
    ended = demuxed.end if declared.by_all else timeline.end + begun
    return Header(
        timeline,
        time_base,
        rate,
        aspect,
        _ends_early(ended, declared.end, early) or cut_off(path) or _last_picture(demuxed),
        first,
        untimed=bool(names & UNTIMED),
        spaced=not are_distinct(stamps),
        n_joints=n_joints,
        has_seams=demuxed.has_seams or n_joints > 0,
        stream=index,
        passed_over=passed_over,
        without_index=without_index(path),
        damaged_at=demuxed.damaged_at,
    )


@dataclass(frozen=True)
class _Demuxed:
    """The coded pictures; when the last packet ends, of all streams or of this one; whether parts
    were put behind one another; whether the last picture is not all there; which one before the
    end is not, where there is no seam.
    """

    pictures: list[CodedPicture]
    end: Fraction
    has_seams: bool
    breaks_off: bool
    damaged_at: int | None


def _demux(path: str, container: Any, stream: Any, *, everything: bool) -> _Demuxed:
    """Read all packets.

    The last packet or the one before it looks broken at a seam, and a key frame follows.
    """
    pictures: list[CodedPicture] = []
    broken: list[bool] = []
    keys: list[bool] = []
    shown, end = Shown(stream), Fraction(0)
    with contextlib.suppress(DecodeError), as_decode_error(path):
        for packet in container.demux() if everything else container.demux(stream):
            if not packet.size:
                continue
            if everything and packet.pts is not None:
                until = (packet.pts + (packet.duration or 0)) * Fraction(packet.time_base)
                end = max(end, until)
            if packet.stream is stream and not packet.is_discard and shown.is_picture(packet):
                pictures.append(CodedPicture(packet.pts, packet.dts, packet.duration or 0))
                broken.append(packet.is_corrupt)
                keys.append(packet.is_keyframe)
    seams = [i for i, one in enumerate(broken) if one]
    has_seams = bool(seams) and all(any(keys[i + 1 : i + 3]) for i in seams)
    inside = [i for i in seams if i < len(broken) - 2]
    damaged_at = inside[0] if inside and not has_seams else None
    return _Demuxed(pictures, end, has_seams, any(broken[-2:]), damaged_at)


def _last_picture(demuxed: _Demuxed) -> str:
    n = len(demuxed.pictures)
    return f"picture {n} of {n} is not all there" if demuxed.breaks_off else ""


def _ends_early(ended: Fraction, declared: Fraction | None, noticed: bool) -> str:
    length = float(ended)
    if declared is not None and declared - ended > max(SHORT_BY, declared / 20):
        return f"{length:.2f} s of {float(declared):.2f} s"
    return f"cut off after {length:.2f} s" if noticed else ""


@dataclass(frozen=True)
class _Declared:
    """When a file says that it ends: the video stream, or (`by_all`) the last of its streams;
    counted from the first picture, or `from_zero`.
    """

    end: Fraction | None = None
    by_all: bool = False
    from_zero: bool = False


def _declared(container: Any, stream: Any) -> _Declared:
    names = container.format.name.split(",")
    if stream.duration and "asf" not in names:  # there it is the duration of the whole file
        return _Declared(Fraction(stream.duration * stream.time_base))
    text = stream.metadata.get("DURATION", "")
    with contextlib.suppress(ValueError):
        hours, minutes, seconds = text.split(":")
        return _Declared(int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds), from_zero=True)
    if not container.duration:
        return _Declared()
    alone = len(container.streams) == 1
    if alone or not DECLARE_A_LENGTH.isdisjoint(names):
        return _Declared(Fraction(container.duration, av.time_base), not alone, from_zero=True)
    return _Declared()
