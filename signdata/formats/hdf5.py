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
random batches at the speed of memory. Files of others are read when they hold
``images``, ``X``, ``data`` or ``x`` beside ``labels``, ``y`` or ``label``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from signdata import manifest
from signdata.errors import FormatError
from signdata.formats import hdf5_gate
from signdata.formats.base import Batch, DatasetInfo, Reader, Survey, list_batches
from signdata.labels import LabelSpace
from signdata.media import image
from signdata.samples import SPLIT_NAMES, Encoded, Frame, Pixels, Sample

PIXEL_NAMES = ("images", "X", "data", "x")
LABEL_NAMES = ("labels", "y", "label")
CLASS_NAMES = ("class_names", "classes")


@dataclass(frozen=True)
class RawPixels(Pixels):
    """Frames `start` to `stop` of a contiguous uint8 array in a file."""

    path: str
    offset: int
    frame_shape: tuple[int, ...]
    start: int
    stop: int

    def frames(self) -> Iterator[Frame]:
        height, width, *channels = self.frame_shape
        size = int(np.prod(self.frame_shape))
        with open(self.path, "rb") as file:
            file.seek(self.offset + self.start * size)
            for _ in range(self.start, self.stop):
                data = file.read(size)
                yield np.frombuffer(data, np.uint8).reshape(height, width, *(channels or (1,)))


@dataclass(frozen=True)
class ChunkedPixels(Pixels):
    """One item of an array that is not contiguous, or whose values have to be brought to uint8."""

    path: str
    name: str
    start: int
    stop: int
    scale: float

    def frames(self) -> Iterator[Frame]:
        with h5py.File(self.path, "r") as file:
            dataset = file[self.name]
            for i in range(self.start, self.stop):
                yield self._to_frame(dataset[i])

    def _to_frame(self, values: NDArray[Any]) -> Frame:
        where = f"{self.name}[{self.start}]"
        if values.dtype != np.uint8:
            scaled = np.asarray(values, np.float64) * self.scale
            if not np.isfinite(scaled).all() or scaled.min() < 0 or scaled.max() > 255:
                found = f"{values.min()}..{values.max()}"
                raise FormatError(
                    f"values {found}; expected 0..255, or 0..1", path=self.path, where=where
                )
            values = np.floor(scaled + 0.5).astype(np.uint8)
        return values if values.ndim == 3 else values[:, :, None]


@dataclass(frozen=True)
class BlobPixels(Pixels):
    """Picture files inside a file: where each begins and ends."""

    path: str
    offset: int
    bounds: tuple[int, ...]

    def _each(self) -> Iterator[tuple[bytes, str]]:
        with open(self.path, "rb") as file:
            for start, stop in zip(self.bounds, self.bounds[1:], strict=False):
                file.seek(self.offset + start)
                yield file.read(stop - start), f"{self.path}:bytes {start}..{stop} of encoded"

    def frames(self) -> Iterator[Frame]:
        for data, place in self._each():
            yield image.decode(data, place)[0]

    def encoded(self) -> Iterator[Encoded]:
        for data, place in self._each():
            yield Encoded(data, image.check(data, place)[0])


