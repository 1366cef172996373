"""Reading pictures and labels that are columns of Parquet files, or of Arrow files.

::

    image: {bytes, path} | bytes     label: int with class names, int or text     further columns

Datasets of the Hugging Face Hub, folders that its ``save_to_disk`` left, and what we write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

from signdata import sidecars
from signdata.errors import DatasetError, UnsafeNameError
from signdata.formats.batches import Batch, list_batches, samples_of_split
from signdata.formats.parquet.files import is_own
from signdata.formats.parquet.foreign import stored
from signdata.formats.parquet.library import arrow
from signdata.formats.parquet.manifest import listed
from signdata.formats.picture_headers import summary_of
from signdata.formats.reader import DatasetInfo, OpenOptions, PictureSummary, Reader, splits_of
from signdata.formats.shard_files import ShardFaults
from signdata.formats.trees.manifest_join import sources
from signdata.formats.trees.masks import are_recorded
from signdata.labels import LabelSpace
from signdata.results import Problem
from signdata.safe_names import is_fault


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
        self._document = sidecars.read_document(path) if path.is_dir() else None
        self._faults: ShardFaults | None = None
        of_masks = are_recorded(sidecars.origin_of(self._document))
        if is_own(path) and not (images or targets):
            arrow()  # its absence is told before the first picture is asked for
            self._faults = ShardFaults(path)
            self._contents = listed(path, self._faults, of_masks=of_masks)
        else:
            self._contents = stored(path, images, targets, of_masks=of_masks)

    @cached_property
    def info(self) -> DatasetInfo:
        contents = self._contents
        declared = self._path / sidecars.CLASSES
        known = self._path.is_dir() and declared.is_file()
        return DatasetInfo(
            self.name,
            "still",
            LabelSpace(sidecars.read_classes(declared) if known else contents.classes),
            len(contents.samples),
            tuple(sorted({sample.label for sample in contents.samples if sample.label})),
            contents.columns,
            sidecars.origin_of(self._document),
            contents.notes,
            (self._source,),
            splits_of(contents.samples),
        )

    @property
    def files(self) -> list[Path]:
        """The files that it reads."""
        return self._contents.files

    @property
    def _source(self) -> dict[str, object]:
        if self._path.is_dir():
            return sources(self._path, map(str, self.files))
        with self._path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"name": self._path.name, "sha256": digest}

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._contents.samples)

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return summary_of(samples_of_split(self._contents.samples, split))

    def locate(self, error: DatasetError) -> tuple[str, str]:
        if isinstance(error, UnsafeNameError):
            for sample in self._contents.samples:
                for name, what in ((sample.label, "class name"), (sample.name, "name")):
                    if is_fault(error, name, what):
                        return str(self._path), f"sample {sample.id}"
        return str(self._path), ""

    def damage(self, workers: int | None) -> list[Problem]:
        return [] if self._faults is None else self._faults.damage(workers)
