"""Assign groups of samples to splits; a group is never divided.

Pure: names in, split names out. `signdata.splitting.objective` defines the cost. Local search
improves a first assignment; a small number of groups is solved exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from signdata.splitting import exact_search, placement
from signdata.splitting.local_search import EXCHANGED, improve
from signdata.splitting.objective import Ints, Problem
from signdata.splitting.stratified import coded, draws, stratified

SOLVED = 32
"""Up to this many groups, the exact search is used."""

STARTED = 20_000
"""Up to this many groups, the local search has more than one starting point."""

ORDERS = 6
"""Number of orders in which up to `EXCHANGED` groups are placed one by one."""


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
        One per sample; see `signdata.splitting.stratified.stratified`.
    groups : sequence of str
        Group of each sample; '' is a group of its own.
    ratios : mapping of str to float
        Share of each split; they sum to 1.
    seed : int
        Random seed; it chooses among equally good assignments.

    Returns
    -------
    list of str
        Split of each sample. No split with a share above 0 is empty if there are enough groups;
        every class is in ``train`` if it has a group to spare; a class with enough groups of
        its own is in every split. Within that, the overall shares and those of each class are
        as close to the ratios as the search got.
    """
    asked = {split: share for split, share in ratios.items() if share > 0}
    if not any(groups):
        return _filled(stratified(ids, labels, ratios, seed), ids, labels, asked, seed)
    names = [group or f"\0{sample_id}" for group, sample_id in zip(groups, ids, strict=True)]
    unit_of, units = coded(names)
    class_of, classes = coded(labels)
    problem = Problem.of(unit_of, class_of, len(units), len(classes), asked)
    chosen = _assign(problem, draws(units, seed))
    split_names = np.array(list(asked), object)
    found: list[str] = split_names[chosen[unit_of]].tolist()
    return found


def _filled(
    splits: list[str], ids: Sequence[str], labels: Sequence[str], asked: Iterable[str], seed: int
) -> list[str]:
    """Give each empty split a sample of the class with the most samples in one split."""
    empty = [split for split in asked if split not in splits]
    if not empty:
        return splits
    filled = list(splits)
    draw = draws(ids, seed)
    for split in empty:
        sizes = Counter(filled)
        cells = Counter(zip(labels, filled, strict=True))
        spare = [cell for cell in cells if sizes[cell[1]] > 1]
        if spare:  # else there are fewer samples than splits
            most = min(spare, key=lambda cell: (-cells[cell], cell))
            giver = [i for i, cell in enumerate(zip(labels, filled, strict=True)) if cell == most]
            filled[min(giver, key=lambda i: int(draw[i]))] = split
    return filled


def _assign(problem: Problem, draw: NDArray[np.uint64]) -> Ints:
    """(U,) split of each group."""
    first = placement.by_classes(problem, draw)
    if problem.n_units > EXCHANGED and problem.is_perfect(first):
        return first
    found = (improve(problem, start) for start in (first, *_other_starts(problem, draw)))
    best = min(found, key=problem.cost)
    if problem.n_units <= SOLVED:
        order = exact_search.in_good_order(problem, draw)
        solved = exact_search.best_assignment(problem, order, best)
        best = best if solved is None else improve(problem, solved)
    return best


def _other_starts(problem: Problem, draw: NDArray[np.uint64]) -> Iterator[Ints]:
    if problem.n_units <= STARTED:
        yield placement.by_classes(problem, draw, spread=True)
    for start in range(ORDERS if problem.n_units <= EXCHANGED else 0):
        key = np.roll(draw, start)
        by_size = start < ORDERS - 1
        yield placement.one_by_one(
            problem, np.lexsort((key, -problem.size_of)) if by_size else np.argsort(key)
        )
