"""Frame folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signdata.errors import FormatError, UsageError
from signdata.formats.frames import FramesReader, FramesWriter
from signdata.formats.picture_options import PictureOptions
from signdata.formats.writer import Writer
from signdata.media.image import encode
from signdata.samples import ArrayPixels, Sample

from .conformance import LONG, Conformance, clips


class TestConformance(Conformance):
    def writer(self, out: Path) -> Writer:
        return FramesWriter()

    def samples(self) -> list[Sample]:
        return clips()

    def damage(self, out: Path) -> str:
        frame = out / "train/book/9/img_00007.png"
        frame.write_bytes(frame.read_bytes()[:-20])
        return "train/book/9/img_00007.png"

    def make_long(self, out: Path) -> None:
        clip = out / "book/1"
        clip.mkdir(parents=True)
        first = clip / "img_00001.png"
        first.write_bytes(encode.encode(np.zeros((1000, 1000, 3), np.uint8), "png", 95))
        for i in range(2, LONG // 3_000_000 + 3):
            os.link(first, clip / f"img_{i:05d}.png")


def painted(sample: Sample) -> list[int]:
    """The index that each frame is painted with."""
    return [int(frame[0, 0, 0]) for frame in sample.frames()]


def test_frames_come_in_the_order_of_their_numbers(make_tree: Callable[..., Path]) -> None:
    numbers = [10, 2, 1, 100, 11]
    root = make_tree({f"book/1/f{i}.png": np.full((2, 2, 1), i, np.uint8) for i in numbers})
    (sample,) = FramesReader(root)
    assert painted(sample) == sorted(numbers)
    assert (sample.id, sample.label, sample.kind) == ("book/1", "book", "clip")


def test_every_frame_is_there_once(make_frames: Callable[..., Path]) -> None:
    root = make_frames({"train/book/1": 3, "test/drink/2": 12})
    found = {sample.id: painted(sample) for sample in FramesReader(root)}
    assert found == {"test/drink/2": list(range(12)), "train/book/1": [0, 1, 2]}
    assert {sample.split for sample in FramesReader(root)} == {"train", "test"}


def test_strays_are_noted(make_frames: Callable[..., Path]) -> None:
    root = make_frames({"book/1": 2})
    (root / "book/cover.png").write_bytes(b"x")
    (root / "book/1/notes.txt").write_bytes(b"x")
    (root / "book/1/deeper").mkdir()
    (root / "book/empty").mkdir()
    (root / "nothing").mkdir()
    reader = FramesReader(root)
    assert [sample.id for sample in reader] == ["book/1"]
    assert {note.path for note in reader.info.notes} == {
        *("book/cover.png", "book/1/notes.txt", "book/1/deeper", "book/empty", "nothing"),
    }


def test_a_root_without_clips_is_refused(make_tree: Callable[..., Path]) -> None:
    root = make_tree({"A/1.png": np.zeros((2, 2, 1), np.uint8)})
    with pytest.raises(FormatError, match="no clips"):
        FramesReader(root)


def test_manifest_counts_frames_and_names_the_clip(tmp_path: Path) -> None:
    out = TestConformance().write(tmp_path / "out")
    rows = (out / "manifest.csv").read_text().splitlines()
    columns = rows[0].split(",")
    found = [dict(zip(columns, row.split(","), strict=True)) for row in rows[1:]]
    assert [(row["path"], row["n_frames"]) for row in found] == [
        ("test/drink/17", "3"),
        ("train/book/9", "12"),
        ("train/drink/3", "1"),
    ]


def test_a_template_names_the_frames(tmp_path: Path) -> None:
    class Named(TestConformance):
        def writer(self, out: Path) -> Writer:
            return FramesWriter(template="frame{:03d}")

    out = Named().write(tmp_path / "out")
    assert sorted(p.name for p in (out / "test/drink/17").iterdir()) == [
        *("frame001.png", "frame002.png", "frame003.png"),
    ]
    assert painted(next(iter(FramesReader(out)))) == [0, 1, 2]


@pytest.mark.parametrize("template", ["img", "{}/{}", "../{}", "{0:d}/x", "{name}", "{:q}"])
def test_a_template_that_is_none_is_refused(template: str) -> None:
    with pytest.raises((UsageError, ValueError), match=r"template|holds a path separator"):
        FramesWriter(template=template)


def test_safe_names_may_not_meet(tmp_path: Path) -> None:
    class Safe(TestConformance):
        def writer(self, out: Path) -> Writer:
            return FramesWriter(PictureOptions(class_names="safe"))

    pixels = ArrayPixels(np.zeros((1, 2, 2, 1), np.uint8))
    one = Sample("1", "ice cream", pixels, kind="clip")
    out = Safe().write(tmp_path / "one", [one])
    assert (out / "ice_cream/1/img_00001.png").is_file()
    assert [sample.label for sample in FramesReader(out)] == ["ice cream"]
    other = Sample("2", "ice_cream", pixels, kind="clip")
    with pytest.raises(ValueError, match="would share the class folder 'ice_cream'"):
        Safe().write(tmp_path / "two", [one, other])


def test_original_frames_are_copied(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    frames = [encode.encode(np.full((8, 8, 3), i, np.uint8), "jpg", 60) for i in range(3)]
    root = make_tree({f"book/1/img_{i + 1:05d}.jpg": data for i, data in enumerate(frames)})
    out = tmp_path / "out"
    assert main("convert", root, out, "-j", 1).returncode == 0
    copies = [(out / f"book/1/img_{i + 1:05d}.jpg").read_bytes() for i in range(3)]
    assert copies == frames
