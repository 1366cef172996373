"""The pixels of a sample in an HDF5 file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from io import BufferedReader
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from signdata.errors import DecodeError, FormatError
from signdata.formats.hdf5.keypoints import StoredKeypoints
from signdata.media.image.pixels import CodedPixels
from signdata.samples import Frame, Pixels

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
class StoredPixels(Pixels):
    """Pixels in an HDF5 file, with the keypoints that are stored there for their frames."""

    keypoints: StoredKeypoints | None = field(default=None, kw_only=True)

    def beside(self, number: int) -> tuple[str, bytes] | None:
        return None if self.keypoints is None else self.keypoints.of(number)


@dataclass(frozen=True)
class RawPixels(StoredPixels):
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
class ChunkedPixels(StoredPixels):
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
class BlobPixels(CodedPixels, StoredPixels):
    """Picture files inside a file: where each begins and ends."""

    path: str
    offset: int
    bounds: tuple[int, ...]

    def coded(self) -> Iterator[tuple[bytes, str]]:
        with _opened(self.path) as file:
            for start, stop in zip(self.bounds, self.bounds[1:], strict=False):
                file.seek(self.offset + start)
                yield file.read(stop - start), f"{self.path}:bytes {start}..{stop} of encoded"
