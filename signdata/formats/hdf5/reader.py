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

import contextlib
import hashlib
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from io import BufferedReader
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from signdata import sidecars
from signdata.errors import DatasetError, DecodeError, FormatError, UnsafeNameError
from signdata.formats.hdf5 import safety
from signdata.formats.reader import (
    BATCH,
    Batch,
    DatasetInfo,
    Reader,
    Survey,
    chosen,
    list_batches,
    splits_of,
)
from signdata.labels import LabelSpace
from signdata.media.image import decode
from signdata.media.image.decode import CodedPixels
from signdata.samples import SPLIT_NAMES, Frame, Pixels, Sample

PIXEL_NAMES = ("images", "X", "data", "x")
LABEL_NAMES = ("labels", "y", "label")
CLASS_NAMES = ("class_names", "classes")

ROUNDED = "not preserved: values between the 256 levels (rounded to 8 bits)"

SAME_LEVEL = 1e-4
"""How far off a level of 0..255 a value may lie that was stored as a share of 255."""

BLOCK_BYTES = 1 << 23
"""How much of a chunked array is read at once."""


@contextlib.contextmanager
def _opened(path: str) -> Iterator[BufferedReader]:
    try:
        with open(path, "rb") as file:
            yield file
    except DecodeError:
        raise
    except OSError as err:
        raise DecodeError(f"cannot be read ({err.strerror})", path=path) from err


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
        with _opened(self.path) as file:
            file.seek(self.offset + self.start * size)
            for _ in range(self.start, self.stop):
                data = file.read(size)
                if len(data) < size:
                    raise DecodeError("cut short", path=self.path)
                yield np.frombuffer(data, np.uint8).reshape(height, width, *(channels or (1,)))


@dataclass(frozen=True)
class ChunkedPixels(Pixels):
    """One item of an array that is not contiguous, or whose values have to be brought to uint8."""

    path: str
    name: str
    start: int
    stop: int
    step: int
    scale: float
    _notes: set[str] = field(default_factory=set, compare=False)

    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    def frames(self) -> Iterator[Frame]:
        self._notes.clear()
        for i in range(self.start, self.stop):
            yield self._to_frame(self._read(i))

    def _read(self, i: int) -> NDArray[Any]:
        first = i - i % self.step
        error = None
        for start, stop in ((first, first + self.step), (i, i + 1)):
            try:
                changed = os.stat(self.path).st_mtime_ns
                block = _block(self.path, changed, self.name, start, stop)
                return np.array(block[i - start])
            except Exception as err:  # a damaged file may make the library raise anything
                error = err
        where = f"{self.name}[{i}]"
        raise DecodeError(f"damaged ({error})", path=self.path, where=where) from error

    def _to_frame(self, values: NDArray[Any]) -> Frame:
        if values.dtype != np.uint8:
            scaled = np.asarray(values, np.float64) * self.scale
            if not np.isfinite(scaled).all() or scaled.min() < 0 or scaled.max() > 255:
                raise FormatError(
                    f"values {values.min()}..{values.max()}; expected 0..255, or 0..1",
                    path=self.path,
                    where=f"{self.name}[{self.start}]",
                )
            rounded = np.floor(scaled + 0.5)
            if _off(values, scaled, rounded, self.scale):
                self._notes.add(ROUNDED)
            values = rounded.astype(np.uint8)
        return values if values.ndim == 3 else values[:, :, None]


def _off(values: NDArray[Any], scaled: NDArray[Any], rounded: NDArray[Any], scale: float) -> bool:
    """Whether rounding changed a value by more than storing a share of 255 as a float does."""
    if values.dtype.kind != "f":
        return False
    allowed = np.zeros(()) if scale == 1 else np.maximum(scale * np.spacing(values), SAME_LEVEL)
    return bool((np.abs(scaled - rounded) > allowed).any())


