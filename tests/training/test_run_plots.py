"""What is drawn of a run: which pictures, of which samples, and the event file."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from signdata.charts.classes import recall_text
from signdata.training import run_plots, tensorboard
from signdata.training.activations import first_maps
from signdata.training.run_plots import RunPictures, draw_run, worst_rows

ALL = {"activations", "classes", "confusion", "curves", "top5", "worst"}


def run_of(n_classes: int = 5, samples: int = 60, **changes: Any) -> RunPictures:
    """A run that has everything; the last class never occurs in test."""
    rng = np.random.default_rng(n_classes)
    labels = rng.integers(0, max(1, n_classes - 1), samples)
    logits = rng.normal(size=(samples, n_classes))
    logits[np.arange(samples), labels] += 2
    odds = np.exp(logits)
    images = rng.integers(0, 256, (samples, 28, 28, 1), dtype=np.uint8)
    fields: dict[str, Any] = {
        "model": "signnet",
        "classes": [f"gloss {idx}" for idx in range(n_classes)],
        "history": [
            {
                "epoch": epoch,
                "train_loss": 2 / epoch,
                "train_accuracy": 1 - 0.5 / epoch,
                "val_loss": 2.2 / epoch,
                "val_accuracy": 1 - 0.6 / epoch,
                "lr": 0.001 / epoch,
            }
            for epoch in range(1, 4)
        ],
        "best_epoch": 3,
        "ids": [f"test/{row:06d}" for row in range(samples)],
        "losses": "loss of train: with label smoothing",
        "settings": {"model": "signnet", "epochs": 3, "weights": None},
        "numbers": {"test_accuracy": 0.75, "test_macro_f1": 0.7, "test_loss": 1.0},
        "counts": {
            "train": rng.poisson(90, n_classes),
            "test": np.bincount(labels, minlength=n_classes),
        },
        "labels": labels,
        "probabilities": odds / odds.sum(axis=1, keepdims=True),
        "picture": lambda row: images[row],
        "seen": images[0],
        "activations": [("conv", rng.normal(size=(4, 26, 26)).astype(np.float32))],
    }
    return RunPictures(**{**fields, **changes})


def told(png: bytes) -> str:
    with Image.open(io.BytesIO(png)) as image:
        return str(image.info.get("Description", ""))


@pytest.mark.parametrize("n_classes", [1, 5, 29, 100])
def test_every_picture_is_there_and_of_sensible_size(n_classes: int, tmp_path: Path) -> None:
    draw_run(tmp_path, run_of(n_classes, 150), tensorboard=False)
    assert {path.stem for path in tmp_path.iterdir()} == ALL
    for path in tmp_path.glob("*.png"):
        with Image.open(path) as image:
            image.load()
            assert 150 <= image.height <= 3000, path.name
            assert 400 <= image.width <= 2000, path.name
        assert path.stat().st_size < 1_000_000


def test_the_same_bytes_again() -> None:
    assert run_plots.draw(run_of()) == run_plots.draw(run_of())


def test_what_is_not_known_is_not_drawn(tmp_path: Path) -> None:
    assert run_plots.draw(RunPictures("m", ["A", "B"])) == {}
    assert set(run_plots.draw(run_of(picture=None))) == ALL - {"worst", "top5"}
    assert set(run_plots.draw(run_of(labels=None))) == ALL - {"worst", "top5", "confusion"}
    none = {"labels": np.zeros(0, np.int64), "probabilities": np.zeros((0, 5))}
    assert set(run_plots.draw(run_of(**none))) == ALL - {"worst", "top5", "confusion"}
    assert set(run_plots.draw(run_of(seen=None, history=(), counts={}))) == {
        "confusion",
        "worst",
        "top5",
    }


@pytest.mark.parametrize("loss", [0.5, float("nan"), None])
def test_one_epoch_without_val(loss: float | None) -> None:
    history = [{"epoch": 1, "train_loss": loss, "train_accuracy": 0.5}]
    page = run_plots.curves(run_of(history=history, best_epoch=None))
    words = [text for text, _ in page.words]
    assert "val" not in words
    assert words.count("train") == (2 if loss == 0.5 else 1)


def test_the_most_wrong_come_first() -> None:
    labels = np.array([0, 0, 1, 1, 2])
    probabilities = np.array(
        [[0.9, 0.1, 0], [0.1, 0.9, 0], [0.6, 0.4, 0], [0.2, 0.8, 0], [0.5, 0.5, 0.0]]
    )
    assert worst_rows(labels, probabilities) == [4, 1, 2]
    assert worst_rows(labels, probabilities, 1) == [4]
    assert worst_rows(labels[[0, 3]], probabilities[[0, 3]]) == [1, 0]  # the less sure first
    probabilities[0] = np.nan
    assert worst_rows(np.array([1, 0, 1, 1, 2]), probabilities)[0] == 0


def test_the_picture_says_what_was_taken_for_what() -> None:
    labels = np.array([0, 1, 2])
    probabilities = np.array([[0.1, 0.8, 0.1], [0, 1, 0], [0, 0, 1]])
    fields = {"classes": ["A", "B", "C"], "counts": {}, "labels": labels}
    pages = run_plots.draw(run_of(3, 3, probabilities=probabilities, **fields))
    assert told(pages["worst"]) == "true A, said B"
    assert told(pages["confusion"]) == "signnet on test: 2 of 3 right (66.67 %)"
    right = run_of(3, 3, probabilities=np.eye(3), **fields)
    assert "none is wrong; the 3 least sure" in run_plots.draw_pages(right)["worst"].title


def test_probabilities_that_are_no_numbers_are_drawn() -> None:
    assert set(run_plots.draw(run_of(probabilities=np.full((60, 5), np.nan)))) == ALL


def test_few_pictures_are_asked_for() -> None:
    asked: list[int] = []

    def picture(row: int) -> np.ndarray:
        asked.append(row)
        return np.zeros((28, 28, 3), np.uint8)

    run_plots.draw(run_of(200, 3000, picture=picture))
    assert len(asked) <= run_plots.MOST_WRONG + run_plots.MOST_TOP5


def test_counts_say_where_a_class_is_missing() -> None:
    page = run_plots.class_counts(run_of(3, counts={"test": [1, 0, 2000], "train": [4, 5, 6]}))
    assert (
        page.about == "train: 15 samples, 4 to 6 a class; test: 2,001 samples, 0 to 2,000 a class"
    )


# ---------------------------------------------------------------------------- feature maps


class Tiny(nn.Module):
    """Two convolutions and one that is not used; the first again."""

    def __init__(self, *, video: bool = False) -> None:
        super().__init__()
        make = nn.Conv3d if video else nn.Conv2d
        self.last, self.first = make(4, 6, 3), make(1, 4, 3)
        self.unused, self.drop = make(1, 9, 1), nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.last(self.drop(self.first(x)))
        return made


def test_maps_are_those_of_the_first_layers_used() -> None:
    network = Tiny().train()
    sample = torch.rand(1, 1, 9, 9)
    found = first_maps(network, sample)
    assert [(name, maps.shape) for name, maps in found] == [
        ("first", (4, 7, 7)),
        ("last", (6, 5, 5)),
    ]
    assert network.training
    assert np.array_equal(found[0][1], network.first(sample)[0].detach().numpy())
    assert [name for name, _ in first_maps(network, sample, 1)] == ["first"]
    assert not network.first._forward_hooks


def test_maps_over_time_are_those_of_the_middle() -> None:
    network, clip = Tiny(video=True), torch.rand(1, 1, 7, 9, 9)
    [(_, maps), _] = first_maps(network, clip)
    assert np.allclose(maps, network.first(clip)[0, :, 2].detach().numpy())


# ---------------------------------------------------------------------------- events


def events_in(path: Path) -> list[Any]:
    """The records of an event file, with their checksums verified."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    data, found, at = path.read_bytes(), [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        body = data[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", data, at + 8)[0] == masked_crc32c(data[at : at + 8])
        assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked_crc32c(body)
        found.append(Event.FromString(body))
        at += 16 + length
    return found


