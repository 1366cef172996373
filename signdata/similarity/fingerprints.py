"""Fingerprints: a thumbnail, a checksum and some statistics of every sample, in one pass."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from signdata.errors import CrashError, MissingError, SigndataError
from signdata.filesystem import reading
from signdata.formats.batch_jobs import run_batches
from signdata.formats.batches import Batch, ListBatch, runs
from signdata.formats.reader import Reader
from signdata.media.image import ops
from signdata.samples import Broken, Frame, Sample
from signdata.workers.cluster import Shared

SIDE = 32
"""Width and height of thumbnails; pictures of 28x28 are used as they are."""

CLIP_SIDE, CLIP_FRAMES = 16, 4
"""A clip's thumbnail is `CLIP_FRAMES` evenly spaced frames of this side."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What was measured of one sample.

    Attributes
    ----------
    id, label, split, group, signer, source, path : str
        As in the sample; `path` is its file, or ''.
    error : SigndataError or None
        Why it cannot be read; the fields below are then not set.
    sha256 : str
        Checksum of its pixels and their shape.
    size_hw : tuple of int
        Height and width of its (first) frame.
    channels, n_frames : int
        1 (grey) or 3; number of frames, 1 for a still.
    mean, deviation, sharpness : float
        Mean grey level and standard deviation, 0..255; variance of the Laplacian.
    frozen : bool
        Whether all frames of a clip are the same.
    n_poses : int
        Frames of a clip that have a keypoint file.
    notes : tuple of str
        How the pixels were changed when they were read.
    """

    id: str
    label: str
    split: str
    group: str = ""
    signer: str = ""
    source: str = ""
    path: str = ""
    error: SigndataError | None = None
    sha256: str = ""
    size_hw: tuple[int, int] = (0, 0)
    channels: int = 0
    n_frames: int = 0
    mean: float = 0.0
    deviation: float = 0.0
    sharpness: float = 0.0
    frozen: bool = False
    n_poses: int = 0
    notes: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[type[Fingerprint], tuple[Any, ...]]:
        return Fingerprint, _VALUES(self)  # what dataclasses do instead takes five times as long


_VALUES = attrgetter(*(one.name for one in fields(Fingerprint)))


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of a whole dataset, in its order.

    Attributes
    ----------
    samples : list of Fingerprint
        One per sample.
    thumbnails : ndarray
        (N, D) uint8; 0 for unreadable samples. (N, 0) where they are kept elsewhere.
    per_batch : list of int
        How many samples each batch of the reader had.
    """

    samples: list[Fingerprint]
    thumbnails: NDArray[np.uint8]
    per_batch: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def readable(self) -> Fingerprints:
        """The same without the unreadable samples."""
        if all(fingerprint.error is None for fingerprint in self.samples):
            return self
        kept = [i for i, fingerprint in enumerate(self.samples) if fingerprint.error is None]
        return Fingerprints([self.samples[i] for i in kept], self.thumbnails[kept])

    def without_thumbnails(self) -> Fingerprints:
        """The same, for those who keep the thumbnails of several datasets in one array."""
        return replace(self, thumbnails=np.empty((len(self), 0), np.uint8))


