"""What an HDF5 output says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signdata.errors import FormatError
from signdata.formats.hdf5 import safety
from signdata.formats.hdf5.columns import texts
from signdata.formats.hdf5.document import read_attribute
from signdata.formats.hdf5.seal import is_as_sealed, seal
from signdata.formats.own_record import OwnRecord
from signdata.sidecars import Row

_COLUMNS = {
    "id": "ids",
    "split": "splits",
    "group": "groups",
    "sha256": "meta/sha256",
    "source_sha256": "meta/source_sha256",
    "source": "meta/source",
}

_AT_ONCE = 1 << 14
"""Rows that are read at once."""


def _rows(path: Path) -> Iterator[Row]:
    with _described(path) as (file, n):
        places = {name: place for name, place in _COLUMNS.items() if place in file}
        names = (*places, "label")
        labels = _Labels(file, path, n)
        for start in range(0, n, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            cells = [_texts(file, place, part, path) for place in places.values()]
            for row in zip(*cells, labels.of(part), strict=True):
                yield dict(zip(names, row, strict=True))


def _digests(path: Path) -> Iterator[tuple[list[str], list[str]]]:
    with _described(path) as (file, n):
        for start in range(0, n, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            ids = _texts(file, _COLUMNS["id"], part, path)
            place = _COLUMNS["sha256"]
            yield ids, _texts(file, place, part, path) if place in file else [""] * len(ids)


@contextmanager
def _described(path: Path) -> Iterator[tuple[Any, int]]:
    """An open file whose columns have one length, and how many samples it has."""
    with safety.open_checked(path) as file, safety.as_format_error(path):
        places = [place for place in _COLUMNS.values() if place in file]
        n = len(safety.dataset(file, "ids", path)) if "ids" in file else 0
        if any(safety.dataset(file, place, path).shape != (n,) for place in places):
            raise FormatError(f"columns of different lengths; expected {n} values", path=path)
        yield file, n


def _texts(file: Any, place: str, part: slice, path: Path) -> list[str]:
    return texts(file[place][part].tolist(), path, place)


class _Labels:
    """The class names of samples, whose labels are numbers."""

    def __init__(self, file: Any, path: Path, n: int) -> None:
        for name in ("class_names", "labels"):
            if name not in file:
                raise FormatError(f"has no {name}", path=path)
        self._names = [str(name) for name in file["class_names"].asstr()[()]]
        self._numbers = safety.dataset(file, "labels", path)
        if self._numbers.shape != (n,):
            raise FormatError(f"expected {n} labels", path=path, where="labels")
        self._path = path

    def of(self, part: slice) -> list[str]:
        numbers = self._numbers[part].tolist()
        if numbers and not 0 <= min(numbers) <= max(numbers) < len(self._names):
            raise FormatError("a label without a class name", path=self._path, where="labels")
        return [self._names[number] for number in numbers]


RECORD = OwnRecord(read_attribute, _rows, _digests, seal, is_as_sealed)
