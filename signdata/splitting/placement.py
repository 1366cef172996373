"""First assignments of groups to splits, as starting points for the searches.

Groups of several classes are placed greedily, one by one. Groups of one class are distributed
class by class, by subset sums that come as close to each share as the sizes allow.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from signdata.splitting.objective import Floats, Ints, Problem

RESERVE = 96
"""Groups of a class that are left for the subset sum; the others are distributed first."""

PLACED = 10_000
"""Up to this many groups of several classes are placed one by one, the largest first; the others
are treated like groups of their most frequent class."""


def by_classes(problem: Problem, draw: NDArray[np.uint64], *, spread: bool = False) -> Ints:
    """Place groups of several classes, then distribute those of each class.

    Parameters
    ----------
    problem : Problem
    draw : ndarray
        (U,) random number of each group.
    spread : bool
        Whether a class compensates for the deviation of all earlier classes. Its own shares
        are then less exact, but the overall shares are better if classes have few groups.
    """
    chosen = np.full(problem.n_units, -1, np.int64)
    mixed = np.flatnonzero(problem.n_classes_of > 1)
    mixed = mixed[np.lexsort((draw[mixed], -problem.size_of[mixed]))]
    _place(problem, chosen, mixed[:PLACED])
    _share_out(problem, draw, chosen, spread)
    return chosen


def one_by_one(problem: Problem, order: Ints) -> Ints:
    """Place all groups in the given order, each where it costs least."""
    chosen = np.full(problem.n_units, -1, np.int64)
    _place(problem, chosen, order)
    return chosen


def _place(problem: Problem, chosen: Ints, order: Ints) -> None:
    share = np.zeros(len(problem.totals))
    starts = problem.starts[order]
    lengths = problem.starts[order + 1] - starts
    entries = np.repeat(starts, lengths) + _counted(lengths)
    np.add.at(share, problem.row[entries], problem.size[entries])
    over = -(share[:, None] * problem.shares)
    for unit in order.tolist():
        mine = slice(problem.starts[unit], problem.starts[unit + 1])
        rows, size = problem.row[mine], problem.size[mine]
        costs = (problem.weights[rows] * size) @ over[rows]
        split = int(costs.argmin())
        over[rows, split] += size
        chosen[unit] = split


def _counted(lengths: Ints) -> Ints:
    """0, 1, 2, ... for each length, one after another."""
    ends = np.cumsum(lengths)
    return np.arange(int(lengths.sum())) - np.repeat(ends - lengths, lengths)


# -- Class by class


def _share_out(problem: Problem, draw: NDArray[np.uint64], chosen: Ints, spread: bool) -> None:
    """Choose a split for every group without one, class by class."""
    counts = problem.table(chosen)
    unit, label, size = _open_groups(problem, chosen)
    order = np.lexsort((draw[unit], label))
    unit, label, size = unit[order], label[order], size[order]
    n_classes = len(problem.totals) - 1
    bounds = np.searchsorted(label, np.arange(n_classes + 1))
    owed = np.zeros(len(problem.shares))
    for number, (start, stop) in enumerate(itertools.pairwise(bounds.tolist())):
        if start == stop:
            continue
        n_samples = int(size[start:stop].sum() + counts[number].sum())
        exact = n_samples * problem.shares
        weight = n_classes * n_samples / problem.totals[-1]
        debt = owed * weight / (1 + weight) if spread else owed
        part = _dealt(size[start:stop].tolist(), exact + debt - counts[number], problem.shares)
        chosen[unit[start:stop]] = part
        dealt = np.bincount(part, weights=size[start:stop], minlength=len(problem.shares))
        owed = owed + exact - (counts[number] + dealt)
        if not spread:
            owed = np.clip(owed, -0.5, 0.5)


def _open_groups(problem: Problem, chosen: Ints) -> tuple[Ints, Ints, Ints]:
    """Groups without a split, their most frequent class, and their number of samples."""
    unit = np.flatnonzero(chosen < 0)
    entries = np.flatnonzero((chosen[problem.unit] < 0) & (problem.row < len(problem.totals) - 1))
    most_last = np.lexsort((-problem.row[entries], problem.size[entries], problem.unit[entries]))
    entries = entries[most_last]
    last = np.append(np.diff(problem.unit[entries]) > 0, True)[: len(entries)]
    return unit, problem.row[entries[last]], problem.size_of[unit]


def _dealt(sizes: list[int], targets: Floats, shares: Floats) -> Ints:
    """Distribute groups so that each split gets about its target number of samples."""
    dealt = np.full(len(sizes), int(shares.argmax()), np.int64)
    left = list(range(len(sizes)))
    for split in np.argsort(targets, kind="stable").tolist():
        if split == int(shares.argmax()) or shares[split] <= 0:
            continue
        taken = _nearest_sum([sizes[i] for i in left], float(targets[split]))
        for i in taken:
            dealt[left[i]] = split
        gone = set(taken)
        left = [i for position, i in enumerate(left) if position not in gone]
    return dealt


def _nearest_sum(sizes: list[int], target: float) -> list[int]:
    """Indices of `sizes` that add up to about `target`: the first ones, then the best subset."""
    if target < 0.5:
        return []
    taken: list[int] = []
    total = 0
    spare = sum(sorted(sizes[-RESERVE:])[: RESERVE // 2])
    position = 0
    while position < len(sizes) - RESERVE and total + sizes[position] <= target - spare / 2:
        total += sizes[position]
        taken.append(position)
        position += 1
    return taken + [
        position + i for i in _subset(sizes[position : position + RESERVE], target - total)
    ]


def _subset(sizes: list[int], target: float) -> list[int]:
    """Indices of the subset whose sum is closest to `target`, found among all possible sums."""
    limit = (1 << (int(target) + max(sizes, default=0) + 2)) - 1
    reachable = [1]  # bit k: some of the first sizes add up to k
    for size in sizes:
        reachable.append((reachable[-1] | reachable[-1] << size) & limit)
    best = _nearest_bit(reachable[-1], target)
    taken = []
    for position in range(len(sizes) - 1, -1, -1):
        if not reachable[position] >> best & 1:
            taken.append(position)
            best -= sizes[position]
    return taken[::-1]


def _nearest_bit(bits: int, target: float) -> int:
    below = bits & ((1 << (int(target) + 1)) - 1)
    low = below.bit_length() - 1
    above = bits >> (int(target) + 1)
    if not above:
        return low
    high = int(target) + 1 + (above & -above).bit_length() - 1
    return high if high - target < target - low else low
