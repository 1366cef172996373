"""Weighted sums as matrix products, stored as if added in ImageMagick's order.

A matrix product is faster than adding in sequence, but adds in an order of its own. In any order,
a sum of T products differs from the exact one by at most T u / (1 - T u) times the sum of their
magnitudes, where u is the unit roundoff (Higham, "Accuracy and Stability of Numerical Algorithms",
2nd edition, section 3.1). So the sum in sequence is within twice that of the product's, and is
stored as the same quantum wherever both ends of that interval are. The few others are added in
sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from signdata.magick.profiles import Profile, Quanta, Values
from signdata.magick.weighted_sums import WeightedSums

_UNIT = 2.0**-53
"""Unit roundoff of float64."""

_ROWS = 8
"""Rows of a matrix that are multiplied at once."""


@dataclass(frozen=True)
class Pass:
    """One pass of a resize, as sums and as a matrix cut into bands.

    Attributes
    ----------
    sums : WeightedSums
        The sums of products.
    bands : sequence of (slice, slice, ndarray)
        Some target pixels, the source pixels that they are made of, and the weights.
    """

    sums: WeightedSums
    bands: Sequence[tuple[slice, slice, Values]]

    @classmethod
    def of(cls, sums: WeightedSums, n: int) -> Self:
        """The pass that makes these sums of `n` pixels."""
        matrix = sums.matrix(n)
        bands = []
        for start in range(0, len(matrix), _ROWS):
            rows = slice(start, start + _ROWS)
            used = np.flatnonzero(matrix[rows].any(axis=0))
            columns = slice(used[0], used[-1] + 1)
            bands.append((rows, columns, np.ascontiguousarray(matrix[rows, columns])))
        return cls(sums, bands)

    def rows(self, quanta: Quanta, profile: Profile) -> Quanta:
        """Stored sums (..., M, W) over the rows of (..., n, W)."""
        values = quanta.astype(np.float64)
        total = np.empty((*values.shape[:-2], self._n_sums, values.shape[-1]))
        for made, used, weights in self.bands:
            np.matmul(weights, values[..., used, :], out=total[..., made, :])
        return self._stored(total, quanta, -2, profile)

    def columns(self, quanta: Quanta, profile: Profile) -> Quanta:
        """Stored sums (..., M) over the last axis, of length n."""
        values = quanta.astype(np.float64)
        total = np.empty((*values.shape[:-1], self._n_sums))
        for made, used, weights in self.bands:
            np.matmul(values[..., used], weights.T, out=total[..., made])
        return self._stored(total, quanta, -1, profile)

    @property
    def _n_sums(self) -> int:
        return len(self.sums.index[0])

    def _stored(self, total: Values, quanta: Quanta, axis: int, profile: Profile) -> Quanta:
        slack = self._slack * max(float(quanta.max()), -float(quanta.min()))
        total -= slack
        stored = profile.store(total)
        total += 2 * slack
        unsure = stored != profile.store(total)
        if unsure.any():
            stored[unsure] = profile.store(self._in_sequence(quanta, np.nonzero(unsure), axis))
        return stored

    @cached_property
    def _slack(self) -> float:
        """How far apart two orders may be for values up to 1; adding it is an error, too."""
        error = (len(self.sums.index) + 2) * _UNIT
        magnitude = np.abs(self.sums.weight).sum(axis=0).max()
        return float(2 * error / (1 - error) * magnitude)

    def _in_sequence(
        self, quanta: Quanta, where: tuple[NDArray[np.int64], ...], axis: int
    ) -> Values:
        """The sums at some places."""
        places = list(where)
        index, weight = (table[:, where[axis]] for table in (self.sums.index, self.sums.weight))
        total: Values = np.zeros(len(where[0]))
        for places[axis], factors in zip(index, weight, strict=True):
            total += quanta[tuple(places)].astype(np.float64) * factors
        return total
