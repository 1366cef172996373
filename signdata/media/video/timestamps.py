"""Time stamps of coded pictures: joints closed, holes found, times made of them. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from signdata.media.video.frame_selection import Timeline

FORWARD = 10
"""Seconds by which stamps may go on at once; more is where two recordings were joined."""

BACK = Fraction(1, 10)
"""Seconds by which the order of decoding may go back; more is a joint, too, as players see it."""

HOLE = Fraction(3, 2)
"""Times the usual step between two frames from which on something is missing between them."""

FEW = 10
"""Steps between frames that do not say whether a rate is constant."""

CONSTANT = Fraction(9, 10)
"""How many of the steps are alike where it is."""

PAUSE = 1
"""Seconds that are missed where a constant rate leaves them out."""


@dataclass(frozen=True)
class CodedPicture:
    """When a picture is to be shown and decoded, and for how long it is shown, in ticks."""

    shown: int | None
    decoded: int | None
    duration: int


def close_joints(pictures: Sequence[CodedPicture], time_base: Fraction) -> tuple[list[int], int]:
    """Let each part of a joined file begin where the one before it ends.

    Returns
    -------
    stamps : list of int
        In the order of display; empty if a picture has no stamp.
    n_joints : int
        How many joints there were.
    """
    parts: list[list[CodedPicture]] = [[]]
    before: CodedPicture | None = None
    for one in pictures:
        if before is not None and before.decoded is not None and one.decoded is not None:
            step = (one.decoded - before.decoded) * time_base
            if step > FORWARD or step < -BACK:
                parts.append([])
        parts[-1].append(one)
        before = one
    stamps: list[int] = []
    for part in parts:
        shown = sorted(one.shown for one in part if one.shown is not None)
        if len(shown) < len(part):
            return [], len(parts) - 1
        usual = max(one.duration for one in part) or 1
        shift = stamps[-1] + usual - shown[0] if stamps else 0
        stamps += [stamp + shift for stamp in shown]
    return stamps, len(parts) - 1


def are_distinct(stamps: Sequence[int | None]) -> bool:
    """Whether each picture has a stamp of its own."""
    return None not in stamps and len(set(stamps)) == len(stamps)


def first_of(stamps: Sequence[int | None]) -> int:
    """The first stamp, 0 if there is none."""
    return min((stamp for stamp in stamps if stamp is not None), default=0)


def make_timeline(
    stamps: Sequence[int | None], time_base: Fraction, duration: int, rate: Fraction
) -> Timeline:
    """Times from the first frame on; frames without a stamp, or with a stamp that another
    frame has, are spaced by the average rate.
    """
    known = sorted(stamp for stamp in stamps if stamp is not None)
    if not known or not are_distinct(stamps):
        times = [i / rate for i in range(len(stamps))]
        return Timeline(times, len(stamps) / rate)
    times = [(stamp - known[0]) * time_base for stamp in known]
    step = duration * time_base or (times[-1] / (len(times) - 1) if len(times) > 1 else 1 / rate)
    return Timeline(times, times[-1] + step)


def longest_pause(times: Sequence[Fraction]) -> tuple[int, Fraction] | None:
    """Where a constant rate leaves out a second or more at once: behind how many frames, for how
    long. Where the rate varies, a long step is nothing special.
    """
    if len(times) <= FEW:
        return None
    a_second = math.lcm(*{time.denominator for time in times})  # whole numbers: much faster
    ticks = [time.numerator * (a_second // time.denominator) for time in times]
    steps = [after - before for before, after in pairwise(ticks)]
    usual = sorted(steps)[len(steps) // 2]
    longest = max(steps)
    n_usual = sum(10 * abs(step - usual) <= usual for step in steps)
    if longest < max(PAUSE * a_second, 10 * usual) or n_usual < CONSTANT * len(steps):
        return None
    return steps.index(longest) + 1, Fraction(longest - usual, a_second)


def holes(promised: Sequence[Fraction], shown: Sequence[Fraction], usual: Fraction) -> int:
    """How many promised pictures no frame stands for.

    A picture that nobody is shown (the second field of a frame, a reference that is hidden)
    leaves no hole between the frames. What precedes the first one does not count.

    Parameters
    ----------
    promised, shown : sequence of Fraction
        When pictures were to be shown, and when frames were; ascending.
    usual : Fraction
        Seconds between two frames, where `shown` does not say.
    """
    steps = sorted(after - before for before, after in pairwise(shown))
    longest = (steps[len(steps) // 2] if steps else usual) * HOLE
    there = set(shown)
    n = 0
    for when in promised:
        place = bisect_left(shown, when)
        if place and when not in there:
            after = shown[place] if place < len(shown) else when
            n += after - shown[place - 1] > longest
    return n
