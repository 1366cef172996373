"""Running one function over many items in worker processes, in order, surviving dead workers.

Work is handed to a `concurrent.futures.Executor` a few items ahead, never all at
once. Workers are forks that know the items from the start, so only a number travels
(where they are no forks, the item does). A worker that dies (out of memory, a
decoder's crash) costs the pool, not the run: what was under way is tried again one
by one, each in a process of its own; an item that ends that one too is divided, and
only the part that cannot be survived is given up.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from signdata.workers.memory import keep_freed

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 3
"""Items under way or waiting for each worker."""

FORKS = sys.platform == "linux"
"""Whether workers are forks: milliseconds, where spawning imports everything again. Elsewhere
it is not safe."""


class WorkerDied(Generic[T]):
    """Stands in for the result of an item that killed its worker every time."""

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
    inline: bool = True,
) -> Generator[tuple[T, list[R | WorkerDied[T]]], None, None]:
    """Yield ``(item, results)`` in the order of `items`.

    Close the generator (`contextlib.closing`) where it may be left early: that ends the
    workers before anything else happens.

    Parameters
    ----------
    function : callable
        Called in the workers; results travel by pickle.
    items : iterable
        Taken whole before the first is worked on: they should be light.
    workers : int
        1 runs everything in this process.
    divide : callable
        Cuts an item that killed a worker into smaller ones, to find the one at fault.
    inline : bool
        Whether one worker may be this process; not where an item may take it down.

    Yields
    ------
    tuple
        The item and its results: one, or as many as `divide` made of it.
    """
    keep_freed(KEPT)
    if workers == 1 and inline:
        for item in items:
            yield item, [function(item)]
        return
    pool = _Pool(function, list(items), workers)
    try:
        yield from pool.run(divide)
    finally:
        pool.stop()


KEPT = 32 << 20
"""Bytes of freed memory that a process may hold on to."""


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
        with _no_signals(), _no_collection():  # until the workers have said what they do on one
            executor.submit(os.getpid)
        return executor

    def run(self, divide: Callable[[T], list[T]]) -> Iterator[tuple[T, list[R | WorkerDied[T]]]]:
        numbered = iter(enumerate(self._items))
        waiting: deque[tuple[T, Future[Any]]] = deque()
        executor = self._start(self._workers)
        while True:
            for number, item in itertools.islice(numbered, self._workers * AHEAD - len(waiting)):
                waiting.append((item, _submit(executor, number if FORKS else item, known=FORKS)))
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
        """Finish what was under way when a worker died, without risk for one another."""
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
            yield item, [result] if len(parts) <= 1 else [self._alone(part) for part in parts]

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
        """End the workers now, whatever they are doing: their work is redone or was finished."""
        if self._executor is None:
            return
        processes = list((getattr(self._executor, "_processes", None) or {}).values())
        for process in processes:
            process.kill()
        for process in processes:
            process.join()
        # One may have died in the middle of a result. The executor would wait for the rest as
        # long as this process, too, could write to their pipe.
        results = getattr(self._executor, "_result_queue", None)
        if results is not None:
            results._writer.close()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._executor = None


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage of this process from being collected in a worker that is a fork of it.

    Ending a codec there would wait for threads that only this process has. Workers set what
    they inherit aside and collect their own; see `_begin_worker`.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _submit(executor: ProcessPoolExecutor, item: Any, *, known: bool = False) -> Future[Any]:
    """Hand over an item, or the number of one that the workers know."""
    try:
        return executor.submit(_call_known if known else _call, item)
    except BrokenExecutor as err:
        broken: Future[Any] = Future()
        broken.set_exception(err)
        return broken


def apart(function: Callable[[], R]) -> R:
    """Call a function in a process of its own; what it leaves in memory is lost.

    For libraries that end the process when the system refuses them something.

    Raises
    ------
    Died
        If they do. Everything that `function` raises is raised again.
    """
    if not FORKS:
        return function()
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(function, sending))
    try:
        with _no_signals(), _no_collection():
            process.start()
        sending.close()
        error, result = receiving.recv()
    except EOFError:
        raise Died from None
    finally:
        process.kill()
        process.join()
        receiving.close()
    if error is not None:
        raise error
    answer: R = result
    return answer


class Died(Exception):
    """A process ended without an answer."""


def _report(function: Callable[[], Any], sending: Connection) -> None:
    _end_alone()
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # a library that crashes says so to nobody
    try:
        sending.send((None, function()))
    except Exception as err:
        sending.send((err, None))
    finally:
        os._exit(0)  # at once: the library may crash while it tidies up


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    """Hold back signals to this thread, and to the processes that it starts meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_function: Callable[[Any], Any]
_items: Sequence[Any]


def _begin_worker(function: Callable[[Any], Any], items: Sequence[Any]) -> None:
    global _function, _items
    _function, _items = function, items
    _end_alone()


def _end_alone() -> None:
    """End when the parent says so or is no more, and on no other signal of the terminal."""
    # Ctrl-C reaches the whole group; only the parent decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()  # what was inherited is the parent's to end
    gc.enable()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _call(item: Any) -> Any:
    return _function(item)


def _call_known(number: int) -> Any:
    return _function(_items[number])
