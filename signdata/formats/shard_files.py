"""Writing shards: the file of one, and the list of all of them."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from signdata import sidecars
from signdata.errors import FormatError, MissingError, SigndataError
from signdata.filesystem import (
    own_folder,
    path_below,
    reading,
    unique_name,
    write_all,
    write_file,
    writing,
)
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import Reader
from signdata.formats.sharding import ShardedReader
from signdata.formats.writer import OutputSummary, SampleFiles, ShardSum, Writer
from signdata.results import NOTE, Problem
from signdata.samples import Broken, Sample
from signdata.workers.pool import n_workers

COLUMNS = ("shard", "samples", "bytes", "sha256")
"""The columns of ``shards.csv``."""

LONGEST_NAME = 255
"""Bytes of a path in a list: file systems have no longer names."""

AT_ONCE = 1 << 20
"""Bytes that are written at once."""


class ShardFile:
    """A shard that is being written under a temporary name; digested as it grows.

    Parameters
    ----------
    root : str
        The tree that it will be in. It must exist.
    shard : str
        Its path below the root.
    """

    def __init__(self, root: str, shard: str) -> None:
        self.shard = shard
        self._path = f"{root}/{shard}"
        folder = shard.rpartition("/")[0]
        with writing(self._path):
            own_folder(root, folder)
            self._staged = os.path.join(root, folder, unique_name(os.path.splitext(shard)[1]))
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._file = os.open(self._staged, flags, 0o666)
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._length = 0
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append bytes; return how many."""
        data = memoryview(data).cast("B")
        self._waiting += data
        self._length += len(data)
        if len(self._waiting) >= AT_ONCE:
            self._write_waiting()
        return len(data)

    def _write_waiting(self) -> None:
        with writing(self._path):
            write_all(self._file, self._waiting)
        self._digest.update(self._waiting)
        self._waiting.clear()

    def tell(self) -> int:
        """How long the file is."""
        return self._length

    def keep(self, n_samples: int) -> ShardSum:
        """Give the file its name, in one step; return what is to be recorded of it."""
        self._write_waiting()
        with writing(self._path):
            os.close(self._file)
            self.closed = True
            os.replace(self._staged, self._path)
        return ShardSum(self.shard, n_samples, self._length, self._digest.hexdigest())

    def drop(self) -> None:
        """Remove the file."""
        if not self.closed:
            self.closed = True
            with contextlib.suppress(OSError):
                os.close(self._file)
                os.unlink(self._staged)


class ShardWriter(Writer):
    """A writer of a format of shards: a folder of them, with sidecars at its root.

    A subclass says in `files` how a shard is written, and calls `write_sidecars` in `finish`.

    Parameters
    ----------
    options : PictureOptions
        How pictures are written, and how many shards there are.

    Attributes
    ----------
    suffix : str
        How shards are called.
    classes : tuple of str
        Class names in order, known once the dataset is arranged.
    keeps_videos : bool
        Whether clips are stored as the videos that they are: all of them or none, because what
        reads shards wants the same of every sample. Known once the dataset is arranged.
    """

    single_file = False
    sharded = True
    splits_are_folders = True
    suffix: str

    def __init__(self, options: PictureOptions = PictureOptions()) -> None:
        self._options = options
        self.classes: tuple[str, ...] = ()
        self.keeps_videos = False

    @classmethod
    def create(cls, out: Path, pictures: PictureOptions, *, layout: str, split: str) -> Self:
        return cls(pictures)

    def arrange(self, reader: Reader) -> Reader:
        arranged = ShardedReader(reader, self._options.shards, self.suffix)
        self.classes = arranged.info.labels.classes
        self.keeps_videos = (
            arranged.info.kind == "clip"
            and self._options.image_format is None
            and all(
                isinstance(sample.pixels, Broken) or sample.pixels.whole_file_suffix()
                for sample in arranged
            )
        )
        return arranged

    def video_suffix(self, sample: Sample) -> str:
        """The suffix of the video that is stored as it is, '' where pictures are stored."""
        return sample.pixels.whole_file_suffix() if self.keeps_videos else ""

    def shard_of(self, path: str) -> str:
        return path

    @abstractmethod
    def files(self, tree: str, key: str) -> SampleFiles:
        """Where a worker puts the samples of the shard `key`."""


