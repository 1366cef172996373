"""Shards: a dataset cut into a few large files, which formats of shards share.

::

    ROOT/data/train-00000-of-00016.SUFFIX
    ROOT/shards.csv                         shard,samples,bytes,sha256

Where shards are cut follows from the order of the source and from sizes that are known before
anything is decoded. So it depends neither on workers nor on what fails: a sample that cannot be
read leaves its shard shorter, and no other sample moves.

A shard is a batch: one worker writes it whole, under a temporary name, and a run that was killed
goes on with the shards that it lacks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from signdata.errors import DatasetError, UsageError
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import DatasetInfo, Reader
from signdata.formats.views import ReaderView
from signdata.labels import LabelSpace
from signdata.samples import SPLITS, Broken, Sample
from signdata.sidecars import SHARD_KEY

S = TypeVar("S", bound="Shard")

FOLDER = "data"
"""Where shards are, below the root."""

MEGABYTES = 512
"""Size of a shard that the number of shards aims at."""

FEWEST = 16
"""Shards of a split, where it has as many samples: each reader of a training needs its own."""

SPLIT_WORDS = {"": "train", "train": "train", "val": "validation", "test": "test"}
"""What a split is called in the names of shards, as the Hugging Face Hub expects it.

A dataset without splits is one of training samples there.
"""

KEY = "{:09d}"
"""A sample's key: its number in the source, from 0. An id may hold dots, which tars cut at."""