def test_the_event_file_holds_numbers_and_pictures(tmp_path: Path) -> None:
    assert draw_run(tmp_path, run_of()) == ()
    assert draw_run(tmp_path, run_of()) == ()  # replaced, not next to it
    [path] = tmp_path.glob("*tfevents*")
    version, *others = events_in(path)
    assert version.file_version == "brain.Event:2"
    values = [(event.step, value) for event in others for value in event.summary.value]
    numbers = {
        (step, value.tag): value.simple_value for step, value in values if value.tag not in ALL
    }
    assert len(numbers) == 15 + 3 + 3  # of three epochs, of the settings, of the test
    assert numbers[3, "accuracy/test"] == pytest.approx(0.75)
    assert numbers[2, "lr"] == pytest.approx(0.0005)
    described = [value.metadata.plugin_data for _, value in values if value.HasField("metadata")]
    assert [one.plugin_name for one in described] == ["hparams"] * 3
    assert b"signnet" in described[1].content
    assert numbers[2, "loss/train"] == 1
    assert numbers[3, "accuracy/val"] == pytest.approx(0.8)
    pictures = {value.tag: value.image for _, value in values if value.tag in ALL}
    assert set(pictures) == ALL
    for name, image in pictures.items():
        assert image.encoded_image_string == (tmp_path / f"{name}.png").read_bytes()
        with Image.open(tmp_path / f"{name}.png") as drawn:
            assert (image.width, image.height) == drawn.size


