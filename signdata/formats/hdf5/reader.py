"""HDF5: a whole dataset in one file, readable by h5py alone.

::

    images           (N, H, W) or (N, H, W, C) uint8   raw stills, contiguous
    frames, offsets  (F, H, W, C) uint8, (N+1,) int64  raw clips
    encoded          (B,) uint8                        original picture files, end to end
    encoded_offsets  int64, one more than pictures     where each begins (and `offsets` for clips)
    labels           (N,) int64                        index into class_names
    class_names, ids, splits, groups, meta/NAME        strings
    attribute signdata                                 what signdata.json holds

Raw arrays are contiguous: ``np.memmap(file, offset=images.id.get_offset())`` reads
random batches at the speed of memory. Files of others are read by `foreign`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import h5py

from signdata import sidecars
from signdata.columns import TextColumn
from signdata.errors import DatasetError, FormatError, UnsafeNameError
from signdata.formats.batches import Batch, SampleRange, list_batches, samples_of_split
from signdata.formats.hdf5 import foreign, safety
from signdata.formats.hdf5.columns import column
from signdata.formats.hdf5.document import own_document
from signdata.formats.hdf5.foreign import ForeignPictures
from signdata.formats.hdf5.layout import MOST, _pixels_of, _Stored
from signdata.formats.hdf5.pixels import BlobPixels, _opened
from signdata.formats.pixel_arrays.labels import labels_of, strings
from signdata.formats.reader import DatasetInfo, OpenOptions, PictureSummary, Reader
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.trees.masks import are_recorded
from signdata.labels import LabelSpace
from signdata.media.image import decode
from signdata.results import Problem
from signdata.samples import SPLIT_NAMES, SPLITS, Pixels, Sample

LABEL_NAMES = ("labels", "y", "label")
CLASS_NAMES = ("class_names", "classes")

NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS})
"""Columns of a manifest that a sample has a field for."""


class Hdf5Reader(Reader):
    """Reads an HDF5 dataset."""

    name = "hdf5"
    self_contained = True

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        reader = cls(paths[0], options.read.images, options.read.targets)
        reader.inputs = (paths[0],)
        return reader

    _ids: Sequence[str]
    _splits: Sequence[str]
    _groups: Sequence[str]
    _meta: dict[str, Sequence[str]]

    def __init__(self, path: Path, images: str | None = None, targets: str | None = None) -> None:
        self._path = path
        self._notes: tuple[Problem, ...] = ()
        self._pixels: _Stored | ForeignPictures
        with safety.open_checked(path) as file, safety.as_format_error(path):
            self._document = own_document(file, path)
            if images or targets or foreign.is_foreign(file, self._document):
                self._take(foreign.read(file, path, images, targets))
            else:
                self._load_columns(file)
                self._pixels = _pixels_of(file, path, len(self._labels))

    def _take(self, pictures: ForeignPictures) -> None:
        """The columns of a file of others."""
        table = pictures.table
        self._pixels, self._notes = pictures, table.notes
        self._classes, self._labels = table.classes, table.labels
        self._names_in = table.class_names or table.parts[0].pair.targets
        self._ids, self._splits, self._groups = table.ids, table.splits, table.groups
        sources = {"source": table.sources} if any(table.sources) else {}
        self._meta = {**table.meta, **sources}

    def _load_columns(self, file: h5py.File) -> None:
        path = self._path
        name = next((name for name in LABEL_NAMES if name in file), None)
        if name is None:
            raise FormatError("no labels; expected labels, y or label", path=path)
        values = safety.values(file, name, path)
        n = len(values) if values.ndim else 0
        if not n:
            raise FormatError("no samples", path=path, where=name)
        names = next((_strings(file, key, path) for key in CLASS_NAMES if key in file), [])
        if len(set(names)) != len(names):
            raise FormatError("a class name that appears twice", path=path, where="class_names")
        self._classes = tuple(names)
        self._names_in = next((key for key in CLASS_NAMES if key in file), name)
        self._labels = labels_of(values, names, path, name)
        self._ids = column(file, "ids", n, path) or TextColumn(
            f"{i:0{max(6, len(str(n)))}d}" for i in range(1, n + 1)
        )
        if self._ids.repeats() if isinstance(self._ids, TextColumn) else len(set(self._ids)) < n:
            raise FormatError("an id that appears twice", path=path, where="ids")
        self._splits = column(file, "splits", n, path) or [""] * n
        strange = set(self._splits) - {"", *SPLIT_NAMES.values()}
        if strange:
            found = repr(min(strange))
            raise FormatError(
                f"split {found}; expected train, val, test or ''", path=path, where="splits"
            )
        self._groups = column(file, "groups", n, path) or [""] * n
        meta = file.get("meta")
        self._meta = {
            key: column(meta, key, n, path)
            for key in (meta if isinstance(meta, h5py.Group) else {})
            if key not in sidecars.OWN_COLUMNS
        }

    @cached_property
    def info(self) -> DatasetInfo:
        return DatasetInfo(
            self.name,
            self._pixels.kind,
            LabelSpace(self._classes),
            len(self._labels),
            tuple(sorted(set(self._labels))),
            tuple(key for key in self._meta if key not in NO_META),
            sidecars.origin_of(self._document),
            self._notes,
            ({"name": self._path.name, "sha256": _digest(self._path)},),
            tuple(split for split in ("", *SPLITS) if split in self._splits),
        )

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._samples, self._pixels.batch_size)

    @cached_property
    def _samples(self) -> SampleRange:
        return SampleRange(len(self._labels), self._made)

    def _made(self, start: int, stop: int) -> list[Sample]:
        """Samples `start` up to `stop`."""
        part, n = slice(start, stop), stop - start
        names = [name for name in self._meta if name not in NO_META]
        columns = [self._meta[name][part] for name in names]
        metas = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        own = [
            self._meta[name][part] if self._meta.get(name) else [default] * n
            for name, default in (("source", self._path.name), (sidecars.STORED_AS, ""))
        ]
        return [
            Sample(
                one, label, self._pixels_of(i), split, group, source, self._pixels.kind, meta, name
            )
            for i, one, label, split, group, meta, source, name in zip(
                range(start, stop),
                self._ids[part],
                self._labels[part],
                self._splits[part],
                self._groups[part],
                metas or [{} for _ in range(n)],
                *own,
                strict=True,
            )
        ]

    def columns(self) -> Iterator[SampleColumns]:
        n = len(self._labels)
        for start in range(0, n, MOST):
            part = slice(start, min(start + MOST, n))
            sources = self._meta.get("source") or [self._path.name] * n
            ids = self._ids[part]
            yield SampleColumns(
                ids,
                self._labels[part],
                self._splits[part],
                self._groups[part],
                sources[part],
                self._meta.get(sidecars.STORED_AS, ())[part],
                {name: values[part] for name, values in self._meta.items() if name not in NO_META},
            )

    def _pixels_of(self, i: int) -> Pixels:
        pixels = self._pixels.of(i)
        if isinstance(pixels, BlobPixels) and self._of_masks:
            return replace(pixels, of_masks=True)
        return pixels

    @cached_property
    def _of_masks(self) -> bool:
        return are_recorded(sidecars.origin_of(self._document))

    def locate(self, error: DatasetError) -> tuple[str, str]:
        where = ""
        if isinstance(error, UnsafeNameError):
            where = self._names_in if "class" in error.what else "ids"
        return str(self._path), where

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        if isinstance(self._pixels, ForeignPictures):
            return self._pixels.table.picture_summary(self._splits, split)
        shape = self._pixels.frame_shape
        if shape is None:
            return _summarise_blobs(samples_of_split(self._samples, split))
        channels = shape[2] if len(shape) == 3 else 1
        places = (i for i, one in enumerate(self._splits) if split is None or one == split)
        n_frames = sum(map(self._pixels.n_frames_of, places))
        return PictureSummary((shape[0], shape[1]), channels, True, n_frames)


def _strings(group: Any, name: str, path: Path) -> list[str]:
    where = f"{group.name}/{name}".lstrip("/")
    return strings(safety.values(group, name, path), path, where)


def _digest(path: Path) -> str:
    with _opened(str(path)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _summarise_blobs(samples: Iterable[Sample]) -> PictureSummary:
    sizes, channels, lossless, n_frames = set(), set(), True, 0
    for sample in samples:
        for picture in sample.pixels.encoded() or ():
            header = decode.probe(picture.data, sample.source)
            sizes.add(header.size_hw)
            channels.add(header.channels)
            lossless &= header.suffix != ".jpg" and not header.changes
            n_frames += 1
    return PictureSummary(
        sizes.pop() if len(sizes) == 1 else None,
        channels.pop() if len(channels) == 1 else None,
        lossless,
        n_frames,
    )


def stored_digests(path: Path) -> dict[str, str]:
    """Return the recorded SHA-256 of each sample's stored bytes, by id; {} without any."""
    with safety.open_checked(path) as file:
        if "ids" not in file or "meta/sha256" not in file:
            return {}
        ids = _strings(file, "ids", path)
        return dict(zip(ids, column(file["meta"], "sha256", len(ids), path), strict=True))
