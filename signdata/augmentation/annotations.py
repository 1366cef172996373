"""A dataset whose samples are told more than their format knows: labels, signers, boxes."""

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
"""Manifest column with a picture's box: left, top, right, bottom."""


@dataclass(frozen=True)
class Description:
    """What is known of samples by their path below the dataset's root.

    Attributes
    ----------
    label, group : re.Pattern or None
        Each with one group, looked for in the path: the label; the signer, who is also
        what must not straddle splits.
    boxes : mapping or None
        Box of each picture; None where boxes do not matter.
    tables : frozenset of str
        Where in the dataset the boxes stand: no junk.
    """

    label: re.Pattern[str] | None = None
    group: re.Pattern[str] | None = None
    boxes: Mapping[str, Box] | None = None
    tables: frozenset[str] = frozenset()


class AnnotatedReader(MappedReader):
    """Another dataset, each of its samples described; what cannot be is unreadable.

    A box whose picture is not there becomes a sample that is missing.
    """

    name = "described"

    def __init__(self, reader: Reader, description: Description, root: Path) -> None:
        super().__init__(reader)
        self._description = description
        self._root = root

    @cached_property
    def info(self) -> DatasetInfo:
        info = self._reader.info
        extra = tuple(
            name
            for name, known in (("signer", self._description.group), (BOX, self._description.boxes))
            if known is not None and name not in info.columns
        )
        n_lost = len(self._lost)
        present = info.present
        if self._description.label is not None:
            present = tuple(sorted({sample.label for sample in self if sample.label}))
        return replace(
            info,
            n_samples=None if info.n_samples is None else info.n_samples + n_lost,
            columns=(*info.columns, *extra),
            present=present,
            notes=tuple(p for p in info.notes if p.path not in self._description.tables),
        )

    @cached_property
    def _lost(self) -> tuple[Sample, ...]:
        """Boxes without their picture."""
        boxes = dict(self._description.boxes or {})
        for sample in self._reader if boxes else ():
            boxes.pop(self._path(sample), None)
        return tuple(
            Sample(
                id=path,
                label="",
                pixels=Broken(
                    MissingError(
                        f"has a box in {box.table}, line {box.line}, but is not there",
                        path=path,
                        remedy="Put the picture back, or remove the row.",
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
        """The sample with what the description says of it."""
        if isinstance(sample.pixels, Broken):
            return sample
        path = self._path(sample)
        try:
            return self._described(sample, path)
        except SigndataError as err:
            return replace(sample, pixels=Broken(err))

    def _described(self, sample: Sample, path: str) -> Sample:
        known = self._description
        meta = dict(sample.meta)
        changes: dict[str, str] = {}
        if known.label is not None:
            changes["label"] = _found(known.label, path, "label")
            changes["stored_as"] = sample.id.replace("/", "-")  # one folder holds many signers'
        if known.group is not None:
            meta["signer"] = changes["group"] = _found(known.group, path, "group")
        if known.boxes is not None:
            box = known.boxes.get(path)
            if box is None:
                raise MissingError(
                    "has no box", path=path, remedy="Add its row, or leave it out with skip."
                )
            meta[BOX] = " ".join(map(str, box.bounds))
        return replace(sample, meta=meta, **changes)  # type: ignore[arg-type]  # strings all


def _found(searched: re.Pattern[str], path: str, what: str) -> str:
    match = searched.search(path)
    if match is None or not match[1]:
        raise LabelError(
            f"no {what} in its path; expected a match of {searched.pattern!r}", path=path
        )
    return match[1]
