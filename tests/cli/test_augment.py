"""signdata augment."""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

import signdata
from tests.conftest import picture

HEADER = "image,top_left_x,top_left_y,bottom_right_x,bottom_right_y"
PATTERNS = ["--label-pattern", r"/([A-Y])\d+", "--group-pattern", r"(user_\d+)/"]
VARIED = ("recipe", "variant", "filter", "brightness", "contrast", "rotation", "pixelation")


def rows_of(root: Path) -> list[dict[str, str]]:
    with (root / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def photos(make_tree) -> Path:
    """Two signers, three letters; a table of boxes in each folder."""
    files = {
        f"user_{user}/{letter}{k}.png": picture(100 * user + 10 * ord(letter) + k, 40, 50, 3)
        for user in (1, 2)
        for letter in "ABC"
        for k in (0, 1)
    }
    root = make_tree(files, "photos")
    for user in (1, 2):
        names = [name for name in files if name.startswith(f"user_{user}")]
        lines = [f"{name.replace('/', chr(92))},5,4,35,34" for name in names]
        (root / f"user_{user}" / f"user_{user}_loc.csv").write_text("\n".join([HEADER, *lines]))
    return root


def test_photographs_with_boxes_become_sixty_variants_each(cli, photos, tmp_path):
    done = cli("augment", photos, tmp_path / "out", "--boxes", "auto", *PATTERNS, "--json")
    assert done.returncode == 0
    assert (done.json["read"], done.json["written"]) == (12, 720)
    assert done.json["problems"] == []  # the tables of boxes are read: no junk
    rows = rows_of(tmp_path / "out")
    assert len(rows) == 720
    assert {row["label"] for row in rows} == {"A", "B", "C"}
    assert {(row["source"], row["group"]) for row in rows} == {
        (f"user_{u}/{letter}{k}", f"user_{u}") for u in (1, 2) for letter in "ABC" for k in (0, 1)
    }
    first = rows[5]
    assert {name: first[name] for name in VARIED} == {
        "recipe": "sign-mnist-60",
        "variant": "mitchell-b15c-15",
        "filter": "Mitchell",
        "brightness": "15",
        "contrast": "-15",
        "rotation": "0",
        "pixelation": "0",
    }
    assert first["profile"] == "im7-2017"
    assert first["imagemagick"] == (
        "-crop 30x30+5+4 +repage -colorspace Gray -filter Mitchell -resize 28x28! "
        "-brightness-contrast 15x-15"
    )
    assert sum(not row["imagemagick"] for row in rows) == 12 * 5  # pixelated
    with Image.open(tmp_path / "out" / first["path"]) as opened:
        assert (opened.mode, opened.size) == ("L", (28, 28))
    assert cli("verify", tmp_path / "out").returncode == 0


def test_the_same_bytes_for_any_number_of_workers(main, cli, photos, tmp_path, contents):
    words = ["--recipe", "observed-20", "--boxes", "auto", *PATTERNS]
    assert main("augment", photos, tmp_path / "one", *words, "-j1").returncode == 0
    assert cli("augment", photos, tmp_path / "two", *words, "-j2").returncode == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert main("augment", photos, tmp_path / "other", *words, "--seed", "1", "-j1").returncode == 0
    assert contents(tmp_path / "one") != contents(tmp_path / "other")


def test_into_hdf5_and_csv_the_pixels_are_the_same(main, photos, tmp_path):
    words = ["--boxes", "auto", *PATTERNS, "--variants", "9", "-j1"]
    for name in ("tree", "all.h5", "all.csv"):
        assert main("augment", photos, tmp_path / name, *words).returncode == 0
    with h5py.File(tmp_path / "all.h5") as file:
        assert file["images"].shape == (108, 28, 28)
        assert file["images"].chunks is None
        assert file["meta/imagemagick"].shape == (108,)
    for name in ("all.h5", "all.csv"):
        assert main("verify", tmp_path / "tree", tmp_path / name, "-j1").returncode == 0


def test_only_train_is_varied_and_the_rest_brought_to_the_same_size(main, make_tree, tmp_path):
    tree = make_tree(
        {f"{split}/A/{k}.png": picture(k, 30, 30, 3) for split in ("train", "val") for k in (1, 2)}
        | {"test/A/9.png": picture(9, 28, 28)}
    )
    done = main("augment", tree, tmp_path / "out.h5", "--variants", "4", "-j1", "--json")
    assert done.json["written"] == 2 * 4 + 2 + 1
    again = main("augment", tree, tmp_path / "out", "--variants", "4", "-j1")
    assert again.returncode == 0
    rows = rows_of(tmp_path / "out")
    assert {(r["split"], r["source"]) for r in rows if r["variant"] == "plain"} == {
        ("val", "val/A/1"),
        ("val", "val/A/2"),
        ("test", "test/A/9"),
    }
    with Image.open(tmp_path / "out" / "test" / "A" / "9.png") as opened:
        assert np.array_equal(np.asarray(opened), picture(9, 28, 28)[:, :, 0])  # fitted already
    every = main("augment", tree, tmp_path / "e", "--augment-splits", "all", "-j1", "--json")
    assert every.json["written"] == 5 * 60


def test_signers_in_split_folders_keep_their_boxes(main, photos, tmp_path):
    root = tmp_path / "splits"
    for split, user in (("train", "user_1"), ("test", "user_2")):
        (root / split).mkdir(parents=True)
        (photos / user).rename(root / split / user)
    done = main("augment", root, tmp_path / "out", "--boxes", "auto", *PATTERNS, "-j1", "--json")
    assert (done.returncode, done.json["problems"]) == (0, [])
    assert done.json["written"] == 6 * 60 + 6
    signers = {(row["split"], row["signer"]) for row in rows_of(tmp_path / "out")}
    assert signers == {("train", "user_1"), ("test", "user_2")}


def test_boxes_are_cut_out_once(main, photos, tmp_path):
    words = ["--boxes", "auto", "--variants", "1", "-j1"]
    assert main("augment", photos, tmp_path / "out", *words, *PATTERNS).returncode == 0
    again = main("augment", tmp_path / "out", tmp_path / "again", *words)
    assert again.returncode == 2
    assert "already cropped" in again.error
    assert main("augment", tmp_path / "out", tmp_path / "again", *words[2:]).returncode == 0


def test_originals_come_along(main, make_tree, tmp_path):
    tree = make_tree({"A/1.png": picture(1, 28, 28), "A/2.png": picture(2, 50, 40)})
    words = ["--variants", "2", "--keep-original", "-j1"]
    assert main("augment", tree, tmp_path / "out", *words).returncode == 0
    rows = rows_of(tmp_path / "out")
    assert [row["id"] for row in rows if row["variant"] == "plain"] == ["A/1", "A/2"]
    assert len(rows) == 6
    with Image.open(tmp_path / "out" / "A" / "1.png") as opened:
        assert np.array_equal(np.asarray(opened), picture(1, 28, 28)[:, :, 0])


def test_a_clip_gets_one_draw_for_all_its_frames(main, make_tree, tmp_path):
    tree = make_tree(
        {f"hello/c{c}/img_{k:05d}.png": picture(c, 30, 30) for c in (1, 2) for k in (1, 2, 3)}
    )
    words = ["--recipe", "observed-20", "--variants", "3", "-j1"]
    assert main("augment", tree, tmp_path / "out", *words).returncode == 0
    rows = rows_of(tmp_path / "out")
    assert len(rows) == 6
    for row in rows:
        frames = sorted((tmp_path / "out" / row["path"]).iterdir())
        assert len(frames) == 3
        assert len({frame.read_bytes() for frame in frames}) == 1  # equal frames stay equal
    assert main("augment", tree, tmp_path / "out.h5", *words).returncode == 0
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["frames"].shape == (18, 28, 28, 1)


def test_keypoints_of_one_frame(main, make_tree, tmp_path):
    clips = {f"hello/c{c}/img_{k:05d}.png": picture(c, 28, 28) for c in (1, 2) for k in (1, 2)}
    tree = make_tree(clips)
    (tree / "hello/c1/img_00001.json").write_text('{"people": []}')
    words = ["--recipe", "observed-20", "--variants", "3", "--keep-original", "-j1", "--json"]
    done = main("augment", tree, tmp_path / "out", *words)
    assert done.returncode == 0
    assert done.json["problems"] == []
    kept = sorted((tmp_path / "out").rglob("img_*.json"))
    assert len(kept) == 4  # of the original and its three variants
    assert {path.parent.name[:2] for path in kept} == {"c1"}


def test_boxes_and_pictures_that_lack_each_other_are_named(main, photos, tmp_path):
    table = photos / "user_1" / "user_1_loc.csv"
    lines = table.read_text().splitlines()
    lines[1] = "user_1/A0.png,5,4,60,34"  # beyond the picture
    del lines[2]
    lines.append("user_1/Z9.png,1,1,9,9")
    table.write_text("\n".join(lines))
    words = ["--boxes", "auto", *PATTERNS, "-j1"]
    stopped = main("augment", photos, tmp_path / "out", *words)
    assert stopped.returncode == 4
    assert "user_1/A0.png: box 5,4 to 60,34 is not inside the picture (50x40)" in stopped.error
    assert not (tmp_path / "out").exists()
    done = main("augment", photos, tmp_path / "out", *words, "--on-error", "skip", "--json")
    assert done.returncode == 3
    kinds = {(p["path"], p["kind"]) for p in done.json["problems"] if p["kind"] != "note"}
    assert kinds == {
        ("user_1/A0.png", "corrupt"),
        ("user_1/A1.png", "missing"),
        ("user_1/Z9.png", "missing"),
    }
    assert (done.json["read"], done.json["skipped"], done.json["failed"]) == (13, 2, 1)


def test_a_preview_writes_one_picture_and_nothing_else(main, photos, tmp_path):
    words = ["--boxes", "auto", *PATTERNS, "--preview", tmp_path / "sheet.png"]
    done = main("augment", photos, tmp_path / "out", *words)
    assert done.returncode == 0
    assert not (tmp_path / "out").exists()
    with Image.open(tmp_path / "sheet.png") as opened:
        assert opened.width > 800
    assert {path.name for path in tmp_path.iterdir()} == {"photos", "sheet.png"}
    over_source = main("augment", photos, *words[:-1], photos / "user_1" / "A0.png", "--overwrite")
    assert over_source.returncode == 2
    again = main("augment", photos, *words)
    assert again.returncode == 5
    assert "Replace it with --overwrite" in again.error
    assert main("augment", photos, *words, "--overwrite").returncode == 0
    words[-1] = tmp_path / "dry.png"
    assert main("augment", photos, *words, "--dry-run").returncode == 0
    assert not (tmp_path / "dry.png").exists()


def test_a_preview_shows_originals_with_their_boxes_a_group_a_signer(photos, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "signdata.augmentation.plan.sheet", lambda groups, title: shown.extend(groups) or b""
    )
    label, group = PATTERNS[1], PATTERNS[3]
    signdata.augment(
        photos,
        boxes="auto",
        label_pattern=label,
        group_pattern=group,
        variants=3,
        preview=tmp_path / "sheet.png",
    )
    assert len({one.heading.partition(", signer ")[2] for one in shown}) == len(shown) >= 2
    for one in shown:
        original, *variants = one.pictures
        assert original.words == ["original", "the box is cut out"]
        left, top, width, height = original.box
        assert left + width <= original.frame.shape[1]
        assert top + height <= original.frame.shape[0]
        assert len(variants) == 3
        assert all(picture.frame.shape == (28, 28, 1) for picture in variants)
        assert all(picture.words[1] for picture in variants)


def test_a_picture_turned_on_reading_says_auto_orient(main, tmp_path):
    folder = tmp_path / "tree" / "A"
    folder.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture(3, 30, 40, 3)).save(folder / "1.jpg", exif=exif)
    words = ["--variants", "60", "-j1"]
    assert main("augment", tmp_path / "tree", tmp_path / "out", *words).returncode == 0
    commands = [row["imagemagick"] for row in rows_of(tmp_path / "out") if row["imagemagick"]]
    assert all(words.startswith("-auto-orient -") for words in commands)


