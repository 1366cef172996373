"""Marks: what people decided about samples while they looked, saved at once as corrections."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import numpy as np

from signdata.errors import DatasetError, FormatError
from signdata.formats.corrections import (
    ACTIONS,
    Correction,
    read_corrections,
    write_corrections,
)
from signdata.serving.catalog import Catalog, Column
from signdata.serving.problems import ApiError
from signdata.serving.queries import NONE

_NAMES = (NONE, *ACTIONS)


class Marks:
    """The marks of a dataset, one a sample at most.

    Parameters
    ----------
    catalog : Catalog
    path : Path or None
        The file of corrections: read if it is there, made by the first mark. Without it marks
        are kept in memory alone.

    Attributes
    ----------
    revision : int
        Grows with every change.

    Raises
    ------
    FormatError, DatasetError
        If the file is none, or names a sample that is not there or had another label.
    """

    def __init__(self, catalog: Catalog, path: Path | None) -> None:
        self._catalog, self.path = catalog, path
        self._rows: dict[str, Correction] = {}
        self._codes = np.zeros(len(catalog), np.int32)
        self._lock = Lock()
        self.revision = 0
        self._state = self._state_of_file()
        if path is not None and path.exists():
            for id, row in read_corrections(path).items():
                self._check_row(row, path)
                self._rows[id] = row
                self._codes[catalog.numbers[id]] = _NAMES.index(row.action)

    def _check_row(self, row: Correction, path: Path) -> None:
        number = self._catalog.numbers.get(row.id)
        if number is None:
            raise FormatError(
                f"no sample {row.id!r} in this dataset",
                path=path,
                where=row.where,
                remedy="Is it the file of another dataset?",
            )
        label = self._catalog.labels.value(number)
        if row.was and row.was != label:
            raise FormatError(
                f"{row.id} was {row.was!r} when it was marked; found {label!r}",
                path=path,
                where=row.where,
                remedy="Remove the row, and look at the sample again.",
            )

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Correction]:
        with self._lock:
            return iter(list(self._rows.values()))

    def of(self, id: str) -> Correction | None:
        """The mark of a sample, if it has one."""
        return self._rows.get(id)

    @property
    def column(self) -> Column:
        """The kind of each sample's mark, ``none`` without one."""
        return Column(_NAMES, self._codes)

    def put(self, row: Correction) -> None:
        """Mark a sample, in place of an earlier mark, and save.

        Raises
        ------
        ApiError
            404 for an unknown id, 409 where the sample has another label than was seen, or the
            file was changed by someone else.
        OutputError
            If it cannot be saved; the mark is then not kept either.
        """
        number = self._number(row.id)
        label = self._catalog.labels.value(number)
        if row.was != label:
            raise ApiError(
                409,
                f"the label of {row.id} is {label!r}; the mark was made for {row.was!r}",
                where="was",
                remedy="Reload the sample and look at it again.",
            )
        if row.action == "relabel" and row.label == label:
            raise ApiError(422, f"{row.id} has the label {label!r} already", where="label")
        with self._lock:
            self._save({**self._rows, row.id: row})
            self._codes[number] = _NAMES.index(row.action)

    def remove(self, id: str) -> None:
        """Take a mark back, and save; see `put`."""
        number = self._number(id)
        with self._lock:
            if id not in self._rows:
                raise ApiError(404, f"{id} has no mark", where="id")
            self._save({key: row for key, row in self._rows.items() if key != id})
            self._codes[number] = 0

    def _number(self, id: str) -> int:
        number = self._catalog.numbers.get(id)
        if number is None:
            raise ApiError(404, f"no sample {id!r}", where="id")
        return number

    def _save(self, rows: dict[str, Correction]) -> None:
        if self.path is not None:
            if self._state_of_file() != self._state:
                raise ApiError(
                    409,
                    f"{self.path.name} was changed by another program; nothing was saved",
                    where="corrections",
                    remedy="Start signdata serve again to read it.",
                )
            write_corrections(self.path, rows.values())
            self._state = self._state_of_file()
        self._rows = rows
        self.revision += 1

    def _state_of_file(self) -> tuple[int, int, int] | None:
        """What tells whether the file is the one that was read or written last."""
        if self.path is None:
            return None
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


def correction(id: str, was: str, action: str, label: str, group: str, note: str) -> Correction:
    """A mark as it was sent; `ApiError` 422 if it says nothing that can be done."""
    try:
        return Correction(id, was, action, label, group, note)
    except DatasetError as err:
        raise ApiError(422, err.what, where="action", remedy=err.remedy) from err
