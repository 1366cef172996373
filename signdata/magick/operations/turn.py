"""Operations that rotate a picture."""

from __future__ import annotations

from signdata.magick import rotate
from signdata.magick.filters import filter_of
from signdata.magick.operations.base import Operation, Place, expect
from signdata.magick.operations.matrices import Matrix, moved, turned
from signdata.magick.profiles import Quanta


class _Turning(Operation, frozen=True):
    degrees: float
    filter: str = rotate.DEFAULT_FILTER

    def __post_init__(self) -> None:
        expect(self, "degrees", -360, 360)
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
        x, y = size_hw[1] / 2, size_hw[0] / 2
        return moved(x, y) @ turned(self.degrees) @ moved(-x, -y)


class Rotate(_Turning, frozen=True, tag="rotate"):
    """Rotate clockwise on a larger, white canvas; quarter turns are exact."""

    def apply(self, quanta: Quanta, place: Place) -> Quanta:
        return rotate.rotate(quanta, self.degrees, place.profile, self.filter)

    def options(self, size_hw: tuple[int, int], place: Place) -> list[str]:
        return self._with_filter("-rotate", f"{self.degrees:.17g}", "+repage")

    def size_after(self, size_hw: tuple[int, int], place: Place) -> tuple[int, int]:
        return rotate.canvas_size(size_hw, self.degrees)

    def matrix(self, size_hw: tuple[int, int], place: Place) -> Matrix:
        around = turned(self.degrees) @ moved(-size_hw[1] / 2, -size_hw[0] / 2)
        return moved(*rotate.canvas_centre(size_hw, self.degrees)) @ around
