"""When the frames of clips are shown, in an HDF5 dataset: ``frame_times``, one value a frame.

Frames of which nobody knows have NaN.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signdata.formats.hdf5.keypoints import Samples, file_name

NAME = "frame_times"
FOLDER = "frame_times"
"""Where the times of each sample wait, next to the output, until all are there."""


def waiting_place(sample_id: str) -> str:
    """Where the times of a sample wait, below the tree."""
    return f"{FOLDER}/{file_name(sample_id)}"


def pack(times: Sequence[float]) -> bytes:
    """The times of a sample's frames as bytes."""
    return np.array(times, "<f8").tobytes()


def store(file: Any, tree: Path, samples: Samples) -> None:
    """Move what waits below `tree` into an HDF5 file; see `keypoints.store`."""
    folder = tree / FOLDER
    if not folder.is_dir():
        return
    n = sum(n_frames for _, n_frames in samples())
    data = file.create_dataset(NAME, shape=(n,), dtype="<f8", track_times=False)
    start = 0
    for sample_id, n_frames in samples():
        waiting = tree / waiting_place(sample_id)
        known = waiting.is_file()
        data[start : start + n_frames] = np.fromfile(waiting, "<f8") if known else np.nan
        start += n_frames
    shutil.rmtree(folder)
