"""Add labels, signers and boxes to samples whose format does not store them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from signdata.augmentation.boxes import Box
from signdata.errors import LabelError, MissingError, SigndataError
from signdata.filesystem import path_below
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import DatasetInfo, Reader
from signdata.formats.views import MappedReader
from signdata.samples import Broken, Sample

BOX = "box"
"""Manifest column with a picture's box: left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class Annotations:
    """What is known about samples from their path below the dataset's root.

    Attributes
    ----------
    label, group : re.Pattern or None
        Regular expressions with one group, searched in the path: the label; the signer, who
        also becomes the group that must stay in one split.
    boxes : mapping or None
        Box of each picture; None if boxes are not used.
    tables : frozenset of str
        Paths of the box tables in the dataset, which are not stray files.
    """

    label: re.Pattern[str] | None = None
    group: re.Pattern[str] | None = None
    boxes: Mapping[str, Box] | None = None
    tables: frozenset[str] = frozenset()


class AnnotatedReader(MappedReader):
    """Another dataset with annotated samples; a sample without its annotation is unreadable.

    A box whose picture does not exist becomes a missing sample.
    """

    name = "described"

    def __init__(self, reader: Reader, annotations: Annotations, root: Path) -> None:
        super().__init__(reader)
        self._annotations = annotations
        self._root = root

    @cached_property
    def info(self) -> DatasetInfo:
        info = self._reader.info
        extra = tuple(
            name
            for name, known in (("signer", self._annotations.group), (BOX, self._annotations.boxes))
            if known is not None and name not in info.columns
        )
        n_lost = len(self._lost)
        present = info.present
        if self._annotations.label is not None:
            present = tuple(sorted({sample.label for sample in self if sample.label}))
        return replace(
            info,
            n_samples=None if info.n_samples is None else info.n_samples + n_lost,
            columns=(*info.columns, *extra),
            present=present,
            notes=tuple(p for p in info.notes if p.path not in self._annotations.tables),
        )

    @cached_property
    def _lost(self) -> tuple[Sample, ...]:
        """Samples for boxes whose picture does not exist."""
        boxes = dict(self._annotations.boxes or {})
        for sample in self._reader if boxes else ():
            boxes.pop(self._path(sample), None)
        return tuple(
            Sample(
                id=path,
                label="",
                pixels=Broken(
                    MissingError(
                        f"does not exist, but has a box in {box.table}, line {box.line}",
                        path=path,
                        remedy="Restore the picture, or remove the row.",
                    )
                ),
                source=path,
            )
            for path, box in boxes.items()
        )

    def batches(self) -> Iterator[Batch]:
        yield from super().batches()
        if self._lost:
            yield ListBatch("boxes without a picture", self._lost)

    def _path(self, sample: Sample) -> str:
        files = sample.pixels.files
        if files:
            return path_below(files[0], self._root)
        return sample.source or sample.id

    def describe(self, sample: Sample) -> Sample:
        """The sample with its annotations."""
        if isinstance(sample.pixels, Broken):
            return sample
        path = self._path(sample)
        try:
            return self._annotated(sample, path)
        except SigndataError as err:
            return replace(sample, pixels=Broken(err))

    def _annotated(self, sample: Sample, path: str) -> Sample:
        known = self._annotations
        meta = dict(sample.meta)
        changes: dict[str, str] = {}
        if known.label is not None:
            changes["label"] = _found(known.label, path, "label")
            # A class folder holds samples of many signers, whose names may be the same.
            changes["stored_as"] = sample.id.replace("/", "-")
        if known.group is not None:
            meta["signer"] = changes["group"] = _found(known.group, path, "group")
        if known.boxes is not None:
            box = known.boxes.get(path)
            if box is None:
                raise MissingError(
                    "has no box", path=path, remedy="Add a row for it, or leave it out with skip."
                )
            meta[BOX] = " ".join(map(str, box.bounds))
        return replace(sample, meta=meta, **changes)  # type: ignore[arg-type]  # strings all


def _found(pattern: re.Pattern[str], path: str, what: str) -> str:
    match = pattern.search(path)
    if match is None or not match[1]:
        raise LabelError(
            f"no {what} in its path; expected a match of {pattern.pattern!r}", path=path
        )
    return match[1]
