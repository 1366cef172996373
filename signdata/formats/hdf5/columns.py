"""Columns of text in an HDF5 file, read in parts and kept small: there may be millions of rows."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import h5py

from signdata.errors import FormatError
from signdata.formats.hdf5 import safety
from signdata.formats.pixel_arrays.labels import strings, text

_AT_ONCE = 1 << 14
"""Values that are read at once."""

_FEW = 1000
"""Distinct values up to which equal ones are kept as one object."""


class TextColumn(Sequence[str]):
    """Texts end to end in one block of bytes: 8 bytes each, and the text itself."""

    def __init__(self, values: Iterable[str]) -> None:
        self._text, self._ends = bytearray(), array("q", [0])
        for value in values:
            self._text += value.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._text))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._text[self._ends[place] : self._ends[place + 1]].decode(
            "utf-8", "surrogatepass"
        )

    def repeats(self) -> bool:
        """Whether two of the texts are equal."""
        if len(set(map(hash, self))) == len(self):
            return False
        return len(set(self)) < len(self)


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
    return _kept(_texts(found, path, where))


def _texts(found: Any, path: Path, where: str) -> Iterator[str]:
    for start in range(0, len(found), _AT_ONCE):
        try:
            part = found[start : start + _AT_ONCE]
        except Exception as err:  # a damaged file may make the library raise anything
            raise FormatError(f"damaged ({err})", path=path, where=where) from err
        for value in part:
            yield text(value, path, where)


def _kept(values: Iterator[str]) -> Sequence[str]:
    """Few distinct texts as objects that rows share, many as one block of bytes."""
    known: dict[str, str] = {}
    rows: list[str] = []
    for value in values:
        rows.append(known.setdefault(value, value))
        if len(known) > _FEW:
            return TextColumn(_all_of(rows, values))
    return rows


def _all_of(first: list[str], others: Iterator[str]) -> Iterator[str]:
    yield from first
    yield from others
