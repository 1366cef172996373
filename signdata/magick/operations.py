"""The operations of recipes, and the ImageMagick options that do the same.

An operation can change quanta, and knows which options of ImageMagick are equivalent. Its
fields are the values of one variant; `signdata.magick.recipe` draws them.
"""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from signdata.magick import geometry, noise, resize, rotate, tone
from signdata.magick.filters import filter_of
from signdata.magick.geometry import Box
from signdata.magick.profiles import RANGE, Profile, Quanta, Values

Gravity: TypeAlias = Literal[
    "NorthWest", "North", "NorthEast", "West", "Center", "East", "SouthWest", "South", "SouthEast"
]


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


Matrix: TypeAlias = NDArray[np.float64]
"""(3, 3), of an affine map of the plane."""


def _moved(right: float, down: float) -> Matrix:
    return np.array([[1.0, 0.0, right], [0.0, 1.0, down], [0.0, 0.0, 1.0]])


def _turned(degrees: float) -> Matrix:
    """Clockwise around the corner."""
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


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

    @abstractmethod
    def options(self, size_hw: tuple[int, int], place: Place) -> list[str] | None:
        """The equivalent ImageMagick options for a picture of this size; None if there are none."""

    def size_after(self, size_hw: tuple[int, int], place: Place) -> tuple[int, int]:
        """Height and width of its result."""
        return size_hw

    def matrix(self, size_hw: tuple[int, int], place: Place) -> Matrix:
        """Brings x, y, 1 of a point to those in its result; 0, 0 is the picture's corner."""
        return np.eye(3)

    @property
    def exact_size(self) -> tuple[int, int] | None:
        """Height and width of its result for every picture; None if they depend on the picture."""
        return None

    @property
    def slug(self) -> str:
        """Its part of a variant's name; '' if it is not part of it."""
        return ""


def _expect(operation: Operation, key: str, low: float, high: float) -> None:
    """Raise `ValueError`, naming key and value, unless a value is in a range."""
    value = getattr(operation, key)
    if not low <= value <= high:
        raise ValueError(f"{key} {value:g}; expected {low:g} to {high:g}")


class Crop(Operation, frozen=True, tag="crop"):
    """Crop to the box of the hand; keep the whole picture if there is no box."""

    shapes: ClassVar[bool] = True

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        return quanta if place.box is None else geometry.crop(quanta, place.box)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        if place.box is None:
            return []
        left, top, width, height = place.box
        return ["-crop", f"{width}x{height}+{left}+{top}", "+repage"]

    def size_after(self, size_hw: tuple[int, int], place: Place) -> tuple[int, int]:
        return size_hw if place.box is None else (place.box[3], place.box[2])

    def matrix(self, size_hw: tuple[int, int], place: Place) -> Matrix:
        left, top, _, _ = place.box or (0, 0, 0, 0)
        return _moved(-left, -top)


class Gray(Operation, frozen=True, tag="gray"):
    """Grey values: Rec709Luma or Rec601Luma."""

    shapes: ClassVar[bool] = True
    turns_grey: ClassVar[bool] = True
    intensity: Literal["Rec709Luma", "Rec601Luma"] = "Rec709Luma"

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        return tone.gray(quanta, place.profile, self.intensity)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        if self.intensity == "Rec709Luma":
            return ["-colorspace", "Gray"]
        return ["-grayscale", self.intensity]


class _Sized(Operation, frozen=True):
    """An operation that sets the size: ``WxH!``, and for some operations ``WxH`` or ``WxH^``."""

    shapes: ClassVar[bool] = True
    size: str

    def __post_init__(self) -> None:
        geometry.parse_geometry(self.size)

    @property
    def exact_size(self) -> tuple[int, int] | None:
        width, height, how = geometry.parse_geometry(self.size)
        return (height, width) if how == "!" else None

    def size_after(self, size_hw: tuple[int, int], place: Place) -> tuple[int, int]:
        return geometry.target_size(self.size, size_hw)

    def matrix(self, size_hw: tuple[int, int], place: Place) -> Matrix:
        height, width = self.size_after(size_hw, place)
        return np.diag([width / size_hw[1], height / size_hw[0], 1.0])


class Resize(_Sized, frozen=True, tag="resize"):
    """Resample to ``WxH!`` exactly, ``WxH`` at most or ``WxH^`` at least."""

    filter: str = "Lanczos"

    def __post_init__(self) -> None:
        super().__post_init__()
        filter_of(self.filter)

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        size_hw = geometry.target_size(self.size, quanta.shape[-2:])
        return resize.resize(quanta, size_hw, self.filter, place.profile)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        return ["-filter", filter_of(self.filter).name, "-resize", self.size]

    @property
    def slug(self) -> str:
        return self.filter.lower()