@dataclass(frozen=True)
class ShardOptions:
    """How many shards there are.

    Attributes
    ----------
    shards : int or None
        Shards of each split; by default as many as their size asks for, and at least `FEWEST`.
    shard_size : int
        Megabytes of a shard, about.
    """

    shards: int | None = None
    shard_size: int = MEGABYTES

    def __post_init__(self) -> None:
        if self.shards is not None and not 1 <= self.shards <= MOST:
            raise UsageError(f"shards {self.shards}; expected 1 to {MOST:,}")
        if self.shard_size < 1:
            raise UsageError(f"shard size {self.shard_size}; expected a number of MB from 1")

    def number(self, n_samples: int, n_bytes: int) -> int:
        """Shards of a split with so many samples, of so many bytes together."""
        wanted = self.shards or max(FEWEST, -(-n_bytes // (self.shard_size * 1_000_000)))
        return max(1, min(n_samples, wanted, MOST))


MOST = 99_999
"""Shards that a name has digits for."""


def shard_name(split: str, number: int, n_shards: int, suffix: str) -> str:
    """Path of a shard below the root."""
    return f"{FOLDER}/{SPLIT_WORDS[split]}-{number:05d}-of-{n_shards:05d}{suffix}"


def even_cuts(n: int, n_parts: int) -> list[range]:
    """Ranges that `n` things are cut into, whose lengths differ by one at most."""
    return [range(i * n // n_parts, (i + 1) * n // n_parts) for i in range(n_parts)]


@dataclass(frozen=True)
class Shard(ABC):
    """The samples of one shard, each with its key in the column `SHARD_KEY`.

    Attributes
    ----------
    key : str
        Path of the shard below the root.
    careful : bool
        Whether a worker has died of it, so that the sample at fault is to be found.
    """

    key: str
    careful: bool = field(default=False, kw_only=True)

    @property
    @abstractmethod
    def n_samples(self) -> int:
        """How many samples it has, whether or not they can be read."""

    @abstractmethod
    def __iter__(self) -> Iterator[Sample]: ...

    def with_care(self: S) -> S:
        """The shard once more, in search of the sample of which a worker has died."""
        return self if self.careful else replace(self, careful=True)


@dataclass(frozen=True)
class ListShard(Shard, ListBatch):
    """A shard whose samples are known by name."""

    numbers: Sequence[int] = ()

    @property
    def n_samples(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        for number, sample in zip(self.numbers, self.samples, strict=True):
            yield _keyed(sample, number)


@dataclass(frozen=True)
class BlockShard(Shard):
    """A shard whose samples are read with others: some of those of a few batches.

    Attributes
    ----------
    blocks : sequence of (Batch, int, frozenset of int)
        Batches, the number of the first sample of each, and the numbers that are taken.
    """

    blocks: Sequence[tuple[Batch, int, frozenset[int]]] = ()

    @property
    def n_samples(self) -> int:
        return sum(len(taken) for _, _, taken in self.blocks)

    def __iter__(self) -> Iterator[Sample]:
        for batch, first, taken in self.blocks:
            for number, sample in enumerate(batch, first):
                if number in taken:
                    yield _keyed(sample, number)


def _keyed(sample: Sample, number: int) -> Sample:
    return replace(sample, meta={**sample.meta, SHARD_KEY: KEY.format(number)})


class ShardedReader(ReaderView):
    """Another dataset, a batch for each shard: split by split, each in the order of the source.

    Parameters
    ----------
    reader : Reader
        The dataset.
    options : ShardOptions
        How many shards there are.
    suffix : str
        How shards are called.

    Raises
    ------
    DatasetError
        If some samples have a split and others none.
    """

    name = "sharded"

    def __init__(self, reader: Reader, options: ShardOptions, suffix: str) -> None:
        super().__init__(reader)
        plan = _Plan(reader)
        self._shards = tuple(plan.shards(options, suffix))
        # All of them, read or not: the numbers of labels are written before the last is read.
        classes = reader.info.labels.order(plan.present)
        labels = LabelSpace(classes, reader.info.labels.codes)
        self._info = replace(
            reader.info,
            labels=labels,
            n_samples=plan.n_samples,
            present=tuple(sorted(plan.present)),
        )

    @property
    def info(self) -> DatasetInfo:
        return self._info

    def batches(self) -> Iterator[Batch]:
        return iter(self._shards)


class _Plan:
    """What is known of a dataset before it is cut: batches, splits and sizes."""

    def __init__(self, reader: Reader) -> None:
        self.present: set[str] = set()
        self._batches: list[tuple[Batch, int]] = []
        self._numbers: dict[str, array[int]] = {}
        self._bytes: dict[str, int] = {}
        self.n_samples = 0
        unsized = 0
        broken: list[int] = []
        split: str | None = None
        for batch in reader.batches():
            self._batches.append((batch, self.n_samples))
            for number, sample in enumerate(batch, self.n_samples):
                self.n_samples += 1
                if isinstance(sample.pixels, Broken):
                    if split is None:
                        broken.append(number)  # until one is read that has a split
                        continue
                else:
                    split = sample.split
                    self.present.add(sample.label)
                size = sample.pixels.size_hint()
                unsized += not size
                self._numbers.setdefault(split, array("q")).append(number)
                self._bytes[split] = self._bytes.get(split, 0) + size
        if broken:
            first = self._numbers.setdefault(split or "", array("q"))
            self._numbers[split or ""] = array("q", sorted([*broken, *first]))
        if "" in self._numbers and len(self._numbers) > 1:
            raise DatasetError(
                "some samples have a split and others none; shards belong to a split, or none does",
                remedy="Take one split with --split S, or split all again with split --pool.",
            )
        # Of samples inside a file, such as the rows of a CSV, the file's size is known.
        self._each_unsized = _size_of_files(reader) // max(1, self.n_samples) if unsized else 0

    def shards(self, options: ShardOptions, suffix: str) -> Iterator[Shard]:
        """The shards, in the order in which they are listed."""
        listed = all(isinstance(batch, ListBatch) for batch, _ in self._batches)
        samples: list[Sample] = []
        if listed:
            for batch, _ in self._batches:
                samples.extend(batch)
        for split in ("", *SPLITS):
            numbers = self._numbers.get(split)
            if numbers is None:
                continue
            size = self._bytes.get(split, 0) or self._each_unsized * len(numbers)
            cuts = even_cuts(len(numbers), options.number(len(numbers), size))
            for i, cut in enumerate(cuts):
                mine = numbers[cut.start : cut.stop]
                key = shard_name(split, i, len(cuts), suffix)
                if listed:
                    yield ListShard(key, tuple(samples[number] for number in mine), mine)
                else:
                    yield BlockShard(key, tuple(self._blocks_of(mine)))

    def _blocks_of(self, numbers: array[int]) -> Iterator[tuple[Batch, int, frozenset[int]]]:
        """The batches in which these samples are, and which of each."""
        wanted = 0
        for place, (batch, first) in enumerate(self._batches):
            end = self._batches[place + 1][1] if place + 1 < len(self._batches) else self.n_samples
            start = wanted
            while wanted < len(numbers) and numbers[wanted] < end:
                wanted += 1
            if wanted > start:
                yield batch, first, frozenset(numbers[start:wanted])


def _size_of_files(reader: Reader) -> int:
    return sum(path.stat().st_size for path in reader.inputs if path.is_file())
