"""Which frames are taken, held against the words that define it."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from signdata.errors import UsageError
from signdata.media.video.frame_selection import (
    Range,
    Selection,
    Timeline,
    evenly,
    resampled,
    segments,
    take_range,
)

RATES = [
    Fraction(24000, 1001),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60),
]


def steady(rate: Fraction | int, n: int) -> Timeline:
    """`n` frames at a steady rate."""
    return Timeline([i / Fraction(rate) for i in range(n)], n / Fraction(rate))


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Steady ones, and ones whose every frame is shown for a time of its own."""
    rate = draw(st.sampled_from([*RATES, None]))
    if rate is not None:
        return steady(rate, draw(st.integers(1, 300)))
    steps = draw(st.lists(st.integers(1, 400), min_size=1, max_size=60))
    times = [Fraction(sum(steps[:i]), 1000) for i in range(len(steps))]
    return Timeline(times, Fraction(sum(steps), 1000))


def belongs(first: int, last: int, time: Fraction) -> bool:
    """Whether a frame shown at `time` is one of frames `first` to `last` at 25 a second."""
    start, end = Fraction(first - 1, 25), Fraction(last, 25)
    return start <= time and (last == -1 or time < end)


@given(timelines(), st.data())
def test_a_frame_belongs_when_its_time_does(timeline: Timeline, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, math.ceil(timeline.end * 25)))  # before the file ends
    last = data.draw(st.just(-1) | st.integers(first, first + 200))
    taken = take_range(Range(first, last), timeline, "apply")
    wanted = [i for i, time in enumerate(timeline.times) if belongs(first, last, time)]
    assert not taken.fault
    if wanted:
        assert list(range(taken.start, taken.stop)) == wanted
        clipped = last != -1 and Fraction(last, 25) - timeline.end > Fraction(1, 25)
        assert [note.split(":")[0] for note in taken.notes] == ["range clipped"] * clipped
    else:
        start = Fraction(first - 1, 25)
        distances = [abs(time - start) for time in timeline.times]
        assert taken.stop == taken.start + 1
        assert distances[taken.start] == min(distances)
        assert "the nearest is taken" in taken.notes[0]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 25), (10, 30), (26, 50), (51, -1)])
def test_ranges_at_usual_rates(rate: Fraction, first: int, last: int) -> None:
    timeline = steady(rate, 4 * round(rate))
    taken = take_range(Range(first, last), timeline, "auto")
    wanted = [i for i in range(len(timeline)) if belongs(first, last, i / rate)]
    assert list(range(taken.start, taken.stop)) == wanted
    assert (taken.notes, taken.fault) == ((), "")


def test_at_25_a_range_is_its_numbers() -> None:
    taken = take_range(Range(11, 20), steady(25, 100), "auto")
    assert (taken.start, taken.stop) == (10, 20)
    assert take_range(Range(11, 11), steady(25, 100), "auto").stop == 11


@given(timelines(), st.integers(1, 9), st.integers(1, 300), st.integers(-20, 20))
@example(steady(25, 47), 100, 149, 0)
@example(steady(25, 46), 100, 149, 0)
@example(steady(25, 53), 100, 149, 0)
@example(steady(25, 50), 1, 50, 0)
def test_a_file_that_is_the_range_is_taken_whole(
    timeline: Timeline, first: int, last: int, shift: int
) -> None:
    assume(last >= first)
    length = Fraction(last - first + 1, 25)
    is_cut = abs(timeline.end - length) <= Fraction(3, 25) and timeline.end < Fraction(last, 25)
    auto = take_range(Range(first, last), timeline, "auto")
    if is_cut:
        assert (auto.start, auto.stop, auto.fault) == (0, len(timeline), "")
        assert auto.notes[0].startswith("already-cut")
    else:
        assert auto == take_range(Range(first, last), timeline, "apply")
    ignored = take_range(Range(first, last), timeline, "ignore")
    assert (ignored.start, ignored.stop, ignored.notes) == (0, len(timeline), ())


@pytest.mark.parametrize("policy", ["auto", "apply"])
def test_impossible_ranges_are_faults(policy: str) -> None:
    timeline = steady(25, 20)
    backwards = take_range(Range(9, 5), timeline, policy)
    assert backwards.start == backwards.stop
    assert "lies behind frame_end 5" in backwards.fault
    assert take_range(Range(9, 0), timeline, policy).fault
    for last in (60, -1):
        past = take_range(Range(21, last), timeline, policy)
        assert "behind the end of the file (0.80 s)" in past.fault
    assert not take_range(Range(20, -1), timeline, policy).fault


def test_a_start_of_0_is_1() -> None:
    assert take_range(Range(0, -1), steady(30, 9), "auto").start == 0
    line = steady(30, 9)
    assert Range(0, 5).start_in(line) == Range(1, 5).start_in(line) == 0


def test_a_range_past_the_end_is_clipped_and_says_so() -> None:
    taken = take_range(Range(11, 60), steady(25, 40), "auto")
    assert (taken.start, taken.stop) == (10, 40)
    assert taken.notes == ("range clipped: frame_end 60 lies behind the end of the file",)


