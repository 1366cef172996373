"""Columns of text in an HDF5 file, read in parts and kept small: there may be millions of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py

from signdata.columns import ColumnMaker
from signdata.errors import FormatError
from signdata.formats.hdf5 import safety
from signdata.formats.pixel_arrays.labels import strings, text

_AT_ONCE = 1 << 14
"""Values that are read at once."""


def column(group: Any, name: str, n: int, path: Path) -> Sequence[str]:
    """The values of a column, one for each sample; () where the file has none.

    Raises
    ------
    FormatError
        If there are not as many, or they are no texts.
    """
    if name not in group:
        return ()
    where = f"{group.name}/{name}".lstrip("/")
    found = safety.dataset(group, name, path)
    if found.ndim == 1 and len(found) != n:
        raise FormatError(f"{len(found)} values; expected {n}", path=path, where=name)
    if found.ndim != 1 or h5py.check_string_dtype(found.dtype) is None:
        return strings(safety.values(group, name, path), path, where)
    made = ColumnMaker()
    for part in _parts(found, path, where):
        made.extend(part)
    return made.column


def _parts(found: Any, path: Path, where: str) -> Iterator[list[str]]:
    for start in range(0, len(found), _AT_ONCE):
        try:
            part = found[start : start + _AT_ONCE]
        except Exception as err:  # a damaged file may make the library raise anything
            raise FormatError(f"damaged ({err})", path=path, where=where) from err
        yield texts(part.tolist(), path, where)


def texts(values: Sequence[Any], path: Path, where: str) -> list[str]:
    """Values of a file as texts: all in one go, where they are bytes without NUL."""
    try:
        made = b"\0".join(values).decode("utf-8").split("\0")
    except (TypeError, UnicodeDecodeError):  # looked at one by one, which tells what is wrong
        made = []
    if len(made) == len(values):
        return made
    return [text(value, path, where) for value in values]
