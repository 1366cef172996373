"""How an item of an array becomes a picture: its axes, and its values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError
from signdata.formats.batches import BATCH
from signdata.formats.pixel_arrays.names import Head
from signdata.limits import described, larger_remedy, max_pixels
from signdata.samples import Frame

ROUNDED = "not preserved: values between the 256 levels (rounded to 8 bits)"

SAME_LEVEL = 1e-4
"""How far off a level of 0..255 a value may lie that was stored as a share of 255."""

SIXTEEN_BITS = 257
"""What 16-bit values are divided by, as in picture files: 65535 is 255."""

BLOCK_BYTES = 1 << 23
"""How much of an array is read at once."""

PEEKED = 64
"""Pictures that are looked at to tell 0..1 from 0..255."""


@dataclass(frozen=True)
class Form:
    """How the pictures of an array lie in it.

    Attributes
    ----------
    n : int
        How many there are.
    axis : int
        The array's axis along which they follow each other.
    order : tuple of int
        The axes of one item that are its rows, its columns and, where it has them, its channels.
    shape : tuple of int
        Height, width and, where an item has them, channels.
    scale : float
        What values are multiplied by.
    step : int
        Items that are read together.
    n_frames : int
        Frames of each clip; 0 where an item is one picture.
    """

    n: int
    axis: int
    order: tuple[int, ...]
    shape: tuple[int, ...]
    scale: float = 1.0
    step: int = 1
    n_frames: int = 0

    @property
    def channels(self) -> int:
        """1 or 3."""
        return self.shape[2] if len(self.shape) == 3 else 1

    @property
    def is_plain(self) -> bool:
        """Whether an item's values are a picture as they stand, where they are bytes."""
        return self.axis == 0 and self.order == tuple(range(len(self.order))) and self.scale == 1

    def picture(self, item: NDArray[Any]) -> NDArray[Any]:
        """The values of an item as (H, W, C), or of a clip as (T, H, W, C)."""
        picture = item.transpose(self.order)
        return picture if picture.ndim > 2 else picture[:, :, None]


def form_of(head: Head, n: int | None, path: Path, name: str) -> tuple[Form, str]:
    """The form of an array of pictures, and a note on it, or ''.

    Parameters
    ----------
    head : Head
        The array.
    n : int or None
        For arrays whose author puts the samples into the last axis or the first: how many there
        are. None where they are in the first.

    Raises
    ------
    FormatError
        If they are no pictures.
    """
    shape = head.shape
    axis = len(shape) - 1 if n is not None and len(shape) and shape[-1] == n else 0
    item = shape[:axis] + shape[axis + 1 :]
    if len(item) == 4:
        return _form_of_clips(head, axis, item, path, name)
    note, order = "", tuple(range(len(item)))
    if len(item) == 3 and item[2] not in (1, 3) and item[0] in (1, 3):
        order = (1, 2, 0)
        note = f"{head.shown}: read as pictures of {item[2]}x{item[1]}, channels first"
    elif len(item) != 2 and (len(item) != 3 or item[2] not in (1, 3)):
        raise FormatError(
            f"shape {head.shown}; expected (N, H, W), (N, H, W, 1), (N, H, W, 3) or (N, 3, H, W)",
            path=path,
            where=name,
            remedy="Give it this shape with numpy.reshape." if len(item) == 1 else "",
        )
    found = tuple(item[i] for i in order)
    if 0 in shape:
        raise FormatError(f"shape {head.shown}; expected pictures", path=path, where=name)
    if found[0] * found[1] > max_pixels():
        raise FormatError(
            f"pictures of {found[1]}x{found[0]}; expected at most {described()}",
            path=path,
            where=name,
            remedy=larger_remedy(found[0] * found[1]),
        )
    if n is not None and shape[0] == shape[-1] == n:
        note = f"{head.shown}: samples could be in the first axis or the last; read as the last"
    return Form(shape[axis], axis, order, found), note


