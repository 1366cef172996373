"""The contract of a format: a reader yields samples, a writer stores them.

A new format implements `Reader`, `Writer` or both in one module and gets one
line in the registry (`signdata.formats.registry`). Neither knows any other format.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self, TypeVar

from signdata.errors import DatasetError, UsageError
from signdata.labels import LabelSpace
from signdata.results import Problem
from signdata.samples import SPLITS, Broken, Sample
from signdata.sidecars import Row

T = TypeVar("T")

BATCH = 64
"""Samples in one unit of work."""


@dataclass(frozen=True)
class Survey:
    """What all pictures of a dataset have in common, from their headers.

    Attributes
    ----------
    size_hw : tuple of int or None
        Height and width, if every picture has the same.
    channels : int or None
        1 or 3, if every picture has the same number.
    lossless : bool
        Whether no picture is stored with loss (JPEG) or has values that 8-bit grey or RGB
        cannot hold, and none has to be decoded from a video.
    n_frames : int or None
        All pictures together; for stills, as many as samples.
    """

    size_hw: tuple[int, int] | None
    channels: int | None
    lossless: bool
    n_frames: int | None


@dataclass(frozen=True)
class DatasetInfo:
    """What a reader knows before it has read any pixel.

    Attributes
    ----------
    format : str
        Name of the format.
    kind : {'still', 'clip'}
        What its samples are.
    labels : LabelSpace
        Declared classes and source codes.
    n_samples : int or None
        How many samples there are, None when only reading tells.
    present : tuple of str
        Labels that are known to occur, sorted; empty when only reading tells.
    columns : tuple of str
        Manifest columns beyond the common ones.
    origin : mapping
        How the first file of a chain of conversions was spelled, so that the way back
        restores it, and in short what is known of the splits (`leak_certificate`). Carried
        along unread by formats that do not know it.
    notes : tuple of Problem
        What was seen in the dataset and is not a sample: junk, empty class folders.
    sources : tuple of mapping
        ``name``, ``sha256`` and more for each file or folder that was named.
    splits : tuple of str
        Splits that are known to occur, '' for samples without one.
    """

    format: str
    kind: str
    labels: LabelSpace = LabelSpace()
    n_samples: int | None = None
    present: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()
    sources: tuple[Mapping[str, Any], ...] = ()
    splits: tuple[str, ...] = ()

    @property
    def source_name(self) -> str:
        """What the dataset is called in an error."""
        return str(self.sources[0]["name"]) if self.sources else ""


def splits_of(samples: Iterable[Sample]) -> tuple[str, ...]:
    """Splits of the samples that can be read, '' for none, in the order of listings."""
    found = {sample.split for sample in samples if not isinstance(sample.pixels, Broken)}
    return tuple(sorted(found, key=("", *SPLITS).index))


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

    def of(self, sample: Sample) -> ListBatch:
        """One of the samples by itself."""
        return ListBatch(self.key, (sample,))

    @property
    def together(self) -> bool:
        """Whether its samples are best read by `each`: side by side, from one source."""
        return False

    def each(self, job: Callable[[Sample], T]) -> list[T]:
        """What `job` makes of each sample, in order; it reads the pixels of no other one."""
        return [job(sample) for sample in self.samples]


def chosen(samples: Iterable[Sample], split: str | None) -> Iterator[Sample]:
    """The samples of one split; of None, all."""
    return (sample for sample in samples if split is None or sample.split == split)


def list_batches(samples: Sequence[Sample], size: int = BATCH) -> Iterator[ListBatch]:
    """Cut a list of samples into batches of `size`."""
    for start in range(0, len(samples), size):
        yield ListBatch(str(start), tuple(samples[start : start + size]))


def divide(batch: Batch) -> list[Batch]:
    """Cut a batch into single samples where it can be, to find one that is at fault."""
    return list(batch.divide()) if isinstance(batch, ListBatch) else [batch]


class Reader(ABC):
    """A dataset on disk: iterable again and again, in the same order.

    Raises its errors as early as they can be known: the structure when it is made,
    a damaged picture when that sample's pixels are asked for.
    """

    name: ClassVar[str]
    risky: ClassVar[bool] = False
    """Whether decoding may take the process down, so that it must not be this one."""

    @property
    @abstractmethod
    def info(self) -> DatasetInfo:
        """What is known without reading pixels."""

    @abstractmethod
    def batches(self) -> Iterator[Batch]:
        """Yield the dataset in units of work."""

    def __iter__(self) -> Iterator[Sample]:
        for batch in self.batches():
            yield from batch

    def survey(self, split: str | None = None) -> Survey:
        """What the pictures, or those of one split, have in common.

        By default found by decoding all of them.
        """
        sizes, channels, n_frames = set(), set(), 0
        for sample in chosen(self, split):
            for frame in sample.frames():
                sizes.add(frame.shape[:2])
                channels.add(frame.shape[2])
                n_frames += 1
        return Survey(
            sizes.pop() if len(sizes) == 1 else None,
            channels.pop() if len(channels) == 1 else None,
            True,
            n_frames,
        )

    def locate(self, error: DatasetError) -> tuple[str, str]:
        """The file and the place in it that an error is about which names none.

        Such errors tell of a label or a name that cannot be written, or of all pictures.
        """
        return self.info.source_name, ""

    def close(self) -> None:  # noqa: B027 - most readers hold nothing open
        """Release what the reader holds open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes to be stored: one picture, or one row.

    Attributes
    ----------
    path : str
        Below the output's root, POSIX separators; '' where the output is one file.
    data : bytes
        The bytes, empty for a link.
    link : str
        A file to link to, or ''.
    symbolic : bool
        Whether the link is a symbolic one.
    content : bytes
        What the manifest's digest is taken of, where that is not `data`.
    companion : bool
        Whether it lies beside a picture and is none: neither counted nor digested.
    make : callable or None
        Writes the file at the path that it is given, where the bytes may be too many for `data`.
    """

    path: str
    data: bytes
    link: str = ""
    symbolic: bool = False
    content: bytes = b""
    companion: bool = False
    make: Callable[[str], None] | None = None


@dataclass(frozen=True)
class Finished:
    """All that a writer needs to close its output.

    Attributes
    ----------
    rows : callable
        Returns an iterator over the manifest's rows, in order; may be called again.
    sizes : callable
        Returns an iterator over each sample's piece lengths in bytes, in the same order.
    classes : tuple of str
        Class names in order.
    columns : list of str
        The manifest's columns.
    document : dict
        What goes into ``signdata.json``.
    end : int
        Where the appended bytes end, for outputs that are one file.
    """

    rows: Callable[[], Iterator[Row]]
    sizes: Callable[[], Iterator[list[int]]]
    classes: tuple[str, ...]
    columns: list[str]
    document: dict[str, Any]
    end: int
    n_samples: int


def refuse_broken(sample: Sample) -> None:
    """Raise the error of a sample that is known to be unreadable.

    Writers ask before they look at its label or name, which may be what could not be read.
    """
    if isinstance(sample.pixels, Broken):
        raise sample.pixels.error


class Writer(ABC):
    """Stores samples. `pieces` runs in the workers, everything else in the parent.

    Attributes
    ----------
    single_file : bool
        Whether the output is one file that grows in order, or a directory of many.
    holds : frozenset of str
        Kinds of sample it can hold: ``still``, ``clip``.
    splits_are_folders : bool
        Whether a sample without a split lies where other samples have their split's folder.
    mixed_remedy : str
        What to do about samples with and without a split where `splits_are_folders`.
    """

    name: ClassVar[str]
    single_file: ClassVar[bool]
    holds: ClassVar[frozenset[str]]
    splits_are_folders: ClassVar[bool] = False
    mixed_remedy: ClassVar[str] = (
        "Take one split with --split S, or split all anew with split --pool."
    )

    def check(self, info: DatasetInfo) -> None:
        """Raise `DatasetError` if the dataset cannot be held; runs before the first write."""
        if info.kind not in self.holds:
            raise DatasetError(
                f"{info.format} holds {info.kind}s; {self.name} holds only "
                f"{' and '.join(sorted(self.holds))}s",
                remedy="Choose another format with --to.",
            )
        if self.splits_are_folders and "" in info.splits and len(info.splits) > 1:
            raise DatasetError(
                "some samples have a split and others none; "
                f"{self.name} holds split folders or class folders, not both",
                remedy=self.mixed_remedy,
            )

    def loses(self, info: DatasetInfo) -> list[str]:
        """What of the dataset this format cannot say, one line each."""
        return []

    def survey(self, survey: Survey) -> None:  # noqa: B027 - most writers need none
        """Take notice of what the pictures have in common; called when `wants_survey`."""

    @property
    def wants_survey(self) -> bool:
        """Whether `survey` should be called before the first write."""
        return False

    @abstractmethod
    def pieces(self, sample: Sample) -> Iterator[Piece]:
        """Yield what is to be stored for one sample.

        Raises
        ------
        UnsafeNameError
            If its label or name may not become a path component.
        DecodeError
            If its pixels cannot be read.
        """

    def row_path(self, piece_path: str) -> str:
        """What the manifest calls the place of a sample, given that of one of its pieces."""
        return piece_path

    def meta(self, sample: Sample, n_pieces: int) -> Row:
        """Further manifest columns that storing the sample gives rise to."""
        return {}

    def begin(self, tree: Path) -> tuple[Path, int]:
        """Start the one file of the output in `tree`; its path and where pieces go from.

        Called again when a broken run goes on; must then leave the file as it is.
        """
        raise UsageError(f"{self.name} is not one file")

    @abstractmethod
    def finish(self, tree: Path, finished: Finished) -> None:
        """Write what describes the samples: sidecars, label arrays."""
