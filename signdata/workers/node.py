"""Runs bundles on a node of a cluster: our own pool, in a child process of the cluster's worker.

`run` is what an engine calls in the cluster's worker. It starts the child
(`signdata.workers.noderunner`) once, sends it one bundle after the other, and ends it when the
run is over. The child has no threads and may fork, is no daemon and may have children, and has a
main thread for timers: so a decoder that crashes or hangs costs one sample here as it does on
one machine, and never a worker of the cluster.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from signdata.workers.engines import Lost, Stopped
from signdata.workers.heartbeat import Watch
from signdata.workers.messages import Answer

_PAUSE = 1.0
"""Seconds between two looks at the run file."""


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
        self._requests = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._answers = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()

    def run(self, request: bytes, run_file: str) -> bytes:
        """Let it run a bundle; ends it and raises `Stopped` if the run is over meanwhile."""
        watch = Watch(run_file) if run_file else None
        try:
            self._requests.send_bytes(request)
            while not self._answers.poll(_PAUSE):
                if watch is not None and watch.is_over:
                    raise Stopped("the run is over")
            answer = self._answers.recv_bytes()
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
        self._requests.close()
        self._answers.close()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None


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
            if _child is None or _child.has_ended:
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
