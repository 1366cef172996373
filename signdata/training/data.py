"""A dataset as one uint8 array, and its splits settled before anything is learned."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from signdata.errors import DatasetError
from signdata.formats.reader import Reader
from signdata.formats.selection import FOLD
from signdata.labels import class_to_idx
from signdata.media.fitting import STRETCHED, Fit
from signdata.media.image.ops import to_gray
from signdata.media.keypoints import CANVAS, Placement
from signdata.media.video.frame_selection import evenly
from signdata.samples import Frame, Sample

Progress = Callable[[int, int, str], None]
"""Called with what is done, the total (0 when unknown) and a few words."""


LIMIT = 8 << 30
"""Bytes of pictures that are kept in memory; of a larger dataset all are kept in a file."""

HAND_POINTS = 21
"""Points of one hand in a keypoint file of OpenPose."""


@dataclass(frozen=True)
class Intake:
    """What a network takes, as its class states it.

    Attributes
    ----------
    size_hw : tuple of int
    channels : {1, 3}
    frames : int
        1 takes pictures (B, C, H, W), more takes clips (B, T, C, H, W).
    normalise : {'each', 'imagenet', 'unit'}
        See `signdata.training.batch_augmentation.prepare`.
    poses : int
        Numbers that its second head tells of the hands; 0 without one.
    """

    size_hw: tuple[int, int]
    channels: int
    frames: int = 1
    normalise: str = "each"
    poses: int = 0

    @classmethod
    def of(cls, network: Any) -> Self:
        """Of a network's class."""
        return cls(
            network.input_size_hw,
            network.channels,
            getattr(network, "frames", 1),
            getattr(network, "normalise", "each"),
            getattr(network, "poses", 0),
        )


@dataclass(frozen=True, eq=False)
class Dataset:
    """Every sample of a dataset at a network's input size.

    Attributes
    ----------
    images : ndarray of uint8, shape (N, C, H, W) or (N, T, C, H, W)
        0..255, grey (C = 1) or RGB (C = 3); T frames of a clip. A `numpy.memmap` if they were
        too many for memory.
    labels : ndarray of int64, shape (N,)
        Index into `classes`.
    splits : ndarray of str, shape (N,)
        ``train``, ``val``, ``test`` or ''.
    ids, groups : tuple of str, length N
    classes : tuple of str
        In the dataset's order, whether they occur or not.
    signers : tuple of str, length N or 0
        '' where nobody knows.
    folds : tuple of str, length N or 0
        Numbers of the folds that ``split --folds`` made; '' where a sample is in none.
    poses : ndarray of float32, shape (N, P), or None
        x and y of 21 points of the left and 21 of the right hand in each frame, as shares of
        its width and height; NaN where a point was not found.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    splits: NDArray[np.str_]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    classes: tuple[str, ...]
    signers: tuple[str, ...] = ()
    poses: NDArray[np.float32] | None = None
    folds: tuple[str, ...] = ()


# ---------------------------------------------------------------------------- pixels


def load(
    reader: Reader,
    *,
    size_hw: tuple[int, int],
    channels: int,
    frames: int = 1,
    poses: int = 0,
    how: Fit = STRETCHED,
    limit: int = LIMIT,
    scratch: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read a whole dataset at one size.

    Parameters
    ----------
    reader : Reader
        Iterated once.
    size_hw : tuple of int
        Height and width wanted.
    channels : {1, 3}
        1 turns colour into grey, 3 repeats grey.
    frames : int
        Evenly spaced frames that are kept of a clip; 1 keeps the middle one, and no axis for
        it. Those of a shorter clip are repeated.
    poses : int
        Not 0: the keypoints beside the frames that are kept are wanted too.
    how : Fit
        How pictures of other proportions come to `size_hw`.
    limit : int
        Bytes of pictures from which on all are kept in a temporary file, mapped to memory.
    scratch : Path, optional
        The folder of that file, which has no name there; the system's by default.
    progress : callable, optional
        Called every 1,000 samples.

    Returns
    -------
    Dataset
        It takes N x T x C x H x W bytes, and as much again while it is put together.

    Raises
    ------
    DatasetError
        No sample, a clip without frames, fewer than two classes, or no poses where they are
        wanted.
    DecodeError
        From the reader, for a damaged picture.
    """
    store = _Store(limit, scratch)
    names, splits, ids, groups, signers, folds = [], [], [], [], [], []
    points: list[NDArray[np.float32]] = []
    for sample in reader:
        fitted = fit_sample(sample, size_hw, channels, frames, how)
        store.add(fitted.array)
        if poses:
            kept = zip(fitted.kept, fitted.shapes, strict=True)
            poses_of = [
                _fit_pose(_pose(sample, i, shape), shape, size_hw, how) for i, shape in kept
            ]
            points.append(np.concatenate(poses_of).reshape(-1))
        names.append(sample.label)
        splits.append(sample.split)
        ids.append(sample.id)
        groups.append(sample.group)
        signers.append(sample.meta.get("signer", ""))
        folds.append(sample.meta.get(FOLD, ""))
        if progress and len(ids) % 1000 == 0:
            progress(len(ids), reader.info.n_samples or 0, "reading")
    if not ids:
        raise DatasetError("no samples to train on")
    classes = reader.info.labels.order(names)
    if len(classes) < 2:
        raise DatasetError(f"too few classes to train on; expected 2 or more, found {len(classes)}")
    index = class_to_idx(classes)
    return Dataset(
        images=store.array(),
        labels=np.array([index[name] for name in names], np.int64),
        splits=np.array(splits, np.str_),
        ids=tuple(ids),
        groups=tuple(groups),
        classes=classes,
        signers=tuple(signers),
        poses=_all_poses(points, poses) if poses else None,
        folds=tuple(folds),
    )


