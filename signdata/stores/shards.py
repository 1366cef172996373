"""What ``shards.csv`` says of the files of a sharded dataset."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from signdata.errors import FormatError
from signdata.samples import SPLIT_NAMES

NAME = "shards.csv"
"""The list of shards, at the root of a dataset."""


@dataclass(frozen=True)
class Shard:
    """A file of samples.

    Attributes
    ----------
    path : str
        Below the dataset's root.
    size : int
        Bytes.
    sha256 : str
        Its SHA-256.
    """

    path: str
    size: int
    sha256: str

    @property
    def split(self) -> str:
        """The split that its name tells of, or ''."""
        return SPLIT_NAMES.get(self.path.rpartition("/")[2].partition("-")[0], "")


def read_shards(path: Path) -> list[Shard]:
    """The shards that are listed in a file; [] where there is none, or it is no such list.

    Raises
    ------
    FormatError
        If a line is damaged.
    """
    if not path.is_file():
        return []
    try:
        return parse(path.read_bytes())
    except (csv.Error, ValueError, TypeError) as err:
        raise FormatError(
            "damaged; expected lines of shard,samples,bytes,sha256", path=path
        ) from err


def parse(data: bytes) -> list[Shard]:
    """The shards in the bytes of a list; [] where it is no such list."""
    reader = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""))
    if not {"shard", "bytes", "sha256"} <= set(reader.fieldnames or ()):
        return []
    return [Shard(row["shard"], int(row["bytes"]), row["sha256"]) for row in reader]
