"""Pictures under any suffix, and under none: read, or counted as not read; never passed over."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import signdata
from signdata.media.image.kinds import is_picture, kind_of

KINDS = {
    "a.jfif": "JPEG",
    "b.jpe": "JPEG",
    "c": "PNG",
    "d.photo": "WEBP",
    "e.avif": "AVIF",
    "f.bak": "BMP",
    "g.dat": "TIFF",
    "h.x": "PPM",
    "i.jpg": "JPEG",
    "j.unknown": "GIF",
}


def encoded(kind: str, value: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((16, 16, 3), value, np.uint8)).save(out, kind)
    return out.getvalue()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for label in "AB":
        for number, (name, kind) in enumerate(KINDS.items()):
            path = tmp_path / "tree" / label / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(kind, 20 * number))
    return tmp_path / "tree"


def test_every_picture_is_read_with_its_pixels(tree: Path) -> None:
    found = {sample.id: next(sample.frames()) for sample in signdata.open_dataset(tree)}
    assert len(found) == 2 * len(KINDS)
    for number, name in enumerate(KINDS):
        (frame,) = [one for key, one in found.items() if key.startswith(f"A/{Path(name).stem}")]
        assert abs(frame.astype(int).mean() - 20 * number) < 3, name


@pytest.mark.parametrize("command", ["convert", "split"])
def test_what_is_written_has_suffixes_that_loaders_know(
    command: str, tree: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    options = ["--no-look", "--ratios", "50,50"] if command == "split" else []
    ran = main(command, tree, tmp_path / "out", "-j1", *options)
    assert ran.returncode == 0, ran.stderr
    suffixes = {path.suffix for path in (tmp_path / "out").rglob("*/[a-j]*") if path.is_file()}
    assert suffixes == {".jpg", ".png", ".webp", ".avif", ".bmp", ".tif", ".ppm", ".gif"}


def test_what_is_no_picture_is_no_sample(tree: Path, main: Callable[..., Any]) -> None:
    (tree / "A" / "notes").write_text("not a picture")
    (tree / "A" / "table.csv").write_text("a,b\n")
    found = json.loads(main("info", tree, "--json").stdout)
    assert (found["samples"], found["skipped"], found["failed"]) == (2 * len(KINDS), 0, 0)
    assert [one["path"] for one in found["problems"]] == ["A/notes", "A/table.csv"]


@pytest.mark.parametrize("name", ["p.heic", "q.HEIF", "r", "s.jxl"])
def test_a_picture_that_is_not_read_is_counted(
    name: str, tree: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    (tree / "A" / name).write_bytes(b"\0\0\0\x18ftypheic" + bytes(200))
    for words in (["info", tree], ["convert", tree, tmp_path / "out", "-j1"]):
        ran = main(*words, "--json")
        found = json.loads(ran.stdout)
        assert (ran.returncode, found["skipped"], found["failed"]) == (3, 1, 0)
        assert found["read"] == 2 * len(KINDS) + 1
        (problem,) = found["problems"]
        assert (problem["kind"], "Convert it to PNG" in problem["message"]) == ("unsupported", True)


def test_kinds() -> None:
    for kind in set(KINDS.values()):
        assert kind_of(encoded(kind, 7)[:32]) == kind
    for other in (b"", b"P7\n", b"BMW is a car", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x18ftypisom"):
        assert kind_of(other) == ""
    assert not is_picture("nothing/there")
