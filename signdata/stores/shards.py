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

CLIPS = "clips/"
"""The folder of clips that are files of their own, as the format `parquet` has them."""


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

    @property
    def clips(self) -> str:
        """What the paths start with of clips that are files of their own and that it lists."""
        return f"{CLIPS}{self.path.rpartition('/')[2].rpartition('.')[0]}/"


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


def names_clips(manifest: Path) -> bool:
    """Whether the samples of a manifest are such clips."""
    if not manifest.is_file():
        return False
    with manifest.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = next(csv.DictReader(file), {})
    return str(first.get("path", "")).startswith(CLIPS)
