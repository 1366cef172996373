"""The curves of runs: drawn once, and drawn again by the script of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from signdata.charts.lines import Panel, line_chart
from signdata.pages.runs import RunFacts


@dataclass(frozen=True)
class Figure:
    """An interactive chart, and the numbers in it."""

    title: str
    svg: str
    x: tuple[int, ...]
    lines: tuple[tuple[str, str, tuple[float | None, ...]], ...]
    percent: bool

    @property
    def data(self) -> dict[str, Any]:
        """For the script of the page."""
        return {
            "x": list(self.x),
            "percent": self.percent,
            "lines": [{"name": name, "y": list(values)} for name, _, values in self.lines],
        }


def figures(runs: Sequence[RunFacts]) -> list[Figure]:
    """Loss and accuracy of all runs, epoch by epoch."""
    learned = [run for run in runs if run.history]
    if not learned:
        return []
    last = max(int(row["epoch"] or 0) for run in learned for row in run.history)
    epochs = tuple(range(1, last + 1))
    made = []
    for what in ("loss", "accuracy"):
        lines: list[tuple[str, str, tuple[float | None, ...]]] = []
        styles = []
        several = len(learned) > 1
        for number, run in enumerate(learned):
            by_epoch = {int(row["epoch"] or 0): row for row in run.history}
            for place, split in enumerate(("train", "val")):
                values = tuple(by_epoch.get(at, {}).get(f"{split}_{what}") for at in epochs)
                if all(value is None for value in values):
                    continue
                style = Panel("", {}).style(number if several else place)
                if several and split == "train":
                    style = (style[0], "5 4")
                styles.append(style)
                lines.append((f"{run.name} {split}" if several else split, style[0], values))
        percent = what == "accuracy"
        panel = Panel(
            what,
            {name: [np.nan if v is None else v for v in values] for name, _, values in lines},
            percent,
            styles,
        )
        if lines:
            chart = line_chart([panel], epochs, x_label="epoch", title="", legend=False)
            made.append(Figure(what, chart.svg(), epochs, tuple(lines), percent))
    return made
