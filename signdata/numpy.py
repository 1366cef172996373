"""Prepared datasets as NumPy arrays, for scikit-learn, Keras and notebooks.

::

    X, y, classes = signdata.numpy.load("asl.h5", split="train")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError
from signdata.formats.indexed import IndexedDataset, Wanted
from signdata.values import checked


class Arrays(NamedTuple):
    """A dataset in memory.

    Attributes
    ----------
    X : ndarray of uint8
        Stills as (N, H, W, C), clips as (N, T, H, W, C); 0..255, grey (C = 1) or RGB (C = 3).
    y : ndarray of int64, shape (N,)
        Index of each label in `classes`.
    classes : tuple of str
    """

    X: NDArray[np.uint8]
    y: NDArray[np.int64]
    classes: tuple[str, ...]


@checked
def load(
    path: str | Path | Sequence[str | Path],
    split: str | None = None,
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    frames: int | None = None,
    **reading: Any,
) -> Arrays:
    """Load a dataset, or one split of it, as arrays.

    The pictures of an HDF5 file that holds them as they are wanted, one behind the other, are
    mapped into memory: only what you touch is read. All others are decoded into memory.

    Parameters
    ----------
    path : path or sequence of paths
        A dataset of any format.
    split : str, optional
        ``train``, ``val`` or ``test``; all samples by default.
    size : tuple of int, optional
        Width and height; needed where pictures differ in size.
    channels : {1, 3}, optional
        Grey or RGB; as stored by default.
    frames : int, optional
        That many evenly spaced frames of each clip; needed where clips differ in length.
    **reading
        Further keywords of `signdata.open_dataset`: `labels`, `videos`, `layout`, ...

    Returns
    -------
    Arrays
        ``X, y, classes``.

    Raises
    ------
    DatasetError
        If there is nothing to read.
    DecodeError
        If a sample cannot be read.
    FormatError
        If two samples differ in shape.
    """
    dataset = IndexedDataset(path, split, Wanted(size, channels, frames), **reading)
    return Arrays(_mapped(dataset), dataset.targets, dataset.classes)


def _mapped(dataset: IndexedDataset) -> NDArray[np.uint8]:
    array = dataset.mapped()
    if array is None:
        return _decoded(dataset)
    rows = dataset.rows
    first, last = int(rows[0]), int(rows[-1]) + 1
    if np.array_equal(rows, np.arange(first, last)):
        return array[first:last]
    return np.asarray(array[rows])


def _decoded(dataset: IndexedDataset) -> NDArray[np.uint8]:
    first = dataset.read(0)
    array = np.empty((len(dataset), *first.shape), np.uint8)
    for i, sample in enumerate(dataset.samples):
        values = first if i == 0 else dataset.read(i)
        if values.shape != first.shape:
            raise FormatError(
                f"shape {values.shape}; expected {first.shape} as of {dataset.samples[0].id}",
                path=sample.source or sample.id,
                remedy="Give a size, channels, and frames for clips.",
            )
        array[i] = values
    return array