def test_samples_are_named_and_losses_told_apart() -> None:
    seen = run_of()
    assert seen.labels is not None
    assert seen.probabilities is not None
    pages = {name: page.svg() for name, page in run_plots.draw_pages(seen).items()}
    shown = worst_rows(seen.labels, seen.probabilities)
    assert all(f"test/{row:06d}" in pages["worst"] for row in shown)
    firsts = [row for row in run_plots.top5_rows(seen.labels, 5) if row is not None]
    assert all(f"test/{row:06d}" in pages["top5"] for row in firsts)
    assert "loss of train: with label smoothing" in pages["curves"]
    assert "000000" not in run_plots.draw_pages(run_of(ids=()))["worst"].svg()


def test_numbers_that_are_none_are_left_out() -> None:
    row = {"epoch": 1, "train_loss": float("nan"), "val_loss": None, "lr": 0.1, "val_accuracy": 1}
    assert tensorboard.scalars(row) == [("lr", 0.1), ("accuracy/val", 1)]


def test_without_tensorboardx_there_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*sys.modules, "tensorboardX"]:
        if name.partition(".")[0] == "tensorboardX":
            monkeypatch.setitem(sys.modules, name, None)
    [note] = draw_run(tmp_path, run_of())
    assert "tensorboardX" in note
    assert {path.stem for path in tmp_path.iterdir()} == ALL


def test_classes_that_the_font_lacks_are_told_once(tmp_path: Path) -> None:
    classes = ["A", "ñandú", "привет", "手", "مرحبا"]
    [note] = draw_run(tmp_path, run_of(classes=classes), tensorboard=False)
    assert note == "the charts number classes whose script their font lacks: #3 '手'"
    page = run_plots.draw_pages(run_of(classes=classes))["confusion"]
    said = {text for text, _ in page.words}
    assert {"A", "ñandú", "привет", "#3", "مرحبا"} <= said


def test_without_resvg_there_is_a_note_and_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    [note] = draw_run(tmp_path, run_of(), tensorboard=False)
    assert "resvg-py" in note
    assert list(tmp_path.iterdir()) == []


def test_drawing_alone_loads_nothing_heavy() -> None:
    code = "import sys, signdata.training.run_plots; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"torch", "sklearn", "tensorboardX", "matplotlib"}


@pytest.mark.parametrize(
    ("right", "total", "told"),
    [
        (2, 3, "67 %"),
        (1, 3, "33 %"),
        (331, 331, "100 %"),
        (330, 331, "99.7 %"),
        (9999, 10_000, "99.9 %"),
        (0, 5, "0 %"),
        (0, 0, "none"),
    ],
)
def test_recall_is_rounded_and_only_all_is_100(right: int, total: int, told: str) -> None:
    assert recall_text(right, total) == told
