"""--fit stretch, pad and crop, wherever a size is given."""

from __future__ import annotations

import csv
import json

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from tests.videos import make_video

RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)


def flag(*colours: tuple[int, int, int], high: int = 4, wide: int = 2) -> np.ndarray:
    """Vertical stripes, `wide` pixels each."""
    row = np.repeat(np.array(colours, np.uint8), wide, axis=0)
    return np.tile(row[None], (high, 1, 1))


def shown(path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


@pytest.fixture
def tree(make_tree):
    """A picture of 8x4, and one of 4x8: red, green, green, blue."""
    wide = flag(RED, GREEN, GREEN, BLUE)
    return make_tree({"A/wide.png": wide, "A/high.png": np.ascontiguousarray(wide.swapaxes(0, 1))})


def test_padded_with_the_background(main, tree, tmp_path):
    words = ["--size", "8x8", "--fit", "pad", "--background", "#0a141e", "-j1"]
    assert main("convert", tree, tmp_path / "out", *words).returncode == 0
    wide = shown(tmp_path / "out" / "A" / "wide.png")
    assert (wide[:2] == (10, 20, 30)).all()
    assert (wide[6:] == (10, 20, 30)).all()
    np.testing.assert_array_equal(wide[2:6], flag(RED, GREEN, GREEN, BLUE))
    high = shown(tmp_path / "out" / "A" / "high.png")
    np.testing.assert_array_equal(high, wide.swapaxes(0, 1))


def test_cropped_to_the_middle(main, tree, tmp_path):
    words = ["--size", "4x4", "--fit", "crop", "-j1"]
    assert main("convert", tree, tmp_path / "out", *words).returncode == 0
    for name in ("wide", "high"):
        assert (shown(tmp_path / "out" / "A" / f"{name}.png") == GREEN).all()


def test_stretched_is_as_before(main, tree, tmp_path):
    """And a finished output of before there was a choice is the same run."""
    words = ["convert", tree, tmp_path / "out", "--size", "4x4", "-j1"]
    assert main(*words).returncode == 0
    first = shown(tmp_path / "out" / "A" / "wide.png")
    np.testing.assert_array_equal(first, flag(RED, GREEN, GREEN, BLUE, wide=1))
    document = tmp_path / "out" / "signdata.json"
    record = json.loads(document.read_text())
    for name in ("fit", "background"):
        del record["options"][name]
    document.write_text(json.dumps(record))
    again = main(*words, "--fit", "stretch", "--json")
    assert (again.returncode, again.json["already_done"]) == (0, True)
    assert main(*words, "--fit", "pad").returncode == 5


def test_rows_of_a_csv_and_grey(main, make_csv, tmp_path):
    """4x4 pictures in the middle of 8x4, on white; one number a pixel."""
    words = ["--size", "8x4", "--fit", "pad", "--background", "white", "-j1"]
    assert main("csv-to-folders", make_csv(), tmp_path / "out", *words).returncode == 0
    assert main("csv-to-folders", make_csv(), tmp_path / "as-is", "-j1").returncode == 0
    paths = sorted((tmp_path / "as-is").glob("*/*.png"))
    assert len(paths) == 6
    for path in paths:
        with Image.open(tmp_path / "out" / path.relative_to(tmp_path / "as-is")) as opened:
            assert opened.mode == "L"
            found = np.asarray(opened)
        assert (found[:, :2] == 255).all()
        assert (found[:, 6:] == 255).all()
        np.testing.assert_array_equal(found[:, 2:6], shown(path)[:, :, 0])
    words = ["--size", "4x4", "--fit", "crop", "-j1"]
    out = tmp_path / "back.csv"
    assert main("folders-to-csv", tmp_path / "out", out, *words).returncode == 0
    rows = [row[1:] for row in csv.reader(out.read_text().splitlines())][1:]
    wanted = [shown(path)[:, :, 0].ravel().tolist() for path in paths]
    assert sorted([int(v) for v in row] for row in rows) == sorted(wanted)


@pytest.mark.parametrize(
    ("size", "fit", "wanted"),
    [
        ("4x8", "stretch", [2.75, 4.5, 1]),  # at 6.5 of 8 and 2.5 of 4, counted from the sides
        ("4x4", "pad", [2.75, 1.75, 1]),  # in 4x2, one row down
        ("4x4", "crop", [0, 0, 0]),  # right of the columns 2 to 5 that are kept
        ("8x8", "crop", [0, 0, 0]),
    ],
)
def test_keypoints_go_where_the_pixels_go(main, make_tree, tmp_path, size, fit, wanted):
    points = {"people": [{"hand_left_keypoints_2d": [6.0, 2.0, 1.0]}]}
    source = make_tree(
        {
            "book/1/img_00001.png": flag(RED, GREEN, GREEN, BLUE),
            "book/1/img_00001.json": json.dumps(points).encode(),
        }
    )
    words = ["--size", size, "--fit", fit, "-j1"]
    assert main("convert", source, tmp_path / "out", *words).returncode == 0
    [file] = (tmp_path / "out" / "book" / "1").glob("*.json")
    found = json.loads(file.read_text())
    assert f"{found['canvas_width']}x{found['canvas_height']}" == size
    assert found["people"][0]["hand_left_keypoints_2d"] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("size", "fit", "box"),
    [
        ("4x4", "stretch", "1 1 4 4"),
        ("8x8", "pad", "2 3 8 6"),
        ("4x4", "crop", "0 1 4 4"),  # from column 2 to 6: what is left and right of it is cut off
        ("16x8", "crop", "4 2 16 8"),  # of the same proportions
    ],
)
def test_boxes_go_where_the_pixels_go(main, make_tree, tmp_path, size, fit, box):
    manifest = "id,path,label,box\nA/1,A/1.png,A,2 1 8 4\nA/2,A/2.png,A,\n"
    stripes = flag(RED, GREEN, GREEN, BLUE)
    source = make_tree({"A/1.png": stripes, "A/2.png": stripes, "manifest.csv": manifest.encode()})
    words = ["--size", size, "--fit", fit, "-j1"]
    assert main("convert", source, tmp_path / "out", *words).returncode == 0
    rows = csv.DictReader((tmp_path / "out" / "manifest.csv").read_text().splitlines())
    assert [row["box"] for row in rows] == [box, ""]


