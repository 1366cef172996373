"""The gate that every HDF5 file passes before any of its values is read.

HDF5 follows links into other files, reads datasets whose bytes lie in other
files, and believes any size that a header declares; h5py has no switch for it.
So each object is looked at first, and nothing but plain groups and datasets of
plain types, of sizes that the file can hold, comes through.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError, MissingError, UnsafeNameError
from signdata.formats.hdf5 import heaps
from signdata.formats.hdf5.signature import refuse_other

MAX_OBJECTS = 10_000
MAX_RATIO = 1_100
"""No filter that is let through packs tighter than this (gzip's limit is 1,032 to 1)."""

_FILTERS = {
    h5py.h5z.FILTER_DEFLATE,
    h5py.h5z.FILTER_SHUFFLE,
    h5py.h5z.FILTER_FLETCHER32,
    h5py.h5z.FILTER_LZF,
}


def open_checked(path: Path) -> h5py.File:
    """Open an HDF5 file for reading, once everything in it is found harmless.

    Raises
    ------
    MissingError
        If it is not there.
    FormatError
        If it is not an HDF5 file, is damaged, or holds a link, external storage, a virtual
        dataset, an unknown filter, a type other than numbers and strings, or a dataset
        larger than the file could hold.
    """
    if not path.is_file():
        raise MissingError("not there", path=path)
    refuse_other(path)
    try:
        file = h5py.File(path, "r")
    except (OSError, RuntimeError) as err:
        raise FormatError(f"damaged or cut short ({err})", path=path) from err
    try:
        arrays = _visit(file, path, file.id.get_filesize())
        version = _version(path)
        if version not in _ENDING:
            heaps.check(path, file.id.get_create_plist().get_sizes()[1], arrays)
            _ENDING.append(version)
    except FormatError:
        file.close()
        raise
    except Exception as err:  # a damaged file may make the library raise anything
        file.close()
        raise FormatError(f"damaged ({err})", path=path) from err
    return file


_ENDING: deque[tuple[int, ...]] = deque(maxlen=16)
"""Files whose heaps were walked to their ends, which takes seconds for a million texts."""


def _version(path: Path) -> tuple[int, ...]:
    """What differs as soon as somebody writes to a file."""
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@contextlib.contextmanager
def as_format_error(path: Path) -> Iterator[None]:
    """What the library raises at a place that was not looked at before becomes a `FormatError`."""
    try:
        yield
    except (OSError, RuntimeError) as err:
        raise FormatError(f"damaged ({err})", path=path) from err


def dataset(group: Any, name: str, path: Path) -> Any:
    """A dataset of a checked file, once it is found to be one and written in full.

    HDF5 reads what was never written as zeros.
    """
    found = group[name]
    where = found.name.lstrip("/")
    if not isinstance(found, h5py.Dataset) or found.shape is None:
        raise FormatError("expected a dataset with values", path=path, where=where)
    if found.chunks:
        needed = math.prod(map(math.ceil, np.divide(found.shape, found.chunks)))
        missing = found.id.get_num_chunks() < needed
    else:
        missing = not found.id.get_storage_size()
    if missing and found.size:
        raise FormatError("parts of it were never written", path=path, where=where)
    return found


def values(group: Any, name: str, path: Path) -> NDArray[Any]:
    """All values of a small dataset of a checked file."""
    found = dataset(group, name, path)
    try:
        return np.asarray(found[()])
    except Exception as err:  # a damaged file may make the library raise anything
        where = found.name.lstrip("/")
        raise FormatError(f"damaged ({err})", path=path, where=where) from err


def _visit(file: h5py.File, path: Path, file_size: int) -> list[tuple[int, int]]:
    """Look at every object; return where the contiguous arrays of numbers are."""
    arrays: list[tuple[int, int]] = []
    waiting: list[Any] = [file]
    seen: set[Any] = set()
    while waiting:
        group = waiting.pop()
        for name in group:
            place = f"{group.name.rstrip('/')}/{name}".lstrip("/")
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                kind = type(link).__name__
                raise FormatError(f"a {kind}; expected plain datasets", path=path, where=place)
            entry = group[name]
            identity = h5py.h5o.get_info(entry.id).addr
            if identity in seen:
                continue
            seen.add(identity)
            if len(seen) > MAX_OBJECTS:
                raise FormatError(f"more than {MAX_OBJECTS:,} objects", path=path)
            if isinstance(entry, h5py.Group):
                waiting.append(entry)
            elif isinstance(entry, h5py.Dataset):
                _check_dataset(entry, path, place, file_size)
                offset = entry.id.get_offset()
                if offset is not None and entry.dtype.kind in "uifb":
                    arrays.append((offset, entry.id.get_storage_size()))
    return arrays


def _check_dataset(dataset: Any, path: Path, place: str, file_size: int) -> None:
    def refuse(what: str) -> None:
        raise FormatError(what, path=path, where=place)

    if dataset.external:
        refuse("its bytes lie in another file (external storage); expected them in this one")
    if dataset.is_virtual:
        refuse("a virtual dataset; expected its values in this file")
    dtype = dataset.dtype
    strings = h5py.check_string_dtype(dtype) is not None
    if dtype.kind not in "uifbS" and not strings:
        refuse(f"values of type {dtype}; expected numbers or strings")
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    if not set(filters) <= _FILTERS:
        refuse("a filter other than gzip, lzf, shuffle and fletcher32")
    size = math.prod(dataset.shape or (1,)) * dtype.itemsize
    limit = file_size * (MAX_RATIO if filters else 1)
    if size > limit:
        refuse(f"declares {size:,} bytes; the file can hold {limit:,}")
    if dataset.chunks and math.prod(dataset.chunks) * dtype.itemsize > max(limit, 1 << 26):
        refuse(f"chunks of shape {dataset.chunks}; larger than the file")


def link_name(name: str) -> str:
    """Return a manifest column's name if it can be the name of a dataset.

    Raises
    ------
    UnsafeNameError
        If it is empty, ``.`` or holds a separator or NUL.
    """
    if not name or name == "." or "/" in name or "\0" in name:
        raise UnsafeNameError(f"manifest column {name!r} cannot be named in HDF5")
    return name
