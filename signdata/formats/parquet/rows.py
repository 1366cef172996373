"""The rows of one Parquet or Arrow file as samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from signdata import sidecars
from signdata.errors import LabelError
from signdata.formats.cell_text import cell_text
from signdata.formats.parquet import stored_files
from signdata.formats.parquet.files import DataFile
from signdata.formats.parquet.library import as_format_error
from signdata.formats.parquet.pixels import CellPixels
from signdata.formats.parquet.stored_columns import StoredColumns, columns_of
from signdata.formats.trees.layout import split_word
from signdata.results import NOTE, Problem
from signdata.samples import Broken, Pixels, Sample

Table: TypeAlias = dict[str, list[Any]]
"""Columns by name: labels as they are stored, all else as text."""

NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, *sidecars.OWN_COLUMNS})
"""Columns that a sample has a field for, or that describe one stored copy."""


@dataclass(frozen=True)
class Part:
    """One file, and how its rows become samples."""

    file: DataFile
    columns: StoredColumns
    n_rows: int

    @classmethod
    def of(cls, file: DataFile, images: str | None, targets: str | None) -> Part:
        schema = stored_files.schema_of(file.path)
        with as_format_error(file.path):  # such as names that are no text
            columns = columns_of(schema, file.path, images, targets)
        return cls(file, columns, stored_files.n_rows_of(file.path))

    @property
    def split(self) -> str:
        """The split of the file: what it says itself, else what its name says."""
        return self.file.split if self.columns.split is None else self.columns.split

    @property
    def meta_columns(self) -> list[str]:
        """Columns that are kept as they are."""
        return [name for name in self.columns.further if name not in NO_META]

    @property
    def notes(self) -> list[Problem]:
        """What of the file is not read."""
        message = "a column of neither text nor numbers: not read"
        return [Problem(self.file.name, name, NOTE, message) for name in self.columns.left_out]

    def table(self) -> Table:
        """The columns that are not pictures: labels as they are stored, all else as text."""
        columns = self.columns
        values = stored_files.values_of(self.file.path, (columns.label, *columns.further))
        return {
            name: cells if name == columns.label else [cell_text(cell) for cell in cells]
            for name, cells in values.items()
        }

    def sample(self, row: int, sample_id: str, table: Table, root: str, of_masks: bool) -> Sample:
        """The sample of a row; one whose pixels say why, where it cannot be read."""
        cells = {name: table[name][row] for name in self.columns.further}
        place = f"{self.file.name}:row {row + 1}"
        pixels = self._pixels_of(row, root, of_masks)
        label = ""
        try:
            label = self._label(table[self.columns.label][row], row)
        except LabelError as err:
            pixels = Broken(err)
        return Sample(
            id=sample_id,
            label=label,
            pixels=pixels,
            split=self.split or split_word(cells.get("split", "")),
            group=cells.get("group", "") or cells.get("signer", ""),
            source=cells.get("source", "") or place,
            meta={name: cells[name] for name in self.meta_columns},
            stored_as=cells.get(sidecars.STORED_AS, ""),
        )

    def _pixels_of(self, row: int, root: str, of_masks: bool) -> Pixels:
        return CellPixels(
            str(self.file.path), row, self.columns.picture, root, self._size, of_masks=of_masks
        )

    @cached_property
    def _size(self) -> int:
        return self.file.path.stat().st_size // max(1, self.n_rows)

    def _label(self, value: Any, row: int) -> str:
        classes = self.columns.classes
        if classes and isinstance(value, int):
            if 0 <= value < len(classes):
                return classes[value]
            what = f"label {value}; expected 0 to {len(classes) - 1}"
        else:
            text = cell_text(value).strip()
            if text:
                return text
            what = "no label"
        where = f"row {row + 1}, column {self.columns.label}"
        raise LabelError(what, path=self.file.path, where=where)