class Hdf5Reader(Reader):
    """Reads an HDF5 dataset."""

    name = "hdf5"

    def __init__(self, path: Path) -> None:
        self._path = path
        with hdf5_gate.open_checked(path) as file:
            self._document = _document(file, path)
            self._load_columns(file)
            self._pixels = _pixels_of(file, path, len(self._labels))

    def _load_columns(self, file: h5py.File) -> None:
        path = self._path
        name = next((name for name in LABEL_NAMES if name in file), None)
        if name is None:
            raise FormatError("no labels; expected labels, y or label", path=path)
        values = file[name][()]
        n = len(values) if values.ndim else 0
        if not n:
            raise FormatError("no samples", path=path, where=name)
        names = next((_strings(file[key], path) for key in CLASS_NAMES if key in file), [])
        if len(set(names)) != len(names):
            raise FormatError("a class name that stands twice", path=path, where="class_names")
        self._classes = tuple(names)
        self._labels = _labels_of(values, names, path, name)
        self._ids = _column(file, "ids", n, path) or [
            f"{i:0{max(6, len(str(n)))}d}" for i in range(1, n + 1)
        ]
        if len(set(self._ids)) != n:
            raise FormatError("an id that stands twice", path=path, where="ids")
        self._splits = _column(file, "splits", n, path) or [""] * n
        strange = set(self._splits) - {"", *SPLIT_NAMES.values()}
        if strange:
            found = repr(min(strange))
            raise FormatError(
                f"split {found}; expected train, val, test or ''", path=path, where="splits"
            )
        self._groups = _column(file, "groups", n, path) or [""] * n
        meta = file.get("meta")
        self._meta = {
            key: _column(meta, key, n, path)
            for key in (meta if isinstance(meta, h5py.Group) else {})
            if key not in manifest.OWN_COLUMNS
        }

    @cached_property
    def info(self) -> DatasetInfo:
        origin = self._document.get("origin", {})
        return DatasetInfo(
            self.name,
            self._pixels.kind,
            LabelSpace(self._classes),
            len(self._labels),
            tuple(sorted(set(self._labels))),
            tuple(key for key in self._meta if key not in manifest.COLUMNS),
            origin if isinstance(origin, dict) else {},
            (),
            ({"name": self._path.name, "sha256": _digest(self._path)},),
        )

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._samples)

    @cached_property
    def _samples(self) -> list[Sample]:
        columns = [name for name in self._meta if name not in manifest.COLUMNS]
        sources = self._meta.get("source", [])
        return [
            Sample(
                id=self._ids[i],
                label=self._labels[i],
                pixels=self._pixels.of(i),
                split=self._splits[i],
                group=self._groups[i],
                source=sources[i] if sources else self._path.name,
                kind=self._pixels.kind,
                meta={name: self._meta[name][i] for name in columns},
            )
            for i in range(len(self._labels))
        ]

    def survey(self) -> Survey:
        shape = self._pixels.frame_shape
        if shape is None:
            return _survey_blobs(self._samples)
        channels = shape[2] if len(shape) == 3 else 1
        return Survey((shape[0], shape[1]), channels, True, self._pixels.n_frames)


@dataclass(frozen=True)
class _Stored:
    """Where the pixels of a file are.

    `bounds` are the frames of each sample (clips), `blobs` the bytes of each picture.
    """

    path: str
    kind: str
    name: str
    offset: int | None
    frame_shape: tuple[int, ...] | None
    n_frames: int
    bounds: NDArray[np.int64] | None = None
    blobs: NDArray[np.int64] | None = None
    scale: float = 1.0

    def of(self, i: int) -> Pixels:
        """Pixels of sample `i`."""
        start, stop = (
            (i, i + 1) if self.bounds is None else (int(self.bounds[i]), int(self.bounds[i + 1]))
        )
        if self.blobs is not None and self.offset is not None:
            bounds = tuple(int(b) for b in self.blobs[start : stop + 1])
            return BlobPixels(self.path, self.offset, bounds)
        if self.offset is not None and self.frame_shape is not None:
            return RawPixels(self.path, self.offset, self.frame_shape, start, stop)
        return ChunkedPixels(self.path, self.name, start, stop, self.scale)


def _pixels_of(file: h5py.File, path: Path, n: int) -> _Stored:
    if "encoded" in file and "encoded_offsets" in file:
        bounds = _offsets(file, "offsets", n, path) if "offsets" in file else None
        n_frames = int(bounds[-1]) if bounds is not None else n
        blobs = _offsets(file, "encoded_offsets", n_frames, path)
        dataset = file["encoded"]
        offset = dataset.id.get_offset()
        if dataset.dtype != np.uint8 or dataset.ndim != 1 or offset is None:
            raise FormatError("expected contiguous uint8 bytes", path=path, where="encoded")
        if blobs[-1] != len(dataset):
            raise FormatError(
                f"{len(dataset)} bytes; expected {blobs[-1]} as in encoded_offsets",
                path=path,
                where="encoded",
            )
        kind = "still" if bounds is None else "clip"
        return _Stored(str(path), kind, "encoded", offset, None, n_frames, bounds, blobs)
    if "frames" in file and "offsets" in file:
        bounds = _offsets(file, "offsets", n, path)
        return _raw(file, "frames", path, "clip", int(bounds[-1]), bounds)
    name = next((name for name in PIXEL_NAMES if name in file), None)
    if name is None:
        raise FormatError(
            "no pictures; expected images, X, data or x beside labels, y or label", path=path
        )
    return _raw(file, name, path, "still", n, None)


