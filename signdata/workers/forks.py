"""Forked worker processes: signals, garbage collection, and exiting with the parent."""

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
"""Whether workers are forked, which takes milliseconds; spawning imports everything again, but
forking is not safe on other systems."""


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Collect no garbage meanwhile.

    For forked workers: closing a codec of this process there would wait for threads that exist
    only here. Workers freeze what they inherit and collect only their own garbage; see
    `_exit_with_parent_only`. Also for making very many objects that all stay, among which
    garbage would be looked for again and again.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def run_in_subprocess(function: Callable[[], R]) -> R:
    """Call a function in a subprocess and return its result.

    For libraries that abort the process when a system call fails.

    Raises
    ------
    Died
        If the subprocess died. Whatever `function` raises is raised here.
    """
    if not FORKS:
        return function()
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(function, sending))
    try:
        with _no_signals(), no_collection():
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
    """A process ended without returning a result."""


def _report(function: Callable[[], Any], sending: Connection) -> None:
    _exit_with_parent_only()
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # hide what a crashing library prints
    try:
        sending.send((None, function()))
    except Exception as err:
        sending.send((err, None))
    finally:
        os._exit(0)  # skip cleanup: the library may crash in it


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    """Block signals to this thread and to the processes it starts meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _exit_with_parent_only() -> None:
    """Make this worker end when the parent kills it or dies, but not on Ctrl-C."""
    # Ctrl-C reaches the whole process group; only the parent decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    gc.freeze()  # inherited objects are for the parent to finalise
    gc.enable()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
