"""Weighted sums as matrix products, stored as if added in ImageMagick's order.

A matrix product is faster than adding in sequence, but adds in an order of its own. In any order,
a sum of T products differs from the exact one by at most T u / (1 - T u) times the sum of their
magnitudes, where u is the unit roundoff (Higham, "Accuracy and Stability of Numerical Algorithms",
2nd edition, section 3.1). So the sum in sequence is within twice that of the product's, and is
stored as the same quantum wherever both ends of that interval are. The few others are added in
sequence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata.magick.profiles import Profile, Quanta, Values
from signdata.magick.weighted_sums import WeightedSums

_UNIT = 2.0**-53
"""Unit roundoff of float64."""

_WORTH = 16
"""About how many times longer a product takes in sequence than in a matrix product."""


@dataclass(frozen=True)
class Pass:
    """One pass of a resize, from `n` pixels.

    Attributes
    ----------
    sums : WeightedSums
        The sums of products.
    matrix : ndarray
        The same as a matrix (M, n).
    """

    sums: WeightedSums
    matrix: Values

    def rows(self, quanta: Quanta, profile: Profile) -> Quanta:
        """Stored sums (..., M, W) over the rows of (..., n, W)."""
        if not self._is_wide:
            return profile.store(self.sums.rows(quanta))
        values = quanta.astype(np.float64)
        return self._stored(np.matmul(self.matrix, values), values, -2, profile)

    def columns(self, quanta: Quanta, profile: Profile) -> Quanta:
        """Stored sums (..., M) over the last axis, of length n."""
        if not self._is_wide:
            return profile.store(self.sums.columns(quanta))
        values = quanta.astype(np.float64)
        return self._stored(np.matmul(values, self.matrix.T), values, -1, profile)

    @property
    def _is_wide(self) -> bool:
        """Whether each sum takes enough of the pixels for a matrix product to be faster."""
        return bool(self.matrix.shape[1] <= _WORTH * len(self.sums.index))

    def _stored(self, total: Values, values: Values, axis: int, profile: Profile) -> Quanta:
        slack = self._slack(values)
        total -= slack
        stored = profile.store(total)
        total += 2 * slack
        unsure = np.nonzero(stored != profile.store(total))
        if len(unsure[0]):
            stored[unsure] = profile.store(self._in_sequence(values, unsure, axis))
        return stored

    def _slack(self, values: Values) -> float:
        """Bound of the difference between two orders, and of adding and subtracting it."""
        n_terms = len(self.sums.index) + 2
        magnitude = np.abs(self.matrix).sum(axis=1).max() * np.abs(values).max()
        return float(2 * n_terms * _UNIT / (1 - n_terms * _UNIT) * magnitude)

    def _in_sequence(
        self, values: Values, where: tuple[NDArray[np.int64], ...], axis: int
    ) -> Values:
        """The sums at some places."""
        places = list(where)
        index, weight = (table[:, where[axis]] for table in (self.sums.index, self.sums.weight))
        total: Values = np.zeros(len(where[0]))
        for places[axis], factors in zip(index, weight, strict=True):
            total += values[tuple(places)] * factors
        return total
