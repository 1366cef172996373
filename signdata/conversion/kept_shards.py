"""The shards of a complete output that stay when what could not be read is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from signdata.errors import SigndataError
from signdata.formats.reader import Reader
from signdata.formats.shard_files import ShardFaults
from signdata.formats.sharding import Shard
from signdata.formats.writer import ShardSum, Writer
from signdata.output import existing
from signdata.sidecars import Row


@dataclass(frozen=True)
class KeptShards:
    """Shards that have every sample that they should have.

    Attributes
    ----------
    rows : dict
        The manifest's rows of each, by its path below the output.
    sums : dict
        What is recorded of each.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    sums: dict[str, ShardSum] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.rows.values()))

    def __iter__(self) -> Iterator[Row]:
        for rows in self.rows.values():
            yield from rows


def complete_shards(reader: Reader, writer: Writer, out: Path) -> KeptShards:
    """The shards of the output at `out` that nothing has to be added to.

    None, where the dataset is now cut otherwise: all are then written again.
    """

    try:
        faults = ShardFaults(out)
    except SigndataError:  # the list is gone or damaged
        return KeptShards()
    shards = {shard.key: shard for shard in reader.batches() if isinstance(shard, Shard)}
    if shards.keys() != faults.sums.keys():
        return KeptShards()
    rows: dict[str, list[Row]] = {}
    for row in existing.read_rows(out):
        rows.setdefault(writer.shard_of(row["path"]), []).append(row)
    whole = {
        key: rows[key]
        for key, shard in shards.items()
        if faults.error_of(key) is None and len(rows.get(key, ())) == shard.n_samples
    }
    return KeptShards(whole, {key: faults.sums[key] for key in whole})
