"""Ctrl-C, SIGTERM and the death of the parent: out within 5 s, nobody left behind, resumable."""

from __future__ import annotations

import contextlib
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reliability.conftest import partials, snapshot, write_csv
from tests.reliability.tally import TIMES, attack
from tests.videos import make_index, make_video

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


def long_words(kind: str, clips: Path, tmp_path: Path) -> list[str]:
    """A command that takes long."""
    out = str(tmp_path / "out")
    if kind == "trim":
        videos = tmp_path / "raw" / "videos"
        videos.mkdir(parents=True)
        instances = []
        for i, clip in enumerate(sorted(clips.rglob("*.mp4")), 1):
            os.link(clip, videos / f"{i}.mp4")
            instances.append({"video_id": str(i), "frame_start": 2, "frame_end": N_FRAMES - 1})
        return ["trim", str(make_index(tmp_path / "raw" / "w.json", instances)), out, "-j", "2"]
    if kind == "baseline":
        data = str(write_csv(tmp_path / "data.csv", 400))
        return ["baseline", data, "--epochs", "5000", "--device", "cpu", "--out", out]
    if kind == "extract-frames":
        return ["extract-frames", str(clips), out, "-j", "2"]
    return ["convert", str(write_csv(tmp_path / "data.csv", 20_000, 16)), out, "-j", "2"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["extract-frames", "trim", "convert", "baseline"])
def test_interrupted_at_any_moment(
    clips: Path, tmp_path: Path, start: Callable[[list[str]], Running], kind: str
) -> None:
    """Wherever the work is, it ends in time, and no process stays."""
    draw = random.Random(kind)
    words = long_words(kind, clips, tmp_path)
    partial = tmp_path / "out" / ".signdata-partial"
    for number in range(math.ceil(1.3 * TIMES)):
        signal_number = (signal.SIGINT, signal.SIGTERM)[number % 2]
        delay = draw.uniform(0, 1)
        while True:
            shutil.rmtree(tmp_path / "out", ignore_errors=True)
            running = start(words)
            running.until(partial.exists)
            time.sleep(delay)
            if running.process.poll() is None:
                break
            delay /= 2  # a fast machine was done before
        with attack("R9"):
            latest = time.monotonic() + LIMIT
            os.kill(running.pid, signal_number)
            code = running.end()
            while running.members() and time.monotonic() < latest:
                time.sleep(0.01)  # the program that encodes finds its pipe closed
            assert running.members() == []
            if code in (0, -signal_number):  # it had done all its work, and was about to leave
                assert (tmp_path / "out" / "signdata.json").exists()
                assert not partial.exists()
            else:
                assert code == 128 + signal_number
                assert running.stderr.splitlines()[-1].startswith("error: interrupted.")


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
