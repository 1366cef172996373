"""Run a function over many items in worker processes, in order, surviving dead workers.

Work is submitted to a `concurrent.futures.Executor` a few items ahead, never all at
once. Forked workers inherit the items, so only an index is sent; spawned ones are sent
the item. If a worker dies (out of memory, a crashing decoder), the pool is restarted:
items in progress are retried one by one, each in a process of its own; an item that
kills that one too is divided, and only the part that keeps failing is given up.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from typing import Any, Generic

from signdata.workers.forks import FORKS, R, T, _exit_with_parent_only, _no_signals, no_collection
from signdata.workers.memory import keep_freed

AHEAD = 3
"""Items in progress or queued per worker."""


class WorkerDied(Generic[T]):
    """The result of an item that killed its worker on every attempt."""

    def __init__(self, item: T) -> None:
        self.item = item


def n_workers(wanted: int | None) -> int:
    """Number of workers to use: `wanted`, or one for each core this process may run on."""
    if wanted is not None:
        return max(1, wanted)
    with contextlib.suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int,
    divide: Callable[[T], list[T]] = lambda item: [item],
    inline: bool = True,
    patience: float = 0.0,
) -> Generator[tuple[T, list[R | WorkerDied[T]]], None, None]:
    """Yield ``(item, results)`` in the order of `items`.

    Close the generator (`contextlib.closing`) if it may be left early, so that the workers are
    ended at once.

    Parameters
    ----------
    function : callable
        Called in the workers; results are pickled.
    items : iterable
        Read completely before the first is processed, so they should be small.
    workers : int
        Number of processes; 1 runs everything in this process if `inline` is set.
    divide : callable
        Splits an item that killed a worker into smaller ones, to find the one at fault; returns
        the item itself where nothing else is left to try.
    inline : bool
        Whether a single worker may be this process; not if an item may crash it.
    patience : float
        Seconds that all items together may take in this process, as the first of them tell,
        before workers are started for those that are left; not if an item may crash it.

    Yields
    ------
    tuple
        The item and its results: one, or one for each part that `divide` made of it.
    """
    keep_freed()
    if workers == 1 and inline:
        for item in items:
            yield item, [function(item)]
        return
    rest = list(items)
    if patience:
        done = yield from _begun_here(function, rest, patience)
        rest = rest[done:]
        if not rest:
            return
    pool = _Pool(function, rest, workers)
    try:
        yield from pool.run(divide)
    finally:
        pool.stop()


FIRST = 0.1
"""Seconds after which the first items tell how long the others will take."""


WAITS = 4
"""How many times longer than its processor time a job takes that waits more than it works."""


def _begun_here(
    function: Callable[[T], R], items: Sequence[T], patience: float
) -> Generator[tuple[T, list[R | WorkerDied[T]]], None, int]:
    """Yield what this process does itself; return for how many items that is.

    What counts is processor time, so that other work on the machine changes nothing; where most
    of the time goes by in waiting, as for a network's file system, that is what counts.
    """
    worked = passed = 0.0
    for done, item in enumerate(items):
        spent = passed if passed > WAITS * worked else worked
        if spent > FIRST and spent / done * (len(items) - done) > patience:
            return done
        before = time.process_time(), time.perf_counter()
        result = function(item)
        worked += time.process_time() - before[0]
        passed += time.perf_counter() - before[1]
        yield item, [result]
    return len(items)


class _Pool(Generic[T, R]):
    def __init__(self, function: Callable[[T], R], items: list[T], workers: int) -> None:
        self._function = function
        self._items = items
        self._workers = workers
        self._executor: ProcessPoolExecutor | None = None

    def _start(self, workers: int) -> ProcessPoolExecutor:
        executor = ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("fork" if FORKS else "spawn"),
            initializer=_begin_worker,
            initargs=(self._function, self._items if FORKS else []),
        )
        self._executor = executor
        # Until the workers have set their signal handlers.
        with _no_signals(), no_collection(), _one_thread():
            executor.submit(os.getpid)
        return executor

    def run(self, divide: Callable[[T], list[T]]) -> Iterator[tuple[T, list[R | WorkerDied[T]]]]:
        numbered = iter(enumerate(self._items))
        waiting: deque[tuple[T, Future[Any]]] = deque()
        executor = self._start(self._workers)
        while True:
            for number, item in itertools.islice(numbered, self._workers * AHEAD - len(waiting)):
                sent = number if FORKS else item
                waiting.append((item, _submit(executor, sent, inherited=FORKS)))
            if not waiting:
                return
            item, future = waiting.popleft()
            try:
                result = future.result()
            except BrokenExecutor:
                waiting.appendleft((item, future))
                yield from self._each_alone(waiting, divide)
                waiting.clear()
                executor = self._start(self._workers)
            else:
                yield item, [result]

    def _each_alone(
        self, waiting: Iterable[tuple[T, Future[Any]]], divide: Callable[[T], list[T]]
    ) -> Iterator[tuple[T, list[R | WorkerDied[T]]]]:
        """Finish the items in progress when a worker died, each in a process of its own."""
        self.stop()
        for item, future in waiting:
            if not future.cancelled() and future.exception() is None:
                yield item, [future.result()]
                continue
            result = self._alone(item)
            if not isinstance(result, WorkerDied):
                yield item, [result]
                continue
            parts = divide(item)
            given_up = not parts or parts[0] is item
            yield item, [result] if given_up else [self._alone(part) for part in parts]

    def _alone(self, item: T) -> R | WorkerDied[T]:
        future = _submit(self._start(1), item)
        try:
            result: R = future.result()
        except BrokenExecutor:
            return WorkerDied(item)
        finally:
            self.stop()
        return result

    def stop(self) -> None:
        """Kill the workers now: what they are doing is redone or no longer needed."""
        if self._executor is None:
            return
        processes = list((getattr(self._executor, "_processes", None) or {}).values())
        for process in processes:
            process.kill()
        for process in processes:
            process.join()
        # A worker may have died while sending a result. The executor would wait for the rest
        # as long as this process, too, holds the write end of the pipe.
        results = getattr(self._executor, "_result_queue", None)
        if results is not None:
            results._writer.close()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._executor = None


def _submit(executor: ProcessPoolExecutor, item: Any, *, inherited: bool = False) -> Future[Any]:
    """Submit an item, or the index of one that the workers have inherited."""
    try:
        return executor.submit(_call_inherited if inherited else _call, item)
    except BrokenExecutor as err:
        broken: Future[Any] = Future()
        broken.set_exception(err)
        return broken


_function: Callable[[Any], Any]
_items: Sequence[Any]


def _begin_worker(function: Callable[[Any], Any], items: Sequence[Any]) -> None:
    global _function, _items
    _function, _items = function, items
    _exit_with_parent_only()
    gc.freeze()  # what the parent has made is neither looked through nor copied
    if not FORKS:
        _opencv_threads(1)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let forked workers inherit an OpenCV without threads of its own: every core has its worker.

    A worker itself cannot tell it so: it would wait for the threads of this process to end.
    """
    before = _opencv_threads(1)
    try:
        yield
    finally:
        _opencv_threads(before)


def _opencv_threads(n: int) -> int:
    """Let OpenCV, if it is there, have so many threads; return how many it had."""
    opencv = sys.modules.get("cv2")
    if opencv is None:
        return n
    before: int = opencv.getNumThreads()
    opencv.setNumThreads(n)
    return before


def _call(item: Any) -> Any:
    return _function(item)


def _call_inherited(number: int) -> Any:
    return _function(_items[number])