@pytest.fixture
def videos(tmp_path):
    for label in ("book", "drink"):
        make_video(tmp_path / "videos" / label / "1.mp4", 3)  # 128 x 64
    return tmp_path / "videos"


@pytest.mark.parametrize("fit", ["pad", "crop"])
@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_frames_are_the_same_whichever_decoder(main, videos, tmp_path, contents, fit, kind):
    words = ["--size", "32x32", "--fit", fit, "--image-format", kind, "-j1"]
    pictures = []
    for decoder in ("pyav", "ffmpeg"):
        out = tmp_path / decoder
        done = main("extract-frames", videos, out, *words, "--decoder", decoder)
        assert done.returncode == 0
        found = contents(out)
        pictures.append({name: data for name, data in found.items() if name.endswith(kind)})
    assert len(pictures[0]) == 6
    assert pictures[0] == pictures[1]
    # As a frame that was extracted whole and brought to the size afterwards.
    whole, after = tmp_path / "whole", tmp_path / "after"
    assert main("extract-frames", videos, whole, "--image-format", "png", "-j1").returncode == 0
    assert main("convert", whole, after, *words[:4], "-j1").returncode == 0
    if kind == "png":
        for name in pictures[0]:
            np.testing.assert_array_equal(shown(tmp_path / "pyav" / name), shown(after / name))


