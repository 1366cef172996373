"""Small pictures: brought into cells of one size, and cells put together to a sheet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from signdata.media.image import encode, ops
from signdata.samples import Frame

ACROSS = 10
"""Cells side by side in a sheet of samples."""

QUALITY = 75

_GROUND = 96
"""Grey of what a picture leaves free of its cell."""


def within(frame: Frame, size_hw: tuple[int, int]) -> Frame:
    """A frame shrunk to fit into a height and width; never enlarged."""
    height, width = frame.shape[:2]
    share = min(1.0, size_hw[0] / height, size_hw[1] / width)
    if share == 1.0:
        return frame
    return ops.resize(frame, (max(1, round(height * share)), max(1, round(width * share))))


def cell(frame: Frame, size_hw: tuple[int, int]) -> Frame:
    """A frame in the middle of a cell."""
    small = within(frame, size_hw)
    if small.shape[:2] == size_hw:
        return small
    made = np.full((*size_hw, small.shape[2]), _GROUND, np.uint8)
    top, left = (size_hw[0] - small.shape[0]) // 2, (size_hw[1] - small.shape[1]) // 2
    made[top : top + small.shape[0], left : left + small.shape[1]] = small
    return made


def unreadable(size_hw: tuple[int, int]) -> Frame:
    """The cell of a sample that cannot be shown: a cross."""
    height, width = size_hw
    made = np.full((height, width, 1), _GROUND, np.uint8)
    rows = np.arange(height)
    across = rows * (width - 1) // max(1, height - 1)
    made[rows, across], made[rows, width - 1 - across] = 200, 200
    return made


def sheet(cells: Sequence[Frame], size_hw: tuple[int, int], across: int = ACROSS) -> Frame:
    """Cells side by side, in rows; in grey where all of them are."""
    height, width = size_hw
    columns = min(across, len(cells))
    channels = max(one.shape[2] for one in cells)
    rows = -(-len(cells) // columns)
    page: NDArray[np.uint8] = np.zeros((rows * height, columns * width, channels), np.uint8)
    for number, one in enumerate(cells):
        top, left = number // columns * height, number % columns * width
        page[top : top + height, left : left + width] = one  # grey is broadcast to RGB
    return page


def sheet_bytes(cells: Sequence[Frame], size_hw: tuple[int, int], across: int = ACROSS) -> bytes:
    """A sheet as WebP."""
    return encode.webp(sheet(cells, size_hw, across), QUALITY)
