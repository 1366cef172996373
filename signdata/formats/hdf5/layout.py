"""Which datasets of an HDF5 file hold the pixels, and how."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

import h5py
import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError
from signdata.formats.batches import BATCH
from signdata.formats.hdf5 import safety, times
from signdata.formats.hdf5.keypoints import NAME, OFFSETS, StoredKeypoints
from signdata.formats.hdf5.pixels import BlobPixels, ChunkedPixels, RawPixels
from signdata.formats.pixel_arrays.forms import BLOCK_BYTES
from signdata.limits import described, larger_remedy, max_pixels
from signdata.samples import Pixels

MOST, AT_ONCE = 4096, 1 << 18
"""Samples of one unit of work at most, and bytes of those of which there are more than a few."""


class _Companions(TypedDict):
    """What is stored next to the pixels of a sample."""

    keypoints: StoredKeypoints | None
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class _Stored:
    """Where the pixels of a file are.

    `bounds` are the frames of each sample (clips), `blobs` the bytes of each picture,
    `keypoints` where those of all frames begin in the file, and where each does from there,
    `times` when each frame is shown, NaN where nobody knows.
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
    keypoints: tuple[int, NDArray[np.int64]] | None = None
    times: NDArray[np.float64] | None = None

    @property
    def batch_size(self) -> int:
        """Samples of one unit of work: many where they are small and read in one go."""
        if self.offset is None or self.frame_shape is None or self.bounds is not None:
            return BATCH
        return max(BATCH, min(MOST, AT_ONCE // math.prod(self.frame_shape)))

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
        companions = _Companions(
            keypoints=self._keypoints_of(start, stop), seconds=self._times_of(i)
        )
        if self.blobs is not None and self.offset is not None:
            bounds = tuple(int(b) for b in self.blobs[start : stop + 1])
            return BlobPixels(self.path, self.offset, bounds, **companions)
        if self.offset is not None and self.frame_shape is not None:
            return RawPixels(self.path, self.offset, self.frame_shape, start, stop, **companions)
        return ChunkedPixels(self.path, self.name, start, stop, self.step, self.scale, **companions)

    def _times_of(self, i: int) -> tuple[float, ...]:
        if self.times is None:
            return ()
        start, stop = self.span(i)
        mine = self.times[start:stop]
        return () if np.isnan(mine).any() else tuple(mine.tolist())

    def _keypoints_of(self, start: int, stop: int) -> StoredKeypoints | None:
        if self.keypoints is None:
            return None
        offset, bounds = self.keypoints
        mine = tuple(int(b) for b in bounds[start : stop + 1])
        return StoredKeypoints(self.path, offset, mine) if mine[0] < mine[-1] else None


def _pixels_of(file: h5py.File, path: Path, n: int) -> _Stored:
    stored = _pictures_of(file, path, n)
    if times.NAME in file:
        stored = replace(stored, times=_times(file, stored.n_frames, path))
    if NAME not in file or OFFSETS not in file:
        return stored
    bounds = _offsets(file, OFFSETS, stored.n_frames, path)
    offset = _bytes_of(file, NAME, path, int(bounds[-1]), OFFSETS) if bounds[-1] else 0
    return replace(stored, keypoints=(offset, bounds))


def _times(file: h5py.File, n: int, path: Path) -> NDArray[np.float64]:
    values = safety.values(file, times.NAME, path)
    if values.shape != (n,) or values.dtype.kind not in "fui":
        raise FormatError(f"expected {n} seconds", path=path, where=times.NAME)
    return values.astype(np.float64)


def _bytes_of(file: h5py.File, name: str, path: Path, length: int, bounds: str) -> int:
    """Where in the file the bytes of a dataset begin, if it has this many."""
    dataset = safety.dataset(file, name, path)
    offset = dataset.id.get_offset()
    if dataset.dtype != np.uint8 or dataset.ndim != 1 or offset is None:
        raise FormatError("expected contiguous uint8 bytes", path=path, where=name)
    if len(dataset) != length:
        raise FormatError(
            f"{len(dataset)} bytes; expected {length} as in {bounds}", path=path, where=name
        )
    return int(offset)


def _pictures_of(file: h5py.File, path: Path, n: int) -> _Stored:
    if "encoded" in file and "encoded_offsets" in file:
        bounds = _offsets(file, "offsets", n, path) if "offsets" in file else None
        n_frames = int(bounds[-1]) if bounds is not None else n
        blobs = _offsets(file, "encoded_offsets", n_frames, path)
        offset = _bytes_of(file, "encoded", path, int(blobs[-1]), "encoded_offsets")
        kind = "still" if bounds is None else "clip"
        return _Stored(str(path), kind, "encoded", offset, None, n_frames, bounds, blobs)
    if "frames" in file and "offsets" in file:
        bounds = _offsets(file, "offsets", n, path)
        return _raw(file, "frames", path, "clip", int(bounds[-1]), bounds)
    if "images" not in file:
        raise FormatError("no pictures; expected images, frames or encoded", path=path)
    return _raw(file, "images", path, "still", n, None)


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
    if shape[1] * shape[2] > max_pixels():
        raise FormatError(
            f"pictures of {shape[2]}x{shape[1]}; expected at most {described()}",
            path=path,
            where=name,
            remedy=larger_remedy(shape[1] * shape[2]),
        )
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
