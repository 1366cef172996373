"""Reading pictures and labels that are columns of Parquet files, or of Arrow files.

::

    image: {bytes, path} | bytes     label: int with class names, int or text     further columns

Datasets of the Hugging Face Hub, folders that its ``save_to_disk`` left, and what we write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, LabelError, UnsafeNameError
from signdata.formats.batches import BATCH, Batch, ListBatch, samples_of_split
from signdata.formats.cell_text import cell_text
from signdata.formats.parquet import stored_files
from signdata.formats.parquet.files import DataFile, files_of
from signdata.formats.parquet.pixels import CellPixels
from signdata.formats.parquet.stored_columns import StoredColumns, columns_of
from signdata.formats.picture_headers import summary_of
from signdata.formats.reader import DatasetInfo, OpenOptions, PictureSummary, Reader, splits_of
from signdata.formats.trees.layout import split_word
from signdata.formats.trees.manifest_join import sources
from signdata.formats.trees.masks import are_recorded
from signdata.labels import LabelSpace
from signdata.results import NOTE, Problem
from signdata.safe_names import is_fault
from signdata.samples import Broken, Pixels, Sample

NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, *sidecars.OWN_COLUMNS})
"""Columns that a sample has a field for, or that describe one stored copy."""

TOGETHER = 2 * BATCH
"""Rows of one group that are one unit of work; more are divided."""


class ParquetReader(Reader):
    """Reads a dataset in Parquet or Arrow files."""

    name = "parquet"

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        read = options.read
        reader = cls(paths[0], read.images, read.targets or read.label_column)
        reader.inputs = (paths[0],)
        return reader

    def __init__(self, path: Path, images: str | None = None, targets: str | None = None) -> None:
        self._path = path
        files = files_of(path)
        if not files:
            raise FormatError("no Parquet files in it", path=path)
        self._root = path if path.is_dir() else path.parent
        self._document = sidecars.read_document(path) if path.is_dir() else None
        self._parts = [_Part.of(file, images, targets) for file in files]
        self._refuse_different()
        self._samples = self._all_samples()
        if not self._samples:
            raise FormatError("no rows; expected one picture a row", path=files[0].path)

    def _refuse_different(self) -> None:
        """Raise `FormatError` unless all files have the same columns and class names."""
        first = self._parts[0]
        for part in self._parts:
            for what in ("picture", "label", "classes"):
                one, other = getattr(first.columns, what), getattr(part.columns, what)
                if one != other:
                    raise FormatError(
                        f"{what} {other or 'none'!r}; expected {one or 'none'!r} as in "
                        f"{first.file.name}",
                        path=part.file.path,
                    )

    def _all_samples(self) -> list[Sample]:
        tables = [part.table() for part in self._parts]
        stored = [one for table in tables for one in table.get("id", ())]
        n_rows = sum(part.n_rows for part in self._parts)
        keep = len(stored) == n_rows and all(stored) and len(set(stored)) == n_rows
        n_of: dict[str, int] = {}
        for part in self._parts:
            n_of[part.split] = n_of.get(part.split, 0) + part.n_rows
        of_masks = are_recorded(sidecars.origin_of(self._document))
        numbers: dict[str, int] = {}
        samples = []
        for part, table in zip(self._parts, tables, strict=True):
            width = max(6, len(str(n_of[part.split])))
            prefix = f"{part.split}/" if part.split else ""
            for row in range(part.n_rows):
                numbers[part.split] = number = numbers.get(part.split, 0) + 1
                sample_id = table["id"][row] if keep else f"{prefix}{number:0{width}d}"
                samples.append(part.sample(row, sample_id, table, str(self._root), of_masks))
        return samples

    @cached_property
    def info(self) -> DatasetInfo:
        columns = {name: None for part in self._parts for name in part.meta_columns}
        classes = self._parts[0].columns.classes
        declared = self._path / sidecars.CLASSES
        if self._path.is_dir() and declared.is_file():
            classes = sidecars.read_classes(declared)
        return DatasetInfo(
            self.name,
            "still",
            LabelSpace(classes),
            len(self._samples),
            tuple(sorted({sample.label for sample in self._samples if sample.label})),
            tuple(columns),
            sidecars.origin_of(self._document),
            tuple(note for part in self._parts[:1] for note in part.notes),
            (self._source,),
            splits_of(self._samples),
        )

    @property
    def _source(self) -> dict[str, object]:
        if self._path.is_dir():
            return sources(self._path, [str(part.file.path) for part in self._parts])
        with self._path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"name": self._path.name, "sha256": digest}

    def batches(self) -> Iterator[Batch]:
        start = 0
        for n_rows in (n_rows for part in self._parts for n_rows in part.groups):
            size = n_rows if n_rows <= TOGETHER else BATCH
            for first in range(start, start + n_rows, size or 1):
                last = min(first + size, start + n_rows)
                yield ListBatch(str(first), tuple(self._samples[first:last]))
            start += n_rows

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return summary_of(samples_of_split(self._samples, split))

    def locate(self, error: DatasetError) -> tuple[str, str]:
        if isinstance(error, UnsafeNameError):
            for sample in self._samples:
                for name, what in ((sample.label, "class name"), (sample.name, "name")):
                    if is_fault(error, name, what):
                        return str(self._path), f"sample {sample.id}"
        return str(self._path), ""


@dataclass(frozen=True)
class _Part:
    """One file, and how its rows become samples."""

    file: DataFile
    columns: StoredColumns
    groups: tuple[int, ...]

    @classmethod
    def of(cls, file: DataFile, images: str | None, targets: str | None) -> _Part:
        schema = stored_files.schema_of(file.path)
        columns = columns_of(schema, file.path, images, targets)
        return cls(file, columns, stored_files.group_rows(file.path))

    @cached_property
    def n_rows(self) -> int:
        return sum(self.groups)

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

    def table(self) -> dict[str, list[Any]]:
        """The columns that are not pictures: labels as they are stored, all else as text."""
        columns = self.columns
        values = stored_files.values_of(self.file.path, (columns.label, *columns.further))
        return {
            name: cells if name == columns.label else [cell_text(cell) for cell in cells]
            for name, cells in values.items()
        }

    def sample(
        self, row: int, sample_id: str, table: dict[str, list[Any]], root: str, of_masks: bool
    ) -> Sample:
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
        group, inside = self._places[row]
        path, column = str(self.file.path), self.columns.picture
        return CellPixels(path, group, inside, column, row + 1, root, of_masks=of_masks)

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        """The group of each row, and its place there."""
        return [(group, row) for group, n_rows in enumerate(self.groups) for row in range(n_rows)]

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
