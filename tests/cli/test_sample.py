"""signdata sample."""

from __future__ import annotations

import json

import av
import pandas as pd
import pytest
from PIL import Image

from tests.cli import counts

SMALL = {
    "sign-mnist": ["--n", "60"],
    "asl-alphabet": ["--n", "1", "--size", "48x48"],
    "wlasl": ["--n", "1", "--size", "64x48"],
    "photos": ["--n", "1", "--signers", "2", "--size", "64x48"],
    "ms-asl": ["--n", "1", "--size", "64x48"],
    "asl-citizen": ["--n", "1", "--size", "64x48"],
    "autsl": ["--n", "1", "--size", "64x48"],
    "lsa64": ["--n", "1", "--size", "64x48"],
    "how2sign": ["--n", "1", "--size", "64x48"],
    "phoenix-2014t": ["--n", "1", "--size", "64x48"],
}


@pytest.mark.parametrize("kind", SMALL)
def test_the_seed_alone_decides(main, tmp_path, contents, kind):
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        done = main("sample", kind, tmp_path / name, *SMALL[kind], "--seed", seed, "--json")
        assert done.returncode == 0, done.stderr
        assert counts.check(done.json, "sample")["written"] > 0
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert a == b
    # Other videos are missing; ids of YouTube and lengths of clips are drawn.
    assert a.keys() == c.keys() or kind in ("wlasl", "ms-asl", "phoenix-2014t")
    assert a != c


def test_sign_mnist_is_shaped_like_the_published_one(cli, tmp_path):
    done = cli("sample", "sign-mnist", tmp_path / "toy", "--n", "240")
    assert (done.returncode, done.stderr) == (0, "")
    train = pd.read_csv(tmp_path / "toy" / "sign_mnist_train.csv")
    test = pd.read_csv(tmp_path / "toy" / "sign_mnist_test.csv")
    assert list(train.columns) == ["label", *(f"pixel{i}" for i in range(1, 785))]
    assert len(train) + len(test) == 240
    assert set(train["label"]) | set(test["label"]) <= set(range(25)) - {9}
    pixels = train.drop(columns="label")
    assert pixels.min().min() >= 0
    assert 100 < pixels.max().max() <= 255
    assert pixels.std(axis=1).min() > 5  # every picture shows something


def test_asl_alphabet_is_29_folders(main, tmp_path):
    assert main("sample", "asl-alphabet", tmp_path / "toy", *SMALL["asl-alphabet"]).returncode == 0
    found = main("info", tmp_path / "toy", "--json").json
    assert (found["format"], len(found["classes"]), found["samples"]) == ("folders", 29, 29)
    assert {"A", "J", "Z", "space", "nothing", "del"} <= set(found["classes"])
    assert (found["size"], found["channels"]) == ([48, 48], 3)


def test_wlasl_is_a_json_with_videos_some_missing(main, tmp_path):
    words = ["--n", "3", "--size", "64x48"]
    assert main("sample", "wlasl", tmp_path / "toy", *words).returncode == 0
    index = json.loads((tmp_path / "toy" / "WLASL_v0.3.json").read_text())
    wanted = {one["video_id"] for entry in index for one in entry["instances"]}
    there = {path.stem: path for path in (tmp_path / "toy" / "videos").iterdir()}
    assert there.keys() < wanted
    with av.open(str(next(iter(there.values())))) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height) == (64, 48)
    done = main("extract-frames", tmp_path / "toy" / "WLASL_v0.3.json", tmp_path / "out", "-j1")
    assert done.returncode == 3


def test_photos_are_of_several_people(main, tmp_path):
    assert main("sample", "photos", tmp_path / "toy", *SMALL["photos"]).returncode == 0
    people = [path.name for path in (tmp_path / "toy").iterdir() if path.is_dir()]
    assert len([name for name in people if name.startswith("user_")]) == 2
    pictures = sorted((tmp_path / "toy").rglob("*.jpg")) + sorted((tmp_path / "toy").rglob("*.png"))
    with Image.open(pictures[0]) as opened:
        assert (opened.mode, opened.size) == ("RGB", (64, 48))


def test_again_does_nothing_and_another_is_refused(main, tmp_path, contents):
    words = ["sample", "sign-mnist", tmp_path / "toy"]
    assert main(*words, "--n", "60").returncode == 0
    before = contents(tmp_path / "toy")
    assert main(*words, "--n", "60", "--json").json["already_done"] is True
    done = main(*words, "--n", "70")
    assert done.returncode == 5
    assert "--overwrite" in done.error
    assert contents(tmp_path / "toy") == before
    assert main(*words, "--n", "70", "--overwrite").returncode == 0
    assert contents(tmp_path / "toy") != before


def test_an_unknown_kind_and_a_wrong_size_are_usage(main, tmp_path):
    assert "sign-mnist" in main("sample", "cats", tmp_path / "toy").error
    done = main("sample", "sign-mnist", tmp_path / "toy", "--size", "20x30")
    assert done.returncode == 2
    assert done.error
    assert not (tmp_path / "toy").exists()


@pytest.mark.parametrize(
    ("kind", "options", "classes"),
    [
        ("ms-asl", [], 4),
        ("asl-citizen", [], 4),
        ("autsl", [], 4),
        ("lsa64", ["--layout", "{label}_{signer}_*"], 4),
        ("how2sign", [], 4),
        ("phoenix-2014t", [], 4),
    ],
)
def test_clips_of_published_shapes_are_read_as_they_lie(main, tmp_path, kind, options, classes):
    root = tmp_path / "toy"
    made = main("sample", kind, root, "--n", "3", "--size", "64x48", "--json")
    assert made.returncode == 0, made.stderr
    source = root / "all" if kind == "lsa64" else root
    done = main(
        "extract-frames", source, tmp_path / "out", "--frames", "2", "-j1", "--json", *options
    )
    assert done.returncode == 0, done.stderr
    assert done.json["written"] == made.json["written"]
    rows = pd.read_csv(tmp_path / "out/manifest.csv", dtype=str)
    assert rows["label"].nunique() == classes or kind == "how2sign"
    assert rows["n_frames"].tolist() == ["2"] * len(rows)
    splits = set() if kind == "lsa64" else {"train", "val", "test"}
    assert set(rows["split"].dropna()) == splits
    if kind != "how2sign":  # its tables name nobody
        assert rows["signer"].nunique() == 3
