"""WLASL: official splits, signers, missing videos, an index of strangers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import signdata
from signdata.errors import FormatError, MissingError, UnsafeNameError
from signdata.formats.wlasl.reader import WlaslReader
from tests.videos import make_video


def instance(video_id: str, **more: Any) -> dict[str, Any]:
    return {
        "video_id": video_id,
        "split": "train",
        "signer_id": 7,
        "source": "aslpro",
        "url": "https://example.org/x",
        "fps": 25,
        "frame_start": 1,
        "frame_end": -1,
        "bbox": [1, 2, 30, 40],
        "instance_id": 0,
        "variation_id": 0,
        **more,
    }


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Two glosses, three instances; one of the videos is missing."""
    content = [
        {"gloss": "book", "instances": [instance("00001"), instance("00002", split="test")]},
        {"gloss": "thank you", "instances": [instance("00003", signer_id=8)]},
    ]
    path = tmp_path / "WLASL_v0.3.json"
    path.write_text(json.dumps(content))
    make_video(tmp_path / "videos/00001.mp4", 4)
    make_video(tmp_path / "videos/00003.mp4", 5)
    return path


def test_what_an_instance_says_reaches_the_manifest(index: Path, tmp_path: Path) -> None:
    result = signdata.extract_frames(index, tmp_path / "out")
    assert (result.read, result.written, result.skipped, result.failed) == (3, 2, 1, 0)
    assert result.exit_code == 3
    assert len(list((tmp_path / "out/train/book/00001").iterdir())) == 4
    assert len(list((tmp_path / "out/train/thank_you/00003").iterdir())) == 5
    samples = {sample.id: sample for sample in signdata.open_dataset(tmp_path / "out")}
    assert samples["00003"].label == "thank you"
    assert samples["00003"].group == "8"
    assert samples["00001"].meta["signer"] == "7"
    assert samples["00001"].meta["bbox"] == "1 2 30 40"
    assert samples["00001"].split == "train"


def test_a_video_found_since_is_added(index: Path, tmp_path: Path) -> None:
    signdata.extract_frames(index, tmp_path / "out")
    make_video(tmp_path / "videos/00002.mp4", 6)
    result = signdata.extract_frames(index, tmp_path / "out")
    assert (result.read, result.written, result.skipped, result.exit_code) == (3, 3, 0, 0)
    signdata.extract_frames(index, tmp_path / "anew")
    ours = {p.relative_to(tmp_path / "out"): p.read_bytes() for p in tmp_path.glob("out/**/*.*")}
    anew = {p.relative_to(tmp_path / "anew"): p.read_bytes() for p in tmp_path.glob("anew/**/*.*")}
    assert ours == anew


def test_splits_can_be_left_out(index: Path, tmp_path: Path) -> None:
    signdata.extract_frames(index, tmp_path / "out", official_splits=False)
    assert (tmp_path / "out/book/00001/img_00001.jpg").exists()


def test_videos_may_lie_elsewhere(index: Path, tmp_path: Path) -> None:
    (tmp_path / "videos").rename(tmp_path / "elsewhere")
    with pytest.raises(MissingError, match="--videos"):
        signdata.extract_frames(index, tmp_path / "out")
    result = signdata.extract_frames(index, tmp_path / "out", videos=tmp_path / "elsewhere")
    assert result.written == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "no instances"),
        ("{}", r"expected \[\{gloss"),
        ('[{"gloss": 3, "instances": []}]', r"\$\[0\]\.gloss"),
        ('[{"gloss": "a", "instances": [{"video_id": 5}]}]', r"instances\[0\]\.video_id"),
        ("[" * 100_000, "no WLASL index"),
        ("", "no WLASL index"),
    ],
)
def test_a_json_that_is_no_index_names_the_place(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "videos").mkdir()
    path = tmp_path / "index.json"
    path.write_text(content)
    with pytest.raises(FormatError, match=message):
        WlaslReader(path)


@pytest.mark.parametrize("video_id", ["../x", "/etc/passwd", "a/b", "CON", ""])
def test_a_video_id_cannot_leave_its_folder(tmp_path: Path, video_id: str) -> None:
    (tmp_path / "videos").mkdir()
    path = tmp_path / "index.json"
    path.write_text(json.dumps([{"gloss": "a", "instances": [instance(video_id)]}]))
    with pytest.raises(UnsafeNameError, match="video_id"):
        WlaslReader(path)


def test_an_id_that_stands_twice_is_read_once_and_noted(tmp_path: Path) -> None:
    make_video(tmp_path / "videos/1.mp4", 2)
    path = tmp_path / "index.json"
    path.write_text(json.dumps([{"gloss": "a", "instances": [instance("1"), instance("1")]}]))
    reader = WlaslReader(path)
    assert len(list(reader)) == 1
    assert "stands twice" in reader.info.notes[0].message
