"""What the readers of class folders share: scan, find, join with the manifest, describe."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, UnsafeNameError
from signdata.formats.batches import BATCH, Batch, list_batches
from signdata.formats.packed import Packed
from signdata.formats.reader import DatasetInfo, Reader
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.trees import manifest_join, masks
from signdata.formats.trees.layout import Layout
from signdata.formats.trees.manifest_join import Found
from signdata.formats.trees.packed_samples import PackedSamples, PictureBatch
from signdata.formats.trees.scan import ClassDir, Tree
from signdata.labels import LabelSpace
from signdata.safe_names import is_fault
from signdata.samples import SPLITS, Sample


class TreeReader(Reader):
    """Reads ``ROOT/[SPLIT/]CLASS/ENTRY``; a format says what an entry is.

    Attributes
    ----------
    kind : {'still', 'clip'}
        What an entry is.
    expected : str
        What is said to be missing when there is no entry.
    fills : tuple of str
        Manifest columns that reading fills in.
    batch_size : int
        Samples in one unit of work.
    """

    kind: ClassVar[str]
    expected: ClassVar[str]
    fills: ClassVar[tuple[str, ...]] = ()
    batch_size: ClassVar[int] = BATCH

    def __init__(
        self, path: Path, *, follow_symlinks: bool = False, layout: str | None = None
    ) -> None:
        self._layout = None if layout is None else Layout(layout)
        self._tree = Tree.scan(path, follow_symlinks=follow_symlinks, layout=self._layout)
        self._described = manifest_join.describe(self._tree)
        samples = self._listed()
        self._tree.class_dirs.clear()  # the names in them are known to the samples
        self._samples, self._masks, notes = masks.as_seen(samples, path)
        self._tree.notes.extend(notes)
        if not self._samples:
            raise FormatError(self.expected, path=path)

    def _listed(self) -> PackedSamples:
        """All samples, in order."""
        return PackedSamples.of(self._joined())

    def _joined(self) -> Iterator[Sample]:
        """Yield what was found, with what the manifest knows of each."""
        entries = (entry for one in self._tree.class_dirs for entry in self._find(one))
        if self._described.rows and self._layout is None:
            return manifest_join.join(self._tree, entries, self._described)
        found: Sequence[Found] = Packed(entries)
        if self._layout is not None:
            found = manifest_join.laid_out(self._layout, found)
        if not self._described.rows:
            found = self._ordered(found)
        return manifest_join.join(self._tree, found, self._described)

    @abstractmethod
    def _find(self, class_dir: ClassDir) -> Iterator[Found]:
        """Yield the entries of one class folder, sorted; note what is none."""

    def _ordered(self, found: Sequence[Found]) -> Sequence[Found]:
        """The order of entries that no manifest lists; by path."""
        return found

    def source_files(self, sample: Sample) -> tuple[str, ...]:
        """The files that a sample is read from."""
        return sample.pixels.files

    def _files(self) -> Iterator[str]:
        """All files that samples are read from."""
        return self._samples.files()

    @cached_property
    def info(self) -> DatasetInfo:
        present, splits = set[str](), set[str]()
        for part in self._samples.columns():
            present.update(part.labels)
            splits.update(part.readable().splits)
        return DatasetInfo(
            self.name,
            self.kind,
            LabelSpace(self._described.classes),
            len(self._samples),
            tuple(sorted(present)),
            (*self._described.columns, *self.fills),
            {**self._described.origin, **self._masks},
            (*self.remarks, *self._tree.notes),
            (manifest_join.sources(self._tree.root, self._files()),),
            tuple(split for split in ("", *SPLITS) if split in splits),
        )

    def locate(self, error: DatasetError) -> tuple[str, str]:
        root = self._tree.root
        if isinstance(error, UnsafeNameError):
            for sample in self._samples:
                for name, what in ((sample.label, "class name"), (sample.name, "name")):
                    if is_fault(error, name, what):
                        listed = bool(self._described.rows)
                        return str(
                            root / sidecars.MANIFEST if listed else root
                        ), f"sample {sample.id}"
        return str(root), ""

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._samples, self.batch_size, PictureBatch)

    def columns(self) -> Iterator[SampleColumns]:
        return self._samples.columns()
