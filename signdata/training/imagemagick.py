"""ImageMagick's arithmetic on batches (N, C, H, W), on the device where they are.

The functions have the names of those in `signdata.magick`, use its tables, and give the same
levels. Sums are computed in float64, in the same order, and stored as float32, or levels ending
in .5 would be rounded differently. Functions ending in ``_each`` take several settings and an
index of the setting for every picture, so that the whole batch is one operation, without
synchronising with the device.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from signdata.errors import UsageError
from signdata.magick import noise, rotate, tone
from signdata.magick import resize as sizes
from signdata.magick.profiles import BYTE, LUMA_709, RANGE, Profile, Values
from signdata.magick.weighted_sums import WeightedSums

# ---------------------------------------------------------------------------- numbers


def load(pixels: Tensor) -> Tensor:
    """Convert bytes to quanta."""
    return pixels.float() * BYTE


def to_bytes(quanta: Tensor, profile: Profile) -> Tensor:
    """Convert quanta (N, C, H, W) to bytes, rounded as ImageMagick rounds."""
    if not profile.hdri:
        shifted = quanta.long() + 128
        return ((shifted - (shifted >> 8)) >> 8).to(torch.uint8)
    if quanta.shape[-3] == 1:
        red, green, blue = (quanta * share for share in LUMA_709)
        quanta = red + green + blue
    # Dividing by a scalar, CUDA would multiply by its inverse and round some levels wrongly.
    levels = quanta.double() / torch.full_like(quanta, BYTE, dtype=torch.float64)
    return (levels.clamp(0, 255) + 0.5).to(torch.uint8)


def _store(values: Tensor, profile: Profile) -> Tensor:
    if profile.hdri:
        return values.float()
    return (values.double().clamp(0, RANGE) + 0.5).floor().float()


# ---------------------------------------------------------------------------- tone


def gray(quanta: Tensor, profile: Profile, intensity: str = "Rec709Luma") -> Tensor:
    """``-colorspace Gray`` (Rec709Luma) or ``-grayscale Rec601Luma``: (N, 1, H, W)."""
    if intensity not in tone.LUMA:
        raise UsageError(f"intensity {intensity!r}; expected one of {', '.join(tone.LUMA)}")
    if quanta.shape[-3] == 1:
        return quanta
    red, green, blue = (quanta[:, i : i + 1].double() for i in range(3))
    shares = tone.LUMA[intensity]
    return _store(shares[0] * red + shares[1] * green + shares[2] * blue, profile)


def brightness_contrast(
    quanta: Tensor, brightness: float, contrast: float, profile: Profile
) -> Tensor:
    """``-brightness-contrast BxC``, each -100..100."""
    return brightness_contrast_each(quanta, ((brightness, contrast),), None, profile)


def brightness_contrast_each(
    quanta: Tensor, tones: tuple[tuple[float, float], ...], which: Tensor | None, profile: Profile
) -> Tensor:
    """``-brightness-contrast`` with a brightness and a contrast for each picture.

    Parameters
    ----------
    quanta : Tensor, shape (N, C, H, W)
    tones : tuple of (brightness, contrast)
    which : Tensor of int64, shape (N,), optional
        Index into `tones`; without it, all pictures use the only one.
    """
    lines = _pick(_lines(tones, profile, quanta.device), which)[..., None, None, None]
    slope, intercept = lines.unbind(1)
    return _store((slope * (quanta.double() / RANGE) + intercept) * RANGE, profile)


@lru_cache(maxsize=64)
def _lines(
    tones: tuple[tuple[float, float], ...], profile: Profile, device: torch.device
) -> Tensor:
    return _table([np.array(tone.tone_line(*each, profile)) for each in tones], device)


# ---------------------------------------------------------------------------- sizes


def resize(quanta: Tensor, size_hw: tuple[int, int], filter: str, profile: Profile) -> Tensor:
    """``-filter FILTER -resize WxH!``: resample along each axis, rounding after each pass."""
    return resize_each(quanta, size_hw, (filter,), None, profile)


def resize_each(
    quanta: Tensor,
    size_hw: tuple[int, int],
    filters: tuple[str, ...],
    which: Tensor | None,
    profile: Profile,
) -> Tensor:
    """``-resize WxH!`` with a filter for each picture.

    Parameters
    ----------
    quanta : Tensor, shape (N, C, H, W)
    filters : tuple of str
    which : Tensor of int64, shape (N,), optional
        Index into `filters`; without it, all pictures use the only one.
    """
    down, across = (
        _of(which, *_weights(n, m, filters, quanta.device))
        for n, m in zip(quanta.shape[-2:], size_hw, strict=True)
    )
    if sizes.across_first(quanta.shape, size_hw):
        return _store(_rows(_store(_columns(quanta, *across), profile), *down), profile)
    return _store(_columns(_store(_rows(quanta, *down), profile), *across), profile)


@lru_cache(maxsize=64)
def _weights(
    n: int, m: int, filters: tuple[str, ...], device: torch.device
) -> tuple[Tensor, Tensor]:
    return _banded([sizes.contributions(n, m, each).matrix(n) for each in filters], device)


def scale(quanta: Tensor, size_hw: tuple[int, int], profile: Profile) -> Tensor:
    """``-scale WxH!``: each pixel is the mean of the area it covers; rounded once."""
    down, across = (
        _of(None, *_shares(n, m, quanta.device))
        for n, m in zip(quanta.shape[-2:], size_hw, strict=True)
    )
    return _store(_columns(_rows(quanta, *down), *across), profile)


@lru_cache(maxsize=64)
def _shares(n: int, m: int, device: torch.device) -> tuple[Tensor, Tensor]:
    return _banded([sizes.covered(n, m).matrix(n)], device)


def _rows(quanta: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    return _summed(quanta, -2, index, weight[..., None, :, None])


def _columns(quanta: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    return _summed(quanta, -1, index, weight[..., None, None, :])


def _summed(quanta: Tensor, dim: int, index: Tensor, weight: Tensor) -> Tensor:
    """Weighted sums along a dimension, from indices (T, M) and weights (N or 1, T, ...)."""
    source = quanta.double()
    total = source.index_select(dim, index[0]) * weight[:, 0]
    for tap in range(1, len(index)):
        total += source.index_select(dim, index[tap]) * weight[:, tap]
    return total


def mosaic(quanta: Tensor, share: float, profile: Profile) -> Tensor:
    """``-scale P% -scale WxH!``: uniform blocks; their number per side is `share` of the size."""
    height, width = quanta.shape[-2:]
    blocks = sizes.mosaic_size(height, width, share, profile)
    if blocks is None:
        return quanta
    return scale(scale(quanta, blocks, profile), (height, width), profile)


# ---------------------------------------------------------------------------- rotation


def srt(
    quanta: Tensor, degrees: float, profile: Profile, filter: str = rotate.DEFAULT_FILTER
) -> Tensor:
    """``-distort SRT D``: clockwise around the centre, the same size, edges repeated outside."""
    return srt_each(quanta, (degrees,), None, profile, filter)


def srt_each(
    quanta: Tensor,
    angles: tuple[float, ...],
    which: Tensor | None,
    profile: Profile,
    filter: str = rotate.DEFAULT_FILTER,
) -> Tensor:
    """``-distort SRT`` with an angle for each picture.

    Parameters
    ----------
    quanta : Tensor, shape (N, C, H, W)
    angles : tuple of float
        Degrees.
    which : Tensor of int64, shape (N,), optional
        Index into `angles`; without it, all pictures use the only one.
    """
    height, width = quanta.shape[-2:]
    index, weight, normal = (
        _pick(table, which)[..., None, :]
        for table in _discs(width, height, angles, filter, quanta.device)
    )
    planes = quanta.flatten(2).double()
    total = torch.zeros_like(planes)
    # In sequence: all at once would take 25 times the memory of the batch.
    for tap in range(index.shape[1]):
        places = index[:, tap].expand(planes.shape)
        total += planes.gather(2, places) * weight[:, tap]
    return _store(total * normal, profile).view(quanta.shape)


@lru_cache(maxsize=8)
def _discs(
    width: int, height: int, angles: tuple[float, ...], filter: str, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Of each angle: positions and weights of the sums, and what their sum is multiplied by."""
    box = (0, 0, width, height)
    discs = [rotate.disc_of(width, height, angle, filter, box, False) for angle in angles]
    n = max(len(disc.sums.index) for disc in discs)
    sums = [disc.sums.padded(n) for disc in discs]
    index = torch.from_numpy(np.stack([some.index for some in sums])).to(device)
    weight = _table([some.weight for some in sums], device)
    return index, weight, _table([disc.normal for disc in discs], device)