class Scale(_Sized, frozen=True, tag="scale"):
    """Average over the area that each pixel covers."""

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        size_hw = geometry.target_size(self.size, quanta.shape[-2:])
        return resize.scale(quanta, size_hw, place.profile)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        return ["-scale", self.size]


class Sample(_Sized, frozen=True, tag="sample"):
    """Take the nearest pixel."""

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        return resize.sample(quanta, geometry.target_size(self.size, quanta.shape[-2:]))

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        return ["-sample", self.size]


_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LUMA = (0.299, 0.587, 0.114)


def _levels(colour: str, channels: int) -> list[float]:
    """A background's quantum for each channel; its luma (Rec. 601) for grey pictures."""
    text = "#ffffff" if colour == "white" else colour
    rgb = [int(text[start : start + 2], 16) for start in (1, 3, 5)]
    if channels == 1:
        rgb = [round(sum(weight * level for weight, level in zip(_LUMA, rgb, strict=True)))]
    return [level * RANGE / 255 for level in rgb]


class Extent(Operation, frozen=True, tag="extent"):
    """Crop or pad to WxH; `background` is ``white`` or ``#rrggbb``."""

    shapes: ClassVar[bool] = True
    size: str
    gravity: Gravity = "Center"
    background: str = "white"

    def __post_init__(self) -> None:
        geometry.parse_geometry(self.size)
        if self.background != "white" and not _COLOUR.fullmatch(self.background):
            raise ValueError(f"background {self.background!r}; expected white or #rrggbb")

    @property
    def exact_size(self) -> tuple[int, int]:
        width, height, _ = geometry.parse_geometry(self.size)
        return height, width

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        ground = _levels(self.background, quanta.shape[-3])
        return geometry.extent(quanta, self.exact_size, place.profile, self.gravity, ground)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        height, width = self.exact_size
        placed = ["-background", self.background, "-gravity", self.gravity]
        return [*placed, "-extent", f"{width}x{height}"]

    def size_after(self, size_hw: tuple[int, int], place: Place) -> tuple[int, int]:
        return self.exact_size

    def matrix(self, size_hw: tuple[int, int], place: Place) -> Matrix:
        top, left = (
            geometry.offset(n, m, third, place.profile)
            for n, m, third in zip(
                size_hw, self.exact_size, geometry.GRAVITIES[self.gravity], strict=True
            )
        )
        return _moved(-left, -top)


class BrightnessContrast(Operation, frozen=True, tag="brightness-contrast"):
    """Change brightness and contrast, each in percent, -100 to 100."""

    brightness: float = 0.0
    contrast: float = 0.0

    def __post_init__(self) -> None:
        _expect(self, "brightness", -100, 100)
        _expect(self, "contrast", -100, 100)

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        if not (self.brightness or self.contrast):
            return quanta
        return tone.brightness_contrast(quanta, self.brightness, self.contrast, place.profile)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        if not (self.brightness or self.contrast):
            return []
        return ["-brightness-contrast", f"{self.brightness:.17g}x{self.contrast:.17g}"]

    @property
    def slug(self) -> str:
        parts = (("b", self.brightness), ("c", self.contrast))
        return "".join(f"{letter}{value:g}" for letter, value in parts if value)


class Modulate(Operation, frozen=True, tag="modulate"):
    """Change the lightness, in percent; 100 is unchanged."""

    percent: float

    def __post_init__(self) -> None:
        _expect(self, "percent", 0, 1000)

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        return tone.modulate(quanta, self.percent, place.profile)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        return ["-modulate", f"{self.percent:.17g}"]

    @property
    def slug(self) -> str:
        return f"m{self.percent:g}"


class Level(Operation, frozen=True, tag="level"):
    """Stretch the range between two levels (in percent) to the full range, or the reverse."""

    black: float
    white: float
    back: bool = False

    def __post_init__(self) -> None:
        _expect(self, "black", -1000, 1000)
        _expect(self, "white", -1000, 1000)
        if self.black == self.white:
            raise ValueError(f"black and white are both {self.black:g}; expected two levels")

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        change = tone.unlevel if self.back else tone.level
        return change(quanta, self.black, self.white, place.profile)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        return ["+level" if self.back else "-level", f"{self.black:.17g}%,{self.white:.17g}%"]

    @property
    def slug(self) -> str:
        return f"l{self.black:g}-{self.white:g}"


class _Turning(Operation, frozen=True):
    degrees: float
    filter: str = rotate.DEFAULT_FILTER

    def __post_init__(self) -> None:
        _expect(self, "degrees", -360, 360)
        if not filter_of(self.filter).radial:
            raise ValueError(f"filter {self.filter}; expected a cubic filter for a rotation")

    def _with_filter(self, *options: str) -> list[str]:
        if filter_of(self.filter).name == rotate.DEFAULT_FILTER:
            return ["+filter", *options]
        return ["-filter", filter_of(self.filter).name, *options]

    @property
    def slug(self) -> str:
        return f"r{self.degrees:g}"


