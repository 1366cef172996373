"""No output may be, hold or lie inside what a command reads, however it is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import signdata


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A WLASL index with its videos."""
    signdata.sample("wlasl", tmp_path / "raw", n=2, size=(64, 48))
    return tmp_path / "raw" / "WLASL_v0.3.json"


def contents(root: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_frames_do_not_go_into_trimmed_clips(
    index: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    cut = tmp_path / "cut"
    assert main("trim", index, cut, "--limit", "2", "-j1").returncode in (0, 3)
    before = contents(cut)
    for source in (cut, cut / "WLASL.json"):
        ran = main("extract-frames", source, cut / "frames", "-j1")
        assert ran.returncode == 2, ran.stdout
        assert "lies inside its source" in ran.stderr
    assert contents(cut) == before


@pytest.mark.parametrize("command", ["extract-frames", "trim", "convert"])
def test_nothing_goes_among_the_videos_of_an_index(
    command: str, index: Path, main: Callable[..., Any]
) -> None:
    flat = index.parent.parent / "flat"
    flat.mkdir()
    shutil.copy(index, flat)
    for video in (index.parent / "videos").iterdir():
        shutil.copy(video, flat)
    places = [(index, index.parent / "videos" / "out"), (flat / index.name, flat / "out")]
    for source, out in places:
        ran = main(command, source, out, "-j1")
        assert ran.returncode == 2, ran.stdout
        assert "lies inside its source" in ran.stderr
        assert not out.exists()


def test_a_folder_that_holds_an_index_is_that_dataset(
    index: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    (index.parent / "notes").mkdir()
    (index.parent / "videos").rename(tmp_path / "elsewhere")
    ran = main("info", index.parent, "--videos", tmp_path / "elsewhere", "--json")
    assert ran.returncode in (0, 3), ran.stderr
    assert '"format": "wlasl"' in ran.stdout


def test_what_is_recorded_is_what_was_found(
    tmp_path: Path, make_csv: Callable[..., Path], main: Callable[..., Any]
) -> None:
    source, tree, out = make_csv(), tmp_path / "tree", tmp_path / "out"
    main("csv-to-folders", source, tree, "-j1")
    typed = ["augment", tree, out, "--variants", "2", "-j1"]
    assert main(*typed, "--from", "folders").returncode == 0
    for words in (typed, [*typed, "--from", "folders"]):
        ran = main(*words)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "complete already" in ran.stdout
