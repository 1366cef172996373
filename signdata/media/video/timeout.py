"""An alarm clock for decoders that do not come back."""

from __future__ import annotations

import multiprocessing
import signal
import threading

LONGEST = 1e8
"""Seconds that the system's clocks can count."""


class Alarm:
    """End this worker process if what is inside ``with alarm:`` takes longer than `seconds`.

    A decoder that hangs inside the library cannot be asked to stop; its process can be ended,
    and the run goes on without that video. Does nothing outside the main thread of a worker
    process, nor where the system has no such timer. It can be used again and again, in the
    thread that made it: for each frame, it must not cost what it does to find that out.
    """

    def __init__(self, seconds: float | None) -> None:
        armed = (
            seconds is not None
            and hasattr(signal, "setitimer")
            and multiprocessing.parent_process() is not None
            and threading.current_thread() is threading.main_thread()
        )
        self._seconds = min(seconds, LONGEST) if armed and seconds is not None else 0.0
        if self._seconds:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def __enter__(self) -> None:
        if self._seconds:
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        if self._seconds:
            signal.setitimer(signal.ITIMER_REAL, 0)
