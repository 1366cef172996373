"""Frames straight into tensors, and when each of them is shown."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from signdata.formats.open import open_dataset

from ..videos import indices_in, make_video, read_index


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two classes: 20 frames of 128x64, 7 frames of 64x48, 5 frames of variable rate."""
    root = tmp_path / "videos"
    make_video(root / "A/long.mp4", 20)
    make_video(root / "A/small.mp4", 7, size_wh=(64, 48))
    make_video(root / "B/uneven.mkv", 5, times_ms=[0, 40, 200, 240, 1000])
    return root


def indices(frames: Any) -> list[int]:
    return [read_index(np.asarray(frame)) for frame in frames]


WANTED = {"A/long": [2, 7, 12, 17], "A/small": [0, 2, 4, 6], "B/uneven": [0, 1, 3, 4]}
"""The middles of four equal parts of each clip."""


@pytest.mark.parametrize("command", ["extract-frames", "convert"])
def test_videos_become_one_raw_hdf5_file(
    command: str, videos: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    out = tmp_path / "clips.h5"
    words = ("--frames", "4", "--size", "64x32", "-j1", "--json")
    ran = main(command, videos, out, *words)
    assert (ran.returncode, ran.json["read"], ran.json["written"]) == (0, 3, 3), ran.stderr
    with h5py.File(out) as file:
        frames, offsets = file["frames"], file["offsets"][:]
        assert (frames.shape, frames.dtype, frames.chunks) == ((12, 32, 64, 3), np.uint8, None)
        assert offsets.tolist() == [0, 4, 8, 12]
        ids = [name.decode() for name in file["ids"][:]]
        assert {
            name: indices(frames[offsets[i] : offsets[i + 1]]) for i, name in enumerate(ids)
        } == WANTED
        assert [file["class_names"][i].decode() for i in file["labels"][:]] == ["A", "A", "B"]
        mapped = np.memmap(out, np.uint8, "r", frames.id.get_offset(), frames.shape)
        assert (mapped == frames[:]).all()
    again = main(command, videos, out, *words)
    assert again.json["already_done"] is True


def test_without_a_size_the_file_holds_jpegs(
    videos: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    ran = main("extract-frames", videos, tmp_path / "clips.h5", "-j1", "--json")
    assert (ran.returncode, ran.json["written"]) == (0, 3)
    with h5py.File(tmp_path / "clips.h5") as file:
        assert bytes(file["encoded"][:3]) == b"\xff\xd8\xff"
    sizes = [next(one.frames()).shape for one in open_dataset(tmp_path / "clips.h5")]
    assert sizes == [(64, 128, 3), (48, 64, 3), (64, 128, 3)]


def test_the_workers_change_no_byte(videos: Path, tmp_path: Path, main: Callable[..., Any]) -> None:
    for n in ("1", "2"):
        main("extract-frames", videos, tmp_path / f"{n}.h5", "--size", "64x32", f"-j{n}")
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()


def test_a_damaged_video_is_left_out(
    videos: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    (videos / "A/bad.mp4").write_bytes(b"not a video at all")
    out = tmp_path / "clips.h5"
    ran = main("extract-frames", videos, out, "--frames", "4", "--size", "64x32", "-j1", "--json")
    assert (ran.returncode, ran.json["written"], ran.json["failed"]) == (3, 3, 1)
    assert {one.id: indices(one.frames()) for one in open_dataset(out)} == WANTED


@pytest.mark.parametrize("command", ["extract-frames", "convert"])
def test_videos_become_arrays_of_clips(
    command: str, videos: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    out = tmp_path / "clips.npz"
    ran = main(command, videos, out, "--frames", "4", "--size", "64x32", "-j1", "--json")
    assert (ran.returncode, ran.json["written"]) == (0, 3), ran.stderr
    with np.load(out) as file:
        clips = file["clips"]
        assert (clips.shape, clips.dtype) == ((3, 4, 32, 64, 3), np.uint8)
        assert [indices(clip) for clip in clips] == list(WANTED.values())
        assert file["class_names"][file["labels"]].tolist() == ["A", "A", "B"]
    read = list(open_dataset(out))
    assert {one.id: indices(one.frames()) for one in read} == WANTED
    assert {one.kind for one in read} == {"clip"}
    back = main("convert", out, tmp_path / "tree", "-j1", "--json")
    assert (back.returncode, back.json["written"]) == (0, 3)
    assert indices_in(tmp_path / "tree/A/long") == WANTED["A/long"]
    same = main("convert", tmp_path / "tree", tmp_path / "again.npz", "-j1")
    assert same.returncode == 0
    with np.load(tmp_path / "again.npz") as file:
        assert (file["clips"] == clips).all()


def test_grey_clips_keep_their_axis(videos: Path, tmp_path: Path, main: Callable[..., Any]) -> None:
    out = tmp_path / "clips.npz"
    words = ("--frames", "2", "--size", "64x32", "--gray", "-j1")
    assert main("convert", videos, out, *words).returncode == 0
    with np.load(out) as file:
        assert file["clips"].shape == (3, 2, 32, 64, 1)
    assert next(next(iter(open_dataset(out))).frames()).shape == (32, 64, 1)


def test_clips_of_several_lengths_need_a_number(
    videos: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    ran = main("convert", videos, tmp_path / "clips.npz", "--size", "64x32", "-j1")
    assert ran.returncode == 4
    assert "clips of 5 to 20 frames" in ran.error
    assert "--frames N" in ran.error
    assert not (tmp_path / "clips.npz").exists()


ORDERS = {
    "frames, rows, columns, channels": (0, 1, 2, 3, 4),
    "frames, channels, rows, columns": (0, 1, 4, 2, 3),
    "channels, frames, rows, columns": (0, 4, 1, 2, 3),
}


@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize("name", ["clips", "X"])
def test_clips_of_others_in_any_order_of_axes(
    kind: str, name: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    clips = np.random.default_rng(0).integers(0, 256, (2, 4, 6, 8, 3), np.uint8)
    targets = {"clips": "labels", "X": "y"}[name]
    arrays = {name: clips.transpose(ORDERS[kind]), targets: np.array(["A", "B"])}
    np.savez(tmp_path / "a.npz", **arrays)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file[name] = arrays[name]
        file[targets] = np.array([0, 1])
    for source in ("a.npz", "a.h5"):
        read = list(open_dataset(tmp_path / source))
        assert [one.kind for one in read] == ["clip", "clip"]
        for one, clip in zip(read, clips, strict=True):
            assert (np.stack(list(one.frames())) == clip).all()
    ran = main("info", tmp_path / "a.npz", "--json")
    assert (ran.returncode, ran.json["read"]) == (0, 2)


def test_axes_that_could_be_meant_in_two_ways_are_asked(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    np.savez(tmp_path / "a.npz", X=np.zeros((2, 3, 3, 6, 8), np.uint8), y=[0, 1])
    ran = main("info", tmp_path / "a.npz")
    assert ran.returncode == 4
    assert "two readings" in ran.error


def test_convert_takes_even_frames_of_any_clips(
    videos: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    main("extract-frames", videos, tmp_path / "tree", "-j1")
    few = main("convert", tmp_path / "tree", tmp_path / "few", "--frames", "4", "-j1", "--json")
    assert (few.returncode, few.json["written"]) == (0, 3)
    assert indices_in(tmp_path / "few/A/long") == WANTED["A/long"]
    kept = (tmp_path / "few/A/long/img_00001.jpg").read_bytes()
    assert kept == (tmp_path / "tree/A/long/img_00003.jpg").read_bytes()
    stills = tmp_path / "stills/A"
    stills.mkdir(parents=True)
    Image.new("L", (4, 4)).save(stills / "1.png")
    ran = main("convert", tmp_path / "stills", tmp_path / "x", "--frames", "4")
    assert ran.returncode == 2
    assert "--frames goes with clips" in ran.error


# -- Times


def times_in(folder: Path) -> list[tuple[int, float]]:
    with (folder / "times.csv").open(newline="") as file:
        return [(int(row["frame"]), float(row["seconds"])) for row in csv.DictReader(file)]


UNEVEN = [(1, 0.0), (2, 0.04), (3, 0.2), (4, 0.24), (5, 1.0)]


def test_times_of_a_variable_rate(videos: Path, tmp_path: Path, main: Callable[..., Any]) -> None:
    out = tmp_path / "frames"
    ran = main("extract-frames", videos, out, "--times", "-j1", "--json")
    assert (ran.returncode, ran.json["written"]) == (0, 3)
    assert times_in(out / "B/uneven") == UNEVEN
    assert times_in(out / "A/long") == [(i + 1, round(i * 0.04, 6)) for i in range(20)]
    assert not [one for one in main("info", out, "--json").json["problems"]]
    few = tmp_path / "few"
    main("extract-frames", videos, few, "--times", "--frames", "4", "-j1")
    assert times_in(few / "B/uneven") == [(1, 0.0), (2, 0.04), (3, 0.24), (4, 1.0)]
    assert main("verify", out).returncode == 0


def test_times_count_from_the_first_frame_of_the_file(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    make_video(tmp_path / "a.mp4", 20)
    table = tmp_path / "t.csv"
    table.write_text("video,label,start_time,end_time\na.mp4,A,0.4,0.52\n")
    main("extract-frames", table, tmp_path / "out", "--times", "-j1")
    assert times_in(tmp_path / "out/A/a") == [(1, 0.4), (2, 0.44), (3, 0.48)]


def test_times_go_through_every_conversion(
    videos: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    for first in ("frames", "one.h5"):
        source = tmp_path / first
        assert main("extract-frames", videos, source, "--times", "-j1").returncode == 0
        middle, end = tmp_path / f"{first}-middle.h5", tmp_path / f"{first}-end"
        assert main("convert", source, middle, "-j1").returncode == 0
        assert main("convert", middle, end, "-j1").returncode == 0
        with h5py.File(middle) as file:
            offsets = file["offsets"][:]
            assert file["frame_times"].shape == (32,)
            last = file["frame_times"][offsets[2] : offsets[3]]
            assert last.tolist() == [when for _, when in UNEVEN]
        assert times_in(end / "B/uneven") == UNEVEN
    few = tmp_path / "few"
    main("convert", tmp_path / "frames", few, "--frames", "4", "-j1")
    assert times_in(few / "B/uneven") == [(1, 0.0), (2, 0.04), (3, 0.24), (4, 1.0)]


def test_clips_without_times_have_none(
    videos: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    main("extract-frames", videos, tmp_path / "frames", "--times", "-j1")
    (tmp_path / "frames/A/long/times.csv").unlink()
    main("convert", tmp_path / "frames", tmp_path / "a.h5", "-j1")
    main("convert", tmp_path / "a.h5", tmp_path / "back", "-j1")
    assert not (tmp_path / "back/A/long/times.csv").exists()
    assert times_in(tmp_path / "back/B/uneven") == UNEVEN


SPOILED = {
    "of other frames": ("frame,seconds\n1,0\n", "lists 1 frames; expected 20"),
    "no times": ("what\n", "expected frame,seconds"),
    "in another order": (
        "frame,seconds\n" + "".join(f"{i},0\n" for i in range(20)),
        "expected frame 1",
    ),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_times_that_are_none_cost_their_clip(
    kind: str, videos: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    text, message = SPOILED[kind]
    main("extract-frames", videos, tmp_path / "frames", "--times", "-j1")
    (tmp_path / "frames/A/long/times.csv").write_text(text)
    ran = main("convert", tmp_path / "frames", tmp_path / "a.h5", "-j1")
    assert ran.returncode == 4
    assert "times.csv" in ran.error
    assert message in ran.error


def test_a_montage_has_no_times(videos: Path, tmp_path: Path, main: Callable[..., Any]) -> None:
    ran = main("extract-frames", videos, tmp_path / "x", "--frames", "4", "--montage", "--times")
    assert ran.returncode == 2
    to_file = main("extract-frames", videos, tmp_path / "x.h5", "--frames", "4", "--montage")
    assert to_file.returncode == 2


def test_arrays_say_what_stood_next_to_the_frames(
    videos: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    """Arrays hold neither times nor keypoints: each clip that had some is named."""
    frames, out = tmp_path / "frames", tmp_path / "clips.npz"
    words = ("--frames", "4", "--size", "64x32", "-j1")
    assert main("extract-frames", videos, frames, "--times", *words).returncode == 0
    (frames / "A/small/img_00003.json").write_text('{"points": [1, 2]}')
    (frames / "B/uneven/times.csv").unlink()
    ran = main("convert", frames, out, "-j1", "--json")
    assert (ran.returncode, ran.json["written"]) == (0, 3), ran.stderr
    assert [(p["kind"], p["path"], p["message"]) for p in ran.json["problems"]] == [
        ("note", "A/long.mp4", "not preserved: the times of its frames"),
        ("note", "A/small.mp4", "not preserved: the keypoints of its frames"),
        ("note", "A/small.mp4", "not preserved: the times of its frames"),
    ]
