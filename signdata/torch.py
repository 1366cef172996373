"""Prepared datasets for your own PyTorch training.

::

    train = signdata.torch.Dataset("asl.h5", split="train", dtype=torch.float32)
    loader = torch.utils.data.DataLoader(train, batch_size=64, shuffle=True, num_workers=2)
    for images, targets in loader:
        ...
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils import data

from signdata.errors import UsageError
from signdata.formats.indexed import IndexedDataset, Wanted
from signdata.labels import class_to_idx
from signdata.media.image import ops
from signdata.values import checked

Item = tuple[Any, Any]


class Dataset(data.Dataset[Item]):
    """A map-style dataset over any format that signdata reads.

    Item `i` is ``(image, target)``. It can be pickled and opens files only while it reads, so
    it works in the worker processes of a `DataLoader`, forked or spawned, and with a
    `DistributedSampler`. A slice is the dataset of those samples.

    Parameters
    ----------
    path : path or sequence of paths
        A dataset of any format.
    split : str, optional
        ``train``, ``val`` or ``test``; all samples by default.
    transform : callable, optional
        Given the image as a tensor; its result takes the image's place. The transforms of
        ``torchvision.transforms.v2`` fit.
    target_transform : callable, optional
        The same for the target.
    frames : int, optional
        That many evenly spaced frames of each clip; all by default, see `collate`.
    size : tuple of int, optional
        Width and height; the size of the source by default.
    channels : {1, 3}, optional
        Grey or RGB; as stored by default.
    dtype : {torch.uint8, torch.float32}
        Values 0..255, or 0..1.
    **reading
        Further keywords of `signdata.open_dataset`: `labels`, `videos`, `layout`, ...

    Attributes
    ----------
    classes : list of str
        Of the whole dataset, whichever split is read.
    class_to_idx : dict of str to int
    targets : list of int
        Index of each sample's label in `classes`.
    ids : list of str
    problems : tuple of Problem
        Samples that were left out as they cannot be read; there is a warning if any were.

    Raises
    ------
    DatasetError
        If there is nothing to read.
    DecodeError
        When a sample is asked for that cannot be read.

    Notes
    -----
    A still is (C, H, W), a clip (T, C, H, W); grey (C = 1) or RGB (C = 3).
    """

    @checked
    def __init__(
        self,
        path: str | Path | Sequence[str | Path],
        split: str | None = None,
        *,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        frames: int | None = None,
        size: tuple[int, int] | None = None,
        channels: int | None = None,
        dtype: torch.dtype = torch.uint8,
        **reading: Any,
    ) -> None:
        if dtype not in (torch.uint8, torch.float32):
            raise UsageError(f"dtype {dtype}; expected torch.uint8 or torch.float32")
        self._data = IndexedDataset(path, split, Wanted(size, channels, frames), **reading)
        self._title = f"{path!s}, split={split!r}" if split else str(path)
        self._dtype = dtype
        self._array: NDArray[np.uint8] | None = None
        self._rows = self._data.rows if self._data.mapped() is not None else None
        self.transform = transform
        self.target_transform = target_transform
        self.problems = self._data.problems
        if self.problems:
            n, first = len(self.problems), self.problems[0]
            warnings.warn(
                f"{n:,} of {n + len(self):,} samples cannot be read and are left out: "
                f"{first.path}: {first.message}{'' if n == 1 else ', ...'}",
                stacklevel=2,
            )

    @property
    def classes(self) -> list[str]:
        return list(self._data.classes)

    @property
    def class_to_idx(self) -> dict[str, int]:
        return class_to_idx(self._data.classes)

    @property
    def targets(self) -> list[int]:
        return list(map(int, self._data.targets))

    @property
    def ids(self) -> list[str]:
        return [sample.id for sample in self._data.samples]

    def __len__(self) -> int:
        return len(self._data)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Dataset: ...
    def __getitem__(self, index: int | slice) -> Item | Dataset:
        if isinstance(index, slice):
            return self._part(range(len(self))[index])
        number = range(len(self))[index]  # refuses what is out of range, counts from the end
        if self._rows is not None:
            return self.__getitems__([number])[0]
        values = torch.from_numpy(ops.planes(self._data.read(number)))
        return self._item(values, int(self._data.targets[number]))

    def __getitems__(self, indices: list[int]) -> list[Item]:
        """Several items at once: what a `DataLoader` calls for a batch."""
        if self._rows is None:
            planes = self._data.planes(indices) if self._data.kind == "still" else None
            if planes is None:
                return [self[index] for index in indices]
            batch = torch.from_numpy(planes)
        else:
            if self._array is None:  # in this process for the first time
                self._array = self._data.mapped()
            assert self._array is not None
            batch = torch.from_numpy(self._array[self._rows[indices]]).movedim(-1, -3)
        targets = self._data.targets[indices].tolist()
        return [self._item(image, target) for image, target in zip(batch, targets, strict=True)]

    def _item(self, image: Tensor, target: int) -> Item:
        if self._dtype is torch.float32:
            image = image.to(torch.float32) / 255
        transform, target_transform = self.transform, self.target_transform
        return (
            transform(image) if transform else image,
            target_transform(target) if target_transform else target,
        )

    def _part(self, numbers: range) -> Dataset:
        part: Dataset = object.__new__(type(self))
        part.__dict__.update(self.__dict__)
        part._data = self._data.subset(numbers)
        part._rows = None if self._rows is None else self._rows[list(numbers)]
        return part

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_array": None}  # mapped again where it is needed

    def __repr__(self) -> str:
        kind = "clips" if self._data.kind == "clip" else "stills"
        return f"Dataset({self._title}): {len(self):,} {kind}, {len(self.classes)} classes"


def collate(batch: Sequence[tuple[Tensor, int]]) -> tuple[Tensor, Tensor, Tensor]:
    """Make a batch of clips of different lengths: give it to a `DataLoader` as `collate_fn`.

    Parameters
    ----------
    batch : sequence of (Tensor, int)
        Clips (T, C, H, W) of one size, and their targets.

    Returns
    -------
    clips : Tensor, shape (B, T, C, H, W)
        T is the length of the longest; shorter ones end in zeros.
    targets : Tensor of int64, shape (B,)
    lengths : Tensor of int64, shape (B,)
        Frames of each clip before the zeros.
    """
    clips, targets = zip(*batch, strict=True)
    padded = torch.nn.utils.rnn.pad_sequence(list(clips), batch_first=True)
    return padded, torch.tensor(targets), torch.tensor([len(clip) for clip in clips])
