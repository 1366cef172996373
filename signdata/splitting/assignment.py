"""Carrying out a split: each sample told where it goes, and the writers of what comes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from signdata.formats.selection import FOLD
from signdata.samples import SPLITS, Sample


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
    pooled : bool
        Whether no sample keeps the split that it had.
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
        """The splits that there are afterwards."""
        found = {*(() if self.pooled else splits), *self.splits.values()}
        if self.folds and "" in self.splits.values():
            return tuple(split for split in ("", *SPLITS) if split in found)
        return tuple(split for split in SPLITS if split in found)
