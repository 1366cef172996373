"""Whether signdata has become slower beside the usual way, held against an earlier run.

Seconds differ from machine to machine; how many times one side needs what the other needs
differs much less. So ratios are compared, of processor time and of memory: elapsed time also
depends on what else runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALLOWED = 0.15
"""What part of a ratio may be lost before it is told."""

STEADY = ("CPU", "MB")
"""Parts of the units of which ratios are compared."""


class NotComparable(Exception):
    """The earlier run measured something else."""


@dataclass(frozen=True)
class Change:
    """A ratio then and now: how many times as much the usual way needs.

    Attributes
    ----------
    figure : str
        What was measured, and against what.
    before, now : float or None
        None now, where it is no longer measured.
    """

    figure: str
    before: float
    now: float | None

    @property
    def fell(self) -> bool:
        """Whether more was lost than is allowed."""
        return self.now is None or self.now < self.before * (1 - ALLOWED)

    def __str__(self) -> str:
        if self.now is None:
            return f"{self.figure}: {self.before:.2f}, no longer measured"
        part = self.now / self.before - 1
        return f"{self.figure}: {self.before:.2f} -> {self.now:.2f} ({part:+.0%})"


def compare(before: dict[str, Any], now: dict[str, Any]) -> list[Change]:
    """The ratios of two runs, of the jobs that both have run.

    Parameters
    ----------
    before, now : dict
        What `--json` writes.

    Raises
    ------
    NotComparable
        If they worked on other amounts of data, or have no job in common.
    """
    for name in ("rows", "clips"):
        if before.get(name) != now[name]:
            raise NotComparable(
                f"it measured {before.get(name)} {name}, this run {now[name]}: "
                f"run with the same --{name}"
            )
    names = {figure["name"] for figure in now["figures"]}
    old = _ratios(one for one in before["figures"] if one["name"] in names)
    new = _ratios(now["figures"])
    if not old:
        raise NotComparable("it has no ratio of any job of this run")
    return [Change(figure, ratio, new.get(figure)) for figure, ratio in old.items()]


def _ratios(figures: Iterable[dict[str, Any]]) -> dict[str, float]:
    """How many times as much the usual way needs, by what was measured; least of all rounds."""
    return {
        f"{one['job']} ({one['unit']}) against {one['usual_way']}": min(one["usual"])
        / min(one["ours"])
        for one in figures
        if one["usual"] and min(one["ours"]) > 0 and any(unit in one["unit"] for unit in STEADY)
    }


def read(path: Path) -> dict[str, Any]:
    """What an earlier run wrote with `--json`."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _ = document["figures"][0]["name"]
    except (OSError, ValueError, LookupError, TypeError) as err:
        raise NotComparable(f"cannot be read as what --json writes ({err})") from err
    return document


def told(changes: Sequence[Change]) -> str:
    """What is printed of a comparison: what fell, and how much was looked at."""
    fallen = [f"fell by more than {ALLOWED:.0%}: {one}" for one in changes if one.fell]
    n = len(changes)
    kept = f"{n - len(fallen)} of {n} ratios are as they were, or better"
    return "\n".join([*fallen, kept])
