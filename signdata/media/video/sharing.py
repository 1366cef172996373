"""One pass over a file for all clips that are cut from it, also where they overlap.

Whoever reads a clip pulls its frames one by one. So that several clips can be fed by the same
pass, each is read in a thread of its own, of which one runs at a time: the pass decodes a
frame, lets every clip that waits for it run until it asks for another one, and goes on. A
clip begins when the pass reaches its first frame; one frame is in memory, and what each clip
keeps of it. A clip that has to be read again waits for the next pass, with all others that do.
"""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from signdata.errors import DecodeError

T = TypeVar("T")


@dataclass(frozen=True)
class Part(Generic[T]):
    """One clip to be read.

    Attributes
    ----------
    start : int
        Index of its first frame, as far as is known.
    read : callable
        Reads it, by way of `Sharing.frames`; what it returns is the result.
    """

    start: int
    read: Callable[[], T]


class _Left(BaseException):
    """Raised in a thread that is not waited for any more."""


class _Ended:
    """Handed to a clip in place of a frame when the pass is over."""

    def __init__(self, fault: DecodeError | None) -> None:
        self.fault = fault


class _Thread(Generic[T]):
    """A clip being read; stands still but between `resume` and its next `ask`."""

    def __init__(self, part: Part[T]) -> None:
        self.part = part
        self.wants = part.start
        self.in_pass = 0
        self.done = False
        self.result: T | None = None
        self.error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._given: Any = None
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)

    @property
    def begun(self) -> bool:
        return self._thread is not None

    def resume(self, given: Any = None) -> None:
        """Let it run, with what it has asked for, until it asks again or is done."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        else:
            self._given = given
            self._go.release()
        self._back.acquire()

    def ask(self) -> Any:
        """Called in the thread: stand still until there is what was asked for."""
        self._back.release()
        self._go.acquire()
        given, self._given = self._given, None
        if isinstance(given, _Left):
            raise given
        return given

    def leave(self) -> None:
        """End it where it stands."""
        if self.begun and not self.done:
            self.resume(_Left())

    def _run(self) -> None:
        try:
            self.result = self.part.read()
        except BaseException as err:
            self.error = err
        finally:
            self.done = True
            self._back.release()


class Sharing:
    """The passes over one file, and who is fed by them.

    Parameters
    ----------
    begin : callable
        Begins a pass: returns a generator of indices and frames.
    parts : sequence of Part
        The clips.
    """

    def __init__(
        self, begin: Callable[[], Generator[tuple[int, Any], None, None]], parts: Sequence[Part[T]]
    ) -> None:
        self._begin = begin
        self._threads = [_Thread(part) for part in parts]
        self._running: _Thread[Any] | None = None
        self._index = -1
        self._pass = 0

    def run(self) -> list[Any]:
        """Read all clips; their results, in the order in which they were given."""
        try:
            while any(not thread.done for thread in self._threads):
                self._one_pass()
        finally:
            for thread in self._threads:
                thread.leave()
        for thread in self._threads:
            if thread.error is not None:
                raise thread.error
        return [thread.result for thread in self._threads]

    def frames(self, start: int) -> Iterator[tuple[int, Any]]:
        """Yield each frame from index `start` on; called in the thread of a clip."""
        thread = self._running
        assert thread is not None
        while True:
            thread.wants = start
            thread.in_pass = self._pass + (start <= self._index)
            given = thread.ask()
            if isinstance(given, _Ended):
                if given.fault is not None:
                    raise copy.copy(given.fault)
                return
            yield given
            start = given[0] + 1

    def _one_pass(self) -> None:
        self._pass, self._index = self._pass + 1, -1
        fault: DecodeError | None = None
        with _closing(self._begin()) as frames:
            try:
                for index, frame in frames:
                    self._index = index
                    self._serve(index, frame)
                    if not any(self._is_fed(thread) for thread in self._threads):
                        return
            except DecodeError as err:
                fault = err
            self._end(fault)

    def _is_fed(self, thread: _Thread[Any]) -> bool:
        """Whether this pass has something for a clip, now or later."""
        return not thread.done and (not thread.begun or thread.in_pass == self._pass)

    def _serve(self, index: int, frame: Any) -> None:
        for thread in self._threads:
            if not thread.begun and thread.part.start <= index:
                self._index = index - 1  # this frame is still to be had
                self._resume(thread)
                self._index = index
            if self._is_fed(thread) and thread.begun and thread.wants <= index:
                self._resume(thread, (index, frame))

    def _end(self, fault: DecodeError | None) -> None:
        """Tell all that there is no further frame, those too that had yet to begin."""
        for thread in self._threads:
            if not thread.begun:
                self._resume(thread)
        waiting = [t for t in self._threads if not t.done and t.in_pass == self._pass]
        self._index = sys.maxsize  # whoever asks again asks the next pass
        for thread in waiting:
            self._resume(thread, _Ended(fault))

    def _resume(self, thread: _Thread[Any], given: Any = None) -> None:
        self._running = thread
        thread.resume(given)
        self._running = None


@contextmanager
def _closing(frames: Generator[Any, None, None]) -> Iterator[Generator[Any, None, None]]:
    try:
        yield frames
    finally:
        frames.close()
