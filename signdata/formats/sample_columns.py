"""Samples that are stored together, as columns: what is the same of all is said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signdata import sidecars
from signdata.samples import Sample
from signdata.sidecars import RowBlock


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """What is known of some samples beside their pixels, an entry for each.

    Attributes
    ----------
    ids, labels, splits, groups, sources, stored_as : list of str
        As `Sample` has them.
    metas : list of mapping
        Further manifest columns.
    are_stills : bool
        Whether every one is a still; a clip of one frame is none.
    """

    ids: list[str]
    labels: list[str]
    splits: list[str]
    groups: list[str]
    sources: list[str]
    stored_as: list[str]
    metas: list[Mapping[str, str]]
    are_stills: bool = True

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> SampleColumns:
        """The columns of samples that are there already."""
        return cls(
            [sample.id for sample in samples],
            [sample.label for sample in samples],
            [sample.split for sample in samples],
            [sample.group for sample in samples],
            [sample.source for sample in samples],
            [sample.stored_as for sample in samples],
            [sample.meta for sample in samples],
            all(sample.kind == "still" for sample in samples),
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def names(self) -> list[str]:
        """Each sample's name within its class, as `Sample.name` has it."""
        if not any(self.stored_as):
            return [one.rpartition("/")[2] for one in self.ids]
        pairs = zip(self.stored_as, self.ids, strict=True)
        return [stored or one.rpartition("/")[2] for stored, one in pairs]

    @property
    def are_alike(self) -> bool:
        """Whether the manifest's rows of all samples have the same columns."""
        first = self.metas[0].keys()
        n_stored = sum(map(bool, self.stored_as))
        return n_stored in (0, len(self)) and all(meta.keys() == first for meta in self.metas)

    def rows(self, paths: list[str], sha256: list[str], source_sha256: Sequence[str]) -> RowBlock:
        """The manifest's rows of samples that are `are_alike`, in the order of a single one's.

        Parameters
        ----------
        paths : list of str
            Where the manifest says that each is.
        sha256, source_sha256
            Digests of what was stored and of what was read; () where there are none.
        """
        columns: dict[str, Sequence[str]] = {
            "id": self.ids,
            "path": paths,
            "label": self.labels,
            "split": self.splits,
            "group": self.groups,
            "source": self.sources,
        }
        for name in self.metas[0]:
            columns[name] = [meta[name] for meta in self.metas]
        if self.stored_as[0]:
            columns[sidecars.STORED_AS] = self.stored_as
        columns["sha256"] = sha256
        if source_sha256:
            columns["source_sha256"] = source_sha256
        return RowBlock.of(len(self), columns)
