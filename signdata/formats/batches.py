"""Batches: samples that are read together by one worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from signdata.samples import Sample

BATCH = 64
"""Samples in one unit of work."""


class Batch(Protocol):
    """Some samples that are read together: the unit of work. Picklable, light."""

    @property
    def key(self) -> str:
        """Names the batch within its dataset, the same in every run."""
        ...

    def __iter__(self) -> Iterator[Sample]: ...


@dataclass(frozen=True)
class ListBatch:
    """A batch whose samples are known by name before their pixels are read."""

    key: str
    samples: tuple[Sample, ...]

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def without(self, ids: Iterable[str]) -> ListBatch:
        """The samples that are not among `ids`."""
        done = set(ids)
        return replace(self, samples=tuple(s for s in self.samples if s.id not in done))

    def divide(self) -> list[ListBatch]:
        """One batch a sample."""
        return [ListBatch(f"{self.key}/{s.id}", (s,)) for s in self.samples]


@runtime_checkable
class WholeBatch(Batch, Protocol):
    """A batch that is stored as one file, and so cannot be divided."""

    @property
    def careful(self) -> bool:
        """Whether a worker has died of it, so that the sample at fault is to be found."""
        ...

    def with_care(self) -> Batch:
        """The same batch, `careful`; itself if it is already."""
        ...


def samples_of_split(samples: Iterable[Sample], split: str | None) -> Iterator[Sample]:
    """The samples of one split; of None, all."""
    return (sample for sample in samples if split is None or sample.split == split)


def runs(batch: Batch) -> Iterator[list[Sample]]:
    """The samples of a batch in order: those that follow each other and can be read together."""
    run: list[Sample] = []
    for sample in batch:
        kind = type(sample.pixels)
        if run and not (kind.reads_together and kind is type(run[0].pixels)):
            yield run
            run = []
        run.append(sample)
    if run:
        yield run


def list_batches(samples: Sequence[Sample], size: int = BATCH) -> Iterator[ListBatch]:
    """Cut a list of samples into batches of `size`."""
    for start in range(0, len(samples), size):
        yield ListBatch(str(start), tuple(samples[start : start + size]))


def divide(batch: Batch) -> list[Batch]:
    """What to try in place of a batch that kills its worker, to find the sample at fault.

    Its samples, each on its own; a batch that becomes one file, once more with care; the batch
    itself, if nothing else is left to try.
    """
    if isinstance(batch, WholeBatch):
        return [batch.with_care()]
    if not isinstance(batch, ListBatch) or len(batch.samples) == 1:
        return [batch]
    return list(batch.divide())