@lru_cache(maxsize=1)
def _block(path: str, mtime_ns: int, name: str, start: int, stop: int) -> NDArray[Any]:
    """Items of a chunked array; the last ones are kept, as a chunk is unpacked as a whole."""
    with h5py.File(path, "r") as file:
        return np.asarray(file[name][start:stop])


@dataclass(frozen=True)
class BlobPixels(CodedPixels):
    """Picture files inside a file: where each begins and ends."""

    path: str
    offset: int
    bounds: tuple[int, ...]

    def coded(self) -> Iterator[tuple[bytes, str]]:
        with _opened(self.path) as file:
            for start, stop in zip(self.bounds, self.bounds[1:], strict=False):
                file.seek(self.offset + start)
                yield file.read(stop - start), f"{self.path}:bytes {start}..{stop} of encoded"


class Hdf5Reader(Reader):
    """Reads an HDF5 dataset."""

    name = "hdf5"

    def __init__(self, path: Path) -> None:
        self._path = path
        with safety.open_checked(path) as file:
            self._document = _document(file, path)
            self._load_columns(file)
            self._pixels = _pixels_of(file, path, len(self._labels))

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
            raise FormatError("a class name that stands twice", path=path, where="class_names")
        self._classes = tuple(names)
        self._names_in = next((key for key in CLASS_NAMES if key in file), name)
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
            tuple(key for key in self._meta if key not in sidecars.COLUMNS),
            sidecars.origin_of(self._document),
            (),
            ({"name": self._path.name, "sha256": _digest(self._path)},),
            splits_of(self._samples),
        )

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._samples)

    @cached_property
    def _samples(self) -> list[Sample]:
        columns = [
            name for name in self._meta if name not in (*sidecars.COLUMNS, sidecars.STORED_AS)
        ]
        stored_as = self._meta.get(sidecars.STORED_AS, [])
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
                stored_as=stored_as[i] if stored_as else "",
            )
            for i in range(len(self._labels))
        ]

    def locate(self, error: DatasetError) -> tuple[str, str]:
        where = ""
        if isinstance(error, UnsafeNameError):
            where = self._names_in if "class" in error.what else "ids"
        return str(self._path), where

    def survey(self, split: str | None = None) -> Survey:
        shape = self._pixels.frame_shape
        if shape is None:
            return _survey_blobs(chosen(self._samples, split))
        channels = shape[2] if len(shape) == 3 else 1
        places = (i for i, one in enumerate(self._splits) if split is None or one == split)
        n_frames = sum(map(self._pixels.n_frames_of, places))
        return Survey((shape[0], shape[1]), channels, True, n_frames)


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
    step: int = 1

    def span(self, i: int) -> tuple[int, int]:
        """The frames of sample `i`, half-open."""
        if self.bounds is None:
            return i, i + 1
        return int(self.bounds[i]), int(self.bounds[i + 1])

    def n_frames_of(self, i: int) -> int:
        """How many frames sample `i` has."""
        start, stop = self.span(i)
        return stop - start

    def of(self, i: int) -> Pixels:
        """Pixels of sample `i`."""
        start, stop = self.span(i)
        if self.blobs is not None and self.offset is not None:
            bounds = tuple(int(b) for b in self.blobs[start : stop + 1])
            return BlobPixels(self.path, self.offset, bounds)
        if self.offset is not None and self.frame_shape is not None:
            return RawPixels(self.path, self.offset, self.frame_shape, start, stop)
        return ChunkedPixels(self.path, self.name, start, stop, self.step, self.scale)