def _raw(
    file: h5py.File,
    name: str,
    path: Path,
    kind: str,
    n_frames: int,
    bounds: NDArray[np.int64] | None,
) -> _Stored:
    dataset = file[name]
    shape = dataset.shape
    shown = "x".join(map(str, shape))
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3)):
        raise FormatError(
            f"shape {shown}; expected (N, H, W), (N, H, W, 1) or (N, H, W, 3)",
            path=path,
            where=name,
        )
    if shape[0] != n_frames or 0 in shape:
        raise FormatError(f"shape {shown}; expected {n_frames} pictures", path=path, where=name)
    if shape[1] * shape[2] > image.MAX_PIXELS:
        raise FormatError(f"pictures of {shape[2]}x{shape[1]}", path=path, where=name)
    plain = dataset.dtype == np.uint8 and dataset.chunks is None
    offset = dataset.id.get_offset() if plain else None
    scale = 1.0
    if dataset.dtype.kind == "f":
        scale = 255.0 if float(np.max(dataset[: min(64, n_frames)])) <= 1.0 else 1.0
    elif dataset.dtype.kind not in "ui":
        raise FormatError(f"values of type {dataset.dtype}", path=path, where=name)
    return _Stored(str(path), kind, name, offset, tuple(shape[1:]), n_frames, bounds, None, scale)


def _offsets(file: h5py.File, name: str, n: int, path: Path) -> NDArray[np.int64]:
    values = np.asarray(file[name][()])
    if values.ndim != 1 or values.dtype.kind not in "ui" or len(values) != n + 1:
        raise FormatError(f"expected {n + 1} integers", path=path, where=name)
    values = values.astype(np.int64)
    if values[0] != 0 or (np.diff(values) < 0).any():
        raise FormatError("expected positions from 0 that never go back", path=path, where=name)
    return values


def _labels_of(values: NDArray[Any], names: list[str], path: Path, where: str) -> list[str]:
    if values.ndim == 2 and values.dtype.kind in "uifb" and (values.sum(axis=1) == 1).all():
        values = values.argmax(axis=1)  # one-hot, as Keras writes it
    if values.ndim != 1:
        raise FormatError(f"labels of shape {values.shape}", path=path, where=where)
    if values.dtype.kind in "OS":
        return [_text(value, path, where) for value in values]
    if values.dtype.kind == "f" and (values == np.floor(values)).all():
        values = values.astype(np.int64)
    if values.dtype.kind not in "ui":
        raise FormatError(f"labels of type {values.dtype}", path=path, where=where)
    codes: list[int] = values.tolist()
    if not names:
        return [str(code) for code in codes]
    worst = max(codes) if min(codes) >= 0 else min(codes)
    if not 0 <= worst < len(names):
        raise FormatError(f"label {worst}; expected 0..{len(names) - 1}", path=path, where=where)
    return [names[code] for code in codes]


def _column(group: Any, name: str, n: int, path: Path) -> list[str]:
    if name not in group:
        return []
    values = _strings(group[name], path)
    if len(values) != n:
        raise FormatError(f"{len(values)} values; expected {n}", path=path, where=name)
    return values


def _strings(dataset: Any, path: Path) -> list[str]:
    values = dataset[()]
    where = dataset.name.lstrip("/")
    if not isinstance(values, np.ndarray) or values.ndim != 1:
        raise FormatError("expected a list of strings", path=path, where=where)
    return [_text(value, path, where) for value in values]


def _text(value: Any, path: Path, where: str) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as err:
            raise FormatError(f"not UTF-8 ({err.reason})", path=path, where=where) from err
    return str(value)


def _document(file: h5py.File, path: Path) -> dict[str, Any]:
    text = file.attrs.get("signdata")
    if not isinstance(text, str | bytes):
        return {}
    return manifest.parse_document(text.encode() if isinstance(text, str) else text, path)


def read_attribute(path: Path) -> dict[str, Any] | None:
    """Return what signdata recorded in an HDF5 file, None when it did not write it."""
    with hdf5_gate.open_checked(path) as file:
        return _document(file, path) or None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _survey_blobs(samples: list[Sample]) -> Survey:
    sizes, channels, lossless, n_frames = set(), set(), True, 0
    for sample in samples:
        for picture in sample.pixels.encoded() or ():
            header = image.probe(picture.data, sample.source)
            sizes.add(header.size_hw)
            channels.add(header.channels)
            lossless &= header.suffix != ".jpg"
            n_frames += 1
    return Survey(
        sizes.pop() if len(sizes) == 1 else None,
        channels.pop() if len(channels) == 1 else None,
        lossless,
        n_frames,
    )


def stored_digests(path: Path) -> dict[str, str]:
    """Return the recorded SHA-256 of each sample's stored bytes, by id; {} without any."""
    with hdf5_gate.open_checked(path) as file:
        if "ids" not in file or "meta/sha256" not in file:
            return {}
        ids = _strings(file["ids"], path)
        return dict(zip(ids, _strings(file["meta/sha256"], path), strict=True))
