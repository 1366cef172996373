"""What a finished output says of itself: its document, its rows, its problems."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signdata import sidecars
from signdata.formats.own_record import OwnRecord
from signdata.formats.registry import own_record
from signdata.results import Problem
from signdata.sidecars import Row


def read_document(path: Path) -> dict[str, Any] | None:
    """Return what signdata recorded of the dataset at `path`, in whatever format it is."""
    own = own_record_of(path)
    return own.document(path) if own else sidecars.read_document(path)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the manifest rows of a dataset; without sidecars only what tells of sources."""
    own = own_record_of(path)
    if own:
        yield from own.rows(path)
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


def own_record_of(path: Path) -> OwnRecord | None:
    """How a finished output that has no sidecars tells of itself; None where it has some."""
    return own_record(path) if path.is_file() else None
