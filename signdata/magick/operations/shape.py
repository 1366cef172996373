"""Operations that set the size and the colour of a picture."""

from __future__ import annotations

import re
from typing import ClassVar, Literal, TypeAlias

from signdata.magick import geometry, resize, tone
from signdata.magick.filters import filter_of
from signdata.magick.operations.base import Operation, Place
from signdata.magick.operations.matrices import Matrix, moved, scaled
from signdata.magick.profiles import RANGE, Quanta

Gravity: TypeAlias = Literal[
    "NorthWest", "North", "NorthEast", "West", "Center", "East", "SouthWest", "South", "SouthEast"
]


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
        return moved(-left, -top)


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
        return scaled(width / size_hw[1], height / size_hw[0])


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
        thirds = geometry.GRAVITIES[self.gravity]
        top, left = (
            geometry.offset(n, m, third, place.profile)
            for n, m, third in zip(size_hw, self.exact_size, thirds, strict=True)
        )
        return moved(-left, -top)
