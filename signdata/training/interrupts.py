"""Ctrl-C during training: delayed until the step is done and its state is saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Pause:
    """Delays the first stop signal until `now` is called; a second one acts at once.

    The previous handler is then called; Python's raises `KeyboardInterrupt`. Outside the main
    thread, or with `holds` False, nothing is delayed.
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
        self._restore()

    def _hold(self, number: int, frame: FrameType | None) -> None:
        if self._number:
            self._restore()
            self._before[number](number, frame)
        self._number = number

    def _restore(self) -> None:
        for number, handler in self._before.items():
            if callable(handler):
                signal.signal(number, handler)

    def now(self, keep: Callable[[], None]) -> None:
        """If a signal has arrived, call `keep`, then the signal's previous handler."""
        if self._number:
            keep()
            self._restore()
            self._before[self._number](self._number, None)
