"""Deciding splits where samples belong together: no group is ever parted.

Pure: names in, split names out. Groups of one class are shared out class by class, by
subset sums that come as near to each share as the sizes allow. Groups that hold several
classes (a signer, a video) are placed before them, the largest first, and then moved and
exchanged as long as that brings the shares of the classes nearer to what was asked.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata.splitting.stratified import coded, draws, stratified

RESERVE = 96
"""Groups of a class that are left for the subset sum; the others are dealt out before."""

EXCHANGED = 400
"""Up to so many groups of several classes, exchanges of two are tried, not only moves."""

STARTS = 6
"""Orders in which groups of several classes are placed; the best result counts."""


def grouped(
    ids: Sequence[str],
    labels: Sequence[str],
    groups: Sequence[str],
    ratios: Mapping[str, float],
    seed: int,
) -> list[str]:
    """Assign a split to every sample, all samples of a group to the same one.

    Parameters
    ----------
    ids, labels : sequence of str
        Of each sample; see `signdata.splitting.stratified.stratified`.
    groups : sequence of str
        Group of each sample; '' is a group of its own.
    ratios : mapping of str to float
        Share of each split; they sum to 1.
    seed : int
        Another seed draws other groups.

    Returns
    -------
    list of str
        Split of each sample. Every class is in every split of share above 0 that its groups
        allow.
    """
    if not any(groups):
        return stratified(ids, labels, ratios, seed)
    names = [group or f"\0{sample_id}" for group, sample_id in zip(groups, ids, strict=True)]
    unit_of, units = coded(names)
    class_of, classes = coded(labels)
    problem = _Problem.of(unit_of, class_of, len(units), len(classes), ratios)
    draw = draws(units, seed)
    chosen = _place_mixed(problem, draw)
    _fill_pure(problem, draw, chosen)
    _be_present(problem, chosen)
    split_names = np.array(list(ratios), object)
    splits: list[str] = split_names[chosen[unit_of]].tolist()
    return splits


@dataclass(frozen=True)
class _Problem:
    """Sizes of groups by class, and how much of each class every split is to get.

    Attributes
    ----------
    unit, label, size : ndarray
        (E,) each: group `unit` has `size` samples of class `label`.
    n_units : int
        Groups.
    totals : ndarray
        (C,) samples of each class.
    shares : ndarray
        (S,) of each split.
    """

    unit: NDArray[np.int64]
    label: NDArray[np.int64]
    size: NDArray[np.int64]
    n_units: int
    totals: NDArray[np.int64]
    shares: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        unit_of: NDArray[np.int64],
        class_of: NDArray[np.int64],
        n_units: int,
        n_classes: int,
        ratios: Mapping[str, float],
    ) -> _Problem:
        pairs, size = np.unique(unit_of * n_classes + class_of, return_counts=True)
        return cls(
            pairs // n_classes,
            pairs % n_classes,
            size.astype(np.int64),
            n_units,
            np.bincount(class_of, minlength=n_classes),
            np.array(list(ratios.values())),
        )

    @property
    def n_classes_of(self) -> NDArray[np.int64]:
        """(U,) how many classes each group holds."""
        return np.bincount(self.unit, minlength=self.n_units)

    def counts(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """(C, S) samples of each class in each split; groups of split -1 are nowhere yet."""
        table = np.zeros((len(self.totals), len(self.shares)), np.int64)
        split = chosen[self.unit]
        placed = split >= 0
        np.add.at(table, (self.label[placed], split[placed]), self.size[placed])
        return table


# -- Groups of several classes


def _place_mixed(problem: _Problem, draw: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Split of each group that holds several classes; -1 for the others."""
    chosen = np.full(problem.n_units, -1, np.int64)
    mixed = np.flatnonzero(problem.n_classes_of > 1)
    if not len(mixed):
        return chosen
    sizes = _sizes_of(problem, mixed)
    # As in a chi-squared sum, so that small classes, which come out uneven anyhow, do not rule;
    # all samples together weigh as much as all classes.
    weight = 1.0 / np.maximum(np.append(problem.totals, problem.totals.sum()), 1)
    weight[-1] *= len(problem.totals)
    sizes = np.concatenate([sizes, sizes.sum(axis=1, keepdims=True)], axis=1)
    target = sizes.sum(axis=0)[:, None] * problem.shares
    best, lowest = None, np.inf
    for start in range(STARTS if len(mixed) <= 10 * EXCHANGED else 1):
        key = np.roll(draw[mixed], start) if start else draw[mixed]
        order = np.lexsort((key, -sizes[:, -1] if start < STARTS - 1 else key))
        placed, cost = _improved(sizes, target, weight, order)
        if cost < lowest - 1e-12:
            best, lowest = placed, cost
    assert best is not None
    chosen[mixed] = best
    return chosen


