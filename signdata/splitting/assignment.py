"""Carry out a split: assign each sample to its split or fold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from signdata.samples import SPLITS, Sample
from signdata.sidecars import FOLD


@dataclass(frozen=True)
class Assign:
    """A transform that gives each sample its split.

    Attributes
    ----------
    splits, names : dict
        New split, and new name, by sample id.
    groups : dict
        Group by sample id, for samples whose dataset has no groups.
    folds : dict
        Fold number by sample id.
    pooled : bool
        Whether all samples get a new split.
    """

    splits: dict[str, str]
    names: dict[str, str]
    groups: dict[str, str] = field(default_factory=dict)
    folds: dict[str, str] = field(default_factory=dict)
    pooled: bool = False

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
        """The splits after the assignment."""
        found = {*(() if self.pooled else splits), *self.splits.values()}
        if self.folds and "" in self.splits.values():
            return tuple(split for split in ("", *SPLITS) if split in found)
        return tuple(split for split in SPLITS if split in found)
