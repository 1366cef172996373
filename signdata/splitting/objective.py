"""What an assignment of groups to splits costs: the one measure that all searches lower.

First the penalties, each worth more than all that follow: a split without a sample, a class
without training samples, a class that a split lacks although the class has groups enough of its
own. Then the distance from the shares that were asked, of each class and of all samples together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

TRAIN = "train"

OVERALL = 2.0
"""Weight of all samples together, as a multiple of that of all classes."""

NEAR = 1e-4
"""A share that is nearer than this to what was asked is as good as exact."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """Groups that are to be shared out.

    Counts are kept in a table of one row a class, and a last row for all samples together; one
    column a split. Each group has an entry for each of its classes, and one for the last row.

    Attributes
    ----------
    unit, row, size : ndarray
        (E,) each: group `unit` adds `size` samples to table row `row`. Ordered by `unit`.
    n_units : int
        Groups.
    shares : ndarray
        (S,) of each split; all above 0.
    totals : ndarray
        (R,) samples of each row.
    absent : ndarray
        (R, S) penalty where a split has nothing of a row.
    confined : ndarray
        (R,) penalty where all of a row is in one split.
    """

    unit: Ints
    row: Ints
    size: Ints
    n_units: int
    shares: Floats
    totals: Ints
    absent: Floats
    confined: Floats

    @classmethod
    def of(
        cls,
        unit_of: Ints,
        class_of: Ints,
        n_units: int,
        n_classes: int,
        ratios: Mapping[str, float],
    ) -> Problem:
        """Count the samples of each class in each group.

        Parameters
        ----------
        unit_of, class_of : ndarray
            (N,) group and class of each sample.
        ratios : mapping
            Share above 0 of each split.
        """
        pairs, size = np.unique(unit_of * (n_classes + 1) + class_of, return_counts=True)
        whole = np.arange(n_units) * (n_classes + 1) + n_classes
        place = np.searchsorted(pairs, whole) + np.arange(n_units)
        pairs = np.insert(pairs, np.searchsorted(pairs, whole), whole)
        sizes = np.empty(len(pairs), np.int64)
        sizes[place] = np.bincount(unit_of, minlength=n_units)
        others = np.ones(len(pairs), bool)
        others[place] = False
        sizes[others] = size
        unit, row = pairs // (n_classes + 1), pairs % (n_classes + 1)
        totals = np.append(np.bincount(class_of, minlength=n_classes), len(class_of))
        absent, confined = _penalties(unit, row, n_units, n_classes, list(ratios))
        return cls(
            unit, row, sizes, n_units, np.array(list(ratios.values())), totals, absent, confined
        )

    @cached_property
    def starts(self) -> Ints:
        """(U + 1,) where the entries of each group begin, and their number."""
        return np.searchsorted(self.unit, np.arange(self.n_units + 1))

    @cached_property
    def weights(self) -> Floats:
        """(R,) of a squared difference of one sample from what a row is to have in a split.

        A class weighs as much as it has samples, so that small ones, which come out uneven
        anyhow, do not rule; all samples together weigh twice as much as all classes.
        """
        n_classes, n_samples = len(self.totals) - 1, max(1, int(self.totals[-1]))
        weights = 1.0 / (n_samples * np.maximum(self.totals, 1.0))
        weights[-1] *= OVERALL * n_classes
        return weights

    @cached_property
    def target(self) -> Floats:
        """(R, S) samples that each row is to have in each split."""
        return self.totals[:, None] * self.shares

    @cached_property
    def n_classes_of(self) -> Ints:
        """(U,) how many classes each group holds."""
        return np.diff(self.starts) - 1

    @cached_property
    def size_of(self) -> Ints:
        """(U,) samples of each group."""
        return self.size[self.starts[1:] - 1]

    def table(self, chosen: Ints, *, count_groups: bool = False) -> Ints:
        """(R, S) samples, or groups, of each row in each split; those of split -1 are left out."""
        split = chosen[self.unit]
        placed = split >= 0
        cells = self.row[placed] * len(self.shares) + split[placed]
        weights = None if count_groups else self.size[placed]
        counts = np.bincount(cells, weights, minlength=self.target.size)
        return counts.astype(np.int64).reshape(self.target.shape)

    def penalty(self, chosen: Ints) -> float:
        """What is lacking, as a whole number."""
        groups = self.table(chosen, count_groups=True)
        return float(self.penalties(groups, slice(None)).sum())

    def penalties(self, groups: Ints, rows: slice | list[int]) -> Floats:
        """Penalty of each of some rows, by the number of groups that they have in each split.

        Parameters
        ----------
        groups : ndarray
            (..., R', S) of `rows`.
        """
        missing = groups == 0
        alone = missing.sum(axis=-1) >= len(self.shares) - 1
        paid: Floats = (self.absent[rows] * missing).sum(axis=-1) + self.confined[rows] * alone
        return paid

    def distance(self, chosen: Ints) -> float:
        """How far the shares are from those that were asked: 0 is exact."""
        over = self.table(chosen) - self.target
        return float((self.weights * (over**2).sum(axis=1)).sum())

    def cost(self, chosen: Ints) -> tuple[float, float]:
        """Penalty and distance; the smaller pair is the better assignment."""
        return self.penalty(chosen), self.distance(chosen)

    def is_perfect(self, chosen: Ints) -> bool:
        """Whether nothing is lacking, and counts are exact but for rounding or for `NEAR`."""
        off = np.abs(self.table(chosen) - self.target)
        near = (off < 1) | (off < NEAR * self.totals[:, None])
        return bool(near.all()) and self.penalty(chosen) == 0


def _penalties(
    unit: Ints, row: Ints, n_units: int, n_classes: int, splits: list[str]
) -> tuple[Floats, Floats]:
    """What it costs that a row is absent from a split, and that it is confined to one.

    A class of which some group holds nothing else can be in every split whatever becomes of the
    other classes, once it has a group for each. Where no split is called train, each is tested
    with a network that learned from the others, so a class must not be in one alone.
    """
    n_splits = len(splits)
    n_groups = np.bincount(row, minlength=n_classes + 1)[:-1]
    is_pure = np.bincount(unit, minlength=n_units)[unit] == 2
    n_pure = np.bincount(row[is_pure], minlength=n_classes + 1)[:-1]
    is_due = n_pure + (n_pure < n_groups) >= n_splits
    # Powers of two, each above the sum of all that is worth less: sums of them stay exact.
    due = _above(2 * (OVERALL * n_classes + 1))
    untrained = _above(due * n_classes * n_splits)
    empty = _above(2 * untrained * (n_classes + 1))
    absent = np.zeros((n_classes + 1, n_splits))
    confined = np.zeros(n_classes + 1)
    absent[:-1][is_due] = due
    if TRAIN in splits:
        absent[:-1, splits.index(TRAIN)] = untrained
    elif n_splits > 1:
        confined[:-1][n_groups > 1] = untrained
    absent[-1] = empty
    return absent, confined


def _above(value: float) -> float:
    return float(2.0 ** np.ceil(np.log2(value + 1)))
