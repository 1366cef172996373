"""A dataset with the corrections that a person made: a reader around its reader."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from signdata.errors import DatasetError, UnsafeNameError
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.corrections import (
    EXCLUDE,
    GROUP,
    KEEP,
    RELABEL,
    Correction,
    read_corrections,
)
from signdata.formats.reader import DatasetInfo, PictureSummary, Reader
from signdata.formats.trees.picture_files import PictureFiles
from signdata.formats.trees.pictures import picture_summary
from signdata.formats.views import FilteredBatch, MappedBatch, ReaderView
from signdata.labels import LabelSpace, in_order
from signdata.plurals import counted
from signdata.results import NOTE, Problem
from signdata.safe_names import component, key
from signdata.samples import SPLITS, Broken, Sample

EXCLUDED = "excluded"
"""The kind of problem that lists a sample that was left out because a person said so."""


@dataclass(frozen=True)
class Change:
    """What of a sample is another than it was; None stays."""

    label: str | None = None
    group: str | None = None
    stored_as: str | None = None


@dataclass(frozen=True)
class Applied:
    """The corrections as workers need them: small, and without the dataset."""

    excluded: frozenset[str]
    changes: Mapping[str, Change]

    def takes(self, sample: Sample) -> bool:
        """Whether a sample stays."""
        return sample.id not in self.excluded

    def describe(self, sample: Sample) -> Sample:
        """The sample as it is corrected."""
        change = self.changes.get(sample.id)
        if change is None:
            return sample
        return replace(
            sample,
            label=sample.label if change.label is None else change.label,
            group=sample.group if change.group is None else change.group,
            stored_as=sample.stored_as if change.stored_as is None else change.stored_as,
        )

    def apply(self, samples: Iterable[Sample]) -> tuple[Sample, ...]:
        """The samples that stay, as they are corrected."""
        return tuple(map(self.describe, filter(self.takes, samples)))


class Corrected(ReaderView):
    """Another dataset, its samples left out, relabelled or grouped as a file of corrections says.

    Its class list stays as it was, so that numbers of labels do not move; new classes follow.

    Parameters
    ----------
    reader : Reader
        The dataset.
    path : Path
        The file; see `signdata.formats.corrections`.

    Raises
    ------
    MissingError, FormatError
        If the file is not there, or is no such file.
    DatasetError
        If it names a sample that the dataset does not have, or one that has another label now.
    """

    def __init__(self, reader: Reader, path: Path) -> None:
        super().__init__(reader)
        self.inputs = (*reader.inputs, path)
        rows = read_corrections(path)
        self._source = {
            "name": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        whole = reader.outline
        _check(rows, whole, reader, path)
        self._applied = Applied(
            frozenset(one.id for one in rows.values() if one.action == EXCLUDE),
            _changes(rows, whole),
        )
        self._accepted = frozenset(one.id for one in rows.values() if one.action == KEEP)
        self._left_out = tuple(
            Problem(one.id, one.split, EXCLUDED, _why(rows[one.id], path))
            for one in whole
            if one.id in self._applied.excluded
        )

    def batches(self) -> Iterator[Batch]:
        applied = self._applied
        for batch in self._reader.batches():
            if not isinstance(batch, ListBatch):
                yield MappedBatch(FilteredBatch(batch, applied.takes), applied.describe)
            elif samples := applied.apply(batch.samples):
                yield batch.of(samples)

    @cached_property
    def outline(self) -> tuple[Sample, ...]:
        return self._applied.apply(self._reader.outline)

    @cached_property
    def info(self) -> DatasetInfo:
        info = self._reader.info
        present = {sample.label for sample in self.outline}
        splits = {sample.split for sample in self.outline}
        before = info.labels.order(sample.label for sample in self._reader.outline)
        new = [
            change.label
            for change in self._applied.changes.values()
            if change.label is not None and change.label not in before
        ]
        classes = (*(name for name in before if name), *in_order(new))
        return replace(
            info,
            labels=LabelSpace(classes, info.labels.codes),
            n_samples=len(self.outline),
            present=tuple(sorted(present)) if info.present else (),
            splits=tuple(
                split for split in ("", *SPLITS) if split in splits and split in info.splits
            ),
            notes=(*info.notes, *_new_classes(Counter(new), str(self._source["name"]))),
            sources=(*info.sources, self._source),
            left_out=self._left_out,
            accepted=self._accepted,
        )

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        summary = self._reader.picture_summary(split)
        if not self._left_out or split not in (None, *(one.where for one in self._left_out)):
            return summary
        samples = self._listed(split)
        if samples is not None and all(
            isinstance(one.pixels, PictureFiles | Broken) for one in samples
        ):
            # What was left out may be the one picture of another size.
            return picture_summary(samples)
        n_frames = None
        if self.info.kind == "still" and summary.n_frames is not None:
            n_frames = sum(split in (None, one.split) for one in self.outline)
        return replace(summary, n_frames=n_frames)

    def _listed(self, split: str | None) -> list[Sample] | None:
        """The samples of a split, if they are known without reading them."""
        samples: list[Sample] = []
        for batch in self.batches():
            if not isinstance(batch, ListBatch):
                return None
            samples += (one for one in batch.samples if split in (None, one.split))
        return samples


def groups_in(path: Path) -> dict[str, str]:
    """The group of each sample that a file of corrections gives one."""
    return {one.id: one.group for one in read_corrections(path).values() if one.group}


def labels_in(path: Path) -> dict[str, str]:
    """The label of each sample that a file of corrections gives another one."""
    return {one.id: one.label for one in read_corrections(path).values() if one.label}


# ---------------------------------------------------------------------------- checks


def _check(
    rows: Mapping[str, Correction], samples: Iterable[Sample], reader: Reader, path: Path
) -> None:
    """Raise `DatasetError` unless every row is about a sample as it is."""
    dataset = reader.info.source_name
    unseen = dict(rows)
    for sample in samples:
        row = unseen.pop(sample.id, None)
        if row is not None and row.was not in ("", sample.label):
            raise DatasetError(
                f"sample {sample.id!r} is labelled {sample.label!r} in {dataset}; expected "
                f"{row.was!r}, which it was when it was corrected",
                path=path,
                where=row.where,
                remedy="Look at it again, and write its label under 'was', or remove the line.",
            )
    for row in unseen.values():
        if row.id not in reader.not_chosen:
            raise DatasetError(
                f"no sample {row.id!r} in {dataset}; expected an id as its manifest and audit "
                "name it",
                path=path,
                where=row.where,
                remedy="Correct the id, or remove the line.",
            )


def _why(row: Correction, path: Path) -> str:
    note = f": {row.note}" if row.note else ""
    return f"left out: marked in {path.name}{note}"


def _new_classes(added: Mapping[str, int], name: str) -> Iterator[Problem]:
    for label in in_order(added):
        n_samples = counted(added[label], "sample")
        yield Problem(
            name, "", NOTE, f"class {label!r} is new, of {n_samples}: added after the others"
        )


# ---------------------------------------------------------------------------- changes


def _changes(rows: Mapping[str, Correction], samples: Iterable[Sample]) -> dict[str, Change]:
    """What changes of each sample, its name too where its new class has one of that name."""
    whole = tuple(samples)
    taken = {
        (one.split, one.label, key(one.name))
        for one in whole
        if one.id not in rows or rows[one.id].action not in (EXCLUDE, RELABEL)
    }
    changes = {}
    for sample in whole:
        row = rows.get(sample.id)
        if row is None or row.action not in (RELABEL, GROUP):
            continue
        group = row.group or None
        if row.action == GROUP:
            changes[sample.id] = Change(group=group)
            continue
        name = _free_name(sample, row.label, taken)
        taken.add((sample.split, row.label, key(name)))
        changes[sample.id] = Change(row.label, group, name if name != sample.name else None)
    return changes


def _free_name(sample: Sample, label: str, taken: set[tuple[str, str, str]]) -> str:
    """The name of a sample in its new class: its own, else with its old class before it."""
    name, number = sample.name, 1
    while (sample.split, label, key(name)) in taken:
        further = f"-{number}" if number > 1 else ""
        name, number = f"{_prefix(sample.label)}{further}-{sample.name}", number + 1
    return name


def _prefix(label: str) -> str:
    """An old class as part of a name; a class may be relabelled as it cannot be a name."""
    try:
        return component(label, what="class name")
    except UnsafeNameError:
        return "relabelled"
