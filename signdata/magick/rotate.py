"""``-rotate`` and ``-distort SRT``: each target pixel is a weighted disc of source pixels.

ImageMagick does not shear: both options use the same resampling (ResamplePixelColor,
resample.c), which weights by distance in the plane, from a table of 1,024 steps. If a
distance is exactly on a step, as in the middle pixel of odd sizes, the last bit decides: a
few values in a million differ by one level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from signdata.errors import UsageError
from signdata.magick.filters import filter_of
from signdata.magick.geometry import Box
from signdata.magick.profiles import RANGE, Profile, Quanta, Values
from signdata.magick.weighted_sums import WeightedSums

DEFAULT_FILTER = "Robidoux"
_STEPS = 1024
_AT_ONCE = 1 << 15
"""Target pixels that are computed at once, so that they and their weights fit the cache."""


def rotate(
    quanta: Quanta, degrees: float, profile: Profile, filter: str = DEFAULT_FILTER
) -> Quanta:
    """``-rotate D +repage``: clockwise, on a canvas that contains all of it, white outside.

    Quarter turns only move pixels (RotateImage, distort.c).
    """
    if degrees % 90 == 0:
        return np.rot90(quanta, -int(degrees // 90), axes=(-2, -1)).copy()
    height, width = quanta.shape[-2:]
    return _resample(quanta, disc_of(width, height, degrees, filter, None, True), profile)


def srt(
    quanta: Quanta,
    degrees: float,
    profile: Profile,
    filter: str = DEFAULT_FILTER,
    box: Box | None = None,
) -> Quanta:
    """``-distort SRT D``: clockwise around the centre, the same size, edges repeated outside.

    Parameters
    ----------
    box : tuple of int, optional
        left, top, width, height: only this part of the result is computed.
    """
    height, width = quanta.shape[-2:]
    box = box or (0, 0, width, height)
    return _resample(quanta, disc_of(width, height, degrees, filter, box, False), profile)


def canvas_size(size_hw: tuple[int, int], degrees: float) -> tuple[int, int]:
    """Height and width of the result of `rotate`."""
    if degrees % 90 == 0:
        return size_hw if degrees % 180 == 0 else (size_hw[1], size_hw[0])
    angle = math.radians(degrees)
    _, _, width, height = _canvas(size_hw[1], size_hw[0], math.cos(angle), math.sin(angle))
    return height, width


def canvas_centre(size_hw: tuple[int, int], degrees: float) -> tuple[float, float]:
    """Where in the result of `rotate` the picture's centre is: x and y from its corner."""
    height, width = size_hw
    if degrees % 90 == 0:
        new_height, new_width = canvas_size(size_hw, degrees)
        return new_width / 2, new_height / 2
    angle = math.radians(degrees)
    left, top, _, _ = _canvas(width, height, math.cos(angle), math.sin(angle))
    return width / 2 - left, height / 2 - top


@dataclass(frozen=True)
class Disc:
    """Source pixels of each target pixel, and the factor of their sum, (h * w,).

    The index after the picture's last pixel is the background.
    """

    size_hw: tuple[int, int]
    sums: WeightedSums
    normal: Values


def _resample(quanta: Quanta, disc: Disc, profile: Profile) -> Quanta:
    planes = quanta.reshape(-1, quanta.shape[-2] * quanta.shape[-1])
    background = np.full((len(planes), 1), RANGE, np.float32)
    planes = np.concatenate([planes, background], axis=1)
    step = max(1, _AT_ONCE // len(disc.normal))
    some = (planes[start : start + step] for start in range(0, len(planes), step))
    made = [profile.store(disc.sums.columns(part) * disc.normal) for part in some]
    return np.concatenate(made).reshape(*quanta.shape[:-2], *disc.size_hw)


@lru_cache(maxsize=32)
def disc_of(
    width: int, height: int, degrees: float, filter: str, box: Box | None, white: bool
) -> Disc:
    chosen = filter_of(filter)
    if not chosen.radial:
        raise UsageError(f"filter {chosen.name}; expected a cubic filter for a rotation")
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    left, top, out_width, out_height = box or _canvas(width, height, cos, sin)
    x = left + np.arange(out_width)[None, :] + 0.5
    y = top + np.arange(out_height)[:, None] + 0.5
    from_x = width / 2 - width / 2 * cos - height / 2 * sin
    from_y = height / 2 + width / 2 * sin - height / 2 * cos
    u: Values = (cos * x + sin * y + from_x - 0.5).ravel()
    v: Values = (-sin * x + cos * y + from_y - 0.5).ravel()
    support = chosen.support
    table = chosen.weight(support * np.sqrt(np.arange(_STEPS) / _STEPS))
    first_u: Values = np.ceil(u - support)
    first_v: Values = np.ceil(v - support)
    indices, weights = [], []
    reach = int(2 * support) + 1
    for step_v in range(reach):
        for step_u in range(reach):
            x, y = first_u + step_u, first_v + step_v
            place = _STEPS * ((x - u) ** 2 + (y - v) ** 2) / support**2
            inside = place < _STEPS
            weights.append(np.where(inside, table[np.where(inside, place, 0).astype(int)], 0.0))
            indices.append(_flat(x, y, width, height, white))
    sums = WeightedSums(np.array(indices, np.int64), np.array(weights)).without_padding()
    return Disc((out_height, out_width), sums, 1 / np.add.reduce(sums.weight, axis=0))


def _flat(
    x: NDArray[np.float64], y: NDArray[np.float64], width: int, height: int, white: bool
) -> NDArray[np.float64]:
    near_x, near_y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    flat = near_y * width + near_x
    outside = (near_x != x) | (near_y != y)
    return np.where(outside & white, width * height, flat)


def _canvas(width: int, height: int, cos: float, sin: float) -> Box:
    """Bounding box of the rotated picture (GenerateAffineMatrix and bestfit, distort.c)."""
    corners_x, corners_y = [], []
    for x in (0, width):
        for y in (0, height):
            dx, dy = x - width / 2, y - height / 2
            corners_x.append(width / 2 + cos * dx - sin * dy)
            corners_y.append(height / 2 + sin * dx + cos * dy)
    left, top = math.floor(min(corners_x) - 0.5), math.floor(min(corners_y) - 0.5)
    return (
        left,
        top,
        math.ceil(max(corners_x) - left + 0.5),
        math.ceil(max(corners_y) - top + 0.5),
    )
