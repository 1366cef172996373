"""Runs bundles on a node of a cluster: our own pool, in a child process of the cluster's worker.

`run` is what an engine calls in the cluster's worker. It starts the child once, sends it one
bundle after the other, and ends it when the run is over. The child has no threads and may fork,
is no daemon and may have children, and has a main thread for timers: so a decoder that crashes
or hangs costs one sample here as it does on one machine, and never a worker of the cluster.

Messages are pickles, each after its length in eight bytes.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from signdata.errors import NodeError, SigndataError
from signdata.workers import pool
from signdata.workers.engines import Lost, Stopped
from signdata.workers.heartbeat import Watch

_LENGTH = struct.Struct("<Q")
_PAUSE = 1.0
"""Seconds between two looks at the run file."""

_IDLE = 60.0
"""Seconds without a bundle after which the child ends."""

_SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


@dataclass(frozen=True)
class Bundle:
    """Work for one node.

    Attributes
    ----------
    folder : str
        Where relative paths start: the working folder of the driver.
    run_file : str
        Its run file, with the whole path, or ''.
    prepare : bytes
        A pickled function without arguments, called once by each child before its first bundle;
        what it raises ends the run, and what it returns goes back.
    job : bytes
        The pickled function, and the one that divides an item.
    items : bytes
        The pickled items; b'' if the node is only asked to prepare.
    workers : int or None
        Processes; None takes the cores of the node.
    shares : dict
        How many children share the cores of a host, where it is more than one.
    """

    folder: str
    run_file: str
    prepare: bytes
    job: bytes = b""
    items: bytes = b""
    workers: int | None = None
    shares: dict[str, int] | None = None


@dataclass(frozen=True)
class Answer:
    """What came of a bundle.

    Attributes
    ----------
    prepared : object
        What the bundle's `prepare` returned.
    results : bytes
        The pickled results of each item: one, or one for each part it was divided into.
    seconds : float
        How long the node took, without what is done once.
    error : Exception or None
        What ended it.
    """

    prepared: Any = None
    results: bytes = b""
    seconds: float = 0.0
    error: Exception | None = None


# -- In the cluster's worker


class _Child:
    """The child process of this worker."""

    def __init__(self) -> None:
        package = str(Path(__file__).parents[2])
        path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "signdata.workers.noderunner", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # numpy's BLAS would start a thread a core when it is imported.
            env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout

    def run(self, request: bytes, run_file: str) -> bytes:
        """Let it run a bundle; ends it and raises `Stopped` if the run is over meanwhile."""
        watch = Watch(run_file) if run_file else None
        try:
            _send(self._requests, request)
            while not select.select([self._answers], [], [], _PAUSE)[0]:
                if watch is not None and watch.is_over:
                    raise Stopped("the run is over")
            answer = _receive(self._answers)
        except (OSError, EOFError) as err:
            self.end()
            raise Lost(f"the process died ({self._process.returncode})") from err
        except BaseException:
            self.end()
            raise
        return answer

    def end(self) -> None:
        """Kill it; its own workers notice."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None


_child: _Child | None = None
_one_at_a_time = threading.Lock()


def run(request: bytes) -> bytes:
    """Run a pickled `Bundle` on this machine; return a pickled `Answer`.

    Its error is `Lost` if the child process died, and `Stopped` if the run is over. Nothing is
    raised: clusters write what is raised into their logs, with the whole bundle.
    """
    global _child
    run_file = pickle.loads(request).run_file
    try:
        with _one_at_a_time:
            if run_file and Watch(run_file).is_over:
                raise Stopped("the run is over")
            if _child is None or not _child.is_alive:
                _child = _Child()
            return _child.run(request, run_file)
    except Lost as lost:
        return pickle.dumps(Answer(error=lost))


def end() -> None:
    """End the child process of this worker, if there is one."""
    global _child
    child, _child = _child, None
    if child is not None:
        child.end()


# -- In the child


def main(parent: int) -> None:
    """Answer requests until the pipe closes, no more come, or this node is found unfit.

    Whatever is wrong with its libraries may be put right, but only a new process would see it.
    """
    _end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker decides
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a library prints must not get between the answers
    with contextlib.suppress(EOFError, BrokenPipeError):
        while select.select([sys.stdin.buffer], [], [], _IDLE)[0]:
            answer = _answer(pickle.loads(_receive(sys.stdin.buffer)))
            _send(answers, pickle.dumps(answer))
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
    job, divide = pickle.loads(bundle.job)
    shared_by = (bundle.shares or {}).get(socket.gethostname(), 1)
    workers = bundle.workers or max(1, pool.n_workers(None) // shared_by)
    items = pickle.loads(bundle.items)
    workers = min(workers, len(items))
    runs = pool.run(job, items, workers=workers, divide=divide, inline=False)
    with contextlib.closing(runs) as finished:
        return pickle.dumps([results for _, results in finished])


def _portable(error: Exception) -> Exception:
    """The error as it can be pickled, with its traceback where it is a fault of ours."""
    if isinstance(error, SigndataError):
        return error
    trace = "".join(traceback.format_exception(error))
    return RuntimeError(f"on {socket.gethostname()}: {error!r}\n{trace}")


def _end_with(parent: int) -> None:
    """End this process when the worker that started it dies, whatever it is doing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it had died before
            os._exit(1)
        return
    threading.Thread(target=_end_without, args=(parent,), daemon=True).start()


def _end_without(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PAUSE)
    os._exit(1)


# -- Messages


def _send(pipe: IO[bytes], message: bytes) -> None:
    data = memoryview(_LENGTH.pack(len(message)) + message)
    while data:
        data = data[pipe.write(data) :]
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    [length] = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    parts = []
    while length:
        part = pipe.read(length)
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


if __name__ == "__main__":
    from signdata.workers import noderunner  # by this name its classes are known elsewhere

    noderunner.main(int(sys.argv[1]))
