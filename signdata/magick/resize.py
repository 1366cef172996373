"""``-resize``, ``-scale`` and ``-sample``: resizing in two passes of weighted sums."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from signdata.magick.filters import filter_of
from signdata.magick.matrix_products import Pass
from signdata.magick.profiles import Profile, Quanta
from signdata.magick.weighted_sums import WeightedSums

_EPSILON = 1e-12


def resize(quanta: Quanta, size_hw: tuple[int, int], filter: str, profile: Profile) -> Quanta:
    """``-filter FILTER -resize WxH!``: resample along each axis, rounding after each pass.

    The axis that shrinks least comes first, the vertical one if both shrink equally. An
    unchanged size is resampled, too, because some filters blur.
    """
    height, width = size_hw
    down = _pass(quanta.shape[-2], height, filter)
    across = _pass(quanta.shape[-1], width, filter)
    if across_first(quanta.shape, size_hw):
        return down.rows(across.columns(quanta, profile), profile)
    return across.columns(down.rows(quanta, profile), profile)


def across_first(shape: tuple[int, ...], size_hw: tuple[int, int]) -> bool:
    """Whether a resize of (..., H, W) starts with the horizontal pass."""
    return size_hw[1] / shape[-1] > size_hw[0] / shape[-2]


@lru_cache(maxsize=256)
def _pass(n: int, m: int, filter: str) -> Pass:
    return Pass.of(contributions(n, m, filter), n)


@lru_cache(maxsize=256)
def contributions(n: int, m: int, filter: str) -> WeightedSums:
    """The weighted sums of one pass, from `n` to `m` pixels (ResizeImage, resize.c)."""
    chosen = filter_of(filter)
    factor = m / n
    scale = max(1 / factor + _EPSILON, 1.0)
    support = scale * chosen.support
    centre = (np.arange(m) + 0.5) / factor + _EPSILON
    first = np.maximum(centre - support + 0.5, 0).astype(np.int64)
    end = np.minimum(centre + support + 0.5, n).astype(np.int64)
    k = np.arange(n)
    weights = chosen.weight(np.abs((1 / scale) * (k - centre[:, None] + 0.5)))
    weights[(k < first[:, None]) | (k >= end[:, None])] = 0.0
    return WeightedSums.of_matrix(weights * (1 / np.add.reduce(weights, axis=1, keepdims=True)))


def scale(quanta: Quanta, size_hw: tuple[int, int], profile: Profile) -> Quanta:
    """``-scale WxH!``: each pixel is the mean of the area it covers; rounded once."""
    down = covered(quanta.shape[-2], size_hw[0])
    across = covered(quanta.shape[-1], size_hw[1])
    return profile.store(across.columns(down.rows(quanta)))


@lru_cache(maxsize=256)
def covered(n: int, m: int) -> WeightedSums:
    """Fractions of the source pixels in each target pixel (ScaleImage, resize.c).

    Computed by repeated subtraction like there, because its rounding errors affect the result.
    """
    weights = np.zeros((m, n))
    k, rest = 0, m / n
    for row in weights:
        span = 1.0
        while rest < span and k < n - 1:
            row[k] = rest
            span -= rest
            k, rest = k + 1, m / n
        row[k] += span
        rest -= span
        if rest <= 0 and k < n - 1:
            k, rest = k + 1, m / n
    return WeightedSums.of_matrix(weights)


def sample(quanta: Quanta, size_hw: tuple[int, int]) -> Quanta:
    """``-sample WxH!``: the source pixel at the centre of each target pixel."""
    rows, columns = (_nearest(n, m) for n, m in zip(quanta.shape[-2:], size_hw, strict=True))
    return quanta[..., rows[:, None], columns]


def _nearest(n: int, m: int) -> NDArray[np.int64]:
    return ((np.arange(m) + 0.5 - _EPSILON) * n / m).astype(np.int64)


def mosaic(quanta: Quanta, share: float, profile: Profile) -> Quanta:
    """``-scale P% -scale WxH!``: uniform blocks; their number per side is `share` of the size.

    If that is less than half a block, ImageMagick 7 makes one block and 6 changes nothing.
    """
    height, width = quanta.shape[-2:]
    blocks = mosaic_size(height, width, share, profile)
    if blocks is None:
        return quanta
    return scale(scale(quanta, blocks, profile), (height, width), profile)


def mosaic_size(height: int, width: int, share: float, profile: Profile) -> tuple[int, int] | None:
    """Number of blocks of a mosaic, vertically and horizontally; None if nothing changes."""
    rows, columns = int(share * height + 0.5), int(share * width + 0.5)
    if not profile.hdri and not (rows and columns):
        return None
    return max(1, rows), max(1, columns)
