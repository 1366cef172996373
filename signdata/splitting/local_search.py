"""Local search: improve an assignment of groups by moving and exchanging groups."""

from __future__ import annotations

import numpy as np

from signdata.splitting.objective import Floats, Ints, Problem

EXCHANGED = 400
"""Up to this many groups, exchanges of two groups are tried as well as moves."""

MOVES, EXCHANGES = 2000, 64
"""How many promising moves and exchanges are tried before all gains are computed again."""

WORK = 300_000_000
"""Approximate limit of the numbers computed for a large problem."""

_LEAST = 1e-13
"""Gains below this are rounding errors."""


def improve(problem: Problem, chosen: Ints) -> Ints:
    """Move single groups, then exchange two, as long as that lowers the cost.

    Parameters
    ----------
    problem : Problem
    chosen : ndarray
        (U,) split of each group; it is not changed.

    Returns
    -------
    ndarray
        (U,) split of each group.
    """
    search = _Search(problem, chosen.copy())
    sweeps = max(3, WORK // (30 * search.n_splits * len(problem.unit)))
    for _ in range(sweeps):
        if search.move_some():
            continue
        if problem.n_units > EXCHANGED or not search.exchange_some():
            break
    return search.chosen


class _Search:
    """An assignment and its table, which is updated with every move."""

    def __init__(self, problem: Problem, chosen: Ints) -> None:
        self.problem, self.chosen = problem, chosen
        self.n_splits = len(problem.shares)
        self.over = problem.table(chosen) - problem.target
        self.groups = problem.table(chosen, count_groups=True)
        self.has_confined = bool(problem.confined.any())

    def move_some(self) -> bool:
        """Move the groups with the largest gains; False if no move is a gain."""
        nearer, paid = self._gains(slice(None), self.problem.starts[:-1], self.chosen)
        gains = nearer + paid
        best = gains.argmin(axis=1)
        least = gains[np.arange(len(best)), best]
        order = _lowest(least, MOVES)
        for unit in order.tolist():
            self._try(unit, int(best[unit]))
        return bool(len(order))

    def _try(self, unit: int, split: int) -> bool:
        entries = slice(self.problem.starts[unit], self.problem.starts[unit + 1])
        nearer, paid = self._gains(entries, np.zeros(1, np.int64), self.chosen[unit : unit + 1])
        if not nearer[0, split] + paid[0, split] < -_LEAST:
            return False
        self._move(unit, split)
        return True

    def _move(self, unit: int, split: int) -> None:
        entries = slice(self.problem.starts[unit], self.problem.starts[unit + 1])
        rows, size, before = (
            self.problem.row[entries],
            self.problem.size[entries],
            self.chosen[unit],
        )
        self.over[rows, before] -= size
        self.over[rows, split] += size
        self.groups[rows, before] -= 1
        self.groups[rows, split] += 1
        self.chosen[unit] = split

    def _gains(self, entries: slice, starts: Ints, at: Ints) -> tuple[Floats, Floats]:
        """Change in distance and in penalty, (n, S) each, for moving n groups to each split.

        Parameters
        ----------
        entries : slice
            The entries of the groups.
        starts : ndarray
            (n,) index of each group's first entry.
        at : ndarray
            (n,) current split of each group.
        """
        rows, size = self.problem.row[entries], self.problem.size[entries]
        here = np.repeat(at, np.diff(np.append(starts, len(rows))))
        over = self.over[rows]
        ahead = over - over[np.arange(len(rows)), here][:, None] + size[:, None]
        change = (2 * self.problem.weights[rows] * size)[:, None] * ahead
        # The penalties are integers; summed separately, they cancel exactly.
        nearer, paid = (
            np.add.reduceat(change, starts),
            np.add.reduceat(self._lacking(rows, here), starts),
        )
        nearer[np.arange(len(at)), at] = paid[np.arange(len(at)), at] = 0
        return nearer, paid

    def _lacking(self, rows: Ints, here: Ints) -> Floats:
        """(E, S) change in the penalty of each entry's row for a move to each split."""
        if self.groups.min() > 1:  # no split of a row can become empty or is empty now
            return np.zeros((len(rows), self.n_splits))
        groups, absent = self.groups[rows], self.problem.absent[rows]
        every = np.arange(len(rows))
        leaves, enters = groups[every, here] == 1, groups == 0
        paid: Floats = (absent[every, here] * leaves)[:, None] - absent * enters
        if self.has_confined:
            before = (~enters).sum(axis=1)
            after = before[:, None] - leaves[:, None] + enters
            alone = (after <= 1).astype(float) - (before <= 1)[:, None]
            paid += self.problem.confined[rows][:, None] * alone
        return paid

    # -- Exchanges

    def exchange_some(self) -> bool:
        """Exchange the pairs of groups with the largest gains; False if no exchange is a gain."""
        gains = self._exchange_gains()
        pairs = _lowest(gains.ravel(), EXCHANGES)
        done = False
        for pair in pairs.tolist():
            done |= self._try_exchange(*divmod(pair, self.problem.n_units))
        return done

    def _exchange_gains(self) -> Floats:
        """(U, U) change in cost if two groups are exchanged; upper triangle only."""
        problem, chosen = self.problem, self.chosen
        sizes = np.zeros((problem.n_units, len(problem.totals)))
        sizes[problem.unit, problem.row] = problem.size
        parts = self._gains(slice(None), problem.starts[:-1], chosen)
        nearer, paid = (part[:, chosen] for part in parts)
        # The two moves separately, corrected for shared rows and for penalties that cancel.
        common = 2 * (sizes * problem.weights) @ sizes.T
        held = (sizes > 0).astype(float)
        last = problem.absent.T * (self.groups.T == 1)
        if self.has_confined:
            last = last + problem.confined * (
                ((self.groups > 0).sum(axis=1) <= 2) & (self.groups.T == 1)
            )
        kept = (held * last[chosen]) @ held.T
        gains: Floats = nearer + nearer.T - 2 * common
        gains += paid + paid.T - (kept + kept.T)
        gains[chosen[:, None] == chosen] = 0
        return np.triu(gains)

    def _try_exchange(self, one: int, other: int) -> bool:
        at, there = int(self.chosen[one]), int(self.chosen[other])
        if at == there:
            return False
        before = self._cost_of(one, other)
        self._move(one, there)
        self._move(other, at)
        after = self._cost_of(one, other)
        if after[0] < before[0] or (after[0] == before[0] and after[1] < before[1] - _LEAST):
            return True
        self._move(one, at)
        self._move(other, there)
        return False

    def _cost_of(self, one: int, other: int) -> tuple[float, float]:
        """Penalty and distance of the rows of two groups."""
        starts = self.problem.starts
        rows = np.union1d(
            self.problem.row[starts[one] : starts[one + 1]],
            self.problem.row[starts[other] : starts[other + 1]],
        )
        paid = self.problem.penalties(self.groups[rows], rows.tolist())
        off = (self.over[rows] ** 2).sum(axis=1)
        return float(paid.sum()), float((self.problem.weights[rows] * off).sum())


def _lowest(gains: Floats, n: int) -> Ints:
    """Indices of the `n` lowest gains below zero, the lowest first."""
    gaining = np.flatnonzero(gains < -_LEAST)
    lowest: Ints = gaining[np.argsort(gains[gaining], kind="stable")[:n]]
    return lowest
