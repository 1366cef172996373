"""Checksums of samples, computed in workers and sent back as columns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from signdata.errors import SigndataError
from signdata.filesystem import reading
from signdata.formats.batch_jobs import run_batches
from signdata.formats.batches import Batch, ListBatch, runs
from signdata.formats.reader import Reader
from signdata.options import ProgressCallback
from signdata.samples import Frame, Pixels, Sample
from signdata.workers.cluster import Shared

LENGTH = 32
"""Bytes of a SHA-256."""

NONE = bytes(LENGTH)

DIED = "the worker process died on it"


@dataclass
class Digests:
    """The checksums of some samples.

    Attributes
    ----------
    ids : list of str
    digests : bytearray
        32 bytes each; zeros where one could not be read.
    errors : dict
        Why some of them, by place, could not be read: what is wrong, and its kind.
    labels, splits : list of str
        Where they were asked for.
    """

    ids: list[str] = field(default_factory=list)
    digests: bytearray = field(default_factory=bytearray)
    errors: dict[int, tuple[str, str]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, sample_id: str, digest: bytes, error: SigndataError | None = None) -> None:
        """Add a sample; `error` if it cannot be read."""
        if error is not None:
            self.errors[len(self.ids)] = (str(error), error.kind)
        self.ids.append(sample_id)
        self.digests += digest

    @classmethod
    def failed(cls, sample_id: str, what: str, kind: str = "corrupt") -> Digests:
        """Those of a sample, or of a batch, that could not be read."""
        return cls([sample_id], bytearray(NONE), {0: (what, kind)}, [""], [""])


class _Digest(Protocol):
    """How the checksum of a sample is computed."""

    def alike(self, pixels: type[Pixels]) -> bool:
        """Whether it can be computed of frames that were read together."""

    def of_frame(self, frame: Frame) -> bytes:
        """That of a still."""

    def of_sample(self, sample: Sample) -> bytes:
        """That of any sample; raises `SigndataError` if it cannot be read."""


@dataclass(frozen=True)
class OfPixels:
    """Checksums of shapes and pixels, whatever they are stored as."""

    def alike(self, pixels: type[Pixels]) -> bool:
        return pixels.reads_together

    def of_frame(self, frame: Frame) -> bytes:
        return hashlib.sha256(f"{frame.shape}".encode() + frame.tobytes()).digest()

    def of_sample(self, sample: Sample) -> bytes:
        digest = hashlib.sha256()
        for frame in sample.frames():
            digest.update(f"{frame.shape}".encode())
            digest.update(frame.tobytes())
        return digest.digest()


@dataclass(frozen=True)
class OfStoredBytes:
    """Checksums of what is stored of samples, as a manifest records them.

    Attributes
    ----------
    as_files : bool
        Whether a file that holds a single sample is read without decoding it.
    """

    as_files: bool

    def alike(self, pixels: type[Pixels]) -> bool:
        return (
            pixels.reads_together
            and pixels.encoded is Pixels.encoded
            and pixels.stored is Pixels.stored
        )

    def of_frame(self, frame: Frame) -> bytes:
        return hashlib.sha256(frame.tobytes()).digest()

    def of_sample(self, sample: Sample) -> bytes:
        digest = hashlib.sha256()
        file = sample.pixels.stored() if self.as_files else None
        for data in file or _stored_bytes(sample):
            digest.update(data)
        return digest.digest()


def _stored_bytes(sample: Sample) -> Iterable[bytes]:
    originals = sample.pixels.encoded()
    if originals is not None:
        return (picture.data for picture in originals)
    return (frame.tobytes() for frame in sample.frames())


@dataclass(frozen=True)
class _OfBatch:
    """Computes the checksums of a batch; runs in a worker."""

    how: _Digest
    described: bool

    def __call__(self, batch: Batch) -> Digests:
        found = Digests()
        try:
            with reading(f"batch {batch.key}"):
                for samples in runs(batch):
                    self._add(samples, found)
                    if self.described:
                        found.labels += [sample.label for sample in samples]
                        found.splits += [sample.split for sample in samples]
        except SigndataError as err:
            return Digests.failed(batch.key, str(err), err.kind)
        return found

    def _add(self, samples: Sequence[Sample], found: Digests) -> None:
        frames = self._together(samples)
        if frames is not None:
            for sample, frame in zip(samples, frames, strict=True):
                found.add(sample.id, self.how.of_frame(frame))
            return
        for sample in samples:
            try:
                with reading(sample.source or sample.id):
                    found.add(sample.id, self.how.of_sample(sample))
            except SigndataError as err:
                found.add(sample.id, NONE, err)

    def _together(self, samples: Sequence[Sample]) -> NDArray[np.uint8] | None:
        """The pictures of stills that can be read together; None where each is read alone."""
        kind = type(samples[0].pixels)
        if not self.how.alike(kind):
            return None
        try:
            stills = kind.together([sample.pixels for sample in samples])
        except (SigndataError, OSError, MemoryError):  # told when each is read alone
            return None
        return None if stills is None else stills.frames


T = TypeVar("T")


def digests_of(
    reader: Reader,
    how: _Digest,
    workers: int | None,
    progress: ProgressCallback | None,
    *,
    described: bool = False,
) -> Iterator[Digests]:
    """Yield the checksums of all samples in order, some at a time.

    Parameters
    ----------
    described : bool
        Whether labels and splits are wanted, too.
    """
    done = 0
    job: Callable[[Batch], Digests] = _OfBatch(how, described)
    results = run_batches(
        job,
        reader.batches(),
        workers,
        died=lambda batch: Digests.failed(_name(batch), DIED),
        risky=reader.risky,
        shared=Shared(reader.inputs),
    )
    with closing(results) as all_results:
        for _, parts in all_results:
            for found in parts:
                yield found
                done += len(found)
            if progress:
                progress(done, reader.info.n_samples)


def _name(batch: Batch) -> str:
    if isinstance(batch, ListBatch) and len(batch.samples) == 1:
        return batch.samples[0].id
    return f"batch {batch.key}"
