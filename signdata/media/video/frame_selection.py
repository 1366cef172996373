"""Which frames of a clip are taken: times in, indices out. Pure.

Times are exact fractions of a second, counted from the first frame of the
stream; indices count its frames from 0 in the order of display.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from signdata.errors import UsageError

WLASL_RATE = 25
"""Frames a second that WLASL's annotations count at, whatever rate a file has."""

CUT_ALREADY = "If the files are cut to their ranges already, say extract-frames --ranges ignore."

CUT_TOLERANCE = Fraction(3, WLASL_RATE)
"""How much a file's length may differ from a range's for the file to be that range."""


@dataclass(frozen=True)
class Timeline:
    """When each frame of a video is shown.

    Attributes
    ----------
    times : sequence of Fraction
        Seconds from the first frame, ascending.
    end : Fraction
        When the last frame stops being shown.
    """

    times: Sequence[Fraction]
    end: Fraction

    def __len__(self) -> int:
        return len(self.times)

    @property
    def fps(self) -> float:
        """Average frames a second."""
        return float(len(self.times) / self.end) if self.end else 0.0


@dataclass(frozen=True)
class Range:
    """A labelled range as WLASL gives it: 1-based, inclusive, at 25 a second; -1 is the end.

    Attributes
    ----------
    first, last : int
        Its first and last frame.
    rate : Fraction or None
        Frames a second that they are counted at; None for the frames of the file itself.
    """

    first: int = 1
    last: int = -1
    rate: Fraction | None = Fraction(WLASL_RATE)

    @property
    def is_whole(self) -> bool:
        return self.first <= 1 and self.last == -1

    def start_in(self, timeline: Timeline) -> Fraction:
        """When it begins, in a file of these times."""
        return self._after(max(self.first, 1) - 1, timeline)

    def end_in(self, timeline: Timeline) -> Fraction | None:
        """When it ends; None for the end of the file."""
        return None if self.last == -1 else self._after(self.last, timeline)

    def _after(self, n: int, timeline: Timeline) -> Fraction:
        """When `n` frames are over."""
        if self.rate is not None:
            return n / self.rate
        if n < len(timeline):
            return timeline.times[n]
        return timeline.end + (n - len(timeline)) * timeline.end / max(1, len(timeline))

    @property
    def shown(self) -> tuple[str, str]:
        """Its start and its end for people."""
        return f"frame_start {self.first}", f"frame_end {self.last}"


ROUNDING = Fraction(1, 2000)
"""Times in tables are rounded to milliseconds: a frame at 66.67 ms is the one that 0.067 names."""


@dataclass(frozen=True)
class TimeRange:
    """A labelled range in seconds from the first frame of the file, half-open.

    Attributes
    ----------
    start : Fraction
        When it begins.
    end : Fraction or None
        When it ends; None for the end of the file.
    """

    start: Fraction = Fraction(0)
    end: Fraction | None = None

    @property
    def is_whole(self) -> bool:
        return self.start <= 0 and self.end is None

    def start_in(self, timeline: Timeline) -> Fraction:
        """When it begins."""
        return max(Fraction(0), self.start - ROUNDING)

    def end_in(self, timeline: Timeline) -> Fraction | None:
        """When it ends; None for the end of the file."""
        return None if self.end is None else self.end - ROUNDING

    @property
    def shown(self) -> tuple[str, str]:
        """Its start and its end for people."""
        end = "the end" if self.end is None else f"end_time {float(self.end):g}"
        return f"start_time {float(self.start):g}", end


@dataclass(frozen=True)
class Taken:
    """The frames of a range.

    Attributes
    ----------
    start, stop : int
        Frames `start` to `stop` of the file, half-open; equal when there is none.
    notes : tuple of str
        What a user should know: ``already-cut``, clipped, empty.
    fault : str
        Why the range cannot be had, or ''.
    remedy : str
        What may be done about it, or ''.
    """

    start: int
    stop: int
    notes: tuple[str, ...] = ()
    fault: str = ""
    remedy: str = ""


def take_range(wanted: Range | TimeRange, timeline: Timeline, policy: str) -> Taken:
    """Find the frames of a labelled range in a file.

    Parameters
    ----------
    wanted : Range or TimeRange
        What the label says.
    timeline : Timeline
        What the file holds.
    policy : {'auto', 'apply', 'ignore'}
        `auto` takes a file whole that was already cut to the range: its length is within
        three frames (at 25 a second) of the range's, and it ends before the range does.
    """
    n = len(timeline)
    if policy == "ignore" or wanted.is_whole:
        return Taken(0, n)
    begin, end = wanted.start_in(timeline), wanted.end_in(timeline)
    start_shown, end_shown = wanted.shown
    if end is not None and end <= begin:
        return Taken(0, 0, fault=f"{start_shown} lies behind {end_shown}")
    if (
        policy == "auto"
        and end is not None
        and timeline.end < end
        and abs(timeline.end - (end - begin)) <= CUT_TOLERANCE
    ):
        return Taken(0, n, ("already-cut: the file is the range",))
    if begin >= timeline.end:
        seconds = float(timeline.end)
        return Taken(
            n - 1,
            n,
            fault=f"{start_shown} lies behind the end of the file ({seconds:.2f} s)",
            remedy=CUT_ALREADY,
        )
    start = bisect_left(timeline.times, begin)
    stop = n if end is None else bisect_left(timeline.times, end)
    if start >= stop:
        nearest = _nearest(timeline.times, begin)
        return Taken(nearest, nearest + 1, ("the range holds no frame: the nearest is taken",))
    if end is not None and end - timeline.end > Fraction(1, WLASL_RATE):
        text = f"range clipped: {end_shown} lies behind the end of the file"
        return Taken(start, stop, (text,))
    return Taken(start, stop)


