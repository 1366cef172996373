"""Streams as cameras and downloads make them: coded pictures that are not shown, joints, changes
of size; the same with both decoders.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import signdata
from signdata.sidecars import read_rows
from tests.streams import (
    dropped,
    fields,
    hidden,
    joined,
    mpeg2_fields,
    open_gop,
    packed,
    parts_of,
)
from tests.videos import ffmpeg, indices_in, make_index, make_video

DECODERS = ("pyav", "ffmpeg")


def run(root: Path, decoder: str, **how: Any) -> tuple[dict[str, str], list[int], list[str]]:
    """Manifest row, indices and notes of the one clip ``src/we/a.*``."""
    out = root / f"out-{decoder}"
    how = {"image_format": "png", "workers": 1, "overwrite": True, **how}
    result = signdata.extract_frames(root / "src", out, decoder=decoder, **how)
    assert [p.kind for p in result.problems] == ["note"] * len(result.problems), result.problems
    (row,) = read_rows(out / "manifest.csv")
    return row, indices_in(out / row["path"]), [p.message for p in result.problems]


def clip(root: Path, name: str) -> Path:
    path = root / "src" / "we" / name
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize("decoder", DECODERS)
def test_pictures_that_were_left_out_are_no_damage(tmp_path: Path, decoder: str) -> None:
    dropped(clip(tmp_path, "a.avi"))
    row, indices, notes = run(tmp_path, decoder)
    assert (indices, notes, row["verdict"]) == (list(range(30)), [], "ok")


@pytest.mark.parametrize("decoder", DECODERS)
def test_two_pictures_in_one_packet(tmp_path: Path, decoder: str) -> None:
    packed(clip(tmp_path, "a.avi"))
    row, indices, notes = run(tmp_path, decoder)
    assert (indices, notes, row["verdict"]) == (list(range(31)), [], "ok")


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_program_stream_that_breaks_off_is_short(tmp_path: Path, decoder: str) -> None:
    path = clip(tmp_path, "a.mpg")
    plain = make_video(tmp_path / "plain.mkv", 60, codec="ffv1")
    ffmpeg("-i", plain, "-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    make_video(path.with_name("good.mp4"), 2)
    how: dict[str, Any] = {"decoder": decoder, "workers": 1}
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", **how)
    assert [(p.path, p.kind) for p in result.problems] == [("we/a.mpg", "short")]


CODED_APART = {
    "H.264 in fields": ("a.mts", fields),
    "MPEG-2 in fields": ("a.ts", mpeg2_fields),
    "MPEG-2 in fields, a packet each": ("a.mkv", mpeg2_fields),
    "VP8 with hidden pictures": ("a.webm", hidden),
}


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("kind", CODED_APART)
def test_a_coded_picture_that_is_not_shown_is_no_damage(
    tmp_path: Path, kind: str, decoder: str
) -> None:
    name, make = CODED_APART[kind]
    make(clip(tmp_path, name))
    row, indices, notes = run(tmp_path, decoder)
    assert (indices, notes) == (list(range(30)), [])
    assert (row["fps"], row["range"], row["verdict"]) == ("25", "1-30", "ok")


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_range_of_field_pictures(tmp_path: Path, decoder: str) -> None:
    path = clip(tmp_path, "a.mts")
    fields(path)
    index = make_index(tmp_path / "i.json", [{"video_id": "a", "frame_start": 9, "frame_end": 20}])
    out = tmp_path / "out"
    how: dict[str, Any] = {"ranges": "apply", "workers": 1, "official_splits": False}
    signdata.extract_frames(index, out, videos=path.parent, decoder=decoder, **how)
    assert indices_in(out / "book" / "a") == list(range(8, 20))


@pytest.mark.parametrize("decoder", DECODERS)
def test_what_leads_the_first_key_frame_is_no_damage(tmp_path: Path, decoder: str) -> None:
    open_gop(clip(tmp_path, "a.mkv"))
    row, indices, _ = run(tmp_path, decoder)
    assert indices == list(range(32, 60))
    assert row["verdict"] == "ok"


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("offset", [0, 200])
def test_jumps_of_joined_streams_are_closed(tmp_path: Path, decoder: str, offset: float) -> None:
    path = clip(tmp_path, "a.ts")
    joined(path, offset)
    row, indices, notes = run(tmp_path, decoder, fps=25)
    assert indices == list(range(100))
    assert (row["fps"], notes) == ("25", ["1 jump in its times was closed"])
    index = make_index(tmp_path / "i.json", [{"video_id": "a", "frame_start": 41, "frame_end": 60}])
    how: dict[str, Any] = {"workers": 1, "official_splits": False}
    signdata.extract_frames(index, tmp_path / "cut", videos=path.parent, decoder=decoder, **how)
    assert indices_in(tmp_path / "cut" / "book" / "a") == list(range(40, 60))


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_change_of_size_within_a_clip(tmp_path: Path, decoder: str) -> None:
    parts_of(clip(tmp_path, "a.ts"), [(128, 64), (256, 128), (64, 128)])
    _, indices, notes = run(tmp_path, decoder)
    assert len(indices) == 60
    assert indices[:40] == [*range(20), *range(20)]
    n = "40 " if decoder == "pyav" else ""  # the program does not say how many
    assert notes == [f"the size changes: {n}frames were brought to 128x64 as the first one"]
    with Image.open(tmp_path / f"out-{decoder}/we/a/img_00044.png") as image:
        last = np.asarray(image)[:, :, 0]
    assert last.shape == (64, 128)
    assert last[:, :46].max() < 10  # 32 wide in the middle
    assert last[:, 82:].max() < 10
    assert last[32, 48:51].min() > 200  # bars 0 and 1 of frame 3 are white
    run(tmp_path, decoder, size=(50, 40))
    with Image.open(tmp_path / f"out-{decoder}/we/a/img_00030.png") as image:
        assert image.size == (50, 40)


def test_trimmed_clips_take_the_first_size_too(tmp_path: Path) -> None:
    path = clip(tmp_path, "a.ts")
    parts_of(path, [(128, 64), (64, 128)])
    index = make_index(tmp_path / "i.json", [{"video_id": "a"}])
    result = signdata.trim(index, tmp_path / "cut", videos=path.parent, workers=1)
    assert [p.message for p in result.problems] == [
        "the size changes: 20 frames were brought to 128x64 as the first one"
    ]
    run(tmp_path, "pyav")
    ffmpeg("-i", tmp_path / "cut" / "a.mp4", tmp_path / "%02d.png")
    for number in (3, 23):
        with Image.open(tmp_path / f"{number:02d}.png") as image:
            cut = np.asarray(image.convert("L"), int)
        with Image.open(tmp_path / f"out-pyav/we/a/img_{number:05d}.png") as image:
            assert np.abs(np.asarray(image.convert("L"), int) - cut).mean() < 4


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_change_of_pixel_format_or_matrix(tmp_path: Path, decoder: str) -> None:
    path = clip(tmp_path, "a.ts")
    more = [["-colorspace", "smpte170m"], ["-colorspace", "bt709"], ["-pix_fmt", "yuv422p"]]
    parts_of(path, [(128, 64)] * 3, *more)
    _, indices, notes = run(tmp_path, decoder)
    assert (indices, notes) == ([*range(20)] * 3, [])


def test_a_frame_is_not_repeated_without_end(tmp_path: Path) -> None:
    times = [0, 40, 80, 3080, 3120]
    make_video(clip(tmp_path, "a.mkv"), 5, times_ms=times, options={"bf": "0"})
    _, indices, notes = run(tmp_path, "pyav", fps=5)
    assert indices[:3] == [0, 2, 2]
    assert notes == ["one frame stands for 3.0 s and is repeated as long"]
    make_video(tmp_path / "src" / "we" / "good.mp4", 5)
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "fast", fps=25, workers=1)
    (problem,) = result.problems
    assert (problem.path, result.written, result.failed) == ("we/a.mkv", 1, 1)
    assert "--fps 25 would make 79 pictures of 5 frames" in problem.message
    assert "--allow-repeats" in problem.message
    result = signdata.extract_frames(
        tmp_path / "src", tmp_path / "all", fps=25, allow_repeats=True, workers=1
    )
    assert (result.written, result.failed) == (2, 0)
    assert len(indices_in(tmp_path / "all" / "we" / "a")) == 79


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "a PNG"),
        (b"\n<!DOCTYPE html><html>" * 9, "a web page"),
        (b"", "an empty file"),
    ],
)
def test_what_is_no_video_is_said_to_be_what_it_is(tmp_path: Path, data: bytes, found: str) -> None:
    path = clip(tmp_path, "a.mp4")
    path.write_bytes(data)
    make_video(path.with_name("good.mp4"), 2)
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", workers=1)
    assert [(p.path, p.message) for p in result.problems] == [
        ("we/a.mp4", f"not a video; found {found}")
    ]
