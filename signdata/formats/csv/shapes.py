"""The shape of a CSV's pictures: what was asked for, what the header says, or a square."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError, UsageError
from signdata.formats.csv.columns import Colour
from signdata.formats.csv.dialect import CsvDialect
from signdata.formats.csv.scan import Layout

_WHERE = "line 1"


@dataclass(frozen=True)
class PictureShape:
    """Width and height of pictures, and how the values of one in colour follow each other."""

    size_wh: tuple[int, int]
    colour: Colour = ""

    @property
    def channels(self) -> int:
        """1 or 3."""
        return 3 if self.colour else 1

    @property
    def n_values(self) -> int:
        """Values of a picture."""
        return self.size_wh[0] * self.size_wh[1] * self.channels

    def pictures(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Rows of values as (N, H, W, C)."""
        width, height = self.size_wh
        if self.colour == "planes":
            planes = values.reshape(-1, 3, height, width).transpose(0, 2, 3, 1)
            return np.ascontiguousarray(planes)
        return values.reshape(-1, height, width, self.channels)


def asked(size: Sequence[int] | None, recorded: CsvDialect) -> PictureShape | None:
    """The shape that was asked for: W, H, or W, H, C, or C, W, H; else the recorded one.

    Raises
    ------
    UsageError
        If it is none.
    """
    if size is None:
        if recorded.size_wh is None:
            return None
        return PictureShape(recorded.size_wh, recorded.colour)
    if len(size) == 2:
        return PictureShape((size[0], size[1]))
    if size[2] in (1, 3):
        return PictureShape((size[0], size[1]), "interleaved" if size[2] == 3 else "")
    if size[0] in (1, 3):
        return PictureShape((size[1], size[2]), "planes" if size[0] == 3 else "")
    raise UsageError(
        f"--csv-size {'x'.join(map(str, size))}; expected WxH, or WxHx3 for colour pixel by pixel, "
        "or 3xWxH for colour in planes"
    )


def shape_of(layout: Layout, asked: PictureShape | None) -> PictureShape:
    """The shape of a file's pictures.

    Raises
    ------
    FormatError
        If it does not fit the number of values, or nothing says it.
    """
    n, columns = layout.n_pixels, layout.columns
    what = "values in one cell" if columns.one_cell else "pixel columns"
    if asked is not None:
        if asked.n_values != n:
            width, height = asked.size_wh
            shown = f"{width}x{height}" + (" in colour" if asked.colour else "")
            raise FormatError(
                f"{n} {what}; expected {asked.n_values} for {shown}",
                path=layout.path,
                where=_WHERE,
                remedy=_remedy(n),
            )
        return asked
    if columns.size_wh is not None:
        return PictureShape(columns.size_wh)
    colour = columns.names.colour
    side = math.isqrt(n // 3 if colour else n)
    found = PictureShape((side, side), colour)
    if not side or found.n_values != n:
        raise FormatError(
            f"{n} {what}; expected a square number",
            path=layout.path,
            where=_WHERE,
            remedy=_remedy(n),
        )
    return found


def _remedy(n: int) -> str:
    """What reads pictures of `n` values that are no grey squares."""
    side = math.isqrt(n // 3)
    if side and 3 * side * side == n:
        return (
            f"Say --csv-size {side}x{side}x3 if they are in colour, pixel by pixel, or "
            f"--csv-size 3x{side}x{side} if red, green and blue are planes."
        )
    return "Say --csv-size WxH."
