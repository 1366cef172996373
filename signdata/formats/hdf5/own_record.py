"""What an HDF5 output says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from signdata.formats.hdf5 import safety
from signdata.formats.hdf5.document import read_attribute
from signdata.formats.hdf5.seal import is_as_sealed, seal
from signdata.formats.own_record import OwnRecord
from signdata.sidecars import Row

_COLUMNS = {
    "id": "ids",
    "sha256": "meta/sha256",
    "source_sha256": "meta/source_sha256",
    "source": "meta/source",
}


def _rows(path: Path) -> Iterator[Row]:
    with safety.open_checked(path) as file:
        columns = {
            name: file[place].asstr()[()] for name, place in _COLUMNS.items() if place in file
        }
        for cells in zip(*columns.values(), strict=True):
            yield {name: str(cell) for name, cell in zip(columns, cells, strict=True)}


RECORD = OwnRecord(read_attribute, _rows, seal, is_as_sealed)
