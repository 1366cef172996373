"""What a forked worker process needs: signals, garbage, its end with its parent."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

T = TypeVar("T")


R = TypeVar("R")


FORKS = sys.platform == "linux"
"""Whether workers are forks: milliseconds, where spawning imports everything again. Elsewhere
it is not safe."""


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


def run_in_subprocess(function: Callable[[], R]) -> R:
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
