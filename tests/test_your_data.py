"""docs/your-data.md: every tree on the page is built, and its command reads it as the page says."""

from __future__ import annotations

import gzip
import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.videos import make_video

PAGE = Path(__file__).parents[1] / "docs" / "your-data.md"
SIDE, N, N_CLASSES = 8, 6, 3
"""What the arrays of the page hold."""

BLOCK = re.compile(r"^```(text|csv|json|console) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"(?P<branch>[│├└─ ]*)(?P<name>\S+)(?: {2,}(?P<says>\S.*))?")


@dataclass
class Layout:
    """One tree of the page, the files whose text it shows, and its command."""

    heading: str
    tree: str
    texts: dict[str, str] = field(default_factory=dict)
    command: str = ""
    output: list[str] = field(default_factory=list)


def layouts() -> Iterator[Layout]:
    text = PAGE.read_text(encoding="utf-8")
    current: Layout | None = None
    for match in BLOCK.finditer(text):
        kind, name, content = match.groups()
        if kind == "text":
            heading = re.findall(r"^### (.*)$", text[: match.start()], re.MULTILINE)[-1]
            current = Layout(heading, content)
        elif kind == "console":
            assert current is not None, "a command without a tree"
            first, *output = content.splitlines()
            current.command = first.removeprefix("$ signdata ")
            current.output = output
            yield current
            current = None
        else:
            assert current is not None, "a file without a tree"
            current.texts[name] = content


LAYOUTS = list(layouts())


def entries(tree: str) -> Iterator[tuple[str, str, bool]]:
    """Path, comment and whether it is a folder, of each line of a tree."""
    lines = [LINE.fullmatch(line) for line in tree.splitlines()]
    depths = [len(line["branch"]) // 4 for line in lines if line]
    assert len(depths) == len(lines), tree
    above: list[str] = []
    for line, depth, following in zip(lines, depths, [*depths[1:], 0], strict=True):
        assert line is not None
        above = [*above[:depth], line["name"]]
        yield "/".join(above), line["says"] or "", following > depth


def build(layout: Layout, root: Path) -> None:
    shown = dict(layout.texts)
    for number, (place, says, is_folder) in enumerate(entries(layout.tree)):
        path = root / place
        if is_folder:
            path.mkdir()
        elif place in shown:
            path.write_text(shown.pop(place), encoding="utf-8")
        else:
            make(path, says, number)
    assert not shown, "a file that is not in its tree"


def make(path: Path, says: str, number: int) -> None:
    """A file of the kind that its name says, with what the page says of it."""
    if path.suffix in (".png", ".jpg", ".jpeg"):
        pixels = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    elif path.suffix == ".mp4":
        make_video(path, 3)
    elif ".csv" in path.suffixes:
        data = pixel_csv(says).encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    elif path.suffix == ".npy":
        np.save(path, np.eye(N_CLASSES)[np.arange(N) % N_CLASSES] if "one-hot" in says else grey())
    elif path.suffix == ".npz":
        np.savez(path, **arrays(says))
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, values in arrays(says).items():
                file[name] = values
    else:
        raise AssertionError(f"nothing makes {path.name}")


def grey() -> Any:
    return np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE), np.uint8)


def arrays(says: str) -> dict[str, Any]:
    pixels = np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE, 3), np.uint8)
    labels = np.arange(N) % N_CLASSES
    words = says.split(", ")
    return {word: labels if i % 2 else pixels for i, word in enumerate(words)}


def pixel_csv(header: str) -> str:
    """Four rows under a header in which ... stands for further columns."""
    if "..." not in header:  # all pixels in one cell
        cells = " ".join(["7"] * 784)
        uses = ["Training", "Training", "PublicTest", "PrivateTest"]
        return "\n".join([header, *(f"{i},{cells},{use}" for i, use in enumerate(uses))]) + "\n"
    first, last = header.split(",...,")
    if first.split(",")[0].isdecimal():
        return ",".join([*first.split(","), *(["9"] * 782), last]) + "\n"
    names, label = expanded(first.split(",")[-1], last), first.split(",")[:-1]
    rows = [",".join([*([str(i)] if label else []), *(["7"] * len(names))]) for i in range(4)]
    return "\n".join([",".join([*label, *names]), *rows]) + "\n"


def expanded(first: str, last: str) -> list[str]:
    """The names of columns from the first to the last."""
    if "x" in last and last[0].isdecimal():
        return [f"{y}x{x}" for y in range(1, 29) for x in range(1, 29)]
    prefix = last.rstrip("0123456789")
    numbers = range(int(first.removeprefix(prefix)), int(last.removeprefix(prefix)) + 1)
    return [f"{prefix}{number}" for number in numbers]


@pytest.mark.parametrize(
    "layout", LAYOUTS, ids=[f"{i}-{one.heading}" for i, one in enumerate(LAYOUTS)]
)
def test_the_command_below_a_tree_reads_it(
    layout: Layout,
    tmp_path: Path,
    main: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build(layout, tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = main(*shlex.split(layout.command))
    assert ran.returncode == 0, ran.stderr
    assert layout.output
    assert ran.stdout.splitlines()[: len(layout.output)] == layout.output


def test_splits_and_signers_are_where_the_page_says(
    tmp_path: Path, main: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = {}
    for number, layout in enumerate(LAYOUTS):
        (tmp_path / str(number)).mkdir()
        build(layout, tmp_path / str(number))
        monkeypatch.chdir(tmp_path / str(number))
        told = json.loads(main(*shlex.split(layout.command), "--json").stdout)
        found.setdefault(layout.heading, []).append((set(told["splits"]), told["groups"]))
    both, none = {"train", "test"}, {""}
    assert found["Splits under other names"] == [(both, 0)]
    assert found["A directory for each split"] == [(both, 0), (both, 0)]
    assert found["Test pictures without labels"] == [({"train"}, 0)]
    assert found["The label in the file's name"] == [(none, 0), (none, 2), (both, 0)]
    signers = found["A folder for each signer, and in it one for each class"]
    assert signers == [(none, 2), (none, 2)]
    assert found["A table next to the pictures"] == [(none, 2)]
    assert found["A table for each split"] == [(both, 0)]
    assert found["Sign-MNIST"] == [(both, 0)]
    assert found["All pixels in one cell, as in FER"] == [({"train", "val", "test"}, 0)]
    assert found["NumPy"] == [(none, 0), (both, 0)]
    assert found["WLASL"] == [(both, 0)]


def test_the_page_has_the_layouts_that_people_have() -> None:
    assert len(LAYOUTS) >= 25
    assert len({(one.tree, one.command) for one in LAYOUTS}) == len(LAYOUTS)
