from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from signdata.errors import DatasetError
from signdata.media.video.frame_selection import evenly
from signdata.samples import ArrayPixels, Sample
from signdata.training.data import Dataset, fit, load
from signdata.training.holdout import digest, hold_out, resolve_splits

# ---------------------------------------------------------------------------- load


def test_labels_follow_the_declared_classes(reader, sample) -> None:
    samples = [sample("1", "B", split="train", group="g"), sample("2", "A", split="test")]
    data = load(reader(samples, classes=("B", "Z", "A")), size_hw=(28, 28), channels=1)
    assert data.classes == ("B", "Z", "A")
    assert data.labels.tolist() == [0, 2]
    assert data.splits.tolist() == ["train", "test"]
    assert data.ids == ("1", "2")
    assert data.groups == ("g", "")
    assert data.images.shape == (2, 1, 28, 28)
    assert data.images.dtype == np.uint8


def test_undeclared_classes_are_sorted(reader, sample) -> None:
    data = load(reader([sample("1", "b"), sample("2", "a")]), size_hw=(4, 4), channels=1)
    assert data.classes == ("a", "b")
    assert data.labels.tolist() == [1, 0]


@pytest.mark.parametrize(("n_frames", "middle"), [(1, 0), (2, 1), (5, 2)])
def test_a_clip_is_its_middle_frame(reader, sample, n_frames: int, middle: int) -> None:
    clip = np.stack([np.full((6, 8, 3), idx, np.uint8) for idx in range(n_frames)])
    samples = [sample("1", "A", clip), sample("2", "B")]
    data = load(reader(samples), size_hw=(28, 28), channels=1)
    assert (data.images[0] == middle).all()


def test_progress_is_told(reader, sample) -> None:
    seen = []
    samples = [sample(str(row), "AB"[row % 2]) for row in range(2000)]
    load(reader(samples), size_hw=(2, 2), channels=1, progress=lambda *told: seen.append(told))
    assert seen == [(1000, 0, "reading"), (2000, 0, "reading")]


def test_what_cannot_be_loaded_is_refused(reader, sample) -> None:
    with pytest.raises(DatasetError, match="no samples"):
        load(reader([], classes=("A", "B")), size_hw=(28, 28), channels=1)
    with pytest.raises(DatasetError, match="too few classes"):
        load(reader([sample("1", "A")]), size_hw=(28, 28), channels=1)
    empty = np.zeros((0, 4, 4, 3), np.uint8)
    with pytest.raises(DatasetError, match=r"^seven: a sample without frames"):
        load(reader([sample("seven", "A", empty)]), size_hw=(28, 28), channels=1)


def test_fit_brings_any_picture_to_the_input() -> None:
    red = np.zeros((40, 60, 3), np.uint8)
    red[..., 0] = 255
    assert fit(red, (28, 28), 1).shape == (1, 28, 28)
    assert (fit(red, (28, 28), 1) == 76).all()
    assert (fit(red, (10, 20), 3)[0] == 255).all()
    grey = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    assert fit(grey, (2, 2), 3).tolist() == [[[0, 1], [2, 3]]] * 3


# ---------------------------------------------------------------------------- splits


def with_splits(data: Dataset, **counts: int) -> Dataset:
    names = [name for name, count in counts.items() for _ in range(count)]
    return replace(data, splits=np.array(names, "U5"))


def counted(splits: np.ndarray) -> dict[str, int]:
    return dict(Counter(splits.tolist()))


def test_no_splits_become_80_10_10(corners: Dataset) -> None:
    splits, notes = resolve_splits(corners, seed=0)
    assert counted(splits) == {"train": 192, "val": 24, "test": 24}
    for name in ("val", "test"):
        assert counted(corners.labels[splits == name]) == {0: 6, 1: 6, 2: 6, 3: 6}
        assert any(note.startswith(f"{name} is 24 samples held out") for note in notes)
    assert all("too easy" in note for note in notes)


def test_val_is_held_out_of_train_alone(corners: Dataset) -> None:
    data = with_splits(corners, train=200, test=40)
    splits, notes = resolve_splits(data, seed=0)
    assert counted(splits) == {"train": 180, "val": 20, "test": 40}
    assert ((splits == "test") == (data.splits == "test")).all()
    assert len(notes) == 1
    assert data.splits.tolist().count("val") == 0


