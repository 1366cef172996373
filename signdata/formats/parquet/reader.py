"""Reading pictures and labels that are columns of Parquet files, or of Arrow files.

::

    image: {bytes, path} | bytes     label: int with class names, int or text     further columns

Datasets of the Hugging Face Hub, folders that its ``save_to_disk`` left, and what we write: there,
rows may also name the files of clips.
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
from signdata.formats.reader import (
    DatasetInfo,
    OpenOptions,
    PictureSummary,
    Reader,
    decoded_summary,
    splits_of,
)
from signdata.formats.shard_files import ShardFaults
from signdata.formats.trees.manifest_join import sources
from signdata.formats.trees.masks import are_recorded
from signdata.labels import LabelSpace
from signdata.media.video.clip import ClipOptions, ClipPixels
from signdata.results import Problem
from signdata.safe_names import is_fault

CLIPS = 4
"""Clips in one unit of work."""


class ParquetReader(Reader):
    """Reads a dataset in Parquet or Arrow files."""

    name = "parquet"

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        read = options.read
        targets = read.targets or read.label_column
        reader = cls(paths[0], read.images, targets, options.clip_options)
        reader.inputs = (paths[0],)
        return reader

    def __init__(
        self,
        path: Path,
        images: str | None = None,
        targets: str | None = None,
        clip_options: ClipOptions = ClipOptions(),
    ) -> None:
        self._path = path
        self._document = sidecars.read_document(path) if path.is_dir() else None
        self._faults: ShardFaults | None = None
        of_masks = are_recorded(sidecars.origin_of(self._document))
        if is_own(path) and not (images or targets):
            arrow()  # its absence is told before the first picture is asked for
            self._faults = ShardFaults(path)
            self._contents = listed(path, self._faults, clip_options, of_masks=of_masks)
        else:
            self._contents = stored(path, images, targets, of_masks=of_masks)
        self.kind = self._contents.kind
        self.risky = any(isinstance(one.pixels, ClipPixels) for one in self._contents.samples)  # type: ignore[misc]  # of its videos

    @cached_property
    def info(self) -> DatasetInfo:
        contents = self._contents
        declared = self._path / sidecars.CLASSES
        known = self._path.is_dir() and declared.is_file()
        return DatasetInfo(
            self.name,
            self.kind,
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
        samples = self._contents.samples
        return list_batches(samples, CLIPS) if self.kind == "clip" else list_batches(samples)

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return (
            decoded_summary(None)
            if self.risky
            else summary_of(samples_of_split(self._contents.samples, split))
        )

    def locate(self, error: DatasetError) -> tuple[str, str]:
        if isinstance(error, UnsafeNameError):
            for sample in self._contents.samples:
                for name, what in ((sample.label, "class name"), (sample.name, "name")):
                    if is_fault(error, name, what):
                        return str(self._path), f"sample {sample.id}"
        return str(self._path), ""

    def damage(self, workers: int | None) -> list[Problem]:
        return [] if self._faults is None else self._faults.damage(workers)
