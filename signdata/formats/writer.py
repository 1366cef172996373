"""What a writer is: it turns samples into pieces, and closes the output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from signdata.errors import DatasetError, UsageError
from signdata.formats.reader import DatasetInfo, PictureSummary, Reader
from signdata.row_blocks import RowBlock
from signdata.samples import Broken, Sample
from signdata.sidecars import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from signdata.formats.picture_options import PictureOptions
    from signdata.formats.sample_columns import SampleColumns


@dataclass(frozen=True, slots=True)
class EncodedItem:
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
        Whether it lies next to a picture and is none: neither counted nor digested.
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


@dataclass(frozen=True, slots=True)
class EncodedStills:
    """What is to be stored of stills that were read together, an entry for each.

    Attributes
    ----------
    data : list of bytes
        The bytes.
    paths : list of str
        Where they go, below the output's root; empty where the output is one file.
    contents : list of bytes
        What the manifest's digests are taken of, where that is not `data`.
    """

    data: list[bytes]
    paths: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LinkedStills:
    """What is to be stored of stills whose files stay as they are, an entry for each.

    Attributes
    ----------
    files : list of str
        The files to link to.
    paths : list of str
        Where the links go, below the output's root.
    """

    files: list[str]
    paths: list[str]


def values_of(frames: NDArray[np.uint8]) -> list[bytes]:
    """The values of each of several pictures, (N, H, W, C)."""
    values, size = frames.tobytes(), frames[0].size
    return [values[start : start + size] for start in range(0, len(values), size)]


@dataclass(frozen=True)
class OutputSummary:
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
    n_samples : int
        How many samples were stored.
    shards : callable
        Returns an iterator over the shards, for outputs that have some.
    blocks : callable
        Returns an iterator over the manifest's rows as columns, in the same order.
    """

    rows: Callable[[], Iterator[Row]]
    sizes: Callable[[], Iterator[list[int]]]
    classes: tuple[str, ...]
    columns: list[str]
    document: dict[str, Any]
    end: int
    n_samples: int
    shards: Callable[[], Iterator[ShardSum]] = lambda: iter(())
    blocks: Callable[[], Iterator[RowBlock]] = lambda: iter(())


@dataclass(frozen=True, slots=True)
class ShardSum:
    """What is recorded of a finished shard.

    Attributes
    ----------
    shard : str
        Its path below the output's root.
    samples, bytes : int
        How many samples it holds, and how long it is.
    sha256 : str
        Digest of its bytes.
    """

    shard: str
    samples: int
    bytes: int
    sha256: str


class SampleFiles(Protocol):
    """Where a worker puts the items of a batch, one sample after another."""

    def put(self, item: EncodedItem) -> bool:
        """Take one item; return False if it was copied although a link was requested."""
        ...

    def put_all(self, paths: Iterable[str], contents: Iterable[bytes]) -> None:
        """Take many items, each a sample of its own; never asked of a shard."""
        ...

    def finish(self, row: Row) -> Row:
        """All items of the sample with this row are there; return what is to be known of it."""
        ...

    def discard(self) -> None:
        """Drop what there is of an unfinished sample."""
        ...

    def close(self, *, whole: bool) -> ShardSum | None:
        """The batch is over, and all of it is there if `whole`; what is recorded of its file."""
        ...


def refuse_broken(sample: Sample) -> None:
    """Raise the error of a sample that is known to be unreadable.

    Writers ask before they look at its label or name, which may be what could not be read.
    """
    if isinstance(sample.pixels, Broken):
        raise sample.pixels.error


