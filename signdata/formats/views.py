"""Readers around a reader: some of its samples, or its samples changed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from signdata.errors import DatasetError, UsageError
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import DatasetInfo, PictureSummary, Reader
from signdata.results import Problem
from signdata.samples import SPLITS, Sample

_STAYS = ("_reader", "_numbered", "outline", "info")


class ReaderView(Reader):
    """Another dataset, seen differently."""

    name = "view"

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.inputs = reader.inputs
        self.self_contained = reader.self_contained  # type: ignore[misc]  # the same
        self.risky = reader.risky  # type: ignore[misc]  # of the dataset that is read
        self.harmless = reader.harmless  # type: ignore[misc]

    def __getstate__(self) -> dict[str, Any]:
        """What goes to a worker with `describe` or `takes`: nothing of the dataset itself."""
        return {name: value for name, value in vars(self).items() if name not in _STAYS}

    def locate(self, error: DatasetError) -> tuple[str, str]:
        return self._reader.locate(error)

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return self._reader.picture_summary(split)

    def damage(self, workers: int | None) -> list[Problem]:
        return self._reader.damage(workers)

    def close(self) -> None:
        self._reader.close()


class MappedReader(ReaderView):
    """Another dataset, each of its samples changed by `describe`."""

    @abstractmethod
    def describe(self, sample: Sample) -> Sample:
        """The sample as it is seen."""

    def batches(self) -> Iterator[Batch]:
        for batch in self._reader.batches():
            if isinstance(batch, ListBatch):
                yield batch.of(map(self.describe, batch.samples))
            else:
                yield MappedBatch(batch, self.describe)


class FilteredReader(ReaderView):
    """Some samples of another dataset."""

    @abstractmethod
    def takes(self, sample: Sample) -> bool:
        """Whether a sample is one of them."""

    def batches(self) -> Iterator[Batch]:
        for batch in self._reader.batches():
            if isinstance(batch, ListBatch):
                mine = tuple(sample for sample in batch.samples if self.takes(sample))
                if mine:
                    yield batch.of(mine)
            else:
                yield FilteredBatch(batch, self.takes)

    @cached_property
    def outline(self) -> tuple[Sample, ...]:
        return tuple(filter(self.takes, self._reader.outline))

    @cached_property
    def info(self) -> DatasetInfo:
        info = self._reader.info
        n, present, splits = 0, set(), set()
        for sample in self.outline:
            n += 1
            present.add(sample.label)
            splits.add(sample.split)
        return replace(
            info,
            n_samples=n,
            present=tuple(sorted(present)) if info.present else (),
            splits=tuple(split for split in ("", *SPLITS) if split in splits),
        )


class Only(FilteredReader):
    """The samples of one split of another dataset."""

    def __init__(self, reader: Reader, split: str) -> None:
        if split not in SPLITS:
            raise UsageError(f"split {split!r}; expected one of {', '.join(SPLITS)}")
        super().__init__(reader)
        self._split = split

    def takes(self, sample: Sample) -> bool:
        return sample.split == self._split

    @property
    def classes(self) -> tuple[str, ...]:
        return self._reader.classes

    @cached_property
    def info(self) -> DatasetInfo:
        info = super().info
        if not info.n_samples:
            raise DatasetError(
                f"no sample in split {self._split!r}", path=str(info.sources[0]["name"])
            )
        left_out = tuple(one for one in info.left_out if one.where == self._split)
        return replace(info, splits=(self._split,), left_out=left_out)

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        if split not in (None, self._split):
            return PictureSummary(None, None, True, 0)
        return self._reader.picture_summary(self._split)


class Without(FilteredReader):
    """Another dataset without some of its samples.

    Parameters
    ----------
    reader : Reader
        The dataset.
    ids : iterable of str
        What is left out.
    n_frames : int, optional
        Pictures that all the others have; counted by default where samples are stills.
    """

    def __init__(self, reader: Reader, ids: Iterable[str], n_frames: int | None = None) -> None:
        super().__init__(reader)
        self._ids = frozenset(ids)
        self._n_frames = n_frames

    def takes(self, sample: Sample) -> bool:
        return sample.id not in self._ids

    @cached_property
    def info(self) -> DatasetInfo:
        return replace(super().info, splits=self._reader.info.splits)

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        n_frames = self._n_frames
        if n_frames is None and self.info.kind == "still":
            n_frames = self.info.n_samples
        summary = self._reader.picture_summary(split)
        return replace(summary, n_frames=n_frames if split is None else None)


@dataclass(frozen=True)
class FilteredBatch:
    """Some samples of a batch."""

    batch: Batch
    takes: Callable[[Sample], bool]

    @property
    def key(self) -> str:
        return self.batch.key

    def __iter__(self) -> Iterator[Sample]:
        return filter(self.takes, self.batch)


@dataclass(frozen=True)
class MappedBatch:
    """A batch whose samples are described as they are read."""

    batch: Batch
    describe: Callable[[Sample], Sample]

    @property
    def key(self) -> str:
        return self.batch.key

    def __iter__(self) -> Iterator[Sample]:
        return map(self.describe, self.batch)
