"""The pixels of a sample in an HDF5 file."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import BufferedReader
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from signdata.errors import DecodeError
from signdata.formats.hdf5.keypoints import StoredKeypoints
from signdata.formats.pixel_arrays.forms import ROUNDED, to_frame
from signdata.media.image.pixels import CodedPixels
from signdata.samples import TOGETHER, Frame, Pixels, Stills


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
    """Pixels in an HDF5 file, with what is stored there of their frames: keypoints, times."""

    keypoints: StoredKeypoints | None = field(default=None, kw_only=True)
    seconds: tuple[float, ...] = field(default=(), kw_only=True)

    def companion(self, number: int) -> tuple[str, bytes] | None:
        return None if self.keypoints is None else self.keypoints.of(number)

    def times(self) -> tuple[float, ...]:
        return self.seconds


@dataclass(frozen=True)
class RawPixels(StoredPixels):
    """Frames `start` to `stop` of a contiguous uint8 array in a file."""

    path: str
    offset: int
    frame_shape: tuple[int, ...]
    start: int
    stop: int

    reads_together = True

    @classmethod
    def together(cls, pixels: Sequence[Self]) -> Stills | None:
        first, n = pixels[0], len(pixels)
        size = math.prod(first.frame_shape)
        if any(one != first._following(i) for i, one in enumerate(pixels)) or n * size > TOGETHER:
            return None
        with _opened(first.path) as file:
            file.seek(first.offset + first.start * size)
            data = file.read(n * size)
        if len(data) < n * size:
            return None
        height, width, *channels = first.frame_shape
        return Stills(np.frombuffer(data, np.uint8).reshape(n, height, width, *(channels or (1,))))

    def _following(self, i: int) -> Self:
        """The still that comes `i` places later in the array; nothing is next to it."""
        start = self.start + i
        return type(self)(self.path, self.offset, self.frame_shape, start, start + 1)

    def frames(self) -> Iterator[Frame]:
        height, width, *channels = self.frame_shape
        size = math.prod(self.frame_shape)
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
        where = f"{self.name}[{self.start}]"
        frame, rounded = to_frame(values, self.scale, self.path, where)
        if rounded:
            self._notes.add(ROUNDED)
        return frame if frame.ndim == 3 else frame[:, :, None]


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

    def size_hint(self) -> int:
        return self.bounds[-1] - self.bounds[0]

    def coded(self) -> Iterator[tuple[bytes, str]]:
        with _opened(self.path) as file:
            for start, stop in zip(self.bounds, self.bounds[1:], strict=False):
                file.seek(self.offset + start)
                yield file.read(stop - start), f"{self.path}:bytes {start}..{stop} of encoded"