def test_a_recipe_of_ones_own(main, make_tree, tmp_path):
    recipe = tmp_path / "two.toml"
    recipe.write_text(
        'steps = [{ op = "resize", size = "9x7!", filter = ["Box", "Catrom"] },'
        ' { op = "modulate", percent = 90 }]'
    )
    tree = make_tree({"A/1.png": picture(1, 30, 30, 3)})
    words = ["--recipe", recipe, "-j1"]
    assert main("augment", tree, tmp_path / "out", *words).returncode == 0
    names = {path.name for path in (tmp_path / "out" / "A").iterdir()}
    assert names == {"1-box-m90.png", "1-catrom-m90.png"}
    with Image.open(tmp_path / "out" / "A" / "1-box-m90.png") as opened:
        assert (opened.mode, opened.size) == ("RGB", (9, 7))


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--recipe", "nope"], 4, "no such recipe"),
        (["--variants", "61"], 2, "has 60"),
        (["--boxes", "auto"], 2, "no boxes"),
        (["--boxes", "none.csv"], 4, "no such box table"),
        (["--label-pattern", "("], 2, "not a regular expression"),
        (["--group-pattern", "a"], 2, "0 groups; expected one"),
        (["--label-pattern", "(x+)"], 4, "no label in its path"),
        (["--profile", "im5"], 2, "im7-2017"),
    ],
)
def test_wrong_words(main, make_tree, tmp_path, words, code, expected):
    tree = make_tree({"A/1.png": picture(1, 30, 30)})
    done = main("augment", tree, tmp_path / "out", *words, "-j1")
    assert done.returncode == code
    assert expected in done.stderr
    assert not (tmp_path / "out").exists()