@given(st.integers(1, 64), st.integers(1, 400))
def test_evenly(n: int, length: int) -> None:
    indices = evenly(n, length)
    assert indices == [int((k + Fraction(1, 2)) * length / n) for k in range(n)]
    assert indices == sorted(indices)
    assert all(0 <= i < length for i in indices)
    if n >= length:
        assert set(indices) == set(range(length))
    else:
        assert len(set(indices)) == n


@given(timelines(), st.sampled_from([0.5, 1, 5, 12.5, 15, 23.976, 25, 29.97, 30, 60]), st.data())
def test_resampling_shows_what_a_player_would(
    timeline: Timeline, fps: float, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(timeline) - 1))
    stop = data.draw(st.integers(start + 1, len(timeline)))
    first = timeline.times[start]
    end = timeline.times[stop] if stop < len(timeline) else timeline.end
    ticks = []
    while not ticks or ticks[-1] + 1 / Fraction(str(fps)) < end:
        ticks.append(first + len(ticks) / Fraction(str(fps)))
    shown = [max(i for i in range(start, stop) if timeline.times[i] <= tick) for tick in ticks]
    assert resampled(timeline, start, stop, fps) == shown


def test_resampling_to_a_rate_that_a_file_has_changes_nothing() -> None:
    for rate in RATES:
        assert resampled(steady(rate, 90), 0, 90, float(rate)) == list(range(90)), rate
    assert resampled(steady(50, 100), 10, 50, 25) == list(range(10, 50, 2))
    assert resampled(steady(25, 4), 0, 4, 50) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert resampled(steady(25, 50), 0, 50, 0.001) == [0]


def video_frame_dataset(n_frames: int, n_segments: int, per_segment: int) -> list[int]:
    """What VideoFrameDataset loads in test mode, frames counted from 0."""
    distance = (n_frames - per_segment + 1) / n_segments
    indices = []
    for x in range(n_segments):
        index = int(distance / 2.0 + distance * x)
        for _ in range(per_segment):
            indices.append(index)
            index += index < n_frames - 1
    return indices


@given(st.sampled_from([1, 2, 4, 5, 8, 16]), st.integers(1, 9), st.integers(9, 300))
def test_segments_are_those_of_video_frame_dataset(n: int, per: int, length: int) -> None:
    exact = (length - per + 1) / Fraction(n)
    assume(n & (n - 1) == 0 or exact.denominator != 1)  # its floats fall short of whole numbers
    assert segments(n, per, length) == video_frame_dataset(length, n, per)


def test_segments_of_a_short_range_repeat_its_last_frame() -> None:
    assert segments(2, 4, 3) == [0, 1, 2, 2, 0, 1, 2, 2]
    assert segments(3, 1, 1) == [0, 0, 0]


@given(st.integers(1, 300), st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.49]))
def test_margin_is_cut_off_both_ends_first(length: int, margin: float) -> None:
    timeline = steady(25, length + 10)
    indices = Selection(margin=margin).of(timeline, 5, 5 + length)
    cut = int(length * margin)
    assert indices == list(range(5 + cut, 5 + length - cut))
    assert indices
    few = Selection(n_frames=4, margin=margin).of(timeline, 5, 5 + length)
    assert few == [5 + cut + i for i in evenly(4, length - 2 * cut)]


@given(timelines(), st.data())
def test_every_selection_stays_inside_its_range(timeline: Timeline, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(timeline) - 1))
    stop = data.draw(st.integers(start + 1, len(timeline)))
    margin = data.draw(st.sampled_from([0.0, 0.2, 0.45]))
    for selection in (
        Selection(margin=margin),
        Selection(n_frames=7, margin=margin),
        Selection(fps=12.5, margin=margin),
        Selection(segments=3, frames_per_segment=5, margin=margin),
    ):
        indices = selection.of(timeline, start, stop)
        assert indices
        assert indices[0] >= start
        assert max(indices) < stop


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_frames": 0}, "at least 1"),
        ({"margin": 0.5}, "below 0.5"),
        ({"margin": -0.1}, "margin"),
        ({"margin": float("nan")}, "margin"),
        ({"fps": 1e-6}, "0.001 to 1000"),
        ({"fps": 0}, "0.001 to 1000"),
        ({"fps": float("nan")}, "0.001 to 1000"),
        ({"segments": 2}, "go together"),
        ({"frames_per_segment": 2}, "go together"),
        ({"segments": 0, "frames_per_segment": 1}, "at least 1"),
        ({"segments": 2, "frames_per_segment": -1}, "at least 1"),
        ({"n_frames": 2, "fps": 5}, "exclude"),
    ],
)
def test_impossible_selections_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Selection(**options)  # type: ignore[arg-type]


def test_only_the_empty_selection_is_all() -> None:
    assert Selection().is_all
    assert not Selection(margin=0.1).is_all
    assert not Selection(n_frames=3).is_all
