"""The best assignment of a few groups, by dynamic programming with a bound.

Groups are placed one after another. Of the partial assignments with the same counts only the
cheapest is kept, and none whose lower bound exceeds the best known cost. Up to `WIDTH` numbers
are held at a time; beyond that, the least promising partial assignments are dropped, and the
result is good but not proved optimal.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from signdata.splitting.objective import Floats, Ints, Problem

WIDTH = 1_000_000
"""Numbers in the tables of all partial assignments held at a time."""

ENUMERATED = 20_000
"""Rows with up to this many possible assignments are enumerated to get a lower bound."""

_LEAST = 1e-12


@dataclass
class _Partial:
    """Partial assignments, one per line of the arrays.

    Attributes
    ----------
    over : ndarray
        (W, A, S) samples above target in the active rows (started but not finished).
    groups : ndarray
        (W, A, S) groups in the active rows.
    lacking, distance : ndarray
        (W,) each: penalty and distance of the finished rows.
    key : ndarray
        (W,) hash of the counts, equal for equal counts.
    """

    over: Floats
    groups: Ints
    lacking: Floats
    distance: Floats
    key: NDArray[np.uint64]


def best_assignment(problem: Problem, order: Ints, known: Ints) -> Ints | None:
    """Search for the assignment of least cost.

    It is optimal if `WIDTH` is never exceeded.

    Parameters
    ----------
    problem : Problem
    order : ndarray
        (U,) the groups in the order in which they are placed; rows finish early if the groups of
        a class are consecutive.
    known : ndarray
        (U,) a good assignment.

    Returns
    -------
    ndarray or None
        (U,) split of each group; None if nothing better than the known one was found.
    """
    return _Layers(problem, order, problem.cost(known)).run()


class _Layers:
    """The search: one layer for each group that is placed."""

    def __init__(self, problem: Problem, order: Ints, known: tuple[float, float]) -> None:
        self.problem, self.order = problem, order
        self.most_lacking, self.farthest = known[0], known[1] - _LEAST * max(1.0, known[1])
        self.n_splits = len(problem.shares)
        random = np.random.default_rng(0)
        self.marks = random.integers(1, 1 << 63, problem.target.shape, dtype=np.uint64)
        self.twin_of = _twins(problem)
        position = np.empty(problem.n_units, np.int64)
        position[order] = np.arange(problem.n_units)
        n_rows = len(problem.totals)
        self.first = np.full(n_rows, problem.n_units)
        self.last = np.full(n_rows, -1)
        np.minimum.at(self.first, problem.row, position[problem.unit])
        np.maximum.at(self.last, problem.row, position[problem.unit])
        self.least = _least_of_rows(problem)

    def run(self) -> Ints | None:
        """Place all groups."""
        steps: list[tuple[Ints, Ints]] = []
        rows: list[int] = []
        none = np.zeros((1, 0, self.n_splits))
        part = _Partial(
            none, none.astype(np.int64), np.zeros(1), np.zeros(1), np.zeros(1, np.uint64)
        )
        for layer, unit in enumerate(self.order.tolist()):
            part, rows = self._opened(part, rows, layer)
            part, parents, splits = self._placed(part, rows, unit)
            part, rows, kept = self._closed(part, rows, layer)
            steps.append((parents[kept], splits[kept]))
            if not len(kept):
                return None
        best = int(np.lexsort((part.distance, part.lacking))[0])
        return self._traced(steps, best)

    def _traced(self, steps: list[tuple[Ints, Ints]], line: int) -> Ints:
        chosen = np.empty(self.problem.n_units, np.int64)
        for unit, (parents, splits) in zip(self.order[::-1], reversed(steps), strict=True):
            chosen[unit] = splits[line]
            line = int(parents[line])
        return chosen

    def _opened(self, part: _Partial, rows: list[int], layer: int) -> tuple[_Partial, list[int]]:
        """Add the rows that start with this group to the tables."""
        new = np.flatnonzero(self.first == layer).tolist()
        if not new:
            return part, rows
        n = len(part.key)
        fresh = np.broadcast_to(-self.problem.target[new], (n, len(new), self.n_splits))
        none = np.zeros(fresh.shape, np.int64)
        over = np.concatenate([part.over, fresh], axis=1)
        groups = np.concatenate([part.groups, none], axis=1)
        return _Partial(over, groups, part.lacking, part.distance, part.key), rows + new

    def _placed(self, part: _Partial, rows: list[int], unit: int) -> tuple[_Partial, Ints, Ints]:
        """Extend every partial assignment by the group in every split worth trying."""
        problem = self.problem
        entries = slice(problem.starts[unit], problem.starts[unit + 1])
        places = [rows.index(row) for row in problem.row[entries].tolist()]
        size = problem.size[entries]
        parents, splits = np.nonzero(self._tried(part, rows))
        grown = size.astype(np.uint64)[:, None] * self.marks[problem.row[entries]]
        key = part.key[parents] + grown.sum(axis=0, dtype=np.uint64)[splits]
        once = _cheapest(key, part.lacking[parents], part.distance[parents])
        parents, splits, key = parents[once], splits[once], key[once]
        over, groups = part.over[parents], part.groups[parents]
        lines = np.arange(len(parents))[:, None]
        over[lines, places, splits[:, None]] += size
        groups[lines, places, splits[:, None]] += 1
        grown_part = _Partial(over, groups, part.lacking[parents], part.distance[parents], key)
        return grown_part, parents, splits

    def _tried(self, part: _Partial, rows: list[int]) -> NDArray[np.bool_]:
        """(W, S) bool: splits to try; of interchangeable empty splits only the first."""
        tried = np.ones((len(part.key), self.n_splits), bool)
        place = rows.index(len(self.problem.totals) - 1)
        filled = part.groups[:, place] > 0
        for split, twin in enumerate(self.twin_of):
            if twin >= 0:
                tried[:, split] = filled[:, twin]
        return tried

    def _closed(
        self, part: _Partial, rows: list[int], layer: int
    ) -> tuple[_Partial, list[int], Ints]:
        """Add the cost of rows that end with this group; drop what can no longer be the best."""
        ended = [i for i, row in enumerate(rows) if self.last[row] == layer]
        going = [i for i, row in enumerate(rows) if self.last[row] != layer]
        part = self._finished(part, rows, ended)
        over, left = part.over[:, going], [rows[i] for i in going]
        least = np.maximum(_least_distance(over), self.least[left])
        later = self.first > layer
        bound = part.distance + least @ self.problem.weights[left]
        bound += self.least[later] @ self.problem.weights[later]
        kept = np.flatnonzero(
            (part.lacking < self.most_lacking)
            | ((part.lacking == self.most_lacking) & (bound < self.farthest))
        )
        room = max(64, WIDTH // ((len(going) + 1) * self.n_splits**2))
        if len(kept) > room:
            likely = bound[kept] + self._uneven(over[kept], left)
            kept = np.sort(kept[np.lexsort((likely, part.lacking[kept]))[:room]])
        rest = _Partial(
            over[kept],
            part.groups[:, going][kept],
            part.lacking[kept],
            part.distance[kept],
            part.key[kept],
        )
        return rest, left, kept

    def _finished(self, part: _Partial, rows: list[int], ended: list[int]) -> _Partial:
        """Add the cost of the finished rows and drop their counts."""
        if not ended:
            return part
        at = [rows[i] for i in ended]
        over = part.over[:, ended]
        distance = part.distance + (over**2).sum(axis=2) @ self.problem.weights[at]
        lacking = part.lacking + self.problem.penalties(part.groups[:, ended], at).sum(axis=1)
        had = np.rint(over + self.problem.target[at]).astype(np.uint64)
        key = part.key - (had * self.marks[at]).sum(axis=(1, 2), dtype=np.uint64)
        return replace(part, lacking=lacking, distance=distance, key=key)

    def _uneven(self, over: Floats, rows: list[int]) -> Floats:
        """(W,) squared deviation of the samples placed so far from the shares."""
        placed = over + self.problem.target[rows]
        even = placed.sum(axis=2, keepdims=True) * self.problem.shares
        uneven: Floats = ((placed - even) ** 2).sum(axis=2) @ self.problem.weights[rows]
        return uneven


def _twins(problem: Problem) -> list[int]:
    """For each split, an earlier split that is interchangeable with it, or -1."""
    seen: dict[tuple[float, ...], int] = {}
    twins = []
    for split, share in enumerate(problem.shares.tolist()):
        properties = (share, *problem.absent[:, split].tolist())
        twins.append(seen.get(properties, -1))
        seen[properties] = split
    return twins


def _cheapest(key: NDArray[np.uint64], lacking: Floats, distance: Floats) -> Ints:
    """Indices of the cheapest partial assignment for each set of counts."""
    order = np.lexsort((distance, lacking, key))
    first = np.ones(len(order), bool)
    first[1:] = key[order][1:] != key[order][:-1]
    return np.sort(order[first])


def _least_distance(over: Floats) -> Floats:
    """(W, A) lower bound of the sum of squares that each row can end with.

    What is above target stays above; the other splits can at best share the shortfall evenly.
    """
    above = np.maximum(over, 0)
    n_under = np.maximum((over <= 0).sum(axis=2), 1)
    least: Floats = (above**2).sum(axis=2) + above.sum(axis=2) ** 2 / n_under
    return least


def _least_of_rows(problem: Problem) -> Floats:
    """(R,) lower bound of each row's sum of squares, ignoring the other rows; 0 if unknown."""
    n_splits = len(problem.shares)
    least = np.zeros(len(problem.totals))
    order = np.argsort(problem.row, kind="stable")
    bounds = np.searchsorted(problem.row[order], np.arange(len(least) + 1))
    for row, (start, stop) in enumerate(itertools.pairwise(bounds.tolist())):
        if n_splits ** (stop - start) > ENUMERATED:
            continue
        over = -problem.target[row][None]
        for size in problem.size[order[start:stop]].tolist():
            over = (over[:, None] + size * np.eye(n_splits)).reshape(-1, n_splits)
        least[row] = (over**2).sum(axis=1).min()
    return least


def in_good_order(problem: Problem, draw: NDArray[np.uint64]) -> Ints:
    """Order of placement: groups of several classes by size, then the others class by class."""
    mixed = problem.n_classes_of > 1
    row = problem.row[problem.starts[:-1]]
    row_key = np.where(mixed, -1, row)
    return np.lexsort((draw, -problem.size_of, row_key, ~mixed))