class Writer(ABC):
    """Stores samples. `encoded_items` runs in the workers, everything else in the parent.

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
    sharded : bool
        Whether each batch becomes a file, as `arrange` cuts them; see `signdata.formats.sharding`.
    """

    name: ClassVar[str]
    single_file: ClassVar[bool]
    holds: ClassVar[frozenset[str]]
    splits_are_folders: ClassVar[bool] = False
    sharded: ClassVar[bool] = False
    mixed_remedy: ClassVar[str] = (
        "Take one split with --split S, or split all again with split --pool."
    )

    @classmethod
    def create(cls, out: Path, pictures: PictureOptions, *, layout: str, split: str) -> Self:
        """Make the writer of an output; each takes what concerns it.

        Parameters
        ----------
        out : Path
            What will be written.
        pictures : PictureOptions
            How pictures are written.
        layout : str
            Layout of an HDF5 file: ``auto``, ``raw`` or ``encoded``.
        split : str
            The split that is written, '' for all samples.
        """
        raise UsageError(f"{cls.name} is not a target of its own")

    def arrange(self, reader: Reader) -> Reader:
        """The dataset in the batches in which it is to be stored; runs before anything else."""
        return reader

    def files(self, tree: str, key: str) -> SampleFiles | None:
        """Where a worker puts the items of the batch `key`; None for files of their own."""
        return None

    def check(self, info: DatasetInfo) -> None:
        """Raise `DatasetError` if the dataset cannot be held; runs before the first write."""
        if info.kind not in self.holds:
            raise DatasetError(
                f"{info.format} holds {info.kind}s; {self.name} holds only "
                f"{' and '.join(sorted(self.holds))}s",
                remedy="Choose another format with convert --to.",
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

    def loses_of(self, sample: Sample, n_frames: int) -> list[str]:
        """What next to the frames of a sample this format cannot hold; called once it is stored."""
        return []

    def prepare(self, summary: PictureSummary) -> None:  # noqa: B027 - most writers need none
        """Take notice of what the pictures have in common; called when `wants_picture_summary`."""

    @property
    def wants_picture_summary(self) -> bool:
        """Whether `prepare` should be called before the first write."""
        return False

    @abstractmethod
    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        """Yield what is to be stored for one sample.

        Raises
        ------
        UnsafeNameError
            If its label or name may not become a path component.
        DecodeError
            If its pixels cannot be read.
        """

    def takes_together(self, *, originals: bool) -> bool:
        """Whether `encoded_together` is worth asking.

        Parameters
        ----------
        originals : bool
            Whether the pictures are files whose bytes could be stored as they are.
        """
        return False

    def encoded_together(
        self, samples: SampleColumns, frames: NDArray[np.uint8]
    ) -> EncodedStills | None:
        """What `encoded_items` yields for each of some stills; None where each has to be asked for.

        Parameters
        ----------
        samples : SampleColumns
            What is known of the stills, each stored as one item.
        frames : ndarray
            Their pictures, (N, H, W, C) uint8.

        Neither `row_path` nor `meta` is asked then: a writer for which they matter gives None.

        Raises
        ------
        SigndataError
            If one cannot be stored; `encoded_items` is asked then, and tells which.
        """
        return None

    @property
    def links_together(self) -> bool:
        """Whether `linked_together` is worth asking."""
        return False

    def linked_together(self, samples: SampleColumns) -> LinkedStills | None:
        """What `encoded_items` yields for each of some stills; None where each has to be asked for.

        Each of the samples is all of one of the `files`, with nothing next to it, and becomes a
        hard link to it. Neither `row_path` nor `meta` is asked then.

        Raises
        ------
        SigndataError
            If one cannot be stored; `encoded_items` is asked then, and tells which.
        """
        return None

    def shard_of(self, path: str) -> str:
        """The shard that holds or names a sample at a path; '' where there are none."""
        return ""

    def row_path(self, piece_path: str) -> str:
        """What the manifest calls the place of a sample, given that of one of its pieces."""
        return piece_path

    def companions(self, path: str) -> tuple[str, ...]:
        """Where files may be that belong next to a sample stored at `path`, outside of it."""
        return ()

    def meta(self, sample: Sample, n_pieces: int) -> Row:
        """Further manifest columns that storing the sample gives rise to."""
        return {}

    def begin(self, tree: Path) -> tuple[Path, int]:
        """Start the one file of the output in `tree`; its path and where pieces go from.

        Called again when a broken run goes on; must then leave the file as it is.
        """
        raise UsageError(f"{self.name} is not one file")

    @abstractmethod
    def finish(self, tree: Path, finished: OutputSummary) -> None:
        """Write what describes the samples: sidecars, label arrays."""