@dataclass(frozen=True, eq=False)
class Fitted:
    """A sample as a network takes it.

    Attributes
    ----------
    array : ndarray of uint8, shape (C, H, W) or (T, C, H, W)
    kept : list of int
        Numbers of the frames that were kept.
    shapes : list of (int, int)
        Their heights and widths as they were read.
    """

    array: NDArray[np.uint8]
    kept: list[int]
    shapes: list[tuple[int, int]]


def fit_sample(
    sample: Sample,
    size_hw: tuple[int, int],
    channels: int,
    frames: int,
    how: Fit = STRETCHED,
) -> Fitted:
    """Read a sample, and bring it to what a network takes; see `load`."""
    # A clip's length is known at its end; at this size all of it fits in memory.
    fitted, shapes = [], []
    for frame in sample.frames():
        fitted.append(fit(frame, size_hw, channels, how))
        shapes.append((frame.shape[0], frame.shape[1]))
    if not fitted:
        raise DatasetError("a sample without frames", where=sample.id)
    kept = evenly(frames, len(fitted))
    array = fitted[kept[0]] if frames == 1 else np.stack([fitted[i] for i in kept])
    return Fitted(array, kept, [shapes[i] for i in kept])


def as_picture(sample: NDArray[np.uint8]) -> Frame:
    """A still (C, H, W), or the middle frame of a clip (T, C, H, W), as (H, W, C)."""
    frame = sample[len(sample) // 2] if sample.ndim == 4 else sample
    return np.ascontiguousarray(frame.transpose(1, 2, 0))


def fit(
    frame: Frame, size_hw: tuple[int, int], channels: int, how: Fit = STRETCHED
) -> NDArray[np.uint8]:
    """Bring one frame (H, W, C) to (channels, *size_hw), both uint8."""
    if channels == 1:
        frame = to_gray(frame)
    planes = how.apply(frame, size_hw).transpose(2, 0, 1)
    return np.ascontiguousarray(np.broadcast_to(planes, (channels, *size_hw)))


class _Store:
    """Arrays of one shape, in memory up to a limit, all in a temporary file beyond it."""

    def __init__(self, limit: int, scratch: Path | None) -> None:
        self._limit, self._scratch = limit, scratch
        self._arrays: list[NDArray[np.uint8]] = []
        self._file: IO[bytes] | None = None
        self._n = 0

    def add(self, array: NDArray[np.uint8]) -> None:
        self._n += 1
        self._shape = array.shape
        if self._file is None and self._n * array.nbytes > self._limit:
            self._file = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115 - closed by `array`
            for each in self._arrays:
                self._file.write(each.data)
            self._arrays.clear()
        if self._file is None:
            self._arrays.append(array)
        else:
            self._file.write(array.data)

    def array(self) -> NDArray[np.uint8]:
        """All of them, (N, ...)."""
        if self._file is None:
            return np.stack(self._arrays)
        with self._file as file:  # the map holds on to it
            file.flush()
            return np.memmap(file, np.uint8, "r", shape=(self._n, *self._shape))


# ---------------------------------------------------------------------------- poses


def _pose(sample: Sample, number: int, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Hand points (2, 21, 2) beside a frame of a shape (H, W); NaN where there are none."""
    points = np.full((2, HAND_POINTS, 2), np.nan, np.float32)
    found = sample.pixels.beside(number)
    if found is not None and found[0] == ".json":
        try:
            document = json.loads(found[1])
            hands = list(_hands(document))
        except (ValueError, TypeError, KeyError, AttributeError):
            what = "beside a frame is no keypoint file of OpenPose"
            raise DatasetError(what, where=f"{sample.id} frame {number + 1}") from None
        size = [document.get(key, side) for key, side in zip(CANVAS, shape[::-1], strict=True)]
        for hand, values in enumerate(hands):
            seen = values[:, 2] > 0
            points[hand, seen] = values[seen, :2] / size
    return points


def _fit_pose(
    points: NDArray[np.float32], shape: tuple[int, int], size_hw: tuple[int, int], how: Fit
) -> NDArray[np.float32]:
    """Shares (..., 2) of a frame of a shape (H, W), as shares of what it becomes; NaN outside."""
    if how.stretches:
        return points
    place = how.place(Placement.of(*shape[::-1]), size_hw)
    (a, _, c), (_, e, f) = place.x, place.y
    # A pixel's centre is half a pixel from its sides.
    factors, offsets = np.array([a, e]), np.array([c - 0.5 * a + 0.5, f - 0.5 * e + 0.5])
    moved = (points * np.array(place.source) * factors + offsets) / np.array(place.size)
    inside = ((moved >= 0) & (moved <= 1)).all(axis=-1, keepdims=True)
    return np.where(inside, moved, np.nan).astype(np.float32)


def _hands(document: Any) -> Iterator[NDArray[np.float32]]:
    """x, y and confidence of the points of the left and the right hand of the first person."""
    people = document["people"]
    for name in ("hand_left_keypoints_2d", "hand_right_keypoints_2d"):
        values = people[0].get(name, []) if people else []
        yield np.array(values or np.zeros(3 * HAND_POINTS), np.float32).reshape(HAND_POINTS, 3)


def _all_poses(points: Sequence[NDArray[np.float32]], wanted: int) -> NDArray[np.float32]:
    poses = np.stack(points)
    if np.isnan(poses).all():
        raise DatasetError(
            "has no poses; this network learns them too",
            remedy="Export frames with extract-frames --poses DIR, or take another network.",
        )
    if poses.shape[1] != wanted:
        raise DatasetError(
            f"poses of another shape; expected {wanted} numbers, found {poses.shape[1]}"
        )
    return poses


# ---------------------------------------------------------------------------- splits