def _form_of_clips(
    head: Head, axis: int, item: tuple[int, ...], path: Path, name: str
) -> tuple[Form, str]:
    """The form of an array of clips, whichever axes are frames and channels."""
    readings = {
        (0, 1, 2, 3): item[3] in (1, 3),
        (0, 2, 3, 1): item[1] in (1, 3),
        (1, 2, 3, 0): item[0] in (1, 3),
    }
    orders = [order for order, fits in readings.items() if fits]
    if readings[0, 1, 2, 3]:
        orders = [(0, 1, 2, 3)]
    if len(orders) != 1 or 0 in head.shape:
        found = "two readings" if len(orders) > 1 else f"shape {head.shown}"
        raise FormatError(
            f"{found}; expected clips as (N, T, H, W, C), (N, T, C, H, W) or (N, C, T, H, W), "
            "C 1 or 3",
            path=path,
            where=name,
        )
    order = orders[0]
    n_frames, height, width, channels = (item[i] for i in order)
    if height * width > max_pixels():
        raise FormatError(
            f"pictures of {width}x{height}; expected at most {described()}",
            path=path,
            where=name,
            remedy=larger_remedy(height * width),
        )
    axes = {(0, 2, 3, 1): "channels before rows", (1, 2, 3, 0): "channels before frames"}
    note = f"{head.shown}: read as clips, {axes[order]}" if order in axes else ""
    shape = (height, width, channels)
    return Form(head.shape[axis], axis, order, shape, n_frames=n_frames), note


def with_values(
    form: Form,
    head: Head,
    itemsize: int,
    block: Callable[[int, int], NDArray[Any]],
    path: Path,
    name: str,
    *,
    own: bool = False,
) -> tuple[Form, str]:
    """The form with what the first pictures' values say of their scale, and a note, or ''.

    Parameters
    ----------
    form, head : Form, Head
        The array, and how its pictures lie in it.
    itemsize : int
        Bytes of one value.
    block : callable
        Reads pictures from `start` to `stop`.
    own : bool
        Whether signdata wrote it, so that integers are grey levels whatever they are.
    """
    if head.kind not in "uifb":
        raise FormatError(f"values of type {head.kind!r}; expected numbers", path=path, where=name)
    one = math.prod(form.shape) * max(1, form.n_frames)
    step = max(1, min(BATCH, BLOCK_BYTES // (one * itemsize)))
    form = replace(form, step=step)
    if own and head.kind != "f":
        return form, ""
    brightest = _brightest(form, block, path, name, PEEKED)
    if head.kind == "f":
        return replace(form, scale=255.0 if brightest <= 1 else 1.0), ""
    if brightest == 1 and _brightest(form, block, path, name, form.n) == 1:
        return replace(form, scale=255.0), "values 0 and 1: read as 0 and 255"
    if head.kind == "u" and itemsize == 2 and brightest > 255:
        return replace(form, scale=1 / SIXTEEN_BITS), "16-bit values: brought to 8 bits"
    return form, ""


def _brightest(
    form: Form, block: Callable[[int, int], NDArray[Any]], path: Path, name: str, n: int
) -> float:
    """The highest value of the first `n` pictures; damage is told with its sample."""
    highest, error = -math.inf, None
    for start in range(0, min(form.n, n), form.step):
        stop = min(start + form.step, form.n, n)
        try:
            highest = max(highest, float(np.max(block(start, stop))))
        except FormatError:
            raise
        except Exception as err:  # a damaged file may make a library raise anything
            error = err
    if highest == -math.inf and error:
        raise FormatError(f"damaged ({error})", path=path, where=f"{name}[0]") from error
    return highest


def to_frame(values: NDArray[Any], scale: float, path: str, where: str) -> tuple[Frame, bool]:
    """Bring a picture's values to 8 bits; also whether rounding lost something.

    Raises
    ------
    FormatError
        If they are not in 0..255, or 0..1.
    """
    if values.dtype == np.uint8 and scale == 1:
        return values, False
    scaled = np.asarray(values, np.float64) * scale
    highest = 255 if scale >= 1 else 255 + SAME_LEVEL  # dividing by 257 is not exact
    if not np.isfinite(scaled).all() or scaled.min() < 0 or scaled.max() > highest:
        raise FormatError(
            f"values {values.min()}..{values.max()}; expected 0..255, or 0..1",
            path=path,
            where=where,
        )
    rounded = np.floor(scaled + 0.5)
    return rounded.astype(np.uint8), _off(values, scaled, rounded, scale)


def _off(values: NDArray[Any], scaled: NDArray[Any], rounded: NDArray[Any], scale: float) -> bool:
    """Whether rounding changed a value by more than storing a share of 255 as a float does."""
    if values.dtype.kind != "f":
        return False
    allowed = np.zeros(()) if scale == 1 else np.maximum(scale * np.spacing(values), SAME_LEVEL)
    return bool((np.abs(scaled - rounded) > allowed).any())
