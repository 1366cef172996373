"""A small set that a network can learn in a second, and a reader of samples in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import DatasetInfo, Reader
from signdata.labels import LabelSpace
from signdata.samples import ArrayPixels, Sample
from signdata.training.data import Dataset


class MemoryReader(Reader):
    """Samples given as a list."""

    name = "memory"

    def __init__(self, samples: Sequence[Sample], classes: Sequence[str] = ()) -> None:
        self._samples = tuple(samples)
        self._classes = tuple(classes)

    @property
    def info(self) -> DatasetInfo:
        return DatasetInfo("memory", "still", LabelSpace(self._classes))

    def batches(self) -> Iterator[Batch]:
        yield ListBatch("0", self._samples)


@pytest.fixture
def reader() -> type[MemoryReader]:
    return MemoryReader


@pytest.fixture
def sample() -> Callable[..., Sample]:
    """A sample of a constant picture, or of the pixels given."""

    def make(sample_id: str, label: str, pixels: np.ndarray | None = None, **fields: str) -> Sample:
        if pixels is None:
            pixels = np.full((28, 28, 1), 7, np.uint8)
        return Sample(sample_id, label, ArrayPixels(pixels), **fields)

    return make


@pytest.fixture
def corners() -> Dataset:
    """Four classes of noisy pictures, told apart by the corner that is bright; no splits."""
    rng = np.random.default_rng(0)
    labels = np.arange(240) % 4
    images = rng.integers(0, 120, (240, 1, 28, 28))
    for image, label in zip(images, labels, strict=True):
        top, left = 14 * (label // 2), 14 * (label % 2)
        image[0, top : top + 14, left : left + 14] += 100
    return Dataset(
        images=images.astype(np.uint8),
        labels=labels.astype(np.int64),
        splits=np.full(240, "", "U5"),
        ids=tuple(f"{row:06d}" for row in range(240)),
        groups=("",) * 240,
        classes=("A", "B", "C", "D"),
    )