# ---------------------------------------------------------------------------- pixelation


def pixelate(quanta: Tensor, share: float, uniform: Tensor, profile: Profile) -> Tensor:
    """Replace `share` of the 2x2 blocks by their mean.

    Parameters
    ----------
    quanta : Tensor, shape (N, C, H, W)
    uniform : Tensor, shape (N, C or 1, H // 2, W // 2)
        One number per block: the smallest are replaced, exactly `share` of all blocks, rounded.
    """
    rows, columns = quanta.shape[-2] // 2, quanta.shape[-1] // 2
    order = uniform.flatten(-2).argsort(dim=-1, stable=True)
    first = order[..., : noise.blocks_of(share, rows, columns)]
    chosen = torch.zeros(order.shape, dtype=torch.bool, device=quanta.device)
    mask = _doubled(chosen.scatter_(-1, first, True).view(uniform.shape))
    even = quanta[..., : 2 * rows, : 2 * columns].double()
    means = _doubled(F.avg_pool2d(even, 2))
    out = quanta.clone()
    out[..., : 2 * rows, : 2 * columns] = _store(torch.where(mask, means, even), profile)
    return out


def _doubled(blocks: Tensor) -> Tensor:
    return blocks.repeat_interleave(2, dim=-2).repeat_interleave(2, dim=-1)


# ---------------------------------------------------------------------------- tables


def _table(entries: list[Values], device: torch.device) -> Tensor:
    return torch.from_numpy(np.stack(entries)).to(device)


def _banded(matrices: list[Values], device: torch.device) -> tuple[Tensor, Tensor]:
    """Indices (T, M) used by any of the matrices (M, n), and the weights of each matrix."""
    union = WeightedSums.of_matrix(np.add.reduce(np.abs(matrices)))
    row = np.arange(union.index.shape[1])
    weights = [np.where(union.weight == 0, 0.0, each[row, union.index]) for each in matrices]
    return torch.from_numpy(union.index).to(device), _table(weights, device)


def _of(which: Tensor | None, index: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    return index, _pick(weights, which)


def _pick(table: Tensor, which: Tensor | None) -> Tensor:
    """Each picture's entry of a table, (N, ...); (1, ...) if all use the only entry."""
    return table if which is None else table[which]
