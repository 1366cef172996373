"""A dataset as one uint8 array, at a network's input size."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from signdata.errors import DatasetError
from signdata.formats.reader import Reader
from signdata.labels import class_to_idx
from signdata.media.fitting import STRETCHED, Fit
from signdata.media.image.ops import to_gray
from signdata.media.keypoints import CANVAS, Placement
from signdata.media.video.frame_selection import evenly
from signdata.samples import Frame, Sample
from signdata.sidecars import FOLD

Progress = Callable[[int, int, str], None]
"""Called with the amount done, the total (0 if unknown) and a short description."""


LIMIT = 8 << 30
"""Most bytes of pictures kept in memory; a larger dataset is kept in a temporary file."""

HAND_POINTS = 21
"""Keypoints of one hand in an OpenPose file."""


@dataclass(frozen=True)
class InputSpec:
    """The input of a network, as declared by its class.

    Attributes
    ----------
    size_hw : tuple of int
    channels : {1, 3}
    frames : int
        1 for pictures (B, C, H, W), more for clips (B, T, C, H, W).
    normalise : {'each', 'imagenet', 'unit'}
        See `signdata.training.batch_augmentation.prepare`.
    poses : int
        Outputs of its second head, which predicts hand keypoints; 0 without one.
    """

    size_hw: tuple[int, int]
    channels: int
    frames: int = 1
    normalise: str = "each"
    poses: int = 0

    @classmethod
    def of(cls, network: Any) -> Self:
        """The input of a network's class."""
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
        0..255, grey (C = 1) or RGB (C = 3); T frames per clip. A `numpy.memmap` if they did not
        fit in memory.
    labels : ndarray of int64, shape (N,)
        Index into `classes`.
    splits : ndarray of str, shape (N,)
        ``train``, ``val``, ``test`` or ''.
    ids, groups : tuple of str, length N
    classes : tuple of str
        In the dataset's order, whether they occur or not.
    signers : tuple of str, length N or 0
        '' if unknown.
    folds : tuple of str, length N or 0
        Numbers of the folds that ``split --folds`` made; '' where a sample is in none.
    poses : ndarray of float32, shape (N, P), or None
        x and y of 21 keypoints of the left and 21 of the right hand in each frame, as fractions
        of its width and height; NaN for keypoints that were not found.
    sources : tuple of mapping
        What was read, as ``signdata.json`` records it.
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
    sources: tuple[Mapping[str, Any], ...] = ()


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
        Height and width to resize to.
    channels : {1, 3}
        1 converts colour to grey, 3 repeats grey.
    frames : int
        Number of evenly spaced frames to keep of a clip; 1 keeps the middle one, without a time
        axis. Frames of a shorter clip are repeated.
    poses : int
        Number of keypoint coordinates to read for the kept frames; 0 reads none.
    how : Fit
        How pictures of other aspect ratios are brought to `size_hw`.
    limit : int
        Bytes of pictures above which they are kept in a memory-mapped temporary file.
    scratch : Path, optional
        The folder of that (unnamed) file; the system's by default.
    progress : callable, optional
        Called every 1,000 samples.

    Returns
    -------
    Dataset
        It takes N x T x C x H x W bytes, and twice that while it is loaded.

    Raises
    ------
    DatasetError
        If there are no samples, a clip has no frames, there are fewer than two classes, or poses
        are needed and missing.
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
        sources=reader.info.sources,
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
    """Resize a frame (H, W, C) to (channels, *size_hw), both uint8."""
    if channels == 1:
        frame = to_gray(frame)
    planes = how.apply(frame, size_hw).transpose(2, 0, 1)
    return np.ascontiguousarray(np.broadcast_to(planes, (channels, *size_hw)))


class _Store:
    """Arrays of one shape, kept in memory up to a limit, else in a temporary file."""

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
        """All arrays, (N, ...)."""
        if self._file is None:
            return np.stack(self._arrays)
        with self._file as file:  # the memory map keeps it open
            file.flush()
            return np.memmap(file, np.uint8, "r", shape=(self._n, *self._shape))


# ---------------------------------------------------------------------------- poses


def _pose(sample: Sample, number: int, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Hand keypoints (2, 21, 2) of a frame of shape (H, W); NaN if there are none."""
    points = np.full((2, HAND_POINTS, 2), np.nan, np.float32)
    found = sample.pixels.companion(number)
    if found is not None and found[0] == ".json":
        try:
            document = json.loads(found[1])
            hands = list(_hands(document))
        except (ValueError, TypeError, KeyError, AttributeError):
            what = "the keypoint file of a frame is not in OpenPose format"
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
    """x, y and confidence of the first person's left and right hand keypoints."""
    people = document["people"]
    for name in ("hand_left_keypoints_2d", "hand_right_keypoints_2d"):
        values = people[0].get(name, []) if people else []
        yield np.array(values or np.zeros(3 * HAND_POINTS), np.float32).reshape(HAND_POINTS, 3)


def _all_poses(points: Sequence[NDArray[np.float32]], wanted: int) -> NDArray[np.float32]:
    poses = np.stack(points)
    if np.isnan(poses).all():
        raise DatasetError(
            "has no poses, which this network needs",
            remedy="Export frames with extract-frames --poses DIR, or choose another network.",
        )
    if poses.shape[1] != wanted:
        raise DatasetError(
            f"poses of another shape; expected {wanted} numbers, found {poses.shape[1]}"
        )
    return poses


# ---------------------------------------------------------------------------- splits
