"""Shards: a run that is killed goes on with those that it lacks; a deadly sample costs itself."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

import signdata
from signdata.errors import DecodeError, OutputError, SourceChangedError
from signdata.formats.picture_options import PictureOptions
from signdata.formats.sharding import ShardOptions
from signdata.formats.webdataset.writer import WebDatasetWriter
from tests.reliability.conftest import (
    Child,
    fork,
    kill,
    partials,
    snapshot,
    tree_of,
    wait,
    write_csv,
    write_tree,
)
from tests.reliability.tally import TIMES, attack
from tests.reliability.test_workers import Painted, write


def writer(shards: int = 4) -> WebDatasetWriter:
    return WebDatasetWriter(PictureOptions(shards=ShardOptions(shards)))


def test_a_worker_killed_once_costs_nothing(tmp_path: Path) -> None:
    write([Painted(i) for i in range(20)], tmp_path / "whole", 1, writer())
    flag = str(tmp_path / "flag")
    pixels = [Painted(i, dies="once" if i == 9 else "", flag=flag) for i in range(20)]
    result = write(pixels, tmp_path / "out", 2, writer())
    assert Path(flag).exists()
    assert (result.read, result.written, result.failed) == (20, 20, 0)
    assert snapshot(tmp_path / "out") == snapshot(tmp_path / "whole")


def test_deadly_samples_cost_themselves_alone(tmp_path: Path) -> None:
    deadly = {5, 7, 14}
    pixels = [Painted(i, dies="always" if i in deadly else "") for i in range(20)]
    result = write(pixels, tmp_path / "out", 2, writer())
    assert (result.read, result.written, result.failed, result.exit_code) == (20, 17, 3, 3)
    crashes = [problem.path for problem in result.problems if problem.kind == "crash"]
    assert crashes == ["005.src", "007.src", "014.src"]
    with signdata.open_dataset(tmp_path / "out") as reader:
        found = {sample.id: next(sample.frames())[0, 0, 0] for sample in reader}
    assert found == {f"{i:03d}": i for i in range(20) if i not in deadly}
    assert signdata.verify(tmp_path / "out", workers=1).exit_code == 0
    assert not partials(tmp_path)


def test_a_deadly_sample_ends_a_run_that_is_to_stop(tmp_path: Path) -> None:
    pixels = [Painted(i, dies="always" if i == 5 else "") for i in range(8)]
    with pytest.raises(DecodeError, match=r"005\.src.*worker process died"):
        write(pixels, tmp_path / "out", 2, writer(2), on_error="stop")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["csv", "tree"])
def test_finished_shards_are_not_written_again(tmp_path: Path, child: Child, kind: str) -> None:
    src = write_csv(tmp_path / "d.csv", 30) if kind == "csv" else write_tree(tmp_path / "d", 30)
    out = child.work / "out"

    def body() -> int:
        calls: list[int] = []

        def progress(done: int, total: int | None) -> None:
            calls.append(done)
            if len(calls) == 3:
                kill()

        signdata.convert(
            [str(src)], str(out), to_format="webdataset", shards=6, workers=1, progress=progress
        )
        return 0

    assert wait(fork(body, child.logs), child.logs).code == -signal.SIGKILL
    shards = sorted((tree_of(out / ".signdata-partial") / "data").glob("*.tar"))
    before = {path.name: path.stat().st_ino for path in shards}
    assert len(before) >= 3
    signdata.convert([str(src)], out, to_format="webdataset", shards=6, workers=1)
    after = {path.name: path.stat().st_ino for path in (out / "data").iterdir()}
    assert len(after) == 6
    finished = sorted(before)[:3]
    assert {name: after[name] for name in finished} == {name: before[name] for name in finished}
    signdata.convert([str(src)], tmp_path / "whole", to_format="webdataset", shards=6, workers=1)
    assert snapshot(out) == snapshot(tmp_path / "whole")


def test_a_shard_that_was_cut_since_is_not_taken_for_complete(tmp_path: Path) -> None:
    src = write_tree(tmp_path / "data", 8)
    how = {"to_format": "webdataset", "shards": 2, "workers": 1}
    signdata.convert(src, tmp_path / "out", **how)
    before = snapshot(tmp_path / "out")
    assert signdata.convert(src, tmp_path / "out", **how).details["already_done"]
    os.truncate(tmp_path / "out/data/train-00001-of-00002.tar", 100)
    with pytest.raises(OutputError, match=r"train-00001-of-00002\.tar: cut short.*--overwrite"):
        signdata.convert(src, tmp_path / "out", **how)
    signdata.convert(src, tmp_path / "out", **how, overwrite=True)
    assert snapshot(tmp_path / "out") == before


def inodes(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in (out / "data").iterdir()}


@pytest.mark.parametrize("kind", ["csv", "tree"])
def test_what_could_not_be_read_is_tried_again(tmp_path: Path, kind: str) -> None:
    """Of a complete output only the shards are written again that lack a sample."""
    if kind == "tree":
        src = write_tree(tmp_path / "data", 12)
        hurt = src / "A" / "003.png"
    else:
        src = hurt = write_csv(tmp_path / "d.csv", 12)
    good = hurt.read_bytes()
    how = {"to_format": "webdataset", "shards": 3, "workers": 1, "on_error": "skip"}
    hurt.write_bytes(b"damaged" if kind == "tree" else good.replace(b"\n", b"\nx,", 1))
    out = tmp_path / "out"
    assert signdata.convert(src, out, **how).failed == 1
    before = inodes(out)
    hurt.write_bytes(good)
    if kind == "csv":  # another file, to which nothing can be added
        with pytest.raises(SourceChangedError):
            signdata.convert(src, out, **how)
        return
    result = signdata.convert(src, out, **how)
    assert (result.read, result.written, result.failed) == (12, 12, 0)
    after = inodes(out)
    assert before.keys() == after.keys()
    assert len({name for name in after if after[name] != before[name]}) == 1
    signdata.convert(src, tmp_path / "whole", **how)
    assert snapshot(out) == snapshot(tmp_path / "whole")
    assert signdata.verify(out, workers=1).exit_code == 0


def test_shards_that_are_now_cut_otherwise_replace_all(tmp_path: Path) -> None:
    src = write_tree(tmp_path / "data", 20)
    hurt = src / "A" / "003.png"
    good = hurt.read_bytes()
    hurt.write_bytes(b"damaged")
    how = {"to_format": "webdataset", "shard_size": 1, "workers": 1, "on_error": "skip"}
    out = tmp_path / "out"
    signdata.convert(src, out, **how)
    assert len(inodes(out)) == 16
    hurt.write_bytes(good + bytes(20_000_000))  # a larger file: now there are more shards
    assert signdata.convert(src, out, **how).failed == 0
    assert len(inodes(out)) == 20
    signdata.convert(src, tmp_path / "whole", **how)
    assert snapshot(out) == snapshot(tmp_path / "whole")


@pytest.mark.skipif(TIMES == 1, reason="only when asked for: SIGNDATA_ATTACKS")
def test_killed_at_any_time(tmp_path: Path, child: Child) -> None:
    """Workers and all die at a moment drawn at random; the same command finishes it."""
    src = write_tree(tmp_path / "data", 300)
    words = ["convert", str(src), str(child.work / "out"), "--to", "webdataset"]
    begun = time.monotonic()
    assert child.run([*words, "-j", "2"]).code == 0
    lasts = time.monotonic() - begun
    whole = snapshot(child.work)
    draw = random.Random(0)
    for number in range(10 * TIMES):
        os.system(f"rm -rf {child.work}/*")
        with attack("R1"):
            for _ in range(1 + number % 3):
                pid = fork(lambda: _run([*words, "-j", "2"]), child.logs)
                time.sleep(draw.uniform(0, lasts))
                end(pid)
                wait(pid, child.logs)
            ended = child.run([*words, "-j", str(1 + number % 2)])
            assert ended.code == 0, ended
            assert snapshot(child.work) == whole


def end(pid: int) -> None:
    """Kill a child and all that it started; it may not yet have a group of its own."""
    for kill_it in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill_it(pid, signal.SIGKILL)


def _run(words: list[str]) -> int:
    from signdata.cli import errors

    try:
        errors.main(words)
    except SystemExit as end:
        return int(end.code or 0)
    return 0
