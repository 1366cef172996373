"""Ctrl-C while a network learns: it waits until the step is done and its state is kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Pause:
    """Holds back the first signal to stop until `now` is called; the second acts at once.

    What then happens is up to the handler that was there before: Python's raises
    `KeyboardInterrupt`. Outside the main thread, or where it `holds` none, nothing is held back.
    """

    def __init__(self, *, holds: bool = True) -> None:
        self._holds = holds and threading.current_thread() is threading.main_thread()
        self._before: dict[int, Any] = {}
        self._number = 0

    def __enter__(self) -> Self:
        if self._holds:
            self._before = {each: signal.getsignal(each) for each in _SIGNALS}
            for number, handler in self._before.items():
                if callable(handler):
                    signal.signal(number, self._hold)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._give_back()

    def _hold(self, number: int, frame: FrameType | None) -> None:
        if self._number:
            self._give_back()
            self._before[number](number, frame)
        self._number = number

    def _give_back(self) -> None:
        for number, handler in self._before.items():
            if callable(handler):
                signal.signal(number, handler)

    def now(self, keep: Callable[[], None]) -> None:
        """If a signal has come: call `keep`, then do what the signal asks."""
        if self._number:
            keep()
            self._give_back()
            self._before[self._number](self._number, None)
