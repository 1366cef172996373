"""Pages of small pictures with what was said of them, as PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata import fonts
from signdata.charts.colours import HEAT, paint
from signdata.charts.drawing import Drawing
from signdata.samples import Frame

_MARGIN = 16
_TOP = 44


@dataclass(frozen=True)
class Tile:
    """A picture and its true class.

    Attributes
    ----------
    frame : Frame or None
        (H, W, C) uint8; None where there is none to show.
    truth : str
    guesses : sequence of (str, float)
        Class and probability, likeliest first.
    id : str
        Of the sample; its end is shown where it is too long.
    """

    frame: Frame | None
    truth: str
    guesses: Sequence[tuple[str, float]] = ()
    id: str = ""


def mistakes(tiles: Sequence[Tile], *, title: str, about: str = "", columns: int = 8) -> Drawing:
    """Pictures, and under each the true class and the likeliest one with its probability."""
    side, gap = 112, 14
    across = max(1, min(columns, len(tiles)))
    down = math.ceil(len(tiles) / across)
    width = max(560, 2 * _MARGIN + across * (side + gap) - gap)
    high = side + (59 if any(tile.id for tile in tiles) else 46)
    page = Drawing(width, _TOP + down * high + _MARGIN, title=title, about=about)
    page.text(_MARGIN, 20, fonts.fit(title, 15, width - 2 * _MARGIN), size=15)
    for number, tile in enumerate(tiles):
        left = _MARGIN + number % across * (side + gap)
        top = _TOP + number // across * high
        _picture(page, tile.frame, left, top, side)
        page.text(left, top + side + 10, fonts.fit(f"true {tile.truth}", 11, side))
        if tile.guesses:
            name, share = tile.guesses[0]
            colour = "green" if name == tile.truth else "red"
            page.text(left + side, top + side + 25, _percent(share), colour="faint", anchor="rm")
            page.text(
                left, top + side + 25, fonts.fit(f"said {name}", 11, side - 42), colour=colour
            )
        if tile.id:
            named = fonts.fit_end(tile.id, 9, side)
            page.text(left, top + side + 39, named, size=9, colour="faint")
    return page


def likeliest(tiles: Sequence[Tile], *, title: str, about: str = "", columns: int = 5) -> Drawing:
    """Pictures, and next to each its guesses as bars; the true class is green."""
    side, wide, high = 84, 244, 129 if any(tile.id for tile in tiles) else 116
    across = max(1, min(columns, len(tiles)))
    down = math.ceil(len(tiles) / across)
    width = max(560, 2 * _MARGIN + across * wide - 20)
    page = Drawing(width, _TOP + down * high + 4, title=title, about=about)
    page.text(_MARGIN, 20, fonts.fit(title, 15, width - 2 * _MARGIN), size=15)
    for number, tile in enumerate(tiles):
        left, top = _MARGIN + number % across * wide, _TOP + number // across * high
        right = bool(tile.guesses) and tile.guesses[0][0] == tile.truth
        colour = "faint" if tile.frame is None else "green" if right else "red"
        page.text(left, top + 6, fonts.fit(tile.truth, 12, wide - 24), size=12, colour=colour)
        _picture(page, tile.frame, left, top + 16, side)
        if tile.id:
            named = fonts.fit_end(tile.id, 9, wide - 24)
            page.text(left, top + side + 26, named, size=9, colour="faint")
        for rank, (name, share) in enumerate(tile.guesses):
            _guess(page, left + side + 10, top + 24 + rank * 17, name, share, name == tile.truth)
    return page


def _guess(page: Drawing, left: float, y: float, name: str, share: float, right: bool) -> None:
    bar, label = 62, 62
    page.text(left, y, fonts.fit(name, 10, label - 4), size=10, colour="green" if right else "ink")
    page.fill((left + label, y - 4, left + label + bar, y + 4), "grid")
    known = share if math.isfinite(share) else 0.0
    end = left + label + bar * min(1.0, max(0.0, known))
    page.fill((left + label, y - 4, end, y + 4), "green" if right else "blue")
    dark = known > 0.5
    at, anchor = (left + label + 3, "lm") if dark else (left + label + bar - 3, "rm")
    colour = "white" if dark else "faint"
    page.text(at, y, _percent(share), size=8, colour=colour, anchor=anchor)


def _picture(page: Drawing, frame: Frame | None, left: float, top: float, side: float) -> None:
    box = (left, top, left + side, top + side)
    if frame is None:
        page.fill(box, "grid")
        page.text(left + side / 2, top + side / 2, "no sample", colour="faint", anchor="mm")
        return
    page.fill(box, "ground")
    page.picture(frame, box)


def _percent(share: float) -> str:
    if not math.isfinite(share):
        return "NaN"
    return f"{100 * share:.0f} %" if share >= 0.0995 or share < 0.0005 else f"{100 * share:.1f} %"


# ---------------------------------------------------------------------------- feature maps


def feature_maps(
    frame: Frame,
    layers: Sequence[tuple[str, NDArray[np.float32]]],
    *,
    title: str,
    about: str = "",
    most: int = 32,
) -> Drawing:
    """A picture, and the maps that layers make of it.

    Parameters
    ----------
    layers : sequence of (str, ndarray of float, shape (channels, H, W))
        The maps of one layer share a scale, from its lowest to its highest value but for the
        outer half percent: a map without contrast has nothing to say. At most `most` maps of
        each are drawn.
    """
    side, gap, across, key = 84, 4, 8, 112
    drawn = [(name, maps[:most], len(maps)) for name, maps in layers]
    rows = [max(1, math.ceil(len(maps) / across)) for _, maps, _ in drawn]
    high = sum(26 + count * (side + gap) + 14 for count in rows)
    left = _MARGIN + key + 28
    width = left + across * (side + gap) + _MARGIN
    page = Drawing(width, _TOP + max(high, key + 60), title=title, about=about)
    page.text(_MARGIN, 20, fonts.fit(title, 15, width - 2 * _MARGIN), size=15)
    page.text(_MARGIN, _TOP + 8, "input", size=12)
    _picture(page, frame, _MARGIN, _TOP + 22, key)
    top = float(_TOP)
    for (name, maps, all_of), count in zip(drawn, rows, strict=True):
        low, high_ = _range(maps)
        told = f"{name}: {len(maps)} of {all_of} maps" if len(maps) < all_of else name
        told += f", {maps.shape[1]} x {maps.shape[2]}, {low:.2g} to {high_:.2g}"
        page.text(left, top + 8, fonts.fit(told, 12, width - left - _MARGIN), size=12)
        painted = paint((maps - low) / (high_ - low or 1), HEAT)
        for number, colours in enumerate(painted):
            x = left + number % across * (side + gap)
            y = top + 22 + number // across * (side + gap)
            page.picture(colours, (x, y, x + side, y + side))
        top += 26 + count * (side + gap) + 14
    return page


def _range(maps: NDArray[np.float32]) -> tuple[float, float]:
    known = maps[np.isfinite(maps)]
    if not known.size:
        return 0.0, 0.0
    low, high = np.percentile(known, (0.5, 99.5))
    return float(low), float(high)
