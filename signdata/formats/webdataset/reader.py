"""Reading tars of samples: by the manifest of those that signdata wrote, others by their headers.

A label is looked for in ``.json`` (``label``, ``class``, ``class_name``, ``gloss``), then in
``.cls``, whose numbers mean lines of ``classes.txt`` or ``classnames.txt`` next to the tars.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, SigndataError
from signdata.formats.batches import Batch, list_batches, samples_of_split
from signdata.formats.picture_headers import summary_of
from signdata.formats.reader import (
    DatasetInfo,
    OpenOptions,
    PictureSummary,
    Reader,
    decoded_summary,
    splits_of,
)
from signdata.formats.shard_files import ShardFaults, is_below, refuse_gaps
from signdata.formats.trees.layout import splits_of_names
from signdata.formats.trees.masks import are_recorded
from signdata.formats.webdataset import files, index, scan, ustar
from signdata.formats.webdataset.fields import are_clip, is_seen, is_video
from signdata.formats.webdataset.pixels import Extent, TarPixels, VideoBytes
from signdata.formats.webdataset.scan import Described, Wanted
from signdata.labels import LabelSpace
from signdata.media.video.clip import ClipPixels
from signdata.media.video.member import VideoMember
from signdata.results import NOTE, Problem
from signdata.samples import Broken, Pixels, Sample
from signdata.sidecars import SHARD_KEY, SHARD_LENGTH, SHARD_OFFSET, Row

NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, *sidecars.OWN_COLUMNS})

_CLIPS = 4
"""Clips in one unit of work."""


class WebDatasetReader(Reader):
    """Reads tars of samples."""

    name = "webdataset"

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        reader = cls(paths[0], options)
        reader.inputs = (paths[0],)
        return reader

    def __init__(self, path: Path, options: OpenOptions) -> None:
        self._path = path
        self._clips = options.clip_options
        read = options.read
        wanted = Wanted(read.path_column, read.label_column)
        own = path.is_dir() and files.is_own(path) and wanted == Wanted()
        self._document = sidecars.read_document(path) if path.is_dir() else None
        self._of_masks = are_recorded(sidecars.origin_of(self._document))
        self._notes: list[Problem] = []
        self._faults: ShardFaults | None = None
        self._classes = _classes_of(path, own=own)
        if own:
            self._names = sorted({name for name in self._from_manifest()})
        else:
            self._names = self._from_tars(wanted, follow_symlinks=read.follow_symlinks)
        self.kind = self._samples[0].kind
        self.risky = any(isinstance(one.pixels, ClipPixels) for one in self._samples)  # type: ignore[misc]  # of its videos

    # -- What signdata wrote

    def _from_manifest(self) -> set[str]:
        """Take the samples from the manifest; return the shards that it names."""
        manifest = self._path / sidecars.MANIFEST
        rows = list(sidecars.read_rows(manifest))
        if not rows:
            raise FormatError("no samples", path=manifest)
        missing = {"path", SHARD_KEY, SHARD_OFFSET, SHARD_LENGTH} - rows[0].keys()
        if missing:
            what = f"no column {min(missing)}; expected the manifest of a dataset in tars"
            raise FormatError(what, path=manifest)
        rows.sort(key=lambda row: row[SHARD_KEY])  # the order of the source
        faults = self._faults = ShardFaults(self._path)
        faults.count(row["path"] for row in rows)
        self._columns = tuple(name for name in rows[0] if name not in NO_META)
        extents = [self._extent(row, manifest) for row in rows]
        kind = _kind_of(extents, faults, self._path)
        self._samples = [
            self._sample_of(row, extent, kind, faults.error_of(row["path"]))
            for row, extent in zip(rows, extents, strict=True)
        ]
        self._notes += faults.notes()
        return {row["path"] for row in rows}

    def _extent(self, row: Row, manifest: Path) -> Extent:
        try:
            offset, length = int(row[SHARD_OFFSET]), int(row[SHARD_LENGTH])
        except ValueError as err:
            raise FormatError(f"no position ({err})", path=manifest, where=row["id"]) from err
        if not is_below(row["path"]) or offset < 0 or length < 0:
            what = f"{row['path']!r} at {offset}, {length} bytes; expected a place in a shard"
            raise FormatError(what, path=manifest, where=row["id"])
        return Extent(f"{self._path}/{row['path']}", row[SHARD_KEY], offset, length)

    def _sample_of(
        self, row: Row, extent: Extent, kind: str, error: SigndataError | None
    ) -> Sample:
        pixels: Pixels
        if error is not None:
            pixels = Broken(error)
        elif kind == "clip" and not row.get("n_frames"):
            pixels = self._video(extent, "")
        else:
            pixels = TarPixels(extent, of_masks=self._of_masks)
        return Sample(
            id=row["id"],
            label=row["label"],
            pixels=pixels,
            split=row.get("split", ""),
            group=row.get("group", ""),
            source=row.get("source", "") or row["path"],
            kind=kind,
            meta={name: row[name] for name in self._columns},
            stored_as=row.get(sidecars.STORED_AS, ""),
        )

    def _video(self, extent: Extent, name: str) -> ClipPixels:
        options = self._clips
        video = VideoMember(
            extent.path,
            options.decoder,
            options.timeout,
            options.deinterlace == "auto",
            read=VideoBytes(extent, name),
            place=f"{extent.key}.{name}" if name else extent.key,
            offset=extent.offset,
            length=extent.length,
        )
        return ClipPixels(video, options=options)

    # -- What others wrote

    def _from_tars(self, wanted: Wanted, *, follow_symlinks: bool) -> list[str]:
        """Take the samples from the tars themselves; return their names."""
        path = self._path
        is_dir = path.is_dir()
        names = files.tars_in(path, follow_symlinks=follow_symlinks) if is_dir else [path.name]
        if not names:
            raise FormatError("no tars; expected data/train-00000-of-00001.tar", path=path)
        root = path if is_dir else path.parent
        if is_dir:
            refuse_gaps(root / name for name in names)
        splits = _splits_of(names) if is_dir else {}
        found: list[tuple[str, Described]] = []
        for name in names:
            described = list(scan.samples(root / name, wanted, self._classes))
            found += ((name, one) for one in described if one.is_sample)
            others = [one.extent.key for one in described if not one.is_sample]
            if others:
                what = f"{len(others):,} that belong to no sample: not read"
                self._notes.append(Problem(name, others[0], NOTE, what))
            with scan.opened(root / name) as (read, length):
                if not ustar.has_end(read, length):
                    what = "has not the mark that tars end with: it may be cut short"
                    self._notes.append(Problem(name, "", NOTE, what))
        if not found:
            raise FormatError("no samples in it", path=path)
        errors = [one.error for _, one in found if one.error is not None]
        if not any(one.label is not None for _, one in found):
            raise _no_labels(path)
        if len(errors) == len(found):
            raise errors[0]
        kind = "clip" if any(one.is_clip for _, one in found) else "still"
        taken = Counter(one.said.get("id") or one.extent.key for _, one in found)
        self._columns = tuple(
            dict.fromkeys(
                key for _, one in found for key in one.said if key not in NO_META | {"sha256"}
            )
        )
        self._samples = [
            self._described(name, one, kind, splits.get(name, ""), taken) for name, one in found
        ]
        if len({sample.id for sample in self._samples}) < len(self._samples):
            raise FormatError("two samples of one id", path=path)
        return names

    def _described(
        self, name: str, one: Described, kind: str, split: str, taken: Counter[str]
    ) -> Sample:
        own = one.said.get("id") or one.extent.key
        pixels: Pixels
        error = one.error
        if error is None and one.label is None:
            error = FormatError("no label in it", path=one.extent.path, where=one.extent.key)
        if error is not None:
            pixels = Broken(error)
        elif len(one.names) == 1 and is_video(one.names[0]):
            pixels = self._video(one.extent, one.names[0])
        else:
            pixels = TarPixels(one.extent, one.names, of_masks=self._of_masks)
        said = scan.split_said(one.said)
        return Sample(
            id=own if taken[own] == 1 else f"{name.removesuffix(files.SUFFIX)}/{own}",
            label=one.label or "",
            pixels=pixels,
            split=split if said is None else said,
            group=one.said.get("group", ""),
            source=one.said.get("source", "") or f"{name}/{one.extent.key}",
            kind=kind,
            meta={key: one.said[key] for key in self._columns if key in one.said},
        )

    # -- What both are asked

    @cached_property
    def info(self) -> DatasetInfo:
        return DatasetInfo(
            self.name,
            self.kind,
            LabelSpace(self._classes),
            len(self._samples),
            tuple(sorted({one.label for one in self._samples if one.label})),
            self._columns,
            sidecars.origin_of(self._document),
            tuple(self._notes),
            (self._listing(),),
            splits_of(self._samples),
        )

    def _listing(self) -> dict[str, object]:
        """What identifies the tars as a source: their names and sizes."""
        digest = hashlib.sha256()
        root = self._path if self._path.is_dir() else self._path.parent
        for name in self._names:
            place = root / name
            size = place.stat().st_size if place.is_file() else -1
            digest.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
        return {
            "name": self._path.resolve().name,
            "files": len(self._names),
            "listing_sha256": digest.hexdigest(),
        }

    def batches(self) -> Iterator[Batch]:
        if self.kind == "clip":
            return list_batches(self._samples, _CLIPS)
        return list_batches(self._samples)

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        chosen = list(samples_of_split(self._samples, split))
        if any(isinstance(sample.pixels, ClipPixels) for sample in chosen):
            return decoded_summary(None)
        return summary_of(chosen)

    def locate(self, error: DatasetError) -> tuple[str, str]:
        return str(self._path), ""

    def damage(self, workers: int | None) -> list[Problem]:
        if self._faults is None:
            return []
        found = self._faults.damage(workers)
        place = self._path / sidecars.INDEX
        rows = sidecars.read_rows(self._path / sidecars.MANIFEST)
        fault = index.fault_of(place, rows) if place.is_file() else ""
        return [*found, Problem(place.name, "", "differs", fault)] if fault else found


def _kind_of(extents: list[Extent], faults: ShardFaults, root: Path) -> str:
    """What the samples are, as the first one that can be read shows."""
    for extent in extents:
        if faults.error_of(extent.path.removeprefix(f"{root}/")) is None:
            with contextlib.suppress(SigndataError):  # told when it is read
                names = [name for name, _ in extent.members()]
                pixels = [name for name in names if is_seen(name)]
                return "clip" if are_clip(pixels) else "still"
    return "still"


def _classes_of(path: Path, *, own: bool) -> tuple[str, ...]:
    """The class names in a file next to the tars, or next to the folder that they are in."""
    root = path if path.is_dir() else path.parent
    places = [root / name for name in (scan.CLASS_FILES[:1] if own else scan.CLASS_FILES)]
    found = next((place for place in places if place.is_file()), None)
    return sidecars.read_classes(found) if found else ()


def _splits_of(names: list[str]) -> dict[str, str]:
    """The split of each tar, where their paths say one."""
    words = {name: name[: -len(files.SUFFIX)].replace("/", "-") for name in names}
    found = splits_of_names(words.values())
    splits = {name: found[text] for name, text in words.items()}
    silent = next((name for name, split in splits.items() if not split), None)
    if silent is not None and any(splits.values()):
        raise FormatError(
            "no split in its name, and others have one; expected train, val or test in all or none",
            path=silent,
        )
    return splits


def _no_labels(path: Path) -> FormatError:
    if not path.is_dir():
        return FormatError(
            "an archive without labels in it; expected KEY.cls, or KEY.json with a label, "
            "next to KEY.jpg",
            path=path,
            remedy=f"Unpack it: tar -xf {path.name}",
        )
    return FormatError(
        "no labels in its tars; expected KEY.cls, or KEY.json with a label",
        path=path,
        remedy="Say --label-column NAME if another field of the JSON is the label.",
    )
