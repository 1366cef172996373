"""How many attacks the tests make, and a list of what held, for ``python3 tasks.py promises``.

``SIGNDATA_ATTACKS=N`` makes the attacks that are counted N times as many; ``SIGNDATA_TALLY=FILE``
adds a line for each attack to a file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

TIMES = int(os.environ.get("SIGNDATA_ATTACKS", "1"))


@contextmanager
def attack(promise: str, *, n: int = 1) -> Iterator[None]:
    """Count `n` attacks on a promise; they held if the block ends without an error."""
    held = 0
    try:
        yield
        held = n
    finally:
        add(promise, tried=n, held=held)


def add(promise: str, **counts: float) -> None:
    """Add a line to the list, if there is one."""
    file = os.environ.get("SIGNDATA_TALLY")
    if file:
        with open(file, "a") as lines:
            lines.write(json.dumps({"promise": promise, **counts}) + "\n")
