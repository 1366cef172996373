"""Samples by their number, for people who look into a dataset here and there."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from signdata.formats.batches import Batch, ListBatch
from signdata.samples import Sample


class Numbered:
    """The samples of a dataset by number.

    A batch that lists its samples is not read to be counted. Of the others the batches up to the
    one that holds a sample are read when it is asked for, once; the last one is kept.

    Parameters
    ----------
    batches : iterable of Batch
        Of the whole dataset, in order.
    """

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._rest: Iterator[Batch] = iter(batches)
        self._batches: list[Batch] = []
        self._ends: list[int] = []
        self._last: tuple[int, tuple[Sample, ...]] = (-1, ())

    def __len__(self) -> int:
        while self._more():
            pass
        return self._end

    def __getitem__(self, number: int) -> Sample:
        """The sample of a number from 0; `IndexError` where there is none."""
        while number >= self._end:
            if not self._more():
                raise IndexError(f"sample {number} of {self._end:,}")
        at = bisect_right(self._ends, number)
        return self._samples(at)[number - (self._ends[at - 1] if at else 0)]

    def per_batch(self) -> list[int]:
        """How many samples each batch has."""
        n = len(self)
        return [end - start for start, end in itertools.pairwise([0, *self._ends])] if n else []

    @property
    def _end(self) -> int:
        return self._ends[-1] if self._ends else 0

    def _more(self) -> bool:
        """Count one more batch; whether there was one."""
        batch = next(self._rest, None)
        if batch is None:
            return False
        self._batches.append(batch)
        self._ends.append(self._end + len(self._samples(len(self._batches) - 1)))
        return True

    def _samples(self, at: int) -> tuple[Sample, ...]:
        batch = self._batches[at]
        if isinstance(batch, ListBatch):
            return batch.samples
        if self._last[0] != at:
            self._last = (at, tuple(batch))
        return self._last[1]
