"""What a piece of work costs: it runs in a fresh process whose children are counted too.

Run as a file, this is the small process in between: a process inherits the peak
memory of the one that starts it, so the benchmark itself must not be that one.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Cost:
    """What one run took.

    Attributes
    ----------
    cpu : float
        Seconds of processor time, user and system, all processes together.
    wall : float
        Seconds on the clock.
    peak : float
        Megabytes of memory of the biggest process at its biggest.
    """

    cpu: float
    wall: float
    peak: float


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes
    ----------
    job, usual_way : str
        What signdata did, and what it is measured against.
    unit : str
        Of all numbers.
    ours, usual : list of float
        One number a round; `usual` is empty where nothing is compared.
    asked : str
        How much is wanted: ``>= 2.5x less`` and ``<= 2x`` are ratios, ``<= 150`` is ours in
        its unit; '' where nothing is.
    """

    job: str
    usual_way: str
    unit: str
    ours: list[float]
    usual: list[float]
    asked: str = ""

    def ratio(self, of: Callable[[list[float]], float]) -> float | None:
        """The usual way's number over ours; ours over it where ours may be that much more."""
        if not self.usual:
            return None
        ours, usual = of(self.ours), of(self.usual)
        return ours / usual if self._at_most and not self._absolute else usual / ours

    @property
    def _at_most(self) -> bool:
        return self.asked.startswith("<=")

    @property
    def _absolute(self) -> bool:
        return "x" not in self.asked

    @property
    def reached(self) -> bool | None:
        """Whether the medians keep what was asked; None where nothing was."""
        if not self.asked:
            return None
        ratio = None if self._absolute else self.ratio(statistics.median)
        value = statistics.median(self.ours) if ratio is None else ratio
        limit = float(self.asked.split()[1].rstrip("x"))
        return value <= limit if self._at_most else value >= limit

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        low, middle = self.ratio(min), self.ratio(statistics.median)
        return {**vars(self), "ratio_min": low, "ratio_median": middle, "reached": self.reached}


def command(*words: str | Path) -> Cost:
    """Run a command; raise `CalledProcessError` if it fails."""
    helper = [sys.executable, "-I", "-S", __file__]
    done = subprocess.run(
        [*helper, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\nfailed:\n{done.stderr}")
    return Cost(**json.loads(done.stdout))


def signdata(*words: str | Path) -> Cost:
    """Run a command of signdata."""
    return command(sys.executable, "-m", "signdata", *words)


def call(function: Callable[..., None], *args: str | Path) -> Cost:
    """Run a function of this package in a process of its own; its arguments become strings."""
    name = function.__name__
    code = f"import sys; from {function.__module__} import {name}; {name}(*sys.argv[1:])"
    return command(sys.executable, "-c", code, *args)


def alternate(
    n_rounds: int, ours: Callable[[], Cost], usual: Callable[[], Cost]
) -> Iterator[tuple[Cost, Cost]]:
    """Yield both costs of each round; who goes first changes from round to round."""
    for i in range(n_rounds):
        if i % 2:
            theirs = usual()
            yield ours(), theirs
        else:
            mine = ours()
            yield mine, usual()


def compare(
    n_rounds: int,
    ours: Callable[[], Cost],
    usual: Callable[[], Cost],
    same: Callable[[], None],
) -> tuple[list[Cost], list[Cost]]:
    """Alternate `n_rounds` times; `same` looks at both results after the first round."""
    mine: list[Cost] = []
    theirs: list[Cost] = []
    for one, other in alternate(n_rounds, ours, usual):
        if not mine:
            same()
        mine.append(one)
        theirs.append(other)
    return mine, theirs


def rotate(
    n_rounds: int, ways: Mapping[str, Callable[[], Cost]], look: Callable[[str], None]
) -> dict[str, list[Cost]]:
    """Run several ways in turn, each round begun by another; `look` checks each first result."""
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    names = list(ways)
    for i in range(n_rounds):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            cost = ways[name]()
            if not costs[name]:
                look(name)
            costs[name].append(cost)
    return costs


def cpu(costs: Sequence[Cost]) -> list[float]:
    """The processor seconds of several runs."""
    return [cost.cpu for cost in costs]


def wall(costs: Sequence[Cost]) -> list[float]:
    """The seconds on the clock of several runs."""
    return [cost.wall for cost in costs]


def _between(words: list[str]) -> int:
    """Start a command, wait for it, print what it took."""
    start = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    # Without it each side would compile anew what it imports, as nothing that is installed does.
    own = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    child = os.posix_spawn(words[0], words, own, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024
    cost = Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * unit / 1e6)
    print(json.dumps(vars(cost)))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(_between(sys.argv[1:]) and 1)