def test_a_padded_frame_has_its_bars(main, videos, tmp_path):
    words = ["--size", "32x32", "--fit", "pad", "--background", "red", "--image-format", "png"]
    assert main("extract-frames", videos, tmp_path / "out", *words, "-j1").returncode == 0
    frame = shown(tmp_path / "out" / "book" / "1" / "img_00001.png")
    assert (frame[:8] == (255, 0, 0)).all()
    assert (frame[24:] == (255, 0, 0)).all()
    assert (frame[8:24, :, 0] < 40).all()


def test_keypoints_of_frames_follow(main, tmp_path):
    make_video(tmp_path / "videos" / "7.mp4", 1)  # 128 x 64
    instance = {"bbox": [0, 0, 128, 64], "fps": 25, "frame_start": 1, "frame_end": -1}
    instance |= {"instance_id": 0, "signer_id": 1, "source": "x", "split": "train"}
    instance |= {"url": "", "variation_id": 0, "video_id": "7"}
    index = tmp_path / "index.json"
    index.write_text(json.dumps([{"gloss": "book", "instances": [instance]}]))
    poses = tmp_path / "poses" / "7"
    poses.mkdir(parents=True)
    points = {"people": [{"hand_left_keypoints_2d": [63.5, 31.5, 1, 3.5, 31.5, 1]}]}
    (poses / "image_00001_keypoints.json").write_text(json.dumps(points))
    for fit, wanted in (
        ("pad", [15.5, 15.5, 1, 0.5, 15.5, 1]),  # a quarter as large, eight rows down
        ("crop", [15.5, 15.5, 1, 0, 0, 0]),  # half as large; the second is cut off
    ):
        words = ["--poses", tmp_path / "poses", "--size", "32x32", "--fit", fit, "-j1"]
        assert main("extract-frames", index, tmp_path / fit, *words).returncode == 0
        [file] = (tmp_path / fit).rglob("img_*.json")
        found = json.loads(file.read_text())["people"][0]["hand_left_keypoints_2d"]
        assert found == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fit", "pad"], "--fit goes with --size"),
        (["--size", "8x8", "--background", "red"], "--background goes with --fit pad"),
        (["--size", "8x8", "--fit", "pad", "--background", "rouge"], "background 'rouge'"),
        (["--size", "8x8", "--fit", "pad", "--background", "#12345"], "expected a colour's name"),
    ],
)
def test_options_that_do_not_go_together(main, tree, videos, tmp_path, words, said):
    for command, source in (("convert", tree), ("extract-frames", videos)):
        done = main(command, source, tmp_path / "out", *words)
        assert done.returncode == 2
        assert said in done.error
        assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------------------- networks


@pytest.fixture
def trained(main, make_tree, tmp_path):
    """A run on wide pictures, padded with grey, and where its pictures are."""
    rng = np.random.default_rng(0)
    tree = make_tree(
        {
            f"{split}/{label}/{k}.png": rng.integers(low, low + 130, (14, 28, 1), np.uint8)
            for split, n in (("train", 20), ("test", 10))
            for label, low in (("dark", 0), ("light", 120))
            for k in range(n)
        },
        "data",
    )
    words = ["--epochs", "1", "--model", "unam", "--device", "cpu", "--fit", "pad"]
    words += ["--background", "gray", "--out", tmp_path / "run"]
    assert main("baseline", tree, *words).returncode == 0
    return tmp_path / "run", tree


