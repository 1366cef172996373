"""The `split` command: which sample goes where, and how the result is written."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from signdata import manifest, splitting
from signdata.errors import UsageError
from signdata.files import HDF5_SUFFIXES, write_file
from signdata.formats import writer_class
from signdata.formats.base import DatasetInfo, Finished, Piece, Reader, Writer
from signdata.formats.csv import CsvWriter
from signdata.formats.folders import FoldersWriter
from signdata.formats.frames import FramesWriter
from signdata.formats.pictures import LINK_MODES, PictureOptions
from signdata.samples import SPLITS, Broken, Sample

MODES = (*LINK_MODES, "manifest")


@dataclass(frozen=True)
class Assign:
    """A transform that gives each sample its split."""

    splits: dict[str, str]
    names: dict[str, str]

    def __call__(self, sample: Sample) -> Iterable[Sample]:
        split = self.splits.get(sample.id, sample.split)
        stored_as = self.names.get(sample.id, sample.stored_as)
        return (replace(sample, split=split, stored_as=stored_as),)

    def resplit(self, splits: tuple[str, ...]) -> tuple[str, ...]:
        """The splits that there are afterwards: every sample has one."""
        found = {*splits, *self.splits.values()}
        return tuple(split for split in SPLITS if split in found)


@dataclass
class Plan:
    """A split before it is written.

    Attributes
    ----------
    assign : Assign
        The transform that carries it out.
    counts : dict
        Samples per split and class: ``counts[split][label]``.
    asked : dict
        Share of each drawn split.
    notes : list of str
        What could not be had.
    """

    assign: Assign
    counts: dict[str, dict[str, int]]
    asked: dict[str, float]
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """What ``signdata.json`` says of the split."""
        return {"splits": {split: sum(by.values()) for split, by in self.counts.items()}}

    @property
    def table(self) -> str:
        """Samples per split, for people."""
        total = sum(sum(by.values()) for by in self.counts.values())
        rows = []
        for split, by_class in self.counts.items():
            n = sum(by_class.values())
            asked = f"{self.asked[split]:.1%}" if split in self.asked else "kept"
            n_classes = sum(map(bool, by_class.values()))
            rows.append([split, n, f"{n / total:.1%}", asked, n_classes])
        return manifest.table(["split", "samples", "share", "asked", "classes"], rows)


def plan(reader: Reader, *, ratios: str, keep: tuple[str, ...], pool: bool, seed: int) -> Plan:
    """Decide the split of every sample.

    Raises
    ------
    UsageError
        If the dataset has splits and neither `keep` nor `pool` says what to do with them,
        or a kept split is not there.
    """
    for name in keep:
        if name not in SPLITS:
            raise UsageError(f"--keep {name}; expected names out of {', '.join(SPLITS)}")
    if keep and pool:
        raise UsageError("--keep and --pool contradict each other")
    shares = splitting.parse_ratios(ratios, keep)
    samples = [
        (sample.id, sample.label, sample.split, sample.name)
        for sample in reader
        if not isinstance(sample.pixels, Broken)
    ]
    present = {split for _, _, split, _ in samples} - {""}
    path = str(reader.info.sources[0]["name"])
    if present and not keep and not pool:
        raise UsageError(
            f"has splits already ({', '.join(s for s in SPLITS if s in present)})",
            path=path,
            remedy="Say --keep SPLIT,... to keep some and split the rest, or --pool to mix all.",
        )
    absent = [name for name in keep if name not in present]
    if absent:
        raise UsageError(f"--keep {','.join(absent)}, but it has no such split", path=path)
    drawn = [sample for sample in samples if sample[2] not in keep]
    if not drawn:
        raise UsageError("nothing is left to split", path=path)
    ids = [sample_id for sample_id, _, _, _ in drawn]
    labels = [label for _, label, _, _ in drawn]
    assigned = dict(zip(ids, splitting.stratified(ids, labels, shares, seed), strict=True))
    counts = _count(samples, assigned)
    return Plan(
        Assign(assigned, dict(_renamed(drawn))), counts, shares, _missing_classes(counts, shares)
    )


def _count(
    samples: list[tuple[str, str, str, str]], assigned: dict[str, str]
) -> dict[str, dict[str, int]]:
    counter: dict[str, Counter[str]] = defaultdict(Counter)
    for sample_id, label, split, _ in samples:
        counter[assigned.get(sample_id, split)][label] += 1
    return {split: dict(sorted(counter[split].items())) for split in SPLITS if split in counter}


def _renamed(drawn: list[tuple[str, str, str, str]]) -> Iterator[tuple[str, str]]:
    """New names for pooled samples of one class that would share a name."""
    places: dict[tuple[str, str], list[tuple[str, str, str, str]]] = defaultdict(list)
    for sample in drawn:
        places[sample[1], sample[3]].append(sample)
    for same in places.values():
        if len({split for _, _, split, _ in same}) > 1:
            for sample_id, _, split, name in same:
                yield sample_id, f"{split}-{name}" if split else name


def _missing_classes(counts: dict[str, dict[str, int]], shares: dict[str, float]) -> list[str]:
    classes = {label for by_class in counts.values() for label in by_class}
    notes = []
    for split, share in shares.items():
        lacking = sorted(classes - set(counts.get(split, {})))
        if share > 0 and lacking:
            shown = ", ".join(lacking[:10]) + (", ..." if len(lacking) > 10 else "")
            notes.append(f"{split} has no sample of {len(lacking)} classes: {shown}")
    return notes


def writer_for(out: Path, info: DatasetInfo, mode: str, source: Path) -> Writer:
    """The writer that a split's output name and mode ask for; `source` is what is split."""
    if mode not in MODES:
        raise UsageError(f"mode {mode!r}; expected one of {', '.join(MODES)}")
    if mode == "manifest":
        return ManifestWriter(source)
    if out.suffix.lower() == ".csv":
        return CsvWriter(out.name)
    if out.suffix.lower() in HDF5_SUFFIXES:
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
        manifest.write_rows(tree / manifest.MANIFEST, finished.columns, finished.rows())
        classes = "".join(f"{name}\n" for name in finished.classes)
        write_file(tree / manifest.CLASSES, classes.encode())
        write_file(tree / manifest.DOCUMENT, manifest.dump_document(finished.document))
