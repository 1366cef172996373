"""Writing shards: the file of one, and the list of all of them."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path

from signdata import sidecars
from signdata.errors import FormatError, MissingError
from signdata.filesystem import own_folder, unique_name, write_all, write_file, writing
from signdata.formats.reader import Reader
from signdata.formats.sharding import ShardedReader, ShardOptions
from signdata.formats.writer import OutputSummary, SampleFiles, ShardSum, Writer

COLUMNS = ("shard", "samples", "bytes", "sha256")
"""The columns of ``shards.csv``."""


class ShardFile:
    """A shard that is being written under a temporary name; digested as it grows.

    It can be given to what writes to a binary file.

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
        self._length = 0
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append bytes; return how many."""
        data = memoryview(data).cast("B")
        with writing(self._path):
            write_all(self._file, data)
        self._digest.update(data)
        self._length += len(data)
        return len(data)

    def tell(self) -> int:
        """How long the file is."""
        return self._length

    def flush(self) -> None:
        """Nothing waits to be written."""

    def writable(self) -> bool:
        """True."""
        return True

    def readable(self) -> bool:
        """False."""
        return False

    def seekable(self) -> bool:
        """False."""
        return False

    def close(self) -> None:
        """Nothing: `keep` or `drop` ends the file."""

    def keep(self, n_samples: int) -> ShardSum:
        """Give the file its name, in one step; return what is to be recorded of it."""
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
    shards : ShardOptions
        How many there are.

    Attributes
    ----------
    suffix : str
        How shards are called.
    classes : tuple of str
        Class names in order, known once the dataset is arranged.
    """

    single_file = False
    sharded = True
    splits_are_folders = True
    suffix: str

    def __init__(self, shards: ShardOptions = ShardOptions()) -> None:
        self._shards = shards
        self.classes: tuple[str, ...] = ()

    def arrange(self, reader: Reader) -> Reader:
        arranged = ShardedReader(reader, self._shards, self.suffix)
        self.classes = arranged.info.labels.classes
        return arranged

    @abstractmethod
    def files(self, tree: str, key: str) -> SampleFiles:
        """Where a worker puts the samples of the shard `key`."""


def write_sidecars(tree: Path, finished: OutputSummary) -> None:
    """Write the manifest, the class list, the list of shards and the document."""
    sidecars.write_rows(tree / sidecars.MANIFEST, finished.columns, finished.rows())
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


def is_below(name: str) -> bool:
    """Whether a path from a list stays below the root of its dataset."""
    parts = name.split("/")
    return bool(name) and "\0" not in name and "\\" not in name and not {"", ".", ".."} & {*parts}
