"""What a finished output says of itself: its document, its rows, its problems."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signdata import sidecars
from signdata.formats.registry import HDF5_SUFFIXES
from signdata.results import Problem
from signdata.sidecars import Row


def read_document(path: Path) -> dict[str, Any] | None:
    """Return what signdata recorded of the dataset at `path`, in whatever format it is."""
    if is_hdf5(path):
        from signdata.formats.hdf5.reader import read_attribute

        return read_attribute(path)
    return sidecars.read_document(path)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the manifest's rows of the dataset at `path`; of HDF5 only what tells of sources."""
    if is_hdf5(path):
        yield from _hdf5_rows(path)
        return
    file = sidecars.beside(path, sidecars.MANIFEST)
    if file.is_file():
        yield from sidecars.read_rows(file)


def read_problems(path: Path) -> Iterator[Problem]:
    """Yield what ``problems.csv`` lists for the dataset at `path`."""
    file = sidecars.beside(path, sidecars.PROBLEMS)
    if file.is_file():
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                yield Problem(row["path"], row["where"], row["kind"], row["message"])


def is_hdf5(path: Path) -> bool:
    """Whether a finished output is an HDF5 file."""
    return path.is_file() and path.suffix.lower() in HDF5_SUFFIXES


def _hdf5_rows(path: Path) -> Iterator[Row]:
    from signdata.formats.hdf5.safety import open_checked

    with open_checked(path) as file:
        columns = {
            name: file[place].asstr()[()]
            for name, place in (
                ("id", "ids"),
                ("sha256", "meta/sha256"),
                ("source_sha256", "meta/source_sha256"),
                ("source", "meta/source"),
            )
            if place in file
        }
        for cells in zip(*columns.values(), strict=True):
            yield {name: str(cell) for name, cell in zip(columns, cells, strict=True)}
