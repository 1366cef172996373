"""Every command that writes: killed, refused by the system, on a disk that is too small."""

from __future__ import annotations

import math
import shutil
import signal
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from signdata.cli.app import COMMANDS
from tests.reliability import test_disk_full
from tests.reliability.conftest import (
    IO_ERROR,
    NO_ACCESS,
    NO_SPACE,
    Child,
    Ended,
    fail,
    partials,
    refuses,
    snapshot,
)
from tests.reliability.tally import TIMES, attack
from tests.reliability.test_disk_full import on_small_disk
from tests.reliability.writers import WRITERS, Writer

ON_A_SMALL_DISK = [
    WRITERS[name]
    for name in (
        "csv-to-folders",
        "folders-to-csv",
        "convert to hdf5",
        "convert to arrays",
        "extract-frames",
        "trim",
        "split by copies",
        "audit --findings",
        "sample photos",
        "predict --annotate",
        "report",
    )
]
"""One for each way of writing: these are tried always."""

Tree = dict[str, bytes | None]
DONE = (0, 3)

WRITE_NOTHING = {"diff", "info", "verify", "demo", "serve"}
"""Commands that write nothing, or only by other commands; `serve` is killed in tests/serving."""


def test_every_command_that_writes_is_there() -> None:
    assert {name.split()[0].rstrip(",") for name in WRITERS} | WRITE_NOTHING == set(COMMANDS)


@dataclass
class Attacked:
    """A command with its sources, and what it writes when nothing happens.

    Attributes
    ----------
    writer : Writer
        The command.
    child : Child
        Runs it.
    words : list of str
        Its command line.
    temporary : Path
        What it takes for the system's temporary folder.
    n : int
        Changes that it makes.
    whole : dict
        What it leaves.
    """

    writer: Writer
    child: Child
    words: list[str]
    temporary: Path
    n: int = 0
    whole: Tree = None  # type: ignore[assignment]  # set below
    sources: Tree = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.sources = snapshot(self._sources)
        self.n = self.child.count(self.words)
        self.whole = self.written()

    @property
    def _sources(self) -> Path:
        return self.child.work.with_name("sources")

    def written(self) -> Tree:
        """What is there, but for what is measured."""
        found = snapshot(self.child.work)
        return {
            place: b"" if any(part in place for part in self.writer.measured) else data
            for place, data in found.items()
        }

    def clear(self) -> None:
        """Nothing is there."""
        for entry in self.child.work.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def points(self, kind: int) -> Iterator[int]:
        """Some of the changes, evenly spaced: `TIMES` of them; a single one is another for each.

        With single ones, of two `kind`s of attack each has its half of the writers.
        """
        if TIMES == 1 and list(WRITERS.values()).index(self.writer) % 2 != kind:
            pytest.skip("attacked in another way; SIGNDATA_ATTACKS=2 tries all")
        wanted = TIMES if not self.writer.heavy else math.ceil(TIMES / 3)
        if wanted == 1:
            yield 1 + zlib.crc32(f"{self.words[0]} {self.writer.out}".encode()) % self.n
            return
        step = max(1.0, (self.n - 1) / (wanted - 1))
        yield from sorted({self.n - round(k * step) for k in range(wanted) if k * step < self.n})

    def is_whole_or_absent(self, out: Path) -> None:
        """Nothing but the partial folder is there, which no reader takes; or all is."""
        found = self.written()
        ours = (".partial", ".signdata-partial", ".new")
        final = {k: v for k, v in found.items() if not any(part in k for part in ours)}
        if final in ({}, {self.writer.out: None}):
            if partials(self.child.work) and out.is_dir():
                refuses(out)
        else:
            assert final == self.whole

    def finishes(self) -> None:
        """The same command ends the work: the unbroken tree, nothing next to it, no source hurt."""
        again = self.child.run(self.words)
        assert again.code in DONE, again
        assert self.written() == self.whole
        assert not partials(self.child.work)
        assert snapshot(self._sources) == self.sources
        assert list(self.temporary.iterdir()) == []


@pytest.fixture(scope="module", params=WRITERS)
def attacked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Attacked]:
    """A writer whose sources are made once for all its attacks."""
    writer = WRITERS[request.param]
    if writer.heavy:
        if TIMES == 1:
            pytest.skip("broken off in the tests of its own; SIGNDATA_ATTACKS=2 tries all")
        import_module("torch")
    root = tmp_path_factory.mktemp("attacked")
    for name in ("work", "logs", "temporary"):
        (root / name).mkdir()
    child, temporary = Child(root / "work", root / "logs"), root / "temporary"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TMPDIR", "TEMP", "TMP"):
            patch.setenv(name, str(temporary))
        patch.setattr("tempfile.tempdir", None)
        yield Attacked(writer, child, writer.words(root / "sources", child.work), temporary)


@pytest.mark.slow
def test_killed_at_any_change(attacked: Attacked) -> None:
    """Nothing unfinished has its final name, and the same command finishes it."""
    out = attacked.child.work / attacked.writer.out
    for at in attacked.points(kind=0):
        attacked.clear()
        with attack("R1"):
            assert attacked.child.run(attacked.words, at).code == -signal.SIGKILL
            is_committing = list(attacked.child.work.rglob("commit"))
            if not is_committing:
                attacked.is_whole_or_absent(out)
            attacked.finishes()


@pytest.mark.slow
def test_any_change_may_be_refused(attacked: Attacked) -> None:
    """The system refuses a call: one line of error, and the same command finishes it."""
    for at in attacked.points(kind=1):
        attacked.clear()
        with attack("R2"):
            code = (NO_SPACE, IO_ERROR, NO_ACCESS)[at % 3]
            ended: Ended = attacked.child.run(attacked.words, at, fail(code))
            assert ended.code in (0, 3, 4, 5), ended
            if ended.code not in DONE:
                said = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
                assert len(said) == 1, ended
            attacked.finishes()


@pytest.mark.slow
@test_disk_full.needs_mounts
def test_a_disk_that_is_too_small(attacked: Attacked, tmp_path: Path) -> None:
    """One line that says so; the same command goes on when the disk has grown."""
    if TIMES == 1 and attacked.writer not in ON_A_SMALL_DISK:
        pytest.skip("SIGNDATA_ATTACKS=2 and more tries every command")
    work, disk = attacked.child.work, tmp_path / "disk"
    words = [word.replace(str(work), str(disk)) for word in attacked.words]
    need = sum(
        4 * math.ceil(len(data or b"") / 4096) + (4 if data is None else 0)
        for data in attacked.whole.values()
    )
    for number, part in enumerate((0.2, 0.5, 0.8, 1.0)[: 1 if TIMES == 1 else 4]):
        kilobytes = 4 * max(3 + number, math.ceil(need * part / 4))
        with attack("R3"):
            first, error, second, later = on_small_disk(tmp_path, words, kilobytes)
            if first not in DONE:
                assert first == 5, error
                lines = error.splitlines()
                assert [line for line in lines if line.startswith("error: ")] == lines[-1:], error
                assert "the disk is full" in error or "No space left" in error
            assert second in DONE, later
            attacked.clear()
            shutil.copytree(
                tmp_path / f"logs-{kilobytes}" / "disk", work, symlinks=True, dirs_exist_ok=True
            )
            assert without_notes(attacked.written()) == without_notes(attacked.whole)


def without_notes(tree: Tree) -> Tree:
    """All but the list of what was noted: links end at the disk, and copies are told of."""
    return {place: data for place, data in tree.items() if not place.endswith("/problems.csv")}