def _sizes_of(problem: _Problem, units: NDArray[np.int64]) -> NDArray[np.float64]:
    row = np.full(problem.n_units, -1, np.int64)
    row[units] = np.arange(len(units))
    sizes = np.zeros((len(units), len(problem.totals)))
    mine = row[problem.unit] >= 0
    sizes[row[problem.unit[mine]], problem.label[mine]] = problem.size[mine]
    return sizes


def _improved(
    sizes: NDArray[np.float64],
    target: NDArray[np.float64],
    weight: NDArray[np.float64],
    order: NDArray[np.int64],
) -> tuple[NDArray[np.int64], float]:
    """Place groups one by one where they cost least, then move and exchange them."""
    n, n_splits = len(sizes), target.shape[1]
    over = -target  # (C + 1, S): what each split has too much of
    chosen = np.zeros(n, np.int64)
    usable = np.flatnonzero(target.sum(axis=0) > 0)
    for unit in order.tolist():
        size = sizes[unit] * weight
        costs = 2 * size @ over[:, usable] + (size * sizes[unit]).sum()
        chosen[unit] = usable[int(costs.argmin())]
        over[:, chosen[unit]] += sizes[unit]
    weighted = sizes * weight
    own = (weighted * sizes).sum(axis=1)
    apart = own[:, None] + own - 2 * weighted @ sizes.T if n <= EXCHANGED else None
    for _ in range(10 * n + 100):
        pull = weighted @ over  # (n, S)
        at = pull[np.arange(n), chosen][:, None]
        gain = 2 * (pull - at) + 2 * own[:, None]
        gain[np.arange(n), chosen] = 0
        gain[:, [s for s in range(n_splits) if s not in usable]] = np.inf
        unit, split = np.unravel_index(int(gain.argmin()), gain.shape)
        if gain[unit, split] < -1e-12:
            over[:, chosen[unit]] -= sizes[unit]
            over[:, split] += sizes[unit]
            chosen[unit] = split
        elif apart is None or not _exchange(sizes, weighted, apart, over, chosen):
            break
    return chosen, float((weight[:, None] * over**2).sum())


def _exchange(
    sizes: NDArray[np.float64],
    weighted: NDArray[np.float64],
    apart: NDArray[np.float64],
    over: NDArray[np.float64],
    chosen: NDArray[np.int64],
) -> bool:
    """Exchange the two groups of different splits that gain most; False if none gains."""
    pull = weighted @ over
    at = pull[:, chosen]  # (n, n): unit i in the split of unit j
    here = np.diagonal(at)
    gain = 2 * (at + at.T - here[:, None] - here) + 2 * apart
    gain[chosen[:, None] == chosen] = np.inf
    one, other = np.unravel_index(int(gain.argmin()), gain.shape)
    if not gain[one, other] < -1e-12:
        return False
    change = sizes[other] - sizes[one]
    over[:, chosen[one]] += change
    over[:, chosen[other]] -= change
    chosen[one], chosen[other] = chosen[other], chosen[one]
    return True


# -- Groups of one class


def _fill_pure(problem: _Problem, draw: NDArray[np.uint64], chosen: NDArray[np.int64]) -> None:
    """Choose a split for every group of one class."""
    counts = problem.counts(chosen)
    pure = (problem.n_classes_of == 1)[problem.unit]
    unit, label, size = problem.unit[pure], problem.label[pure], problem.size[pure]
    order = np.lexsort((draw[unit], label))
    unit, label, size = unit[order], label[order], size[order]
    bounds = np.searchsorted(label, np.arange(len(problem.totals) + 1))
    owed = np.zeros(len(problem.shares))
    for number, (start, stop) in enumerate(itertools.pairwise(bounds.tolist())):
        if start == stop:
            continue
        wanted = problem.totals[number] * problem.shares
        wanted[problem.shares > 0] += owed[problem.shares > 0]
        wanted -= counts[number]
        part = _dealt(size[start:stop].tolist(), wanted, problem.shares)
        chosen[unit[start:stop]] = part
        got = counts[number] + np.bincount(
            part, weights=size[start:stop], minlength=len(problem.shares)
        )
        exact = problem.totals[number] * problem.shares
        owed = np.clip(owed + exact - got, -0.5, 0.5)


