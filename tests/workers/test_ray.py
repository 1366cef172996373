"""A run on a Ray cluster gives the bytes of a run on this machine alone; on demand."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import signdata
from tests.conftest import listing
from tests.reliability.conftest import write_tree
from tests.reliability.tally import TIMES, attack

pytestmark = [
    pytest.mark.skipif(TIMES < 2, reason="on demand: SIGNDATA_ATTACKS=2"),
    pytest.mark.slow,
]

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Ray:
    """A head and another node, on one machine."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # sockets have short names
        self.address = f"127.0.0.1:{free_port()}"
        port = self.address.partition(":")[2]
        self.head = self._start("--head", f"--port={port}", f"--temp-dir={self._folder}")
        latest = time.monotonic() + 120
        while self._asked("health-check", "--address", self.address):
            assert time.monotonic() < latest, "Ray does not start"
            time.sleep(0.5)
        self.node = self.start_node()

    def start_node(self) -> subprocess.Popen[bytes]:
        return self._start(f"--address={self.address}")

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        options = ["--num-cpus=1", "--block", "--disable-usage-stats", "--include-dashboard=false"]
        return subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", "start", *words, *options],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _asked(self, *words: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "ray.scripts.scripts", *words], capture_output=True
        ).returncode

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for process in (self.node, self.head):
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            self.kill(process)
        shutil.rmtree(self._folder, ignore_errors=True)


@pytest.fixture(scope="module")
def ray() -> Iterator[Ray]:
    pytest.importorskip("ray")
    ray = Ray()
    yield ray
    ray.end()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("data") / "tree", 1500)


def driver(ray: Ray, tree: Path, out: Path) -> subprocess.Popen[str]:
    small = "import signdata.workers.bundles as b; b.SECONDS = 0.2; "
    words = ["convert", str(tree), str(out), "--image-format", "jpg", "--quiet"]
    words += ["--cluster", f"ray:{ray.address}"]
    return subprocess.Popen(
        [sys.executable, "-c", f"{small}from signdata.cli.errors import main; main()", *words],
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", ["out", "out.h5", "out.csv"])
def test_an_output_has_the_same_bytes(name: str, ray: Ray, tree: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "here" / name, tmp_path / "there" / name
    options = {"image_format": "jpg"} if name == "out" else {}
    signdata.convert(tree, here, workers=1, **options)
    with attack("ray: same bytes"):
        words = [str(tree), str(there), "--cluster", f"ray:{ray.address}"]
        words += ["--image-format", "jpg"] if options else []
        done = subprocess.run(
            [sys.executable, "-m", "signdata", "convert", *words, "--quiet"],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert listing(there.parent) == listing(here.parent)


@pytest.mark.parametrize("number", range(TIMES))
def test_a_node_that_is_killed_costs_nothing(
    number: int, ray: Ray, tree: Path, tmp_path: Path
) -> None:
    signdata.convert(tree, tmp_path / "whole", image_format="jpg", workers=1)
    out = tmp_path / "out"
    with attack("ray: node killed"):
        running = driver(ray, tree, out)
        journal = out / ".signdata-partial" / "journal"
        while running.poll() is None and not (journal.exists() and journal.stat().st_size):
            time.sleep(0.01)
        ray.kill(ray.node)
        ray.node = ray.start_node()
        _, complaint = running.communicate(timeout=300)
        assert running.returncode == 0, complaint
        assert listing(out) == listing(tmp_path / "whole")
