"""Running the command line in processes that are killed, interrupted and refused by the system.

`Child` forks this process, which has everything imported, and runs the command line in it; an
audit hook in the child sees every file that is opened for writing, renamed, linked or removed
below a folder, and may kill the process or refuse the call. That is the real program in a
real process: nothing of it is replaced.
"""

from __future__ import annotations

import errno
import importlib
import mmap
import os
import pkgutil
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.cli import errors
from signdata.errors import SigndataError
from signdata.media.image import encode
from tests.reliability.tally import TIMES
from tests.videos import make_video

CHANGES = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
}
_WRITING = os.O_WRONLY | os.O_RDWR


@dataclass(frozen=True)
class Ended:
    """How a child ended: an exit code, or minus a signal."""

    code: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """Its one line of error."""
        lines = self.stderr.splitlines()
        assert len(lines) == 1, self.stderr
        assert lines[0].startswith("error: "), self.stderr
        return lines[0]


class Events:
    """An audit hook: calls `act` at the k-th change below `folder`, counted over all processes."""

    def __init__(self, folder: Path, at: int, act: Callable[[], None]) -> None:
        self._folder = str(folder)
        self._at = at
        self._act = act
        self._count = mmap.mmap(-1, 8)  # shared with every process that is forked from here

    @property
    def n(self) -> int:
        return int.from_bytes(self._count[:], "little")

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event != "open" and event not in CHANGES:
            return
        if event == "open" and not int(args[2] or 0) & _WRITING:
            return
        if not any(
            str(arg).startswith(self._folder) for arg in args if isinstance(arg, str | Path)
        ):
            return
        n = self.n + 1
        self._count[:] = n.to_bytes(8, "little")
        if n == self._at:
            self._act()


def kill() -> None:
    """End this process and all that it started, as `kill -9` does."""
    os.killpg(0, signal.SIGKILL)


def fail(code: int) -> Callable[[], None]:
    """What an audit hook does so that the system seems to refuse a call."""

    def refuse() -> None:
        raise OSError(code, os.strerror(code))

    return refuse


@cache
def import_everything() -> None:
    """Import what commands import late: a child that has it already starts in a tenth of the time.

    But for what needs PyTorch or a server: few children run those.
    """
    late = ("signdata.training", "signdata.inference", "signdata.serving", "signdata.torch")
    for module in pkgutil.walk_packages(signdata.__path__, "signdata."):
        if not module.name.startswith(late) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def fork(body: Callable[[], int], folder: Path) -> int:
    """Run `body` in a child with a process group of its own; return its pid."""
    import_everything()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn of threads: the child starts afresh
        pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        os.setsid()
        for number, name in ((1, "stdout"), (2, "stderr")):
            file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(file, number)
            setattr(sys, name, os.fdopen(number, "w"))
        code = body()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def wait(pid: int, folder: Path) -> Ended:
    """Wait for a child; how it ended and what it printed."""
    _, status = os.waitpid(pid, 0)
    texts = [(folder / name).read_text() for name in ("stdout", "stderr")]
    return Ended(os.waitstatus_to_exitcode(status), *texts)


@dataclass(frozen=True)
class Child:
    """Runs the command line in forked processes; what they change is below `work`."""

    work: Path
    logs: Path

    def run(self, words: list[str], at: int = 0, act: Callable[[], None] = kill) -> Ended:
        """Run a command; `act` at its change number `at`."""

        def body() -> int:
            events = Events(self.work, at, act)
            sys.addaudithook(events)
            try:
                errors.main(words)
            except SystemExit as end:
                (self.logs / "n").write_text(str(events.n))
                return int(end.code or 0)

        return wait(fork(body, self.logs), self.logs)

    def count(self, words: list[str]) -> int:
        """Run a command to its end; how many changes it makes."""
        ended = self.run(words)
        assert ended.code in (0, 3), ended
        return int((self.logs / "n").read_text())


@pytest.fixture
def child(tmp_path: Path) -> Child:
    """Runs commands that write below ``tmp_path/work``."""
    for name in ("work", "logs"):
        (tmp_path / name).mkdir()
    return Child(tmp_path / "work", tmp_path / "logs")


def snapshot(root: Path) -> dict[str, bytes | None]:
    """Everything below `root`: bytes of files, None for folders."""
    return {
        path.relative_to(root).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in sorted(root.rglob("*"))
    }


def points(n: int, first: int = 4, middle: int = 3, last: int = 9) -> list[int]:
    """Some of the numbers 1..n: where things begin and end, all of them; some between.

    ``SIGNDATA_ATTACKS=2`` and more gives all.
    """
    if TIMES > 1 or n <= first + middle + last:
        return list(range(1, n + 1))
    between = np.linspace(first + 1, n - last, middle).astype(int)
    return sorted({*range(1, first + 1), *between.tolist(), *range(n - last + 1, n + 1)})


def partials(folder: Path) -> list[Path]:
    """Unfinished outputs below a folder."""
    return [path for path in folder.rglob("*.partial*")] + [*folder.rglob(".signdata-partial")]


def tree_of(partial: Path) -> Path:
    """The tree that is built in a partial folder."""
    (tree,) = partial.glob("tree*")
    return tree


def refuses(path: Path) -> None:
    """Fail unless every way to read `path` is refused as unusable input."""
    readers: list[Callable[[Path], object]] = [signdata.info, signdata.verify]
    for read in readers:
        with pytest.raises(SigndataError) as caught:
            read(path)
        assert caught.value.exit_code == 4, caught.value


def picture(number: int, size: int = 6) -> np.ndarray:
    """A grey picture that no other number has."""
    return np.random.default_rng(number).integers(0, 256, (size, size, 1), np.uint8)


def write_csv(path: Path, n: int = 12, size: int = 6) -> Path:
    """A pixel CSV of `n` rows with three classes."""
    header = ",".join(["label", *(f"pixel{i + 1}" for i in range(size * size))])
    rows = [",".join(map(str, [i % 3, *picture(i, size).ravel()])) for i in range(n)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def write_tree(root: Path, n: int = 12, suffix: str = ".png") -> Path:
    """A tree of `n` pictures of three classes."""
    for i in range(n):
        path = root / "ABC"[i % 3] / f"{i:03d}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode.encode(picture(i), "png" if suffix == ".png" else "jpg", 95))
    return root


def write_videos(root: Path, n: int = 3, n_frames: int = 4) -> Path:
    """A tree of `n` short videos of two classes."""
    for i in range(n):
        path = root / ("book", "drink")[i % 2] / f"{i:02d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_video(path, n_frames)
    return root


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Make a source by the name of its format; check at the end that nothing changed it."""
    made: dict[Path, dict[str, bytes | None] | bytes] = {}

    def make(kind: str) -> Path:
        path = tmp_path / {"csv": "data.csv", "folders": "data", "videos": "clips"}[kind]
        {"csv": write_csv, "folders": write_tree, "videos": write_videos}[kind](path)
        made[path] = path.read_bytes() if path.is_file() else snapshot(path)
        return path

    yield make
    for path, before in made.items():
        assert before == (path.read_bytes() if path.is_file() else snapshot(path)), path


NO_SPACE, IO_ERROR, NO_ACCESS = errno.ENOSPC, errno.EIO, errno.EACCES
