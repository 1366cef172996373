"""Weighted sums of source pixels, added in ImageMagick's order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata.magick.profiles import Quanta, Values


@dataclass(frozen=True)
class WeightedSums:
    """The source pixels, with weights, whose sum is each target pixel.

    Attributes
    ----------
    index : ndarray
        (T, M) indices in the source; padding has the weight 0.
    weight : ndarray
        (T, M) float64.
    """

    index: NDArray[np.int64]
    weight: Values

    @classmethod
    def of_matrix(cls, weights: Values) -> WeightedSums:
        """The sums equivalent to a banded matrix (M, n)."""
        used = weights != 0
        first = used.argmax(axis=1)
        n = weights.shape[1]
        end = n - used[:, ::-1].argmax(axis=1)
        steps = np.arange((end - first).max())[:, None]
        index = np.minimum(first + steps, n - 1)
        weight = np.where(first + steps < end, weights[np.arange(len(weights)), index], 0.0)
        return cls(index, weight)

    def matrix(self, n: int) -> Values:
        """The sums as a matrix (M, n), for a source of size `n`."""
        weights = np.zeros((self.index.shape[1], n))
        np.add.at(weights, (np.arange(len(weights)), self.index), self.weight)
        return weights

    def without_padding(self) -> WeightedSums:
        """The same sums, in the same order, with no more padding than the longest needs."""
        used = self.weight != 0
        order = np.argsort(~used, axis=0, kind="stable")[: used.sum(axis=0).max()]
        index = np.take_along_axis(self.index, order, axis=0)
        return WeightedSums(index, np.take_along_axis(self.weight, order, axis=0))

    def padded(self, n: int) -> WeightedSums:
        """The same sums of `n` values each, the further ones with the weight 0."""
        more = ((0, n - len(self.index)), (0, 0))
        return WeightedSums(np.pad(self.index, more), np.pad(self.weight, more))

    def rows(self, quanta: Quanta) -> Values:
        """Sums (..., M, W) over the rows of (..., H, W)."""
        return _summed(quanta, self.index, self.weight[:, :, None], -2)

    def columns(self, quanta: Quanta | Values) -> Values:
        """Sums (..., M) over the last axis."""
        return _summed(quanta, self.index, self.weight, -1)


def _summed(quanta: Quanta | Values, index: NDArray[np.int64], weight: Values, axis: int) -> Values:
    """Add in sequence: another order may round to another level."""
    values = quanta.astype(np.float64)
    total: Values = values.take(index[0], axis)
    total *= weight[0]
    part = np.empty_like(total)
    for places, factors in zip(index[1:], weight[1:], strict=True):
        values.take(places, axis, part, "clip")  # which needs no buffer, unlike "raise"
        part *= factors
        total += part
    return total
