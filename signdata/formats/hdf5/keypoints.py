"""Keypoint files of frames in an HDF5 dataset.

::

    keypoints          (B,) uint8               files end to end
    keypoints_offsets  int64, one more than     where each frame's begins; equal where it has none
                       frames
"""

from __future__ import annotations

import hashlib
import shutil
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from signdata.errors import DecodeError

FOLDER = "keypoints"
"""Where the files of each sample wait, next to the output, until all are there."""

NAME, OFFSETS = "keypoints", "keypoints_offsets"


def file_name(sample_id: str) -> str:
    """What the waiting file of a sample is called."""
    return hashlib.sha256(sample_id.encode("utf-8", "surrogateescape")).hexdigest()


def pack(files: list[bytes]) -> bytes:
    """The keypoint files of a sample's frames in one, b'' where a frame has none."""
    return msgspec.msgpack.encode(files)


Samples = Callable[[], Iterable[tuple[str, int]]]
"""Goes through the id and number of frames of each sample, in order, as often as it is called."""


def store(file: Any, tree: Path, samples: Samples) -> None:
    """Move what waits below `tree` into an HDF5 file.

    Parameters
    ----------
    file : h5py.File
        Open for writing.
    tree : Path
        Where the output is made.
    samples : callable
        See `Samples`.
    """
    folder = tree / FOLDER
    if not folder.is_dir():
        return
    lengths = array("q", [0])
    for sample_id, n_frames in samples():
        waiting = folder / file_name(sample_id)
        lengths.extend(_lengths(waiting) if waiting.is_file() else [0] * n_frames)
    bounds = np.cumsum(lengths, dtype=np.int64)
    data = file.create_dataset(NAME, shape=(int(bounds[-1]),), dtype=np.uint8, track_times=False)
    start = 0
    for sample_id, _ in samples():
        waiting = folder / file_name(sample_id)
        if waiting.is_file():
            found = np.frombuffer(b"".join(_unpack(waiting)), np.uint8)
            data[start : start + len(found)] = found
            start += len(found)
    file.create_dataset(OFFSETS, data=bounds, track_times=False)
    shutil.rmtree(folder)


def _unpack(waiting: Path) -> list[bytes]:
    return msgspec.msgpack.decode(waiting.read_bytes(), type=list[bytes])


def _lengths(waiting: Path) -> list[int]:
    return list(map(len, _unpack(waiting)))


@dataclass(frozen=True)
class StoredKeypoints:
    """The keypoint files of one sample: where each begins and ends in the file."""

    path: str
    offset: int
    bounds: tuple[int, ...]

    def of(self, number: int) -> tuple[str, bytes] | None:
        """Suffix and bytes of frame `number` (from 0); None where it has none."""
        start, stop = self.bounds[number : number + 2]
        if start == stop:
            return None
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset + start)
                data = file.read(stop - start)
        except OSError as err:
            raise DecodeError(f"cannot be read ({err.strerror})", path=self.path) from err
        if len(data) < stop - start:
            raise DecodeError("cut short", path=self.path, where=NAME)
        return ".json", data
