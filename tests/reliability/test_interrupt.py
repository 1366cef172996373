"""Ctrl-C, SIGTERM and the death of the parent: out within 5 s, nobody left behind, resumable."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reliability.conftest import partials, snapshot
from tests.videos import make_video

LIMIT = 5.0
N_FRAMES = 1000


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos that take seconds to decode, so that there is time to interrupt."""
    root = tmp_path_factory.mktemp("long") / "clips"
    first = make_video(root / "book" / "00.mp4", N_FRAMES)
    for i in range(1, 6):
        os.link(first, root / "book" / f"{i:02d}.mp4")
    return root


class Running:
    """The command line in a session of its own."""

    def __init__(self, words: list[str], tmp_path: Path) -> None:
        self._log = tmp_path / "stderr"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "signdata", *words],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def stderr(self) -> str:
        return self._log.read_text()

    def until(self, ready: Callable[[], bool]) -> None:
        latest = time.monotonic() + 60
        while not ready():
            assert self.process.poll() is None, self.stderr
            assert time.monotonic() < latest
            time.sleep(0.01)

    def end(self) -> int:
        return self.process.wait(timeout=LIMIT)

    def members(self) -> list[int]:
        """Living processes of the session."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
            except (OSError, ValueError):
                continue
            if int(session) == self.pid and state not in "ZX":
                found.append(int(stat.parent.name))
        return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[list[str]], Running]]:
    started: list[Running] = []

    def begin(words: list[str]) -> Running:
        started.append(Running(words, tmp_path))
        return started[-1]

    yield begin
    for running in started:
        for pid in running.members():
            os.kill(pid, signal.SIGKILL)
        running.process.wait()


def finish(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "signdata", *words], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")


def pictures(out: Path) -> int:
    return sum(1 for _ in out.rglob("*.jpg"))


@pytest.fixture(scope="module")
def whole(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes | None]:
    out = tmp_path_factory.mktemp("whole") / "out"
    finish(["extract-frames", str(clips), str(out), "-j", "2"])
    return snapshot(out)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "to_all", "workers"),
    [
        (signal.SIGINT, False, "2"),
        (signal.SIGINT, True, "2"),
        (signal.SIGTERM, False, "2"),
        (signal.SIGTERM, True, "1"),
    ],
)
def test_a_signal_ends_the_run_and_the_next_one_goes_on(
    clips: Path,
    whole: dict[str, bytes | None],
    tmp_path: Path,
    start: Callable[[list[str]], Running],
    number: int,
    to_all: bool,
    workers: str,
) -> None:
    out = tmp_path / "out"
    words = ["extract-frames", str(clips), str(out), "-j", workers]
    running = start(words)
    running.until(lambda: pictures(out) > 20)
    if to_all:
        os.killpg(running.pid, number)
    else:
        os.kill(running.pid, number)
    assert running.end() == 128 + number
    assert running.members() == []
    assert running.stderr == (
        "error: interrupted. Repeat the same command: it goes on where it stopped.\n"
    )
    assert os.listdir(out) == [".signdata-partial"]
    assert pictures(out) < len(whole)
    finish(words)
    assert snapshot(out) == whole
    assert not partials(tmp_path)


@pytest.mark.slow
def test_two_signals_end_it_too(
    clips: Path, tmp_path: Path, start: Callable[[list[str]], Running]
) -> None:
    out = tmp_path / "out"
    running = start(["extract-frames", str(clips), str(out), "-j", "2"])
    running.until(lambda: pictures(out) > 5)
    os.kill(running.pid, signal.SIGINT)
    os.kill(running.pid, signal.SIGINT)
    assert running.end() == 130
    ended = time.monotonic() + LIMIT
    while running.members() and time.monotonic() < ended:
        time.sleep(0.01)
    assert running.members() == []
    assert set(running.stderr.splitlines()) == {
        "error: interrupted. Repeat the same command: it goes on where it stopped."
    }


@pytest.mark.slow
def test_workers_end_with_their_parent(
    clips: Path,
    whole: dict[str, bytes | None],
    tmp_path: Path,
    start: Callable[[list[str]], Running],
) -> None:
    """`kill -9` of the parent alone; the same command may follow at once."""
    out = tmp_path / "out"
    words = ["extract-frames", str(clips), str(out), "-j", "2"]
    running = start(words)
    running.until(lambda: pictures(out) > 20 and len(running.members()) == 3)
    os.kill(running.pid, signal.SIGKILL)
    assert running.end() == -signal.SIGKILL
    finish(words)
    assert running.members() == []
    assert snapshot(out) == whole


def test_a_signal_before_anything_is_written(
    clips: Path, tmp_path: Path, start: Callable[[list[str]], Running]
) -> None:
    """While the sources are still read: nothing is there, or only the partial folder."""
    fifo = tmp_path / "labels.txt"
    os.mkfifo(fifo)  # reading it waits for a writer who does not come
    csv = tmp_path / "data.csv"
    csv.write_text("label,pixel1\n0,0\n")
    out = tmp_path / "out"
    running = start(["csv-to-folders", str(csv), str(out), "--labels", str(fifo)])
    held: list[int] = []

    def is_waiting() -> bool:
        with contextlib.suppress(OSError):  # until somebody has it open for reading
            held.append(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        return bool(held)

    running.until(is_waiting)
    os.kill(running.pid, signal.SIGTERM)
    assert running.end() == 143
    assert running.stderr.startswith("error: interrupted.")
    assert not out.exists()
    os.close(held[0])
