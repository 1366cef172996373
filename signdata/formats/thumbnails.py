"""Small pictures of chosen samples: a still as it is or shrunk, a clip as a strip of frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from signdata.errors import SigndataError
from signdata.filesystem import reading
from signdata.formats.batch_jobs import run_batches
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import Reader
from signdata.media.image import ops
from signdata.samples import Frame, Sample
from signdata.workers.cluster import Shared

STILL_SIDE = 96
"""Longest side of a still; smaller ones keep their size."""

STRIP_FRAMES, STRIP_HEIGHT = 16, 48
"""Frames of a clip side by side, and how high they are."""

STRIP_WIDTH = 72
"""Widest frame of a strip."""


def thumbnails(
    reader: Reader, per_batch: Sequence[int], positions: Iterable[int], workers: int | None
) -> dict[int, Frame]:
    """A small picture of each sample at these positions; none of those that cannot be read.

    Parameters
    ----------
    reader : Reader
        The dataset.
    per_batch : sequence of int
        How many samples each of its batches has.
    positions : iterable of int
        Which samples, counted from 0 in the reader's order.
    """
    picked = list(_picked(reader, per_batch, sorted(set(positions))))
    job = _Shrinking(reader.info.kind == "clip")
    found: dict[int, Frame] = {}
    batches = [batch for batch, _ in picked]
    runs = run_batches(
        job, batches, workers, died=_none, risky=reader.risky, shared=Shared(reader.inputs)
    )
    with closing(runs) as results:
        for (_, parts), (_, places) in zip(results, picked, strict=True):
            frames = [frame for part in parts for frame in part]
            found |= {
                place: frame
                for place, frame in zip(places, frames, strict=False)
                if frame is not None
            }
    return found


@dataclass(frozen=True)
class _Picked:
    """Some samples of a batch whose samples are not known before it is read."""

    batch: Batch
    chosen: tuple[int, ...]

    @property
    def key(self) -> str:
        return self.batch.key

    def __iter__(self) -> Iterator[Sample]:
        chosen = frozenset(self.chosen)
        return (sample for number, sample in enumerate(self.batch) if number in chosen)


def _picked(
    reader: Reader, per_batch: Sequence[int], positions: Sequence[int]
) -> Iterator[tuple[Batch, list[int]]]:
    """The batches that hold chosen samples, cut down to them, and the samples' positions."""
    wanted = set(positions)
    start = 0
    for batch, n in zip(reader.batches(), per_batch, strict=True):
        places = [place for place in range(start, start + n) if place in wanted]
        chosen = tuple(place - start for place in places)
        start += n
        if not places:
            continue
        if isinstance(batch, ListBatch):
            yield ListBatch(batch.key, tuple(batch.samples[i] for i in chosen)), places
        else:
            yield _Picked(batch, chosen), places


@dataclass(frozen=True)
class _Shrinking:
    """Makes the small pictures of one batch; runs in a worker."""

    clips: bool

    def __call__(self, batch: Batch) -> list[Frame | None]:
        return [self._one(sample) for sample in batch]

    def _one(self, sample: Sample) -> Frame | None:
        try:
            with reading(sample.source or sample.id):
                return strip(list(sample.frames())) if self.clips else _still(sample)
        except SigndataError:  # the findings name it
            return None


def _none(batch: Batch) -> list[Frame | None]:
    """In place of the pictures of a batch on which the worker died."""
    return [None for _ in batch.samples] if isinstance(batch, ListBatch) else [None]


def _still(sample: Sample) -> Frame | None:
    frame = next(iter(sample.frames()), None)
    return None if frame is None else shrunk(frame, STILL_SIDE, STILL_SIDE)


def shrunk(frame: Frame, high: int, wide: int) -> Frame:
    """A frame shrunk to fit into a box; one that fits stays as it is."""
    times = min(1.0, high / frame.shape[0], wide / frame.shape[1])
    size = (max(1, round(frame.shape[0] * times)), max(1, round(frame.shape[1] * times)))
    return ops.resize(np.ascontiguousarray(frame), size)


def strip(frames: Sequence[Frame]) -> Frame | None:
    """Up to `STRIP_FRAMES` frames of a clip, evenly spaced, side by side."""
    if not frames:
        return None
    n = min(STRIP_FRAMES, len(frames))
    chosen = [frames[(2 * k + 1) * len(frames) // (2 * n)] for k in range(n)]
    return side_by_side([shrunk(frame, STRIP_HEIGHT, STRIP_WIDTH) for frame in chosen], gap=0)


def side_by_side(frames: Sequence[Frame], gap: int = 2) -> Frame:
    """Pictures in a row, each in the middle of a cell of the same size."""
    high = max(frame.shape[0] for frame in frames)
    wide = max(frame.shape[1] for frame in frames)
    return _joined(frames, high, wide, gap, axis=1)


def stacked(frames: Sequence[Frame], gap: int = 2) -> Frame:
    """Strips one below the other."""
    high = max(frame.shape[0] for frame in frames)
    wide = max(frame.shape[1] for frame in frames)
    return _joined(frames, high, wide, gap, axis=0)


def _joined(frames: Sequence[Frame], high: int, wide: int, gap: int, *, axis: int) -> Frame:
    channels = max(frame.shape[2] for frame in frames)
    n = len(frames)
    rows, columns = (1, n) if axis == 1 else (n, 1)
    size = (rows * (high + gap) - gap, columns * (wide + gap) - gap, channels)
    page = np.full(size, _GROUND, np.uint8)
    for number, frame in enumerate(frames):
        row, column = (0, number) if axis == 1 else (number, 0)
        top = row * (high + gap) + (high - frame.shape[0]) // 2
        left = column * (wide + gap) + (wide - frame.shape[1] if axis == 1 else 0) // 2
        place = page[top : top + frame.shape[0], left : left + frame.shape[1]]
        place[:] = frame  # grey is the same in all bands
    return page


_GROUND = 128
"""Grey around pictures, which stands out neither on white paper nor in the dark."""


def spread(positions: Sequence[int], n: int) -> list[int]:
    """At most `n` of these, evenly spaced."""
    if n >= len(positions):
        return list(positions)
    return [positions[(2 * k + 1) * len(positions) // (2 * n)] for k in range(n)]