def fingerprint(
    reader: Reader,
    *,
    side: int | None = None,
    workers: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Fingerprints:
    """Take the fingerprint of every sample of a dataset.

    Parameters
    ----------
    side : int, optional
        Width and height of the thumbnails; `side_for(reader)` by default.
    """
    clips = reader.info.kind == "clip"
    job = _Fingerprinting(side or side_for(reader), clips)
    samples: list[Fingerprint] = []
    thumbnails, per_batch = [], []
    finished = run_batches(
        job,
        reader.batches(),
        workers,
        died=job.died,
        risky=reader.risky,
        shared=Shared(reader.inputs),
    )
    with closing(finished) as results:
        for _, parts in results:
            before = len(samples)
            for some, pixels in parts:
                samples += some
                thumbnails.append(pixels)
            per_batch.append(len(samples) - before)
            if progress:
                progress(len(samples), reader.info.n_samples)
    empty = np.empty((0, job.n_values), np.uint8)
    return Fingerprints(samples, np.concatenate([empty, *thumbnails]), per_batch)


def side_for(reader: Reader) -> int:
    """Width and height of thumbnails: 28 for pictures of 28x28, else `SIDE`."""
    return 28 if reader.picture_summary().size_hw == (28, 28) else SIDE


_Seen: TypeAlias = tuple[list[Fingerprint], NDArray[np.uint8]]
"""Fingerprints, and a row for each: its thumbnail."""

AT_ONCE = 1 << 16
"""Values whose figures are taken at once: more of them leave the processor's cache."""


@dataclass(frozen=True)
class _Fingerprinting:
    """Takes the fingerprints of one batch; runs in a worker."""

    side: int
    clips: bool

    @property
    def n_values(self) -> int:
        return CLIP_FRAMES * CLIP_SIDE**2 if self.clips else self.side**2

    def __call__(self, batch: Batch) -> tuple[list[Fingerprint], NDArray[np.uint8]]:
        found: list[Fingerprint] = []
        rows = [np.empty((0, self.n_values), np.uint8)]
        for samples in runs(batch):
            for some, row in self._together(samples) or map(self._one, samples):
                found += some
                rows.append(row)
        return found, np.concatenate(rows)

    def _together(self, samples: Sequence[Sample]) -> list[_Seen]:
        """Fingerprints of stills that are read together; [] where each has to be read alone.

        Nothing is told of what is wrong with one: that is for `_one`.
        """
        kind = type(samples[0].pixels)
        if self.clips or not kind.reads_together or len(samples) == 1:
            return []
        try:
            stills = kind.together([sample.pixels for sample in samples])
        except (SigndataError, OSError, MemoryError):
            return []
        if stills is None:
            return []
        n = max(1, AT_ONCE // stills.frames[0].size)
        return [
            self._alike(samples[start : start + n], stills.frames[start : start + n])
            for start in range(0, len(samples), n)
        ]

    def _alike(self, samples: Sequence[Sample], frames: NDArray[np.uint8]) -> _Seen:
        """What `_seen` says of each of some stills (N, H, W, C) that have no notes."""
        shape, side = frames.shape[1:], (self.side, self.side)
        head = hashlib.sha256(str(shape).encode())
        digests = []
        for frame in frames:
            digest = head.copy()
            digest.update(frame.data)
            digests.append(digest.hexdigest())
        gray = frames
        if shape[2] != 1:
            gray = np.stack([ops.to_gray(frame) for frame in frames])
        small = gray
        if shape[:2] != side:
            small = np.stack([ops.resize(frame, side) for frame in gray])
        values = gray.reshape(len(gray), -1)
        figures = zip(
            values.mean(axis=1).tolist(),
            values.std(axis=1).tolist(),
            ops.sharpnesses(gray).tolist(),
            strict=True,
        )
        found = [
            Fingerprint(
                **self._known(sample),
                sha256=digest,
                size_hw=shape[:2],
                channels=shape[2],
                n_frames=1,
                mean=mean,
                deviation=deviation,
                sharpness=sharpness,
            )
            for sample, digest, (mean, deviation, sharpness) in zip(
                samples, digests, figures, strict=True
            )
        ]
        return found, small.reshape(len(small), -1)

    def _one(self, sample: Sample) -> _Seen:
        known = self._known(sample)
        try:
            with reading(sample.source or sample.id):
                found, row = self._seen(sample, known)
                return [found], row[None]
        except SigndataError as err:
            return [Fingerprint(**known, error=err)], np.zeros((1, self.n_values), np.uint8)

    def _known(self, sample: Sample) -> dict[str, Any]:
        files = sample.pixels.files
        known: dict[str, Any] = {
            "id": sample.id,
            "label": sample.label,
            "split": sample.split,
            "group": sample.group,
            "signer": sample.meta.get("signer", ""),
            "source": sample.source,
            "path": files[0] if files else "",
        }
        return known

    def died(self, batch: Batch) -> tuple[list[Fingerprint], NDArray[np.uint8]]:
        """Results for the samples of a batch on which a worker died."""
        samples = batch.samples if isinstance(batch, ListBatch) else ()
        known = [self._known(sample) for sample in samples] or [
            {"id": f"batch {batch.key}", "label": "", "split": ""}
        ]
        error = CrashError("the worker process died on it")
        rows = np.zeros((len(known), self.n_values), np.uint8)
        return [Fingerprint(**one, error=error) for one in known], rows

    def _seen(self, sample: Sample, known: dict[str, Any]) -> tuple[Fingerprint, NDArray[np.uint8]]:
        if isinstance(sample.pixels, Broken):
            raise sample.pixels.error
        digest = hashlib.sha256()
        small: list[NDArray[np.uint8]] = []
        first: Frame | None = None
        frozen = True
        for frame in sample.frames():
            digest.update(str(frame.shape).encode())
            digest.update(np.ascontiguousarray(frame).data)
            frozen = frozen and (first is None or np.array_equal(first, frame))
            first = frame if first is None else first
            side = CLIP_SIDE if self.clips else self.side
            small.append(ops.resize(ops.to_gray(frame), (side, side)).ravel())
        if first is None:
            raise MissingError("has no frames", path=sample.source or sample.id)
        gray = ops.to_gray(first)
        found = Fingerprint(
            **known,
            sha256=digest.hexdigest(),
            size_hw=(first.shape[0], first.shape[1]),
            channels=first.shape[2],
            n_frames=len(small),
            mean=float(gray.mean()),
            deviation=float(gray.std()),
            sharpness=ops.sharpness(gray),
            frozen=frozen and len(small) > 1,
            n_poses=sum(sample.pixels.companion(k) is not None for k in range(len(small)))
            if self.clips
            else 0,
            notes=tuple(sample.pixels.notes()),
        )
        if not self.clips:
            return found, small[0]
        chosen = [small[(2 * k + 1) * len(small) // (2 * CLIP_FRAMES)] for k in range(CLIP_FRAMES)]
        return found, np.concatenate(chosen)
