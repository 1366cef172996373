"""What all tests share: running the command line, and making tiny datasets on disk.

`cli` runs ``python -m signdata`` as a user does, in a process of its own; `main` runs the same
command line in this process, which costs no start-up. `make_csv`, `make_tree` and `make_frames`
write real files below `tmp_path` and return where they are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before PyTorch is imported, here and in all processes that tests start: its threads would wait
# for each other longer than they take for such small pictures.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# onnxruntime would report to its maker where a test imports it in this process.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import pytest
from hypothesis import settings

from signdata.cli import errors
from signdata.media.image import encode

# The same examples in every run, however busy the machine: what is red stays red.
settings.register_profile("signdata", derandomize=True, deadline=None)
settings.load_profile("signdata")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that fork this process come first: with PyTorch in it, each fork takes long."""
    items.sort(key=lambda item: "reliability" not in item.path.parts)


@dataclass(frozen=True)
class Ran:
    """What a command returned and printed."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The one line of an error; fails unless stderr is just that."""
        assert self.stderr.count("\n") == 1, self.stderr
        assert self.stderr.startswith("error: "), self.stderr
        return self.stderr.strip()

    @property
    def json(self) -> dict[str, Any]:
        """What ``--json`` printed."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found


def run_cli(*args: str | Path, cwd: Path | None = None) -> Ran:
    """Run ``python -m signdata ARGS...`` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "signdata", *map(str, args)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def cli() -> Callable[..., Ran]:
    """`run_cli`: the command line in a process of its own."""
    return run_cli


@pytest.fixture
def main(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """The command line in this process; pass ``-j 1`` to commands that have workers."""

    def run(*args: str | Path) -> Ran:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            errors.main([str(arg) for arg in args])
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, *capfd.readouterr())

    return run


def picture(number: int, height: int = 4, width: int = 4, channels: int = 1) -> np.ndarray:
    """A picture that no other number has: (H, W, C) uint8."""
    rng = np.random.default_rng(number)
    return rng.integers(0, 256, (height, width, channels), np.uint8)


@pytest.fixture
def make_csv(tmp_path: Path) -> Callable[..., Path]:
    """Write a pixel CSV.

    ``rows`` are lists of cells, or whole lines; ``header`` None is ``label,pixel1,...``, ''
    is none. By default six rows of 4x4 pictures, labels 0 to 5 (A to F).
    """

    def make(
        rows: Sequence[Sequence[object] | str] | None = None,
        name: str = "pixels.csv",
        *,
        header: str | None = None,
        newline: str = "\n",
        bom: bool = False,
        final_newline: bool = True,
        encoding: str = "utf-8",
    ) -> Path:
        if rows is None:
            rows = [(i, *picture(i).ravel()) for i in range(6)]
        lines = [row if isinstance(row, str) else ",".join(map(str, row)) for row in rows]
        if header is None:
            header = ",".join(["label", *(f"pixel{i}" for i in range(1, 17))])
        text = newline.join([header, *lines] if header else lines) + newline * final_newline
        path = tmp_path / name
        path.write_bytes(b"\xef\xbb\xbf" * bom + text.encode(encoding))
        return path

    return make


@pytest.fixture
def make_tree(tmp_path: Path) -> Callable[..., Path]:
    """Write a tree of files: a mapping of paths to pictures (arrays) or bytes."""

    def make(files: Mapping[str, np.ndarray | bytes] | None = None, name: str = "tree") -> Path:
        if files is None:
            files = {f"{'AB'[i % 2]}/{i}.png": picture(i) for i in range(6)}
        root = tmp_path / name
        root.mkdir()
        for place, content in files.items():
            path = root / place
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                kind = "jpg" if path.suffix == ".jpg" else "png"
                path.write_bytes(encode.encode(content, kind, 95))
        return root

    return make


@pytest.fixture
def make_frames(make_tree: Callable[..., Path]) -> Callable[..., Path]:
    """Write frame folders; every frame of a clip is painted with its own index.

    ``clips`` maps ``[SPLIT/]CLASS/CLIP`` to how many frames it has.
    """

    def make(clips: Mapping[str, int] | None = None, name: str = "frames") -> Path:
        if clips is None:
            clips = {"book/1": 3, "book/2": 12, "drink/3": 1}
        return make_tree(
            {
                f"{clip}/img_{i + 1:05d}.png": np.full((4, 4, 3), i, np.uint8)
                for clip, n_frames in clips.items()
                for i in range(n_frames)
            },
            name,
        )

    return make


def listing(root: Path) -> dict[str, bytes]:
    """Every file below `root` and its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def contents() -> Callable[[Path], dict[str, bytes]]:
    """`listing`: every file below a folder and its bytes."""
    return listing