def _pixels_of(file: h5py.File, path: Path, n: int) -> _Stored:
    if "encoded" in file and "encoded_offsets" in file:
        bounds = _offsets(file, "offsets", n, path) if "offsets" in file else None
        n_frames = int(bounds[-1]) if bounds is not None else n
        blobs = _offsets(file, "encoded_offsets", n_frames, path)
        dataset = safety.dataset(file, "encoded", path)
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
    found = [name for name in PIXEL_NAMES if name in file]
    if len(found) > 1:
        raise FormatError(f"two readings: pictures in {' or in '.join(found)}", path=path)
    name = found[0] if found else None
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
    dataset = safety.dataset(file, name, path)
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
    if shape[1] * shape[2] > decode.MAX_PIXELS:
        raise FormatError(f"pictures of {shape[2]}x{shape[1]}", path=path, where=name)
    plain = dataset.dtype == np.uint8 and dataset.chunks is None
    offset = dataset.id.get_offset() if plain else None
    scale = 1.0
    if dataset.dtype.kind == "f":
        scale = 255.0 if _brightest(dataset, path, name) <= 1.0 else 1.0
    elif dataset.dtype.kind not in "ui":
        raise FormatError(f"values of type {dataset.dtype}", path=path, where=name)
    step = max(1, min(BATCH, BLOCK_BYTES // (math.prod(shape[1:]) * dataset.dtype.itemsize)))
    frame_shape = tuple(shape[1:])
    return _Stored(str(path), kind, name, offset, frame_shape, n_frames, bounds, None, scale, step)


def _brightest(dataset: Any, path: Path, name: str) -> float:
    """The highest value of the first pictures: it tells 0..1 from 0..255."""
    try:
        return float(np.max(dataset[:64]))
    except Exception as err:  # a damaged file may make the library raise anything
        raise FormatError(f"damaged ({err})", path=path, where=name) from err


def _offsets(file: h5py.File, name: str, n: int, path: Path) -> NDArray[np.int64]:
    values = safety.values(file, name, path)
    if values.ndim != 1 or values.dtype.kind not in "ui" or len(values) != n + 1:
        raise FormatError(f"expected {n + 1} integers", path=path, where=name)
    values = values.astype(np.int64)
    if values[0] != 0 or (np.diff(values) < 0).any():
        raise FormatError("expected positions from 0 that never go back", path=path, where=name)
    return values


def _labels_of(values: NDArray[Any], names: list[str], path: Path, where: str) -> list[str]:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    elif values.ndim == 2 and values.dtype.kind in "uifb" and _is_one_hot(values):
        values = values.argmax(axis=1)  # as Keras writes it
    if values.ndim != 1:
        raise FormatError(f"labels of shape {values.shape}", path=path, where=where)
    if values.dtype.kind in "OS":
        return [_text(value, path, where) for value in values]
    if values.dtype.kind == "f" and (np.isfinite(values) & (values == np.floor(values))).all():
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


def _is_one_hot(values: NDArray[Any]) -> bool:
    return bool(((values == 0) | (values == 1)).all() and (values.sum(axis=1) == 1).all())


def _column(group: Any, name: str, n: int, path: Path) -> list[str]:
    if name not in group:
        return []
    values = _strings(group, name, path)
    if len(values) != n:
        raise FormatError(f"{len(values)} values; expected {n}", path=path, where=name)
    return values


def _strings(group: Any, name: str, path: Path) -> list[str]:
    values = safety.values(group, name, path)
    where = f"{group.name}/{name}".lstrip("/")
    if values.ndim != 1:
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
    return sidecars.parse_document(text.encode() if isinstance(text, str) else text, path)


def read_attribute(path: Path) -> dict[str, Any] | None:
    """Return what signdata recorded in an HDF5 file, None when it did not write it."""
    with safety.open_checked(path) as file:
        return _document(file, path) or None


def _digest(path: Path) -> str:
    with _opened(str(path)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _survey_blobs(samples: Iterable[Sample]) -> Survey:
    sizes, channels, lossless, n_frames = set(), set(), True, 0
    for sample in samples:
        for picture in sample.pixels.encoded() or ():
            header = decode.probe(picture.data, sample.source)
            sizes.add(header.size_hw)
            channels.add(header.channels)
            lossless &= header.suffix != ".jpg" and not header.changes
            n_frames += 1
    return Survey(
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
        return dict(zip(ids, _column(file["meta"], "sha256", len(ids), path), strict=True))
