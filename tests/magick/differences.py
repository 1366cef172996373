"""How far two makers of the same pictures are apart, and how far they may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from signdata.magick.profiles import Profile
from tests.magick.operations import Operation, Picture

ROUNDED = 0.001
"""Of 16-bit integers, the share of values that may be one level off."""


@dataclass(frozen=True)
class Difference:
    """Of all values of some pictures.

    Attributes
    ----------
    most : int
        Levels between the two that are furthest apart; 256 where sizes differ.
    n_different, n_values : int
    """

    most: int
    n_different: int
    n_values: int

    @classmethod
    def of(cls, pairs: Iterable[tuple[Picture, Picture]]) -> Difference:
        """Compare pictures, two by two."""
        most = n_different = n_values = 0
        for ours, theirs in pairs:
            if ours.shape != theirs.shape:
                return cls(256, ours.size, ours.size)
            apart = np.abs(ours.astype(int) - theirs)
            most = max(most, int(apart.max()))
            n_different += int(np.count_nonzero(apart))
            n_values += apart.size
        return cls(most, n_different, n_values)

    @property
    def share(self) -> float:
        return self.n_different / self.n_values

    def within(self, operation: Operation, profile: Profile) -> bool:
        """Whether this is as near as is promised: equal, or for integers nearly so."""
        allowed = max(operation.apart, 0.0 if profile.hdri else ROUNDED)
        return self.most <= 1 and self.share <= allowed