def write_sidecars(tree: Path, finished: OutputSummary) -> None:
    """Write the manifest, the class list, the list of shards and the document."""
    sidecars.write_blocks(tree / sidecars.MANIFEST, finished.columns, finished.blocks())
    classes = "".join(f"{name}\n" for name in finished.classes)
    write_file(tree / sidecars.CLASSES, classes.encode())
    write_sums(tree / sidecars.SHARDS, finished.shards())
    write_file(tree / sidecars.DOCUMENT, sidecars.dump_document(finished.document))


def write_sums(path: Path, sums: Iterable[ShardSum]) -> None:
    """Write ``shards.csv``."""
    lines = [
        ",".join(COLUMNS),
        *(f"{one.shard},{one.samples},{one.bytes},{one.sha256}" for one in sums),
    ]
    write_file(path, "".join(f"{line}\n" for line in lines).encode())


def read_sums(path: Path) -> Iterator[ShardSum]:
    """Yield what ``shards.csv`` lists.

    Raises
    ------
    FormatError
        If it is no such list.
    """
    seen: set[str] = set()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except (OSError, UnicodeDecodeError) as err:
        raise FormatError(f"cannot be read ({err})", path=path) from err
    rows = csv.reader(text.splitlines())
    header = next(rows, [])
    if tuple(header) != COLUMNS:
        raise FormatError(f"expected {','.join(COLUMNS)}", path=path, where="line 1")
    for row in rows:
        where = f"line {rows.line_num}"
        try:
            shard, samples, length, sha256 = row
            one = ShardSum(shard, int(samples), int(length), sha256)
        except ValueError as err:
            raise FormatError(
                f"no shard, samples, bytes, sha256 ({err})", path=path, where=where
            ) from err
        if shard in seen or not is_below(shard):
            fault = "appears twice" if shard in seen else "is not below the dataset"
            raise FormatError(f"shard {shard!r} {fault}", path=path, where=where)
        seen.add(shard)
        yield one


