"""Samples as columns: what is known of many at once, without an object for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from signdata import sidecars
from signdata.errors import SigndataError
from signdata.row_blocks import RowBlock
from signdata.samples import Broken, Pixels, Sample


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """Some samples that follow each other in a dataset; every column has one value for each.

    Attributes
    ----------
    ids, labels, splits, groups, sources : sequence of str
        As `Sample` has them.
    stored_as : sequence of str
        The same; () if none has one.
    meta : mapping of str to sequence of str
        Further manifest columns; '' where a sample lacks one.
    files : sequence of str
        The first of the files that hold exactly a sample, '' where there are none; () if none has
        any.
    broken : mapping of int to SigndataError
        Why some of them, by place, cannot be read.
    are_stills : bool
        Whether every one is a still; a clip of one frame is none.
    lack_nothing : bool
        Whether every one has every column of `meta`.
    """

    ids: Sequence[str]
    labels: Sequence[str]
    splits: Sequence[str]
    groups: Sequence[str]
    sources: Sequence[str]
    stored_as: Sequence[str]
    meta: Mapping[str, Sequence[str]]
    files: Sequence[str] = ()
    broken: Mapping[int, SigndataError] = field(default_factory=dict)
    are_stills: bool = True
    lack_nothing: bool = True

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Self:
        """What is known of samples."""
        columns = dict.fromkeys(name for sample in samples for name in sample.meta)
        files = [sample.pixels.files for sample in samples]
        return cls(
            [sample.id for sample in samples],
            [sample.label for sample in samples],
            [sample.split for sample in samples],
            [sample.group for sample in samples],
            [sample.source for sample in samples],
            [sample.stored_as for sample in samples],
            {name: [sample.meta.get(name, "") for sample in samples] for name in columns},
            [some[0] if some else "" for some in files],
            {
                i: sample.pixels.error
                for i, sample in enumerate(samples)
                if isinstance(sample.pixels, Broken)
            },
            all(sample.kind == "still" for sample in samples),
            all(len(sample.meta) == len(columns) for sample in samples),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def samples(self, pixels: Sequence[Pixels]) -> list[Sample]:
        """The stills that these are the columns of, which `lack_nothing`, with their pixels."""
        rows = zip(*self.meta.values(), strict=True) if self.meta else ((),) * len(self)
        columns = (
            *(self.ids, self.labels, pixels, self.splits, self.groups, self.sources, rows),
            self.stored_as or ("",) * len(self),
        )
        return [
            Sample(
                sample_id,
                label,
                own,
                split,
                group,
                source,
                meta=dict(zip(self.meta, row, strict=True)),
                stored_as=name,
            )
            for sample_id, label, own, split, group, source, row, name in zip(*columns, strict=True)
        ]

    def readable(self) -> Self:
        """Those that are not `broken`."""
        if not self.broken:
            return self
        kept = [i for i in range(len(self)) if i not in self.broken]

        def of(values: Sequence[str]) -> list[str]:
            return [values[i] for i in kept] if values else []

        return replace(
            self,
            ids=of(self.ids),
            labels=of(self.labels),
            splits=of(self.splits),
            groups=of(self.groups),
            sources=of(self.sources),
            stored_as=of(self.stored_as),
            meta={name: of(values) for name, values in self.meta.items()},
            files=of(self.files),
            broken={},
        )

    @property
    def names(self) -> Sequence[str]:
        """`Sample.name` of each sample."""
        if not any(self.stored_as):
            nested = any("/" in one for one in self.ids)
            return [_last(one) for one in self.ids] if nested else self.ids
        pairs = zip(self.ids, self.stored_as, strict=True)
        return [name or _last(one) for one, name in pairs]

    @property
    def are_alike(self) -> bool:
        """Whether the manifest's rows of all samples have the same columns."""
        return self.lack_nothing and sum(map(bool, self.stored_as)) in (0, len(self))

    def rows(
        self, paths: Sequence[str], sha256: Sequence[str], source_sha256: Sequence[str]
    ) -> RowBlock:
        """The manifest's rows of samples that are `are_alike`, in the order of a single one's.

        Parameters
        ----------
        paths : sequence of str
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
            **self.meta,
        }
        if any(self.stored_as):
            columns[sidecars.STORED_AS] = self.stored_as
        columns["sha256"] = sha256
        if source_sha256:
            columns["source_sha256"] = source_sha256
        return RowBlock.of(len(self), columns)


def _last(sample_id: str) -> str:
    return sample_id.rpartition("/")[2]
