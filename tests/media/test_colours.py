"""Colours: bars of a known matrix and range, held against the ffmpeg program's RGB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import signdata
from tests.videos import ffmpeg

SIZES = {480: (640, 480), 720: (1280, 720)}
MATRICES = {"bt709": "bt709", "bt601": "smpte170m"}


def bars(path: Path, height: int, matrix: str, colour_range: str, *, tagged: bool) -> Path:
    """A lossless video of two frames of SMPTE bars in this matrix and range."""
    width, high = SIZES[height]
    path.parent.mkdir(parents=True, exist_ok=True)
    made = f"scale=out_color_matrix={matrix}:out_range={colour_range},format=yuv420p"
    space = MATRICES[matrix] if tagged else "unknown"
    words = ["-f", "lavfi", "-i", f"smptebars=size={width}x{high}:rate=25", "-frames:v", 2]
    words += ["-vf", f"{made},setparams=colorspace={space}:range={colour_range}"]
    words += ["-c:v", "libx264", "-qp", 0, "-preset", "ultrafast"]
    ffmpeg(*words, f"file:{path}")
    return path


def differences(root: Path, path: Path, matrix: str, colour_range: str) -> list[float]:
    """Mean distance of our jpg and our png from what the ffmpeg program makes of the file."""
    scale = f"scale=in_color_matrix={matrix}:in_range={colour_range}"
    ffmpeg("-i", path, "-vf", f"{scale}:flags=accurate_rnd,format=rgb24", root / "%d.png")
    with Image.open(root / "2.png") as image:
        wanted = np.asarray(image.convert("RGB"), float)
    found = []
    for image_format in ("jpg", "png"):
        out = root / image_format
        signdata.extract_frames(root / "src", out, image_format=image_format, workers=1)
        with Image.open(out / "we" / "a" / f"img_00002.{image_format}") as image:
            found.append(float(np.abs(np.asarray(image, float) - wanted).mean()))
    return found


@pytest.mark.parametrize("height", SIZES)
@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("colour_range", ["tv", "pc"])
def test_tagged(tmp_path: Path, height: int, matrix: str, colour_range: str) -> None:
    path = bars(tmp_path / "src/we/a.mp4", height, matrix, colour_range, tagged=True)
    assert max(differences(tmp_path, path, matrix, colour_range)) < 2


@pytest.mark.parametrize(("height", "matrix"), [(480, "bt601"), (720, "bt709")])
def test_untagged_is_by_height(tmp_path: Path, height: int, matrix: str) -> None:
    path = bars(tmp_path / "src/we/a.mp4", height, matrix, "tv", tagged=False)
    assert max(differences(tmp_path, path, matrix, "tv")) < 2


def test_the_test_would_notice_a_wrong_matrix(tmp_path: Path) -> None:
    path = bars(tmp_path / "src/we/a.mp4", 480, "bt709", "tv", tagged=True)
    assert min(differences(tmp_path, path, "bt601", "tv")) > 4
