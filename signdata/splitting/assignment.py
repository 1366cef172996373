"""Carry out a split: assign each sample to its split or fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from signdata.formats.sample_columns import SampleColumns
from signdata.samples import SPLITS, Sample
from signdata.sidecars import FOLD
from signdata.splitting.by_id import ById


@dataclass(frozen=True)
class Assign:
    """A transform that gives each sample its split.

    Attributes
    ----------
    splits : ById
        New split by sample id.
    names : dict
        New name by sample id, of the few that get one.
    groups : ById
        Group by sample id, for samples whose dataset has no groups.
    folds : ById
        Fold number by sample id.
    pooled : bool
        Whether all samples get a new split.
    """

    splits: ById
    names: Mapping[str, str]
    groups: ById = field(default_factory=ById)
    folds: ById = field(default_factory=ById)
    pooled: bool = False

    def __call__(self, sample: Sample) -> Iterable[Sample]:
        return (self._assigned(sample),)

    def described_together(self, samples: SampleColumns) -> SampleColumns:
        """What becomes of samples that are read together; their pixels stay."""
        ids, meta = samples.ids, samples.meta
        if self.folds:
            meta = {**meta, FOLD: self.folds.get_all(ids, [""] * len(ids))}
        groups = samples.groups
        if self.groups:
            found = self.groups.get_all(ids, [""] * len(ids))
            groups = [group or other for group, other in zip(groups, found, strict=True)]
        stored_as = samples.stored_as
        if self.names:
            pairs = zip(stored_as or [""] * len(ids), ids, strict=True)
            stored_as = [self.names.get(one, name) for name, one in pairs]
        return replace(
            samples,
            splits=self.splits.get_all(ids, samples.splits),
            stored_as=stored_as,
            groups=groups,
            meta=meta,
        )

    def _assigned(self, sample: Sample) -> Sample:
        meta = sample.meta
        if self.folds:
            meta = {**meta, FOLD: self.folds.get(sample.id, "")}
        return replace(
            sample,
            split=self.splits.get(sample.id, sample.split),
            stored_as=self.names.get(sample.id, sample.stored_as),
            group=sample.group or (self.groups.get(sample.id, "") if self.groups else ""),
            meta=meta,
        )

    def resplit(self, splits: tuple[str, ...]) -> tuple[str, ...]:
        """The splits after the assignment."""
        new = set(self.splits.values())
        found = {*(() if self.pooled else splits), *new}
        if self.folds and "" in new:
            return tuple(split for split in ("", *SPLITS) if split in found)
        return tuple(split for split in SPLITS if split in found)
