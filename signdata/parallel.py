"""Running one function over many items in worker processes, in order, surviving dead workers.

Work is handed to a `concurrent.futures.Executor` a few items ahead, never all at
once. A worker that dies (out of memory, a decoder's crash) costs the pool, not
the run: the items that were under way are tried again one by one, each in a
process of its own, and only the one that kills it again is given up.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 3
"""Items under way or waiting for each worker."""


class WorkerDied(Generic[T]):
    """Stands in for the result of an item that killed its worker twice."""

    def __init__(self, item: T) -> None:
        self.item = item


def n_workers(wanted: int | None) -> int:
    """How many workers to use: `wanted`, or all cores that this process may run on."""
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
) -> Iterator[tuple[T, list[R | WorkerDied[T]]]]:
    """Yield ``(item, results)`` in the order of `items`.

    Parameters
    ----------
    function : callable
        Called in the workers; it, the items and the results travel by pickle.
    items : iterable
        Pulled as workers become free.
    workers : int
        1 runs everything in this process.
    divide : callable
        Cuts an item that may have killed a worker into smaller ones, to find the one at fault.

    Yields
    ------
    tuple
        The item and its results: one, or as many as `divide` made of it.
    """
    if workers == 1:
        for item in items:
            yield item, [function(item)]
        return
    pool = _Pool(function, workers)
    try:
        yield from pool.run(items, divide)
    finally:
        pool.stop()


class _Pool(Generic[T, R]):
    def __init__(self, function: Callable[[T], R], workers: int) -> None:
        self._function = function
        self._workers = workers
        self._executor = self._start(workers)

    def _start(self, workers: int) -> ProcessPoolExecutor:
        # fork costs milliseconds where spawn imports everything again; elsewhere it is not safe.
        method = "fork" if sys.platform == "linux" else "spawn"
        return ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context(method),
            initializer=_begin_worker,
            initargs=(self._function,),
        )

    def run(
        self, items: Iterable[T], divide: Callable[[T], list[T]]
    ) -> Iterator[tuple[T, list[R | WorkerDied[T]]]]:
        source = iter(items)
        waiting: deque[tuple[T, Future[Any]]] = deque()
        while True:
            while len(waiting) < self._workers * AHEAD:
                try:
                    item = next(source)
                except StopIteration:
                    break
                waiting.append((item, self._submit(item)))
            if not waiting:
                return
            item, future = waiting.popleft()
            try:
                yield item, [future.result()]
            except BrokenExecutor:
                unfinished = [item, *(other for other, _ in waiting)]
                waiting.clear()
                self._executor.shutdown(wait=True, cancel_futures=True)
                for suspect in unfinished:
                    yield suspect, [self._alone(part) for part in divide(suspect)]
                self._executor = self._start(self._workers)

    def _submit(self, item: T) -> Future[Any]:
        try:
            return self._executor.submit(_call, item)
        except BrokenExecutor as err:
            broken: Future[Any] = Future()
            broken.set_exception(err)
            return broken

    def _alone(self, item: T) -> R | WorkerDied[T]:
        with self._start(1) as executor:
            try:
                result: R = executor.submit(_call, item).result()
            except BrokenExecutor:
                return WorkerDied(item)
            return result

    def stop(self) -> None:
        """End the workers now, whatever they are doing: their work is redone or was finished."""
        processes = dict(getattr(self._executor, "_processes", None) or {})
        self._executor.shutdown(wait=False, cancel_futures=True)
        for process in processes.values():
            process.kill()
        for process in processes.values():
            process.join()


_function: Callable[[Any], Any]


def _begin_worker(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    # Ctrl-C reaches the whole group; only the parent decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _call(item: Any) -> Any:
    return _function(item)
