"""Killed anywhere, the same command finishes: the tree of an unbroken run, byte for byte."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import signdata
from signdata.formats.csv.scan import scan
from tests.reliability.conftest import (
    Child,
    kill,
    partials,
    points,
    refuses,
    snapshot,
    tree_of,
    write_csv,
    write_tree,
)
from tests.videos import make_index, make_video

COMMANDS = {
    "csv-to-folders": ("csv", "out", ["csv-to-folders"]),
    "convert-folders": ("folders", "out", ["convert", "--image-format", "jpg"]),
    "convert-hdf5": ("folders", "out.h5", ["convert"]),
    "convert-hdf5-encoded": ("folders", "out.h5", ["convert", "--hdf5-layout", "encoded"]),
    "convert-csv": ("folders", "out.csv", ["convert"]),
    "split": ("folders", "out", ["split", "--ratios", "60,40"]),
    "split-hdf5": ("csv", "out.h5", ["split", "--ratios", "60,40"]),
    "extract-frames": ("videos", "out", ["extract-frames", "--frames", "3"]),
}


def command(name: str, source: Callable[[str], Path], work: Path) -> tuple[list[str], Path]:
    kind, out, words = COMMANDS[name]
    verb, *options = words
    return [verb, str(source(kind)), str(work / out), *options, "-j", "1"], work / out


def is_ours_alone(work: Path, out: Path, whole: dict[str, bytes | None]) -> None:
    """Before its end a run has written nothing but the partial folder, and no reader takes it."""
    if not partials(work):
        return
    directory = not out.suffix
    partial = out / ".signdata-partial" if directory else out.with_name(f"{out.name}.partial")
    refuses(partial)
    for tree in partial.glob("tree*"):
        refuses(tree)
    if (partial / "record.json").exists() and not (partial / "commit").exists():
        assert os.listdir(out if directory else work) == [partial.name]
    if directory or (partial / "record.json").exists():
        refuses(out)
    elif out.exists():  # only the lock is left: the end has come
        assert {k: v for k, v in snapshot(work).items() if ".partial" not in k} == whole


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_any_change_it_goes_on(
    name: str, source: Callable[[str], Path], child: Child
) -> None:
    words, out = command(name, source, child.work)
    n = child.count(words)
    whole = snapshot(child.work)
    assert n > 15
    for at in points(n):
        for entry in list(child.work.iterdir()):
            os.system(f"rm -rf '{entry}'")
        assert child.run(words, at).code == -signal.SIGKILL
        is_ours_alone(child.work, out, whole)
        ended = child.run(words)
        assert (ended.code, ended.stderr) == (0, ""), (at, ended)
        assert snapshot(child.work) == whole, at


@pytest.mark.slow
@pytest.mark.parametrize("name", ["csv-to-folders", "convert-hdf5", "convert-csv"])
def test_killed_while_it_replaces_another_output(
    tmp_path: Path, name: str, source: Callable[[str], Path], child: Child
) -> None:
    words, out = command(name, source, child.work)
    child.count(words)
    whole = snapshot(child.work)
    os.system(f"rm -rf {child.work}/*")

    other = tmp_path / "other"
    other.mkdir()
    signdata.convert(write_tree(tmp_path / "tree", 4), other / out.name, workers=1)
    if not out.suffix:
        (other / out.name / "A" / "000001.png").write_text("added by somebody")
        (other / out.name / "problems.csv").write_text("added by somebody")

    def foreign() -> None:
        os.system(f"rm -rf {child.work}/* {child.work}/.s*")
        os.system(f"cp -r {other}/. {child.work}")

    foreign()
    before = snapshot(child.work)
    words.append("--overwrite")
    n = child.count(words)
    assert snapshot(child.work) == whole
    for at in points(n, 4, 2, 12):
        foreign()
        assert child.run(words, at).code == -signal.SIGKILL
        marker = [path for path in child.work.rglob("commit") if path.read_bytes() != b""]
        if not marker and not list(child.work.rglob("commit")) and partials(child.work):
            kept = {place: data for place, data in snapshot(child.work).items() if place in before}
            assert kept == before or kept == {key: whole.get(key) for key in kept}
        ended = child.run(words)
        assert (ended.code, ended.stderr) == (0, ""), (at, ended)
        assert snapshot(child.work) == whole, at


def test_an_unfinished_replacement_still_needs_the_word(
    tmp_path: Path, source: Callable[[str], Path], child: Child
) -> None:
    words, out = command("csv-to-folders", source, child.work)
    signdata.convert(write_tree(tmp_path / "tree", 3), out, workers=1)
    before = snapshot(out)
    assert child.run([*words, "--overwrite"], 8).code == -signal.SIGKILL
    ended = child.run(words)
    assert ended.code == 5
    assert "--overwrite" in ended.error
    assert {k: v for k, v in snapshot(out).items() if ".signdata" not in k} == before


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_after_any_journal_line(
    tmp_path: Path, child: Child, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    """Many small blocks; the group of processes dies when k of them are recorded."""
    monkeypatch.setattr("signdata.formats.csv.scan.BLOCK", 300)
    src = write_csv(tmp_path / "data.csv", 30)
    for out in ("out", "out.h5", "out.csv"):
        words = ["convert", str(src), str(child.work / out), "-j", workers]
        child.count(words)
        whole = snapshot(child.work)
        assert len(scan(src, header=True).blocks) > 6
        for k in (1, 2, 5):
            os.system(f"rm -rf {child.work}/*")
            assert killed_at_line(child, src, child.work / out, k, int(workers)) == -9
            journal = next(child.work.rglob("journal"))
            assert len(journal.read_bytes().splitlines()) == k
            with journal.open("ab") as file:  # a line that the kill cut short
                file.write(b'{"key":":25","read":3')
            ended = child.run(words)
            assert (ended.code, ended.stderr) == (0, "")
            assert snapshot(child.work) == whole
        os.system(f"rm -rf {child.work}/*")


def killed_at_line(child: Child, src: Path, out: Path, k: int, workers: int) -> int:
    from tests.reliability.conftest import fork, wait

    def body() -> int:
        calls: list[int] = []

        def progress(done: int, total: int | None) -> None:
            calls.append(done)
            if len(calls) == k:
                kill()

        signdata.convert([str(src)], str(out), workers=workers, progress=progress)
        return 0

    return wait(fork(body, child.logs), child.logs).code


def test_leftovers_of_a_killed_run_are_swept(source: Callable[[str], Path], child: Child) -> None:
    """What a killed run wrote and the next one could not is not moved up."""
    words, out = command("extract-frames", source, child.work)
    n = child.count(words)
    whole = snapshot(child.work)
    os.system(f"rm -rf {child.work}/*")
    assert child.run(words, n // 2).code == -signal.SIGKILL
    tree = tree_of(out / ".signdata-partial")
    stray = tree / "book" / "99" / "img_00001.jpg"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"of a clip that died")
    (tree / "extra.txt").write_bytes(b"?")
    assert child.run(words).code == 0
    assert snapshot(child.work) == whole


def test_a_kill_while_items_are_tried_again(tmp_path: Path, child: Child) -> None:
    """A second run over a complete output with missing items keeps what was there."""
    src = write_tree(tmp_path / "data", 12)
    hurt = src / "A" / "003.png"
    good = hurt.read_bytes()
    unbroken = child.work / "unbroken"
    assert child.run(["convert", str(src), str(unbroken), "-j", "1"]).code == 0
    out = child.work / "out"
    words = ["convert", str(src), str(out), "--on-error", "skip", "-j", "1"]
    hurt.write_bytes(b"damaged")
    assert child.run(words).code == 3
    lacking = snapshot(out)
    assert lacking["problems.csv"]
    hurt.write_bytes(good)
    n = child.count(words)
    assert snapshot(out) == snapshot(unbroken)
    for at in points(n):
        os.system(f"rm -rf {out}")
        hurt.write_bytes(b"damaged")
        assert child.run(words).code == 3
        hurt.write_bytes(good)
        assert child.run(words, at).code == -signal.SIGKILL
        ended = child.run(words)
        assert (ended.code, ended.stderr) == (0, ""), (at, ended)
        assert snapshot(out) == snapshot(unbroken), at


def test_clips_of_an_index_killed_anywhere(tmp_path: Path, child: Child) -> None:
    """Two clips of one file, one cut off, one missing."""
    folder = tmp_path / "wlasl" / "videos"
    url = "https://youtu.be/abcdefghijk"
    instances = [
        {"video_id": "1", "frame_start": 1, "frame_end": 4, "url": url},
        {"video_id": "2", "frame_start": 6, "frame_end": 9, "url": url},
        {"video_id": "3"},
        {"video_id": "4"},
        {"video_id": "5"},
    ]
    index = make_index(tmp_path / "wlasl" / "index.json", instances)
    make_video(folder / "abcdefghijk.mkv", 12)
    data = make_video(folder / "3.mkv", 30).read_bytes()
    (folder / "3.mkv").write_bytes(data[: len(data) // 2])
    make_video(folder / "5.mp4", 2)
    words = ["extract-frames", str(index), str(child.work / "out"), "-j", "1"]
    n = child.count(words)
    whole = snapshot(child.work)
    assert sum(place.endswith(".jpg") for place in whole) == 10
    for at in points(n, 3, 4, 6):
        os.system(f"rm -rf {child.work}/*")
        assert child.run(words, at).code == -signal.SIGKILL
        assert child.run(words).code == 3, at
        assert snapshot(child.work) == whole, at
