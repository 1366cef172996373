"""The child process that works on a node of a cluster; started by `signdata.workers.node`."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import pickle
import signal
import socket
import sys
import time
import traceback
from functools import lru_cache
from multiprocessing.connection import Connection
from typing import Any

from signdata.errors import NodeError, SigndataError
from signdata.workers import pool
from signdata.workers.memory import limited
from signdata.workers.messages import Answer, Bundle

_IDLE = 60.0
"""Seconds without a bundle after which the child ends."""

MEMORY_LIMIT = "SIGNDATA_MEMORY_LIMIT"
"""Variable of a node's environment: bytes that each of its worker processes may allocate."""

LEAST = 100_000_000

_SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


def main(parent: int) -> None:
    """Answer requests until the pipe closes, no more come, or this node is found unfit.

    Whatever is wrong with its libraries may be put right, but only a new process would see it.
    """
    _end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker decides
    requests = Connection(os.dup(0), writable=False)
    answers = Connection(os.dup(1), readable=False)
    os.dup2(2, 1)  # what a library prints must not get between the answers
    with contextlib.suppress(EOFError, OSError):
        while requests.poll(_IDLE):
            answer = _answer(pickle.loads(requests.recv_bytes()))
            answers.send_bytes(pickle.dumps(answer))
            if isinstance(answer.error, NodeError):
                return


_prepared: dict[bytes, Any] = {}


def _answer(bundle: Bundle) -> Answer:
    try:
        with contextlib.suppress(OSError):  # then whatever is relative is not found
            os.chdir(bundle.folder)
        key = hashlib.sha256(bundle.prepare).digest()
        if key not in _prepared:
            _prepared[key] = pickle.loads(bundle.prepare)()
        if not bundle.items:
            return Answer(_prepared[key])
        start = time.monotonic()
        results = _results(bundle)
        return Answer(_prepared[key], results, time.monotonic() - start)
    except Exception as err:
        return Answer(error=_portable(err))


def _results(bundle: Bundle) -> bytes:
    job, divide = _job(bundle.job)
    shared_by = (bundle.shares or {}).get(socket.gethostname(), 1)
    workers = bundle.workers or max(1, pool.n_workers(None) // shared_by)
    items = pickle.loads(bundle.items)
    workers = min(workers, len(items))
    runs = pool.run(job, items, workers=workers, divide=divide, inline=False)
    with memory_limit(), contextlib.closing(runs) as finished:
        return pickle.dumps([results for _, results in finished])


def memory_limit() -> contextlib.AbstractContextManager[None]:
    """What each of the workers may allocate, if whoever started this node has set a limit.

    A sample that needs more is lost by itself; the system would choose a process to kill.
    """
    text = os.environ.get(MEMORY_LIMIT, "")
    if not text:
        return contextlib.nullcontext()
    if not (text.isascii() and text.isdecimal() and int(text) >= LEAST):
        raise NodeError(
            f"{MEMORY_LIMIT} is {text!r}; expected bytes, {LEAST:,} or more",
            path=socket.gethostname(),
        )
    return limited(int(text))


@lru_cache(maxsize=1)
def _job(job: bytes | str) -> Any:
    """The function and the one that divides an item."""
    if isinstance(job, bytes):
        return pickle.loads(job)
    with open(job, "rb") as file:
        data = file.read()
    if hashlib.sha256(data).hexdigest() != job.rpartition("-")[2]:
        raise NodeError("is not what the run has written", path=job)
    return pickle.loads(data)


def _portable(error: Exception) -> Exception:
    """The error as it can be pickled, with its traceback where it is a fault of ours."""
    if isinstance(error, SigndataError):
        return error
    trace = "".join(traceback.format_exception(error))
    return RuntimeError(f"on {socket.gethostname()}: {error!r}\n{trace}")


def _end_with(parent: int) -> None:
    """End this process when the worker that started it dies, whatever it is doing.

    Where the system cannot do that, it ends when its bundle has, for then nobody takes the answer.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it had died before
            os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
