"""Operations that change how light or rich in contrast a picture is."""

from __future__ import annotations

from signdata.magick import tone
from signdata.magick.operations.base import Operation, Place, expect
from signdata.magick.profiles import Quanta


class BrightnessContrast(Operation, frozen=True, tag="brightness-contrast"):
    """Change brightness and contrast, each in percent, -100 to 100."""

    brightness: float = 0.0
    contrast: float = 0.0

    def __post_init__(self) -> None:
        expect(self, "brightness", -100, 100)
        expect(self, "contrast", -100, 100)

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
        expect(self, "percent", 0, 1000)

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
        expect(self, "black", -1000, 1000)
        expect(self, "white", -1000, 1000)
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
