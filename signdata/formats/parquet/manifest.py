"""The samples of a dataset that signdata wrote, by its manifest: each file and row is in it."""

from __future__ import annotations

from pathlib import Path

from signdata import sidecars
from signdata.errors import FormatError
from signdata.formats.parquet import clip_files
from signdata.formats.parquet.contents import Contents
from signdata.formats.parquet.pixels import CellPixels
from signdata.formats.parquet.stored_columns import PICTURE
from signdata.formats.shard_files import ShardFaults, is_below
from signdata.media.video.clip import ClipOptions
from signdata.samples import Broken, Pixels, Sample
from signdata.sidecars import SHARD_KEY, SHARD_OFFSET, Row

NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, *sidecars.OWN_COLUMNS})
"""Columns that a sample has a field for, or that describe one stored copy."""


def listed(root: Path, faults: ShardFaults, options: ClipOptions, *, of_masks: bool) -> Contents:
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
    faults.count(_shard_of(row, root) for row in rows)
    columns = tuple(name for name in rows[0] if name not in NO_META)
    is_of_clips = clip_files.is_clip(rows[0]["path"])
    kind = "clip" if is_of_clips else "still"
    samples = []
    for row in rows:
        error = faults.error_of(_shard_of(row, root))
        pixels: Pixels
        if error is not None:
            pixels = Broken(error)
        elif is_of_clips:
            is_video = not row.get("n_frames")
            pixels = clip_files.clip_at(root / row["path"], is_video=is_video, options=options)
        else:
            pixels = _cell(row, root, faults, of_masks=of_masks)
        samples.append(_sample(row, columns, pixels, kind))
    shards = [root / shard for shard in faults.sums]
    return Contents(samples, (), columns, shards, tuple(faults.notes()), kind)


def _shard_of(row: Row, root: Path) -> str:
    """The file that a row of the manifest is in."""
    path, number = row["path"], row[SHARD_OFFSET]
    if not is_below(path) or not (number.isascii() and number.isdecimal() and len(number) < 16):
        what = f"{path!r}, row {number!r}; expected a row of a file"
        raise FormatError(what, path=root / sidecars.MANIFEST, where=row["id"])
    return clip_files.shard_of(path)


def _cell(row: Row, root: Path, faults: ShardFaults, *, of_masks: bool) -> Pixels:
    shard = row["path"]
    recorded = faults.sums[shard]
    size = recorded.bytes // max(1, recorded.samples)
    number = int(row[SHARD_OFFSET])
    return CellPixels(
        f"{root}/{shard}", number, PICTURE, str(root), size, row["id"], of_masks=of_masks
    )


def _sample(row: Row, columns: tuple[str, ...], pixels: Pixels, kind: str) -> Sample:
    return Sample(
        id=row["id"],
        label=row["label"],
        pixels=pixels,
        split=row.get("split", ""),
        group=row.get("group", ""),
        source=row.get("source", "") or row["path"],
        kind=kind,
        meta={name: row[name] for name in columns},
        stored_as=row.get(sidecars.STORED_AS, ""),
    )
