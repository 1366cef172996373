"""Charts of many classes: bars of each, and what was taken for what."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from signdata import fonts
from signdata.charts.colours import LEVELS, RIGHT_SCALE, WRONG_SCALE, level, on_level, paint
from signdata.charts.drawing import Box, Drawing
from signdata.charts.lines import y_ticks
from signdata.samples import Frame

MOST_CLASSES = 2000
"""More than these are not drawn; the title says so."""

_MARGIN = 16
_SMALLEST = 6
"""Smaller cells, in pixels, are one picture."""

_MOST_CELLS = 6000
"""So are more cells than these that are not empty."""

_NAME = 96
"""No class name is longer than this on a page."""


def bar_chart(
    rows: Sequence[tuple[str, Sequence[int]]], names: Sequence[str], *, title: str, about: str = ""
) -> Drawing:
    """One row of bars for each (title, counts), over the same classes; a 0 is red.

    Each row has its own scale.
    """
    names, shown = fonts.legible(names), min(len(names), MOST_CLASSES)
    slot = _slot(shown, most=72)
    high, size = 130, 10
    every = max(1, math.ceil(11 / slot))
    flat = _flat(names[:shown], size, slot)
    upright = [fonts.width(n, size) for n, lies in zip(names, flat, strict=False) if not lies]
    room = min(_NAME, max([12, *upright]))
    width = max(560, 64 + shown * slot + _MARGIN)
    page = Drawing(width, 44 + len(rows) * high + room + 16, title=title, about=about)
    if shown < len(names):
        title = f"{title} (the first {shown})"
    page.text(_MARGIN, 20, fonts.fit(title, 15, width - 2 * _MARGIN), size=15)
    left, right = 64.0, 64.0 + shown * slot
    for number, (row, counts) in enumerate(rows):
        _bar_row(
            page, (left, 44 + number * high + 26, right, 44 + (number + 1) * high - 10), row, counts
        )
    below = 44 + len(rows) * high - 4
    for idx in range(0, shown, every):
        middle, name = left + (idx + 0.5) * slot, fonts.fit(names[idx], size, _NAME)
        page.text(middle, below, name, size=size, anchor="mt", upright=not flat[idx])
    return page


def _bar_row(page: Drawing, box: Box, row: str, counts: Sequence[int]) -> None:
    left, top, right, bottom = box
    shown = list(counts[:MOST_CLASSES])
    slot = (right - left) / max(1, len(shown))
    ticks = [tick for tick in y_ticks(np.array([0, max([1, *shown])])) if tick == round(tick)]
    high = ticks[-1] if ticks[-1] >= max(shown, default=0) else max(shown)
    page.text(left, top - 14, fonts.fit(row, 12, page.width - left - _MARGIN), size=12)
    for tick in ticks[:: max(1, math.ceil(len(ticks) / 4))]:
        y = bottom - (bottom - top) * tick / high
        page.line([(left, y), (right, y)], "grid")
        page.text(left - 8, y, f"{tick:.0f}", size=10, colour="faint", anchor="rm")
    inset = min(8.0, slot * 0.15)
    for idx, count in enumerate(shown):
        x0, x1 = left + idx * slot + inset, left + (idx + 1) * slot - inset
        if count:
            page.fill((x0, bottom - (bottom - top) * count / high, x1, bottom), "blue")
        else:
            page.fill((x0, bottom - 4, x1, bottom), "red")
    page.line([(left, bottom), (right, bottom)], "faint")


def _flat(names: Sequence[str], size: float, slot: float) -> list[bool]:
    """Which names lie flat under or over their class: all that fit, if that is most of them."""
    fits = [fonts.width(name, size) <= slot - 4 for name in names]
    return fits if sum(fits) * 3 >= len(fits) * 2 else [False] * len(fits)


def _slot(count: int, most: float) -> float:
    """The room of one of many classes: all of them keep a page of sensible size."""
    if count <= 120:
        return max(14.0, min(most, 880 / max(1, count)))
    return max(1.0, 1680 / count)


# ---------------------------------------------------------------------------- confusion


def confusion_matrix(
    matrix: NDArray[np.int64],
    names: Sequence[str],
    *,
    title: str,
    about: str = "",
    most_cells: int = _MOST_CELLS,
) -> Drawing:
    """A confusion matrix: rows are the truth and add up to 100 %.

    What is right is blue, what is wrong is red, and a little wrong shows already: colours
    follow the square root. Counts stand in the cells, recall at the end of each row. Where more
    than `most_cells` are not empty, they are one small picture.
    """
    names, shown = fonts.legible(names), min(len(names), MOST_CLASSES)
    matrix, all_of = matrix[:shown, :shown], matrix.sum(axis=1)[:shown]
    cell = _slot(shown, most=64)
    size = 11.0 if cell >= 20 else 9.5
    every = max(1, math.ceil((size + 1) / cell))
    label = min(_NAME, max((fonts.width(name, size) for name in names[:shown]), default=0))
    flat = _flat(names[:shown], size, cell)
    over = [fonts.width(n, size) for n, lies in zip(names, flat, strict=False) if not lies]
    left, top = _MARGIN + 32 + label, 100 + min(_NAME, max([12, *over]))
    side = cell * shown
    page = Drawing(max(640, left + side + 62), top + side + _MARGIN, title=title, about=about)
    if shown < len(names):
        title = f"{title} (the first {shown} classes)"
    page.text(_MARGIN, 20, fonts.fit(title, 15, page.width - 2 * _MARGIN), size=15)
    _keys(page)
    page.text(left, 82, "predicted", colour="faint")
    page.text(_MARGIN + 6, top, "true", colour="faint", anchor="mt", upright=True)
    _cells(page, (left, top, left + side, top + side), matrix, all_of, most_cells)
    for idx in range(0, shown, every):
        middle, name = (idx + 0.5) * cell, fonts.fit(names[idx], size, _NAME)
        page.text(left - 6, top + middle, name, size=size, anchor="rm")
        page.text(left + middle, top - 5, name, size=size, anchor="mb", upright=not flat[idx])
        share = recall_text(int(matrix[idx, idx]), int(all_of[idx]))
        page.text(left + side + 6, top + middle, share, size=size, colour="faint")
    return page


def recall_text(right: int, total: int) -> str:
    """A share in percent, rounded; only all of them are 100 %."""
    if not total:
        return "none"
    percent = 100 * right / total
    if right < total and percent >= 99.5:
        return f"{min(percent, 99.9):.1f} %"
    return f"{percent:.0f} %"


def _keys(page: Drawing) -> None:
    x = float(_MARGIN)
    for word in ("right", "wrong"):
        page.text(x, 48, word)
        x += fonts.width(word, 11) + 10
        page.text(x, 48, "0")
        x += 12
        for step in range(LEVELS):
            page.fill((x + 10 * step, 43, x + 10 * (step + 1), 53), f"{word}{step}")
        page.frame((x, 43, x + 100, 53), "faint", width=0.5)
        page.text(x + 106, 48, "100 % of a row")
        x += 106 + fonts.width("100 % of a row", 11) + 28


def _cells(
    page: Drawing,
    box: Box,
    matrix: NDArray[np.int64],
    all_of: NDArray[np.int64],
    most_cells: int,
) -> None:
    left, top, _, _ = box
    count = len(matrix)
    cell = (box[2] - left) / max(1, count)
    shares = matrix / np.maximum(all_of, 1)[:, None]
    if cell < _SMALLEST or np.count_nonzero(matrix) > most_cells:
        page.picture(_painted(shares), box)
        page.frame(box, "faint", width=0.5)
        return
    filled = list(zip(*(axis.tolist() for axis in np.nonzero(matrix)), strict=True))
    for row, column in filled:
        x, y = left + column * cell, top + row * cell
        page.fill((x, y, x + cell, y + cell), _scale(row, column) + str(level(shares[row, column])))
    for line in range(count + 1):
        at = line * cell
        page.line([(left, top + at), (box[2], top + at)], "grid", width=0.5)
        page.line([(left + at, top), (left + at, box[3])], "grid", width=0.5)
    page.frame(box, "faint", width=0.5)
    for row, column in filled if cell >= 14 else ():
        words = _short(int(matrix[row, column]))
        size = next((s for s in (11, 9, 7.5, 6.5) if fonts.width(words, s) <= cell - 2), 6)
        x, y = left + (column + 0.5) * cell, top + (row + 0.5) * cell
        colour = on_level(level(shares[row, column]))
        page.text(x, y, words, size=size, colour=colour, anchor="mm")


def _scale(row: int, column: int) -> str:
    return "right" if row == column else "wrong"


def _painted(shares: NDArray[np.float64]) -> Frame:
    """A pixel for each cell."""
    colours = paint(np.sqrt(shares), WRONG_SCALE)
    diagonal = np.arange(len(shares))
    colours[diagonal, diagonal] = paint(np.sqrt(shares[diagonal, diagonal]), RIGHT_SCALE)
    return colours


def _short(count: int) -> str:
    """A count in at most four signs, up to ten milliards."""
    for limit, one, unit in ((10_000_000, 1_000_000, "M"), (10_000, 1000, "k")):
        if count >= limit:
            return f"{count // one}{unit}"
    return str(count)
