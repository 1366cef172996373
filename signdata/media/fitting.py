"""A picture of other proportions brought to a size: stretched, padded or cropped.

The one place that knows how, for stills, for the frames of videos and for what a network takes;
keypoints and boxes go the same way by its `Placement`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from signdata.errors import UsageError
from signdata.media.image import ops
from signdata.media.keypoints import Placement
from signdata.samples import Frame

STRETCH, PAD, CROP = "stretch", "pad", "crop"
FITS = (STRETCH, PAD, CROP)
BLACK = "black"

_HEX = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)


def colour(text: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour's name or ``#rrggbb``; `UsageError` if it is neither."""
    if text == BLACK:  # the default, for which nothing has to be imported
        return 0, 0, 0
    from PIL import ImageColor

    known = text.isalpha() and text.lower() in ImageColor.colormap
    if not known and not _HEX.fullmatch(text):
        raise UsageError(f"background {text!r}; expected a colour's name or #rrggbb")
    red, green, blue = ImageColor.getrgb(text)[:3]
    return red, green, blue


@dataclass(frozen=True)
class Fit:
    """How pictures of other proportions come to a size.

    Attributes
    ----------
    how : {'stretch', 'pad', 'crop'}
        `stretch` gives up the proportions; `pad` shows all of the picture, in the middle of a
        background; `crop` fills the size with the middle of it.
    background : str
        What is around a padded picture: a colour's name or ``#rrggbb``.
    """

    how: str = STRETCH
    background: str = BLACK

    def __post_init__(self) -> None:
        if self.how not in FITS:
            raise UsageError(f"fit {self.how!r}; expected {', '.join(FITS)}")
        colour(self.background)
        if self.how != PAD and self.background != BLACK:
            raise UsageError("--background goes with --fit pad")

    @property
    def stretches(self) -> bool:
        """Whether a picture's proportions are given up."""
        return self.how == STRETCH

    def record(self) -> dict[str, str]:
        """What is recorded of it: nothing of what is usual, as older records have it."""
        found = {"fit": self.how, "background": self.background}
        return {name: value for name, value in found.items() if value not in (STRETCH, BLACK)}

    def apply(self, frame: Frame, size_hw: tuple[int, int]) -> Frame:
        """Bring a picture (H, W, C) to (height, width)."""
        part = self._part(frame.shape[1], frame.shape[0], *size_hw[::-1])
        left, top, right, bottom = part.cut
        cut = np.ascontiguousarray(frame[top:bottom, left:right])
        shown = ops.resize(cut, (part.height, part.width))
        if shown.shape[:2] == size_hw:
            return shown
        made = np.empty((*size_hw, frame.shape[2]), np.uint8)
        made[:] = self._ground(frame.shape[2])
        made[part.top : part.top + part.height, part.left : part.left + part.width] = shown
        return made

    def place(self, placement: Placement, size_hw: tuple[int, int]) -> Placement:
        """Where the pixels of a picture have gone once it is brought to (height, width)."""
        part = self._part(*placement.size, *size_hw[::-1])
        moved = placement.cut(*part.cut).scaled(part.width, part.height)
        return replace(moved.moved(part.left, part.top), size=size_hw[::-1])

    def _part(self, width: int, height: int, wide: int, high: int) -> _Part:
        """Which part of a picture of `width` x `height` goes where in one of `wide` x `high`."""
        if self.how == CROP:
            across = min(width, max(1, round(height * wide / high)))
            down = min(height, max(1, round(width * high / wide)))
            left, top = (width - across) // 2, (height - down) // 2
            return _Part((left, top, left + across, top + down), wide, high)
        whole = (0, 0, width, height)
        if self.how == STRETCH:
            return _Part(whole, wide, high)
        across = min(wide, max(1, round(high * width / height)))
        down = min(high, max(1, round(wide * height / width)))
        return _Part(whole, across, down, (wide - across) // 2, (high - down) // 2)

    def _ground(self, channels: int) -> Any:
        ground = np.array(colour(self.background), np.uint8)
        return ground if channels == 3 else ops.to_gray(ground[None, None])[0, 0]


STRETCHED = Fit()
"""As it was before there was a choice."""


@dataclass(frozen=True)
class _Part:
    """The part of a picture that is kept, and where it lies in the new one.

    Attributes
    ----------
    cut : tuple of int
        left, top, right, bottom in the old one; right and bottom are the first outside.
    width, height, left, top : int
        In the new one.
    """

    cut: tuple[int, int, int, int]
    width: int
    height: int
    left: int = 0
    top: int = 0
