"""The honest number: one network on a random split of the rows, and on one by groups.

Where samples belong together (a signer, a source picture, near-duplicates), a random split of
the rows puts some of them into train and others into test, and the network is asked what it
has been told. The gap between the two accuracies is how much that flatters. The controls say
what either accuracy has to be measured by.
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
"""Pixels of the side of what near-duplicates and neighbours are looked for in."""

_CHUNK = 1024


def by_rows(data: Dataset, seed: int) -> Dataset:
    """All samples mixed and split at random, stratified."""
    names = _names(data)
    return _with(data, stratified.stratified(data.ids, names, RATIOS, seed))


def by_groups(data: Dataset, groups: list[str], seed: int) -> Dataset:
    """All samples mixed and split so that no group is parted."""
    split = _with(data, grouped.grouped(data.ids, _names(data), groups, RATIOS, seed))
    there = set(split.splits.tolist())
    if there != set(RATIOS):
        raise DatasetError(
            f"too few groups to compare splits by; expected 3 or more, found {len(set(groups))}"
        )
    return split


def shuffled(data: Dataset, seed: int) -> Dataset:
    """The labels of train and val are dealt out again; those of test stay."""
    labels = data.labels.copy()
    learned = np.flatnonzero(data.splits != "test")
    order = np.random.default_rng(seed).permutation(len(learned))
    labels[learned] = labels[learned[order]]
    return replace(data, labels=labels)


def groups_of(data: Dataset, looked: NDArray[np.float32]) -> tuple[list[str], str]:
    """What belongs together, and how that is known: groups, signers, or near-duplicates."""
    if any(data.groups):
        return list(data.groups), "group"
    if any(data.signers):
        return list(data.signers), "signer"
    twins = near_duplicates.pairs(looked).inside(data.labels)
    return grouping.by_twins(data.ids, twins), "near-duplicates"


def look(data: Dataset) -> NDArray[np.float32]:
    """Small grey pictures as vectors (N, D) of mean 0 and length 1; of a clip its mean frame."""
    small = []
    for start in range(0, len(data.labels), _CHUNK):
        images = from_numpy(np.ascontiguousarray(data.images[start : start + _CHUNK])).float()
        pictures = images.flatten(1, -3).mean(1, keepdim=True)
        small.append(F.interpolate(pictures, (SIDE, SIDE), mode="area").flatten(1).numpy())
    return near_duplicates.normalised(np.rint(np.concatenate(small)).astype(np.uint8))


# -- Controls


def majority(data: Dataset) -> float:
    """Accuracy on test of always saying the most frequent class of train."""
    counts = np.bincount(data.labels[data.splits == "train"])
    return float((data.labels[data.splits == "test"] == counts.argmax()).mean())


def nearest_neighbour(data: Dataset, looked: NDArray[np.float32]) -> float:
    """Accuracy on test of saying the class of the most similar picture of train."""
    train, test = (np.flatnonzero(data.splits == name) for name in ("train", "test"))
    known, right = looked[train], 0
    for start in range(0, len(test), _CHUNK):
        some = test[start : start + _CHUNK]
        nearest = train[(looked[some] @ known.T).argmax(axis=1)]
        right += int((data.labels[some] == data.labels[nearest]).sum())
    return right / len(test)


def falls_to_chance(reached: float, data: Dataset) -> bool:
    """Whether an accuracy on test is no more than guessing gives, by three standard errors."""
    labels = data.labels[data.splits == "test"]
    chance = float(np.bincount(labels).max() / len(labels))
    return reached <= chance + 3 * float(np.sqrt(chance * (1 - chance) / len(labels)))


def controls(rows: Dataset, apart: Dataset, looked: NDArray[np.float32]) -> dict[str, Any]:
    """What needs no network, on both splits."""
    return {
        "majority": {"random": majority(rows), "grouped": majority(apart)},
        "nearest_neighbour": {
            "random": nearest_neighbour(rows, looked),
            "grouped": nearest_neighbour(apart, looked),
        },
    }


def _names(data: Dataset) -> list[str]:
    return [data.classes[label] for label in data.labels.tolist()]


def _with(data: Dataset, splits: list[str]) -> Dataset:
    return replace(data, splits=np.array(splits, "U5"))
