"""What an operation is, and what a variant depends on besides its operations."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np

from signdata.magick import noise
from signdata.magick.geometry import Box
from signdata.magick.operations.matrices import Matrix
from signdata.magick.profiles import Profile, Quanta, Values


@dataclass(frozen=True)
class Place:
    """What a variant depends on besides its operations.

    Attributes
    ----------
    profile : Profile
        The ImageMagick version to reproduce.
    box : tuple of int or None
        left, top, width, height of the part that ``crop`` keeps; None keeps all.
    seed : int
        Random seed of the operations that use random numbers.
    """

    profile: Profile
    box: Box | None = None
    seed: int = 0

    def uniform(self, *shape: int) -> Values:
        """Random numbers in [0, 1): those of ImageMagick after ``-seed``, if they are known."""
        if self.repeats:
            return noise.Stream(self.seed).uniform(*shape)
        return np.random.default_rng(self.seed).random(shape)

    @property
    def repeats(self) -> bool:
        """Whether ImageMagick itself draws the same numbers after ``-seed``."""
        return not self.profile.hdri


class Operation(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=True):
    """One step of a chain.

    Attributes
    ----------
    shapes : bool
        Whether it sets size, position or colour, so that pictures that are not augmented go
        through it, too.
    turns_grey : bool
        Whether its result has one channel.
    random : bool
        Whether it uses random numbers.
    """

    shapes: ClassVar[bool] = False
    turns_grey: ClassVar[bool] = False
    random: ClassVar[bool] = False

    @abstractmethod
    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        """Change planes (F, C, H, W)."""

    def apply_each(self, quanta: Quanta, places: Sequence[Place]) -> Quanta:
        """Change pictures (N, C, H, W), each with its place; one place is that of all.

        The places differ only in their seeds.
        """
        if len(places) == 1 or not self.random:
            return self.apply(quanta, places[0])
        pairs = zip(quanta, places, strict=True)
        return np.concatenate([self.apply(one[None], place) for one, place in pairs])

    @abstractmethod
    def options(self, size_hw: tuple[int, int], place: Place) -> list[str] | None:
        """The equivalent ImageMagick options for a picture of this size; None if there are none."""

    def size_after(self, size_hw: tuple[int, int], place: Place) -> tuple[int, int]:
        """Height and width of its result."""
        return size_hw

    def matrix(self, size_hw: tuple[int, int], place: Place) -> Matrix:
        """Where the points of a picture of this size are in its result."""
        return np.eye(3)

    @property
    def exact_size(self) -> tuple[int, int] | None:
        """Height and width of its result for every picture; None if they depend on the picture."""
        return None

    @property
    def slug(self) -> str:
        """Its part of a variant's name; '' if it is not part of it."""
        return ""


def expect(operation: Operation, key: str, low: float, high: float) -> None:
    """Raise `ValueError`, naming key and value, unless a value is in a range."""
    value = getattr(operation, key)
    if not low <= value <= high:
        raise ValueError(f"{key} {value:g}; expected {low:g} to {high:g}")
