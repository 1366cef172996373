"""Compare splits: the same network on a random split of the rows and on a split by groups.

If samples belong together (the same signer or source picture, near-duplicates), a random split
of the rows puts some of them into train and others into test, so that test resembles train. The
gap between the two accuracies shows by how much the random split overestimates. The controls
put both accuracies into perspective.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import from_numpy
from torch.nn import functional as F

from signdata.errors import DatasetError
from signdata.similarity import near_duplicates
from signdata.splitting import grouped, stratified
from signdata.splitting import groups as grouping
from signdata.training.data import Dataset

RATIOS = {"train": 0.8, "val": 0.1, "test": 0.1}
SIDE = 28
"""Side in pixels of the thumbnails in which near-duplicates and neighbours are searched."""

_CHUNK = 1024


def by_rows(data: Dataset, seed: int) -> Dataset:
    """Pool all samples and split them at random, stratified."""
    names = _names(data)
    return _with(data, stratified.stratified(data.ids, names, RATIOS, seed))


def by_groups(data: Dataset, groups: list[str], seed: int) -> Dataset:
    """Pool all samples and split them so that no group is divided."""
    split = _with(data, grouped.grouped(data.ids, _names(data), groups, RATIOS, seed))
    if set(split.splits.tolist()) != set(RATIOS):
        raise DatasetError(
            f"too few groups to compare splits by; expected 3 or more, found {len(set(groups))}"
        )
    return split


def shuffled(data: Dataset, seed: int) -> Dataset:
    """Shuffle the labels of train and val; those of test stay."""
    labels = data.labels.copy()
    rows = np.flatnonzero(data.splits != "test")
    order = np.random.default_rng(seed).permutation(len(rows))
    labels[rows] = labels[rows[order]]
    return replace(data, labels=labels)


def groups_of(data: Dataset, vectors: NDArray[np.float32]) -> tuple[list[str], str]:
    """Group of each sample, and what it is based on: groups, signers or near-duplicates."""
    if any(data.groups):
        return list(data.groups), "group"
    if any(data.signers):
        return list(data.signers), "signer"
    twins = near_duplicates.pairs(vectors).inside(data.labels)
    return grouping.by_twins(data.ids, twins), "near-duplicates"


def vectors_of(data: Dataset) -> NDArray[np.float32]:
    """Grey thumbnails as vectors (N, D) of mean 0 and length 1; for a clip, of its mean frame."""
    small = []
    for start in range(0, len(data.labels), _CHUNK):
        images = from_numpy(np.ascontiguousarray(data.images[start : start + _CHUNK])).float()
        pictures = images.flatten(1, -3).mean(1, keepdim=True)
        small.append(F.interpolate(pictures, (SIDE, SIDE), mode="area").flatten(1).numpy())
    return near_duplicates.normalised(np.rint(np.concatenate(small)).astype(np.uint8))


# -- Controls


def majority(data: Dataset) -> float:
    """Accuracy on test of always predicting the most frequent class of train."""
    counts = np.bincount(data.labels[data.splits == "train"])
    return float((data.labels[data.splits == "test"] == counts.argmax()).mean())


def nearest_neighbour(data: Dataset, vectors: NDArray[np.float32]) -> float:
    """Accuracy on test of predicting the class of the most similar picture of train."""
    train, test = (np.flatnonzero(data.splits == name) for name in ("train", "test"))
    known, right = vectors[train], 0
    for start in range(0, len(test), _CHUNK):
        some = test[start : start + _CHUNK]
        nearest = train[(vectors[some] @ known.T).argmax(axis=1)]
        right += int((data.labels[some] == data.labels[nearest]).sum())
    return right / len(test)


def is_at_chance(reached: float, data: Dataset) -> bool:
    """Whether an accuracy on test is at most chance level plus three standard errors."""
    labels = data.labels[data.splits == "test"]
    chance = float(np.bincount(labels).max() / len(labels))
    return reached <= chance + 3 * float(np.sqrt(chance * (1 - chance) / len(labels)))


def controls(random: Dataset, by_group: Dataset, vectors: NDArray[np.float32]) -> dict[str, Any]:
    """The controls that need no network, on both splits."""
    return {
        "majority": {"random": majority(random), "grouped": majority(by_group)},
        "nearest_neighbour": {
            "random": nearest_neighbour(random, vectors),
            "grouped": nearest_neighbour(by_group, vectors),
        },
    }


def _names(data: Dataset) -> list[str]:
    return [data.classes[label] for label in data.labels.tolist()]


def _with(data: Dataset, splits: list[str]) -> Dataset:
    return replace(data, splits=np.array(splits, "U5"))
