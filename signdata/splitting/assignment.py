"""Carrying out a split: each sample told where it goes, and the writers of what comes out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from signdata import sidecars
from signdata.errors import UsageError
from signdata.filesystem import HDF5_SUFFIXES, write_file
from signdata.formats.csv.reader import CsvWriter
from signdata.formats.folders import FoldersWriter
from signdata.formats.frames import FramesWriter
from signdata.formats.reader import DatasetInfo, Finished, Piece, Writer
from signdata.formats.registry import writer_class
from signdata.formats.trees.pictures import LINK_MODES, PictureOptions
from signdata.samples import SPLITS, Sample

MODES = (*LINK_MODES, "manifest")
INTO = ("folders", "hdf5", "csv")

FOLD = "fold"
"""Manifest column with the number of a sample's fold."""


@dataclass(frozen=True)
class Assign:
    """A transform that gives each sample its split.

    Attributes
    ----------
    splits, names : dict
        Split, and new name, of the samples that get one, by id.
    groups : dict
        What a sample belongs to, where its dataset does not say.
    folds : dict
        Number of the fold of each sample that has one.
    """

    splits: dict[str, str]
    names: dict[str, str]
    groups: dict[str, str] = field(default_factory=dict)
    folds: dict[str, str] = field(default_factory=dict)

    def __call__(self, sample: Sample) -> Iterable[Sample]:
        changed = replace(
            sample,
            split=self.splits.get(sample.id, sample.split),
            stored_as=self.names.get(sample.id, sample.stored_as),
            group=sample.group or self.groups.get(sample.id, ""),
        )
        if self.folds:
            meta = {**sample.meta, FOLD: self.folds.get(sample.id, "")}
            changed = replace(changed, meta=meta)
        return (changed,)

    def resplit(self, splits: tuple[str, ...]) -> tuple[str, ...]:
        """The splits that there are afterwards."""
        found = {*splits, *self.splits.values()}
        if self.folds and "" in self.splits.values():
            return tuple(split for split in ("", *SPLITS) if split in found)
        return tuple(split for split in SPLITS if split in found)


def writer_for(
    out: Path, info: DatasetInfo, mode: str, source: Path, into: str | None = None
) -> Writer:
    """The writer that a split's output name and mode ask for; `source` is what is split.

    Raises
    ------
    UsageError
        If the mode is none, or the name does not fit the format that was asked for.
    """
    if mode not in MODES:
        raise UsageError(f"mode {mode!r}; expected one of {', '.join(MODES)}")
    if into not in (None, *INTO):
        raise UsageError(f"into {into!r}; expected one of {', '.join(INTO)}")
    suffix = out.suffix.lower()
    named = "csv" if suffix == ".csv" else "hdf5" if suffix in HDF5_SUFFIXES else "folders"
    if into is not None and into != named:
        ends = {"csv": ".csv", "hdf5": ".h5"}.get(into)
        remedy = f"Call it {out.name}{ends}." if ends else "Name a directory."
        raise UsageError(f"--into {into}, but it is named like {named}", path=out, remedy=remedy)
    if mode == "manifest":
        return ManifestWriter(source)
    if named == "csv":
        return CsvWriter(out.name)
    if named == "hdf5":
        writer: Writer = writer_class("hdf5")(out.name)
        return writer
    options = PictureOptions(mode=mode)
    return FramesWriter(options) if info.kind == "clip" else FoldersWriter(options)


class ManifestWriter(Writer):
    """Writes no pixels: only each sample's row, with its split and its path below `source`."""

    name = "manifest"
    single_file = False
    holds = frozenset({"still", "clip"})

    def __init__(self, source: Path) -> None:
        self._source = source

    def pieces(self, sample: Sample) -> Iterator[Piece]:
        return iter(())

    def meta(self, sample: Sample, n_pieces: int) -> dict[str, str]:
        files = sample.pixels.files
        if not files:
            return {"path": ""}
        file = Path(os.path.relpath(files[0], self._source))
        return {"path": (file.parent if sample.kind == "clip" else file).as_posix()}

    def finish(self, tree: Path, finished: Finished) -> None:
        sidecars.write_rows(tree / sidecars.MANIFEST, finished.columns, finished.rows())
        classes = "".join(f"{name}\n" for name in finished.classes)
        write_file(tree / sidecars.CLASSES, classes.encode())
        write_file(tree / sidecars.DOCUMENT, sidecars.dump_document(finished.document))
