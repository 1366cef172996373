"""Reading pictures and labels that are columns of Parquet files, or of Arrow files.

::

    image: {bytes, path} | bytes     label: int with class names, int or text     further columns

Datasets of the Hugging Face Hub, folders that its ``save_to_disk`` left, and what we write.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Self

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, UnsafeNameError
from signdata.formats import shard_listing
from signdata.formats.batches import Batch, list_batches, samples_of_split
from signdata.formats.parquet.files import files_of
from signdata.formats.parquet.rows import Part, Table
from signdata.formats.picture_headers import summary_of
from signdata.formats.reader import DatasetInfo, OpenOptions, PictureSummary, Reader, splits_of
from signdata.formats.trees.manifest_join import sources
from signdata.formats.trees.masks import are_recorded
from signdata.labels import LabelSpace
from signdata.safe_names import is_fault
from signdata.samples import Sample


class ParquetReader(Reader):
    """Reads a dataset in Parquet or Arrow files."""

    name = "parquet"

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        read = options.read
        split = shard_listing.split_read(read)
        reader = cls(paths[0], read.images, read.targets or read.label_column, split)
        reader.inputs = (paths[0],)
        return reader

    def __init__(
        self,
        path: Path,
        images: str | None = None,
        targets: str | None = None,
        split: str | None = None,
    ) -> None:
        self._path = path
        files = files_of(path, split)
        if not files:
            raise FormatError("no Parquet files in it", path=path)
        self._root = path if path.is_dir() else path.parent
        self._document = sidecars.read_document(path) if path.is_dir() else None
        self._parts = [Part.of(file, images, targets) for file in files]
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
        """The samples, in the order of the source where that is stored, else of files and rows."""
        tables = [part.table() for part in self._parts]
        ids = self._ids(tables)
        of_masks = are_recorded(sidecars.origin_of(self._document))
        root = str(self._root)
        samples = [
            part.sample(row, next(ids), table, root, of_masks)
            for part, table in zip(self._parts, tables, strict=True)
            for row in range(part.n_rows)
        ]
        keys = [key for table in tables for key in table.get(sidecars.SHARD_KEY, ())]
        if len(keys) == len(samples) == len(set(keys)):
            order = sorted(range(len(keys)), key=keys.__getitem__)
            samples = [samples[i] for i in order]
        return samples

    def _ids(self, tables: list[Table]) -> Iterator[str]:
        """The id of each row: the stored ones if no two are the same, else its number."""
        n_of: Counter[str] = Counter()
        for part in self._parts:
            n_of[part.split] += part.n_rows
        stored = [one for table in tables for one in table.get("id", ())]
        if len(stored) == n_of.total() == len(set(stored)) and all(stored):
            return iter(stored)
        return self._numbered(n_of)

    def _numbered(self, n_of: Mapping[str, int]) -> Iterator[str]:
        done: Counter[str] = Counter()
        for part in self._parts:
            prefix = f"{part.split}/" if part.split else ""
            width = max(6, len(str(n_of[part.split])))
            for number in range(done[part.split] + 1, done[part.split] + part.n_rows + 1):
                yield f"{prefix}{number:0{width}d}"
            done[part.split] += part.n_rows

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
        return list_batches(self._samples)

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return summary_of(samples_of_split(self._samples, split))

    def locate(self, error: DatasetError) -> tuple[str, str]:
        if isinstance(error, UnsafeNameError):
            for sample in self._samples:
                for name, what in ((sample.label, "class name"), (sample.name, "name")):
                    if is_fault(error, name, what):
                        return str(self._path), f"sample {sample.id}"
        return str(self._path), ""
