"""The best assignment of few groups: all of them are looked at, as far as they can differ.

Groups are placed one after another. Of the partial assignments that have the same counts only
the cheapest is kept, and none that cannot become cheaper than the best that is known. Up to
`WIDTH` numbers are held at a time; where there are more, the least promising partial assignments
are dropped, and what comes out is good but not proved.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from signdata.splitting.objective import Floats, Ints, Problem

WIDTH = 1_000_000
"""Numbers in the tables of all partial assignments that are held at a time."""

ENUMERATED = 20_000
"""Up to this many ways of sharing out one row by itself, the best of them is a bound."""

_LEAST = 1e-12


@dataclass
class _Partial:
    """Partial assignments, one a line.

    Attributes
    ----------
    over : ndarray
        (W, A, S) what the rows that have begun and not ended have too much of.
    groups : ndarray
        (W, A, S) their groups.
    lacking, distance : ndarray
        (W,) each: penalty and distance of the rows that have ended.
    key : ndarray
        (W,) the same for the same counts.
    """

    over: Floats
    groups: Ints
    lacking: Floats
    distance: Floats
    key: NDArray[np.uint64]


def best_assignment(problem: Problem, order: Ints, known: Ints) -> Ints | None:
    """Look for the assignment of least cost.

    It is the best of all where at no time more than `WIDTH` numbers are held.

    Parameters
    ----------
    problem : Problem
    order : ndarray
        (U,) the groups in the order in which they are placed; those of one class side by side
        end its row early.
    known : ndarray
        (U,) a good assignment.

    Returns
    -------
    ndarray or None
        (U,) split of each group; None if nothing better than the known one was found.
    """
    return _Layers(problem, order, problem.cost(known)).run()


class _Layers:
    """One layer for each group that is placed."""

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
        """The tables with a line for each row that begins with this group."""
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
        """Every partial assignment with the group in every split, those that are worth it."""
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
        """(W, S) where the group is tried: of splits that are alike, only the first empty one."""
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
        """Pay for the rows that end with this group, and drop what can no longer be the best."""
        ended = [i for i, row in enumerate(rows) if self.last[row] == layer]
        going = [i for i, row in enumerate(rows) if self.last[row] != layer]
        part = self._paid(part, rows, ended)
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

    def _paid(self, part: _Partial, rows: list[int], ended: list[int]) -> _Partial:
        """Pay for the rows that have ended, and forget their counts."""
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
        """(W,) how far what is placed of each row is from the shares."""
        placed = over + self.problem.target[rows]
        even = placed.sum(axis=2, keepdims=True) * self.problem.shares
        uneven: Floats = ((placed - even) ** 2).sum(axis=2) @ self.problem.weights[rows]
        return uneven


def _twins(problem: Problem) -> list[int]:
    """For each split the one before that it could be exchanged with, or -1."""
    seen: dict[tuple[float, ...], int] = {}
    twins = []
    for split, share in enumerate(problem.shares.tolist()):
        alike = (share, *problem.absent[:, split].tolist())
        twins.append(seen.get(alike, -1))
        seen[alike] = split
    return twins


def _cheapest(key: NDArray[np.uint64], lacking: Floats, distance: Floats) -> Ints:
    """Of partial assignments with the same counts the cheapest, each by its number."""
    order = np.lexsort((distance, lacking, key))
    first = np.ones(len(order), bool)
    first[1:] = key[order][1:] != key[order][:-1]
    return np.sort(order[first])


def _least_distance(over: Floats) -> Floats:
    """(W, A) the least sum of squares that each row can end with.

    What is over stays over; the others can at best share the lack evenly.
    """
    above = np.maximum(over, 0)
    n_under = np.maximum((over <= 0).sum(axis=2), 1)
    least: Floats = (above**2).sum(axis=2) + above.sum(axis=2) ** 2 / n_under
    return least


def _least_of_rows(problem: Problem) -> Floats:
    """(R,) the least sum of squares that each row could have were there no other; 0 if unknown."""
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
    """Groups of several classes first, the largest first; then class by class."""
    mixed = problem.n_classes_of > 1
    row = problem.row[problem.starts[:-1]]
    row_key = np.where(mixed, -1, row)
    return np.lexsort((draw, -problem.size_of, row_key, ~mixed))
