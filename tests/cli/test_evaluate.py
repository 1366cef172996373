"""signdata evaluate."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from signdata.media.image import encode
from signdata.training.predictions import read_predictions
from tests.conftest import listing
from tests.inference import models


def shade(value: int) -> np.ndarray:
    return np.full((4, 4, 1), value, np.uint8)


DARK, LIGHT = shade(10), shade(240)

MIXED = {
    "train/dark/1.png": DARK,
    "train/light/1.png": LIGHT,
    "test/dark/1.png": DARK,
    "test/dark/2.png": shade(30),
    "test/dark/3.png": LIGHT,
    "test/light/1.png": LIGHT,
    "test/strange/1.png": LIGHT,
    "test/strange/2.png": DARK,
}
"""One dark picture of six is light; two are of a class that the network does not know."""


@pytest.fixture
def model(tmp_path):
    """A model that tells dark pictures from light ones; it starts faster than a run."""
    return models.write(tmp_path / "model.onnx", models.by_brightness())


def test_it_gives_the_numbers_and_pictures_of_the_run(main, make_tree, tmp_path):
    rng = np.random.default_rng(0)
    tree = make_tree(
        {
            f"{split}/{label}/{k}.png": rng.integers(low, low + 130, (28, 28, 1), np.uint8)
            for split, n in (("train", 30), ("test", 12))
            for label, low in (("dark", 0), ("grey", 60), ("light", 120))
            for k in range(n)
        }
    )
    run, out = tmp_path / "run", tmp_path / "out"
    words = ["--out", run, "--epochs", "1", "--model", "unam", "--device", "cpu"]
    assert main("baseline", tree, *words).returncode == 0
    done = main("evaluate", run, tree, "--split", "test", "-o", out, "--device", "cpu", "--json")
    assert done.returncode == 0
    wanted = json.loads((run / "metrics.json").read_text())
    found = json.loads((out / "metrics.json").read_text())
    names = ["accuracy", "accuracy_95", "top5_accuracy", "macro", "weighted", "mcc", "support"]
    names += ["macro_f1", "per_class", "confusion_matrix", "worst_classes", "confused_pairs"]
    for name in names:
        assert found[name] == done.json[name] == wanted[name]
    assert (found["correct"], found["total"]) == (wanted["test_correct"], wanted["test_total"])
    assert (found["measured_on"], found["model"]) == ("test", "unam")
    for name in ("confusion.png", "worst.png", "top5.png"):
        assert (out / name).read_bytes() == (run / name).read_bytes()
    assert sorted(os.listdir(out)) == [
        *("classes.png", "confusion.png", "metrics.json", "predictions.csv", "signdata.json"),
        *("top5.png", "worst.png"),
    ]
    # The run had val held out of train; of its test it says what evaluate says.
    said = read_predictions(run / "predictions.csv")
    again = read_predictions(out / "predictions.csv")
    assert [(one.id, one.split, one.label, one.predicted) for one in said[-36:]] == [
        (one.id, one.split, one.label, one.predicted) for one in again
    ]
    shares = [[one.p_true, *(p for _, p in one.top)] for one in said[-36:]]
    assert np.allclose(shares, [[one.p_true, *(p for _, p in one.top)] for one in again], atol=2e-6)
    assert {one.split for one in said[:-36]} == {"val"}
    assert found["dataset"] == done.json["dataset"]
    assert (found["dataset"]["samples"], wanted["dataset"]["samples"]) == (36, 126)
    assert found["dataset"]["sources"] == wanted["dataset"]["sources"]


def test_classes_are_matched_by_name(main, model, make_tree):
    done = main("evaluate", model, make_tree(MIXED), "--json")
    assert done.returncode == 0
    found = done.json
    assert (found["correct"], found["total"]) == (5, 6)
    assert found["confusion_matrix"] == [[3, 1], [0, 2]]
    assert found["only_in_dataset"] == {"strange": 2}
    assert found["only_in_network"] == []
    assert (found["read"], found["written"], found["skipped"]) == (8, 6, 2)
    said = [each["message"] for each in found["problems"]]
    assert "the network does not know class strange: 2 samples left out" in said
    assert found["dataset"]["samples"] == 8


def test_each_prediction_is_kept_with_the_sample_and_its_split(main, model, make_tree, tmp_path):
    out = tmp_path / "out"
    assert main("evaluate", model, make_tree(MIXED), "-o", out).returncode == 0
    said = {one.id: one for one in read_predictions(out / "predictions.csv")}
    assert list(said) == sorted(p[:-4] for p in MIXED if "strange" not in p)
    wrong = [one for one in said.values() if one.label != one.predicted]
    assert [(one.label, one.predicted) for one in wrong] == [("dark", "light")]
    for one in said.values():
        assert one.split == one.id.partition("/")[0]
        assert [name for name, _ in one.top] == [
            one.predicted,
            *({"dark", "light"} - {one.predicted}),
        ]
        assert sum(share for _, share in one.top) == pytest.approx(1)
        assert one.p_true == dict(one.top)[one.label]
    other = main("evaluate", model, make_tree({"dark/1.png": DARK}, "flat"), "-o", tmp_path / "f")
    assert other.returncode == 0
    [only] = read_predictions(tmp_path / "f" / "predictions.csv")
    assert (only.split, only.predicted) == ("", "dark")


def test_the_number_of_a_class_does_not_matter(main, model, make_tree):
    """The dataset's first class is the network's second."""
    tree = make_tree({"classes.txt": b"light\nabsent\ndark\n", "light/1.png": LIGHT})
    found = main("evaluate", model, tree, "--json").json
    assert (found["classes"], found["correct"], found["total"]) == (["dark", "light"], 1, 1)
    assert found["confusion_matrix"] == [[0, 0], [0, 1]]
    assert found["only_in_dataset"] == {"absent": 0}
    tree = make_tree({"dark/1.png": DARK}, "one")
    found = main("evaluate", model, tree, "--json").json
    assert (found["correct"], found["only_in_network"]) == (1, ["light"])


def test_a_split_or_the_whole(main, model, make_tree, tmp_path):
    tree = make_tree(MIXED)
    found = main("evaluate", model, tree, "--split", "train", "--json").json
    assert (found["correct"], found["total"], found["measured_on"]) == (2, 2, "train")
    text = main("evaluate", model, tree).stdout
    assert "by-hand on tree, all\n5 of 6 right: 83.33%" in text
    assert "most confused pairs: dark for light (1)" in text


def test_no_class_in_common_is_asked_about(main, model, make_tree, tmp_path):
    tree = make_tree({"Dark/1.png": DARK, "Light/1.png": DARK})
    done = main("evaluate", model, tree)
    assert done.returncode == 4
    assert "expected some of dark, light, found Dark, Light" in done.error
    assert "--rename FILE" in done.error
    (tmp_path / "names.csv").write_text("Dark,dark\nLight,light\n")
    found = main("evaluate", model, tree, "--rename", tmp_path / "names.csv", "--json").json
    assert (found["correct"], found["total"]) == (1, 2)


def test_the_folder_is_an_output_like_others(main, model, make_tree, tmp_path):
    tree, out = make_tree(MIXED), tmp_path / "out"
    assert main("evaluate", model, tree, "-o", out).returncode == 0
    before = listing(out)
    again = main("evaluate", model, tree, "-o", out, "--json")
    assert (again.returncode, again.json["already_done"], again.json["correct"]) == (0, True, 5)
    assert listing(out) == before
    other = main("evaluate", model, tree, "--split", "test", "-o", out)
    assert other.returncode == 5
    assert "with other options" in other.error
    words = ["--split", "test", "-o", out, "--overwrite", "--json"]
    assert main("evaluate", model, tree, *words).json["total"] == 4
    inside = main("evaluate", model, tree, "-o", tree / "out")
    assert inside.returncode == 2
    assert "lies inside its source" in inside.error
    over = main("evaluate", model, tree, "-o", model)
    assert over.returncode == 2
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    assert main("evaluate", model, tree, "-o", mine, "--overwrite").returncode == 5
    assert (mine / "notes.txt").read_text() == "mine"


def test_clips_are_read_by_a_network_for_stills(main, model, make_frames):
    """The middle frame is taken, as in training."""
    clips = make_frames({"dark/1": 3, "light/2": 5})
    found = main("evaluate", model, clips, "--json").json
    assert (found["total"], found["confusion_matrix"]) == (2, [[1, 0], [1, 0]])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"nothing", "not a readable ONNX model"),
        (models.many_rows(), "model.onnx"),
        (models.constant([1, 7]), "1x7"),
    ],
)
def test_a_strangers_network_ends_in_one_line(main, make_tree, tmp_path, data, said):
    path = models.write(tmp_path / "model.onnx", data)
    done = main("evaluate", path, make_tree({"dark/1.png": DARK}), "-o", tmp_path / "out")
    assert done.returncode == 4
    assert said in done.error
    assert not (tmp_path / "out").exists()


def test_a_picture_that_is_no_picture_is_named(main, model, make_tree):
    whole = encode.encode(DARK, "png", 95)
    tree = make_tree({"dark/1.png": DARK, "dark/2.png": whole[:40]})
    done = main("evaluate", model, tree)
    assert done.returncode == 4
    assert "2.png" in done.error
