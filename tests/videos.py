"""Tiny real videos whose frames carry their own index."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

CELL = 16
BITS = 8


def paint(index: int, size_wh: tuple[int, int] = (BITS * CELL, 4 * CELL)) -> NDArray[np.uint8]:
    """A picture that spells `index` in eight wide bars, white for 1."""
    width, height = size_wh
    bars = [(index >> bit) & 1 for bit in range(BITS)]
    row = np.repeat(np.array(bars, np.uint8) * 220 + 16, width // BITS)
    row = np.pad(row, (0, width - len(row)), mode="edge")
    return np.repeat(np.tile(row, (height, 1))[:, :, None], 3, axis=2)


def read_index(frame: NDArray[np.uint8]) -> int:
    """The index that a painted picture spells, whatever its size."""
    height, width = frame.shape[:2]
    step = width / BITS
    columns = [int((bit + 0.5) * step) for bit in range(BITS)]
    values = frame[height // 2, columns].reshape(BITS, -1).mean(axis=1)
    return int(sum(1 << bit for bit, value in enumerate(values) if value > 128))


def make_video(
    path: Path,
    n_frames: int,
    *,
    fps: Fraction | int = 25,
    size_wh: tuple[int, int] = (BITS * CELL, 4 * CELL),
    codec: str = "libx264",
) -> Path:
    """Write a video of `n_frames` painted frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size_wh
        stream.pix_fmt = "yuv420p"
        for index in range(n_frames):
            frame = av.VideoFrame.from_ndarray(paint(index, size_wh), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