class ShardFaults:
    """What is wrong with the shards of a dataset, by ``shards.csv``.

    Programs that read tars or Parquet of others do not notice a shard that is cut between two
    samples, is missing or belongs elsewhere.

    Parameters
    ----------
    root : Path
        The dataset.

    Attributes
    ----------
    sums : dict
        What is recorded of each shard, by its path below the root.
    extra : list of str
        Files next to the shards that are named like them, and not listed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.sums = {one.shard: one for one in read_sums(root / sidecars.SHARDS)}
        self._errors: dict[str, SigndataError | None] = {}
        self._n_listed: Counter[str] | None = None
        folders = {shard.rpartition("/")[0] for shard in self.sums}
        suffixes = {os.path.splitext(shard)[1] for shard in self.sums}
        self.extra = sorted(
            path_below(file, root)
            for folder in folders
            for file in (root / folder).glob("*")
            if file.suffix in suffixes and path_below(file, root) not in self.sums
        )

    def error_of(self, shard: str) -> SigndataError | None:
        """Why a shard cannot be read, as far as its name and length tell; None if it can."""
        if shard not in self._errors:
            self._errors[shard] = self._error_of(shard)
        return self._errors[shard]

    def _error_of(self, shard: str) -> SigndataError | None:
        place = self._root / shard
        recorded = self.sums.get(shard)
        if recorded is None:
            return FormatError(f"not listed in {sidecars.SHARDS}", path=place)
        try:
            length = place.stat().st_size
        except OSError:
            remedy = "Fetch it, or make the dataset again."
            return MissingError("a shard that is not there", path=place, remedy=remedy)
        if length == recorded.bytes:
            return None
        what = "cut short" if length < recorded.bytes else "longer than it was"
        return FormatError(
            f"{what}; expected {recorded.bytes:,} bytes, found {length:,}",
            path=place,
            remedy="Fetch it again, or make the dataset again.",
        )

    def count(self, shards: Iterable[str]) -> None:
        """Take down which shard each row of the manifest is in: rows may be missing there, too."""
        self._n_listed = Counter(shards)

    def _uncounted(self) -> list[tuple[str, str]]:
        """The shards of which the manifest lists more or fewer samples, and what to say of each."""
        n_listed = self._n_listed
        if n_listed is None:
            return []
        return [
            (
                one.shard,
                f"{sidecars.MANIFEST} lists {n_listed[one.shard]:,} of its samples; "
                f"expected {one.samples:,}, as {sidecars.SHARDS} says",
            )
            for one in self.sums.values()
            if n_listed[one.shard] != one.samples
        ]

    def notes(self) -> list[Problem]:
        """What lies next to the shards and is not read, and samples that the manifest lacks."""
        what = f"not listed in {sidecars.SHARDS}: not read"
        extra = [Problem(name, "", NOTE, what) for name in self.extra]
        return [*extra, *(Problem(name, "", NOTE, text) for name, text in self._uncounted())]

    def damage(self, workers: int | None = None) -> list[Problem]:
        """Compare every shard with its digest: those missing, cut, changed, swapped, or extra."""
        found = [
            Problem(
                shard,
                "",
                "missing" if isinstance(error, MissingError) else "corrupt",
                str(error.what),
            )
            for shard in self.sums
            if (error := self.error_of(shard)) is not None
        ]
        whole = [one for one in self.sums.values() if self.error_of(one.shard) is None]
        owners = {one.sha256: one.shard for one in self.sums.values()}
        with ThreadPoolExecutor(n_workers(workers)) as threads:
            digests = threads.map(lambda one: _digest(self._root / one.shard), whole)
            for one, digest in zip(whole, digests, strict=True):
                if digest != one.sha256:
                    owner = owners.get(digest)
                    what = f"holds what {sidecars.SHARDS} lists as {owner}: swapped"
                    changed = f"its checksum differs from that in {sidecars.SHARDS}"
                    message = what if owner else changed
                    found.append(Problem(one.shard, "", "differs", message))
        what = f"not listed in {sidecars.SHARDS}: a shard too many"
        extra = [Problem(name, "", "extra", what) for name in self.extra]
        counted = [Problem(name, "", "differs", text) for name, text in self._uncounted()]
        return [*found, *extra, *counted]


_NUMBERED = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<total>\d{5})(?P<rest>.*)")


def stem_of(path: Path) -> str:
    """The name of a file without its number among others."""
    numbered = _NUMBERED.fullmatch(path.stem)
    return numbered["stem"] if numbered else path.stem


def refuse_gaps(paths: Iterable[Path]) -> None:
    """Raise `MissingError` if one of the files that are numbered ``-00000-of-00012`` is missing."""
    there: dict[tuple[Path, str, str], dict[int, Path]] = {}
    for path in paths:
        numbered = _NUMBERED.fullmatch(path.stem)
        if numbered:
            group = there.setdefault((path.parent, numbered["stem"], numbered["total"]), {})
            group[int(numbered["number"])] = path
    for (folder, stem, total), found in there.items():
        lost = next((i for i in range(int(total)) if i not in found), None)
        if lost is not None:
            suffix = next(iter(found.values())).suffix
            raise MissingError(
                f"not there; expected {int(total):,} files",
                path=folder / f"{stem}-{lost:05d}-of-{total}{suffix}",
            )


def _digest(path: Path) -> str:
    with reading(str(path)), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_below(name: str) -> bool:
    """Whether a path from a list can be that of a file below the root of its dataset."""
    parts = name.split("/")
    is_short = len(name.encode("utf-8", "surrogateescape")) <= LONGEST_NAME
    return is_short and "\0" not in name and "\\" not in name and not {"", ".", ".."} & {*parts}
