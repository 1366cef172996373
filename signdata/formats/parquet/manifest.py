"""The samples of a dataset that signdata wrote, by its manifest: each file and row is in it."""

from __future__ import annotations

from pathlib import Path

from signdata import sidecars
from signdata.errors import FormatError
from signdata.formats.parquet.contents import Contents
from signdata.formats.parquet.pixels import CellPixels
from signdata.formats.parquet.stored_columns import PICTURE
from signdata.formats.shard_files import ShardFaults, is_below
from signdata.samples import Broken, Pixels, Sample
from signdata.sidecars import SHARD_KEY, SHARD_OFFSET, Row

NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, *sidecars.OWN_COLUMNS})
"""Columns that a sample has a field for, or that describe one stored copy."""


def listed(root: Path, faults: ShardFaults, *, of_masks: bool) -> Contents:
    """The samples in the order of their source; those of a file that is missing are broken.

    Raises
    ------
    FormatError
        If the manifest is not one of Parquet files.
    """
    manifest = root / sidecars.MANIFEST
    rows = list(sidecars.read_rows(manifest))
    if not rows:
        raise FormatError("no samples", path=manifest)
    missing = {"path", SHARD_KEY, SHARD_OFFSET} - rows[0].keys()
    if missing:
        what = f"no column {min(missing)}; expected the manifest of a dataset in Parquet files"
        raise FormatError(what, path=manifest)
    rows.sort(key=lambda row: row[SHARD_KEY])
    columns = tuple(name for name in rows[0] if name not in NO_META)
    return Contents(
        [_sample(row, columns, _pixels(row, root, faults, of_masks=of_masks)) for row in rows],
        (),
        columns,
        [root / shard for shard in faults.sums],
        tuple(faults.notes()),
    )


def _pixels(row: Row, root: Path, faults: ShardFaults, *, of_masks: bool) -> Pixels:
    shard, number = row["path"], row[SHARD_OFFSET]
    if not is_below(shard) or not (number.isascii() and number.isdecimal() and len(number) < 16):
        what = f"{shard!r}, row {number!r}; expected a row of a file"
        raise FormatError(what, path=root / sidecars.MANIFEST, where=row["id"])
    error = faults.error_of(shard)
    if error is not None:
        return Broken(error)
    recorded = faults.sums[shard]
    size = recorded.bytes // max(1, recorded.samples)
    return CellPixels(
        f"{root}/{shard}", int(number), PICTURE, str(root), size, row["id"], of_masks=of_masks
    )


def _sample(row: Row, columns: tuple[str, ...], pixels: Pixels) -> Sample:
    return Sample(
        id=row["id"],
        label=row["label"],
        pixels=pixels,
        split=row.get("split", ""),
        group=row.get("group", ""),
        source=row.get("source", "") or row["path"],
        meta={name: row[name] for name in columns},
        stored_as=row.get(sidecars.STORED_AS, ""),
    )