class Srt(_Turning, frozen=True, tag="distort-srt"):
    """Rotate clockwise within the same size; the edges are repeated outside."""

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        return rotate.srt(quanta, self.degrees, place.profile, self.filter)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        return self._with_filter("-distort", "SRT", f"{self.degrees:.17g}")

    def matrix(self, size_hw: tuple[int, int], place: Place) -> Matrix:
        middle = size_hw[1] / 2, size_hw[0] / 2
        return _moved(*middle) @ _turned(self.degrees) @ _moved(-middle[0], -middle[1])


class Rotate(_Turning, frozen=True, tag="rotate"):
    """Rotate clockwise on a larger, white canvas; quarter turns are exact."""

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        return rotate.rotate(quanta, self.degrees, place.profile, self.filter)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        return self._with_filter("-rotate", f"{self.degrees:.17g}", "+repage")

    def size_after(self, size_hw: tuple[int, int], place: Place) -> tuple[int, int]:
        return rotate.canvas_size(size_hw, self.degrees)

    def matrix(self, size_hw: tuple[int, int], place: Place) -> Matrix:
        turned = _turned(self.degrees) @ _moved(-size_hw[1] / 2, -size_hw[0] / 2)
        return _moved(*rotate.canvas_centre(size_hw, self.degrees)) @ turned


class Mosaic(Operation, frozen=True, tag="mosaic"):
    """A mosaic whose number of blocks per side is `percent` of the size."""

    percent: float

    def __post_init__(self) -> None:
        _expect(self, "percent", 0.01, 100)

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
        _expect(self, "attenuate", 0, 100)

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
        _expect(self, "radius", 0, 10_000)

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
        _expect(self, "percent", 0, 100)

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        height, width = quanta.shape[-2:]
        drawn = np.random.default_rng(place.seed).random((height // 2, width // 2))
        whole = np.broadcast_to(drawn, (*quanta.shape[:-2], *drawn.shape))
        return noise.pixelate(quanta, self.percent / 100, whole, place.profile)

    def options(self, size_hw: tuple[int, int], place: Place) -> None:
        return None

    @property
    def slug(self) -> str:
        return f"p{self.percent:g}"


AnyOperation: TypeAlias = (
    Crop
    | Gray
    | Resize
    | Scale
    | Sample
    | Extent
    | BrightnessContrast
    | Modulate
    | Level
    | Srt
    | Rotate
    | Mosaic
    | Noise
    | Spread
    | Pixelate
)

Chain: TypeAlias = tuple[Operation, ...]


def run(chains: Sequence[Chain], quanta: Quanta, places: Sequence[Place]) -> list[Quanta]:
    """Apply several chains to one picture, or to all frames of a clip.

    Common first steps of chains are computed once.

    Parameters
    ----------
    chains, places
        One of each per variant; the places differ only in their seeds.
    quanta : ndarray
        (F, C, H, W) as loaded.
    """
    done: dict[tuple[object, ...], Quanta] = {(): quanta}
    results = []
    for chain, place in zip(chains, places, strict=True):
        key: tuple[object, ...] = ()
        values = quanta
        for number, operation in enumerate(chain):
            key = (*key, operation, place.seed if operation.random else None)
            if key not in done:
                here = replace(place, seed=place.seed + number) if operation.random else place
                done[key] = operation.apply(values, here)
            values = done[key]
        results.append(values)
    return results


def options(chain: Chain, size_hw: tuple[int, int], place: Place) -> list[str]:
    """ImageMagick's options between input and output; [] if it cannot do the same."""
    words: list[str] = []
    for number, operation in enumerate(chain):
        here = replace(place, seed=place.seed + number)
        found = operation.options(size_hw, here)
        if found is None:
            return []
        if found[:1] == ["+filter"] and "-filter" not in words:
            found = found[1:]  # none is in force
        if isinstance(operation, Srt | Spread) and "-rotate" in words:
            words += ["-virtual-pixel", "Edge"]  # -rotate leaves white around the picture
        words += found
        size_hw = operation.size_after(size_hw, here)
    return words


def matrix(chain: Chain, size_hw: tuple[int, int], place: Place) -> tuple[Matrix, tuple[int, int]]:
    """Where a chain brings points, as `Operation.matrix` says, and the size of its result."""
    whole: Matrix = np.eye(3)
    for operation in chain:
        whole = operation.matrix(size_hw, place) @ whole
        size_hw = operation.size_after(size_hw, place)
    return whole, size_hw
