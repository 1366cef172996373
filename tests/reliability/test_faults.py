"""The k-th fault: whichever call the system refuses, the run says so and can be repeated."""

from __future__ import annotations

import multiprocessing.connection  # noqa: F401 - takes os.write before a test cuts it short
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signdata.cli import errors
from tests.reliability.conftest import (
    IO_ERROR,
    NO_ACCESS,
    NO_SPACE,
    Child,
    Ended,
    fail,
    fork,
    partials,
    points,
    snapshot,
    wait,
    write_csv,
    write_tree,
)

RUNS = {
    "folders": ("csv", "out", ["csv-to-folders"]),
    "hdf5": ("csv", "out.h5", ["convert"]),
    "csv": ("tree", "out.csv", ["convert"]),
    "link": ("tree", "out", ["split", "--ratios", "50,50"]),
}


def make(tmp_path: Path, child: Child, name: str) -> list[str]:
    kind, out, (verb, *options) = RUNS[name]
    write = write_csv if kind == "csv" else write_tree
    src = write(tmp_path / ("data.csv" if kind == "csv" else "data"), 6)
    return [verb, str(src), str(child.work / out), *options, "-j", "1"]


def holds(ended: Ended, child: Child, whole: dict[str, bytes | None], words: list[str]) -> None:
    """After a fault: a documented exit, one line, nothing wrong under a final name."""
    assert ended.code in (0, 3, 4, 5), ended
    if ended.code != 0:
        assert ended.error
    found = snapshot(child.work)
    if ended.code == 0:
        assert {k: v for k, v in found.items() if k in whole} == whole
    if not partials(child.work):
        assert found in ({}, {"out": None}, whole), ended
    again = child.run(words)
    assert (again.code, again.stderr) == (0, ""), (ended, again)
    assert snapshot(child.work) == whole, ended


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_any_change_may_be_refused(tmp_path: Path, child: Child, name: str) -> None:
    words = make(tmp_path, child, name)
    n = child.count(words)
    whole = snapshot(child.work)
    codes = []
    for at in points(n):
        os.system(f"rm -rf {child.work}/*")
        ended = child.run(words, at, fail((NO_SPACE, IO_ERROR, NO_ACCESS)[at % 3]))
        holds(ended, child, whole, words)
        codes.append(ended.code)
    assert codes.count(5) > len(codes) / 2


def writes_until(child: Child, words: list[str], at: int) -> tuple[Ended, bool]:
    """Run a command whose `at`-th write of bytes takes half of them and then finds no space."""

    def body() -> int:
        write, n = os.write, 0

        def limited(file: int, data: bytes) -> int:
            nonlocal n
            n += file > 2
            if n == at + 1 and file > 2:
                (child.logs / "fired").touch()
                raise OSError(NO_SPACE, os.strerror(NO_SPACE))
            return write(file, data[: len(data) // 2] if n == at and file > 2 else data)

        os.write = limited
        try:
            errors.main(words)
        except SystemExit as end:
            return int(end.code or 0)

    (child.logs / "fired").unlink(missing_ok=True)
    ended = wait(fork(body, child.logs), child.logs)
    return ended, (child.logs / "fired").exists()


@pytest.mark.parametrize("name", RUNS)
def test_any_write_may_be_cut_short(tmp_path: Path, child: Child, name: str) -> None:
    words = make(tmp_path, child, name)
    child.count(words)
    whole = snapshot(child.work)
    at, fired = 0, True
    while fired:
        at += 1
        os.system(f"rm -rf {child.work}/*")
        ended, fired = writes_until(child, words, at)
        if fired:
            assert ended.code == 5
            assert "the disk is full" in ended.error
            assert "Free some space" in ended.error
        holds(ended, child, whole, words)
    assert at >= 5


@pytest.mark.parametrize("kind", ["csv", "folders"])
@pytest.mark.parametrize("code", [IO_ERROR, NO_ACCESS])
def test_a_source_that_cannot_be_read(
    child: Child, code: int, kind: str, source: Callable[[str], Path]
) -> None:
    """The k-th opening of a source is refused: exit 4 that names it, and nothing is left.

    Unless that was only a look at the first bytes: then all is read, and written as ever.
    """
    src = source(kind)
    words = ["convert", str(src), str(child.work / "out"), "-j", "1"]
    ended, reads = count_reads(child, src, words, 0, code)
    assert ended.code == 0
    assert reads > 1
    whole, n_refused = snapshot(child.work), 0
    for at in range(1, reads + 1):
        os.system(f"rm -rf {child.work}/*")
        ended, _ = count_reads(child, src, words, at, code)
        n_refused += ended.code != 0
        if ended.code != 0:
            assert ended.code == 4, (at, ended)
            assert src.name in ended.error
            assert snapshot(child.work) == {}
            assert child.run(words).code == 0
        assert snapshot(child.work) == whole
    assert n_refused


def count_reads(child: Child, src: Path, words: list[str], at: int, code: int) -> tuple[Ended, int]:
    def body() -> int:
        n = 0

        def watch(event: str, args: tuple[object, ...]) -> None:
            nonlocal n
            name = str(args[0]) if event == "open" else ""
            if name.startswith(str(src)) and os.path.isfile(name):
                n += 1
                if n == at:
                    raise OSError(code, os.strerror(code), str(args[0]))

        sys.addaudithook(watch)
        try:
            errors.main(words)
        except SystemExit as end:
            (child.logs / "n").write_text(str(n))
            return int(end.code or 0)

    ended = wait(fork(body, child.logs), child.logs)
    return ended, int((child.logs / "n").read_text())
