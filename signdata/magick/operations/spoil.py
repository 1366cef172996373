"""Operations that spoil a picture: noise, mosaics, displaced pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from signdata.magick import noise, resize
from signdata.magick.operations.base import Operation, Place, expect
from signdata.magick.profiles import Quanta


class Mosaic(Operation, frozen=True, tag="mosaic"):
    """A mosaic whose number of blocks per side is `percent` of the size."""

    percent: float

    def __post_init__(self) -> None:
        expect(self, "percent", 0.01, 100)

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        return resize.mosaic(quanta, self.percent / 100, place.profile)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        height, width = size_hw
        return ["-scale", f"{self.percent:.17g}%", "-scale", f"{width}x{height}!"]

    @property
    def slug(self) -> str:
        return f"mosaic{self.percent:g}"


class Noise(Operation, frozen=True, tag="noise"):
    """Impulse, uniform or gaussian noise, its strength set by `attenuate`."""

    random: ClassVar[bool] = True
    kind: Literal["Impulse", "Uniform", "Gaussian"]
    attenuate: float = 1.0

    def __post_init__(self) -> None:
        expect(self, "attenuate", 0, 100)

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        channels, height, width = quanta.shape[-3:]
        two = (2,) if self.kind == "Gaussian" else ()
        drawn = np.moveaxis(place.uniform(height, width, channels, *two), 2, 0)
        change = {"Impulse": noise.impulse, "Uniform": noise.uniform, "Gaussian": noise.gaussian}
        return change[self.kind](quanta, self.attenuate, drawn, place.profile)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str] | None:
        if not place.repeats:
            return None
        strength = ["-attenuate", f"{self.attenuate:.17g}"]
        return ["-seed", str(place.seed), *strength, "+noise", self.kind]

    @property
    def slug(self) -> str:
        return f"{self.kind.lower()}{self.attenuate:g}"


class Spread(Operation, frozen=True, tag="spread"):
    """Take each pixel from a random position up to about `radius` pixels away."""

    random: ClassVar[bool] = True
    radius: float = 1.0

    def __post_init__(self) -> None:
        expect(self, "radius", 0, 10_000)

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        drawn = place.uniform(*quanta.shape[-2:], 2)
        whole = np.broadcast_to(drawn, (*quanta.shape, 2))
        return noise.spread(quanta, self.radius, whole, place.profile)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str] | None:
        if not place.repeats:
            return None
        return ["-seed", str(place.seed), "-spread", f"{self.radius:.17g}"]

    @property
    def slug(self) -> str:
        return f"spread{self.radius:g}"


class Pixelate(Operation, frozen=True, tag="pixelate"):
    """Replace `percent` of the 2x2 blocks by their mean; ImageMagick has no such operation."""

    random: ClassVar[bool] = True
    percent: float = 5.0

    def __post_init__(self) -> None:
        expect(self, "percent", 0, 100)

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        return self.apply_each(quanta, [place])

    def apply_each(self, quanta: Quanta, places: Sequence[Place]) -> Quanta:
        height, width = quanta.shape[-2:]
        blocks = (height // 2, width // 2)
        drawn = [np.random.default_rng(place.seed).random(blocks) for place in places]
        whole = np.broadcast_to(np.stack(drawn)[:, None], (*quanta.shape[:-2], *blocks))
        return noise.pixelate(quanta, self.percent / 100, whole, places[0].profile)

    def options(self, size_hw: tuple[int, int], place: Place) -> None:
        return None

    @property
    def slug(self) -> str:
        return f"p{self.percent:g}"
