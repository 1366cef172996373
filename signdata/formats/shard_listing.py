"""Whether the shards of a dataset are those that its ``shards.csv`` lists.

Libraries that read shards notice neither a missing one nor one that is cut between two samples.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from signdata import sidecars
from signdata.errors import FormatError, MissingError
from signdata.formats.shard_files import read_sums
from signdata.formats.sharding import FOLDER, SPLIT_WORDS
from signdata.formats.writer import ShardSum
from signdata.options import ReadOptions
from signdata.results import Problem
from signdata.safe_names import is_junk
from signdata.workers import pool

_REMEDY = "Fetch it again, or make the dataset again."


def is_listed(root: Path) -> bool:
    """Whether a folder has a list of shards."""
    return (root / sidecars.SHARDS).is_file()


def listed(root: Path, split: str | None = None) -> list[ShardSum]:
    """The shards of a dataset, all there and as long as listed.

    Parameters
    ----------
    root : Path
        The dataset.
    split : str, optional
        Look only at the shards of this split, where it has some; the others need not be there.

    Raises
    ------
    MissingError
        If one is not there.
    FormatError
        If one has another length, or one is there that is not listed.
    """
    sums = list(read_sums(root / sidecars.SHARDS))
    chosen = [one for one in sums if _is_of(one, split)] or sums
    for one in chosen:
        path = root / one.shard
        if not os.path.isfile(path):  # a name that no file can have is no error here
            raise MissingError(f"not there; {sidecars.SHARDS} lists it", path=path, remedy=_REMEDY)
        length = path.stat().st_size
        if length != one.bytes:
            raise FormatError(
                f"{length:,} bytes; expected {one.bytes:,}, as {sidecars.SHARDS} says",
                path=path,
                remedy=_REMEDY,
            )
    _refuse_others(root, sums)
    return chosen


def split_read(read: ReadOptions) -> str | None:
    """The split whose shards alone are read; None where all are, as folds lie in all of them."""
    return read.split if read.fold is None else None


def _is_of(one: ShardSum, split: str | None) -> bool:
    """Whether a shard belongs to a split, by its name."""
    if split is None:
        return True
    name = one.shard.rpartition("/")[2]
    return name.startswith(f"{SPLIT_WORDS.get(split, split)}-")


def _refuse_others(root: Path, sums: list[ShardSum]) -> None:
    known = {one.shard for one in sums}
    suffixes = {Path(one.shard).suffix for one in sums}
    folder = root / FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in suffixes and not is_junk(path.name):
            name = path.relative_to(root).as_posix()
            if name not in known:
                raise FormatError(
                    f"a shard that {sidecars.SHARDS} does not list",
                    path=path,
                    remedy="Remove it, or make the dataset again.",
                )


def digest_problems(root: Path, split: str | None, workers: int | None) -> Iterator[Problem]:
    """Shards whose bytes are not those that were written, each a problem."""
    sums = listed(root, split)
    n_workers = min(pool.n_workers(workers), len(sums) or 1)
    with closing(pool.run(_Digest(str(root)), sums, workers=n_workers)) as all_found:
        for one, [found] in all_found:
            if found != one.sha256:
                message = f"its checksum differs from that in {sidecars.SHARDS}"
                if isinstance(found, pool.WorkerDied):
                    message = "cannot be read"
                yield Problem(one.shard, "", "differs", message)


@dataclass(frozen=True)
class _Digest:
    """Digests a shard; runs in a worker."""

    root: str

    def __call__(self, one: ShardSum) -> str:
        try:
            with open(f"{self.root}/{one.shard}", "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as err:
            return f"cannot be read ({err.strerror})"
