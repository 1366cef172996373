"""Two attempts at the same work, and one that ends early: nothing that counts is lost."""

from __future__ import annotations

import os
import pickle
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import signdata
from signdata.errors import OutputError
from signdata.filesystem import link_file, put_file
from signdata.formats.tree_files import TreeFiles
from signdata.formats.writer import EncodedItem
from signdata.workers import pool
from tests.reliability.conftest import partials, snapshot, write_csv, write_tree, write_videos

DATA = os.urandom(20_000)
KILLS = 15


def file_again(path: Path) -> None:
    put_file(path, DATA)


def made_again(path: Path) -> None:
    item = EncodedItem(path.name, b"", make=lambda staged: Path(staged).write_bytes(DATA))
    TreeFiles(str(path.parent), lambda name: name).put(item)


def clip_again(path: Path) -> None:
    files = TreeFiles(str(path.parent.parent), os.path.dirname)
    for number in range(3):
        files.put(EncodedItem(f"{path.parent.name}/{number}.jpg", DATA))
    files.finish({})


def killed_while(again: Callable[[], None], after: float) -> None:
    """Kill a process that does its work over and over."""
    pid = os.fork()
    if not pid:
        while True:
            again()
    time.sleep(after)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("again", [file_again, made_again, clip_again])
def test_a_killed_second_attempt_leaves_the_first_whole(
    tmp_path: Path, again: Callable[[Path], None]
) -> None:
    paths = [tmp_path / f"{number}" / "0.jpg" for number in range(10)]
    for path in paths:
        path.parent.mkdir()
        again(path)
    chance = random.Random(0)
    whole = {path: data for path, data in snapshot(tmp_path).items() if path[2:3] != "."}
    assert DATA in whole.values()
    for _ in range(KILLS):
        killed_while(lambda: [again(path) for path in paths], chance.uniform(0.002, 0.03))
        found = snapshot(tmp_path)
        assert {name: found.get(name) for name in whole} == whole


def test_a_second_attempt_of_another_state_replaces_the_first(tmp_path: Path) -> None:
    """A killed run left a clip that the journal does not know; its source has changed since."""
    for n_frames, data in ((5, b"old"), (2, b"new")):
        files = TreeFiles(str(tmp_path), os.path.dirname)
        for number in range(n_frames):
            files.put(EncodedItem(f"A/clip/{number}.jpg", data))
        files.finish({})
    assert snapshot(tmp_path) == {
        "A": None,
        "A/clip": None,
        "A/clip/0.jpg": b"new",
        "A/clip/1.jpg": b"new",
    }


@pytest.mark.parametrize("symbolic", [False, True])
def test_a_link_made_twice_is_one_link(tmp_path: Path, symbolic: bool) -> None:
    (tmp_path / "source").write_bytes(b"theirs")
    place = tmp_path / "tree" / "link"
    place.parent.mkdir()
    place.write_bytes(b"of an earlier attempt")
    for _ in range(2):
        assert link_file(str(tmp_path / "source"), place, symbolic=symbolic)
        assert os.path.samefile(place, tmp_path / "source")
        assert place.is_symlink() == symbolic
        assert os.listdir(place.parent) == ["link"]


def test_an_attempt_that_fails_removes_nothing_of_another(tmp_path: Path) -> None:
    clip_again(tmp_path / "clip" / "0.jpg")
    before = snapshot(tmp_path)
    files = TreeFiles(str(tmp_path), os.path.dirname)
    files.put(EncodedItem("clip/0.jpg", b"half"))
    files.discard()
    assert snapshot(tmp_path) == before


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, list[bytes]]]:
    """What was handed to workers: each job and its batches, pickled."""
    real, caught = pool.run, []

    def spy(function: Any, items: Any, **options: Any) -> Iterator[Any]:
        items = list(items)
        caught.append((pickle.dumps(function), [pickle.dumps(item) for item in items]))
        return real(function, items, **options)

    monkeypatch.setattr(pool, "run", spy)
    return caught


@pytest.mark.parametrize("kind", ["stills", "clips"])
def test_a_worker_of_a_run_that_is_over_writes_nothing(
    tmp_path: Path, jobs: list[tuple[bytes, list[bytes]]], kind: str
) -> None:
    out = tmp_path / "out"
    if kind == "stills":
        signdata.csv_to_folders(write_csv(tmp_path / "data.csv"), out, workers=1)
    else:
        signdata.extract_frames(write_videos(tmp_path / "clips"), out, workers=1)
    before = snapshot(out)
    (function, batches) = jobs[0]
    outcome = pickle.loads(function)(pickle.loads(batches[0]))
    assert isinstance(outcome.fatal, OutputError)
    assert snapshot(out) == before
    assert not partials(tmp_path)
    assert signdata.verify(out).exit_code == 0


def test_a_worker_of_a_killed_run_finds_its_tree_gone(
    tmp_path: Path, jobs: list[tuple[bytes, list[bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes up while the same command, again, is about to close the output."""
    src, out = write_tree(tmp_path / "data"), tmp_path / "out"

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        signdata.convert(src, out, workers=1, progress=interrupt)
    function, batches = jobs[0]
    late: list[Any] = []

    def wake(done: int, total: int | None) -> None:
        late.append(pickle.loads(function)(pickle.loads(batches[0])))

    write_tree(src, 80)
    (out / ".signdata-partial" / "journal").unlink()
    with pytest.raises(signdata.errors.SourceChangedError):
        signdata.convert(src, out, workers=1, progress=wake)
    signdata.convert(src, out, workers=1, progress=wake, overwrite=True)
    assert late
    assert all(isinstance(outcome.fatal, OutputError) for outcome in late)
    signdata.convert(src, tmp_path / "fresh", workers=1)
    assert snapshot(out) == snapshot(tmp_path / "fresh")


@pytest.mark.parametrize("name", ["out", "out.h5", "out.csv"])
@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_run_that_ends_early_is_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, n: int
) -> None:
    src, out = write_tree(tmp_path / "data", 150), tmp_path / name
    real = pool.run

    def short(function: Any, items: Any, **options: Any) -> Iterator[Any]:
        results = real(function, items, **options)
        for _ in range(n):
            yield next(results)
        results.close()

    with monkeypatch.context() as patch:
        patch.setattr(pool, "run", short)
        with pytest.raises(OutputError, match=r"not complete: batch \d+ was not stored") as caught:
            signdata.convert(src, out, workers=1)
    assert caught.value.exit_code == 5
    assert "Run the same command again" in str(caught.value)
    assert partials(tmp_path)
    result = signdata.convert(src, out, workers=1)
    assert (result.read, result.written) == (150, 150)
    signdata.convert(src, tmp_path / "fresh" / name, workers=1)
    assert snapshot(tmp_path / "fresh")[name] == snapshot(tmp_path)[name]


def test_a_batch_that_lost_a_sample_is_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    src, real = write_tree(tmp_path / "data", 20), pool.run

    def lossy(function: Any, items: Any, **options: Any) -> Iterator[Any]:
        for item, (outcome, *_) in real(function, items, **options):
            outcome.read -= 1
            yield item, [outcome]

    monkeypatch.setattr(pool, "run", lossy)
    with pytest.raises(OutputError, match="19 of 20 samples were read"):
        signdata.convert(src, tmp_path / "out", workers=1)