def test_given_splits_stay(corners: Dataset) -> None:
    data = with_splits(corners, train=200, val=20, test=20)
    splits, notes = resolve_splits(data, seed=0)
    assert (splits == data.splits).all()
    assert notes == []


def test_without_test_none_is_made(corners: Dataset) -> None:
    splits, notes = resolve_splits(with_splits(corners, train=200, val=40), seed=0)
    assert counted(splits) == {"train": 200, "val": 40}
    assert notes == ["there is no test split, so there are no test results"]


def test_samples_left_out_are_counted(corners: Dataset) -> None:
    data = replace(corners, splits=np.array([*["train"] * 200, *["val"] * 20, *[""] * 20], "U5"))
    _, notes = resolve_splits(data, seed=0)
    assert notes[0] == "20 samples without a split are not used"


def test_classes_that_cannot_be_learned_are_named(corners: Dataset) -> None:
    splits = np.where(corners.labels == 3, "test", "train").astype("U5")
    _, notes = resolve_splits(replace(corners, splits=splits), seed=0)
    assert notes[-1] == "1 class has no samples in train: D"


def test_splits_that_cannot_be_learned_from_are_refused(corners: Dataset) -> None:
    with pytest.raises(DatasetError, match="expected a train split, found val, test"):
        resolve_splits(with_splits(corners, val=200, test=40), seed=0)
    splits = np.where(corners.labels == 0, "train", "val").astype("U5")
    with pytest.raises(DatasetError, match="2 or more in train, found 1"):
        resolve_splits(replace(corners, splits=splits), seed=0)


def test_groups_are_held_out_whole(corners: Dataset) -> None:
    # Each group is ten pictures of one class, as variants of one source picture are.
    groups = tuple(f"{label}-{row // 40}" for row, label in enumerate(corners.labels))
    splits, notes = resolve_splits(replace(corners, groups=groups), seed=0)
    where: dict[str, set[str]] = {}
    for group, split in zip(groups, splits.tolist(), strict=True):
        where.setdefault(group, set()).add(split)
    assert all(len(names) == 1 for names in where.values())
    for name in ("val", "test"):
        assert len(np.unique(corners.labels[splits == name])) == 4
    assert not any("too easy" in note for note in notes)


def test_a_few_big_groups_still_give_one_up(corners: Dataset) -> None:
    signers = tuple(f"signer{row % 5}" for row in range(240))
    splits, notes = resolve_splits(with_splits(replace(corners, groups=signers), train=240), seed=0)
    held = {signer for signer, split in zip(signers, splits, strict=True) if split == "val"}
    assert len(held) == 1
    assert counted(splits)["val"] == 48
    assert "by whole groups" in notes[0]


def test_one_group_only_is_divided_and_said(corners: Dataset) -> None:
    data = with_splits(replace(corners, groups=("me",) * 240), train=240)
    splits, notes = resolve_splits(data, seed=0)
    assert counted(splits)["val"] == 24
    assert "by sample" in notes[0]
    assert "too easy" in notes[0]


def test_holding_out_depends_on_seed_and_names_alone() -> None:
    labels = np.arange(100) % 2
    ids = [str(row) for row in range(100)]

    def held_ids(order: np.ndarray, seed: int) -> set[str]:
        mixed = [ids[row] for row in order]
        held = hold_out(labels[order], mixed, [""] * 100, 0.1, seed)
        return {mixed[row] for row in np.flatnonzero(held)}

    forwards = np.arange(100)
    assert held_ids(forwards, 0) == held_ids(forwards[::-1], 0)
    assert held_ids(forwards, 0) != held_ids(forwards, 1)


def test_no_class_is_held_out_altogether() -> None:
    labels = np.array([0, 1, 1, 2, 2, 2])
    held = hold_out(labels, list("abcdef"), [""] * 6, 0.1, seed=0)
    assert counted(labels[held]) == {1: 1, 2: 1}


