"""ImageMagick's sizes and positions: ``28x28!``, ``-crop``, ``-extent``, ``-gravity``."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from signdata.errors import DatasetError, UsageError
from signdata.magick.profiles import RANGE, Profile, Quanta

Box = tuple[int, int, int, int]
"""left, top, width, height in pixels."""

GRAVITIES = {
    "NorthWest": (0, 0),
    "North": (0, 1),
    "NorthEast": (0, 2),
    "West": (1, 0),
    "Center": (1, 1),
    "East": (1, 2),
    "SouthWest": (2, 0),
    "South": (2, 1),
    "SouthEast": (2, 2),
}
"""Vertical and horizontal position of each gravity, in thirds."""

_GEOMETRY = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})([!^]?)")


def target_size(geometry: str, size_hw: tuple[int, int]) -> tuple[int, int]:
    """Height and width after applying a geometry to `size_hw`.

    ``WxH!`` is exact; ``WxH`` fits inside and ``WxH^`` covers, both keeping the shape
    (ParseRegionGeometry, geometry.c).
    """
    width, height, how = parse_geometry(geometry)
    if how == "!":
        return height, width
    choose = max if how == "^" else min
    factor = choose(width / size_hw[1], height / size_hw[0])
    return max(1, int(factor * size_hw[0] + 0.5)), max(1, int(factor * size_hw[1] + 0.5))


def parse_geometry(geometry: str) -> tuple[int, int, str]:
    """Width, height and ``!``, ``^`` or '' of a geometry; raise `UsageError` if it is invalid."""
    match = _GEOMETRY.fullmatch(geometry)
    if match is None:
        raise UsageError(f"geometry {geometry!r}; expected WxH, WxH! or WxH^, such as 28x28!")
    return int(match[1]), int(match[2]), match[3]


def crop(quanta: Quanta, box: Box) -> Quanta:
    """``-crop WxH+X+Y +repage``; raise `DatasetError` if the box is not inside the picture."""
    left, top, width, height = box
    rows, columns = quanta.shape[-2:]
    if left < 0 or top < 0 or left + width > columns or top + height > rows:
        raise DatasetError(
            f"box {width}x{height}+{left}+{top} is not inside the picture ({columns}x{rows})"
        )
    return quanta[..., top : top + height, left : left + width]


def offset(n: int, m: int, third: int, profile: Profile) -> int:
    """Offset of size `m` within (or around) size `n`."""
    if third == 0:
        return 0
    if third == 2:
        return n - m
    return n // 2 - m // 2 if profile.centre == "sizes" else int((n - m) / 2)


def extent(
    quanta: Quanta,
    size_hw: tuple[int, int],
    profile: Profile,
    gravity: str = "Center",
    background: Sequence[float] = (RANGE,),
) -> Quanta:
    """``-gravity G -extent WxH``: crop what is too large, pad what is too small.

    `background` is a number for each channel, or one for all.
    """
    if gravity not in GRAVITIES:
        raise UsageError(f"gravity {gravity!r}; expected one of {', '.join(GRAVITIES)}")
    out = np.empty((*quanta.shape[:-2], *size_hw), np.float32)
    out[:] = np.array(background, np.float32)[:, None, None]
    spans = [
        _overlap(n, m, offset(n, m, third, profile))
        for n, m, third in zip(quanta.shape[-2:], size_hw, GRAVITIES[gravity], strict=True)
    ]
    (from_row, to_row, height), (from_column, to_column, width) = spans
    out[..., to_row : to_row + height, to_column : to_column + width] = quanta[
        ..., from_row : from_row + height, from_column : from_column + width
    ]
    if not profile.hdri:
        return out
    return np.clip(out, 0.0, RANGE)  # ImageMagick composites it over a background, which clips


def _overlap(n: int, m: int, start: int) -> tuple[int, int, int]:
    """Start of the overlap in the source (n) and in the target (m, from `start`), and its size."""
    begin, end = max(start, 0), min(start + m, n)
    return begin, begin - start, max(0, end - begin)
