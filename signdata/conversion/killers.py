"""Find the samples of a batch on which a worker process dies."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable
from functools import partial

from signdata.samples import Sample
from signdata.workers import forks

_NUMBER = 8
"""Bytes of a number."""

_NOWHERE = (1 << 64) - 1


def killers_in(samples: Iterable[Sample], work: Callable[[Sample], None]) -> frozenset[int]:
    """Return the numbers of the samples on which `work` ends its process, from 0.

    Everything is tried in a process of its own, which is replaced whenever it dies. What is done
    after that in this process meets none of them.
    """
    found: set[int] = set()
    first = 0
    with mmap.mmap(-1, _NUMBER) as reached:  # shared with the process that counts in it
        while True:
            reached[:] = _number(_NOWHERE)
            try:
                forks.run_in_subprocess(partial(_try_from, first, samples, work, reached))
            except forks.Died:
                number = int.from_bytes(reached[:], "little")
                if number == _NOWHERE:  # no sample is to blame
                    return frozenset(found)
                found.add(number)
                first = number + 1
            else:
                return frozenset(found)


def _try_from(
    first: int, samples: Iterable[Sample], work: Callable[[Sample], None], reached: mmap.mmap
) -> None:
    for number, sample in enumerate(samples):
        if number >= first:
            reached[:] = _number(number)
            work(sample)


def _number(number: int) -> bytes:
    return number.to_bytes(_NUMBER, "little")
