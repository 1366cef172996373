"""HDF5 files of others: whatever their datasets are called and however their axes lie.

MATLAB (``save -v7.3``) writes every array with its axes reversed, and marks it with the
attribute ``MATLAB_class``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from signdata.formats.batches import BATCH
from signdata.formats.hdf5 import safety
from signdata.formats.pixel_arrays.forms import Form
from signdata.formats.pixel_arrays.names import Head, role_of
from signdata.formats.pixel_arrays.pixels import ItemPixels
from signdata.formats.pixel_arrays.table import ArrayFile, ArrayTable, table_of

_MATLAB = "MATLAB_class"
_SWAPPED = "an attribute of it says BGR: red and blue are read as they are stored"
_MATLAB_OWN = ("#refs#", "#subsystem#")


class HdfArrays(ArrayFile):
    """The datasets of an open, checked file."""

    def __init__(self, file: h5py.File, path: Path) -> None:
        self.path = path
        self._file = file
        found = dict(_datasets(file, path))
        self.samples_last = frozenset(name for name, one in found.items() if _MATLAB in one.attrs)
        self.remarks = {name: _SWAPPED for name, one in found.items() if _says_bgr(one)}
        self.heads = {name: self._head(name, one) for name, one in found.items()}

    def _head(self, name: str, dataset: Any) -> Head:
        shape = tuple(dataset.shape or ())
        if name not in self.samples_last:
            return Head(shape, dataset.dtype.kind)
        shape = shape[::-1]
        return Head(shape[:1], "U") if _is_text(dataset) else Head(shape, dataset.dtype.kind)

    def load(self, name: str) -> NDArray[Any]:
        values = safety.values(self._file, name, self.path)
        if name not in self.samples_last:
            return values
        if _is_text(self._file[name]):
            rows = ("".join(map(chr, row)).rstrip() for row in values.T)
            return np.array(list(rows))
        return values.T

    def block(self, name: str, form: Form, start: int, stop: int) -> NDArray[Any]:
        dataset = safety.dataset(self._file, name, self.path)
        return _slice(dataset, form.axis, start, stop, name in self.samples_last)

    def itemsize(self, name: str) -> int:
        return int(self._file[name].dtype.itemsize)


@dataclass(frozen=True)
class ForeignPictures:
    """Where the pictures of such a file are."""

    path: str
    table: ArrayTable
    reversed_names: frozenset[str]

    @property
    def kind(self) -> str:
        """What its samples are."""
        return self.table.kind

    @property
    def batch_size(self) -> int:
        """Samples of one unit of work."""
        return BATCH

    def of(self, i: int) -> ItemPixels:
        """Pixels of sample `i`."""
        part, index = self.table.place(i)
        name = part.pair.images
        return DatasetPixels(self.path, name, index, part.form, name in self.reversed_names)


def read(file: h5py.File, path: Path, images: str | None, targets: str | None) -> ForeignPictures:
    """Read everything but the pixels of an open, checked file; see `table_of`."""
    arrays = HdfArrays(file, path)
    return ForeignPictures(str(path), table_of(arrays, images, targets), arrays.samples_last)


def is_foreign(file: h5py.File, record: Mapping[str, Any]) -> bool:
    """Whether a file has none of the layouts that signdata writes, and no record of it."""
    clips, blobs = {"frames", "offsets"}, {"encoded", "encoded_offsets"}
    return not record and not any(names <= set(file) for names in (clips, blobs))


def _datasets(file: h5py.File, path: Path) -> Iterator[tuple[str, Any]]:
    """Each dataset once, under the shortest of its names; `safety` has looked at all of them."""
    waiting: list[Any] = [file]
    seen: set[Any] = set()
    for group in waiting:
        for name, entry in group.items():
            identity = h5py.h5o.get_info(entry.id).addr
            if identity in seen or name in _MATLAB_OWN:
                continue
            seen.add(identity)
            place = entry.name.lstrip("/")
            if isinstance(entry, h5py.Dataset):
                yield place, entry
            elif not isinstance(entry, h5py.Group):
                continue  # a type that has a name
            elif len(entry):
                waiting.append(entry)
            elif role_of(place)[0]:
                safety.dataset(file, place, path)  # an empty group where pictures were expected


def _says_bgr(dataset: Any) -> bool:
    return any(value in (b"BGR", "BGR") for value in dataset.attrs.values() if np.ndim(value) == 0)


def _is_text(dataset: Any) -> bool:
    return dataset.attrs.get(_MATLAB) in (b"char", "char")


def _slice(dataset: Any, axis: int, start: int, stop: int, is_reversed: bool) -> NDArray[Any]:
    """Part of a dataset along an axis, in the order in which its author saw the axes."""
    stored = dataset.ndim - 1 - axis if is_reversed else axis
    values = np.asarray(dataset[(slice(None),) * stored + (slice(start, stop),)])
    return values.T if is_reversed else values


@dataclass(frozen=True)
class DatasetPixels(ItemPixels):
    """An item of a dataset."""

    is_reversed: bool = False

    def block(self, start: int, stop: int) -> NDArray[Any]:
        changed = os.stat(self.path).st_mtime_ns
        return _block(self.path, changed, self.name, self.form.axis, start, stop, self.is_reversed)


@lru_cache(maxsize=1)
def _block(
    path: str, mtime_ns: int, name: str, axis: int, start: int, stop: int, is_reversed: bool
) -> NDArray[Any]:
    """Items of a dataset; the last ones are kept, as a chunk is unpacked as a whole."""
    with h5py.File(path, "r") as file:
        return _slice(file[name], axis, start, stop, is_reversed)
