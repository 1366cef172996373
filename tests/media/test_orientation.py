"""Turned and mirrored videos stand upright, as the ffmpeg program shows them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import signdata
from signdata.media.video.orientation import orientation_of
from tests.videos import ffmpeg, make_index, make_video

NEAR = 10
"""Levels that JPEG and H.264 may cost on average where colours meet at sharp edges."""

ORIENTATIONS: dict[str, list[str]] = {
    "as it lies": [],
    "90": ["-display_rotation", "90"],
    "180": ["-display_rotation", "180"],
    "270": ["-display_rotation", "270"],
    "mirrored": ["-display_hflip"],
    "upside down": ["-display_vflip"],
    "90, mirrored": ["-display_rotation", "90", "-display_hflip"],
    "90, upside down": ["-display_rotation", "90", "-display_vflip"],
}


def picture(path: Path) -> NDArray[np.int64]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.int64)


def lying(root: Path, words: list[str], size: str = "96x62") -> tuple[Path, NDArray[np.int64]]:
    """A video without any symmetry that is to be turned, and what a player shows of it."""
    plain, path = root / "plain.mp4", root / "src" / "we" / "a.mp4"
    path.parent.mkdir(parents=True)
    source = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate=25", "-frames:v", "2"]
    ffmpeg(*source, "-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", plain)
    ffmpeg(*words, "-i", plain, "-c", "copy", path)
    ffmpeg("-i", path, "-frames:v", "1", root / "shown.png")
    return path, picture(root / "shown.png")


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_every_orientation_in_frames_of_both_decoders(tmp_path: Path, name: str) -> None:
    _, shown = lying(tmp_path, ORIENTATIONS[name])
    for how in ({"image_format": "jpg"}, {"image_format": "png"}, {"decoder": "ffmpeg"}):
        given: dict[str, Any] = {"workers": 1, "overwrite": True, **how}
        signdata.extract_frames(tmp_path / "src", tmp_path / "out", **given)
        suffix = how.get("image_format", "jpg")
        ours = picture(tmp_path / f"out/we/a/img_00001.{suffix}")
        assert ours.shape == shown.shape
        assert np.abs(ours - shown).mean() < NEAR


@pytest.mark.parametrize("name", ORIENTATIONS)
@pytest.mark.parametrize("copy", [False, True])
def test_every_orientation_in_trimmed_clips(tmp_path: Path, name: str, copy: bool) -> None:
    path, shown = lying(tmp_path, ORIENTATIONS[name])
    index = make_index(tmp_path / "index.json", [{"video_id": "a"}])
    signdata.trim(index, tmp_path / "out", videos=path.parent, copy=copy, workers=1)
    cut = tmp_path / "out" / "a.mp4"
    assert (cut.read_bytes() == path.read_bytes()) == (copy and not ORIENTATIONS[name])
    ffmpeg("-i", cut, "-frames:v", "1", tmp_path / "cut.png")
    assert np.abs(picture(tmp_path / "cut.png") - shown).mean() < NEAR


def test_the_orientations_are_eight_and_tell_left_from_right(tmp_path: Path) -> None:
    seen = [lying(tmp_path / name, words, "64x64")[1] for name, words in ORIENTATIONS.items()]
    for k, one in enumerate(seen):
        for other in seen[:k]:
            assert np.abs(one - other).mean() > 3 * NEAR


def test_a_frame_is_free_as_soon_as_it_is_let_go(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", 2)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        before = sys.getrefcount(frame)
        orientation_of(frame)
        assert sys.getrefcount(frame) == before
