"""Batches for other people's training: through a `DataLoader`, against what is usually loaded."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data import Place, clear
from benchmarks.measure import Cost, Figure, cpu, signdata, wall

if TYPE_CHECKING:
    from torch import Tensor
    from torch.utils.data import DataLoader, Dataset

BATCH, WORKERS, EPOCHS = 64, 2, 4


def image_folder(root: Path) -> Dataset[tuple[Tensor, int]]:
    """What torchvision's `ImageFolder` does with Pillow and `PILToTensor`."""
    import numpy as np
    import torch
    from PIL import Image
    from torch.utils.data import Dataset

    classes = sorted(path.name for path in root.iterdir() if path.is_dir())
    files = [
        (path, idx) for idx, name in enumerate(classes) for path in sorted((root / name).iterdir())
    ]

    class ImageFolder(Dataset[Any]):
        def __len__(self) -> int:
            return len(files)

        def __getitem__(self, number: int) -> tuple[Tensor, int]:
            path, idx = files[number]
            with path.open("rb") as file:
                picture = Image.open(file).convert("RGB")
            return torch.from_numpy(np.array(picture)).permute(2, 0, 1), idx

    return ImageFolder()


def batches_of_hdf5(place: Place) -> Iterator[Figure]:
    """Random batches of 28x28 out of a raw HDF5 file, and out of tensors in memory."""
    import torch
    from torch.utils.data import TensorDataset

    import signdata as package

    path = clear(place.memory / "ours.h5")
    signdata("convert", place.csv, path)
    ours = package.torch.Dataset(path)
    X, y, _ = package.numpy.load(path)
    images = torch.from_numpy(X.copy()).permute(0, 3, 1, 2).contiguous()
    usual = TensorDataset(images, torch.from_numpy(y.copy()))
    _check_same(ours, usual)
    for workers in (0, WORKERS):
        job = f"batches of hdf5, {workers or 'no'} workers"
        yield from _compared(place, job, "TensorDataset", workers, "<= 1.5x", ours, usual)
    clear(path)


def batches_of_jpegs(place: Place) -> Iterator[Figure]:
    """Random batches of 200x200 JPEGs in class folders."""
    import signdata as package

    ours = package.torch.Dataset(place.photo_tree, channels=3)
    usual = image_folder(place.photo_tree)
    _check_same(ours, usual)
    job, way = f"batches of JPEGs, {WORKERS} workers", "ImageFolder, Pillow"
    yield from _compared(place, job, way, WORKERS, ">= 2x less", ours, usual)


def _compared(
    place: Place,
    job: str,
    way: str,
    workers: int,
    asked: str,
    ours: Dataset[Any],
    usual: Dataset[Any],
) -> Iterator[Figure]:
    """What an epoch of each takes, in turn."""
    costs = [
        (_epoch(ours, workers), _epoch(usual, workers)) for _ in range(max(5, place.rounds) + 1)
    ]
    mine, theirs = zip(*costs[1:], strict=True)  # the first one fills the caches
    yield Figure(job, way, "s CPU", cpu(mine), cpu(theirs), asked)
    yield Figure(job, way, "s wall", wall(mine), wall(theirs), asked)


def _check_same(ours: Dataset[Any], usual: Dataset[Any]) -> None:
    """Raise unless both hold the same samples in the same order; JPEGs may round differently."""
    for (image, target), (other, idx) in zip(_loader(ours, 0), _loader(usual, 0), strict=True):
        if target.tolist() != idx.tolist() or image.shape != other.shape:
            raise AssertionError("other labels or shapes")
        if (image.float() - other.float()).abs().mean() > 0.5:
            raise AssertionError("other pixels")


def _epoch(dataset: Dataset[Any], workers: int) -> Cost:
    """What one of several epochs takes, a share of starting and ending the workers included."""
    start, begin = time.perf_counter(), _cpu_seconds()
    loader = _loader(dataset, workers)
    for _ in range(EPOCHS):
        for _ in loader:
            pass
    del loader
    cpu, wall = _cpu_seconds() - begin, time.perf_counter() - start
    return Cost(cpu / EPOCHS, wall / EPOCHS, 0)


def _cpu_seconds() -> float:
    """Processor time of this process and its ended children."""
    return sum(os.times()[:4])


def _loader(dataset: Dataset[Any], workers: int) -> DataLoader[Any]:
    import torch
    from torch.utils.data import DataLoader

    order = torch.Generator().manual_seed(0)
    return DataLoader(
        dataset,
        BATCH,
        shuffle=True,
        num_workers=workers,
        generator=order,
        persistent_workers=workers > 0,
    )


JOBS = {"batches-of-hdf5": batches_of_hdf5, "batches-of-jpegs": batches_of_jpegs}
