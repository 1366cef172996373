"""Hold out training samples for the splits that a dataset lacks."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from signdata.errors import DatasetError
from signdata.samples import SPLITS
from signdata.splitting import grouped
from signdata.training.data import Dataset

HELD_OUT = 0.1
"""Fraction of the samples held out for a missing split."""


def shared_signers(data: Dataset, splits: NDArray[np.str_]) -> int | None:
    """Number of signers in both train and test; None if signers are unknown."""
    signers = np.array(data.signers)
    if not len(signers):
        return None
    train, test = (set(signers[splits == name].tolist()) - {""} for name in ("train", "test"))
    return len(train & test) if train and test else None


def independent(data: Dataset, rows: NDArray[np.bool_]) -> int:
    """Number of independent samples: groups, and samples without a group."""
    groups = [data.groups[row] for row in np.flatnonzero(rows)]
    return len(set(groups) - {""}) + groups.count("")


def refits(wanted: str, data: Dataset, splits: NDArray[np.str_]) -> bool:
    """Whether the final network is trained on val as well.

    ``auto`` means yes if there is a test split to measure it on, and none of val's groups or
    signers is in train. Otherwise val resembles train, and there is little to gain.
    """
    if wanted != "auto":
        return wanted == "always"
    return bool((splits == "test").any()) and any(
        _all_new(np.array(names), splits) for names in (data.groups, data.signers) if names
    )


def _all_new(names: NDArray[np.str_], splits: NDArray[np.str_]) -> bool:
    train, val = (set(names[splits == name].tolist()) - {""} for name in ("train", "val"))
    return bool(val) and not train & val


def digest(data: Dataset, splits: NDArray[np.str_]) -> str:
    """SHA-256 of the classes and of every sample's id, class and split; order-independent."""
    rows = sorted(zip(data.ids, data.labels.tolist(), splits.tolist(), strict=True))
    text = json.dumps([data.classes, rows], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def resolve_splits(data: Dataset, seed: int) -> tuple[NDArray[np.str_], list[str]]:
    """Complete the splits that training needs, and describe what was done.

    A dataset without splits gets train, val and test at 80/10/10; if only `val` is missing, a
    tenth of `train` is held out for it. If samples have groups, whole groups are held out. An
    existing `test` is not changed, and no `test` is made if there are other splits.

    Returns
    -------
    splits : ndarray of str, shape (N,)
        A new array; '' for samples that are not used.
    notes : list of str
        What users need to know to interpret the results, one sentence each.

    Raises
    ------
    DatasetError
        If there are splits but no `train`, it has fewer than two classes, or nothing can be held
        out.
    """
    splits = data.splits.astype("U5")
    counts = Counter(splits.tolist())
    notes = []
    if not any(counts[name] for name in SPLITS):
        splits[:] = "train"
        notes += [_hold_out_as("test", splits, data, HELD_OUT, seed)]
        notes += [_hold_out_as("val", splits, data, HELD_OUT / (1 - HELD_OUT), seed)]
    else:
        if not counts["train"]:
            found = ", ".join(name for name in SPLITS if counts[name])
            raise DatasetError(f"no training samples; expected a train split, found {found}")
        if counts[""]:
            notes.append(f"{counts['']} samples without a split are not used")
        if not counts["val"]:
            notes.append(_hold_out_as("val", splits, data, HELD_OUT, seed))
        if not counts["test"]:
            notes.append("there is no test split, so there are no test results")
    for name in ("val", "test"):
        missing = set(np.unique(data.labels).tolist()) - set(data.labels[splits == name].tolist())
        if missing and (splits == name).any():
            listed = _listed(data.classes, missing)
            notes.append(f"{_classes(len(missing))} no samples in {name}: {listed}")
    learned = np.unique(data.labels[splits == "train"])
    if len(learned) < 2:
        raise DatasetError(
            f"too few classes to train on; expected 2 or more in train, found {len(learned)}"
        )
    if unseen := sorted(set(range(len(data.classes))).difference(learned.tolist())):
        listed = _listed(data.classes, unseen)
        notes.append(f"{_classes(len(unseen))} no samples in train: {listed}")
    return splits, notes


def _classes(n: int) -> str:
    return "1 class has" if n == 1 else f"{n} classes have"


def _listed(classes: Sequence[str], chosen: Iterable[int]) -> str:
    """Names of the first ten classes."""
    names = [classes[idx] for idx in sorted(chosen)]
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")


def _hold_out_as(
    name: str, splits: NDArray[np.str_], data: Dataset, fraction: float, seed: int
) -> str:
    """Move a fraction of `train` to the split `name` in place; return the note about it."""
    rows = np.flatnonzero(splits == "train")
    ids = [data.ids[row] for row in rows]
    groups = [data.groups[row] for row in rows]
    grouped = any(groups)
    held = hold_out(data.labels[rows], ids, groups, fraction, seed)
    if grouped and not held.any():
        held = hold_out(data.labels[rows], ids, [""] * len(ids), fraction, seed)
        grouped = False
    if not held.any():
        raise DatasetError(
            f"no sample can be held out for {name}; expected a class with 2 samples, found none"
        )
    splits[rows[held]] = name
    manner = "by whole groups" if grouped else "by sample"
    caution = "" if grouped else f"; similar pictures in both make {name} too easy"
    return f"{name} is {held.sum()} samples held out of train, stratified, {manner}{caution}"


def hold_out(
    labels: NDArray[np.int64], ids: Sequence[str], groups: Sequence[str], fraction: float, seed: int
) -> NDArray[np.bool_]:
    """Choose a stratified fraction of the samples, whole groups at a time.

    Uses `splitting.grouped`: as close to the fraction of each class as the sizes of the groups
    allow; samples without a group are chosen individually. No class loses all its samples. The
    order of the samples does not matter.

    Parameters
    ----------
    labels : ndarray of int64, shape (N,)
    ids, groups : sequence of str, length N
        The group '' means none.
    fraction : float
        Fraction of each class, 0..1; at least one sample of a class that has two.
    seed : int

    Returns
    -------
    ndarray of bool, shape (N,)
        True if held out. Nowhere if every group contains all samples of some class.
    """
    names = [group or f"\0{sample_id}" for sample_id, group in zip(ids, groups, strict=True)]
    classes = [f"{label:06d}" for label in labels.tolist()]
    ratios = {"train": 1 - fraction, "held": fraction}
    parts = np.array(grouped.grouped(ids, classes, names, ratios, seed))
    held: NDArray[np.bool_] = parts == "held"
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        rows_of[name].append(row)
    left = Counter(labels[~held].tolist())
    for row in np.flatnonzero(held).tolist():
        if held[row] and not left[int(labels[row])]:
            held[rows_of[names[row]]] = False
            left.update(labels[rows_of[names[row]]].tolist())
    return held
