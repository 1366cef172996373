"""Drawing in worker processes: the same pictures for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TypeVar

from signdata.errors import CrashError
from signdata.options import ProgressCallback
from signdata.workers import pool

T = TypeVar("T")
R = TypeVar("R")

_WORTH_A_WORKER = 16
"""Items below which starting a process takes longer than it saves."""


def drawn(
    draw: Callable[[T], R], items: Sequence[T], n_samples: int, progress: ProgressCallback | None
) -> Iterator[R]:
    """Yield what `draw` makes of each item, in order.

    Parameters
    ----------
    draw : callable
        Called in the workers; may write files. Results are pickled.
    items : sequence
        About the same number of samples each.
    n_samples : int
        All samples together, for `progress`.
    progress : callable or None
        Called with the number of samples done and the total.
    """
    workers = min(pool.n_workers(None), max(1, len(items) // _WORTH_A_WORKER))
    with closing(pool.run(draw, items, workers=workers)) as runs:
        for number, (item, results) in enumerate(runs, 1):
            (result,) = results
            if isinstance(result, pool.WorkerDied):
                raise CrashError(f"the worker process died every time it drew {item!r}")
            yield result
            if progress is not None:
                progress(number * n_samples // len(items), n_samples)
