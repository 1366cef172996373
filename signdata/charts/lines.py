"""Charts of lines over whole numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata import fonts
from signdata.charts.colours import LINES
from signdata.charts.drawing import Box, Drawing

Style = tuple[str, str]
"""Colour and dashes of a line."""

_MARGIN = 16
_DASHES = ("", "6 3", "2 3")


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
    styles : sequence of (colour, dashes), optional
        How each line is drawn; by default a colour each, and dashes once there are no more.
    """

    title: str
    lines: Mapping[str, Sequence[float]]
    percent: bool = False
    styles: Sequence[Style] = ()

    def style(self, number: int) -> Style:
        """How a line is drawn."""
        if number < len(self.styles):
            return self.styles[number]
        return LINES[number % len(LINES)], _DASHES[number // len(LINES) % len(_DASHES)]


# ---------------------------------------------------------------------------- curves


def line_chart(
    panels: Sequence[Panel],
    x: Sequence[int],
    *,
    x_label: str,
    title: str,
    mark: int | None = None,
    mark_label: str = "",
    legend: bool = True,
    note: str = "",
) -> Drawing:
    """Panels side by side over the same whole numbers.

    Parameters
    ----------
    mark : int, optional
        A dashed line at this x, with `mark_label` above it.
    legend : bool
        Whether the lines are named in the drawing; a page may do that next to it.
    note : str
        One line below the panels.
    """
    wide, high = 540, 360
    about = "; ".join(f"{panel.title}: {', '.join(panel.lines)}" for panel in panels)
    page = Drawing(wide * len(panels), high + (66 if note else 44), title=title, about=about)
    if note:
        told = fonts.fit(note, 11, page.width - 2 * _MARGIN)
        page.text(_MARGIN, high + 52, told, size=11, colour="faint")
    page.text(_MARGIN, 20, fonts.fit(title, 15, page.width - 2 * _MARGIN), size=15)
    for number, panel in enumerate(panels):
        left = number * wide
        box = (left + 64, 88, left + wide - 24, high - 2)
        _lines(page, box, panel, x, mark, mark_label, legend=legend)
        page.text((box[0] + box[2]) / 2, high + 30, x_label, colour="faint", anchor="mm")
    return page


def _lines(
    page: Drawing,
    box: Box,
    panel: Panel,
    x: Sequence[int],
    mark: int | None,
    mark_label: str,
    *,
    legend: bool,
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
    if legend:
        _legend(page, right, top - 38, panel)
    with page.group(part="ticks"):
        for tick in ticks:
            page.line([(left, up(tick)), (right, up(tick))], "grid")
            said = _number(tick, ticks, panel.percent)
            page.text(left - 8, up(tick), said, colour="faint", anchor="rm")
    for whole in whole_ticks(first, last):
        page.line([(across(whole), bottom), (across(whole), bottom + 4)], "faint")
        page.text(across(whole), bottom + 14, str(whole), colour="faint", anchor="mm")
    if mark is not None and first <= mark <= last:
        page.line([(across(mark), top), (across(mark), bottom)], "faint", dashes="4 4")
        half = fonts.width(mark_label, 10) / 2
        at = min(max(across(mark), left + half), right - half)
        page.text(at, top - 12, mark_label, size=10, colour="faint", anchor="mm")
    page.line([(left, bottom), (right, bottom)], "faint")
    scale = {"box": _listed(box), "x": _listed((first, last)), "y": _listed((low, high))}
    with page.group(part="lines", **scale):
        for number, line in enumerate(values):
            points = [(across(at), up(value)) for at, value in zip(x, line, strict=True)]
            with page.group(line=str(number)):
                _curve(page, points, panel.style(number))


def _listed(numbers: Sequence[float]) -> str:
    return " ".join(f"{number:.12g}" for number in numbers)


def _curve(page: Drawing, points: Sequence[tuple[float, float]], style: Style) -> None:
    """Join what is a number; dots where there are few, or where one stands alone."""
    colour, dashes = style
    run: list[tuple[float, float]] = []
    for point in [*points, (math.nan, math.nan)]:
        if math.isfinite(point[1]):
            run.append(point)
            continue
        if len(run) > 1:
            page.line(run, colour, width=2, dashes=dashes)
        if len(points) <= 40 or len(run) == 1:
            for x, y in run:
                page.dot(x, y, colour)
        run = []


def _legend(page: Drawing, right: float, y: float, panel: Panel) -> None:
    for number, name in reversed(list(enumerate(panel.lines))):
        colour, dashes = panel.style(number)
        page.text(right, y, name, anchor="rm")
        right -= fonts.width(name, 11) + 24
        page.line([(right, y), (right + 18, y)], colour, width=3, dashes=dashes)
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
