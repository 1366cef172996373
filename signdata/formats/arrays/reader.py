"""NumPy arrays: pictures and their labels.

::

    asl.npz                    images, labels, class_names, splits; or other names
    X.npy  Y.npy               two files, or a folder with them
    x_train.npy  y_train.npy  x_test.npy  y_test.npy

Pictures are (N, H, W), (N, H, W, C) or (N, C, H, W), clips (N, T, H, W, C), bytes or shares;
labels are integers, one-hot rows or text. ``OUT.npz.manifest.csv`` next to it, where there is
one, knows the rest.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, LabelError, MissingError, UnsafeNameError
from signdata.formats.arrays.files import npy_files
from signdata.formats.arrays.members import Member, members_of
from signdata.formats.batches import BATCH, Batch, list_batches
from signdata.formats.pixel_arrays.forms import Form
from signdata.formats.pixel_arrays.names import Head
from signdata.formats.pixel_arrays.pixels import ItemPixels
from signdata.formats.pixel_arrays.table import ArrayFile, ArrayTable, table_of
from signdata.formats.reader import DatasetInfo, OpenOptions, PictureSummary, Reader, splits_of
from signdata.labels import LabelSpace
from signdata.samples import Sample
from signdata.sidecars import Row

NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, *sidecars.OWN_COLUMNS})
"""Columns of a manifest that a sample has a field for, or that describe one stored copy."""

CLIPS = 4
"""Clips in one unit of work."""


@dataclass(frozen=True)
class ArrayPixels(ItemPixels):
    """An item of an array in an ``.npy`` or ``.npz`` file."""

    member: Member

    def block(self, start: int, stop: int) -> NDArray[Any]:
        changed = os.stat(self.path).st_mtime_ns
        return _block(self.member, changed, self.form.axis, start, stop)


@lru_cache(maxsize=1)
def _block(member: Member, mtime_ns: int, axis: int, start: int, stop: int) -> NDArray[Any]:
    """The last block stays: its other items are asked for next."""
    return member.block(axis, start, stop)


class _Members(ArrayFile):
    def __init__(self, path: Path, members: dict[str, Member], *, own: bool) -> None:
        self.path = path
        self.own = own
        self._members = members
        self.heads: Mapping[str, Head] = {
            name: Head(one.npy.shape, one.npy.dtype.kind) for name, one in members.items()
        }

    def load(self, name: str) -> NDArray[Any]:
        try:
            return self._members[name].load()
        except Exception as err:  # a damaged archive may make the library raise anything
            raise FormatError(f"damaged ({err})", path=self.path, where=name) from err

    def block(self, name: str, form: Form, start: int, stop: int) -> NDArray[Any]:
        return self._members[name].block(form.axis, start, stop)

    def itemsize(self, name: str) -> int:
        return self._members[name].npy.dtype.itemsize


class ArraysReader(Reader):
    """Reads NumPy arrays."""

    name = "arrays"
    self_contained = True

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        found = [file for path in paths for file in (npy_files(path) if path.is_dir() else [path])]
        if not found:
            raise MissingError("no .npy files; expected X.npy and Y.npy", path=paths[0])
        place = paths[0] if len(paths) == 1 else paths[0].parent
        reader = cls(found, place, options.read.images, options.read.targets)
        reader.inputs = tuple(found)
        return reader

    def __init__(
        self, files: list[Path], place: Path, images: str | None = None, targets: str | None = None
    ) -> None:
        if len(files) > 1 and any(path.suffix.lower() == ".npz" for path in files):
            raise FormatError("several files; expected one .npz, or .npy files", path=files[0])
        if len(files) == 1 and files[0].suffix.lower() == ".npy":
            raise FormatError(
                "one array; expected pictures and labels",
                path=files[0],
                remedy="Name both files, or the folder that they are in.",
            )
        self._files, self._place = files, place
        self._members = members_of(files)
        own = sidecars.sidecar_path(files[0], sidecars.DOCUMENT).is_file()
        self._table = table_of(_Members(place, self._members, own=own), images, targets)
        self._rows = self._stored_rows()

    def _stored_rows(self) -> list[Row]:
        file = sidecars.sidecar_path(self._files[0], sidecars.MANIFEST)
        if len(self._files) > 1 or not file.is_file():
            return []
        rows = list(sidecars.read_rows(file))
        remedy = "Remove it if the arrays were changed on purpose."
        if len(rows) != len(self._table.labels):
            n = len(self._table.labels)
            raise FormatError(
                f"describes {len(rows)} samples; expected {n} as in the arrays",
                path=file,
                remedy=remedy,
            )
        for i, (row, label) in enumerate(zip(rows, self._table.labels, strict=True)):
            if row["label"] != label:
                raise LabelError(
                    f"label {row['label']!r}; expected {label!r} as in the arrays",
                    path=file,
                    where=f"sample {i + 1}",
                    remedy=remedy,
                )
        return rows

    @cached_property
    def _samples(self) -> list[Sample]:
        return [self._sample(i, label) for i, label in enumerate(self._table.labels)]

    def _sample(self, i: int, label: str) -> Sample:
        table: ArrayTable = self._table
        row = self._rows[i] if self._rows else {}
        part, index = table.place(i)
        member = self._members[part.pair.images]
        stored = {name: values[i] for name, values in table.meta.items()}
        return Sample(
            id=row.get("id") or table.ids[i],
            label=label,
            pixels=ArrayPixels(member.path, part.pair.images, index, part.form, member),
            split=row.get("split") or table.splits[i],
            group=row.get("group") or table.groups[i],
            source=row.get("source") or table.sources[i] or Path(member.path).name,
            meta={**stored, **{key: row[key] for key in row if key not in NO_META}},
            kind=table.kind,
            stored_as=row.get(sidecars.STORED_AS, ""),
        )

    @cached_property
    def info(self) -> DatasetInfo:
        columns = dict.fromkeys((*self._table.meta, *(self._rows[0] if self._rows else ())))
        only = self._files[0] if len(self._files) == 1 else None
        return DatasetInfo(
            self.name,
            self._table.kind,
            LabelSpace(self._table.classes),
            len(self._samples),
            tuple(sorted(set(self._table.labels))),
            tuple(name for name in columns if name not in NO_META),
            sidecars.origin_of(sidecars.read_document(only) if only else None),
            self._table.notes,
            tuple({"name": file.name, "sha256": _digest(file)} for file in self._files),
            splits_of(self._samples),
        )

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._samples, CLIPS if self._table.kind == "clip" else BATCH)

    def locate(self, error: DatasetError) -> tuple[str, str]:
        if not isinstance(error, UnsafeNameError):
            return str(self._place), ""
        if "class" in error.what:
            return str(self._place), self._table.class_names or self._table.parts[0].pair.targets
        return str(sidecars.sidecar_path(self._files[0], sidecars.MANIFEST)), "column id"

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return self._table.picture_summary([sample.split for sample in self._samples], split)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
