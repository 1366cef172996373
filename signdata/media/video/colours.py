"""The colour matrices and ranges of videos."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import av
from av.video.reformatter import ColorRange, Colorspace

HD_HEIGHT = 720
"""Untagged video from this height on is taken for BT.709, below for BT.601, as players do."""

_RGB = ("rgb", "bgr", "gbr", "pal", "gray", "0", "argb", "abgr")


@dataclass(frozen=True)
class Colours:
    """How the values of a frame make colours.

    Attributes
    ----------
    space : Colorspace or None
        The matrix of Y, Cb and Cr; None for RGB and grey, which have none.
    full : bool
        Whether 0..255 is used, not 16..235.
    """

    space: Colorspace | None
    full: bool

    @property
    def source(self) -> dict[str, Any]:
        """What the scaler is told of the frame."""
        if self.space is None:
            return {}
        return {
            "src_colorspace": self.space,
            "src_color_range": ColorRange.JPEG if self.full else ColorRange.MPEG,
        }

    @property
    def name(self) -> str:
        """What the ffmpeg program calls the matrix."""
        return _NAMES[self.space or Colorspace.ITU601]


_NAMES = {
    Colorspace.ITU709: "bt709",
    Colorspace.ITU601: "smpte170m",
    Colorspace.BT2020: "bt2020nc",
}
_TAGS = {
    1: Colorspace.ITU709,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""The matrix by its number in the streams (ISO/IEC 23091-4)."""


def colours_of(frame: av.VideoFrame) -> Colours:
    """What a frame is tagged with; the matrix of an untagged one goes by its height."""
    is_hd = frame.height >= HD_HEIGHT
    return _colours(frame.format.name, int(frame.colorspace), int(frame.color_range), is_hd)


@cache
def _colours(pixels: str, matrix: int, value_range: int, is_hd: bool) -> Colours:
    if pixels.startswith(_RGB):
        return Colours(None, full=False)
    space = _TAGS.get(matrix, Colorspace.ITU709 if is_hd else Colorspace.ITU601)
    return Colours(space, value_range == ColorRange.JPEG or pixels.startswith("yuvj"))
