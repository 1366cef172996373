"""Charts as PNG pages: curves, bars of many classes, a confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata.media.canvas import (
    BLUE,
    BLUES,
    FAINT,
    GREEN,
    GRID,
    INK,
    ORANGE,
    RED,
    REDS,
    Box,
    Canvas,
    Colour,
    fit,
    paint,
    text_width,
)

MOST_CLASSES = 2000
"""More than these are not drawn; the title says so."""

LINES: Sequence[Colour] = (BLUE, ORANGE, GREEN, RED)

_MARGIN = 16
_NAME = 96
"""No class name is longer than this on a page."""


@dataclass(frozen=True)
class Panel:
    """One chart with lines.

    Attributes
    ----------
    title : str
    lines : mapping of str to sequence of float
        One value for each of `x`; NaN leaves a gap.
    percent : bool
        The values are shares, 0..1.
    """

    title: str
    lines: Mapping[str, Sequence[float]]
    percent: bool = False


# ---------------------------------------------------------------------------- curves


def curves(
    panels: Sequence[Panel],
    x: Sequence[int],
    *,
    x_label: str,
    title: str,
    mark: int | None = None,
    mark_label: str = "",
) -> Canvas:
    """Panels side by side over the same whole numbers.

    Parameters
    ----------
    mark : int, optional
        A dashed line at this x, with `mark_label` above it.
    """
    wide, high = 540, 360
    about = "; ".join(f"{panel.title}: {', '.join(panel.lines)}" for panel in panels)
    page = Canvas(wide * len(panels), high + 44, title=title, about=about)
    page.text(_MARGIN, 20, fit(title, 15, page.width - 2 * _MARGIN), size=15)
    for number, panel in enumerate(panels):
        left = number * wide
        box = (left + 64, 88, left + wide - 24, high - 2)
        _lines(page, box, panel, x, mark, mark_label)
        page.text((box[0] + box[2]) / 2, high + 30, x_label, colour=FAINT, anchor="mm")
    return page


def _lines(
    page: Canvas, box: Box, panel: Panel, x: Sequence[int], mark: int | None, mark_label: str
) -> None:
    left, top, right, bottom = box
    values = np.array([list(line) for line in panel.lines.values()], np.float64)
    ticks = y_ticks(values, panel.percent)
    low, high = ticks[0], ticks[-1]
    first, last = (min(x), max(x)) if len(x) else (0, 1)
    span = max(1, last - first)

    def across(at: float) -> float:
        return (left + right) / 2 if first == last else left + (right - left) * (at - first) / span

    def up(at: float) -> float:
        return bottom - (bottom - top) * (at - low) / (high - low)

    page.text(left, top - 38, panel.title, size=13)
    _legend(page, right, top - 38, list(panel.lines))
    for tick in ticks:
        page.line([(left, up(tick)), (right, up(tick))], GRID)
        page.text(left - 8, up(tick), _number(tick, ticks, panel.percent), colour=FAINT, anchor="rm")
    for at in whole_ticks(first, last):
        page.line([(across(at), bottom), (across(at), bottom + 4)], FAINT)
        page.text(across(at), bottom + 14, str(at), colour=FAINT, anchor="mm")
    if mark is not None and first <= mark <= last:
        page.dashes(across(mark), top, bottom, FAINT)
        half = text_width(mark_label, 10) / 2
        at = min(max(across(mark), left + half), right - half)
        page.text(at, top - 12, mark_label, size=10, colour=FAINT, anchor="mm")
    page.line([(left, bottom), (right, bottom)], FAINT)
    for line, colour in zip(values, LINES, strict=False):
        _curve(page, [(across(at), up(value)) for at, value in zip(x, line, strict=True)], colour)


def _curve(page: Canvas, points: Sequence[tuple[float, float]], colour: Colour) -> None:
    """Join what is a number; dots where there are few, or where one stands alone."""
    run: list[tuple[float, float]] = []
    for point in [*points, (math.nan, math.nan)]:
        if math.isfinite(point[1]):
            run.append(point)
            continue
        if len(run) > 1:
            page.line(run, colour, width=2)
        if len(points) <= 40 or len(run) == 1:
            for x, y in run:
                page.dot(x, y, colour)
        run = []


def _legend(page: Canvas, right: float, y: float, names: Sequence[str]) -> None:
    for name, colour in reversed(list(zip(names, LINES, strict=False))):
        page.text(right, y, name, anchor="rm")
        right -= text_width(name, 11) + 24
        page.line([(right, y), (right + 18, y)], colour, width=3)
        right -= 14


def y_ticks(values: NDArray[np.float64], percent: bool = False) -> list[float]:
    """About five round numbers around all finite values; at least two.

    Shares do not go beyond 1.
    """
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if percent:
        high = 1.0 if high > 0.5 else high
        low = min(low, high - 0.02)
    elif low > 0 and low < high / 2:
        low = 0.0
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - 0.5 * max(abs(low), 0.1), high + 0.5 * max(abs(high), 0.1)
    step = _step((high - low) / 5)
    begin, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(begin, end + 1)]


def whole_ticks(first: int, last: int, most: int = 10) -> list[int]:
    """Round whole numbers between two, `first` among them where nothing is near it."""
    step = max(1, round(_step((last - first) / most)))
    ticks = [at for at in range(first, last + 1) if at % step == 0]
    if not ticks or ticks[0] - first >= step / 2:
        ticks = [first, *ticks]
    return ticks


def _step(rough: float) -> float:
    """The next of 1, 2, 5, 10, 20, ... (or 0.5, 0.2, ...) at or above a number."""
    if rough <= 0:
        return 1.0
    ten = 10.0 ** math.floor(math.log10(rough))
    return next(ten * times for times in (1, 2, 5, 10) if ten * times >= rough * (1 - 1e-9))


def _number(value: float, ticks: Sequence[float], percent: bool) -> str:
    times = 100 if percent else 1
    gap = (ticks[1] - ticks[0]) * times
    places = max(0, -math.floor(math.log10(gap) + 1e-9))
    big = abs(value * times) >= 1e6 or places > 6
    text = f"{value * times:.3g}" if big else f"{value * times:.{places}f}"
    return f"{text} %" if percent else text


# ---------------------------------------------------------------------------- many classes


def bars(
    rows: Sequence[tuple[str, Sequence[int]]], names: Sequence[str], *, title: str, about: str = ""
) -> Canvas:
    """One row of bars for each (title, counts), over the same classes; a 0 is red.

    Each row has its own scale.
    """
    shown = min(len(names), MOST_CLASSES)
    slot = _slot(shown, most=72)
    high, size = 130, 10
    every = max(1, math.ceil(11 / slot))
    upright = any(text_width(name, size) > slot - 4 for name in names[:shown]) or every > 1
    room = min(_NAME, max((text_width(n, size) for n in names[:shown]), default=0)) if upright else 12
    width = max(560, 64 + shown * slot + _MARGIN)
    page = Canvas(width, 44 + len(rows) * high + room + 16, title=title, about=about)
    if shown < len(names):
        title = f"{title} (the first {shown})"
    page.text(_MARGIN, 20, fit(title, 15, width - 2 * _MARGIN), size=15)
    left, right = 64.0, 64.0 + shown * slot
    for number, (row, counts) in enumerate(rows):
        _bar_row(page, (left, 44 + number * high + 26, right, 44 + (number + 1) * high - 10), row, counts)
    below = 44 + len(rows) * high - 4
    for idx in range(0, shown, every):
        middle, name = left + (idx + 0.5) * slot, fit(names[idx], size, _NAME if upright else slot)
        anchor = "mt"
        page.text(middle, below, name, size=size, anchor=anchor, upright=upright)
    return page


def _bar_row(page: Canvas, box: Box, row: str, counts: Sequence[int]) -> None:
    left, top, right, bottom = box
    shown = list(counts[:MOST_CLASSES])
    slot = (right - left) / max(1, len(shown))
    ticks = [tick for tick in y_ticks(np.array([0, max([1, *shown])])) if tick == round(tick)]
    high = ticks[-1] if ticks[-1] >= max(shown, default=0) else max(shown)
    page.text(left, top - 14, fit(row, 12, page.width - left - _MARGIN), size=12)
    for tick in ticks[:: max(1, math.ceil(len(ticks) / 4))]:
        y = bottom - (bottom - top) * tick / high
        page.line([(left, y), (right, y)], GRID)
        page.text(left - 8, y, f"{tick:.0f}", size=10, colour=FAINT, anchor="rm")
    inset = min(8.0, slot * 0.15)
    for idx, count in enumerate(shown):
        x0, x1 = left + idx * slot + inset, left + (idx + 1) * slot - inset
        if count:
            page.fill((x0, bottom - (bottom - top) * count / high, x1, bottom), BLUE)
        else:
            page.fill((x0, bottom - 4, x1, bottom), RED)
    page.line([(left, bottom), (right, bottom)], FAINT)


def _slot(count: int, most: float) -> float:
    """The room of one of many classes: all of them keep a page of sensible size."""
    if count <= 120:
        return max(14.0, min(most, 880 / max(1, count)))
    return max(1.0, 1680 / count)


# ---------------------------------------------------------------------------- confusion


def confusion(
    matrix: NDArray[np.int64], names: Sequence[str], *, title: str, about: str = ""
) -> Canvas:
    """A confusion matrix: rows are the truth and add up to 100 %.

    What is right is blue, what is wrong is red, and a little wrong shows already: colours
    follow the square root. Counts stand in the cells, recall at the end of each row.
    """
    shown = min(len(names), MOST_CLASSES)
    matrix, all_of = matrix[:shown, :shown], matrix.sum(axis=1)[:shown]
    cell = _slot(shown, most=64)
    size = 11.0 if cell >= 20 else 9.5
    every = max(1, math.ceil((size + 1) / cell))
    label = min(_NAME, max((text_width(name, size) for name in names[:shown]), default=0))
    left, top = _MARGIN + 26 + label, 96 + label
    side = cell * shown
    page = Canvas(max(640, left + side + 62), top + side + _MARGIN, title=title, about=about)
    if shown < len(names):
        title = f"{title} (the first {shown} classes)"
    page.text(_MARGIN, 20, fit(title, 15, page.width - 2 * _MARGIN), size=15)
    _keys(page)
    page.text(left, 80, "predicted", colour=FAINT)
    page.text(_MARGIN + 6, top, "true", colour=FAINT, anchor="mt", upright=True)
    _cells(page, (left, top, left + side, top + side), matrix, all_of)
    for idx in range(0, shown, every):
        middle, name = (idx + 0.5) * cell, fit(names[idx], size, _NAME)
        page.text(left - 6, top + middle, name, size=size, anchor="rm")
        page.text(left + middle, top - 5, name, size=size, anchor="mb", upright=True)
        share = f"{100 * matrix[idx, idx] / all_of[idx]:.0f} %" if all_of[idx] else "none"
        page.text(left + side + 6, top + middle, share, size=size, colour=FAINT)
    return page


def _keys(page: Canvas) -> None:
    x = float(_MARGIN)
    for word, scale in (("right", BLUES), ("wrong", REDS)):
        page.text(x, 48, word)
        x += text_width(word, 11) + 10
        page.text(x, 48, "0")
        x += 12
        strip = paint(np.linspace(0, 1, 100)[None] ** 0.5, scale)
        page.picture(np.repeat(strip, 10, axis=0), (x, 43, x + 100, 53))
        page.frame((x, 43, x + 100, 53), FAINT, width=0.5)
        page.text(x + 106, 48, "100 % of a row")
        x += 106 + text_width("100 % of a row", 11) + 28


def _cells(page: Canvas, box: Box, matrix: NDArray[np.int64], all_of: NDArray[np.int64]) -> None:
    left, top, _, _ = box
    count = len(matrix)
    cell = (box[2] - left) / max(1, count)
    shares = matrix / np.maximum(all_of, 1)[:, None]
    colours = paint(np.sqrt(shares), REDS)
    diagonal = np.arange(count)
    colours[diagonal, diagonal] = paint(np.sqrt(shares[diagonal, diagonal]), BLUES)
    for row, column in zip(*np.nonzero(matrix), strict=True):
        x, y = left + column * cell, top + row * cell
        red, green, blue = (int(band) for band in colours[row, column])
        page.fill((x, y, x + cell, y + cell), (red, green, blue))
    if cell >= 6:
        for line in range(count + 1):
            at = line * cell
            page.line([(left, top + at), (box[2], top + at)], GRID, width=0.5)
            page.line([(left + at, top), (left + at, box[3])], GRID, width=0.5)
    page.frame(box, FAINT, width=0.5)
    if cell < 14:
        return
    for row, column in zip(*np.nonzero(matrix), strict=True):
        words = _short(int(matrix[row, column]))
        size = next((s for s in (11, 9, 7.5, 6.5) if text_width(words, s) <= cell - 2), 6)
        dark = int(colours[row, column].astype(int) @ (3, 6, 1)) < 1300
        x, y = left + (column + 0.5) * cell, top + (row + 0.5) * cell
        page.text(x, y, words, size=size, colour=(255, 255, 255) if dark else INK, anchor="mm")


def _short(count: int) -> str:
    """A count in at most four signs, up to ten milliards."""
    for limit, one, unit in ((10_000_000, 1_000_000, "M"), (10_000, 1000, "k")):
        if count >= limit:
            return f"{count // one}{unit}"
    return str(count)
