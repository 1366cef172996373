"""A Dask cluster of real processes that are as good as machines, for tests.

Each worker has a working folder of its own and, where the system allows it, a host name and
process ids of its own, as in containers.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_OWN = ("unshare", "--user", "--map-root-user", "--uts", "--pid", "--fork", "--kill-child")


def _can_isolate() -> bool:
    try:
        done = subprocess.run([*_OWN, "hostname", "node0"], capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


class Farm:
    """A scheduler and its workers; to be used in a ``with``.

    Parameters
    ----------
    folder : Path
        Where they have their files.
    n_workers : int
        How many workers to start.
    environment : mapping, optional
        Variables that only the workers have.
    options : sequence of str
        More for the command lines of the scheduler and the workers.
    nannies : bool
        Whether each worker has a process that starts it again when it dies.

    Attributes
    ----------
    file : Path
        What the scheduler wrote: where it is.
    """

    def __init__(
        self,
        folder: Path,
        n_workers: int = 2,
        environment: dict[str, str] | None = None,
        options: Sequence[str] = (),
        nannies: bool = False,
    ) -> None:
        self._folder, self._environment = folder, environment or {}
        self._options, self._nannies = options, nannies
        self._own = _can_isolate()
        self.file = folder / "scheduler.json"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self._started = 0
        self.start_scheduler()
        for _ in range(n_workers):
            self.start_worker()

    def start_scheduler(self) -> None:
        self.file.unlink(missing_ok=True)
        words = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
        words += ["--no-dashboard", "--scheduler-file", str(self.file), *self._options]
        words += ["--protocol", "tls"] if self._options else []
        self.scheduler = self._start([sys.executable, "-m", *words], self._folder)
        latest = time.monotonic() + 60
        while not self.file.exists():
            assert time.monotonic() < latest, "the scheduler does not start"
            time.sleep(0.05)

    def start_worker(self) -> subprocess.Popen[bytes]:
        self._started += 1
        name = f"node{self._started}"
        place = self._folder / name
        place.mkdir()
        words = [sys.executable, "-m", "distributed.cli.dask_worker"]
        words += ["--scheduler-file", str(self.file), "--nthreads", "1", "--no-dashboard"]
        words += ["--name", name, "--local-directory", str(place), *self._options]
        words.append("--nanny" if self._nannies else "--no-nanny")
        if self._own:
            words = [*_OWN, "sh", "-c", f'hostname {name}; exec "$@"', "sh", *words]
        worker = self._start(words, place, self._environment)
        self.workers.append(worker)
        return worker

    def _start(
        self, words: list[str], place: Path, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        package = str(Path(__file__).parents[2])
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                words,
                cwd=place,
                env={**os.environ, "PYTHONPATH": package, **(environment or {})},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def address(self) -> str:
        """What is typed after ``--cluster``."""
        return f"dask:{self.file}"

    @property
    def scheduler_address(self) -> str:
        """Where the scheduler listens."""
        address: str = json.loads(self.file.read_text())["address"]
        return address

    def log(self) -> str:
        """What all have printed."""
        return (self._folder / "log").read_text(errors="replace")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """``kill -9`` of a process and of what it has started in its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process in self.workers:
            self.workers.remove(process)

    def __enter__(self) -> Farm:
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self.workers, *filter(None, [self.scheduler])]:
            self.kill(process)
