"""``+noise``, ``-spread`` and block pixelation: operations that use random numbers.

Each takes its uniform random numbers as an array, so that any generator can be used;
`Stream` is that of ImageMagick 6, which gives the same picture as ``-seed N``.
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np

from signdata.magick.profiles import RANGE, Profile, Quanta, Values

_MASK = (1 << 64) - 1


class Stream:
    """The random number generator of ImageMagick 6 after ``-seed N`` (random.c): xoshiro256+."""

    def __init__(self, seed: int) -> None:
        self._state = list(struct.unpack("<4Q", hashlib.sha256(struct.pack("<Q", seed)).digest()))

    def uniform(self, *shape: int) -> Values:
        """Draw numbers in [0, 1), in row-major order."""
        s0, s1, s2, s3 = self._state
        drawn = []
        for _ in range(int(np.prod(shape))):
            drawn.append((s0 + s3 & _MASK) >> 11)
            shifted = s1 << 17 & _MASK
            s2 ^= s0
            s3 ^= s1
            s1 ^= s2
            s0 ^= s3
            s2 ^= shifted
            s3 = (s3 << 45 | s3 >> 19) & _MASK
        self._state = [s0, s1, s2, s3]
        return np.array(drawn, np.float64).reshape(shape) / ((1 << 53) - 1)


def impulse(quanta: Quanta, attenuate: float, uniform: Values, profile: Profile) -> Quanta:
    """``-attenuate A +noise Impulse``: a fraction A / 10 of the pixels turns black or white."""
    edge = 0.1 * attenuate / 2
    values = np.where(uniform < edge, 0.0, np.where(uniform >= 1 - edge, RANGE, quanta))
    return profile.store(values)


def uniform(quanta: Quanta, attenuate: float, uniform: Values, profile: Profile) -> Quanta:
    """``-attenuate A +noise Uniform``: up to A / 128 of the range is added or subtracted."""
    return profile.store(quanta + RANGE * attenuate * (uniform - 0.5) / 64)


def gaussian(quanta: Quanta, attenuate: float, uniform: Values, profile: Profile) -> Quanta:
    """``-attenuate A +noise Gaussian``; `uniform` is (..., H, W, 2), two numbers per pixel."""
    size = np.sqrt(-2 * np.log(np.where(uniform[..., 0] > 0, uniform[..., 0], 1.0)))
    angle = 2 * np.pi * uniform[..., 1]
    values = quanta.astype(np.float64)
    values = values + np.sqrt(np.maximum(values, 0)) * attenuate / 64 * size * np.cos(angle)
    return profile.store(values + RANGE * attenuate * 5 / 64 * size * np.sin(angle))


def spread(quanta: Quanta, radius: float, uniform: Values, profile: Profile) -> Quanta:
    """``-spread R``: each pixel is interpolated at a random nearby position.

    Parameters
    ----------
    uniform : ndarray
        (..., H, W, 2), for x and y.
    """
    height, width = quanta.shape[-2:]
    reach = 2 * int(np.ceil(radius)) + 1
    x = np.arange(width) + reach * (uniform[..., 0] - 0.5)
    y = np.arange(height)[:, None] + reach * (uniform[..., 1] - 0.5)
    left, top = np.floor(x), np.floor(y)
    part_x, part_y = x - left, y - top
    columns = [np.clip(left + step, 0, width - 1).astype(int) for step in (0, 1)]
    rows = [np.clip(top + step, 0, height - 1).astype(int) for step in (0, 1)]
    flat = quanta.reshape(*quanta.shape[:-2], height * width).astype(np.float64)

    def at(row: int, column: int) -> Values:
        index = (rows[row] * width + columns[column]).reshape(flat.shape)
        return np.take_along_axis(flat, index, axis=-1).reshape(quanta.shape)

    upper = at(0, 0) * (1 - part_x) + at(0, 1) * part_x
    lower = at(1, 0) * (1 - part_x) + at(1, 1) * part_x
    return profile.store(upper * (1 - part_y) + lower * part_y)


def blocks_of(share: float, rows: int, columns: int) -> int:
    """Number of blocks, of rows x columns, in a given fraction."""
    return int(share * (rows * columns) + 0.5)


def pixelate(quanta: Quanta, share: float, uniform: Values, profile: Profile) -> Quanta:
    """Replace `share` of the 2x2 blocks by their mean. ImageMagick has no such operation.

    Parameters
    ----------
    uniform : ndarray
        (..., H // 2, W // 2), one number per block: the smallest are replaced, exactly `share`
        of all blocks, rounded.
    """
    rows, columns = quanta.shape[-2] // 2, quanta.shape[-1] // 2
    n_blocks = blocks_of(share, rows, columns)
    order = np.argsort(uniform.reshape(*uniform.shape[:-2], -1), axis=-1, kind="stable")
    chosen = np.zeros(order.shape, bool)
    np.put_along_axis(chosen, order[..., :n_blocks], True, axis=-1)
    chosen = chosen.reshape(uniform.shape)
    out = quanta.copy()
    upper, lower = (
        [out[..., row : 2 * rows : 2, column : 2 * columns : 2] for column in (0, 1)]
        for row in (0, 1)
    )
    top, bottom = (left.astype(np.float64) + right for left, right in (upper, lower))
    means = profile.store((top + bottom) / 4)
    for corner in (*upper, *lower):
        np.copyto(corner, means, where=chosen)
    return out