def _dealt(
    sizes: list[int], wanted: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Deal out groups so that each split gets about as many samples as it wants."""
    dealt = np.full(len(sizes), int(shares.argmax()), np.int64)
    left = list(range(len(sizes)))
    for split in np.argsort(wanted, kind="stable").tolist():
        if split == int(shares.argmax()) or shares[split] <= 0:
            continue
        taken = _nearest_sum([sizes[i] for i in left], float(wanted[split]))
        for i in taken:
            dealt[left[i]] = split
        gone = set(taken)
        left = [i for position, i in enumerate(left) if position not in gone]
    return dealt


def _nearest_sum(sizes: list[int], wanted: float) -> list[int]:
    """Positions of some `sizes` that add up to about `wanted`: the first ones, then a subset."""
    if wanted < 0.5:
        return []
    taken: list[int] = []
    total = 0
    spare = sum(sorted(sizes[-RESERVE:])[: RESERVE // 2])
    position = 0
    while position < len(sizes) - RESERVE and total + sizes[position] <= wanted - spare / 2:
        total += sizes[position]
        taken.append(position)
        position += 1
    return taken + [
        position + i for i in _subset(sizes[position : position + RESERVE], wanted - total)
    ]


def _subset(sizes: list[int], wanted: float) -> list[int]:
    """Positions of the subset whose sum is nearest to `wanted`, by all sums that there are."""
    limit = (1 << (int(wanted) + max(sizes, default=0) + 2)) - 1
    reachable = [1]  # bit k: some of the first sizes add up to k
    for size in sizes:
        reachable.append((reachable[-1] | reachable[-1] << size) & limit)
    best = _nearest_bit(reachable[-1], wanted)
    taken = []
    for position in range(len(sizes) - 1, -1, -1):
        if not reachable[position] >> best & 1:
            taken.append(position)
            best -= sizes[position]
    return taken[::-1]


def _nearest_bit(bits: int, wanted: float) -> int:
    below = bits & ((1 << (int(wanted) + 1)) - 1)
    low = below.bit_length() - 1
    above = bits >> (int(wanted) + 1)
    if not above:
        return low
    high = int(wanted) + 1 + (above & -above).bit_length() - 1
    return high if high - wanted < wanted - low else low


# -- Every class in every split


def _be_present(problem: _Problem, chosen: NDArray[np.int64]) -> None:
    """Give each split a group of each class that it lacks, where the class has enough groups."""
    usable = np.flatnonzero(problem.shares > 0)
    groups_in = np.zeros((len(problem.totals), len(problem.shares)), np.int64)
    np.add.at(groups_in, (problem.label, chosen[problem.unit]), 1)
    of_class: dict[int, list[int]] = defaultdict(list)
    for unit, label in zip(problem.unit.tolist(), problem.label.tolist(), strict=True):
        of_class[label].append(unit)
    labels_of: dict[int, list[int]] = defaultdict(list)
    lacking = np.argwhere(groups_in[:, usable] == 0)
    if len(lacking):
        for unit, label in zip(problem.unit.tolist(), problem.label.tolist(), strict=True):
            labels_of[unit].append(label)
    total = np.bincount(problem.unit, weights=problem.size, minlength=problem.n_units)
    for label, position in lacking.tolist():
        split = int(usable[position])
        units = of_class[label]
        if groups_in[label, split] or len(units) < len(usable):
            continue
        # A group may go if no class is lost where it was.
        free = [
            unit
            for unit in units
            if all(groups_in[other, chosen[unit]] > 1 for other in labels_of[unit])
        ]
        if not free:
            continue
        unit = min(free, key=lambda unit: (total[unit], unit))
        for other in labels_of[unit]:
            groups_in[other, chosen[unit]] -= 1
            groups_in[other, split] += 1
        chosen[unit] = split
