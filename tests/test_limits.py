"""Absurd sizes, boxes, names and templates: refused up front, in one line, with the limit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.errors import DecodeError, UsageError
from signdata.formats.frames import FramesWriter
from signdata.limits import HIGHEST_LIMIT, MAX_PIXELS, MAX_SIDE, check_size, max_pixels, pixel_limit
from signdata.media.image import encode
from signdata.media.video.frame_conversion import FrameShape
from tests.conftest import picture
from tests.videos import make_index, make_video

MEGAPIXELS = "expected at most 64 megapixels"
SIDE = "expected no side of more than 65,500 pixels"


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ("100000x100000", MEGAPIXELS),
        ("40000x40000", MEGAPIXELS),
        ("2000000x1", SIDE),
        ("1x2000000", SIDE),
        ("70000x2", SIDE),
        (f"{10**30}x1", MEGAPIXELS),
        (f"1x{10**30}", MEGAPIXELS),
        ("8001x8000", MEGAPIXELS),
    ],
)
def test_a_size_that_nobody_can_hold_is_usage(
    size: str, said: str, make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    tree = make_tree()
    index = make_index(tmp_path / "w.json", [{}])
    make_video(tmp_path / "videos/00000.mp4", 1)
    for words in (
        ["convert", tree, tmp_path / "out"],
        ["convert", tree, tmp_path / "out.h5"],
        ["convert", tree, tmp_path / "out.csv"],
        ["augment", tree, tmp_path / "out"],
        ["extract-frames", index, tmp_path / "out"],
        ["sample", "photos", tmp_path / "out", "--n", "1", "--signers", "1"],
    ):
        done = main(*words, "--size", size)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert said in done.error
    assert not list(tmp_path.glob("out*"))


def test_the_largest_sizes_that_there_are() -> None:
    check_size((8000, 8000), "--size")
    check_size((MAX_SIDE, 1), "--size")
    check_size(None, "--size")
    assert 8000 * 8000 == MAX_PIXELS == max_pixels()
    for size in ((0, 5), (5, -1)):
        with pytest.raises(UsageError, match="expected at least 1x1"):
            check_size(size, "--size")


def test_a_shorter_side_that_makes_a_long_picture() -> None:
    assert FrameShape(short_side=100).of(10, 40) == (100, 400)
    with pytest.raises(DecodeError, match=f"pictures of 5000000x5000; {MEGAPIXELS}"):
        FrameShape(short_side=5000).of(1, 1000)
    with pytest.raises(UsageError, match="--short-side"):
        FrameShape(short_side=10**9)


@pytest.mark.parametrize(("shape", "kind"), [((1, 65_501, 1), "jpg"), ((1, 1_000_001, 1), "png")])
def test_a_picture_that_its_format_cannot_hold(shape: tuple[int, int, int], kind: Any) -> None:
    with pytest.raises(DecodeError, match=f"too large for {kind}"):
        encode.encode(np.zeros(shape, np.uint8), kind, 95)


def test_a_recipe_of_huge_pictures(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    recipe = tmp_path / "huge.toml"
    recipe.write_text('[[steps]]\nop = "resize"\nsize = "50000x50000!"\n')
    done = main("augment", make_tree(), tmp_path / "out", "--recipe", recipe)
    assert done.returncode == 2
    assert MEGAPIXELS in done.error


@pytest.mark.parametrize(
    "template",
    [
        "{:0999999999d}",
        "{:1000d}",
        "{:>300}",
        "{:.999999999f}",
        "{:{0}}",
        "{:{}}",
        "x",
        "{",
        "{0.x}",
        "{0[1]}",
        "{:s}",
    ],
)
def test_a_template_of_names_that_cannot_be(template: str) -> None:
    with pytest.raises(UsageError, match="name template"):
        FramesWriter(template=template)


@pytest.mark.parametrize("template", ["img_{:05d}", "2024_{:05d}", "f{}", "{:x}", "a{{b}}{:d}"])
def test_templates_that_can_be(template: str) -> None:
    FramesWriter(template=template)


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ("0 0 0 0", "expected left, top, right and bottom"),
        ("5 5 1 1", "expected left, top, right and bottom"),
        ("0 0 1e-300 1e-300", "expected left, top, right and bottom"),
        ("0.1 0.1 0.9 0.9", "expected left, top, right and bottom"),
        ("0 0 1e308 1e308", "not inside the picture"),
        ("-1e308 -1e308 1e308 1e308", "not inside the picture"),
    ],
)
def test_boxes_of_a_manifest_that_are_none(
    box: str, said: str, make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    tree = make_tree({"A/1.png": picture(1, 40, 40), "A/2.png": picture(2, 40, 40)})
    rows = [f"A/1,A/1.png,A,{box}", "A/2,A/2.png,A,5 5 30 30"]
    (tree / "manifest.csv").write_text("\n".join(["id,path,label,bbox", *rows, ""]))
    words = ["augment", tree, tmp_path / "out", "--boxes", "auto", "-j1"]
    done = main(*words)
    assert done.returncode == 4
    assert said in done.error
    done = main(*words, "--on-error", "skip", "--json")
    assert done.returncode == 3
    assert (done.json["read"], done.json["failed"]) == (2, 1)


@pytest.mark.parametrize("column", ["id", "label", "group", "source", "note"])
def test_nul_is_nothing_that_hdf5_can_store(
    column: str, make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    tree = make_tree({"A/1.png": picture(1)})
    row = {"id": "A/1", "path": "A/1.png", "label": "A", "group": "", "source": "", "note": ""}
    row[column] = "a\0b"
    (tree / "manifest.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    done = main("convert", tree, tmp_path / "out.h5", "-j1")
    assert done.returncode == 4
    assert "holds NUL, which HDF5 cannot store" in done.error
    assert not (tmp_path / "out.h5").exists()


@pytest.mark.parametrize("box", [[0.25, 0.25, 0.75, 0.75], [0, 0, 1, 1]])
def test_boxes_in_shares_of_the_picture(tmp_path: Path, box: list[float]) -> None:
    make_video(tmp_path / "videos/1.mp4", 2)
    index = make_index(tmp_path / "w.json", [{"video_id": "1", "bbox": box}])
    signdata.extract_frames(index, tmp_path / "out", crop_bbox=True, workers=1)
    [sample] = signdata.open_dataset(tmp_path / "out")
    share = box[2] - box[0]
    assert next(sample.frames()).shape == (round(64 * share), round(128 * share), 3)


def test_a_share_of_less_than_a_pixel_costs_its_clip(tmp_path: Path) -> None:
    for name in "12":
        make_video(tmp_path / f"videos/{name}.mp4", 2)
    instances = [{"video_id": "1", "bbox": [0, 0, 1e-300, 1e-300]}, {"video_id": "2"}]
    index = make_index(tmp_path / "w.json", instances)
    done = signdata.extract_frames(index, tmp_path / "out", crop_bbox=True, workers=1)
    assert (done.written, done.failed) == (1, 1)
    assert "is less than a pixel of 128x64" in json.dumps([p.message for p in done.problems])


@pytest.fixture
def large(make_tree: Callable[..., Path]) -> Path:
    """A tree with a picture of 400 pixels and one of 900."""
    return make_tree({"A/1.png": picture(1, 20, 20), "A/2.png": picture(2, 30, 30)})


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("suffix", ["", ".h5"])
def test_a_picture_over_the_limit_is_skipped_and_the_remedy_works(
    large: Path, tmp_path: Path, main: Callable[..., Any], suffix: str, workers: str
) -> None:
    words = ["convert", large, tmp_path / f"out{suffix}", "--on-error", "skip", "-j", workers]
    done = main(*words, "--max-pixels", "899", "--json")
    assert done.returncode == 3
    assert (done.json["written"], done.json["failed"]) == (1, 1)
    [problem] = done.json["problems"]
    assert problem["path"].endswith("A/2.png")
    assert "30x30 pixels; expected at most 899, found 900" in problem["message"]
    assert "Use --max-pixels 900 to" in problem["message"]
    done = main(*words, "--max-pixels", "900", "--json")
    assert (done.returncode, done.json["failed"]) == (0, 0)


def test_pixels_are_limited_in_every_kind_of_source(
    large: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    same = tmp_path / "same"
    signdata.convert(large, same, size=(30, 30), workers=1)
    for name in ("same.h5", "same.npz", "table"):
        to = {"to_format": "table"} if name == "table" else {}
        signdata.convert(same, tmp_path / name, workers=1, **to)
    make_video(tmp_path / "clips/a/1.mp4", 2, size_wh=(32, 32))
    for name in ("same", "same.h5", "same.npz", "table", "clips"):
        for words in (["verify", tmp_path / name, tmp_path / name], ["audit", tmp_path / name]):
            assert main(*words, "--max-pixels", "1024").returncode == 0, words
            done = main(*words, "--max-pixels", "899", "--json")
            said = done.stdout + done.stderr
            assert "expected at most 899" in said, (words, said)
            assert "--max-pixels" in said or words[0] == "audit"


def test_pixels_are_limited_where_pictures_are_made(
    large: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    for words in (
        ["convert", large, tmp_path / "out", "--size", "40x30"],
        ["augment", large, tmp_path / "out", "--size", "40x30"],
        ["sample", "photos", tmp_path / "out", "--size", "40x30"],
    ):
        done = main(*words, "--max-pixels", "1000")
        assert done.returncode == 2, words
        assert "40x30; expected at most 1,000 pixels. Use --max-pixels 1200" in done.error


@pytest.mark.parametrize("limit", ["0", "-1", str(HIGHEST_LIMIT + 1), str(10**30), "x", "1.5"])
def test_a_limit_that_is_none_is_usage(
    large: Path, tmp_path: Path, main: Callable[..., Any], limit: str
) -> None:
    done = main("convert", large, tmp_path / "out", "--max-pixels", limit)
    assert done.returncode == 2
    assert "--max-pixels" in done.error
    assert not (tmp_path / "out").exists()


def test_a_limit_in_the_library_ends_with_the_block(large: Path) -> None:
    def shapes() -> list[tuple[int, ...]]:
        return [next(sample.frames()).shape for sample in signdata.open_dataset(large)]

    with pixel_limit(400), pytest.raises(DecodeError, match="found 900"):
        shapes()
    assert shapes() == [(20, 20, 1), (30, 30, 1)]
    with pytest.raises(UsageError, match="max-pixels 0"), pixel_limit(0):
        pass


def test_a_picture_of_more_pixels_than_usual(tmp_path: Path, main: Callable[..., Any]) -> None:
    """Beyond the limit of the picture library, too."""
    (tmp_path / "src/A").mkdir(parents=True)
    wide = np.zeros((9500, 9500, 1), np.uint8)
    with pixel_limit(HIGHEST_LIMIT):
        (tmp_path / "src/A/1.png").write_bytes(encode.encode(wide, "png", 95))
    words = ["convert", tmp_path / "src", tmp_path / "out", "--size", "8x8", "-j1"]
    done = main(*words)
    assert done.returncode == 4
    assert "Use --max-pixels 90250000" in done.error
    assert main(*words, "--max-pixels", "90250000").returncode == 0


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e400", "1e308", "0", "-1"])
def test_numbers_that_are_none_are_usage(
    number: str, tmp_path: Path, main: Callable[..., Any], make_tree: Callable[..., Path]
) -> None:
    index = make_index(tmp_path / "w.json", [{"video_id": "1", "bbox": [0, 0, 9, 9]}])
    make_video(tmp_path / "videos/1.mp4", 1)
    tree = make_tree()
    for words in (
        ["extract-frames", index, tmp_path / "out", "--crop-bbox", "--bbox-scale", number],
        ["extract-frames", index, tmp_path / "out", "--fps", number],
        ["extract-frames", index, tmp_path / "out", "--margin", number],
        ["extract-frames", index, tmp_path / "out", "--timeout", number],
        ["trim", index, tmp_path / "out", "--timeout", number],
        ["audit", tree, "--threshold", number],
        ["baseline", tree, "--lr", number, "--out", tmp_path / "out"],
        ["baseline", tree, "--label-smoothing", number, "--out", tmp_path / "out"],
        ["baseline", tree, "--clip-norm", number, "--out", tmp_path / "out"],
    ):
        option = words[-2] if words[-1] == number else words[2]
        if number == "0" and option in ("--margin", "--threshold", "--label-smoothing"):
            continue
        if number in ("0", "1e308") and option in ("--clip-norm", "--lr", "--timeout"):
            continue
        done = main(*words)
        assert done.returncode == 2, (words, done)
        assert done.error
    assert not (tmp_path / "out").exists()


def test_more_frames_than_any_clip_has(tmp_path: Path, main: Callable[..., Any]) -> None:
    index = make_index(tmp_path / "w.json", [{"video_id": "1"}])
    make_video(tmp_path / "videos/1.mp4", 3)
    words = ["extract-frames", index, tmp_path / "out", "-j1"]
    for more in (
        ["--frames", 10**30],
        ["--segments", 10**30, "--frames-per-segment", 2],
        ["--segments", 2, "--frames-per-segment", 10**30],
    ):
        done = main(*words, *map(str, more))
        assert done.returncode == 2
        assert "frames of each clip; expected at most 100,000" in done.error
    assert main(*words, "--timeout", "1e300").returncode == 0


def test_more_signers_than_can_be_made(tmp_path: Path, main: Callable[..., Any]) -> None:
    done = main("sample", "sign-mnist", tmp_path / "out", "--n", "50", "--signers", str(10**9))
    assert done.returncode == 2
    assert "expected at most 10,000" in done.error


def test_more_folds_than_can_be_read(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    done = main("split", make_tree(), tmp_path / "out", "--folds", str(10**30))
    assert done.returncode == 2
    assert "expected 2 to 1,000" in done.error
