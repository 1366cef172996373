"""Datasets in people's own training loops: right items, in worker processes, of any format."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader, DistributedSampler

import signdata
from signdata.errors import DatasetError, DecodeError, FormatError, UsageError
from signdata.media.image.encode import encode
from signdata.torch import Dataset, collate

LABELS = ["B", "A", "C", "A", "B", "C", "A", "B"]
SPLITS = ["train", "train", "val", "train", "train", "train", "val", "train"]


def pixels(i: int, channels: int = 1) -> NDArray[np.uint8]:
    return np.full((4, 6, channels), 10 * i + 1, np.uint8)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for i, (label, split) in enumerate(zip(LABELS, SPLITS, strict=True)):
        path = root / split / label / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(pixels(i), "png", 95))
    return root


@pytest.fixture(params=["folders", "hdf5", "csv", "arrays", "encoded"])
def prepared(request: pytest.FixtureRequest, tree: Path, tmp_path: Path) -> Path:
    if request.param == "folders":
        return tree
    if request.param == "encoded":
        signdata.convert(tree, tmp_path / "a.h5", hdf5_layout="encoded")
        return tmp_path / "a.h5"
    out = tmp_path / {"hdf5": "a.h5", "csv": "a.csv", "arrays": "a.npz"}[request.param]
    signdata.convert(tree, out)
    return out


def values(dataset: Dataset) -> dict[str, tuple[int, str]]:
    """The level of each picture and its label, by where the id comes from."""
    return {
        sample: (int(image[0, 0, 0]), dataset.classes[target])
        for sample, (image, target) in zip(dataset.ids, dataset, strict=True)
    }


EXPECTED = {(10 * i + 1, label) for i, label in enumerate(LABELS)}
TRAIN = {(10 * i + 1, label) for i, label in enumerate(LABELS) if SPLITS[i] == "train"}


def test_every_format_gives_the_same_items(prepared: Path) -> None:
    dataset = Dataset(prepared)
    assert len(dataset) == 8
    assert dataset.classes == ["A", "B", "C"]
    assert dataset.class_to_idx == {"A": 0, "B": 1, "C": 2}
    assert set(values(dataset).values()) == EXPECTED
    image, target = dataset[0]
    assert (image.shape, image.dtype, type(target)) == ((1, 4, 6), torch.uint8, int)
    assert dataset.targets == [target for _, target in dataset]


def test_classes_are_those_of_the_whole_dataset(prepared: Path) -> None:
    train = Dataset(prepared, split="train")
    assert set(values(train).values()) == TRAIN
    only_a_and_c = Dataset(prepared, split="val")
    assert sorted({only_a_and_c.classes[t] for t in only_a_and_c.targets}) == ["A", "C"]
    assert only_a_and_c.classes == train.classes == ["A", "B", "C"]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_worker_processes_read_what_this_process_reads(prepared: Path, start: str) -> None:
    dataset = Dataset(prepared, dtype=torch.float32)
    expected = [(round(float(image[0, 0, 0]) * 255), target) for image, target in dataset]
    loader = DataLoader(
        dataset, batch_size=3, num_workers=2, persistent_workers=True, multiprocessing_context=start
    )
    for _ in range(2):
        images, targets = zip(*loader, strict=True)
        levels = (torch.cat(images)[:, 0, 0, 0] * 255).round().int().tolist()
        assert list(zip(levels, torch.cat(targets).tolist(), strict=True)) == expected


def test_slices_negative_numbers_pickles_and_samplers(prepared: Path) -> None:
    dataset = Dataset(prepared)
    whole = list(values(dataset).items())
    assert list(values(dataset[2:7:2]).items()) == whole[2:7:2]
    assert list(values(pickle.loads(pickle.dumps(dataset))).items()) == whole
    assert torch.equal(dataset[-1][0], dataset[7][0])
    with pytest.raises(IndexError):
        dataset[8]
    halves = [
        DataLoader(dataset, batch_size=4, sampler=DistributedSampler(dataset, 2, rank, False))
        for rank in (0, 1)
    ]
    levels = [level for half in halves for images, _ in half for level in images[:, 0, 0, 0]]
    assert sorted(int(level) for level in levels) == sorted(level for _, (level, _) in whole)


def test_transforms_size_and_colour(prepared: Path) -> None:
    dataset = Dataset(
        prepared,
        transform=lambda image: image.float().mean(),
        target_transform=str,
        size=(2, 3),
        channels=3,
    )
    mean, target = dataset[0]
    assert (float(mean), target) == (
        float(Dataset(prepared)[0][0][0, 0, 0]),
        str(dataset.targets[0]),
    )
    image, _ = Dataset(prepared, size=(2, 3), channels=3)[0]
    assert image.shape == (3, 3, 2)


def make_clips(root: Path) -> Path:
    for number, (label, length) in enumerate([("hello", 5), ("book", 9), ("hello", 7)]):
        folder = root / label / f"clip{number}"
        folder.mkdir(parents=True)
        for k in range(length):
            (folder / f"{k:03d}.png").write_bytes(encode(pixels(k, 3), "png", 95))
    return root


@pytest.mark.parametrize("target", [None, "clips.h5"])
def test_clips_are_frames_first(tmp_path: Path, target: str | None) -> None:
    path = make_clips(tmp_path / "clips")
    if target:
        signdata.convert(path, tmp_path / target)
        path = tmp_path / target
    dataset = Dataset(path, frames=3)
    clip, label = dataset[0]
    assert clip.shape == (3, 3, 4, 6)
    assert dataset.classes[label] == "book"
    # Of 9 frames, those in the middle of each third: 1, 4, 7.
    assert clip[:, 0, 0, 0].tolist() == [11, 41, 71]


def test_collate_pads_clips_with_zeros(tmp_path: Path) -> None:
    dataset = Dataset(make_clips(tmp_path / "clips"))
    clips, targets, lengths = next(iter(DataLoader(dataset, batch_size=3, collate_fn=collate)))
    assert clips.shape == (3, 9, 3, 4, 6)
    assert (targets.tolist(), lengths.tolist()) == ([0, 1, 1], [9, 5, 7])
    assert int(clips[1, 4].min()) == 41
    assert int(clips[1, 5:].max()) == 0


def test_what_is_missing_is_said(tree: Path, tmp_path: Path) -> None:
    signdata.split(tree, tmp_path / "split", ratios="50,25,25", pool=True)
    gone = next((tmp_path / "split").rglob("0.png"))
    gone.unlink()
    with pytest.warns(UserWarning, match=r"1 of 8 samples cannot be read.*not there"):
        dataset = Dataset(tmp_path / "split")
    assert len(dataset) == 7
    assert [problem.path for problem in dataset.problems]
    assert dataset.classes == ["A", "B", "C"]


def test_a_damaged_picture_is_an_error_that_names_it(tree: Path) -> None:
    path = tree / "train" / "A" / "1.png"
    path.write_bytes(path.read_bytes()[:40])
    dataset = Dataset(tree)
    number = dataset.ids.index(next(name for name in dataset.ids if name.endswith("1")))
    with pytest.raises(DecodeError, match=r"1\.png"):
        dataset[number]


@pytest.mark.parametrize(
    ("keywords", "error", "says"),
    [
        ({"split": "dev"}, UsageError, "expected one of train, val, test"),
        ({"split": "test"}, DatasetError, "no sample in split 'test'; found train, val"),
        ({"size": (0, 4)}, UsageError, "expected at least 1x1"),
        ({"size": "4 by 4"}, UsageError, r"expected width and height, such as \(32, 32\)"),
        ({"channels": 2}, UsageError, "expected 1"),
        ({"frames": 0}, UsageError, "expected at least 1"),
        ({"dtype": torch.int64}, UsageError, "expected torch.uint8"),
    ],
)
def test_nonsense_is_refused(
    tree: Path, keywords: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        Dataset(tree, **keywords)


def test_numpy_arrays_are_the_same_pictures(prepared: Path) -> None:
    from signdata.numpy import load

    X, y, classes = load(prepared, "train")
    assert (X.shape, X.dtype, y.dtype) == ((6, 4, 6, 1), np.uint8, np.int64)
    assert {(int(x[0, 0, 0]), classes[t]) for x, t in zip(X, y, strict=True)} == TRAIN
    assert len(load(prepared, size=(3, 2), channels=3).X[0]) == 2


def test_numpy_maps_what_lies_in_one_file(tree: Path, tmp_path: Path) -> None:
    signdata.convert(tree, tmp_path / "a.h5")
    X = signdata.numpy.load(tmp_path / "a.h5").X
    assert isinstance(X, np.memmap)
    assert not X.flags.writeable


def test_numpy_clips_and_differing_shapes(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    clips = make_clips(tmp_path / "clips")
    assert signdata.numpy.load(clips, frames=4).X.shape == (3, 4, 4, 6, 3)
    with pytest.raises(FormatError, match=r"expected \(9, 4, 6, 3\).*Give a size, channels, and"):
        signdata.numpy.load(clips)


@pytest.mark.parametrize("channels", [None, 1, 3])
@pytest.mark.parametrize("kind", ["of one size", "one larger", "one with an orientation"])
def test_a_batch_of_pictures_is_the_same_as_one_after_the_other(
    tmp_path: Path, kind: str, channels: int | None
) -> None:
    """Plain JPEGs are decoded into the same memory one after the other."""
    rng = np.random.default_rng(0)
    for i in range(6):
        side = 24 if kind == "one larger" and i == 3 else 16
        picture = Image.fromarray(rng.integers(0, 256, (side, 16, 3), np.uint8))
        exif = Image.Exif()
        if kind == "one with an orientation" and i == 3:
            exif[0x0112] = 3
        path = tmp_path / "AB"[i % 2] / f"{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        picture.save(path, exif=exif)
    data = Dataset(tmp_path, channels=channels)
    order = [4, 0, 5, 3, 3, 1]
    batch = data.__getitems__(order)
    for number, (image, target) in zip(order, batch, strict=True):
        alone, idx = data[number]
        assert (image == alone).all()
        assert (image.shape, target) == (alone.shape, idx)
    assert Dataset(tmp_path, size=(8, 8)).__getitems__([2, 3])[0][0].shape == (3, 8, 8)
