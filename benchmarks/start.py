"""What it costs to start."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.data import Place
from benchmarks.measure import Figure, alternate, command, cpu, signdata


def start(place: Place) -> Iterator[Figure]:
    """The help text and the import of the library; next to them Python itself."""
    n_rounds = max(5, place.rounds)
    python = sys.executable
    pairs = list(
        alternate(
            n_rounds,
            lambda: signdata("--help"),
            lambda: command(python, "-c", "import signdata"),
        )
    )
    bare = [command(python, "-c", "pass") for _ in range(n_rounds)]
    yield Figure("signdata --help", "", "s CPU", cpu([one for one, _ in pairs]), [], "<= 0.2")
    yield Figure("import signdata", "", "s CPU", cpu([one for _, one in pairs]), [], "<= 0.2")
    yield Figure("python itself", "", "s CPU", cpu(bare), [])


JOBS = {"start": start}
