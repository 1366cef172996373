"""Texts in an HDF5 file: each as long as the longest where that costs little, else of any length.

PyTables reads texts of one length alone, and everything reads those faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

SHORT = 64
"""Bytes up to which texts are stored at one length, however many there are."""

SMALL = 1 << 20
"""Bytes of all texts together up to which they are, however long one is."""


def longest(texts: Sequence[str]) -> int:
    """How many bytes the longest of some texts takes."""
    return max(map(len, _encoded(texts)), default=0)


def _encoded(texts: Sequence[str]) -> Sequence[str] | list[bytes]:
    """Texts as UTF-8, or as they are where that is the same: they mostly are ASCII."""
    if "".join(texts).isascii():
        return texts
    return [text.encode("utf-8", "surrogateescape") for text in texts]


@dataclass(frozen=True)
class Column:
    """A dataset of texts that is being written."""

    dataset: Any
    dtype: Any
    fixed: bool

    def write(self, start: int, texts: Sequence[str]) -> None:
        """Write some of its texts, from the row `start` on."""
        if not texts:
            return
        values = np.array(_encoded(texts), self.dtype) if self.fixed else list(texts)
        self.dataset[start : start + len(texts)] = values


def put(file: h5py.File, name: str, n: int, width: int) -> Column:
    """Make a dataset of `n` texts of which the longest takes `width` bytes."""
    width = max(width, 1)
    fixed = width <= SHORT or n * width <= SMALL
    dtype = h5py.string_dtype("utf-8", width if fixed else None)
    dataset = file.create_dataset(name, shape=(n,), dtype=dtype, track_times=False)
    return Column(dataset, dtype, fixed)
