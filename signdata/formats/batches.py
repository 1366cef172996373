"""Batches: samples that are read together by one worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, overload, runtime_checkable

from signdata.formats.sample_columns import SampleColumns
from signdata.samples import Sample, Stills

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
        return self.of(s for s in self.samples if s.id not in done)

    def of(self, samples: Iterable[Sample]) -> ListBatch:
        """A batch of the same key with other samples."""
        return ListBatch(self.key, tuple(samples))

    def divide(self) -> list[ListBatch]:
        """One batch a sample."""
        return [ListBatch(f"{self.key}/{s.id}", (s,)) for s in self.samples]


class SampleRange(Sequence[Sample]):
    """Samples that are made when they are asked for, and not kept.

    Parameters
    ----------
    n : int
        How many there are.
    make : callable
        Makes those from one index up to another.
    """

    def __init__(self, n: int, make: Callable[[int, int], list[Sample]]) -> None:
        self._n, self._make = n, make

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, place: int) -> Sample: ...

    @overload
    def __getitem__(self, place: slice) -> list[Sample]: ...

    def __getitem__(self, place: int | slice) -> Sample | list[Sample]:
        if isinstance(place, slice):
            start, stop, _ = place.indices(self._n)
            return self._make(start, stop)
        if not 0 <= place < self._n:
            raise IndexError(place)
        return self._make(place, place + 1)[0]

    def __iter__(self) -> Iterator[Sample]:
        for start in range(0, self._n, BATCH):
            yield from self[start : start + BATCH]


class BatchOfRange(ListBatch):
    """A batch that has no samples of its own, only where they begin and end among all.

    A forked worker, which has inherited them all, makes them; one that has not is sent them.
    """

    def __init__(self, samples: Sequence[Sample], start: int, stop: int) -> None:
        object.__setattr__(self, "key", str(start))
        object.__setattr__(self, "_range", (samples, start, stop))

    @property
    def range(self) -> tuple[Sequence[Sample], int, int]:
        """All samples, and where among them those of the batch begin and end."""
        found: tuple[Sequence[Sample], int, int] = self.__dict__["_range"]
        return found

    @property
    def samples(self) -> tuple[Sample, ...]:
        every, start, stop = self.range
        return tuple(every[start:stop])

    def __reduce__(self) -> tuple[Any, ...]:
        return ListBatch, (self.key, self.samples)


@runtime_checkable
class ColumnBatch(Batch, Protocol):
    """A batch that can be read together before any `Sample` of it is made."""

    @property
    def has_originals(self) -> bool:
        """Whether its pictures are files, which a writer may store as they are."""
        ...

    def together(self) -> tuple[SampleColumns, Stills] | None:
        """All samples and their pictures; None where each has to be read on its own."""
        ...


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


def runs(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    """Samples in order: those that follow each other and can be read together."""
    run: list[Sample] = []
    for sample in samples:
        kind = type(sample.pixels)
        if run and not (kind.reads_together and kind is type(run[0].pixels)):
            yield run
            run = []
        run.append(sample)
    if run:
        yield run


def list_batches(
    samples: Sequence[Sample], size: int = BATCH, kind: type[BatchOfRange] = BatchOfRange
) -> Iterator[ListBatch]:
    """Cut samples into batches of `size`, which take their samples when they are asked for them."""
    for start in range(0, len(samples), size):
        yield kind(samples, start, min(start + size, len(samples)))


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