def test_no_output_named(main, make_tree):
    done = main("augment", make_tree({"A/1.png": picture(1, 30, 30)}))
    assert done.returncode == 2
    assert "no output named" in done.error


def test_again_does_nothing_and_a_changed_picture_is_named(main, make_tree, tmp_path):
    tree = make_tree({f"A/{k}.png": picture(k, 30, 30) for k in (1, 2)})
    words = ["augment", tree, tmp_path / "out", "--variants", "3", "-j1"]
    assert main(*words).returncode == 0
    assert "nothing to do" in main(*words).stdout
    Image.fromarray(picture(7, 30, 30)[:, :, 0]).save(tree / "A" / "2.png")
    done = main(*words)
    assert done.returncode == 5
    assert "2.png" in done.error


def test_as_a_function(photos, tmp_path):
    result = signdata.augment(
        photos,
        tmp_path / "out.h5",
        boxes="auto",
        label_pattern=r"/([A-Y])\d+",
        group_pattern=r"(user_\d+)/",
        workers=1,
    )
    assert (result.read, result.written) == (12, 720)
    samples = list(signdata.open_dataset(tmp_path / "out.h5"))
    assert {sample.group for sample in samples} == {"user_1", "user_2"}
    assert samples[0].source == "user_1/A0"


def test_a_picture_of_another_size_than_its_folder_is_noted(main, photos, tmp_path):
    Image.fromarray(picture(3, 60, 80, 3)).save(photos / "user_1" / "B0.png")
    words = ["--boxes", "auto", *PATTERNS, "--variants", "2", "-j1", "--json"]
    done = main("augment", photos, tmp_path / "out", *words)
    assert done.returncode == 0
    assert [(one["path"], one["kind"], one["message"]) for one in done.json["problems"]] == [
        (
            "user_1/B0.png",
            "note",
            "80x60, and the others of its folder are 50x40: its box may have been drawn on that "
            "size",
        )
    ]
    without = ["--variants", "2", "-j1", "--json", *PATTERNS]
    assert main("augment", photos, tmp_path / "whole", *without).json["problems"][0]["path"] != (
        "user_1/B0.png"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--layout", "{signer}/{label}{take}"],
        ["--label-pattern", "{signer}/{label}{take}"],
        ["--group-pattern", "{signer}/{label}{take}"],
    ],
)
def test_a_layout_says_what_patterns_say(main, photos, tmp_path, words):
    for name, how in (("patterns", PATTERNS), ("layout", words)):
        done = main(
            "augment", photos, tmp_path / name, "--boxes", "auto", "--variants", "2", "-j1", *how
        )
        assert done.returncode == 0, done.stderr
    one, other = (
        {(row["label"], row["group"], row["signer"], row["sha256"]) for row in rows_of(place)}
        for place in (tmp_path / "patterns", tmp_path / "layout")
    )
    assert one == other
    assert len(one) == 24


def test_two_layouts_are_refused(main, photos, tmp_path):
    words = ["--layout", "{signer}/{label}*", "--label-pattern", "{signer}/{label}{take}"]
    done = main("augment", photos, tmp_path / "out", *words)
    assert (done.returncode, "two layouts" in done.error) == (2, True)
