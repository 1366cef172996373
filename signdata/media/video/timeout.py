"""An alarm clock for decoders that do not come back."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Iterator

LONGEST = 1e8
"""Seconds that the system's clocks can count."""


@contextlib.contextmanager
def alarm(seconds: float | None) -> Iterator[None]:
    """End this worker process if what is inside takes longer than `seconds`.

    A decoder that hangs inside the library cannot be asked to stop; its process can be ended,
    and the run goes on without that video. Does nothing outside the main thread of a worker
    process, nor where the system has no such timer.
    """
    armed = (
        hasattr(signal, "setitimer")
        and multiprocessing.parent_process() is not None
        and threading.current_thread() is threading.main_thread()
    )
    if seconds is None or not armed:
        yield
        return
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, min(seconds, LONGEST))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
