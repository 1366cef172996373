"""The cost of an assignment of groups to splits, which all searches minimise.

First come penalties, each larger than everything after it: an empty split, a class without
training samples, a class missing from a split although it has enough groups of its own. Then
comes the distance from the requested shares, for each class and for all samples together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from signdata.splitting.stratified import TRAIN

OVERALL = 2.0
"""Weight of the overall shares relative to that of all classes together."""

NEAR = 1e-4
"""A share that differs by less than this from the requested one counts as exact."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """Groups to assign to splits.

    Counts are kept in a table with one row per class and a last row for all samples, and one
    column per split. Each group has an entry for each of its classes, and one for the last row.

    Attributes
    ----------
    unit, row, size : ndarray
        (E,) each: group `unit` adds `size` samples to table row `row`. Sorted by `unit`.
    n_units : int
        Number of groups.
    shares : ndarray
        (S,) requested share of each split; all above 0.
    totals : ndarray
        (R,) samples in each row.
    absent : ndarray
        (R, S) penalty if a split has no samples of a row.
    confined : ndarray
        (R,) penalty if all samples of a row are in one split.
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
        """(U + 1,) index of each group's first entry, and the number of entries."""
        return np.searchsorted(self.unit, np.arange(self.n_units + 1))

    @cached_property
    def weights(self) -> Floats:
        """(R,) weight of a squared deviation of one sample from a row's target in a split.

        A class is weighted by its size, so that small ones, which are uneven in any case, do not
        dominate; all samples together weigh twice as much as all classes.
        """
        n_classes, n_samples = len(self.totals) - 1, max(1, int(self.totals[-1]))
        weights = 1.0 / (n_samples * np.maximum(self.totals, 1.0))
        weights[-1] *= OVERALL * n_classes
        return weights

    @cached_property
    def target(self) -> Floats:
        """(R, S) target number of samples of each row in each split."""
        return self.totals[:, None] * self.shares

    @cached_property
    def n_classes_of(self) -> Ints:
        """(U,) number of classes in each group."""
        return np.diff(self.starts) - 1

    @cached_property
    def size_of(self) -> Ints:
        """(U,) number of samples in each group."""
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
        """The sum of all penalties, an integer."""
        groups = self.table(chosen, count_groups=True)
        return float(self.penalties(groups, slice(None)).sum())

    def penalties(self, groups: Ints, rows: slice | list[int]) -> Floats:
        """Penalty of each of `rows`, given the number of groups in each split.

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
        """Weighted squared distance from the requested shares; 0 is exact."""
        over = self.table(chosen) - self.target
        return float((self.weights * (over**2).sum(axis=1)).sum())

    def cost(self, chosen: Ints) -> tuple[float, float]:
        """Penalty and distance; the smaller pair is the better assignment."""
        return self.penalty(chosen), self.distance(chosen)

    def is_perfect(self, chosen: Ints) -> bool:
        """Whether there are no penalties, and counts are exact up to rounding or `NEAR`."""
        off = np.abs(self.table(chosen) - self.target)
        near = (off < 1) | (off < NEAR * self.totals[:, None])
        return bool(near.all()) and self.penalty(chosen) == 0


def _penalties(
    unit: Ints, row: Ints, n_units: int, n_classes: int, splits: list[str]
) -> tuple[Floats, Floats]:
    """Penalties for a row that is absent from a split, and for one confined to a single split.

    A class must be in every split if it has enough groups that contain no other class (one mixed
    group may count). If no split is called train, the splits are folds: each is tested with a
    network trained on the others, so a class must not be in only one.
    """
    n_splits = len(splits)
    n_groups = np.bincount(row, minlength=n_classes + 1)[:-1]
    is_pure = np.bincount(unit, minlength=n_units)[unit] == 2
    n_pure = np.bincount(row[is_pure], minlength=n_classes + 1)[:-1]
    is_due = n_pure + (n_pure < n_groups) >= n_splits
    # Powers of two, each above the sum of all smaller penalties, so that sums stay exact.
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
