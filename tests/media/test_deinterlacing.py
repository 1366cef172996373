"""Interlaced videos: whole frames without combs, the same with both decoders and every command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import signdata
from signdata.inference import inputs
from signdata.sidecars import read_rows
from tests.videos import ffmpeg, make_index

CODECS: dict[str, list[str]] = {
    "a.ts": ["-c:v", "mpeg2video", "-q:v", "2"],
    "a.mts": ["-c:v", "libx264", "-qp", "4"],
    "a.mp4": ["-c:v", "libx264", "-qp", "4"],
    "a.mov": ["-c:v", "prores_ks"],
    "a.mkv": ["-c:v", "ffv1"],
}
MOVING = "color=gray:s=192x96:r=50:d=1,drawbox=x=4+3*n:y=0:w=20:h=ih:color=white:t=fill"
N = 25


def encode(path: Path, first: str = "top", source: str = MOVING) -> Path:
    """A second of two fields a frame; a white bar moves to the right."""
    path.parent.mkdir(parents=True, exist_ok=True)
    moving = "color=gray:s=192x96:r=50:d=1[a];color=white:s=20x96:r=50:d=1[b];[a][b]overlay=x=4+3*n"
    order = {"top": "tff", "bottom": "bff"}[first]
    woven = f"{moving},tinterlace=interleave_{first},setfield={order}"
    flags = [] if path.suffix == ".mkv" else ["-flags", "+ilme+ildct"]
    pixels = ["-pix_fmt", "yuv422p10le" if path.suffix == ".mov" else "yuv420p"]
    ffmpeg("-f", "lavfi", "-i", woven, *CODECS[path.name], *flags, *pixels, path)
    return path


def combs(picture: NDArray[Any] | Path) -> float:
    """How far lines are from the two next to them, where the bar's edges are."""
    if isinstance(picture, Path):
        with Image.open(picture) as image:
            picture = np.asarray(image.convert("L"))
    grey = picture.reshape(*picture.shape[:2], -1)[:, :, 0].astype(int)
    return float(np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) // 2).max())


def frames_of(folder: Path) -> list[NDArray[np.int64]]:
    found = []
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as image:
            found.append(np.asarray(image.convert("RGB"), np.int64))
    return found


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("first", ["top", "bottom"])
def test_combs_are_gone_with_both_decoders(tmp_path: Path, name: str, first: str) -> None:
    path = encode(tmp_path / "src/we" / name, first)
    seen = {}
    for decoder in ("pyav", "ffmpeg"):
        out = tmp_path / decoder
        how: dict[str, Any] = {"decoder": decoder, "image_format": "png", "workers": 1}
        result = signdata.extract_frames(tmp_path / "src", out, **how)
        assert result.problems == []
        (row,) = read_rows(out / "manifest.csv")
        assert (row["deinterlaced"], row["n_frames"], row["verdict"]) == ("bwdif", str(N), "ok")
        seen[decoder] = frames_of(out / "we/a")
        assert max(map(combs, seen[decoder][1:-1])) < 40
        signdata.extract_frames(
            tmp_path / "src", tmp_path / f"off-{decoder}", deinterlace="off", **how
        )
        (row,) = read_rows(tmp_path / f"off-{decoder}/manifest.csv")
        assert (row.get("deinterlaced"), row["n_frames"]) == (None, str(N))
        assert max(map(combs, frames_of(tmp_path / f"off-{decoder}/we/a"))) > 80
    assert max(np.abs(a - b).max() for a, b in zip(*seen.values(), strict=True)) <= 2
    folder = tmp_path / "program"
    folder.mkdir()
    ffmpeg("-i", path, "-vf", "bwdif=mode=send_frame", "-pix_fmt", "rgb24", folder / "%03d.png")
    both = zip(seen["pyav"], frames_of(folder), strict=True)
    assert max(np.abs(a - b).mean() for a, b in both) < 2


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("fields_first", [True, False])
def test_only_the_interlaced_part_of_a_clip_is_touched(
    tmp_path: Path, decoder: str, fields_first: bool
) -> None:
    woven = encode(tmp_path / "a.ts")
    whole = tmp_path / "whole.ts"
    source = "testsrc2=s=192x96:r=25:d=1"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "mpeg2video", "-q:v", "2", whole)
    parts = [woven, whole] if fields_first else [whole, woven]
    path = tmp_path / "src/we/a.ts"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    how: dict[str, Any] = {"decoder": decoder, "image_format": "png", "workers": 1}
    signdata.extract_frames(tmp_path / "src", tmp_path / "out", **how)
    signdata.extract_frames(tmp_path / "src", tmp_path / "off", deinterlace="off", **how)
    both = zip(frames_of(tmp_path / "out/we/a"), frames_of(tmp_path / "off/we/a"), strict=True)
    changed = [bool((a != b).any()) for a, b in both]
    n = N if fields_first else 0
    assert changed == [fields_first] * N + [not fields_first] * N, n


def test_every_command_reads_them_alike(tmp_path: Path) -> None:
    path = encode(tmp_path / "src/we/a.mts")
    signdata.convert(tmp_path / "src", tmp_path / "frames", to_format="frames", workers=1)
    pictures = frames_of(tmp_path / "frames/we/a")
    assert max(map(combs, pictures[1:-1])) < 40
    signdata.convert(
        tmp_path / "src", tmp_path / "off", to_format="frames", deinterlace="off", workers=1
    )
    assert combs(frames_of(tmp_path / "off/we/a")[9]) > 80
    (found,) = inputs.find([str(path)])
    with found.opened() as source:
        read = [frame.astype(np.int64) for frame in source.frames()]
    assert max(np.abs(a - b).max() for a, b in zip(read, pictures, strict=True)) == 0


@pytest.mark.parametrize("copy", [False, True])
def test_trimmed_clips_are_whole(tmp_path: Path, copy: bool) -> None:
    path = encode(tmp_path / "raw/a.mp4")
    index = make_index(tmp_path / "i.json", [{"video_id": "a", "frame_start": 5, "frame_end": 16}])
    how: dict[str, Any] = {"videos": path.parent, "copy": copy, "workers": 1}
    signdata.trim(index, tmp_path / "cut", **how)
    (row,) = read_rows(tmp_path / "cut/manifest.csv")
    assert (row["deinterlaced"], row["n_frames"]) == ("bwdif", "12")
    signdata.extract_frames(tmp_path / "cut", tmp_path / "out", image_format="png", workers=1)
    pictures = frames_of(tmp_path / "out/train/book/a")
    assert len(pictures) == 12
    assert max(map(combs, pictures)) < 40


def test_a_damaged_file_keeps_every_whole_frame(tmp_path: Path) -> None:
    path = encode(tmp_path / "src/we/a.ts")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    counts = []
    for deinterlace in ("auto", "off"):
        out = tmp_path / deinterlace
        signdata.extract_frames(
            tmp_path / "src", out, deinterlace=deinterlace, keep_short=True, workers=1
        )
        (row,) = read_rows(out / "manifest.csv")
        counts.append(row["n_frames"])
    assert counts[0] == counts[1]