def _nearest(times: Sequence[Fraction], time: Fraction) -> int:
    after = min(bisect_left(times, time), len(times) - 1)
    before = max(after - 1, 0)
    return before if abs(times[before] - time) <= abs(times[after] - time) else after


MOST_FRAMES = 100_000
"""No more frames of a clip can be asked for by their number: three quarters of an hour."""


@dataclass(frozen=True)
class Selection:
    """Which frames of a range come out.

    Attributes
    ----------
    n_frames : int or None
        That many evenly spaced ones.
    fps : float or None
        One for each tick of this rate: the frame that is shown then.
    segments, frames_per_segment : int or None
        Runs of consecutive frames at evenly spaced places, as VideoFrameDataset samples
        when it tests.
    margin : float
        Share that is cut off both ends first, 0 to below 0.5.
    allow_repeats : bool
        Whether `fps` may give many times as many frames as there are.
    """

    n_frames: int | None = None
    fps: float | None = None
    segments: int | None = None
    frames_per_segment: int | None = None
    margin: float = 0.0
    allow_repeats: bool = False

    def __post_init__(self) -> None:
        if self.n_frames is not None and self.n_frames < 1:
            raise UsageError(f"{self.n_frames} frames; expected at least 1")
        if not 0 <= self.margin < 0.5:
            raise UsageError(f"margin {self.margin:g}; expected 0 to below 0.5")
        if self.fps is not None and not 0.001 <= self.fps <= 1000:
            raise UsageError(f"{self.fps:g} frames a second; expected 0.001 to 1000")
        if (self.segments is None) != (self.frames_per_segment is None):
            raise UsageError("--segments and --frames-per-segment go together")
        if self.segments is not None and min(self.segments, self.frames_per_segment or 0) < 1:
            raise UsageError("segments, and frames in each; expected at least 1")
        n = max(self.n_frames or 0, (self.segments or 0) * (self.frames_per_segment or 0))
        if n > MOST_FRAMES:
            raise UsageError(f"{n:,} frames of each clip; expected at most {MOST_FRAMES:,}")
        ways = [self.n_frames is not None, self.fps is not None, self.segments is not None]
        if sum(ways) > 1:
            raise UsageError("--frames N, --fps and --segments exclude one another")

    @property
    def is_all(self) -> bool:
        """Whether every frame of the range comes out once."""
        return self == Selection(allow_repeats=self.allow_repeats)

    def of(self, timeline: Timeline, start: int, stop: int) -> list[int]:
        """Indices of the frames that come out, out of `start` to `stop` of the file."""
        cut = int((stop - start) * self.margin)
        start, stop = start + cut, stop - cut
        length = stop - start
        if self.n_frames is not None:
            return [start + i for i in evenly(self.n_frames, length)]
        if self.fps is not None:
            return resampled(timeline, start, stop, self.fps)
        if self.segments is not None and self.frames_per_segment is not None:
            return [start + i for i in segments(self.segments, self.frames_per_segment, length)]
        return list(range(start, stop))


def evenly(n: int, length: int) -> list[int]:
    """Indices of `n` evenly spaced frames of `length`: floor((k + 0.5) * length / n).

    A `length` below `n` repeats frames; the result never decreases.
    """
    return [(2 * k + 1) * length // (2 * n) for k in range(n)]


def resampled(timeline: Timeline, start: int, stop: int, fps: float) -> list[int]:
    """Index of the frame that is shown at each tick of `fps` frames a second."""
    first = timeline.times[start]
    end = timeline.times[stop] if stop < len(timeline) else timeline.end
    step = 1 / Fraction(fps).limit_denominator(100_000)
    n = max(1, -((first - end) // step))
    return [
        min(max(bisect_right(timeline.times, first + k * step) - 1, start), stop - 1)
        for k in range(n)
    ]


def segments(n: int, per_segment: int, length: int) -> list[int]:
    """Indices of `n` runs of `per_segment` frames, evenly spread over `length` frames.

    The runs begin at floor(d / 2 + d * x), d = (length - per_segment + 1) / n, as in
    VideoFrameDataset's test mode; what would lie behind the end is its last frame.
    """
    distance = max(0, length - per_segment + 1)
    starts = [(2 * x + 1) * distance // (2 * n) for x in range(n)]
    return [min(begin + i, length - 1) for begin in starts for i in range(per_segment)]
