"""Pictures that move: clips among videos, their first picture among stills."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from signdata.formats.open import open_dataset

from ..videos import indices_in, make_index, make_video, paint, read_index

DURATIONS = [100, 40, 200, 60, 120]
TIMES = [0.0, 0.1, 0.14, 0.34, 0.4]

KINDS = {
    "GIF": (".gif", {}),
    "WebP": (".webp", {"lossless": True}),
    "PNG": (".png", {}),
    "PNG of its own suffix": (".apng", {"format": "PNG"}),
}


def make_animation(path: Path, n: int = 5, durations: Any = None, **options: Any) -> Path:
    """An animation of `n` painted pictures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = [Image.fromarray(paint(i)) for i in range(n)]
    shown = DURATIONS[:n] if durations is None else durations
    first.save(path, save_all=True, append_images=rest, duration=shown, loop=0, **options)
    return path


def times_in(folder: Path) -> list[float]:
    with (folder / "times.csv").open(newline="") as file:
        return [float(row["seconds"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("kind", KINDS)
def test_among_videos_they_are_clips_with_their_own_times(
    kind: str, decoder: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    suffix, options = KINDS[kind]
    make_video(tmp_path / "videos/A/a.mp4", 3)
    make_animation(tmp_path / f"videos/A/b{suffix}", **options)
    out = tmp_path / "out"
    words = ("--times", "--decoder", decoder, "-j1", "--json")
    ran = main("extract-frames", tmp_path / "videos", out, *words)
    assert (ran.returncode, ran.json["written"]) == (0, 2), ran.stderr
    assert indices_in(out / "A/b") == [0, 1, 2, 3, 4]
    assert times_in(out / "A/b") == TIMES
    every = main("extract-frames", tmp_path / "videos", tmp_path / "even", "--fps", "25", "-j1")
    assert every.returncode == 0
    assert indices_in(tmp_path / "even/A/b") == [0, 0, 0, 1, 2, 2, 2, 2, 2, 3, 4, 4, 4]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_a_tree_of_nothing_else(suffix: str, tmp_path: Path, main: Callable[..., Any]) -> None:
    options = KINDS["PNG of its own suffix"][1] if suffix == ".apng" else {}
    make_animation(tmp_path / f"in/A/a{suffix}", **options)
    make_animation(tmp_path / f"in/B/b{suffix}", 3, **options)
    ran = main("extract-frames", tmp_path / "in", tmp_path / "out", "-j1", "--json")
    assert (ran.returncode, ran.json["written"]) == (0, 2), ran.stderr
    assert indices_in(tmp_path / "out/B/b") == [0, 1, 2]
    stills = list(open_dataset(tmp_path / "in"))
    assert [one.kind for one in stills] == ["still", "still"]
    assert [read_index(frame) for one in stills for frame in one.frames()] == [0, 0]
    assert "the first is read" in stills[0].pixels.notes()[0]
    clips = list(open_dataset(tmp_path / "in", format="videos"))
    assert [read_index(frame) for frame in clips[0].frames()] == [0, 1, 2, 3, 4]


def test_a_tree_of_stills_stays_one(tmp_path: Path, main: Callable[..., Any]) -> None:
    make_animation(tmp_path / "in/A/a.gif")
    Image.fromarray(paint(7)).save(tmp_path / "in/A/b.png")
    ran = main("info", tmp_path / "in", "--json")
    assert (ran.returncode, ran.json["format"], ran.json["read"]) == (0, "folders", 2)


def test_in_an_index_and_in_a_table(tmp_path: Path, main: Callable[..., Any]) -> None:
    make_animation(tmp_path / "videos/1.gif")
    index = make_index(tmp_path / "w.json", [{"video_id": "1", "frame_start": 4, "frame_end": 9}])
    main("extract-frames", index, tmp_path / "wlasl", "-j1")
    assert indices_in(tmp_path / "wlasl/train/book/1") == [2, 3]
    table = tmp_path / "t.csv"
    table.write_text("video,label,start_frame,end_frame\nvideos/1.gif,A,2,4\n")
    main("extract-frames", table, tmp_path / "table", "-j1")
    assert indices_in(tmp_path / "table/A/1") == [1, 2, 3]


def test_trim_makes_an_mp4_of_one(tmp_path: Path, main: Callable[..., Any]) -> None:
    make_animation(tmp_path / "videos/1.gif")
    index = make_index(tmp_path / "w.json", [{"video_id": "1"}])
    ran = main("trim", index, tmp_path / "cut", "-j1", "--json")
    assert (ran.returncode, ran.json["written"]) == (0, 1), ran.stderr
    main("extract-frames", tmp_path / "cut", tmp_path / "out", "--times", "-j1")
    assert indices_in(tmp_path / "out/train/book/1") == [0, 1, 2, 3, 4]
    assert times_in(tmp_path / "out/train/book/1") == pytest.approx(TIMES, abs=0.001)


def test_pictures_without_a_time_are_shown_as_browsers_do(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    make_animation(tmp_path / "in/A/a.gif", 3, durations=[0, 10, 50])
    main("extract-frames", tmp_path / "in", tmp_path / "out", "--times", "-j1")
    assert times_in(tmp_path / "out/A/a") == [0.0, 0.1, 0.2]


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_is_cut_off_is_short(kind: str, tmp_path: Path, main: Callable[..., Any]) -> None:
    suffix, options = KINDS[kind]
    make_video(tmp_path / "in/A/a.mp4", 2)
    path = make_animation(tmp_path / f"in/A/b{suffix}", **options)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    ran = main("extract-frames", tmp_path / "in", tmp_path / "out", "-j1", "--json")
    assert (ran.returncode, ran.json["written"], ran.json["failed"]) == (3, 1, 1)
    [problem] = [one for one in ran.json["problems"] if one["kind"] != "note"]
    assert problem["kind"] == "short"
    assert "has no end" in problem["message"]
    kept = main(
        "extract-frames", tmp_path / "in", tmp_path / "kept", "--keep-short", "-j1", "--json"
    )
    if kind == "WebP":  # its decoder refuses it altogether
        assert kept.json["written"] == 1
        return
    assert kept.json["written"] == 2
    found = indices_in(tmp_path / "kept/A/b")
    assert found
    assert found == list(range(len(found)))


def test_a_gif_of_one_picture_is_no_video(tmp_path: Path, main: Callable[..., Any]) -> None:
    make_video(tmp_path / "in/A/a.mp4", 2)
    make_animation(tmp_path / "in/A/b.gif", 1, durations=100)
    ran = main("extract-frames", tmp_path / "in", tmp_path / "out", "-j1", "--json")
    assert (ran.returncode, ran.json["written"], ran.json["failed"]) == (3, 1, 1)
    assert any("found a GIF of one picture" in one["message"] for one in ran.json["problems"])