def test_a_run_keeps_how_its_pictures_came_to_size(main, trained, tmp_path):
    run, tree = trained
    saved = torch.load(run / "best.pt", weights_only=True)
    assert (saved["config"]["fit"], saved["config"]["background"]) == ("pad", "gray")
    model = tmp_path / "model.onnx"
    done = main("export", run, model, "--data", tree, "--json")
    wanted = json.loads((run / "metrics.json").read_text())
    assert done.json["whole"]["accuracy"] == pytest.approx(wanted["test_accuracy"])
    [card] = [each.value for each in onnx.load(model).metadata_props if each.key == "signdata"]
    assert json.loads(card)["fit"] == "pad"
    for network in (run, model):
        found = main("evaluate", network, tree, "--split", "test", "--json").json
        assert found["confusion_matrix"] == wanted["confusion_matrix"]
    # The same picture, brought to the size beforehand, is read the same way.
    words = ["--size", "28x28", "--fit", "pad", "--background", "gray", "-j1"]
    assert main("convert", tree, tmp_path / "padded", *words).returncode == 0
    assert main("convert", tree, tmp_path / "stretched", *words[:2], "-j1").returncode == 0

    def read(folder):
        path = folder / "test" / "dark" / "0.png"
        [found] = main("predict", run, path, "--json").json["predictions"]
        return sorted((top["label"], top["probability"]) for top in found["top"])

    assert read(tree) == read(tmp_path / "padded") != read(tmp_path / "stretched")


def test_other_fits_are_other_runs(main, trained):
    run, tree = trained
    words = ["--epochs", "1", "--model", "unam", "--device", "cpu", "--out", run]
    assert main("baseline", tree, *words).returncode == 5
    again = main("baseline", tree, "--resume", run, "--json")
    assert (again.returncode, again.json["already_done"]) == (0, True)
    wrong = main("baseline", tree, *words[:-1], "x", "--background", "red")
    assert wrong.returncode == 2
    assert "--background goes with --fit pad" in wrong.error


# ---------------------------------------------------------------------------- variants

RECIPE = """
steps = [{ op = "resize", size = "4x4!", filter = "Box" }]
"""


@pytest.mark.parametrize(
    ("words", "wanted", "options"),
    [
        (["--fit", "stretch"], flag(RED, GREEN, GREEN, BLUE, wide=1), "-resize 4x4!"),
        (["--fit", "crop"], flag(GREEN, GREEN), "-resize 4x4^ -background white -gravity Center"),
        (
            ["--fit", "pad", "--background", "blue"],
            np.concatenate(
                [
                    flag((0, 0, 255), high=1, wide=4),
                    flag(RED, GREEN, GREEN, BLUE, high=2, wide=1),
                    flag((0, 0, 255), high=1, wide=4),
                ]
            ),
            "-resize 4x4 -background #0000ff -gravity Center -extent 4x4",
        ),
    ],
)
def test_variants_come_to_their_size(main, make_tree, tmp_path, words, wanted, options):
    """As ImageMagick does it, and the manifest says with which options."""
    tree = make_tree({"A/1.png": flag(RED, GREEN, GREEN, BLUE)})
    (tmp_path / "recipe.toml").write_text(RECIPE)
    size = ["--recipe", tmp_path / "recipe.toml", "--size", "4x4", "-j1"]
    assert main("augment", tree, tmp_path / "out", *size, *words).returncode == 0
    [row] = csv.DictReader((tmp_path / "out" / "manifest.csv").read_text().splitlines())
    np.testing.assert_array_equal(shown(tmp_path / "out" / row["path"]), wanted)
    assert options in row["imagemagick"]


def test_variants_in_grey_have_a_grey_background(main, make_tree, tmp_path):
    tree = make_tree({"A/1.png": flag((0, 0, 0), (0, 0, 0), wide=4)})
    words = ["--size", "8x8", "--fit", "pad", "--background", "red", "-j1"]
    (tmp_path / "recipe.toml").write_text(
        'steps = [{ op = "gray" }, { op = "resize", size = "4x4!", filter = "Box" }]'
    )
    words += ["--recipe", tmp_path / "recipe.toml"]
    assert main("augment", tree, tmp_path / "grey", *words).returncode == 0
    [path] = (tmp_path / "grey").glob("A/*.png")
    with Image.open(path) as opened:
        assert opened.mode == "L"
        assert np.asarray(opened)[0].tolist() == [76] * 8
    done = main("augment", tree, tmp_path / "other", "--fit", "pad")
    assert done.returncode == 2
    assert "--fit goes with --size" in done.error
