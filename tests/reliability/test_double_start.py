"""The same command started twice at once: one writes, the other is told so, nothing is spoiled."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

import pytest

from signdata.cli import errors
from tests.reliability.conftest import Child, Ended, fork, partials, snapshot, wait
from tests.reliability.tally import TIMES, attack
from tests.reliability.writers import WRITERS

KINDS = ["csv-to-folders", "convert to hdf5", "convert to csv", "extract-frames", "trim"]


def start(words: list[str], logs: Path, go: int, delay: float) -> int:
    """Start a command line that begins when there is something to read from `go`."""
    logs.mkdir(exist_ok=True)

    def body() -> int:
        os.read(go, 1)
        time.sleep(delay)  # the two meet at another place each time
        try:
            errors.main(words)
        except SystemExit as end:
            return int(end.code or 0)

    return fork(body, logs)


def twice(words: list[str], tmp_path: Path, delay: float) -> list[Ended]:
    """Run a command line in two processes that begin at almost the same time."""
    reading, writing = os.pipe()
    places = [tmp_path / "one", tmp_path / "two"]
    pids = [
        start(words, logs, reading, later) for logs, later in zip(places, (0.0, delay), strict=True)
    ]
    os.write(writing, b"12")
    ended = [wait(pid, logs) for pid, logs in zip(pids, places, strict=True)]
    os.close(reading)
    os.close(writing)
    return ended


@pytest.mark.parametrize("kind", KINDS)
def test_two_runs_into_one_output(tmp_path: Path, child: Child, kind: str) -> None:
    words = WRITERS[kind].words(tmp_path / "sources", child.work)
    child.count(words)
    whole = snapshot(child.work)
    draw = random.Random(kind)
    for number in range(TIMES):
        for entry in child.work.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        with attack("R11"):
            both = twice(words, tmp_path, draw.uniform(0, 0.05) * (number % 3))
            assert 0 in [ended.code for ended in both], both
            for ended in both:
                if ended.code:
                    assert ended.code == 5, ended
                    assert "is being written by" in ended.error or "locked" in ended.error
                else:
                    assert ended.stderr == ""
            assert snapshot(child.work) == whole
            assert not partials(child.work)