@pytest.mark.parametrize("sizes", [1, 3, 10])
def test_a_class_of_one_group_stays_in_train(sizes: int) -> None:
    labels = np.repeat([0, 1, 1, 1], sizes)
    groups = np.repeat(["a", "b", "c", "d"], sizes).tolist()
    for seed in range(5):
        ids = [str(row) for row in range(4 * sizes)]
        held = hold_out(labels, ids, groups, 0.4, seed)
        assert set(labels[held].tolist()) == {1}


def test_the_digest_tells_splits_and_classes_apart(corners: Dataset) -> None:
    data = with_splits(corners, train=200, test=40)
    order = np.arange(240)[::-1]
    mirrored = replace(
        data,
        labels=data.labels[order],
        splits=data.splits[order],
        ids=tuple(data.ids[row] for row in order),
    )
    same = digest(data, data.splits)
    assert digest(mirrored, mirrored.splits) == same
    assert digest(data, np.roll(data.splits, 1)) != same
    assert digest(replace(data, classes=("A", "B", "C", "X")), data.splits) != same


# ---------------------------------------------------------------------------- clips and poses


def test_evenly_takes_the_middles() -> None:
    assert evenly(1, 7) == [3]
    assert evenly(4, 4) == [0, 1, 2, 3]
    assert evenly(4, 8) == [1, 3, 5, 7]
    assert evenly(4, 2) == [0, 0, 1, 1]


def test_a_clip_keeps_frames(reader, sample) -> None:
    clip = np.stack([np.full((6, 8, 3), idx, np.uint8) for idx in range(8)])
    data = load(
        reader([sample("1", "A", clip), sample("2", "B")]), size_hw=(4, 5), channels=3, frames=4
    )
    assert data.images.shape == (2, 4, 3, 4, 5)
    assert data.images[0, :, 0, 0, 0].tolist() == [1, 3, 5, 7]
    assert (data.images[1] == 7).all()


@pytest.mark.parametrize("limit", [0, 1600, 4 * 784])
def test_what_is_too_large_for_memory_lies_in_a_file(reader, sample, limit: int) -> None:
    samples = [sample(str(i), "AB"[i % 2], np.full((28, 28, 1), i, np.uint8)) for i in range(9)]
    data = load(reader(samples), size_hw=(28, 28), channels=1, limit=limit)
    assert isinstance(data.images, np.memmap)
    assert data.images[:, 0, 0, 0].tolist() == list(range(9))
    assert not isinstance(load(reader(samples), size_hw=(2, 2), channels=1).images, np.memmap)


class PosedPixels(ArrayPixels):
    """Frames with a keypoint file next to the second: the first left point at (4, 3)."""

    text = b""

    def companion(self, number: int) -> tuple[str, bytes] | None:
        return (".json", self.text) if number == 1 else None


def posed(text: bytes) -> list[Sample]:
    kind = type("Posed", (PosedPixels,), {"text": text})
    return [Sample(name, name, kind(np.zeros((2, 6, 8, 3), np.uint8))) for name in "AB"]


def load_posed(reader, text: bytes) -> np.ndarray:
    return load(reader(posed(text)), size_hw=(2, 2), channels=3, frames=2, poses=168).poses


def test_poses_are_shares_of_the_frame(reader) -> None:
    left = [4, 3, 0.9, *[8, 6, 0] * 20]
    text = json.dumps({"people": [{"hand_left_keypoints_2d": left}]}).encode()
    poses = load_posed(reader, text).reshape(2, 2, 2, 21, 2)  # sample, frame, hand, point, xy
    assert poses[0, 1, 0, 0].tolist() == [0.5, 0.5]
    assert np.isnan(poses).sum() == poses.size - 4


@pytest.mark.parametrize("text", [b"", b'{"people": []}', b"\x00"])
def test_without_poses_it_is_said(reader, text: bytes) -> None:
    with pytest.raises(DatasetError) as caught:
        load_posed(reader, text)
    expected = "has no poses" if b"people" in text else "not in OpenPose format"
    assert expected in str(caught.value)
    plain = [Sample(n, n, ArrayPixels(np.zeros((6, 8, 3), np.uint8))) for n in "AB"]
    with pytest.raises(DatasetError, match="has no poses"):
        load(reader(plain), size_hw=(2, 2), channels=3, frames=2, poses=168)
