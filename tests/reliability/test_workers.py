"""Workers that die, and workers that are many: the bytes of the output do not tell."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import signdata
from signdata.conversion.outcome import IN_MEMORY
from signdata.conversion.pipeline import convert
from signdata.errors import DecodeError, SigndataError
from signdata.formats.batches import Batch, list_batches
from signdata.formats.csv.writer import CsvWriter
from signdata.formats.folders import FoldersWriter
from signdata.formats.frames import FramesWriter
from signdata.formats.hdf5.writer import Hdf5Writer
from signdata.formats.reader import DatasetInfo, PictureSummary, Reader
from signdata.formats.writer import Writer
from signdata.options import RunOptions
from signdata.results import Result
from signdata.samples import Frame, Pixels, Sample
from signdata.workers import pool
from tests.reliability.conftest import partials, snapshot, write_tree
from tests.reliability.tally import TIMES, attack

N_FRAMES = 3


@dataclass(frozen=True)
class Painted(Pixels):
    """Frames that carry a number, and perhaps the death of the process that decodes them.

    `dies` is 'always', 'once' (where `flag` then is), 'late' (after two frames, always) or ''.
    """

    number: int
    n_frames: int = 1
    size: int = 6
    dies: str = ""
    flag: str = ""

    def frames(self) -> Iterator[Frame]:
        for i in range(self.n_frames):
            if self.dies and (self.dies != "late" or i == 2) and self._now():
                os.kill(os.getpid(), signal.SIGKILL)
            yield np.full((self.size, self.size, 1), self.number + i, np.uint8)

    def _now(self) -> bool:
        if self.dies != "once":
            return True
        try:
            os.close(os.open(self.flag, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True


class Made(Reader):
    """Samples that exist only here."""

    name = "made"

    def __init__(self, all_pixels: list[Painted]) -> None:
        self._samples = [
            Sample(
                f"{i:03d}",
                "AB"[i % 2],
                pixels,
                kind="clip" if pixels.n_frames > 1 else "still",
                source=f"{i:03d}.src",
            )
            for i, pixels in enumerate(all_pixels)
        ]

    @property
    def info(self) -> DatasetInfo:
        kind = self._samples[0].kind
        return DatasetInfo("made", kind, n_samples=len(self._samples), present=("A", "B"))

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._samples, 4)

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        pixels = self._samples[0].pixels
        assert isinstance(pixels, Painted)
        return PictureSummary(
            (pixels.size, pixels.size), 1, True, len(self._samples) * pixels.n_frames
        )


def write(
    pixels: list[Painted], out: Path, workers: int, writer: Writer | None = None, on_error="skip"
) -> Result:
    return convert(
        Made(pixels),
        writer or FoldersWriter(),
        out,
        command="made",
        options={},
        how=RunOptions(workers=workers, on_error=on_error),
    )


def writers(out: Path) -> Writer:
    return {
        "": FoldersWriter,
        ".h5": lambda: Hdf5Writer(out.name),
        ".csv": lambda: CsvWriter(out.name),
    }[out.suffix]()


@pytest.mark.parametrize("name", ["out", "out.h5", "out.csv"])
def test_a_worker_killed_once_costs_nothing(tmp_path: Path, name: str) -> None:
    whole, out = tmp_path / "whole" / name, tmp_path / "hurt" / name
    write([Painted(i) for i in range(20)], whole, 1, writers(whole))
    flag = str(tmp_path / "flag")
    pixels = [Painted(i, dies="once" if i == 9 else "", flag=flag) for i in range(20)]
    result = write(pixels, out, 2, writers(out))
    assert Path(flag).exists()
    assert (result.read, result.written, result.failed) == (20, 20, 0)
    assert snapshot(out.parent) == snapshot(whole.parent)


@pytest.mark.parametrize("name", ["out", "out.csv", "out.h5"])
def test_a_deadly_item_costs_itself_alone(tmp_path: Path, name: str) -> None:
    deadly = {5, 14}
    out = tmp_path / name
    pixels = [Painted(i, dies="always" if i in deadly else "") for i in range(20)]
    result = write(pixels, out, 2, writers(out))
    assert (result.read, result.written, result.failed, result.exit_code) == (20, 18, 2, 3)
    crashes = [problem for problem in result.problems if problem.kind == "crash"]
    assert [problem.path for problem in crashes] == ["005.src", "014.src"]
    with signdata.open_dataset(out) as reader:
        found = {sample.id: next(sample.frames())[0, 0, 0] for sample in reader}
    assert found == {f"{i:03d}": i for i in range(20) if i not in deadly}
    assert not partials(tmp_path)


@pytest.mark.parametrize("number", range(2 * TIMES))
def test_a_deadly_item_among_many_workers(tmp_path: Path, number: int) -> None:
    out = tmp_path / ("out", "out.h5", "out.csv", "out")[number % 4]
    deadly = 7 * number % 20
    with attack("R8"):
        pixels = [Painted(i, dies="always" if i == deadly else "") for i in range(20)]
        result = write(pixels, out, 2 + number % 2, writers(out))
        assert (result.read, result.written, result.failed) == (20, 19, 1)
        with signdata.open_dataset(out) as reader:
            assert {sample.id for sample in reader} == {
                f"{i:03d}" for i in range(20) if i != deadly
            }
        assert not partials(tmp_path)


def test_a_deadly_item_ends_a_run_that_is_to_stop(tmp_path: Path) -> None:
    pixels = [Painted(i, dies="always" if i == 5 else "") for i in range(20)]
    with pytest.raises(DecodeError, match=r"005\.src.*worker process died"):
        write(pixels, tmp_path / "out", 2, on_error="stop")
    assert not (tmp_path / "out").exists()


def test_frames_of_a_clip_that_died_late_are_swept(tmp_path: Path) -> None:
    pixels = [Painted(10 * i, N_FRAMES, dies="late" if i == 3 else "") for i in range(6)]
    result = write(pixels, tmp_path / "out", 2, FramesWriter())
    assert (result.written, result.failed) == (5, 1)
    assert not (tmp_path / "out" / "B" / "003").exists()
    assert len(list((tmp_path / "out").rglob("*.png"))) == 5 * N_FRAMES


@pytest.mark.parametrize("name", ["out", "out.h5", "out.csv"])
def test_any_number_of_workers_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    src = write_tree(tmp_path / "data", 150)
    trees = []
    for workers in (1, 2, 3):
        place = tmp_path / str(workers)
        signdata.convert(src, place / name, workers=workers)
        trees.append(snapshot(place))
    assert trees[0] == trees[1] == trees[2]
    assert len(trees[0]) >= 1


def test_big_items_travel_by_file_and_arrive_whole(tmp_path: Path) -> None:
    """More bytes than a worker may send: the same file as without workers, nothing left."""
    side = 700
    assert side * side * 4 > IN_MEMORY
    whole, out = tmp_path / "a" / "out.h5", tmp_path / "b" / "out.h5"
    pixels = [Painted(i, size=side) for i in range(9)]
    write(pixels, whole, 1, Hdf5Writer("out.h5", "raw"))
    write(pixels, out, 2, Hdf5Writer("out.h5", "raw"))
    assert whole.stat().st_size > 9 * side * side
    assert snapshot(whole.parent) == snapshot(out.parent)


def test_a_deadly_item_is_named_by_verify(tmp_path: Path) -> None:
    from signdata.inspection import same_samples

    pixels = [Painted(i, dies="always" if i == 5 else "") for i in range(8)]
    fine = Made([Painted(i) for i in range(8)])
    result = same_samples.compare(Made(pixels), fine, Path("a"), Path("b"), 2)
    assert result.exit_code == 4
    assert [problem.path for problem in result.problems if problem.kind == "corrupt"] == ["005"]


def test_results_come_in_order_and_workers_end(tmp_path: Path) -> None:
    numbers = pool.run(_slow_if_even, range(40), workers=3)
    assert [result for _, [result] in numbers] == [(i * i) for i in range(40)]
    before = _children()
    left = pool.run(_slow_if_even, range(1000), workers=2)
    next(left)
    assert _children() > before
    left.close()
    assert _children() == before


def test_an_error_of_ours_in_a_worker_is_passed_on() -> None:
    before = _children()
    with pytest.raises(ZeroDivisionError):
        list(pool.run(_divide, [1, 0, 2], workers=2))
    assert _children() == before


def test_errors_travel_between_processes() -> None:
    with pytest.raises(SigndataError, match=r"a\.png:frame 3: broken\. Mend it\."):
        list(pool.run(_raise, [1], workers=2))


def _slow_if_even(number: int) -> int:
    if number % 2 == 0:
        sum(range(20_000))
    return number * number


def _divide(number: int) -> float:
    return 1 / number


def _raise(number: int) -> None:
    raise DecodeError("broken", path="a.png", where="frame 3", remedy="Mend it.")


def _children() -> set[int]:
    """Processes of this one; `multiprocessing` keeps one of its own once it has spawned any."""
    pid = os.getpid()
    tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(task) for task in tasks}


def _threads(_: object) -> int:
    import cv2

    return cv2.getNumThreads()


def _all_asleep() -> bool:
    """Whether no other thread of this process computes."""
    here = f"{threading.get_native_id()}"
    states = [
        (task / "stat").read_text().rpartition(")")[2].split()[0]
        for task in Path("/proc/self/task").iterdir()
        if task.name != here
    ]
    return "R" not in states


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_opencvs_threads_stay_in_this_process() -> None:
    """They wait for work here; a worker that waited for them to end would wait for ever."""
    import cv2

    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(3)
        cv2.resize(np.zeros((2000, 2000, 3), np.uint8), (999, 999), interpolation=cv2.INTER_CUBIC)
        while not _all_asleep():
            pass
        with closing(pool.run(_threads, [1, 2, 3], workers=2, divide=lambda item: [item])) as runs:
            assert [parts for _, parts in runs] == [[1], [1], [1]]
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)
