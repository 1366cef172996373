"""A dataset as one uint8 array, and its splits settled before anything is learned."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from signdata.errors import DatasetError
from signdata.formats.base import Reader
from signdata.labels import class_to_idx
from signdata.media.image import resize, to_gray
from signdata.samples import SPLITS, Frame

Progress = Callable[[int, int, str], None]
"""Called with what is done, the total (0 when unknown) and a few words."""

HELD_OUT = 0.1
"""Share of the samples held out for a split that the dataset does not have."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Every sample of a dataset at a network's input size, in memory.

    Attributes
    ----------
    images : ndarray of uint8, shape (N, C, H, W)
        0..255, grey (C = 1) or RGB (C = 3).
    labels : ndarray of int64, shape (N,)
        Index into `classes`.
    splits : ndarray of str, shape (N,)
        ``train``, ``val``, ``test`` or ''.
    ids, groups : tuple of str, length N
    classes : tuple of str
        In the dataset's order, whether they occur or not.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    splits: NDArray[np.str_]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    classes: tuple[str, ...]


# ---------------------------------------------------------------------------- pixels


def load(
    reader: Reader, *, size_hw: tuple[int, int], channels: int, progress: Progress | None = None
) -> Dataset:
    """Read a whole dataset at one size; a clip is represented by its middle frame.

    Parameters
    ----------
    reader : Reader
        Iterated once.
    size_hw : tuple of int
        Height and width wanted; pictures of another shape are stretched.
    channels : {1, 3}
        1 turns colour into grey, 3 repeats grey.
    progress : callable, optional
        Called every 1,000 samples.

    Returns
    -------
    Dataset
        It takes N x C x H x W bytes, and as much again while it is put together.

    Raises
    ------
    DatasetError
        No sample, a clip without frames, or fewer than two classes.
    DecodeError
        From the reader, for a damaged picture.
    """
    images, names, splits, ids, groups = [], [], [], [], []
    for sample in reader:
        # A clip's length is known at its end; at this size all of it fits in memory.
        frames = [fit(frame, size_hw, channels) for frame in sample.frames()]
        if not frames:
            raise DatasetError("a sample without frames", where=sample.id)
        images.append(frames[len(frames) // 2])
        names.append(sample.label)
        splits.append(sample.split)
        ids.append(sample.id)
        groups.append(sample.group)
        if progress and len(ids) % 1000 == 0:
            progress(len(ids), reader.info.n_samples or 0, "reading")
    if not ids:
        raise DatasetError("no samples to train on")
    classes = reader.info.labels.order(names)
    if len(classes) < 2:
        raise DatasetError(f"too few classes to train on; expected 2 or more, found {len(classes)}")
    index = class_to_idx(classes)
    return Dataset(
        images=np.stack(images),
        labels=np.array([index[name] for name in names], np.int64),
        splits=np.array(splits, np.str_),
        ids=tuple(ids),
        groups=tuple(groups),
        classes=classes,
    )


def fit(frame: Frame, size_hw: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    """Bring one frame (H, W, C) to (channels, *size_hw), both uint8."""
    if channels == 1:
        frame = to_gray(frame)
    planes = resize(frame, size_hw).transpose(2, 0, 1)
    return np.ascontiguousarray(np.broadcast_to(planes, (channels, *size_hw)))


# ---------------------------------------------------------------------------- splits


def settle_splits(data: Dataset, seed: int) -> tuple[NDArray[np.str_], list[str]]:
    """Give a dataset the splits that training needs, and say what was done.

    A dataset without any gets train, val and test at 80/10/10; one without `val` has a
    tenth of `train` held out. Whole groups are held out where samples have one. Nothing is
    taken from a `test` that the dataset has, and none is made where there are other splits.

    Returns
    -------
    splits : ndarray of str, shape (N,)
        A new array; '' where a sample takes no part.
    notes : list of str
        One sentence for each thing that a reader of the numbers should know.

    Raises
    ------
    DatasetError
        There are splits, but no `train`; fewer than two classes in it; nothing to hold out.
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
            raise DatasetError(f"no samples to learn from; expected a train split, found {found}")
        if counts[""]:
            notes.append(f"{counts['']} samples without a split take no part")
        if not counts["val"]:
            notes.append(_hold_out_as("val", splits, data, HELD_OUT, seed))
        if not counts["test"]:
            notes.append("there is no test split, so there are no test numbers")
    learned = np.unique(data.labels[splits == "train"])
    if len(learned) < 2:
        raise DatasetError(
            f"too few classes to learn; expected 2 or more in train, found {len(learned)}"
        )
    if unseen := sorted(set(range(len(data.classes))).difference(learned.tolist())):
        listed = ", ".join(data.classes[idx] for idx in unseen[:10])
        more = ", ..." if len(unseen) > 10 else ""
        notes.append(f"{len(unseen)} classes have no samples in train: {listed}{more}")
    return splits, notes


def _hold_out_as(
    name: str, splits: NDArray[np.str_], data: Dataset, fraction: float, seed: int
) -> str:
    """Rename a share of `train` to `name` in place; the note that says so."""
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
    flatters = "" if grouped else f"; pictures that resemble each other make {name} too easy"
    return f"{name} is {held.sum()} samples held out of train, stratified, {manner}{flatters}"


def hold_out(
    labels: NDArray[np.int64], ids: Sequence[str], groups: Sequence[str], fraction: float, seed: int
) -> NDArray[np.bool_]:
    """Choose a stratified share of the samples, whole groups at a time.

    Groups are taken in an order drawn from (seed, name) while each brings the class counts
    nearer to what is wanted; samples without a group stand alone, and then the counts are
    exact. No class loses all of its samples. The order of the samples does not matter.

    Parameters
    ----------
    labels : ndarray of int64, shape (N,)
    ids, groups : sequence of str, length N
        A group of '' is no group.
    fraction : float
        Share of each class, 0..1; at least one sample of a class that has two.
    seed : int

    Returns
    -------
    ndarray of bool, shape (N,)
        True where held out. Nowhere, if every group holds all samples of some class.
    """
    units: dict[tuple[bool, str], list[int]] = defaultdict(list)
    for row, (sample_id, group) in enumerate(zip(ids, groups, strict=True)):
        units[bool(group), group or sample_id].append(row)
    there = Counter(labels.tolist())
    wanted = {label: max(1, round(fraction * n)) if n > 1 else 0 for label, n in there.items()}
    taken: Counter[int] = Counter()
    held = np.zeros(len(labels), np.bool_)
    best: tuple[int, list[int]] | None = None
    for unit in sorted(units, key=lambda unit: _draw(seed, unit[1])):
        inside = Counter(labels[units[unit]].tolist())
        if any(taken[label] + n >= there[label] for label, n in inside.items()):
            continue
        gain = sum(
            abs(wanted[label] - taken[label]) - abs(wanted[label] - taken[label] - n)
            for label, n in inside.items()
        )
        if gain > 0:
            held[units[unit]] = True
            taken += inside
        elif best is None or gain > best[0]:
            best = (gain, units[unit])
    if not held.any() and best is not None:
        held[best[1]] = True
    return held


def _draw(seed: int, name: str) -> bytes:
    return blake2b(f"{seed}/{name}".encode(), digest_size=16).digest()
